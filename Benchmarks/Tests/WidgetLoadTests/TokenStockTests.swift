import IdentityCore
import Testing

@testable import widget_load

struct TokenStockTests {
    private static let secret = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
    private static let now = 1_760_000_000

    /// `accept` with the user's email, or the code of the rejection.
    private func verdict(_ stock: TokenStock, _ kind: RequestKind, user: Int) throws -> String {
        let value = try #require(stock.authorization(kind, user: user))
        let keys = OrganizationKeys(
            api: [VerificationKeyText(id: "key-1", text: Self.secret)], userHash: [])
        var policy = VerificationPolicy()
        policy.maxTokenLifetimeSeconds = 3600
        let verifier = TokenVerifier()
        let token = UnsafeRawBufferPointer(rebasing: value.dropFirst("Bearer ".utf8.count))
        switch verifier.verify(token, keys: keys, policy: policy, now: Double(Self.now + 5)) {
        case .accept(let accepted): return "accept \(accepted.profile().email ?? "nobody")"
        case .reject(let rejection): return rejection.code.rawValue
        }
    }

    @Test func `tokens are what their kind says`() throws {
        let mix = try #require(TrafficMix("valid=1,expired=1,forged=1"))
        let stock = TokenStock(users: 3, mix: mix, secret: Self.secret, now: Self.now, progress: { _ in })
        for user in 0..<3 {
            #expect(try verdict(stock, .valid, user: user) == "accept \(TokenStock.email(user))")
            #expect(try verdict(stock, .expired, user: user) == "token_expired")
            #expect(try verdict(stock, .forged, user: user) == "token_signature_mismatch")
            #expect(stock.authorization(.anonymous, user: user) == nil)
        }
    }

    @Test func `users take turns`() {
        var random = RandomSequence(seed: 1)
        var choice = UserChoice(count: 3, zipf: nil)
        #expect((0..<7).map { _ in choice.next(&random) } == [0, 1, 2, 0, 1, 2, 0])
    }

    @Test func `by Zipf's law the first user comes twice as often as the second`() {
        var random = RandomSequence(seed: 1)
        var choice = UserChoice(count: 1000, zipf: 1)
        var counts = [Int](repeating: 0, count: 1000)
        for _ in 0..<1_000_000 { counts[choice.next(&random)] += 1 }
        // The harmonic number of 1000 is 7.485.
        #expect(abs(Double(counts[0]) / 1e6 - 1 / 7.485) < 0.002)
        #expect(abs(Double(counts[0]) / Double(counts[1]) - 2) < 0.05)
        #expect(abs(Double(counts[0]) / Double(counts[9]) - 10) < 0.5)
    }
}
