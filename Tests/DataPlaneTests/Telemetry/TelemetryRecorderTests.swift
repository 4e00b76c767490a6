import HTTPMessages
import IdentityCore
import Testing
import UserDirectory

@testable import DataPlane

@Suite("Telemetry of a worker") struct TelemetryRecorderTests {
    private static let forged = RejectionCode.tokenSignatureMismatch

    private static func facts(
        _ code: UInt8, at time: Double = 1000, organization: String = "acme", user: String? = nil,
        address: String = "192.0.2.1"
    ) -> TokenRecords.Facts {
        TokenRecords.Facts(
            time: time, code: code, warnings: user == nil ? [] : [.extraDropped],
            source: TokenSource.header.position, organization: organization, user: user,
            keyID: user == nil ? nil : "key_1", address: address)
    }

    private static func rows(_ batch: TelemetryBatch) -> [TokenLogEntry] {
        var rows: [TokenLogEntry] = []
        for records in [batch.rows, batch.sums] { TokenRecords.read(records) { entry, _ in rows.append(entry) } }
        return rows
    }

    @Test("A code's position is its place among all", arguments: Array(RejectionCode.allCases.enumerated()))
    func positions(_ position: Int, _ code: RejectionCode) {
        #expect(Int(code.position) == position)
        #expect(RejectionCode.at(UInt8(position)) == code)
        #expect(RejectionCode.allCases.count < Int(TokenRecords.repeated))
    }

