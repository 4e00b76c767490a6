import HTTPMessages
import IdentityCore
import Synchronization
import Testing
import UserDirectory

@testable import DataPlane

@Suite("Telemetry collector") struct TelemetryCollectorTests {
    private static func batch(_ rows: Int, repeats: Int = 0, at time: Double = 1000, requests: Int = 0)
        -> TelemetryBatch
    {
        var records = TokenRecords(capacity: rows + repeats)
        for number in 0..<rows + repeats {
            _ = records.append(
                TokenRecords.Facts(
                    time: time, standsFor: number < rows ? 1 : 64,
                    code: number < rows ? RejectionCode.tokenExpired.position : TokenRecords.repeated,
                    source: 0, organization: "acme", user: number < rows ? nil : "usr_1", keyID: nil,
                    address: "192.0.2.1"),
                origin: nil)
        }
        return TelemetryBatch(
            rows: records.take(), sums: [],
            figures: [
                HourlyFigures(
                    organization: "acme", hour: HourlyFigures.hour(of: time), traffic: Traffic(requests: requests),
                    outcomes: ["token_expired": rows])
            ], lost: 0)
    }

    @Test("What comes is stored, repeats by hour, figures summed")
    func storing() async {
        let store = MemoryTelemetry()
        let collector = TelemetryCollector(store: store)
        await collector.finish([Self.batch(3, repeats: 2, requests: 5), Self.batch(2, requests: 7)], now: 1000)
        #expect(store.entries.count == 5)
        #expect(store.repeats == [TokenRepeats(organization: "acme", user: "usr_1", hour: 0, count: 128)])
        #expect(store.figures.count == 1)
        #expect(store.figures.first?.traffic.requests == 12 && store.figures.first?.outcomes == ["token_expired": 5])
        let counts = await collector.counts
        #expect(counts.presented == 5 && counts.written == 5 && counts.lost == 0 && !counts.isFailing)
    }

    @Test("Figures of both sides of an hour's end go to their own hours")
    func hours() async {
        let store = MemoryTelemetry()
        let collector = TelemetryCollector(store: store)
        await collector.take([Self.batch(1, at: 3599.9, requests: 1)], now: 3599.9)
        await collector.finish([Self.batch(1, at: 3600, requests: 2)], now: 3600)
        let requests = store.figures.reduce(into: [:]) { $0[$1.hour, default: 0] += $1.traffic.requests }
        #expect(requests == [0: 1, 3600: 2])
    }

    @Test("What storage refuses waits for the next time, and is stored once")
    func failure() async {
        let store = MemoryTelemetry()
        let collector = TelemetryCollector(store: store)
        store.isFailing = true
        await collector.finish([Self.batch(3, repeats: 1, requests: 5)], now: 1000)
        #expect(await collector.counts.isFailing)
        #expect(store.entries.isEmpty)
        store.isFailing = false
        await collector.finish([Self.batch(1)], now: 1001)
        #expect(store.entries.count == 4)
        #expect(store.repeats.map(\.count) == [64])
        #expect(store.figures.first?.traffic.requests == 5)
        #expect(await !collector.counts.isFailing)
    }

    @Test("What storage refuses too long is dropped and counted")
    func overflow() async {
        let store = MemoryTelemetry()
        let collector = TelemetryCollector(store: store)
        store.isFailing = true
        for _ in 0..<6 { await collector.finish([Self.batch(10_000)], now: 1000) }
        #expect(await collector.counts.lost == 10_000)
        store.isFailing = false
        await collector.finish([], now: 1001)
        #expect(store.entries.count == 50_000)
    }

    @Test("A new alert is told once and counted")
    func alerts() async {
        let store = MemoryTelemetry()
        let told = Mutex<[Alert]>([])
        var thresholds = AlertThresholds()
        thresholds.usersPerAddress = 1
        let collector = TelemetryCollector(store: store, thresholds: thresholds) { alert in
            told.withLock { $0.append(alert) }
        }
        var records = TokenRecords(capacity: 2)
        for user in ["usr_1", "usr_2"] {
            _ = records.append(
                TokenRecords.Facts(
                    time: 1000, code: TokenRecords.accepted, source: 0, organization: "acme", user: user, keyID: nil,
                    address: "192.0.2.1"), origin: nil)
        }
        let batch = TelemetryBatch(rows: records.take(), sums: [], figures: [], lost: 0)
        await collector.finish([batch], now: 1000)
        await collector.finish([batch], now: 1001)
        #expect(told.withLock { $0.map(\.kind) } == [.manyUsers])
        #expect(await collector.counts.alerts == [.manyUsers: 1])
    }
}

/// Keeps what it is given, or refuses it.
private final class MemoryTelemetry: TokenLogStore, ReportStore, AlertStore {
    private struct State {
        var entries: [TokenLogEntry] = []
        var repeats: [TokenRepeats] = []
        var figures: [HourlyFigures] = []
        var alerts: [Alert] = []
        var isFailing = false
    }

    private let state = Mutex(State())

    var entries: [TokenLogEntry] { state.withLock { $0.entries } }
    var repeats: [TokenRepeats] { state.withLock { $0.repeats } }
    var figures: [HourlyFigures] { state.withLock { $0.figures } }
    var isFailing: Bool {
        get { state.withLock { $0.isFailing } }
        set { state.withLock { $0.isFailing = newValue } }
    }

    func append(_ entries: [TokenLogEntry], repeats: [TokenRepeats]) async throws {
        try changing {
            $0.entries += entries
            $0.repeats += repeats
        }
    }

    func add(_ figures: [HourlyFigures]) async throws { try changing { $0.figures += figures } }

    func raise(_ sightings: [AlertSighting]) async throws -> [Alert] {
        try changing { state in
            let new = sightings.filter { sighting in !state.alerts.contains { $0.subject == sighting.subject } }.map {
                Alert(
                    id: 1, kind: $0.kind, organization: $0.organization, subject: $0.subject, firstSeen: $0.firstSeen,
                    lastSeen: $0.lastSeen, count: $0.count)
            }
            state.alerts += new
            return new
        }
    }

    func tokenLog(_ filter: TokenLogFilter, before cursor: Int64?, limit: Int) async throws -> [TokenLogEntry] { [] }
    func tokenLog(_ filter: TokenLogFilter, after cursor: Int64, limit: Int) async throws -> [TokenLogEntry] { [] }
    func newestTokenLogID() async throws -> Int64 { 0 }
    func tokenRepeats(of organization: String, user: String, since: Double) async throws -> [TokenRepeats] { [] }
    func trimTokenLog(to limits: TokenLogLimits, now: Double) async throws -> Int { 0 }
    func forgetTelemetry(of organization: String) async throws {}
    func forgetTelemetry(ofUser user: String, of organization: String) async throws {}
    func enforcementReport(of organization: String, now: Double) async throws -> EnforcementReport {
        EnforcementReport(organization: organization, at: now, rules: [])
    }
    func outcomes(of organization: String, since: Double, until: Double) async throws -> [HourlyOutcome] { [] }
    func trimFigures(now: Double) async throws -> Int { 0 }
    func alerts(of organization: String?, since: Double?, limit: Int) async throws -> [Alert] { [] }
    func trimAlerts(before moment: Double) async throws -> Int { 0 }

    private func changing<Value>(_ change: (inout State) -> Value) throws -> Value {
        try state.withLock { state in
            if state.isFailing { throw StoreError.unavailable("it is to fail") }
            return change(&state)
        }
    }
}
