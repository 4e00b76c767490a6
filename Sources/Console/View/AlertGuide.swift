import UserDirectory

/// What a kind of impersonation alert is called, and what it means.
struct AlertGuide: Sendable {
    let title: String
    let meaning: String
    let unit: String

    init(_ kind: AlertKind) {
        switch kind {
        case .userHashMismatch:
            title = "Genuine token, another user's hash"
            meaning =
                "Either the customer's server computes the hash wrongly, or the API secret has leaked and somebody is "
                + "trying to pass for others. Check one token of theirs in the token checker; if the signing is right, "
                + "regenerate the secret."
            unit = "tokens"
        case .manyUsers:
            title = "One address, many users"
            meaning =
                "This address spoke for unusually many users in a short time. An office, a mobile network or a server "
                + "that calls for its users does so too; else a secret may be in the wrong hands."
            unit = "users"
        case .badSignatures:
            title = "Burst of bad signatures"
            meaning =
                "This address presented many tokens that no secret vouches for: guessing, or a customer's server with "
                + "an old or wrong secret. None of them was let in."
            unit = "tokens"
        }
    }
}

/// One alert, as pages show it.
struct AlertText: Sendable {
    let title: String
    let meaning: String
    let count: String
    let unit: String
    /// The client's.
    let address: String
    let firstSeen: MomentText
    let lastSeen: MomentText
    /// Whether it may still be going on.
    let isOpen: Bool
    let organization: String
    /// The organization's page that lists it.
    let overview: String
    /// The token log, of that address alone.
    let log: String

    init(_ alert: Alert, now: Double) {
        let guide = AlertGuide(alert.kind)
        title = guide.title
        meaning = guide.meaning
        count = alert.count.grouped
        unit = alert.count == 1 ? String(guide.unit.dropLast()) : guide.unit
        address = alert.subject
        firstSeen = MomentText(alert.firstSeen, now: now)
        lastSeen = MomentText(alert.lastSeen, now: now)
        isOpen = now - alert.lastSeen < Alert.quietSeconds
        organization = alert.organization
        overview = ConsoleAddress.organization(alert.organization) + "#alerts"
        log = ConsoleAddress.tokenLog(alert.organization, [("address", alert.subject)])
    }
}
