import TLSEngine
import Testing

/// By RFC 8446, 5.1: type 22, version, length in two bytes.
@Suite struct TLSGreetingTests {
    @Test(arguments: [
        ([22], TLSGreeting.incomplete(length: 5)), ([22, 3, 1, 2], .incomplete(length: 5)),
        ([22, 3, 1, 0, 4], .incomplete(length: 9)), ([22, 3, 1, 0, 4, 1, 2, 3], .incomplete(length: 9)),
        ([22, 3, 1, 0, 4, 1, 2, 3, 4], .complete), ([22, 3, 1, 0, 4, 1, 2, 3, 4, 5], .complete),
        ([22, 3, 1, 0, 0], .complete), ([22, 3, 1, 0x20, 0], .incomplete(length: 8197)),
        // Longer than any hello that is waited for: OpenSSL's to judge.
        ([22, 3, 1, 0x20, 1], .complete), ([22, 3, 1, 255, 255], .complete),
        // Not TLS.
        ([71, 69, 84, 32, 47], .complete), ([23, 3, 3, 0, 4], .complete), ([0x80, 0x2E, 1], .complete),
    ])
    func `a first record is waited for, and nothing else`(bytes: [UInt8], greeting: TLSGreeting) {
        #expect(bytes.withUnsafeBytes { TLSGreeting.judge($0) } == greeting)
    }
}
