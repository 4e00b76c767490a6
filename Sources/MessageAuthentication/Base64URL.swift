/// Base64url without padding (RFC 4648 section 5, RFC 7515 section 2).
package enum Base64URL {
    /// The bytes that `text` stands for, or nil where it isn't strict base64url.
    package static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        let characters = Array(text)
        var valid = true
        let decoded = [UInt8](unsafeUninitializedCapacity: characters.count / 4 * 3 + 2) { buffer, count in
            let written = characters.withUnsafeBytes { decode($0, into: UnsafeMutableRawBufferPointer(buffer)) }
            valid = written != nil
            count = written ?? 0
        }
        return valid ? decoded : nil
    }

    /// The characters that stand for `bytes`.
    package static func encode(_ bytes: some Collection<UInt8>) -> [UInt8] {
        var characters: [UInt8] = []
        characters.reserveCapacity((bytes.count * 4 + 2) / 3)
        var bits: UInt32 = 0
        var held = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            held += 8
            while held >= 6 {
                held -= 6
                characters.append(alphabet[Int(bits >> UInt32(held) & 0x3F)])
            }
            bits &= (1 << UInt32(held)) - 1
        }
        if held > 0 { characters.append(alphabet[Int(bits << UInt32(6 - held) & 0x3F)]) }
        return characters
    }

    /// The characters that stand for `bytes`, as text.
    package static func text(_ bytes: some Collection<UInt8>) -> String {
        String(decoding: encode(bytes), as: UTF8.self)
    }

    static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
}
