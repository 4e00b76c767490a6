import Foundation
import IdentityCore
import UserDirectory

/// A profile for `--json`, with `meta` and `extra` as the JSON that they are.
struct ProfileJSON: Encodable {
    let profile: UserProfile

    init(_ profile: UserProfile) { self.profile = profile }

    func encode(to encoder: any Encoder) throws {
        var bare = profile
        bare.meta = nil
        bare.extra = nil
        try bare.encode(to: encoder)
        var container = encoder.container(keyedBy: Key.self)
        try container.encodeIfPresent(profile.meta.map { AnyJSON(text: $0.text) }, forKey: .meta)
        try container.encodeIfPresent(profile.extra.map { AnyJSON(text: $0.text) }, forKey: .extra)
    }

    private enum Key: String, CodingKey { case meta, extra }
}

/// A user for `--json`.
struct UserJSON: Encodable {
    var id: String
    var profile: ProfileJSON
    var unverified: [String]
    var role: UserRole
    var createdAt: Double
    var updatedAt: Double
    var blockedAt: Double?
    var tokensValidAfter: Double?

    init(_ user: DirectoryUser) {
        id = user.id
        profile = ProfileJSON(user.profile)
        unverified = user.unverified
        role = user.role
        createdAt = user.createdAt
        updatedAt = user.updatedAt
        blockedAt = user.blockedAt
        tokensValidAfter = user.tokensValidAfter
    }
}

/// JSON text that is encoded as the value that it stands for. Names stay as they are.
struct AnyJSON: Encodable {
    fileprivate indirect enum Value: Decodable {
        case null, bool(Bool), whole(Int), number(Double), text(String), list([Value]), object([String: Value])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                self = .null
            } else if let value = try? container.decode(Bool.self) {
                self = .bool(value)
            } else if let value = try? container.decode(Int.self) {
                self = .whole(value)
            } else if let value = try? container.decode(Double.self) {
                self = .number(value)
            } else if let value = try? container.decode(String.self) {
                self = .text(value)
            } else if let value = try? container.decode([Value].self) {
                self = .list(value)
            } else {
                self = .object(try container.decode([String: Value].self))
            }
        }
    }

    private let value: Value

    init(text: String) { value = (try? JSONDecoder().decode(Value.self, from: Data(text.utf8))) ?? .text(text) }

    func encode(to encoder: any Encoder) throws { try Self.encode(value, to: encoder) }

    private static func encode(_ value: Value, to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch value {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .whole(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .text(let value): try container.encode(value)
        case .list(let values): try container.encode(values.map(AnyJSON.init(value:)))
        case .object(let members): try container.encode(members.mapValues(AnyJSON.init(value:)))
        }
    }

    private init(value: Value) { self.value = value }
}
