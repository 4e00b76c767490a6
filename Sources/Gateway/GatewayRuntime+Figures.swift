import DataPlane
import EventLoop
import GatewayConfiguration
import HTTPUpstream
import Logging
import UserDirectory
import VerificationCache

/// What the workers have counted and written down.
extension GatewayRuntime {
    func takeReports() async {
        var reports: [WorkerReport] = []
        for worker in workers { reports.append(await worker.report(tokenLogRate)) }
        await telemetry.take(reports.map(\.telemetry), now: EventLoop.wallClock())
        for line in upstreamLog.changes(reports.map(\.upstreams)) { logger.log(level: line.level, "\(line.text)") }
        let used = reports.reduce(into: Set<String>()) { $0.formUnion($1.usedSecrets) }
        noteUse(of: used)
        await sum(reports)
    }

    /// Nobody waits for it, and while it takes long it is left out: it is only a hint for operators.
    func noteUse(of secrets: Set<String>) {
        guard !secrets.isEmpty, !isNotingSecrets else { return }
        isNotingSecrets = true
        Task {
            await store.recordSecretUse(Array(secrets), at: EventLoop.wallClock())
            isNotingSecrets = false
        }
    }

    /// What `/metrics` shows: as of now, or, once the workers end one after the other, as of then.
    func metrics() async -> String {
        if status.readiness == .ready { await takeReports() }
        return figures.text
    }

    func sum(_ reports: [WorkerReport]) async {
        var figures = GatewayFigures(reports)
        figures.routes = labels.routes
        figures.upstreams = labels.upstreams
        figures.cache = organizations.cache.filling
        figures.admissionsQueued = admission.queued
        figures.telemetry = await telemetry.counts
        figures.storageIsUp = !storeIsFailing
        figures.storageIsListening = isListening == true
        figures.storageIsOutdated = status.isOutdated
        figures.gateways = gatewayCount
        figures.reloads = reloads
        figures.certificates = certificates.map { ($0.key, $0.value) }.sorted { $0.0 < $1.0 }
        if let memoryWatch { figures.memory = memoryWatch.standing }
        figures.logBatchesDropped = LogWriter.standardError.droppedBatches
        self.figures = figures
    }

    var tokenLogRate: TokenLogRate {
        TokenLogRate(
            entriesPerSecond: Double(configuration.tokenLog.entriesPerSecond), workers: max(1, workers.count))
    }
}
