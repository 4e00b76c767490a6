package import UserDirectory

/// Gathers what the workers have written down, looks for impersonation in it, and stores it, on no worker's time.
///
/// What storage can't take in time waits here, within bounds; beyond them it is dropped and counted.
package actor TelemetryCollector {
    package typealias Store = TokenLogStore & ReportStore & AlertStore

    /// Rows that may wait for storage.
    private static let maximumWaiting = 50_000
    private static let rowsPerWrite = 2000
    /// Figures of one organization and hour that may wait.
    private static let maximumFigures = 20_000
    /// How long figures gather before they are written, in seconds.
    private static let figureInterval = 5.0

    private struct Hour: Hashable {
        let organization: String
        let hour: Double
    }

    private struct Repeat: Hashable {
        let organization: String
        let user: String
        let hour: Double
    }

    private let store: any Store
    private let raised: @Sendable (Alert) -> Void
    private var detector: AlertDetector
    private var rows: [TokenLogEntry] = []
    private var repeats: [Repeat: Int] = [:]
    private var figures: [Hour: HourlyFigures] = [:]
    private var sightings: [AlertSighting] = []
    private var figuresWrittenAt = 0.0
    private var now = 0.0
    private var writing: Task<Void, Never>?
    private var trimming: Task<Void, Never>?

    package private(set) var counts = TelemetryCounts()

    /// - Parameter raised: told of each new alert, once it is stored.
    package init(
        store: any Store, thresholds: AlertThresholds = AlertThresholds(),
        raised: @escaping @Sendable (Alert) -> Void = { _ in }
    ) {
        self.store = store
        self.raised = raised
        detector = AlertDetector(thresholds)
    }

    /// Takes in what the workers hand over, and sees to it that it is stored. `now` is in seconds since 1970.
    package func take(_ batches: [TelemetryBatch], now: Double) {
        gather(batches, now: now)
        guard writing == nil else { return }
        writing = Task { await write(all: false) }
    }

    /// The same, and returns when everything has been stored, or storage has refused it.
    package func finish(_ batches: [TelemetryBatch], now: Double) async {
        gather(batches, now: now)
        await writing?.value
        await write(all: true)
    }

    /// How many gateways share the store: what all have seen together counts.
    package func share(among gateways: Int) {
        detector.gateways = store is any SharedTokenLog ? max(1, gateways) : 1
    }

    /// Forgets what is too old or too much; does nothing while that is under way already.
    package func trim(to limits: TokenLogLimits, now: Double) {
        guard trimming == nil else { return }
        trimming = Task {
            _ = try? await store.trimTokenLog(to: limits, now: now)
            _ = try? await store.trimFigures(now: now)
            _ = try? await store.trimAlerts(before: now - limits.days * 86400)
            trimming = nil
        }
    }

    private func gather(_ batches: [TelemetryBatch], now: Double) {
        self.now = now
        var seen: [TokenLogEntry] = []
        for batch in batches {
            counts.lost += batch.lost
            for records in [batch.rows, batch.sums] {
                TokenRecords.read(records) { entry, isRepeated in
                    seen.append(entry)
                    if isRepeated { seen[seen.count - 1].id = -1 }
                }
            }
            for part in batch.figures {
                let hour = Hour(organization: part.organization, hour: part.hour)
                figures[hour, default: HourlyFigures(organization: part.organization, hour: part.hour)].merge(part)
            }
        }
        seen.sort { $0.time < $1.time }
        detector.observe(seen)
        sightings += detector.takeSightings()
        for entry in seen {
            if entry.id == -1 {
                guard let user = entry.user else { continue }
                let hour = HourlyFigures.hour(of: entry.time)
                repeats[Repeat(organization: entry.organization, user: user, hour: hour), default: 0] += entry.standsFor
            } else {
                counts.presented += UInt64(entry.standsFor)
                rows.append(entry)
            }
        }
        keepWithinBounds()
    }

    private func keepWithinBounds() {
        if rows.count > Self.maximumWaiting {
            let excess = rows.count - Self.maximumWaiting
            counts.lost += rows.prefix(excess).reduce(0) { $0 + UInt64($1.standsFor) }
            rows.removeFirst(excess)
        }
        if repeats.count > Self.maximumWaiting { repeats.removeAll() }
        if figures.count > Self.maximumFigures { figures.removeAll() }
        if sightings.count > Self.maximumWaiting { sightings.removeFirst(sightings.count - Self.maximumWaiting) }
    }

    /// Stores what waits. What storage refuses waits for the next time.
    private func write(all: Bool) async {
        defer { writing = nil }
        do {
            while !rows.isEmpty || !repeats.isEmpty { try await writeRows() }
            try await askOthers()
            if !sightings.isEmpty { try await writeSightings() }
            if all || now - figuresWrittenAt >= Self.figureInterval || now < figuresWrittenAt {
                try await writeFigures()
            }
            counts.isFailing = false
        } catch {
            counts.isFailing = true
        }
    }

    private func writeRows() async throws {
        let part = Array(rows.prefix(Self.rowsPerWrite))
        let again = repeats
        rows.removeFirst(part.count)
        repeats.removeAll()
        do {
            try await store.append(
                part,
                repeats: again.map {
                    TokenRepeats(organization: $0.organization, user: $0.user, hour: $0.hour, count: $1)
                })
            counts.written += UInt64(part.count)
        } catch {
            rows.insert(contentsOf: part, at: 0)
            repeats.merge(again) { $0 + $1 }
            throw error
        }
    }

    /// After this gateway's own rows are there to be counted.
    private func askOthers() async throws {
        guard let shared = store as? any SharedTokenLog else { return }
        let questions = detector.takeQuestions(now: now)
        guard !questions.isEmpty else { return }
        for (question, count) in zip(questions, try await shared.counts(of: questions)) {
            if let sighting = detector.take(count, answering: question) { sightings.append(sighting) }
        }
    }

    private func writeSightings() async throws {
        let part = sightings
        sightings.removeAll()
        do {
            for alert in try await store.raise(part) {
                counts.alerts[alert.kind, default: 0] += 1
                raised(alert)
            }
        } catch {
            sightings.insert(contentsOf: part, at: 0)
            throw error
        }
    }

    private func writeFigures() async throws {
        guard !figures.isEmpty else { return }
        let part = figures
        figures.removeAll()
        do {
            try await store.add(Array(part.values))
            figuresWrittenAt = now
        } catch {
            for (hour, older) in part {
                figures[hour, default: HourlyFigures(organization: hour.organization, hour: hour.hour)].merge(older)
            }
            throw error
        }
    }
}

/// What has become of the token log since the gateway began.
package struct TelemetryCounts: Sendable {
    /// Tokens that the log accounts for, by a row of their own or by one that stands for several.
    package var presented: UInt64 = 0
    /// Rows.
    package var written: UInt64 = 0
    /// Tokens that it doesn't account for: there was too much at once, or storage was out of reach too long.
    package var lost: UInt64 = 0
    /// Alerts that were new, by kind.
    package var alerts: [AlertKind: UInt64] = [:]
    package var isFailing = false

    package init() {}
}
