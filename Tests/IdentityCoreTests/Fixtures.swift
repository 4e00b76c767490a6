import Foundation
import IdentityCore
import Testing

/// What `scripts/make-token-fixtures.py` has made.
struct Fixtures: Decodable {
    struct Sample: Decodable, Sendable, CustomTestStringConvertible {
        struct Privileges: Decodable, Sendable {
            let trusted: Bool
            let admin, owner: String
        }

        let dialect: Dialect
        let name, token: String
        let profile: UserProfile
        let expiresAt: Double?
        let privileges: Privileges
        var testDescription: String { "\(dialect.rawValue): \(name)" }
    }

    struct Moment: Decodable, Sendable, CustomTestStringConvertible {
        let text: String
        let seconds: Double?
        var testDescription: String { text.debugDescription }

        /// The text as JSON.
        var json: String {
            get throws { String(decoding: try JSONEncoder().encode(text), as: UTF8.self) }
        }
    }

    let now: Double
    let samples: [Sample]
    let moments: [Moment]

    static func read() throws -> Fixtures {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/tokens.json")
        return try JSONDecoder().decode(Fixtures.self, from: Data(contentsOf: file))
    }

    static func moments() throws -> [Moment] { try read().moments }

    static func samples() throws -> [Sample] { try read().samples }
}
