package import IdentityCore

/// Everything that one organization has set, without its secrets: what `organization apply` writes.
package struct OrganizationSettings: Sendable, Equatable, Codable {
    /// Lower-case letters, digits, `-` and `_`; 1–64 characters.
    package var id: String
    package var name: String
    package var dialect: Dialect
    /// Lower-case host names, with a port only where it isn't the scheme's default.
    package var hosts: [String]
    package var requireIdentify: Enforcement
    package var requireUserHash: Enforcement
    package var identifyMode: IdentifyMode
    package var ssoIdentifyMode: IdentifyMode
    package var emailMatching: EmailMatching
    package var matchBy: MatchRule
    package var clockSkewSeconds: Int
    package var maxTokenLifetimeSeconds: Int?
    package var requireExpiry: Bool
    package var allowPlainIdentity: Bool
    /// Exact origins, or `https://*.example.com`.
    package var allowedOrigins: [String]
    package var sso: SSOSettings

    /// An organization with its dialect's defaults.
    package init(id: String, name: String? = nil, dialect: Dialect = .productbridge) {
        self.id = id
        self.name = name ?? id
        self.dialect = dialect
        hosts = []
        requireIdentify = .off
        requireUserHash = .off
        identifyMode = .upsert
        ssoIdentifyMode = .upsert
        emailMatching = dialect == .productbridge ? .exact : .ignoreCase
        matchBy = dialect == .sleekplan || dialect == .uservoice ? .idThenEmail : .email
        clockSkewSeconds = 60
        maxTokenLifetimeSeconds = dialect == .productbridge ? 3600 : nil
        requireExpiry = false
        allowPlainIdentity = false
        allowedOrigins = []
        sso = SSOSettings()
    }

    /// The part that verification reads.
    package var verificationPolicy: VerificationPolicy {
        var policy = VerificationPolicy()
        policy.dialect = dialect
        policy.clockSkewSeconds = clockSkewSeconds
        policy.maxTokenLifetimeSeconds = maxTokenLifetimeSeconds
        policy.requireExpiry = requireExpiry
        policy.userHash = requireUserHash
        return policy
    }

    /// The part that admission to widgets reads.
    package var admissionRule: AdmissionRule { admissionRule(identifyMode) }

    /// The part that sign-in on the portal reads.
    package var signInRule: AdmissionRule { admissionRule(ssoIdentifyMode) }

    private func admissionRule(_ mode: IdentifyMode) -> AdmissionRule {
        let privileges: PrivilegeRule =
            switch dialect {
            case .productlift: .refusesAdmins
            case .uservoice: .byClaims
            case .productbridge, .sleekplan, .userorbit: .untouched
            }
        return AdmissionRule(
            mode: mode, matchBy: matchBy, emailMatching: emailMatching, privileges: privileges,
            newUser: dialect.newUser)
    }
}

/// What happens to a verified user whom the directory doesn't know.
package enum IdentifyMode: String, Sendable, CaseIterable, Codable {
    case upsert
    case updateOnly = "update_only"
}

/// How two email addresses are compared.
package enum EmailMatching: String, Sendable, CaseIterable, Codable {
    case exact
    case ignoreCase = "ignore_case"
}

/// What a user is found by.
package enum MatchRule: String, Sendable, CaseIterable, Codable {
    case email
    case idThenEmail = "id_then_email"
}

/// Redirect sign-in of the portal, and its sessions.
package struct SSOSettings: Sendable, Equatable, Codable {
    package var enabled = false
    /// https, or http on a loopback host.
    package var loginURL: String?
    package var logoutURL: String?
    /// Pages of the portal ask for a session, and native login is closed.
    package var require = false
    package var buttonLabel = "Continue with SSO"
    /// Whether a sign-in counts that this browser didn't begin.
    package var allowUnsolicited = true
    /// Native login is closed though the portal can be seen without a session.
    package var disableNativeLogin = false
    /// The paths of the portal's own login, closed by `require` and `disableNativeLogin`.
    package var nativeLoginPaths: [String] = []
    /// The portal is shown in frames of other sites: cookies are `SameSite=None; Partitioned`.
    package var embedded = false
    package var sessionDays = 30
    /// A session that is used moves its end.
    package var slidingSessions = false
    /// uservoice: forums that need leave to be read, by id.
    package var privateForums: [String] = []
    /// uservoice: whoever signed in by SSO may read private forums.
    package var authorizeAllSSOUsers = false

    package init() {}
}
