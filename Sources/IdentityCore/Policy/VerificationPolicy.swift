/// The settings of one organization that verification reads.
package struct VerificationPolicy: Sendable, Equatable {
    package var dialect: Dialect = .productbridge

    /// How far the customer's clock may be off, in seconds.
    package var clockSkewSeconds = 60

    /// The longest time from issue to expiry, in seconds; nil: any.
    package var maxTokenLifetimeSeconds: Int?

    /// Whether a token without an expiry is refused.
    package var requireExpiry = false

    /// Whether a token must carry the user hash.
    package var userHash: Enforcement = .off

    package init() {}
}
