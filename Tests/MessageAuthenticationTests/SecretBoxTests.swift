import MessageAuthentication
import Testing

@Suite struct SecretBoxTests {
    let box: SecretBox
    let place = Array("acme/k1".utf8)

    init() throws { box = try SecretBox(masterKey: Array(0..<32)) }

    @Test(arguments: [0, 1, 64, 1000])
    func `what is sealed opens`(count: Int) throws {
        let plaintext = SystemRandom.bytes(count)
        let sealed = try box.seal(plaintext, associatedData: place)
        #expect(sealed.count == count + 29)
        #expect(sealed.first == 1)
        #expect(try box.open(sealed, associatedData: place) == plaintext)
    }

    @Test func `sealing twice gives two different values`() throws {
        #expect(try box.seal([1], associatedData: place) != box.seal([1], associatedData: place))
    }

    @Test func `a changed byte anywhere is noticed`() throws {
        let sealed = try box.seal(Array("secret".utf8), associatedData: place)
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 0x10
            let expected: SecretBoxError = index == 0 ? .unknownVersion(0x11) : .authenticationFailed
            #expect(throws: expected) { try box.open(changed, associatedData: place) }
        }
    }

    @Test func `a value opens in no other place and under no other key`() throws {
        let sealed = try box.seal([1, 2, 3], associatedData: place)
        #expect(throws: SecretBoxError.authenticationFailed) {
            try box.open(sealed, associatedData: Array("other/k1".utf8))
        }
        let other = try SecretBox(masterKey: Array(1...32))
        #expect(throws: SecretBoxError.authenticationFailed) { try other.open(sealed, associatedData: place) }
    }

    @Test(arguments: [0, 1, 12, 28])
    func `a value that is too short is refused`(count: Int) throws {
        let sealed = try box.seal([], associatedData: place)
        #expect(throws: SecretBoxError.truncated) {
            try box.open(Array(sealed.prefix(count)), associatedData: place)
        }
    }

    @Test(arguments: [0, 16, 31, 33, 64])
    func `a master key has 32 bytes`(count: Int) {
        #expect(throws: SecretBoxError.masterKeyLength(count)) {
            try SecretBox(masterKey: [UInt8](repeating: 1, count: count))
        }
    }
}
