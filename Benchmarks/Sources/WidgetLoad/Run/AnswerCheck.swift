/// What an answer was worth.
enum AnswerJudgement: Equatable {
    /// What a request of this kind must get.
    case right
    /// No verdict on the token at all: overload, no upstream, a throttle.
    case failure
    /// The gateway let through what it must refuse, refused what it must let through, or took one user for another.
    case wrong(String)
}

/// Judges answers by the kind of request that they are for.
struct AnswerCheck {
    /// Whether answers name the user that they speak for.
    let namesUser: Bool

    /// `code` is the problem's code, empty where there is none.
    func judge(_ request: PendingRequest, status: Int, code: String, body: [UInt8]) -> AnswerJudgement {
        if status == 429 || status >= 500 || status < 200 { return .failure }
        let passed = status < 400
        switch request.kind {
        case .valid:
            guard passed else { return .wrong("a valid token was refused: \(status) \(code)") }
            guard !namesUser || status != 200 else {
                return AnswerCheck.names(TokenStock.email(request.user), body)
                    ? .right : .wrong("a valid token was taken for another user's, or for none")
            }
            return .right
        case .expired:
            return refusal(passed, status, code, expected: "token_expired", what: "an expired token")
        case .forged:
            return refusal(passed, status, code, expected: "token_signature_mismatch", what: "a forged token")
        case .anonymous:
            if namesUser, status == 200, AnswerCheck.contains(body, #""state":"identified""#) {
                return .wrong("a request without a token was taken for a user's")
            }
            return passed || code == "identify_required"
                ? .right : .wrong("a request without a token was refused: \(status) \(code)")
        }
    }

    /// The `code` of a problem document, or an empty text.
    static func code(_ body: [UInt8]) -> String {
        guard let start = end(of: Array(#""code":""#.utf8), in: body) else { return "" }
        return String(decoding: body[start...].prefix(64).prefix { $0 != UInt8(ascii: "\"") }, as: UTF8.self)
    }

    private func refusal(
        _ passed: Bool, _ status: Int, _ code: String, expected: String, what: String
    ) -> AnswerJudgement {
        if passed { return .wrong("\(what) was accepted: \(status)") }
        return status == 401 && code == expected ? .right : .wrong("\(what) was refused as \(status) \(code)")
    }

    private static func names(_ email: String, _ body: [UInt8]) -> Bool {
        contains(body, "\"email\":\"\(email)\"")
    }

    private static func contains(_ body: [UInt8], _ text: String) -> Bool { end(of: Array(text.utf8), in: body) != nil }

    /// The index behind the first occurrence of `pattern`.
    private static func end(of pattern: [UInt8], in body: [UInt8]) -> Int? {
        guard body.count >= pattern.count else { return nil }
        return body.withUnsafeBufferPointer { body in
            pattern.withUnsafeBufferPointer { pattern in
                for start in 0...(body.count - pattern.count) where body[start] == pattern[0] {
                    var index = 1
                    while index < pattern.count, body[start + index] == pattern[index] { index += 1 }
                    if index == pattern.count { return start + index }
                }
                return nil
            }
        }
    }
}
