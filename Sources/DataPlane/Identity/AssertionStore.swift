import HTTPMessages

/// One worker's assertions: signed once per identity and upstream, and reused while they are fresh.
struct AssertionStore {
    private struct Key: Hashable {
        var identity: ObjectIdentifier
        var upstream: String
    }

    private struct Entry {
        /// Kept, so that its object identifier stays its own.
        var identity: AdmittedIdentity
        var line: [UInt8]
        var renewAt: Double
    }

    private static let capacity = 4096
    /// An assertion with less time left than this, in seconds, is signed anew.
    private static let margin = 60.0

    private var entries: [Key: Entry] = [:]

    /// `x-widget-assertion` for an upstream, as a line.
    mutating func line(
        for identity: AdmittedIdentity, audience: String, issuer: AssertionIssuer, now: Double
    ) -> [UInt8] {
        let key = Key(identity: ObjectIdentifier(identity), upstream: audience)
        if let known = entries[key], now < known.renewAt { return known.line }
        if entries.count >= Self.capacity { entries.removeAll(keepingCapacity: true) }
        let assertion = issuer.assertion(
            audience: audience, subject: identity.userID, organization: identity.organizationID,
            profile: identity.profile, now: now, expiresAt: min(now + AssertionIssuer.lifetime, identity.expiresAt))
        var line = ByteQueue()
        IdentityHeaders.append("x-widget-assertion", assertion, to: &line)
        let entry = Entry(
            identity: identity, line: Array(line.readable), renewAt: now + AssertionIssuer.lifetime - Self.margin)
        entries[key] = entry
        return entry.line
    }

    /// Forgets all: after a change, what is forgotten with it must not be kept alive here.
    mutating func removeAll() { entries.removeAll() }
}
