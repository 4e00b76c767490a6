import HTTPMessages
import IdentityCore

/// Bytes that live as long as the process: benchmarks lend them without a closure around each call.
struct FixedBytes: @unchecked Sendable {  // Never changed after `init`.
    let bytes: Bytes

    init(_ text: String) { self.init(Array(text.utf8)) }

    init(_ array: [UInt8]) {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: array.count, alignment: 16)
        memory.copyBytes(from: array)
        bytes = Bytes(memory)
    }
}

/// What all benchmarks work on: the sizes of tokens and requests that widgets really send.
enum Fixtures {
    static let secret = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
    static let now = 1_760_000_000
    static let claims =
        #"{"id":"184467","email":"ada.lovelace@example.com","name":"Ada Lovelace","#
        + #""avatarURL":"https://cdn.example.com/avatars/184467.png","company_name":"Analytical Engines","#
        + #""company_id":"ae-1843""#

    static let policy = VerificationPolicy()

    static func keys() -> OrganizationKeys {
        OrganizationKeys(api: [VerificationKeyText(id: "key-1", text: secret)], userHash: [])
    }

    /// A token of about 350 bytes that is good at `now`, signed with the fixtures' secret unless told.
    static func token(
        _ claims: String = Fixtures.claims + "}", expiresIn: Int = 3600, withUserHash: Bool = false,
        secret: String = Fixtures.secret
    ) -> String {
        do throws(TokenSigningError) {
            return try TokenSigner(secretText: secret)
                .sign(claims: claims, issuedAt: now - 10, expiresAt: now + expiresIn, withUserHash: withUserHash)
        } catch {
            preconditionFailure("\(error)")
        }
    }
}
