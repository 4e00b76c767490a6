internal import MessageAuthentication

extension TokenExplanation {
    /// One step of verification.
    package struct Step: Sendable, Equatable {
        package enum Outcome: String, Sendable {
            case ok, failed, skipped
        }

        /// `size`, `segments`, `header`, `signature`, `payload`, `time`, `lifetime`, `claims` or `user_hash`.
        package let name: String
        package let outcome: Outcome
        /// One or more sentences.
        package let words: String
        /// How to mend what failed, in one or more sentences; nil where it didn't fail, or nobody can know.
        package var remedy: String?
    }

    /// What a token's header says, whoever wrote it: bounded texts that are safe to show, and nothing to rely on.
    package struct Header: Sendable, Equatable {
        /// `alg`, as JSON where it is no string.
        package let algorithm: String?
        /// `kid`, likewise.
        package let keyID: String?
        /// `typ`, likewise.
        package let type: String?
    }

    /// A claim that says a time, as its organization's server wrote it.
    package struct TimeClaim: Sendable, Equatable {
        /// `exp`, `nbf`, `iat` or, of UserVoice, `expires`.
        package let name: String
        /// What is written there, bounded and safe to show; a string without its quotes.
        package let written: String
        /// The moment that it means, in seconds since 1970; nil where it can't be read as one.
        package let moment: Double?
        /// Whether it is a number too great for seconds: the moment that was meant is then a thousandth of it.
        package let looksLikeMilliseconds: Bool
    }
}

extension TokenExplanation.Header {
    /// Reads what comes before the first dot, which may be padded; nil where that isn't an object with each name once.
    init?(of token: UnsafeRawBufferPointer, in scratch: JSONScratch, names: HeaderNames) {
        guard token.count <= CompactToken.maximumLength else { return nil }
        let segment = token.prefix { $0 != UInt8(ascii: ".") }
        guard let bytes = Base64URL.decode(segment.filter { $0 != UInt8(ascii: "=") }), !bytes.isEmpty else {
            return nil
        }
        bytes.withUnsafeBytes { bytes in
            UnsafeMutableRawBufferPointer(start: scratch.bytes, count: JSONScratch.maximumText).copyMemory(from: bytes)
        }
        guard JSONScanner.scan(ScratchRange(0, count: bytes.count), in: scratch) else { return nil }
        func text(_ name: ClaimName) -> String? {
            scratch.member(name).map { ShownText.of(scratch[$0.pointee.value]) }
        }
        self.init(algorithm: text(names.algorithm), keyID: text(names.keyID), type: text(ClaimName("typ")))
    }
}

extension TokenExplanation.TimeClaim {
    /// The times of the JSON object at hand, in the order in which they are looked at.
    static func all(
        in scratch: JSONScratch, names: TimeNames, dialect: Dialect
    ) -> [TokenExplanation.TimeClaim] {
        var claims = [names.expiry, names.notBefore, names.issuedAt]
        if dialect == .uservoice { claims.insert(names.expires, at: 1) }
        return claims.compactMap { name in
            guard let member = scratch.member(name)?.pointee else { return nil }
            let isText = name.name == names.expires.name
            let moment =
                switch member.kind {
                case .number where !isText: JSONNumber.double(scratch[member.value])
                case .string where isText: ExpiryText.seconds(scratch[member.value])
                default: Double?.none
                }
            return TokenExplanation.TimeClaim(
                name: name.name.description, written: ShownText.of(scratch[member.value]), moment: moment,
                looksLikeMilliseconds: !isText && TimeWords.areMilliseconds(moment))
        }
    }
}
