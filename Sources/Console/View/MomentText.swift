import Foundation

/// A moment as the partial `time` shows it: how far away, with the date as its title.
struct MomentText: Sendable {
    /// For `datetime`: `2026-01-31T12:00:00Z`.
    let iso: String
    /// `31 Jan 2026, 12:00:00 UTC`
    let date: String
    /// `3 minutes ago`, `in 2 days`.
    let distance: String

    /// - Parameters: in seconds since 1970.
    init(_ moment: Double, now: Double) {
        // What a token says may lie anywhere; a date is made of what fits in one.
        let seconds = Int64(max(-62_135_596_800, min(253_402_300_799, moment)).rounded(.down))
        let date = Date(timeIntervalSince1970: Double(seconds))
        iso = date.formatted(.iso8601)
        let calendar = Self.calendar.dateComponents([.year, .month, .day, .hour, .minute, .second], from: date)
        self.date =
            "\(calendar.day ?? 0) \(Self.months[(calendar.month ?? 1) - 1]) \(calendar.year ?? 0), "
            + [calendar.hour, calendar.minute, calendar.second].map { Self.twoDigits($0 ?? 0) }.joined(separator: ":")
            + " UTC"
        distance = Self.distance(moment - now)
    }

    init?(_ moment: Double?, now: Double) {
        guard let moment else { return nil }
        self.init(moment, now: now)
    }

    /// `31 Jan`, in UTC, of seconds since 1970.
    static func day(_ moment: Double) -> String {
        let parts = calendar.dateComponents([.month, .day], from: Date(timeIntervalSince1970: moment))
        return "\(parts.day ?? 0) \(months[(parts.month ?? 1) - 1])"
    }

    /// `12:00`, in UTC, of seconds since 1970.
    static func clock(_ moment: Double) -> String {
        let parts = calendar.dateComponents([.hour, .minute], from: Date(timeIntervalSince1970: moment))
        return twoDigits(parts.hour ?? 0) + ":" + twoDigits(parts.minute ?? 0)
    }

    /// In words, of seconds: ahead where positive.
    static func distance(_ seconds: Double) -> String {
        let size = abs(seconds)
        guard size >= 1 else { return "now" }
        guard size < 3_153_600_000_000 else { return seconds < 0 ? "ages ago" : "in ages" }
        let units: [(String, Double)] = [
            ("year", 31_536_000), ("month", 2_592_000), ("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1),
        ]
        let (name, length) = units.first { size >= $0.1 } ?? ("second", 1)
        let count = Int(size / length)
        let text = "\(count) \(name)\(count == 1 ? "" : "s")"
        return seconds < 0 ? text + " ago" : "in " + text
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    private static let calendar: Calendar = {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        return calendar
    }()

    private static func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

/// The link to a list's next page, for the partial `pager`.
struct Pager: Sendable {
    /// Nil: there is none.
    let next: String?
    /// Back to the first page; nil: this is it.
    let first: String?

    /// - Parameters:
    ///   - path: of the list.
    ///   - query: its filter; `cursor` is added.
    ///   - cursor: of this page; nil: the first.
    init(_ path: String, query: [(String, String?)], cursor: String?, next: String?) {
        func address(_ cursor: String?) -> String { ConsoleAddress.query(path, query + [("cursor", cursor)]) }
        self.next = next.map { address($0) }
        first = cursor == nil ? nil : address(nil)
    }
}

extension Int {
    /// With a thin space between groups of three digits: `1 000 000`.
    var grouped: String {
        var digits = Array(String(magnitude))
        for index in stride(from: digits.count - 3, to: 0, by: -3) { digits.insert("\u{2009}", at: index) }
        return (self < 0 ? "−" : "") + String(digits)
    }
}
