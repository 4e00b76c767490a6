package import IdentityCore
package import UserDirectory

/// Explains a token as a request would be judged that brought it. Changes nothing, and writes nothing down.
package struct TokenCheckService: Sendable {
    /// The longest text that is looked at, in bytes: well above what is ever accepted.
    package static let longestToken = 64 << 10
    private static let organizationsTried = 1000

    let base: Administration

    package func check(_ token: String, of organization: String, by who: Administrator) async throws -> TokenCheck {
        try who.see(organization)
        guard token.utf8.count <= Self.longestToken else {
            throw AdminProblem.invalid("token", "must have at most \(Self.longestToken) bytes")
        }
        let stored = try await base.store.loadAll().organizations
        guard let own = stored.first(where: { $0.settings.id == organization }) else {
            throw AdminProblem.organizationUnknown(organization)
        }
        let now = base.now()
        let explanation = Self.explanation(of: token, for: own, now: now)
        var vouching: String?
        if explanation.rejection?.code == .tokenSignatureMismatch, who.scope.organization == nil {
            // Whose key it is concerns nobody who is bound to one organization.
            vouching =
                stored.prefix(Self.organizationsTried).first {
                    $0.settings.id != organization && Self.explanation(of: token, for: $0, now: now).keyID != nil
                }?.settings.id
        }
        return TokenCheck(
            settings: own.settings, at: now, explanation: explanation, organizationThatVouches: vouching)
    }

    private static func explanation(
        of token: String, for organization: StoredOrganization, now: Double
    ) -> TokenExplanation {
        let keys = Dictionary(grouping: organization.secrets.filter { now < $0.validUntil ?? .infinity }, by: \.purpose)
            .mapValues { $0.map { VerificationKeyText(id: $0.id, text: $0.text) } }
        return TokenExplanation(
            token: token, api: keys[.api] ?? [], userHash: keys[.userHash] ?? [],
            policy: organization.settings.verificationPolicy, now: now)
    }
}

/// How a token fares at one organization.
package struct TokenCheck: Sendable {
    package let settings: OrganizationSettings
    /// When it was looked at, in seconds since 1970.
    package let at: Double
    package let explanation: TokenExplanation
    /// Another organization whose secret signed it.
    package let organizationThatVouches: String?
}
