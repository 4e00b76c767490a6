/// The durable record of admin tokens, by their digests.
package protocol AdminTokenStore: Sendable {
    /// The token with this SHA-256, active or not.
    ///
    /// The digest is what is searched for; whoever presents a guess learns nothing from the time that takes, since no
    /// choice of a token leads to a chosen digest. The one that is found is compared once more, in constant time.
    func adminToken(digest: [UInt8]) async throws -> AdminToken?

    /// Those of one organization, or all; the oldest first.
    func adminTokens(of organization: String?) async throws -> [AdminToken]

    /// Stores `token`, as the instance's first; returns false, having stored nothing, where there ever was one.
    func addInitialAdminToken(_ token: AdminToken, digest: [UInt8]) async throws -> Bool

    /// Notes that it was used at `moment` (seconds since 1970). Allowed to fail silently: call it now and then.
    func recordAdminTokenUse(_ id: String, at moment: Double) async
}
