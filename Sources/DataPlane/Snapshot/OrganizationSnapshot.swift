package import IdentityCore
import PortalSSO
package import UserDirectory
package import VerificationCache

/// One organization as requests see it.
package final class OrganizationSnapshot: Sendable {
    package let settings: OrganizationSettings
    package let apiKeys: [VerificationKeyText]
    package let userHashKeys: [VerificationKeyText]

    /// The organization in the cache of identities.
    let scope: CacheScope
    /// The cache's clock before these settings and keys were read.
    let settingsReadAt: RevocationStamp
    let policy: VerificationPolicy
    let admissionRule: AdmissionRule
    let origins: OriginSet
    /// The organization among the clients' rates: the same in each snapshot of this process.
    let rateScope: Int
    /// `x-widget-state: anonymous` and the organization, as they go to the upstream.
    let anonymousHeaders: [UInt8]
    /// The answers of `/_widget/state` where nobody is identified.
    let anonymousState: [UInt8]
    let lockedState: [UInt8]
    /// How its dialect signs portal visitors in.
    let convention: SignInConvention
    /// What a test of sign-in tests: login page, dialect and keys.
    let signInFingerprint: String
    /// Pages of the portal lead to sign-in where nobody is signed in.
    let requiresSession: Bool
    /// The portal's own login pages are closed.
    let closesLogins: Bool
    /// uservoice: who may see which forum.
    let forumRule: ForumRule?
    /// Which sites may show the portal in a frame.
    let framePolicy: String

    package init(_ stored: StoredOrganization, scope: CacheScope, settingsReadAt: RevocationStamp) {
        self.scope = scope
        self.settingsReadAt = settingsReadAt
        settings = stored.settings
        apiKeys = stored.secrets.filter { $0.purpose == .api }.map { VerificationKeyText(id: $0.id, text: $0.text) }
        userHashKeys = stored.secrets.filter { $0.purpose == .userHash }
            .map { VerificationKeyText(id: $0.id, text: $0.text) }
        policy = settings.verificationPolicy
        rateScope = settings.id.hashValue
        admissionRule = settings.admissionRule
        origins = OriginSet(settings.allowedOrigins)
        anonymousHeaders = IdentityHeaders.anonymous(organization: settings.id)
        anonymousState = StateDocument.withoutUser(state: "anonymous", organization: settings.id)
        lockedState = StateDocument.withoutUser(state: "locked", organization: settings.id)
        convention = SignInConvention(settings.dialect)
        signInFingerprint = SignInFingerprint.of(settings: settings, keyIDs: apiKeys.map(\.id))
        let sso = settings.sso
        requiresSession = sso.enabled && sso.require
        closesLogins = sso.enabled && (sso.require || sso.disableNativeLogin) && !sso.nativeLoginPaths.isEmpty
        forumRule = settings.dialect == .uservoice ? ForumRule(sso) : nil
        framePolicy = (["frame-ancestors 'self'"] + (sso.embedded ? settings.allowedOrigins : [])).joined(
            separator: " ")
    }

    /// Whether a page of this origin may call; `origin` as the browser sent it.
    func allows(origin: String) -> Bool { origins.allows(origin) }
}
