package import IdentityCore
package import UserDirectory

/// Explains a token as a request would be judged that brought it. Changes nothing, and writes nothing down.
package struct TokenCheckService: Sendable {
    /// The longest text that is looked at, in bytes: well above what is ever accepted.
    package static let longestToken = 64 << 10
    private static let organizationsTried = 1000

    let base: Administration

    /// - Parameter token: as it was pasted; white space around it isn't taken for a part of it.
    package func check(_ token: String, of organization: String, by who: Administrator) async throws -> TokenCheck {
        try who.see(organization)
        let pasted = token.utf8.count
        guard token.utf8.count <= Self.longestToken else {
            throw AdminProblem.invalid("token", "must have at most \(Self.longestToken) bytes")
        }
        let token = Self.trimmed(token)
        let stored = try await base.store.loadAll().organizations
        guard let own = stored.first(where: { $0.settings.id == organization }) else {
            throw AdminProblem.organizationUnknown(organization)
        }
        let now = base.now()
        var explanation = Self.explanation(of: token, for: own, now: now)
        var vouching: String?
        if explanation.rejection?.code == .tokenSignatureMismatch, who.scope.organization == nil {
            // Whose key it is concerns nobody who is bound to one organization.
            vouching =
                stored.prefix(Self.organizationsTried).first {
                    $0.settings.id != organization && Self.explanation(of: token, for: $0, now: now).keyID != nil
                }?.settings.id
        }
        if let vouching {
            explanation.suggest(
                "It was signed with a secret of organization \(vouching): sign with one of \(organization), or send it "
                    + "to a host of \(vouching).",
                for: "signature")
        }
        return TokenCheck(
            settings: own.settings, at: now, explanation: explanation, organizationThatVouches: vouching,
            isTrimmed: token.utf8.count < pasted)
    }

    private static func trimmed(_ text: String) -> String {
        let spaces: [UInt8] = [0x20, 0x09, 0x0A, 0x0D]
        let start = text.utf8.drop { spaces.contains($0) }
        return String(decoding: start.reversed().drop { spaces.contains($0) }.reversed(), as: UTF8.self)
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
    /// White space was around it, with which the gateway would have refused it.
    package let isTrimmed: Bool
}
