internal import MessageAuthentication

/// Recognises how customers' servers come to use the wrong key, or to hash the wrong thing.
struct KeyMistakes {
    let api: [VerificationKeyText]
    /// Those of user hashes; the API secrets where there are none of their own.
    let userHash: [VerificationKeyText]

    /// Why no key fits a signature.
    func describeSignature(
        _ token: CompactToken, header: JOSEHeader, keys: OrganizationKeys, scratch: JSONScratch
    ) -> Finding {
        let signature = scratch[token.signature]
        if let length = ShapeWords.signatureLength(signature.count) { return length }
        if let found = mistaken(api, holding: { $0.matches(signature, of: token.signingInput) }) {
            return Finding(
                "It was signed with secret \(found.secret.id), but not with its text. \(found.mistake.words)",
                remedy: found.mistake.remedy)
        }
        if let secret = userHash.first(where: { secret in
            !api.contains { $0.id == secret.id }
                && HMACSHA256(secretText: secret.text).matches(signature, of: token.signingInput)
        }) {
            return Finding(
                "It was signed with secret \(secret.id), which is for user hashes.",
                remedy: "Sign tokens with an API secret.")
        }
        guard let kid = header.keyID else {
            guard !keys.api.isEmpty else {
                return Finding("The organization has no active secret.", remedy: "Generate one and sign with it.")
            }
            return Finding(
                "It holds under none of the \(keys.api.count) active secrets. Was it signed with another "
                    + "organization's secret, or one that is revoked?",
                remedy: "Compare the last four characters of the secret that signs with those in the list of API keys.")
        }
        let other = keys.api.first { $0.mac.matches(signature, of: token.signingInput) }
        let sign = other.map { "Set 'kid' to \($0.id), or leave it out." }
        guard keys.api.contains(where: { $0.isNamed(by: scratch[kid]) }) else {
            let rest = other.map { " It would hold under secret \($0.id)." } ?? ""
            return Finding(
                "Its 'kid' names no active secret." + rest,
                remedy: sign ?? "Leave 'kid' out, or set it to the id of the secret that signs.")
        }
        guard let other else { return Finding("It doesn't hold under the secret that its 'kid' names.") }
        return Finding("Its 'kid' names one secret, but it was signed with secret \(other.id).", remedy: sign)
    }

    /// Why a user hash is refused.
    func describeHash(_ rejection: Rejection, claims: UserClaims, scratch: JSONScratch) -> Finding {
        let noSubject = Finding(
            "There is a user hash, but no id that it could be over.", remedy: "Send the id whose hash it is.")
        switch rejection.code {
        case .userHashMissing:
            return Finding(
                "A user hash is required, and there is none.",
                remedy: "Add 'user_hash': the HMAC-SHA256 of the id under the secret's text, in hexadecimal.")
        case .userHashSubjectMissing: return noSubject
        default: break
        }
        guard !claims.externalID.isEmpty else { return noSubject }
        let text = scratch.string(claims.userHash) ?? ""
        guard let code = Hexadecimal.decode(text), code.count == HMACSHA256.length else {
            return Finding(
                "The user hash isn't 64 hexadecimal digits.",
                remedy: "Ask your library for the digest in hexadecimal, not base64, and of SHA-256.")
        }
        return code.withUnsafeBytes { describeHash($0, claims: claims, scratch: scratch) }
    }

