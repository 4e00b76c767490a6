import HTTPMessages
import IdentityCore
import UserDirectory

/// What one worker has counted of one organization since its figures were last taken.
///
/// Bounded whatever clients send: origins beyond `maximumOrigins` are one.
final class OrganizationTally {
    static let maximumOrigins = 16
    private static let otherOrigins = UInt8.max

    let id: String
    var traffic = Traffic()

    /// Rows that may still be written now, by class, and when that was worked out: milliseconds of the loop's clock.
    private var budgets: [Double]
    private var budgetAt: UInt64
    /// Where the record is that stands for all of a code that have no row of their own, and of which take it is.
    private var pending = [(position: Int, take: UInt64)](repeating: (0, 0), count: RejectionCode.allCases.count + 1)

    /// By position of the code; accepted ones are the last.
    private var outcomes = [UInt64](repeating: 0, count: RejectionCode.allCases.count + 1)
    /// Accepted tokens that were remembered, beside those in `outcomes`.
    private var remembered: UInt64 = 0
    private var isTouched = false
    /// The first is nobody's: of requests that name none.
    private var origins: [[UInt8]] = [[]]
    private var refusals: [UInt32: Refusals] = [:]

    private struct Refusals {
        var requests = 0
        var users = DistinctCount()
        var examples: [RefusalExample] = []
    }

    init(id: String, rate: TokenLogRate, now: UInt64) {
        self.id = id
        budgets = EntryClass.allCases.map { rate.burst($0) }
        budgetAt = now
    }

    // MARK: Rows

    /// Whether one more row of a class may be written; takes it from the class's budget. `now` is in milliseconds of the
    /// loop's clock.
    func takesRow(_ entryClass: EntryClass, rate: TokenLogRate, now: UInt64) -> Bool {
        if now > budgetAt {
            let seconds = Double(now - budgetAt) / 1000
            for other in EntryClass.allCases {
                budgets[other.rawValue] = min(
                    rate.burst(other), budgets[other.rawValue] + seconds * rate.entriesPerSecond(other))
            }
            budgetAt = now
        }
        guard budgets[entryClass.rawValue] >= 1 else { return false }
        budgets[entryClass.rawValue] -= 1
        return true
    }

    /// The record that stands for all of this code that have no row of their own; nil where there is none yet.
    func pending(_ code: UInt8, take: UInt64) -> Int? {
        let found = pending[slot(code)]
        return found.take == take ? found.position : nil
    }

    func setPending(_ code: UInt8, _ position: Int, take: UInt64) { pending[slot(code)] = (position, take) }

    // MARK: Figures

    func count(_ code: UInt8) {
        isTouched = true
        outcomes[slot(code)] &+= 1
    }

    /// Counts an accepted token that was remembered: the cheapest count there is, since this is the commonest case.
    func countRemembered() {
        isTouched = true
        remembered &+= 1
    }

    func touch() { isTouched = true }

    /// Counts `weight` requests that a rule would have refused. `example` is asked only where it is wanted.
    func wouldRefuse(
        _ rule: EnforcementRule, _ code: RejectionCode, origin: Bytes?, subject: Bytes, weight: Int = 1,
        example: () -> RefusalExample
    ) {
        isTouched = true
        let key = UInt32(rule.position) << 16 | UInt32(code.position) << 8 | UInt32(index(of: origin))
        refusals[key, default: Refusals()].requests += weight
        refusals[key]?.users.insert(DistinctCount.hash(subject))
        guard refusals[key]?.examples.count ?? 0 < WouldBeRefusals.maximumExamples else { return }
        let next = example()
        guard refusals[key]?.examples.contains(where: { $0.subject == next.subject }) == false else { return }
        refusals[key]?.examples.append(next)
    }

    /// What was counted, as part of the hour that `now` (seconds since 1970) lies in; nil where nothing was. Starts anew.
    func take(now: Double) -> HourlyFigures? {
        guard isTouched else { return nil }
        var figures = HourlyFigures(organization: id, hour: HourlyFigures.hour(of: now), traffic: traffic)
        outcomes[outcomes.count - 1] &+= remembered
        remembered = 0
        for (position, count) in outcomes.enumerated() where count > 0 {
            let isAccepted = position == outcomes.count - 1
            figures.outcomes[
                isAccepted ? TokenLogEntry.accepted : RejectionCode.at(UInt8(position)).rawValue] = Int(clamping: count)
            outcomes[position] = 0
        }
        figures.refusals = refusals.compactMap { key, refusals in
            EnforcementRule(position: UInt8(key >> 16)).map {
                WouldBeRefusals(
                    rule: $0, code: RejectionCode.at(UInt8(key >> 8 & 255)).rawValue, origin: name(UInt8(key & 255)),
                    requests: refusals.requests, users: refusals.users, examples: refusals.examples)
            }
        }
        traffic = Traffic()
        refusals.removeAll(keepingCapacity: true)
        origins.removeLast(origins.count - 1)
        isTouched = false
        return figures
    }

    private func slot(_ code: UInt8) -> Int { min(Int(code), outcomes.count - 1) }

    private func index(of origin: Bytes?) -> UInt8 {
        guard let origin, origin.count > 0 else { return 0 }
        let bytes = origin.part(0, min(origin.count, 120))
        for index in 1..<max(1, origins.count) where origins[index].withUnsafeBytes({ bytes.equals($0) }) {
            return UInt8(index)
        }
        guard origins.count <= Self.maximumOrigins else { return Self.otherOrigins }
        origins.append(Array(bytes))
        return UInt8(origins.count - 1)
    }

    private func name(_ index: UInt8) -> String {
        if index == 0 { return WouldBeRefusals.noOrigin }
        guard Int(index) < origins.count else { return WouldBeRefusals.otherOrigins }
        return origins[Int(index)].withUnsafeBytes { PlainText.of($0) }
    }
}

extension EnforcementRule {
    var position: UInt8 { withUnsafeBytes(of: self) { $0[0] } }

    init?(position: UInt8) {
        guard Int(position) < Self.allCases.count else { return nil }
        self = Self.allCases[Int(position)]
    }
}

/// How many rows of the token log one worker may write of one organization.
package struct TokenLogRate: Sendable, Equatable {
    /// Of all classes together.
    package var entriesPerSecond: Double

    /// The share of one worker among `workers` in the rate of an organization.
    package init(entriesPerSecond: Double = 200, workers: Int = 1) {
        self.entriesPerSecond = entriesPerSecond / Double(max(1, workers))
    }

    /// Half for accepted tokens, a quarter for each kind of refusal: none can crowd out another.
    func entriesPerSecond(_ entryClass: EntryClass) -> Double { entriesPerSecond / (entryClass == .accepted ? 2 : 4) }

    /// What may come at once: two seconds' worth, and at least one.
    func burst(_ entryClass: EntryClass) -> Double { max(1, entriesPerSecond(entryClass) * 2) }
}
