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
        /// When it is to be asked what other gateways have seen.
        var askAt = 0.0
        /// How often that was asked since this gateway has seen more.
        var asked = 0
    }

    /// Questions at once. What there is no room for waits for its turn.
    static let maximumQuestions = 8
    /// How often is asked without anything new: others' rows may be under way.
    private static let maximumAsked = 5

    let thresholds: AlertThresholds
    /// How many gateways share what is seen. Where all together have seen enough, one has seen its share of that.
    var gateways = 1
    /// Of which this gateway has seen its share.
    private var candidates: Set<Subject> = []
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
        let isNew = found.users.updateValue(entry.time, forKey: DistinctCount.hash(user.utf8)) == nil
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
        } else if isNew, gateways > 1, count * gateways > thresholds.usersPerAddress {
            propose(subject, &found, at: entry.time)
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
        } else if gateways > 1, found.count * gateways >= threshold {
            propose(subject, &found, at: entry.time)
        }
        observations[subject] = found
    }

    // MARK: With other gateways

    private mutating func propose(_ subject: Subject, _ found: inout Observation, at time: Double) {
        candidates.insert(subject)
        found.asked = 0
        found.askAt = max(found.askAt, time)
    }

    /// What to ask of the log that all gateways write, at `now`. Give each answer to `take`.
    mutating func takeQuestions(now: Double) -> [SightingQuestion] {
        var questions: [SightingQuestion] = []
        for subject in candidates.sorted(by: { askAt($0) < askAt($1) }) {
            guard questions.count < Self.maximumQuestions, askAt(subject) <= now else { break }
            let since = now - window(of: subject.kind)
            guard var found = observations[subject], found.lastSeen >= since, !found.isRaised,
                found.asked < Self.maximumAsked
            else {
                candidates.remove(subject)
                continue
            }
            // Others' rows may be under way: it is asked again after two seconds, after four, and so on.
            found.askAt = now + Double(2 << found.asked)
            found.asked += 1
            observations[subject] = found
            questions.append(
                SightingQuestion(
                    kind: subject.kind, organization: subject.organization, address: subject.address, since: since))
        }
        return questions
    }

    /// What all gateways have seen. Returns what there is to raise.
    mutating func take(_ count: Int, answering question: SightingQuestion) -> AlertSighting? {
        let subject = Subject(
            kind: question.kind, organization: question.organization, address: question.address)
        let isEnough =
            question.kind == .manyUsers ? count > thresholds.usersPerAddress : count >= thresholds.badSignatures
        guard isEnough, var found = observations[subject] else { return nil }
        candidates.remove(subject)
        if question.kind == .badSignatures {
            found.count = 0
            found.isRaised = true
            observations[subject] = found
        }
        return AlertSighting(
            kind: question.kind, organization: question.organization, subject: question.address,
            firstSeen: max(found.firstSeen, question.since), lastSeen: found.lastSeen, count: count, isTotal: true)
    }

    private func askAt(_ subject: Subject) -> Double { observations[subject]?.askAt ?? 0 }

    private func window(of kind: AlertKind) -> Double {
        kind == .manyUsers ? thresholds.windowSeconds : thresholds.badSignatureSeconds
    }

    // MARK: Keeping

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
        candidates = candidates.filter { observations[$0] != nil }
    }

    private static let hashMismatch = AlertKind.userHashMismatch.code
    private static let badSignature = AlertKind.badSignatures.code
}