    private func describeHash(
        _ code: UnsafeRawBufferPointer, claims: UserClaims, scratch: JSONScratch
    ) -> Finding {
        let id = scratch[claims.externalID]
        if let found = mistaken(userHash, holding: { $0.matches(code, of: id) }) {
            return Finding(
                "The user hash was made with secret \(found.secret.id), but not with its text. \(found.mistake.words)",
                remedy: found.mistake.remedy)
        }
        if let secret = api.first(where: { secret in
            !userHash.contains { $0.id == secret.id } && HMACSHA256(secretText: secret.text).matches(code, of: id)
        }) {
            return Finding(
                "The user hash was made with API secret \(secret.id), and there is a secret for user hashes.",
                remedy: "Make user hashes with the secret that is for them.")
        }
        if SHA256Digest.of(id).withUnsafeBytes({ constantTimeEquals($0, code) }) {
            return Finding(
                "The user hash is plain SHA-256 of the id: anybody could make it.",
                remedy: "Use HMAC-SHA256, with the secret as its key.")
        }
        return over(code, claims: claims, scratch: scratch)
            ?? Finding(
                "The user hash isn't that of this token's id under any active secret.",
                remedy: "Make it over the very id that the token carries, as text.")
    }

    /// What else than the id a hash is over.
    private func over(_ code: UnsafeRawBufferPointer, claims: UserClaims, scratch: JSONScratch) -> Finding? {
        for secret in userHash {
            let key = HMACSHA256(secretText: secret.text)
            if !claims.email.isEmpty, key.matches(code, of: scratch[claims.email]) {
                return Finding(
                    "The user hash is over the email address: it must be over the id.",
                    remedy: "Make it over the id that the token carries, as text.")
            }
            for index in 0..<scratch.memberCount {
                let member = scratch.members[index]
                guard member.kind == .string || member.kind == .number, key.matches(code, of: scratch[member.value])
                else { continue }
                return Finding(
                    "The user hash is over '\(ShownText.of(scratch[member.name]))': it must be over the id.",
                    remedy: "Make it over the id that the token carries, as text.")
            }
        }
        return nil
    }

    // MARK: Keys

    /// The first secret of which a mistake makes a key that fits.
    private func mistaken(
        _ secrets: [VerificationKeyText], holding: (HMACSHA256) -> Bool
    ) -> (secret: VerificationKeyText, mistake: Finding)? {
        for secret in secrets.prefix(OrganizationKeys.maximumActive) {
            for (key, mistake) in KeyMistakes.variations(of: secret.text) where holding(HMACSHA256(key: key)) {
                return (secret, mistake)
            }
        }
        return nil
    }

    /// What the key becomes by each mistake, with the words for it.
    private static func variations(of text: String) -> [(key: [UInt8], mistake: Finding)] {
        guard !text.isEmpty else { return [] }
        var variations: [(key: [UInt8], mistake: Finding)] = []
        if let bytes = Hexadecimal.decode(text), !bytes.isEmpty { variations.append((bytes, hexDecoded)) }
        if let bytes = Base64URL.decode(text.utf8), !bytes.isEmpty { variations.append((bytes, base64Decoded)) }
        for ending in ["\n", "\r\n"] { variations.append((Array((text + ending).utf8), lineBreak)) }
        for space in [text + " ", " " + text] { variations.append((Array(space.utf8), spaced)) }
        for quote in ["\"", "'"] { variations.append((Array((quote + text + quote).utf8), quoted)) }
        let upper = text.uppercased()
        if upper != text { variations.append((Array(upper.utf8), capitals)) }
        return variations
    }

    private static let hexDecoded = Finding(
        "The secret was decoded from hexadecimal first: the key is the text itself, as it is shown, not the bytes "
            + "that it encodes.",
        remedy: "Hand the secret to your library as a string, without hex2bin, Buffer.from(…, 'hex') or the like.")
    private static let base64Decoded = Finding(
        "The secret was decoded from base64 first: the key is the text itself.",
        remedy: "Hand your library the UTF-8 bytes of the secret's text: some take a string for base64.")
    private static let lineBreak = Finding(
        "A line break was read with it.", remedy: "Cut it off after reading the secret from its file.")
    private static let spaced = Finding(
        "A space was read with it.", remedy: "Cut it off where the secret is configured.")
    private static let quoted = Finding(
        "Quotes were read with it.", remedy: "Take the quotes off where the secret is configured.")
    private static let capitals = Finding(
        "It was turned into capitals.", remedy: "Use the secret in the letter case in which it is shown.")
}
