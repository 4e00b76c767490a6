internal import MessageAuthentication

/// A token whose signature holds: the organization did write this payload. It can be made no other way than by
/// checking.
struct AuthenticatedToken {
    /// Not parsed yet.
    let payload: ScratchRange
    /// The key that the signature holds under: the organization's keys hold it.
    unowned(unsafe) let key: VerificationKey

    /// Checks the signature: under the key that `kid` names and no other, or, without a `kid`, under each active key.
    /// Throws `token_signature_mismatch`.
    init(
        _ token: CompactToken, header: JOSEHeader, keys: OrganizationKeys, in scratch: JSONScratch
    ) throws(Rejection) {
        let signature = scratch[token.signature]
        for reference in keys.apiReferences {
            let isRight = reference._withUnsafeGuaranteedRef { key in
                if let kid = header.keyID, !key.isNamed(by: scratch[kid]) { return false }
                return key.mac.matches(signature, of: token.signingInput)
            }
            if isRight {
                payload = token.payload
                key = reference.takeUnretainedValue()
                return
            }
        }
        throw Rejection(.tokenSignatureMismatch)
    }
}

extension HMACSHA256 {
    /// Whether `code` is the code of `message`, compared in constant time. A code of another length is none.
    func matches(_ code: UnsafeRawBufferPointer, of message: UnsafeRawBufferPointer) -> Bool {
        guard code.count == HMACSHA256.length else { return false }
        return withUnsafeTemporaryAllocation(byteCount: HMACSHA256.length, alignment: 8) { expected in
            authenticate(message, into: expected)
            return constantTimeEquals(UnsafeRawBufferPointer(expected), code)
        }
    }
}
