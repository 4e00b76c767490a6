import Testing
import UserDirectory

@Suite("Token log") struct TokenLogConformance {
    @Test("A row comes back as it was written", arguments: TelemetryFactory.all)
    func roundTrip(_ factory: TelemetryFactory) async throws {
        let place = try Place()
        let store = try factory.open(place)
        var entry = TokenLogEntry(
            time: 1234.5, organization: "acme", code: "token_expired", warnings: ["extra_dropped", "other"],
            user: "usr_1", keyID: "key_1", address: "2001:db8::1", origin: "https://app.acme.test", source: .callback,
            standsFor: 77)
        try await store.append([entry, .row(at: 1235)], repeats: [])
        let rows = try await store.tokenLog(TokenLogFilter(), before: nil, limit: 10)
        entry.id = try #require(rows.last).id
        #expect(rows.count == 2)
        #expect(rows.last == entry)
        #expect(rows.first?.user == nil && rows.first?.origin == nil && rows.first?.keyID == nil)
        #expect(try await store.newestTokenLogID() == rows.first?.id)
        // Opened again, it has what it had.
        #expect(try await factory.open(place).tokenLog(TokenLogFilter(), before: nil, limit: 10) == rows)
    }

    @Test(
        "Pages go back from the newest row and miss none, and following sees each new row once",
        arguments: TelemetryFactory.all)
    func paging(_ factory: TelemetryFactory) async throws {
        let store = try factory.open(try Place())
        try await store.append((0..<25).map { .row(at: Double($0)) }, repeats: [])
        var times: [Double] = []
        var cursor: Int64?
        while true {
            let page = try await store.tokenLog(TokenLogFilter(organization: "acme"), before: cursor, limit: 10)
            guard let last = page.last else { break }
            times += page.map(\.time)
            cursor = last.id
        }
        #expect(times == (0..<25).reversed().map(Double.init))

        let newest = try await store.newestTokenLogID()
        try await store.append([.row(at: 100), .row(at: 101), .row(at: 102, organization: "other")], repeats: [])
        let filter = TokenLogFilter(organization: "acme")
        #expect(try await store.tokenLog(filter, after: newest, limit: 10).map(\.time) == [100, 101])
        #expect(try await store.tokenLog(filter, after: newest, limit: 1).map(\.time) == [100])
    }

    @Test("Following misses no row while several gateways write", arguments: TelemetryFactory.all)
    func following(_ factory: TelemetryFactory) async throws {
        let place = try Place()
        let reader = try factory.open(place)
        let writers = try (0..<3).map { _ in try factory.open(place) }
        let seen = try await withThrowingTaskGroup(of: [TokenLogEntry].self) { group in
            for (number, writer) in writers.enumerated() {
                group.addTask {
                    for round in 0..<40 {
                        try await writer.append(
                            (0..<5).map { .row(at: Double(1000 * number + 5 * round + $0)) }, repeats: [])
                    }
                    return []
                }
            }
            group.addTask {
                var seen: [TokenLogEntry] = []
                while seen.count < 600 {
                    let rows = try await reader.tokenLog(TokenLogFilter(), after: seen.last?.id ?? 0, limit: 50)
                    seen += rows
                    // Whoever has missed one would wait for it forever.
                    if rows.isEmpty, try await reader.newestTokenLogID() >= 600,
                        try await reader.tokenLog(TokenLogFilter(), before: nil, limit: 1000).count == 600
                    {
                        break
                    }
                }
                return seen
            }
            return try await group.reduce([], +)
        }
        // What came after the last look is no miss.
        let rest = try await reader.tokenLog(TokenLogFilter(), after: seen.last?.id ?? 0, limit: 1000)
        #expect(Set((seen + rest).map(\.time)).count == 600)
    }

