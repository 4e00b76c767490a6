internal import MessageAuthentication

/// Recognises how customers' servers come to use the wrong key.
struct KeyMistakes {
    let api: [VerificationKeyText]
    let userHash: [VerificationKeyText]

    private static let hexDecoded =
        "The secret was decoded from hexadecimal first: the key is the text itself, as it is shown, not the bytes "
        + "that it encodes."

    /// Why no key fits a signature.
    func describeSignature(
        _ token: CompactToken, header: JOSEHeader, keys: OrganizationKeys, scratch: JSONScratch
    ) -> String {
        let signature = scratch[token.signature]
        for secret in api {
            for (key, words) in variations(of: secret) where key.matches(signature, of: token.signingInput) {
                return "It was signed with secret \(secret.id), but not with its text. " + words
            }
        }
        if let kid = header.keyID {
            guard keys.api.contains(where: { $0.isNamed(by: scratch[kid]) }) else {
                let other = keys.api.first { $0.mac.matches(signature, of: token.signingInput) }
                let rest = other.map { " It would hold under secret \($0.id)." } ?? ""
                return "Its 'kid' names no active secret." + rest
            }
            if let other = keys.api.first(where: { $0.mac.matches(signature, of: token.signingInput) }) {
                return "Its 'kid' names one secret, but it was signed with secret \(other.id)."
            }
            return "It doesn't hold under the secret that its 'kid' names."
        }
        if keys.api.isEmpty { return "The organization has no active secret." }
        return "It holds under none of the \(keys.api.count) active secrets. Was it signed with another "
            + "organization's secret, or one that is revoked?"
    }

    /// Why a user hash is refused.
    func describeHash(_ rejection: Rejection, claims: UserClaims, scratch: JSONScratch) -> String {
        switch rejection.code {
        case .userHashMissing: return "A user hash is required, and there is none."
        case .userHashSubjectMissing: return "There is a user hash, but no id that it could be over."
        default: break
        }
        guard !claims.externalID.isEmpty else { return "There is a user hash, but no id that it could be over." }
        guard let code = Hexadecimal.decode(scratch.string(claims.userHash) ?? ""), code.count == HMACSHA256.length
        else { return "The user hash isn't 64 hexadecimal digits." }
        return code.withUnsafeBytes { code in
            for secret in userHash {
                for (key, words) in variations(of: secret) where key.matches(code, of: scratch[claims.externalID]) {
                    return "The user hash was made with secret \(secret.id), but not with its text. " + words
                }
                if HMACSHA256(secretText: secret.text).matches(code, of: scratch[claims.email]) {
                    return "The user hash is over the email address: it must be over the id."
                }
            }
            return "The user hash isn't that of this token's id under any active secret."
        }
    }

    /// What the key becomes by each mistake, with the words for it.
    private func variations(of secret: VerificationKeyText) -> [(HMACSHA256, String)] {
        var variations: [(HMACSHA256, String)] = []
        if let bytes = Hexadecimal.decode(secret.text), !bytes.isEmpty {
            variations.append((HMACSHA256(key: bytes), KeyMistakes.hexDecoded))
        }
        for ending in ["\n", "\r\n"] {
            variations.append(
                (
                    HMACSHA256(secretText: secret.text + ending),
                    "A line break was read with it: cut it off after reading the secret from its file."
                ))
        }
        return variations
    }
}