    @Test(arguments: TokenSource.allCases)
    func `a way to come survives`(_ source: TokenSource) { #expect(TokenSource(position: source.position) == source) }

    @Test(arguments: EnforcementRule.allCases)
    func `a rule survives`(_ rule: EnforcementRule) { #expect(EnforcementRule(position: rule.position) == rule) }

    @Test("A record says what was written, and cuts what is too long")
    func roundTrip() {
        var records = TokenRecords(capacity: 2)
        let long = String(repeating: "o", count: 300)
        #expect(
            withBytes("https://app.acme.test") { records.append(Self.facts(255, user: "usr_1"), origin: $0) } == 0)
        #expect(
            withBytes("a b\"\u{1b}[2J\n" + long) {
                records.append(Self.facts(Self.forged.position, organization: long, address: long), origin: $0)
            } == 1)
        #expect(records.append(Self.facts(0), origin: nil) == nil, "there is no room")
        records.addOne(to: 1)
        var read: [TokenLogEntry] = []
        TokenRecords.read(records.take()) { entry, isRepeated in
            #expect(!isRepeated)
            read.append(entry)
        }
        #expect(
            read.first
                == TokenLogEntry(
                    time: 1000, organization: "acme", code: "accepted", warnings: ["extra_dropped"], user: "usr_1",
                    keyID: "key_1", address: "192.0.2.1", origin: "https://app.acme.test", source: .header))
        #expect(read.last?.code == "token_signature_mismatch" && read.last?.standsFor == 2)
        #expect(read.last?.organization.count == 64 && read.last?.address.count == 48)
        #expect(read.last?.origin?.hasPrefix("a%20b%22%1B[2J%0Ao") == true)
        #expect(records.count == 0)
    }

    @Test("Past a rate rows stand for several, and together for all")
    func sampling() {
        let recorder = TelemetryRecorder(organizations: 1)
        recorder.rate = TokenLogRate(entriesPerSecond: 200)
        let tally = recorder.tally(0, "acme", now: 0)
        let accepted = TokenRecords.accepted
        for number in 0..<20_000 {
            let now = UInt64(number / 5)  // four seconds
            recorder.record(tally, Self.forged.position, .unverified, now: now, origin: nil) {
                Self.facts(Self.forged.position)
            }
            // A good user now and then, and another code of the same class.
            if number % 200 == 0 {
                recorder.record(tally, accepted, .accepted, now: now, origin: nil) {
                    Self.facts(accepted, user: "usr_1")
                }
            }
            if number % 5000 == 0 {
                recorder.record(tally, RejectionCode.tokenMalformed.position, .unverified, now: now, origin: nil) {
                    Self.facts(RejectionCode.tokenMalformed.position)
                }
            }
        }
        let batch = recorder.take(now: 1000)
        let rows = Self.rows(batch)
        func stand(for code: String) -> Int { rows.filter { $0.code == code }.reduce(0) { $0 + $1.standsFor } }
        #expect(stand(for: "token_signature_mismatch") == 20_000)
        #expect(stand(for: "token_malformed") == 4)
        // A quarter of the rate for four seconds, two seconds' burst, and what stands for the rest.
        #expect((200...310).contains(rows.count(where: { $0.code == "token_signature_mismatch" })))
        #expect(rows.filter { $0.code == "accepted" }.map(\.standsFor) == [Int](repeating: 1, count: 100))
        #expect(batch.lost == 0)
        #expect(
            batch.figures.first?.outcomes
                == ["token_signature_mismatch": 20_000, "accepted": 100, "token_malformed": 4])
        // Nothing is told twice.
        #expect(Self.rows(recorder.take(now: 1001)).isEmpty)
    }

    @Test("One organization's flood leaves another's rows alone, whatever room there is")
    func fairness() {
        let recorder = TelemetryRecorder(organizations: 2)
        recorder.rate = TokenLogRate(entriesPerSecond: 100_000)
        let flooded = recorder.tally(0, "flooded", now: 0)
        let quiet = recorder.tally(1, "quiet", now: 0)
        for _ in 0..<10_000 {
            recorder.record(flooded, Self.forged.position, .unverified, now: 0, origin: nil) {
                Self.facts(Self.forged.position, organization: "flooded")
            }
        }
        recorder.record(quiet, Self.forged.position, .unverified, now: 0, origin: nil) {
            Self.facts(Self.forged.position, organization: "quiet")
        }
        let rows = Self.rows(recorder.take(now: 1000))
        #expect(rows.filter { $0.organization == "quiet" }.map(\.standsFor) == [1])
        #expect(rows.filter { $0.organization == "flooded" }.reduce(0) { $0 + $1.standsFor } == 10_000)
    }

    @Test("What doesn't even fit a sum is counted as lost")
    func loss() {
        let recorder = TelemetryRecorder(organizations: 600)
        recorder.rate = TokenLogRate(entriesPerSecond: 4)
        for organization in 0..<600 {
            let tally = recorder.tally(organization, "org\(organization)", now: 0)
            for _ in 0..<20 {
                recorder.record(tally, Self.forged.position, .unverified, now: 0, origin: nil) {
                    Self.facts(Self.forged.position, organization: "org\(organization)")
                }
            }
        }
        let batch = recorder.take(now: 1000)
        #expect(batch.lost == 88 * 18)
        #expect(Self.rows(batch).reduce(0) { $0 + $1.standsFor } + Int(batch.lost) == 12_000)
        // The next take has room again.
        recorder.record(recorder.tally(0, "org0", now: 0), 0, .refused, now: 0, origin: nil) { Self.facts(0) }
        #expect(Self.rows(recorder.take(now: 1001)).count == 1)
    }

    @Test("One hit in about sixty-four stands for its like")
    func hits() {
        let recorder = TelemetryRecorder(organizations: 0)
        let samples = (0..<64_000).count { _ in recorder.samplesHit() }
        #expect((900...1100).contains(samples), "\(samples)")
    }

    @Test("What was counted stays with its organization when others come and go")
    func snapshots() throws {
        let recorder = TelemetryRecorder(organizations: 1)
        recorder.tally(0, "acme", now: 0).count(TokenRecords.accepted)
        recorder.use([])
        #expect(recorder.take(now: 1).figures.isEmpty, "it is gone")
        recorder.use([])
        #expect(Self.rows(recorder.take(now: 2)).isEmpty)
    }

    @Test("Figures belong to the hour in which they are taken", arguments: [(3599.0, 0.0), (3600, 3600), (7300, 7200)])
    func hours(_ now: Double, _ hour: Double) {
        let tally = OrganizationTally(id: "acme", rate: TokenLogRate(), now: 0)
        #expect(tally.take(now: now) == nil, "nothing was counted")
        tally.count(TokenRecords.accepted)
        tally.countRemembered()
        let figures = tally.take(now: now)
        #expect(figures?.hour == hour && figures?.outcomes == ["accepted": 2])
        #expect(tally.take(now: now) == nil)
    }

    @Test("Would-be refusals are told apart by rule, code and origin, within bounds")
    func refusals() throws {
        let tally = OrganizationTally(id: "acme", rate: TokenLogRate(), now: 0)
        func refuse(_ user: String, from origin: String?, weight: Int = 1) {
            withBytes(user) { user in
                let example = { RefusalExample(subject: user.string, path: "/", time: 1) }
                guard let origin else {
                    return tally.wouldRefuse(
                        .requireUserHash, .userHashMissing, origin: nil, subject: user, weight: weight, example: example
                    )
                }
                withBytes(origin) {
                    tally.wouldRefuse(
                        .requireUserHash, .userHashMissing, origin: $0, subject: user, weight: weight, example: example)
                }
            }
        }
        for user in 0..<10 { for _ in 0..<3 { refuse("usr_\(user)", from: "https://a.test") } }
        refuse("usr_1", from: nil, weight: 64)
        for origin in 0..<100 { refuse("usr_1", from: "https://\(origin).test") }
        let refusals = try #require(tally.take(now: 0)).refusals
        #expect(refusals.count == 18, "sixteen origins, none, and all others")
        let first = try #require(refusals.first { $0.origin == "https://a.test" })
        #expect(first.requests == 30 && first.users.count == 10)
        #expect(Set(first.examples.map(\.subject)).count == 3)
        #expect(refusals.first { $0.origin == "-" }?.requests == 64)
        #expect(refusals.first { $0.origin == "other" }?.requests == 85)
        #expect(refusals.allSatisfy { $0.rule == .requireUserHash && $0.code == "user_hash_missing" })
    }

    @Test(
        "Behind trusted proxies the client is the last address that isn't theirs",
        arguments: [
            ("198.51.100.7", "198.51.100.7"), ("6.6.6.6, 198.51.100.7", "198.51.100.7"),
            ("198.51.100.7, 10.0.0.2 , 10.0.0.3", "198.51.100.7"), ("2001:db8::1", "2001:db8::1"),
            ("6.6.6.6, garbage, 10.0.0.2", nil), ("10.0.0.2", nil), ("", nil), (",,,", nil),
            ("198.51.100.7, 10.0.0.2\u{0}", nil),
        ] as [(String, String?)])
    func proxies(_ field: String, _ expected: String?) {
        let found = withBytes(field) { ForwardedClient.address($0) { $0.first == 10 }?.text }
        #expect(found == expected)
    }
}
