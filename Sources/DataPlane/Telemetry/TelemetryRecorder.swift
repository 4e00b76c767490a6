import EventLoop
import HTTPMessages
import IdentityCore
import UserDirectory

/// One worker's account of tokens and rules: what happened is written down in fixed memory here, and taken from here
/// each second. Confined to its worker's thread.
final class TelemetryRecorder {
    /// Acceptances of remembered tokens that one record stands for, on average.
    static let hitsPerSample = 64
    private static let recordsPerTake = 4096
    private static let pendingPerTake = 512

    var rate = TokenLogRate()

    private var records = TokenRecords(capacity: recordsPerTake)
    /// Each stands for what has no record of its own.
    private var sums = TokenRecords(capacity: pendingPerTake)
    private var tallies: [OrganizationTally?]
    private var lost: UInt64 = 0
    private var takes: UInt64 = 1
    private var hitsToSkip = hitsPerSample
    private var random: UInt64 = 0x9E37_79B9_7F4A_7C15

    init(organizations: Int) { tallies = Array(repeating: nil, count: organizations) }

    /// Goes on with another snapshot's organizations. What was counted of those that are gone is forgotten.
    func use(_ organizations: [OrganizationSnapshot]) {
        var known: [String: OrganizationTally] = [:]
        for case let tally? in tallies { known[tally.id] = tally }
        tallies =
            known.isEmpty
            ? Array(repeating: nil, count: organizations.count) : organizations.map { known[$0.settings.id] }
    }

    /// The tally of the organization at `index`, which is `id`'s. `now` is in milliseconds of the loop's clock.
    func tally(_ index: Int, _ id: @autoclosure () -> String, now: UInt64) -> OrganizationTally {
        if let known = tallies[index] { return known }
        let made = OrganizationTally(id: id(), rate: rate, now: now)
        tallies[index] = made
        return made
    }

    /// Whether a remembered token that is accepted now is the one that stands for its like.
    func samplesHit() -> Bool {
        hitsToSkip -= 1
        guard hitsToSkip <= 0 else { return false }
        // At no fixed distance, so that nobody's rhythm falls in with it.
        random ^= random << 13
        random ^= random >> 7
        random ^= random << 17
        hitsToSkip = 1 + Int(random % UInt64(2 * Self.hitsPerSample - 1))
        return true
    }

    /// Writes a row, or adds to the one that stands for all of its code that have none.
    ///
    /// - Parameters:
    ///   - now: milliseconds of the loop's clock.
    ///   - mayTakeRow: whether it may have a row of its own.
    ///   - facts: asked only where they are wanted.
    func record(
        _ tally: OrganizationTally, _ code: UInt8, _ entryClass: EntryClass, now: UInt64, origin: Bytes?,
        mayTakeRow: Bool = true, facts: () -> TokenRecords.Facts
    ) {
        tally.count(code)
        if mayTakeRow, tally.takesRow(entryClass, rate: rate, now: now), records.append(facts(), origin: origin) != nil
        {
            return
        }
        if let position = tally.pending(code, take: takes) { return sums.addOne(to: position) }
        guard let position = sums.append(facts(), origin: origin) else {
            lost += 1
            return
        }
        tally.setPending(code, position, take: takes)
    }

    /// Writes a record that stands for the acceptances of remembered tokens since the last one.
    func recordRepeat(_ facts: borrowing TokenRecords.Facts, origin: Bytes?) {
        // Never the last room: what is seen for the first time comes first.
        guard records.count < records.capacity / 2 else { return }
        _ = records.append(facts, origin: origin)
    }

    /// Everything since the last take. `now` is in seconds since 1970.
    func take(now: Double) -> TelemetryBatch {
        defer {
            takes += 1
            lost = 0
        }
        return TelemetryBatch(
            rows: records.take(), sums: sums.take(), figures: tallies.compactMap { $0?.take(now: now) }, lost: lost)
    }
}

/// What one worker has written down in about a second.
package struct TelemetryBatch: Sendable {
    /// Records of one presentation each, and of remembered tokens.
    var rows: [UInt8]
    /// Records that stand for presentations that have none.
    var sums: [UInt8]
    var figures: [HourlyFigures]
    /// Presentations that not even a sum could be found room for.
    var lost: UInt64
}