    /// Each filter with the indexes (from 0) of the rows that it must find, newest first.
    private static let filters: [(TokenLogFilter, [Int])] = [
        (TokenLogFilter(), [6, 5, 4, 3, 2, 1, 0]),
        (TokenLogFilter(organization: "acme"), [5, 4, 3, 2, 1, 0]),
        (TokenLogFilter(organization: "acme", code: "accepted"), [2, 0]),
        (TokenLogFilter(organization: "acme", code: "token_expired"), [4, 1]),
        (TokenLogFilter(code: "token_expired"), [4, 1]),
        (TokenLogFilter(organization: "acme", accepted: false), [5, 4, 3, 1]),
        (TokenLogFilter(accepted: true), [6, 2, 0]),
        (TokenLogFilter(organization: "acme", user: "usr_1"), [0]),
        (TokenLogFilter(user: "usr_1"), [6, 0]),
        (TokenLogFilter(address: "192.0.2.9"), [6, 4]),
        (TokenLogFilter(organization: "acme", address: "192.0.2.9"), [4]),
        (TokenLogFilter(since: 200), [6, 5, 4, 3, 2]),
        (TokenLogFilter(until: 200), [1, 0]),
        (TokenLogFilter(organization: "acme", since: 100, until: 400), [3, 2, 1]),
        (TokenLogFilter(since: 9000), []),
        (TokenLogFilter(originText: "APP.acme"), [3, 0]),
        (TokenLogFilter(originText: "%"), []),
        (TokenLogFilter(organization: "nobody"), []),
        (TokenLogFilter(organization: "acme", code: "accepted", user: "usr_2", address: "192.0.2.1", since: 100), [2]),
    ]

    @Test("Filters find their rows and no others", arguments: TelemetryFactory.all, filters)
    func filtering(_ factory: TelemetryFactory, _ filter: (TokenLogFilter, [Int])) async throws {
        let store = try factory.open(try Place())
        try await store.append(
            [
                .row(at: 0, user: "usr_1", origin: "https://app.acme.test"),
                .row("token_expired", at: 100),
                .row(at: 200, user: "usr_2", origin: "https://other.test"),
                .row("token_signature_mismatch", at: 300, origin: "https://App.Acme.test"),
                .row("token_expired", at: 400, address: "192.0.2.9"),
                .row("user_blocked", at: 500),
                .row(at: 600, organization: "other", user: "usr_1", address: "192.0.2.9"),
            ], repeats: [])
        let rows = try await store.tokenLog(filter.0, before: nil, limit: 100)
        #expect(rows.map { Int($0.time) / 100 } == filter.1)
        let followed = try await store.tokenLog(filter.0, after: 0, limit: 100)
        #expect(followed.map { Int($0.time) / 100 } == filter.1.reversed())
    }

    @Test("What is too old goes, and nothing else", arguments: TelemetryFactory.all)
    func age(_ factory: TelemetryFactory) async throws {
        let store = try factory.open(try Place())
        let now = 100 * 86400.0
        let limits = TokenLogLimits(days: 30, rows: 10_000)
        // More than one batch.
        try await store.append((0..<1201).map { .row(at: now - 30 * 86400 - 1 - Double($0)) }, repeats: [])
        try await store.append([.row(at: now - 30 * 86400), .row(at: now)], repeats: [])
        #expect(try await store.trimTokenLog(to: limits, now: now) == 1201)
        #expect(try await store.tokenLog(TokenLogFilter(), before: nil, limit: 10).count == 2)
        #expect(try await store.trimTokenLog(to: limits, now: now) == 0)
    }

    @Test("Where there is too much, who has most loses the oldest", arguments: TelemetryFactory.all)
    func size(_ factory: TelemetryFactory) async throws {
        let store = try factory.open(try Place())
        let flood = "token_signature_mismatch"
        try await store.append((0..<20).map { .row(at: Double($0), organization: "quiet") }, repeats: [])
        try await store.append((0..<30).map { .row(at: Double($0)) }, repeats: [])
        try await store.append((0..<2000).map { .row(flood, at: Double($0)) }, repeats: [])
        try await store.trimTokenLog(to: TokenLogLimits(days: 30, rows: 100), now: 3000)
        #expect(try await store.tokenLog(TokenLogFilter(organization: "quiet"), before: nil, limit: 999).count == 20)
        #expect(try await store.tokenLog(TokenLogFilter(accepted: true), before: nil, limit: 999).count == 50)
        let left = try await store.tokenLog(TokenLogFilter(code: flood), before: nil, limit: 999)
        #expect(left.map(\.time) == (1950..<2000).reversed().map(Double.init))
    }

