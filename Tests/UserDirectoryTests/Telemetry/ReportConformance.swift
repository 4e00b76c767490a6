import IdentityCore
import Testing
import UserDirectory

@Suite("Figures of rules") struct ReportConformance {
    private static let hour = 3600.0
    /// Half past an hour.
    private static let now = 1000 * hour + 1800

    private static func refusals(
        _ rule: EnforcementRule = .requireUserHash, _ code: String = "user_hash_missing", origin: String = "-",
        users: Range<Int>, requests: Int
    ) -> WouldBeRefusals {
        var counted = DistinctCount()
        for user in users { counted.insert("usr_\(user)".utf8) }
        return WouldBeRefusals(
            rule: rule, code: code, origin: origin, requests: requests, users: counted,
            examples: [RefusalExample(subject: "usr_\(users.lowerBound)", path: "/p", time: 1)])
    }

    private static func figures(hoursAgo: Double, _ refusals: [WouldBeRefusals], traffic: Traffic = Traffic())
        -> HourlyFigures
    {
        HourlyFigures(
            organization: "acme", hour: HourlyFigures.hour(of: now - hoursAgo * hour), traffic: traffic,
            refusals: refusals)
    }

    @Test(arguments: [(0, 0), (3599.9, 0), (3600, 3600), (7199, 3600)])
    func `hours begin when they do`(_ time: Double, _ hour: Double) { #expect(HourlyFigures.hour(of: time) == hour) }

    @Test("Hour, day and week hold what belongs to them, and users are counted once", arguments: TelemetryFactory.all)
    func windows(_ factory: TelemetryFactory) async throws {
        let store = try factory.open(try Place())
        let traffic = Traffic(requests: 100, identified: 60, tokens: 50, userHashes: 40, admissions: 5)
        // Each with users of its own and ten that all share.
        for (hoursAgo, users) in [
            (0.0, 0..<20), (1, 10..<30), (2, 10..<40), (24, 10..<50), (30, 10..<60), (168, 10..<70),
        ] {
            try await store.add([
                Self.figures(hoursAgo: hoursAgo, [Self.refusals(users: users, requests: 100)], traffic: traffic)
            ])
        }
        try await store.add([Self.figures(hoursAgo: 169, [Self.refusals(users: 900..<901, requests: 7)])])
        let report = try await store.enforcementReport(of: "acme", now: Self.now)
        #expect(report.rules.map(\.rule) == EnforcementRule.allCases)
        let rule = report.rules[1]
        #expect(rule.lastHour.wouldRefuse == 200 && rule.lastHour.users == 30)
        #expect(rule.lastDay.wouldRefuse == 400 && rule.lastDay.users == 50)
        #expect(rule.lastWeek.wouldRefuse == 600 && rule.lastWeek.users == 70)
        #expect(rule.lastHour.requests == 100 && rule.lastHour.satisfied == 80)
        #expect(rule.lastHour.satisfiedShare == 0.8)
        #expect(report.rules[0].lastDay.requests == 400 && report.rules[0].lastDay.satisfied == 240)
        #expect(report.rules[2].lastWeek.requests == 30 && report.rules[2].lastWeek.satisfied == 30)
        #expect(try await store.enforcementReport(of: "other", now: Self.now).rules[1].lastWeek == RuleFigures())
    }

    @Test("Reasons are told apart by code and origin, the most frequent first", arguments: TelemetryFactory.all)
    func reasons(_ factory: TelemetryFactory) async throws {
        let store = try factory.open(try Place())
        try await store.add([
            Self.figures(
                hoursAgo: 0,
                [
                    Self.refusals(origin: "https://a.test", users: 0..<2, requests: 3),
                    Self.refusals(origin: "https://b.test", users: 1..<4, requests: 9),
                    Self.refusals(.requireUserHash, "user_hash_subject_missing", users: 5..<6, requests: 1),
                    Self.refusals(.requireIdentify, "identify_required", users: 0..<1, requests: 50),
                ])
        ])
        try await store.add([
            Self.figures(hoursAgo: 0, [Self.refusals(origin: "https://a.test", users: 7..<8, requests: 4)])
        ])
        let figures = try await store.enforcementReport(of: "acme", now: Self.now).rules[1].lastHour
        #expect(figures.wouldRefuse == 17 && figures.users == 6)
        #expect(figures.reasons.map(\.origin) == ["https://b.test", "https://a.test", "-"])
        #expect(figures.reasons.map(\.requests) == [9, 7, 1])
        #expect(figures.reasons.map(\.users) == [3, 3, 1])
        #expect(figures.reasons[1].examples.map(\.subject) == ["usr_0", "usr_7"])
    }

    @Test("Origins beyond a number are one", arguments: TelemetryFactory.all)
    func origins(_ factory: TelemetryFactory) async throws {
        let store = try factory.open(try Place())
        for number in 0..<50 {
            try await store.add([
                Self.figures(
                    hoursAgo: 0,
                    [Self.refusals(origin: "https://\(number).test", users: number..<number + 1, requests: 1)])
            ])
        }
        let figures = try await store.enforcementReport(of: "acme", now: Self.now).rules[1].lastHour
        #expect(figures.wouldRefuse == 50 && figures.users == 50)
        #expect(figures.reasons.count == 33)
        #expect(figures.reasons.first?.origin == WouldBeRefusals.otherOrigins)
        #expect(figures.reasons.first?.requests == 18)
        #expect(figures.reasons.allSatisfy { $0.examples.count <= WouldBeRefusals.maximumExamples })
    }

    @Test(
        "What gateways add at once is all there, and users whom several saw count once", arguments: TelemetryFactory.all
    )
    func merging(_ factory: TelemetryFactory) async throws {
        let place = try Place()
        let stores = try (0..<3).map { _ in try factory.open(place) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, store) in stores.enumerated() {
                group.addTask {
                    for round in 0..<10 {
                        // Of 400 users, 200 are seen by this one alone.
                        let own = 1000 * number + 20 * round
                        let parts = [own..<own + 20, 9000 + 20 * round..<9020 + 20 * round]
                        try await store.add(
                            parts.map {
                                Self.figures(
                                    hoursAgo: 0, [Self.refusals(users: $0, requests: 20)],
                                    traffic: Traffic(tokens: 20))
                            })
                    }
                }
            }
            try await group.waitForAll()
        }
        let figures = try await stores[0].enforcementReport(of: "acme", now: Self.now).rules[1].lastHour
        #expect(figures.wouldRefuse == 1200 && figures.requests == 1200)
        // 800 users: an estimate beyond `DistinctCount.exactLimit`, of which 10 % is more than four standard errors.
        #expect(abs(figures.users - 800) < 80, "\(figures.users)")
    }

