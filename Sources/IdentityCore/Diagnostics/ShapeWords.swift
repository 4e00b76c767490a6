internal import MessageAuthentication

/// Words for a text that isn't a compact JWS, and for a header that isn't one of ours.
enum ShapeWords {
    static func tooLong(_ count: Int) -> Finding {
        Finding(
            "It has \(count) bytes; at most \(CompactToken.maximumLength) are read.",
            remedy: "Leave out what the gateway doesn't need, such as images as data: URLs.")
    }

    static func describe(_ token: UnsafeRawBufferPointer) -> Finding {
        let dots = token.count { $0 == UInt8(ascii: ".") }
        if let found = pasted(token) { return found }
        switch dots {
        case 0: return notAToken(token)
        case 1:
            return Finding(
                "A token has two dots; this has 1.",
                remedy: "Its end is missing: copy the whole of it, or send it whole.")
        case 2: return segments(token)
        case 4:
            return Finding(
                "A token has two dots; this has 4.",
                remedy: "This is an encrypted token (JWE). Sign it with HS256 instead, and don't encrypt it.")
        default: return Finding("A token has two dots; this has \(dots).")
        }
    }

    /// What came with a token that it doesn't belong to.
    private static func pasted(_ token: UnsafeRawBufferPointer) -> Finding? {
        if token.prefix(7).elementsEqual("Bearer ".utf8) || token.prefix(7).elementsEqual("bearer ".utf8) {
            return Finding(
                "It begins with the word 'Bearer'.",
                remedy: "That word belongs to the Authorization field: the token itself begins after it.")
        }
        let quotes: [UInt8] = [UInt8(ascii: "\""), UInt8(ascii: "'")]
        if let first = token.first, let last = token.last, quotes.contains(first) || quotes.contains(last) {
            return Finding(
                "There are quotes around it.",
                remedy: "Cut them off. Was it written out as JSON, or encoded twice?")
        }
        if token.contains(where: { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }) {
            return Finding(
                "There is white space or a line break in it.",
                remedy: "A token is one line without spaces: take them out where it was wrapped or copied.")
        }
        if token.starts(with: "http://".utf8) || token.starts(with: "https://".utf8) {
            return Finding("It is the address of a page.", remedy: "Take the token out of its query.")
        }
        if token.contains(UInt8(ascii: "%")) {
            return Finding(
                "It is percent-encoded.", remedy: "Decode it once before it is sent: a token needs no escapes.")
        }
        return nil
    }

    private static func notAToken(_ token: UnsafeRawBufferPointer) -> Finding {
        let words = "A token has two dots; this has 0."
        if Hexadecimal.decode(String(decoding: token, as: UTF8.self))?.count == HMACSHA256.length {
            return Finding(
                words,
                remedy: "This looks like an API secret or a user hash. A secret must not leave your server: revoke one "
                    + "that did.")
        }
        if token.isEmpty { return Finding(words, remedy: "There is nothing here: send the token.") }
        return Finding(words, remedy: "Send what your JWT library returns, unchanged.")
    }

    private static func segments(_ token: UnsafeRawBufferPointer) -> Finding {
        let words = "A segment isn't strict base64url without padding. Was the token cut or changed on its way?"
        if token.contains(UInt8(ascii: "=")) {
            return Finding(words, remedy: "Cut off the padding, '=', of each segment before signing.")
        }
        if token.contains(UInt8(ascii: "+")) || token.contains(UInt8(ascii: "/")) {
            return Finding(words, remedy: "This is plain base64: base64url has '-' for '+' and '_' for '/'.")
        }
        let last = token.reversed().prefix { $0 != UInt8(ascii: ".") }.count
        if last < 43 { return Finding(words, remedy: cut(last)) }
        return Finding(words)
    }

    /// For a last segment of `count` characters, fewer than a signature has.
    private static func cut(_ count: Int) -> String {
        "The signature has \(count) characters instead of 43: the token was cut at its end. Is the field or column that "
            + "it is kept in too short?"
    }

    /// For a signature of `count` bytes, which isn't as long as one with HS256; nil: it is.
    static func signatureLength(_ count: Int) -> Finding? {
        guard count != HMACSHA256.length else { return nil }
        return Finding(
            "The signature has \(count) bytes; one with HS256 has \(HMACSHA256.length).",
            remedy: count < HMACSHA256.length
                ? "The token was cut at its end. Is the field or column that it is kept in too short?"
                : "Something was added at the token's end, or another algorithm was used than its header says.")
    }

    static func describeHeader(_ rejection: Rejection, header: TokenExplanation.Header?) -> Finding {
        guard rejection.code == .tokenAlgorithmNotAllowed else {
            return Finding(
                "The header isn't a JSON object with each name once, has a 'crit', or a 'kid' that is no string.")
        }
        return Finding("Its algorithm isn't HS256, and no other is allowed.", remedy: algorithm(header?.algorithm))
    }

    private static func algorithm(_ name: String?) -> String {
        let wanted = "Sign with HS256 and the API secret."
        guard let name else { return "The header has no 'alg': it must be HS256." }
        switch name.uppercased() {
        case "HS256": return "'alg' must be written HS256, in capitals: letter case counts."
        case "NONE": return "It isn't signed at all. " + wanted
        case "HS384", "HS512": return "Set your library's algorithm to HS256; the secret stays as it is."
        case let name where ["RS", "PS", "ES", "ED"].contains(where: name.hasPrefix):
            return "It is signed with a private key, which the gateway has no counterpart of. " + wanted
        default: return wanted
        }
    }
}