    @Test("Repeats of an hour add up and come newest first", arguments: TelemetryFactory.all)
    func repeats(_ factory: TelemetryFactory) async throws {
        let store = try factory.open(try Place())
        func repeated(_ user: String, _ hour: Double, _ count: Int, _ organization: String = "acme") -> TokenRepeats {
            TokenRepeats(organization: organization, user: user, hour: hour, count: count)
        }
        try await store.append([], repeats: [repeated("usr_1", 3600, 64), repeated("usr_2", 3600, 64)])
        try await store.append([], repeats: [repeated("usr_1", 3600, 128), repeated("usr_1", 7200, 64)])
        try await store.append([], repeats: [repeated("usr_1", 7200, 1, "other")])
        #expect(
            try await store.tokenRepeats(of: "acme", user: "usr_1", since: 0)
                == [repeated("usr_1", 7200, 64), repeated("usr_1", 3600, 192)])
        #expect(try await store.tokenRepeats(of: "acme", user: "usr_1", since: 3601).count == 1)
        try await store.trimTokenLog(to: TokenLogLimits(days: 1), now: 86400 + 7200)
        #expect(try await store.tokenRepeats(of: "acme", user: "usr_1", since: 0) == [repeated("usr_1", 7200, 64)])
    }

    @Test("An organization, and a user, can be forgotten", arguments: TelemetryFactory.all)
    func forgetting(_ factory: TelemetryFactory) async throws {
        let store = try factory.open(try Place())
        try await store.append(
            [
                .row(user: "usr_1"), .row(user: "usr_2", address: "192.0.2.2"),
                .row(organization: "other", user: "usr_3"),
            ],
            repeats: [TokenRepeats(organization: "acme", user: "usr_1", hour: 0, count: 64)])
        var users = DistinctCount()
        users.insert("usr_1".utf8)
        let examples = ["usr_1", "usr_2"].map { RefusalExample(subject: $0, path: "/", time: 1) }
        try await store.add([
            HourlyFigures(
                organization: "acme", hour: 0,
                refusals: [
                    WouldBeRefusals(
                        rule: .updateOnly, code: "user_unknown", origin: "-", requests: 2, users: users,
                        examples: examples)
                ])
        ])
        try await store.forgetTelemetry(ofUser: "usr_1", of: "acme")
        let rows = try await store.tokenLog(TokenLogFilter(organization: "acme"), before: nil, limit: 10)
        #expect(rows.map(\.user) == ["usr_2", nil])
        #expect(rows.map(\.address) == ["192.0.2.2", ""])
        #expect(try await store.tokenRepeats(of: "acme", user: "usr_1", since: 0).isEmpty)
        let report = try await store.enforcementReport(of: "acme", now: 1800)
        #expect(report.rules[2].lastHour.reasons.first?.examples.map(\.subject) == ["usr_2"])

        try await store.raise([
            AlertSighting(
                kind: .badSignatures, organization: "acme", subject: "192.0.2.1", firstSeen: 1, lastSeen: 2, count: 3)
        ])
        try await store.forgetTelemetry(of: "acme")
        #expect(try await store.tokenLog(TokenLogFilter(), before: nil, limit: 10).map(\.organization) == ["other"])
        #expect(try await store.alerts(of: nil, since: nil, limit: 10).isEmpty)
        #expect(try await store.enforcementReport(of: "acme", now: 1800).rules[2].lastWeek == RuleFigures())
    }
}
