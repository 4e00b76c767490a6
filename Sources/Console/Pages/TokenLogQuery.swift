import Foundation
import IdentityCore
import UserDirectory

/// What the token log is asked for, as its page's address has it.
struct TokenLogQuery: Sendable {
    /// Empty, `accepted`, `refused`, or a rejection's code.
    var outcome: String
    /// Directory id, own id or email.
    var user: String
    var address: String
    /// A part of the origin.
    var origin: String
    /// A span that ends now; empty: any time.
    var within: String
    /// As a browser's date field writes them, in UTC: `2026-01-31T12:00`.
    var since: String
    var until: String

    init(_ query: FormValues) {
        outcome = query.text("outcome", upTo: 40) ?? ""
        user = query.text("user") ?? ""
        address = query.text("address", upTo: 64) ?? ""
        origin = query.text("origin") ?? ""
        within = query.text("within", upTo: 4) ?? ""
        since = query.text("since", upTo: 19) ?? ""
        until = query.text("until", upTo: 19) ?? ""
    }

    static let spans: [(value: String, label: String, seconds: Double)] = [
        ("15m", "Last 15 minutes", 900), ("1h", "Last hour", 3600), ("24h", "Last 24 hours", 86_400),
        ("7d", "Last 7 days", 7 * 86_400), ("30d", "Last 30 days", 30 * 86_400),
    ]

    /// What was asked for, for an address.
    var pairs: [(String, String?)] {
        [
            ("outcome", outcome), ("user", user), ("address", address), ("origin", origin), ("within", within),
            ("since", since), ("until", until),
        ].map { ($0.0, $0.1.isEmpty ? nil : $0.1) }
    }

    var isFiltered: Bool { pairs.contains { $0.1 != nil } }

    /// What can't be understood of it, and was left out; nil: nothing.
    var complaint: String? {
        if !outcome.isEmpty, outcome != "refused", outcome != TokenLogEntry.accepted,
            RejectionCode(rawValue: outcome) == nil
        {
            return "There is no outcome of that name: all are shown."
        }
        for (name, text) in [("From", since), ("Until", until)] where !text.isEmpty && Self.moment(text) == nil {
            return "“\(name)” isn't a date and time such as 2026-01-31T12:00: it was left out."
        }
        if let from = Self.moment(since), let end = Self.moment(until), from >= end {
            return "“From” isn't before “Until”: nothing can fit."
        }
        return nil
    }

    func filter(organization: String, now: Double) -> TokenLogFilter {
        var filter = TokenLogFilter(organization: organization)
        switch outcome {
        case "": break
        case "refused": filter.accepted = false
        case TokenLogEntry.accepted: filter.accepted = true
        default: filter.code = RejectionCode(rawValue: outcome)?.rawValue
        }
        filter.user = user.isEmpty ? nil : user
        filter.address = address.isEmpty ? nil : address
        filter.originText = origin.isEmpty ? nil : origin
        filter.since = Self.moment(since)
        filter.until = Self.moment(until)
        if filter.since == nil, filter.until == nil {
            filter.since = Self.spans.first { $0.value == within }.map { now - $0.seconds }
        }
        return filter
    }

    /// Seconds since 1970 of what a date field sends; nil where it isn't that.
    static func moment(_ text: String) -> Double? {
        guard text.wholeMatch(of: #/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?/#) != nil else {
            return nil
        }
        let whole = (text.utf8.count == 16 ? text + ":00" : text) + "Z"
        guard let date = try? Date(whole, strategy: .iso8601), date.formatted(.iso8601) == whole else { return nil }
        return date.timeIntervalSince1970
    }
}

extension ConsoleAddress {
    /// The token log of an organization, filtered.
    static func tokenLog(_ organization: String, _ query: [(String, String?)]) -> String {
        self.query(self.organization(organization, OrganizationTab.tokenLog.rawValue), query)
    }
}
