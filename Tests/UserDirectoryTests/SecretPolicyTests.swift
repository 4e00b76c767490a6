import Testing
import UserDirectory

@Suite struct SecretPolicyTests {
    @Test func `a generated secret is 64 lower-case hexadecimal characters`() throws {
        let secret = SecretPolicy.generate()
        #expect(secret.wholeMatch(of: /[0-9a-f]{64}/) != nil)
        #expect(SecretPolicy.generate() != secret)
        try SecretPolicy.check(secret, allowWeak: false)
    }

    @Test(
        arguments: [
            (0, .empty, .empty), (1, .weak(bytes: 1), nil), (31, .weak(bytes: 31), nil), (32, nil, nil),
            (4096, nil, nil), (4097, .tooLong(bytes: 4097), .tooLong(bytes: 4097)),
        ] as [(Int, SecretRefusal?, SecretRefusal?)])
    func `short secrets are refused unless allowed`(_ length: Int, _ strict: SecretRefusal?, _ weak: SecretRefusal?) {
        let text = String(repeating: "a", count: length)
        #expect(refusal(text, allowWeak: false) == strict)
        #expect(refusal(text, allowWeak: true) == weak)
    }

    @Test func `length counts in bytes`() {
        #expect(refusal(String(repeating: "é", count: 16), allowWeak: false) == nil)
        #expect(refusal(String(repeating: "a", count: 40) + "\u{0}", allowWeak: true) == .containsNUL)
    }

    @Test func `a short secret shows nothing of itself`() {
        #expect(SecretPolicy.last4(of: "abcd") == "")
        #expect(SecretPolicy.last4(of: String(repeating: "a", count: 28) + "wxyz") == "wxyz")
    }

    private func refusal(_ text: String, allowWeak: Bool) -> SecretRefusal? {
        do throws(SecretRefusal) {
            try SecretPolicy.check(text, allowWeak: allowWeak)
            return nil
        } catch {
            return error
        }
    }
}
