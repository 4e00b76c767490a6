internal import COpenSSL

/// Keeps secrets at rest: AES-256-GCM under one master key, with a random nonce for each sealed value.
///
/// A sealed value is: one byte of layout version (1), 12 bytes of nonce, the ciphertext, 16 bytes of tag. The version
/// and the caller's associated data are authenticated with it, so that a value that was sealed for one place, say
/// an organization and a key id, opens nowhere else.
package struct SecretBox: Sendable {
    /// The length of a master key in bytes.
    package static let keyLength = 32

    private static let version: UInt8 = 1
    private static let nonceLength = 12
    private static let tagLength = 16

    private let masterKey: [UInt8]

    /// Takes the 32 bytes of a master key.
    package init(masterKey: [UInt8]) throws(SecretBoxError) {
        guard masterKey.count == SecretBox.keyLength else { throw .masterKeyLength(masterKey.count) }
        self.masterKey = masterKey
    }

    /// Seals `plaintext` for the place that `associatedData` names.
    package func seal(
        _ plaintext: [UInt8], associatedData: [UInt8]
    ) throws(SecretBoxError) -> [UInt8] {
        let nonce = SystemRandom.bytes(SecretBox.nonceLength)
        let cipher = try Cipher(key: masterKey, nonce: nonce, sealing: true)
        try cipher.authenticate([SecretBox.version] + associatedData)
        let ciphertext = try cipher.update(plaintext)
        let tag = try cipher.finishSealing(tagLength: SecretBox.tagLength)
        return [SecretBox.version] + nonce + ciphertext + tag
    }

    /// Opens what `seal` made with the same associated data.
    package func open(
        _ sealed: [UInt8], associatedData: [UInt8]
    ) throws(SecretBoxError) -> [UInt8] {
        guard let version = sealed.first else { throw .truncated }
        guard version == SecretBox.version else { throw .unknownVersion(version) }
        let overhead = 1 + SecretBox.nonceLength + SecretBox.tagLength
        guard sealed.count >= overhead else { throw .truncated }
        let body = 1 + SecretBox.nonceLength
        let end = sealed.count - SecretBox.tagLength
        let cipher = try Cipher(key: masterKey, nonce: Array(sealed[1..<body]), sealing: false)
        try cipher.authenticate([version] + associatedData)
        let plaintext = try cipher.update(Array(sealed[body..<end]))
        try cipher.finishOpening(tag: Array(sealed[end...]))
        return plaintext
    }
}

/// Why a value can't be sealed or opened.
package enum SecretBoxError: Error, Equatable, Sendable {
    /// A master key has 32 bytes; this one had so many.
    case masterKeyLength(Int)
    /// Shorter than any sealed value.
    case truncated
    /// Sealed by a layout that this release doesn't know.
    case unknownVersion(UInt8)
    /// Another master key, other associated data, or changed bytes: which of them can't be told.
    case authenticationFailed
    /// OpenSSL refused.
    case cryptography(CryptographyFailure)
}

/// One AES-256-GCM operation.
private final class Cipher {
    private let context: OpaquePointer
    private let sealing: Bool

    init(key: [UInt8], nonce: [UInt8], sealing: Bool) throws(SecretBoxError) {
        guard let context = EVP_CIPHER_CTX_new() else {
            throw .cryptography(CryptographyFailure("EVP_CIPHER_CTX_new"))
        }
        self.context = context
        self.sealing = sealing
        // The nonce's length is GCM's default of 96 bits.
        guard EVP_CipherInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce, sealing ? 1 : 0) == 1 else {
            throw .cryptography(CryptographyFailure("EVP_CipherInit_ex"))
        }
    }

    deinit { EVP_CIPHER_CTX_free(context) }

    func authenticate(_ data: [UInt8]) throws(SecretBoxError) {
        var written: Int32 = 0
        guard EVP_CipherUpdate(context, nil, &written, data, Int32(data.count)) == 1 else {
            throw .cryptography(CryptographyFailure("EVP_CipherUpdate"))
        }
    }

    func update(_ input: [UInt8]) throws(SecretBoxError) -> [UInt8] {
        guard !input.isEmpty else { return [] }
        var output = [UInt8](repeating: 0, count: input.count)
        var written: Int32 = 0
        guard EVP_CipherUpdate(context, &output, &written, input, Int32(input.count)) == 1,
            Int(written) == input.count
        else { throw .cryptography(CryptographyFailure("EVP_CipherUpdate")) }
        return output
    }

    func finishSealing(tagLength: Int) throws(SecretBoxError) -> [UInt8] {
        var rest = [UInt8](repeating: 0, count: 16)
        var written: Int32 = 0
        var tag = [UInt8](repeating: 0, count: tagLength)
        guard EVP_CipherFinal_ex(context, &rest, &written) == 1,
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(tagLength), &tag) == 1
        else { throw .cryptography(CryptographyFailure("EVP_CipherFinal_ex")) }
        return tag
    }

    func finishOpening(tag: [UInt8]) throws(SecretBoxError) {
        var tag = tag
        var rest = [UInt8](repeating: 0, count: 16)
        var written: Int32 = 0
        guard EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tag.count), &tag) == 1 else {
            throw .cryptography(CryptographyFailure("EVP_CIPHER_CTX_ctrl"))
        }
        guard EVP_CipherFinal_ex(context, &rest, &written) == 1 else {
            ERR_clear_error()
            throw .authenticationFailed
        }
    }
}
