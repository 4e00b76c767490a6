import Foundation
import IdentityCore
import Testing

/// Tokens that PyJWT and joserfc made: `scripts/make-token-fixtures.py`.
@Suite struct OracleTests {
    struct Fixtures: Decodable {
        struct Secret: Decodable { let id, text: String }
        struct Token: Decodable, Sendable, CustomTestStringConvertible {
            let library, name, token, expect: String
            let claim: String?
            var testDescription: String { "\(library): \(name)" }
        }
        struct Hash: Decodable, Sendable { let id, hash: String }

        let now: Double
        let maxTokenLifetimeSeconds: Int
        let secrets: [Secret]
        let tokens: [Token]
        let hashes: [Hash]
    }

    static func fixtures() throws -> Fixtures {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/tokens.json")
        return try JSONDecoder().decode(Fixtures.self, from: Data(contentsOf: file))
    }

    @Test(arguments: try OracleTests.fixtures().tokens)
    func `tokens of other libraries have the verdict that they should`(sample: Fixtures.Token) throws {
        let fixtures = try OracleTests.fixtures()
        let policy = Sample.policy { $0.maxTokenLifetimeSeconds = fixtures.maxTokenLifetimeSeconds }
        let api = fixtures.secrets.map { VerificationKeyText(id: $0.id, text: $0.text) }
        switch outcome(sample.token, policy: policy, api: api, now: fixtures.now) {
        case .accepted(let profile):
            #expect(sample.expect == "accept")
            #expect(profile.email == "jane@example.com")
        case .rejected(let code, let claim):
            #expect(code.rawValue == sample.expect)
            #expect(claim == sample.claim)
        }
    }

    @Test func `a profile comes out as it went in, whichever library wrote it`() throws {
        let fixtures = try OracleTests.fixtures()
        let samples = fixtures.tokens.filter { $0.name == "every claim" }
        #expect(samples.count == 2)
        for sample in samples {
            let profile = try #require(outcome(sample.token, now: fixtures.now).profile)
            #expect(profile.externalID == "123")
            #expect(profile.company?.name == "Acme & Söhne")
            #expect(profile.company?.id == "9007199254740993")
            #expect(profile.company?.mrr == "1234.5")
            #expect(profile.owner?.id == "7")
            let extra = try JSONDecoder().decode(
                [String: Extra].self, from: Data(try #require(profile.extra).text.utf8))
            #expect(extra["favourite"]?.note == "ünïcödé 😀")
        }
    }

    private enum Extra: Decodable {
        struct Favourite: Decodable { let note: String }
        case text(String), favourite(Favourite)

        var note: String? { if case .favourite(let favourite) = self { favourite.note } else { nil } }

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            self =
                try (try? container.decode(String.self)).map(Extra.text)
                ?? .favourite(container.decode(Favourite.self))
        }
    }

    @Test(arguments: try OracleTests.fixtures().hashes)
    func `user hashes are those that Python makes`(sample: Fixtures.Hash) {
        #expect(UserHash.compute(secretText: Sample.secret, id: sample.id) == sample.hash)
    }
}
