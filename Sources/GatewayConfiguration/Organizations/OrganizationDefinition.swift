import IdentityCore
package import UserDirectory

/// One organization of an organizations file: its settings, and its secrets in the clear.
package struct OrganizationDefinition: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    package var settings: OrganizationSettings
    /// Secrets that sign user tokens. The HMAC key is the UTF-8 of the text.
    package var secrets: [String]
    /// The separate secret of user hashes, where one is set.
    package var hashSecret: String?

    package init(settings: OrganizationSettings, secrets: [String] = [], hashSecret: String? = nil) {
        self.settings = settings
        self.secrets = secrets
        self.hashSecret = hashSecret
    }

    package var description: String { "organization \(settings.id)" }
    package var customMirror: Mirror { Mirror(self, children: ["settings": settings]) }
}

extension OrganizationDefinition {
    /// Reads one element of `organizations`.
    static func read(_ reader: inout MapReader, secrets sources: SecretSources) -> OrganizationDefinition? {
        let settings = OrganizationSettings.read(&reader)
        let longest = maxActiveSecrets
        let secrets = reader.list(
            "secrets",
            "The secrets that sign user tokens, at most \(longest): each by one of `secret`, `secret_env`, `secret_file`."
        ) { element in
            sources.read(&element)
        }
        let hashSecret = reader.optionalMap(
            "hash_secret", "A separate secret for user hashes; without it the API secrets are used."
        ) { element in
            sources.read(&element)
        }
        if Set(secrets).count < secrets.count { reader.report("secrets", "has the same secret twice") }
        if secrets.count > longest { reader.report("secrets", "may have \(longest) secrets at most") }
        return settings.map { OrganizationDefinition(settings: $0, secrets: secrets, hashSecret: hashSecret) }
    }
}

extension OrganizationSettings {
    /// Reads the settings of one organization. This is the list of their keys: the reference is made from it.
    static func read(_ reader: inout MapReader) -> OrganizationSettings? {
        let id = reader.required(
            "id", .organizationID,
            "What requests, commands and logs call the organization.")
        let name = reader.optional("name", .text(longest: 200), shown: "the id", "What people call it.")
        let dialect = reader.value(
            "dialect", .choice, default: Dialect.productbridge,
            "Whose conventions its tokens and its sign-in follow; also decides the defaults of `email_matching`, "
                + "`match_by` and `max_token_lifetime_seconds`, of which those of productbridge are given here.")
        var result = OrganizationSettings(id: id ?? "", name: name, dialect: dialect)
        result.hosts = reader.list(
            "hosts", of: .organizationHost, "The hosts by which a request is this organization's.")
        result.requireIdentify = reader.value(
            "require_identify", .choice, default: result.requireIdentify,
            "Whether visitors without a token are locked out of widget routes.")
        result.requireUserHash = reader.value(
            "require_user_hash", .choice, default: result.requireUserHash, "Whether a token must carry the user hash.")
        result.identifyMode = reader.value(
            "identify_mode", .choice, default: result.identifyMode,
            "What happens to a verified user whom the directory doesn't know: made, or refused.")
        result.ssoIdentifyMode = reader.value(
            "sso_identify_mode", .choice, default: result.ssoIdentifyMode, "The same for sign-in on the portal.")
        result.emailMatching = reader.value(
            "email_matching", .choice, default: result.emailMatching, "How email addresses are compared.")
        result.matchBy = reader.value("match_by", .choice, default: result.matchBy, "What a user is found by.")
        result.clockSkewSeconds = reader.value(
            "clock_skew_seconds", .integer(0...600), default: result.clockSkewSeconds,
            "How far the clock of the customer's server may be off.")
        result.maxTokenLifetimeSeconds = reader.optional(
            "max_token_lifetime_seconds", .integer(1...315_360_000), default: result.maxTokenLifetimeSeconds,
            "The longest time from a token's issue to its expiry; `null`: any.")
        result.requireExpiry = reader.value(
            "require_expiry", .boolean, default: result.requireExpiry, "Whether a token without an expiry is refused.")
        result.allowPlainIdentity = reader.value(
            "allow_plain_identity", .boolean, default: result.allowPlainIdentity,
            "Whether a user may be identified by id and user hash alone, without a token.")
        result.allowedOrigins = reader.list(
            "allowed_origins", of: .allowedOrigin, "The web pages on other origins that may call (CORS).")
        if let sso = reader.map("sso", "Sign-in of portal visitors by redirect.", body: { SSOSettings.read(&$0) }) {
            result.sso = sso
        }
        for (index, host) in result.hosts.enumerated() where result.hosts[..<index].contains(host) {
            reader.report("hosts", "\(host) is there twice")
        }
        return id == nil ? nil : result
    }
}

extension SSOSettings {
    static func read(_ reader: inout MapReader) -> SSOSettings {
        var result = SSOSettings()
        result.enabled = reader.value(
            "enabled", .boolean, default: result.enabled,
            "Whether sign-in goes to the organization's own login page. Test it first: `organization sso` says where.")
        result.loginURL = reader.optional("login_url", .pageURL, "That login page.")
        result.logoutURL = reader.optional("logout_url", .pageURL, "Where a browser goes after signing out.")
        result.require = reader.value(
            "require", .boolean, default: result.require, "Whether that is the only way to sign in.")
        result.buttonLabel = reader.value(
            "button_label", .text(longest: 100), default: result.buttonLabel, "What the sign-in button says.")
        result.allowUnsolicited = reader.value(
            "allow_unsolicited", .boolean, default: result.allowUnsolicited,
            "Whether a sign-in counts that this browser didn't begin.")
        result.disableNativeLogin = reader.value(
            "disable_native_login", .boolean, default: result.disableNativeLogin,
            "Whether the portal's own login is closed, though its pages can be seen without a session.")
        result.nativeLoginPaths = reader.list(
            "native_login_paths", of: .routePath,
            "The paths of the portal's own login: closed, with what is below them, by `require` and "
                + "`disable_native_login`.")
        result.embedded = reader.value(
            "embedded", .boolean, default: result.embedded,
            "Whether the portal is shown in frames of other sites: its cookies are `SameSite=None; Partitioned` then.")
        result.sessionDays = reader.value(
            "session_days", .integer(1...365), default: result.sessionDays, "How many days a session lasts.")
        result.slidingSessions = reader.value(
            "sliding_sessions", .boolean, default: result.slidingSessions,
            "Whether those days are counted from a session's last use, not from its beginning.")
        result.privateForums = reader.list(
            "private_forums", of: .forumID,
            "uservoice: the forums that only those may see whose token allows them, and admins.")
        result.authorizeAllSSOUsers = reader.value(
            "authorize_all_sso_users", .boolean, default: result.authorizeAllSSOUsers,
            "uservoice: whether everybody who has signed in may see private forums.")
        result.check(reader)
        return result
    }

    private func check(_ reader: MapReader) {
        let hasProblem = reader.session.problems.contains { $0.path.hasSuffix("sso.login_url") }
        if enabled, loginURL == nil, !hasProblem {
            reader.report("login_url", "is missing: it is needed where enabled is true")
        }
        if require, !enabled { reader.report("require", "needs enabled: true") }
        if disableNativeLogin, !enabled { reader.report("disable_native_login", "needs enabled: true") }
        for (index, path) in nativeLoginPaths.enumerated() where nativeLoginPaths[..<index].contains(path) {
            reader.report("native_login_paths", "\(path) is there twice")
        }
    }
}
