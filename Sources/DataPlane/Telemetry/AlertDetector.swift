import UserDirectory

/// When something looks like somebody passing for somebody else.
package struct AlertThresholds: Sendable, Equatable {
    /// More distinct users than this from one address within `windowSeconds`.
    package var usersPerAddress = 50
    package var windowSeconds = 600.0
    /// As many tokens that no secret vouches for, from one address within `badSignatureSeconds`.
    package var badSignatures = 100
    package var badSignatureSeconds = 60.0

    package init() {}
}

/// Looks for impersonation in the rows of the token log. Pure, and bounded whatever is in them: beyond
/// `maximumSubjects` addresses, those that were quiet longest are forgotten.
struct AlertDetector {
    static let maximumSubjects = 8192

    private struct Subject: Hashable {
        let kind: AlertKind
        let organization: String
        let address: String
    }

    private struct Observation {
        var firstSeen: Double
        var lastSeen: Double
        /// Within the window, since it began or the last sighting.
        var count = 0
        /// The window has reached its threshold: each further one is a sighting.
        var isRaised = false
        /// When each user was last seen, by hash; of `manyUsers` alone.
        var users: [UInt64: Double] = [:]
    }

    let thresholds: AlertThresholds
    private var observations: [Subject: Observation] = [:]
    private var sightings: [Subject: AlertSighting] = [:]

    init(_ thresholds: AlertThresholds) { self.thresholds = thresholds }

    var subjectCount: Int { observations.count }

    /// Takes in rows of about one second, of which some may stand for others. Whose those others were is guessed by the
    /// rows of the same organization and code that stand for themselves.
    mutating func observe(_ entries: [TokenLogEntry]) {
        var unexplained: [String: Int] = [:]
        var alone: [String: Int] = [:]
        for entry in entries where entry.code == Self.badSignature {
            unexplained[entry.organization, default: 0] += entry.standsFor - 1
            alone[entry.organization, default: 0] += 1
        }
        for entry in entries {
            switch entry.code {
            case TokenLogEntry.accepted: observeUser(entry)
            case Self.hashMismatch: add(.userHashMismatch, entry, count: 1, threshold: 1, within: 0)
            case Self.badSignature:
                let others = unexplained[entry.organization] ?? 0
                let share = others / max(1, alone[entry.organization] ?? 1)
                add(
                    .badSignatures, entry, count: 1 + share, threshold: thresholds.badSignatures,
                    within: thresholds.badSignatureSeconds)
            default: break
            }
        }
    }

    /// What there is to raise since the last call.
    mutating func takeSightings() -> [AlertSighting] {
        defer { sightings.removeAll(keepingCapacity: true) }
        return sightings.values.sorted { ($0.firstSeen, $0.subject) < ($1.firstSeen, $1.subject) }
    }

    private mutating func observeUser(_ entry: TokenLogEntry) {
        guard let user = entry.user else { return }
        let subject = Subject(kind: .manyUsers, organization: entry.organization, address: entry.address)
        makeRoom(for: subject, now: entry.time)
        var found = observations[subject] ?? Observation(firstSeen: entry.time, lastSeen: entry.time)
        found.lastSeen = max(found.lastSeen, entry.time)
        found.users[DistinctCount.hash(user.utf8)] = entry.time
        if found.users.count > thresholds.usersPerAddress {
            let start = entry.time - thresholds.windowSeconds
            found.users = found.users.filter { $0.value > start }
            found.firstSeen = max(found.firstSeen, found.users.values.min() ?? entry.time)
        }
        let count = found.users.count
        if count > thresholds.usersPerAddress {
            sight(subject, firstSeen: found.firstSeen, lastSeen: entry.time) { $0 = max($0, count) }
            // Bounded: who is that far over isn't counted further.
            if count > 4 * thresholds.usersPerAddress { found.users.removeAll() }
        }
        observations[subject] = found
    }

    private mutating func add(
        _ kind: AlertKind, _ entry: TokenLogEntry, count: Int, threshold: Int, within seconds: Double
    ) {
        let subject = Subject(kind: kind, organization: entry.organization, address: entry.address)
        makeRoom(for: subject, now: entry.time)
        var found = observations[subject] ?? Observation(firstSeen: entry.time, lastSeen: entry.time)
        if entry.time - found.firstSeen > seconds {
            found = Observation(firstSeen: entry.time, lastSeen: entry.time)
        }
        found.lastSeen = max(found.lastSeen, entry.time)
        found.count += count
        if found.isRaised || found.count >= threshold {
            let seen = found.count
            sight(subject, firstSeen: found.firstSeen, lastSeen: entry.time) { $0 += seen }
            found.count = 0
            found.isRaised = true
        }
        observations[subject] = found
    }

    private mutating func sight(
        _ subject: Subject, firstSeen: Double, lastSeen: Double, _ count: (inout Int) -> Void
    ) {
        var sighting =
            sightings[subject]
            ?? AlertSighting(
                kind: subject.kind, organization: subject.organization, subject: subject.address, firstSeen: firstSeen,
                lastSeen: lastSeen, count: 0)
        sighting.lastSeen = max(sighting.lastSeen, lastSeen)
        count(&sighting.count)
        sightings[subject] = sighting
    }

    private mutating func makeRoom(for subject: Subject, now: Double) {
        guard observations.count >= Self.maximumSubjects, observations[subject] == nil else { return }
        let start = now - thresholds.windowSeconds
        observations = observations.filter { $0.value.lastSeen > start }
        guard observations.count > Self.maximumSubjects / 2 else { return }
        let kept = observations.sorted { $0.value.lastSeen > $1.value.lastSeen }.prefix(Self.maximumSubjects / 2)
        observations = Dictionary(uniqueKeysWithValues: kept.map { ($0.key, $0.value) })
    }

    private static let hashMismatch = "user_hash_mismatch"
    private static let badSignature = "token_signature_mismatch"
}
