internal import MessageAuthentication

/// Signs user tokens as a customer's server does: for the command line, the demo and tests.
package struct TokenSigner: Sendable {
    private let secretText: String
    private let dialect: Dialect

    /// A signer with the UTF-8 text of a secret as its key.
    package init(secretText: String, dialect: Dialect = .productbridge) {
        self.secretText = secretText
        self.dialect = dialect
    }

    /// Signs the JSON object `claims` with HS256 and returns the compact token.
    ///
    /// - Parameters:
    ///   - claims: a JSON object; its members are signed as they are written.
    ///   - issuedAt: becomes `iat`, in whole seconds since 1970, where the claims have none; nil: no `iat`.
    ///   - expiresAt: becomes `exp` in the same way.
    ///   - withUserHash: adds `user_hash` over the claims' own id, where they have none.
    ///   - keyID: becomes the header's `kid`.
    package func sign(
        claims: String, issuedAt: Int? = nil, expiresAt: Int? = nil, withUserHash: Bool = false,
        keyID: String? = nil
    ) throws(TokenSigningError) -> String {
        let verifier = TokenVerifier()
        defer { withExtendedLifetime(verifier) {} }
        let payload = try payload(
            claims, issuedAt: issuedAt, expiresAt: expiresAt, withUserHash: withUserHash, reading: verifier)
        return compact(header: TokenSigner.header(keyID: keyID), payload: payload)
    }

    /// The claims with what is added to them; `verifier` reads them, and isn't needed after that.
    private func payload(
        _ claims: String, issuedAt: Int?, expiresAt: Int?, withUserHash: Bool, reading verifier: TokenVerifier
    ) throws(TokenSigningError) -> String {
        let scratch = verifier.scratch
        let names = verifier.names
        try scan(claims, into: scratch)
        var added: [String] = []
        if let issuedAt, scratch.member(names.times.issuedAt) == nil { added.append("\"iat\":\(issuedAt)") }
        if let expiresAt, scratch.member(names.times.expiry) == nil { added.append("\"exp\":\(expiresAt)") }
        if withUserHash, scratch.member(names.userHash) == nil {
            guard let range = try? names.subject(ClaimReader(scratch: scratch), dialect: dialect),
                let id = scratch.string(range)
            else { throw .noID }
            added.append("\"user_hash\":\"\(UserHash.compute(secretText: secretText, id: id))\"")
        }
        return TokenSigner.adding(added, to: claims, isEmpty: scratch.memberCount == 0)
    }

    private func scan(_ claims: String, into scratch: JSONScratch) throws(TokenSigningError) {
        let bytes = Array(claims.utf8)
        // Base64 takes four characters for three bytes: more than this can't become an acceptable token.
        guard bytes.count <= JSONScratch.maximumText / 4 * 3 else { throw .claimsTooLarge }
        for (index, byte) in bytes.enumerated() { scratch.bytes[index] = byte }
        guard JSONScanner.scan(ScratchRange(0, count: bytes.count), in: scratch) else { throw .claimsMalformed }
    }

    private func compact(header: String, payload: String) -> String {
        let input = Base64URL.text(header.utf8) + "." + Base64URL.text(payload.utf8)
        return input + "." + Base64URL.text(HMACSHA256(secretText: secretText).code(of: Array(input.utf8)))
    }

    private static func header(keyID: String?) -> String {
        guard let keyID else { return #"{"alg":"HS256","typ":"JWT"}"# }
        return #"{"alg":"HS256","typ":"JWT","kid":""# + escaped(keyID) + #""}"#
    }

    /// Puts members before the closing brace of an object.
    private static func adding(_ members: [String], to object: String, isEmpty: Bool) -> String {
        guard !members.isEmpty, let brace = object.lastIndex(of: "}") else { return object }
        return object[..<brace] + (isEmpty ? "" : ",") + members.joined(separator: ",") + "}"
    }

    /// A text between the quotes of a JSON string.
    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": escaped += "\\\(scalar)"
            case "\u{0}"..."\u{1F}": escaped += "\\u00" + Hexadecimal.text([UInt8(scalar.value)])
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}

/// Why claims can't be signed.
package enum TokenSigningError: Error, Equatable, Sendable {
    /// Not one JSON object with each name once.
    case claimsMalformed
    /// More than fits an acceptable token.
    case claimsTooLarge
    /// A user hash was asked for, and the claims have no id that it could be over.
    case noID
}
