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
        self = try JSONDecoder().decode(Stored.self, from: Data(text.utf8)).settings
    }

    private static func object(_ data: Data) throws -> [String: Any] {
        guard let object = try JSONSerialization.jsonObject(with: data) as? [String: Any] else {
            throw StoreError.unavailable("settings are not a JSON object")
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

/// Reads in one pass, setting by setting: a gateway with thousands of organizations does this for each of them.
private struct Stored: Decodable {
    var settings: OrganizationSettings

    private enum Key: String, CodingKey {
        case id, name, dialect, hosts, requireIdentify, requireUserHash, identifyMode, ssoIdentifyMode, emailMatching
        case matchBy, clockSkewSeconds, maxTokenLifetimeSeconds, requireExpiry, allowPlainIdentity, allowedOrigins, sso
    }

    private enum SSOKey: String, CodingKey {
        case enabled, loginURL, logoutURL, require, buttonLabel, allowUnsolicited, disableNativeLogin, nativeLoginPaths
        case embedded, sessionDays, slidingSessions, privateForums, authorizeAllSSOUsers
    }

    init(from decoder: any Decoder) throws {
        let stored = try decoder.container(keyedBy: Key.self)
        settings = OrganizationSettings(
            id: try stored.decode(String.self, forKey: .id), dialect: try stored.decode(Dialect.self, forKey: .dialect))
        try stored.read(.name, into: &settings.name)
        try stored.read(.hosts, into: &settings.hosts)
        try stored.read(.requireIdentify, into: &settings.requireIdentify)
        try stored.read(.requireUserHash, into: &settings.requireUserHash)
        try stored.read(.identifyMode, into: &settings.identifyMode)
        try stored.read(.ssoIdentifyMode, into: &settings.ssoIdentifyMode)
        try stored.read(.emailMatching, into: &settings.emailMatching)
        try stored.read(.matchBy, into: &settings.matchBy)
        try stored.read(.clockSkewSeconds, into: &settings.clockSkewSeconds)
        try stored.read(.maxTokenLifetimeSeconds, into: &settings.maxTokenLifetimeSeconds)
        try stored.read(.requireExpiry, into: &settings.requireExpiry)
        try stored.read(.allowPlainIdentity, into: &settings.allowPlainIdentity)
        try stored.read(.allowedOrigins, into: &settings.allowedOrigins)
        guard stored.contains(.sso) else { return }
        let sso = try stored.nestedContainer(keyedBy: SSOKey.self, forKey: .sso)
        try sso.read(.enabled, into: &settings.sso.enabled)
        try sso.read(.loginURL, into: &settings.sso.loginURL)
        try sso.read(.logoutURL, into: &settings.sso.logoutURL)
        try sso.read(.require, into: &settings.sso.require)
        try sso.read(.buttonLabel, into: &settings.sso.buttonLabel)
        try sso.read(.allowUnsolicited, into: &settings.sso.allowUnsolicited)
        try sso.read(.disableNativeLogin, into: &settings.sso.disableNativeLogin)
        try sso.read(.nativeLoginPaths, into: &settings.sso.nativeLoginPaths)
        try sso.read(.embedded, into: &settings.sso.embedded)
        try sso.read(.sessionDays, into: &settings.sso.sessionDays)
        try sso.read(.slidingSessions, into: &settings.sso.slidingSessions)
        try sso.read(.privateForums, into: &settings.sso.privateForums)
        try sso.read(.authorizeAllSSOUsers, into: &settings.sso.authorizeAllSSOUsers)
    }
}

extension KeyedDecodingContainer {
    /// Absent: `value` stays as it is.
    fileprivate func read<Value: Decodable>(_ key: Key, into value: inout Value) throws {
        if contains(key) { value = try decode(Value.self, forKey: key) }
    }

    /// Absent: `value` stays as it is; null: nil.
    fileprivate func read<Value: Decodable>(_ key: Key, into value: inout Value?) throws {
        if contains(key) { value = try decodeIfPresent(Value.self, forKey: key) }
    }
}
