import IdentityCore
package import UserDirectory

extension OrganizationSettings {
    /// These settings with some changed by `key=value`, as `organization set` takes them: `identify_mode=update_only`,
    /// `sso.login_url=https://…`, `hosts=a.test,b.test`, `sso.logout_url=null`. With another dialect, what still has
    /// the old dialect's default gets the new one's.
    package func changing(_ assignments: [String]) throws(ConfigurationErrors) -> OrganizationSettings {
        let dialect = assignments.last { $0.hasPrefix("dialect=") }.flatMap {
            Dialect(rawValue: String($0.dropFirst(8)))
        }
        var node = (dialect.map(taking) ?? self).node
        var problems: [ConfigurationProblem] = []
        let collections = Self.keys.filter { $0.shape == .collection }.map(\.path)
        for assignment in assignments {
            guard let separator = assignment.firstIndex(of: "="), separator > assignment.startIndex else {
                problems.append(ConfigurationProblem(.argument, assignment, "must be KEY=VALUE"))
                continue
            }
            let key = String(assignment[..<separator])
            let text = String(assignment[separator...].dropFirst())
            guard key != "id" else {
                problems.append(ConfigurationProblem(.argument, key, "can't be changed"))
                continue
            }
            let content: ConfigurationNode.Content
            if collections.contains(key), !text.hasPrefix("[") {
                content = .list(
                    text.split(separator: ",").map { part in
                        let item = String(part.trimmingSpaces)
                        return ConfigurationNode(content: .scalar(item, .verbatim), origin: .argument)
                    })
            } else if collections.contains(key) {
                do throws(ConfigurationErrors) {
                    content = try YAMLDocument.parse(text) { _ in .argument }.content
                } catch {
                    problems += error.problems
                    continue
                }
            } else {
                content = text == "null" ? .null : .scalar(text, .verbatim)
            }
            let path = key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            node.set(path[...], to: ConfigurationNode(content: content, origin: .argument))
        }
        let session = DecodingSession()
        session.problems = problems
        let settings = session.read(node, path: "") { OrganizationSettings.read(&$0) } ?? nil
        guard let settings, session.problems.isEmpty else { throw ConfigurationErrors(session.problems) }
        return settings
    }

    func taking(_ dialect: Dialect) -> OrganizationSettings {
        let old = OrganizationSettings(id: id, dialect: self.dialect)
        let new = OrganizationSettings(id: id, dialect: dialect)
        var result = self
        if emailMatching == old.emailMatching { result.emailMatching = new.emailMatching }
        if matchBy == old.matchBy { result.matchBy = new.matchBy }
        if maxTokenLifetimeSeconds == old.maxTokenLifetimeSeconds {
            result.maxTokenLifetimeSeconds = new.maxTokenLifetimeSeconds
        }
        return result
    }

    /// The settings as an element of an organizations file, without secrets.
    package var yaml: String { node.yaml }

    private static let keys: [DocumentedKey] = {
        let session = DecodingSession(documenting: true)
        _ = session.read(ConfigurationNode(content: .map([]), origin: .builtIn), path: "") {
            OrganizationSettings.read(&$0)
        }
        return session.keys
    }()

    var node: ConfigurationNode {
        .map([
            ("id", .text(id)), ("name", .text(name)), ("dialect", .text(dialect.rawValue)),
            ("hosts", .list(hosts)),
            ("require_identify", .text(requireIdentify.rawValue)),
            ("require_user_hash", .text(requireUserHash.rawValue)),
            ("identify_mode", .text(identifyMode.rawValue)), ("sso_identify_mode", .text(ssoIdentifyMode.rawValue)),
            ("email_matching", .text(emailMatching.rawValue)), ("match_by", .text(matchBy.rawValue)),
            ("clock_skew_seconds", .plain("\(clockSkewSeconds)")),
            ("max_token_lifetime_seconds", maxTokenLifetimeSeconds.map { .plain("\($0)") } ?? .null),
            ("require_expiry", .plain("\(requireExpiry)")),
            ("allow_plain_identity", .plain("\(allowPlainIdentity)")),
            ("allowed_origins", .list(allowedOrigins)),
            (
                "sso",
                .map([
                    ("enabled", .plain("\(sso.enabled)")),
                    ("login_url", sso.loginURL.map { .text($0) } ?? .null),
                    ("logout_url", sso.logoutURL.map { .text($0) } ?? .null),
                    ("require", .plain("\(sso.require)")),
                    ("button_label", .text(sso.buttonLabel)),
                    ("allow_unsolicited", .plain("\(sso.allowUnsolicited)")),
                    ("disable_native_login", .plain("\(sso.disableNativeLogin)")),
                    ("native_login_paths", .list(sso.nativeLoginPaths)),
                    ("embedded", .plain("\(sso.embedded)")),
                    ("session_days", .plain("\(sso.sessionDays)")),
                    ("sliding_sessions", .plain("\(sso.slidingSessions)")),
                    ("private_forums", .list(sso.privateForums)),
                    ("authorize_all_sso_users", .plain("\(sso.authorizeAllSSOUsers)")),
                ])
            ),
        ])
    }
}

extension ConfigurationNode {
    fileprivate static let null = ConfigurationNode(content: .null, origin: .builtIn)

    fileprivate static func text(_ text: String) -> ConfigurationNode {
        ConfigurationNode(content: .scalar(text, .quoted), origin: .builtIn)
    }

    fileprivate static func plain(_ text: String) -> ConfigurationNode {
        ConfigurationNode(content: .scalar(text, .plain), origin: .builtIn)
    }

    fileprivate static func list(_ texts: [String]) -> ConfigurationNode {
        ConfigurationNode(content: .list(texts.map { .text($0) }), origin: .builtIn)
    }

    fileprivate static func map(_ entries: [(String, ConfigurationNode)]) -> ConfigurationNode {
        ConfigurationNode(
            content: .map(entries.map { Entry(key: $0, origin: .builtIn, value: $1) }), origin: .builtIn)
    }
}

extension Substring {
    fileprivate var trimmingSpaces: Substring {
        var text = drop { $0 == " " }
        while text.last == " " { text.removeLast() }
        return text
    }
}