    @Test("Outcomes add up by hour and code, and go when they are old", arguments: TelemetryFactory.all)
    func outcomes(_ factory: TelemetryFactory) async throws {
        let store = try factory.open(try Place())
        let start = HourlyFigures.hour(of: Self.now)
        func add(_ hour: Double, _ outcomes: [String: Int]) async throws {
            try await store.add([HourlyFigures(organization: "acme", hour: hour, outcomes: outcomes)])
        }
        try await add(start - Self.hour, ["accepted": 5])
        try await add(start, ["accepted": 1, "token_expired": 2])
        try await add(start, ["accepted": 10])
        #expect(
            try await store.outcomes(of: "acme", since: start - Self.hour, until: start + Self.hour) == [
                HourlyOutcome(hour: start - Self.hour, code: "accepted", count: 5),
                HourlyOutcome(hour: start, code: "accepted", count: 11),
                HourlyOutcome(hour: start, code: "token_expired", count: 2),
            ])
        #expect(try await store.outcomes(of: "acme", since: start - 1, until: start).isEmpty)
        try await store.trimFigures(now: start + HourlyFigures.outcomeDays * 86400)
        #expect(try await store.outcomes(of: "acme", since: 0, until: start + 1).map(\.hour) == [start, start])
    }

    @Test("A rule that begins to be enforced has consequences where it would have refused anybody")
    func consequences() {
        let before = OrganizationSettings(id: "acme")
        var after = before
        after.requireUserHash = .enforce
        func report(_ count: Int) -> EnforcementReport {
            let figures = RuleFigures(wouldRefuse: count)
            return EnforcementReport(
                organization: "acme", at: 0,
                rules: EnforcementRule.allCases.map {
                    RuleReport(rule: $0, lastHour: figures, lastDay: figures, lastWeek: figures)
                })
        }
        let found = EnforcementChange.consequences(of: after, before: before, by: report(3))
        #expect(found.map(\.rule) == [.requireUserHash])
        #expect(EnforcementChange.consequences(of: after, before: before, by: report(0)).isEmpty)
        #expect(EnforcementChange.consequences(of: after, before: after, by: report(3)).isEmpty)
        #expect(EnforcementChange.consequences(of: before, before: after, by: report(3)).isEmpty)
        after.identifyMode = .updateOnly
        after.requireIdentify = .enforce
        #expect(EnforcementChange.consequences(of: after, before: before, by: report(1)).count == 3)
    }

    @Test("The directory says who came within seven days", arguments: StoreFactory.all)
    func census(_ factory: StoreFactory) async throws {
        let (store, place) = try await factory.fresh()
        guard let census = store as? any UserStore & UserCensus else { return }
        func add(_ emails: [String]) async throws {
            let profiles = emails.map { email in
                var profile = UserProfile()
                profile.email = email
                return profile
            }
            _ = try await store.importUsers(profiles, into: "acme")
        }
        try await add(["a@example.test", "b@example.test"])
        place.pass(8 * 86400)
        try await add(["c@example.test"])
        #expect(
            try await UpdateOnlyDryRun.of("acme", in: census, now: place.now)
                == UpdateOnlyDryRun(known: 3, createdLastWeek: 1))
    }
}
