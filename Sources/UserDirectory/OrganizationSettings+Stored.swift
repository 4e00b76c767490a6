import Foundation
import IdentityCore

extension OrganizationSettings {
    /// The settings as a JSON object to store, with `null` for what is unset: absent means 'stored by a release that
    /// didn't know this setting yet'.
    package func storedJSON() throws -> String {
        let encoder = JSONEncoder()
        let own = try Self.object(encoder.encode(self))
        let defaults = try Self.object(encoder.encode(OrganizationSettings(id: id, dialect: dialect)))
        let complete = Self.laying(own, over: Self.nulls(like: defaults))
        let data = try JSONSerialization.data(
            withJSONObject: complete, options: [.sortedKeys, .withoutEscapingSlashes])
        return String(decoding: data, as: UTF8.self)
    }

    /// Reads stored settings; what they don't name has the default of their dialect.
    package init(storedJSON text: String) throws {
        struct Head: Decodable {
            let id: String
            let dialect: Dialect
        }
        let decoder = JSONDecoder()
        let data = Data(text.utf8)
        let head = try decoder.decode(Head.self, from: data)
        let defaults = try Self.object(
            JSONEncoder().encode(OrganizationSettings(id: head.id, dialect: head.dialect)))
        let complete = Self.laying(try Self.object(data), over: defaults)
        self = try decoder.decode(Self.self, from: JSONSerialization.data(withJSONObject: complete))
    }

    private static func object(_ data: Data) throws -> [String: Any] {
        guard let object = try JSONSerialization.jsonObject(with: data) as? [String: Any] else {
            throw StoreError.unavailable("stored settings are not a JSON object")
        }
        return object
    }

    private static func nulls(like object: [String: Any]) -> [String: Any] {
        object.mapValues { value -> Any in
            if let object = value as? [String: Any] { return nulls(like: object) }
            return NSNull()
        }
    }

    private static func laying(_ upper: [String: Any], over lower: [String: Any]) -> [String: Any] {
        lower.merging(upper) { below, above in
            guard let below = below as? [String: Any], let above = above as? [String: Any] else { return above }
            return laying(above, over: below)
        }
    }
}
