import Console
import ControlPlane
import DataPlane
import EventLoop
import Foundation
package import GatewayConfiguration
import HTTPServer
import HTTPUpstream
import Logging
import MessageAuthentication
import PortalSSO
import Synchronization
import TLSEngine
import UserDirectory
import VerificationCache

/// A running gateway: opens storage, starts the workers, keeps them up to date, drains them.
package actor GatewayRuntime {
    static let pollInterval = Duration.milliseconds(100)
    static let pollsPerMetrics = 10
    static let pollsPerCleaning = 600
    /// Of the storage, while it announces its changes: one that goes unheard is in force within a second all the same.
    static let pollsPerLook = 5
    static let pollsPerSignOfLife = 50

    let logger: Logger
    let file: String?
    /// What overrides the file, when it is read again.
    let environment: [String: String]
    let service: ServiceNotifier
    /// Opened first of all, as the process may then become another user.
    let sockets: (data: [ListeningSockets], admin: ListeningSockets?)
    /// The gateway that is to end when this one is ready.
    let predecessor: Int32?
    var configuration: GatewayConfiguration
    let store: any DirectoryStore
    let admission: AdmissionBatcher
    let signIns: SignIns
    /// Token log, figures of rules, and alerts.
    let telemetryStore: any TokenLogStore & ReportStore & AlertStore
    let telemetry: TelemetryCollector
    let signingKey: ES256SigningKey
    let portalKey: PortalKey
    let status = GatewayStatus()
    let rateTable = RateTable()
    let labels = MetricLabels()
    var organizations: OrganizationRegister
    var upstreams: [UpstreamSnapshot]
    /// What the upstreams' names stand for. Looking them up may take long: nothing else waits for it.
    var addresses = AddressBook()
    let clients = ClientConnections()
    var isLookingUp = false
    var upstreamLog = UpstreamLog()
    var workers: [GatewayWorker] = []
    /// From `start` on.
    var memoryWatch: MemoryWatch?
    var listeners: [(configuration: ListenerConfiguration, bound: SocketAddress)] = []
    var adminThread: SiteThread?
    /// When the file that is in force was written.
    var fileStamp: Date?
    var lastSeenStamp: Date?
    var storeIsFailing = false
    /// Whether storage announces its changes at the moment; nil: it never does.
    var isListening: Bool?
    /// What other gateways on the same storage know this one by.
    let identifier = RandomIdentifier.text()
    /// How many gateways share the storage, this one included.
    var gatewayCount = 1
    var isNotingSecrets = false
    var reloads = ReloadFigures()
    var figures = GatewayFigures([])
    var certificates: [String: Double] = [:]
    var lastUpdate: Task<Void, Never>?
    /// From `start` on.
    var signals: SignalWatcher?

    /// Opens the storage and reads what is in it. Throws what keeps the gateway from starting, in words.
    ///
    /// - Parameters:
    ///   - file: what `SIGHUP` reads again; nil: there is none.
    ///   - predecessor: the process of a gateway that this one takes over from, its addresses first of all.
    package init(
        _ loaded: LoadedConfiguration, file: String?, environment: [String: String], predecessor: Int32? = nil
    ) async throws {
        configuration = loaded.configuration
        self.file = file
        self.predecessor = predecessor
        Self.apply(configuration.log)
        service = ServiceNotifier(environment)
        sockets = try Self.openSockets(configuration, environment, isReplacing: predecessor != nil)
        ProcessPrivileges.raiseDescriptorLimit()
        if let user = configuration.user {
            let all = sockets.data.flatMap(\.sockets) + (sockets.admin?.sockets ?? [])
            try ProcessPrivileges.become(user, keeping: all)
        }
        ProcessPrivileges.protectMemory(allowingCoreDumps: configuration.coreDumps)
        logger = Logger(label: "gateway") { GatewayLogHandler(label: $0) }
        for warning in loaded.warnings { logger.warning("\(warning)") }
        store = try configuration.storage.open(environment: environment)
        ProcessPrivileges.forgetVariable(StorageConfiguration.masterKeyVariable)
        self.environment = environment.filter { $0.key != StorageConfiguration.masterKeyVariable }
        admission = AdmissionBatcher(directory: store)
        signIns = SignIns(store: store)
        telemetryStore = try configuration.storage.openTelemetry()
        telemetry = TelemetryCollector(
            store: telemetryStore, thresholds: configuration.alerts.thresholds,
            raised: AlertLog(logger).write)
        // Makes the key on the first start, which counts as a change: so before the picture is taken.
        let material = try await store.assertionSigningKey()
        signingKey = try ES256SigningKey(pem: material.pem)
        portalKey = PortalKey(material: Array(material.pem.utf8))
        organizations = try await OrganizationRegister(store, cache: Self.cache(configuration))
        addresses.keep(UpstreamBuilder.names(configuration))
        Self.lookUpNewNames(in: &addresses)
        upstreams = try UpstreamBuilder.upstreams(
            configuration, addresses, workers: Self.workerCount(configuration), labels: labels)
        fileStamp = Self.stamp(of: file)
        reloads.loadedAt = EventLoop.wallClock()
    }

    /// Binds all listeners and starts all threads.
    package func start() async throws {
        signal(SIGPIPE, SIG_IGN)
        // Past a limit on the size of files: the write fails, and that is dealt with.
        signal(SIGXFSZ, SIG_IGN)
        // Before anybody can take the gateway for ready: a signal that comes now is taken in by `run`.
        signals = SignalWatcher([SIGTERM, SIGINT, SIGHUP])
        let count = Self.workerCount(configuration)
        let snapshot = snapshot()
        let limits = SnapshotBuilder.limits(configuration, workers: count)
        limitClients()
        workers = try (0..<count).map { _ in
            try GatewayWorker(
                snapshot: snapshot, limits: limits, admission: admission, signIns: signIns, portalKey: portalKey,
                clients: clients)
        }
        for (listener, sockets) in zip(configuration.listen, sockets.data) { try use(sockets, for: listener) }
        try await startAdmin()
        for (number, worker) in workers.enumerated() { worker.start(number: number) }
        watchMemory()
        status.readiness = .ready
        logger.info(
            "ready", metadata: ["workers": "\(count)", "organizations": "\(organizations.stored.organizations.count)"])
        service.isReady("\(count) workers, \(organizations.stored.organizations.count) organizations")
        if let predecessor {
            kill(predecessor, SIGTERM)
            logger.info("took over", metadata: ["from": "\(predecessor)"])
        }
    }

    /// Keeps the workers up to date until the task is cancelled or a signal asks to end; then drains.
    package func run() async {
        guard let signals else { return }
        let updates = [
            Task { await keepUpToDate() }, Task { await keepStoredUpToDate() }, Task { await followAnnouncements() },
        ]
        let watch = watchOverWorkers()
        for await signal in signals.received {
            if signal == SIGHUP {
                reload()
            } else {
                break
            }
        }
        for update in updates { update.cancel() }
        watch?.cancel()
        await drain()
    }

    /// Tells the service manager that all is well, as long as each worker answers. Apart from everything else: a
    /// storage or a name server that hangs is no reason to end a gateway that serves.
    private func watchOverWorkers() -> Task<Void, Never>? {
        guard service.hasWatchdog else { return nil }
        return Task.detached { [workers, service] in
            while !Task.isCancelled {
                for worker in workers { await worker.settle() }
                service.isAlive()
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    private func drain() async {
        status.readiness = .draining
        logger.info("draining")
        service.isStopping()
        await closeListeners()
        let rate = tokenLogRate
        let batches = await withTaskGroup(of: TelemetryBatch.self) { group in
            for worker in workers { group.addTask { await worker.drain(rate) } }
            var batches: [TelemetryBatch] = []
            for await batch in group { batches.append(batch) }
            return batches
        }
        await telemetry.finish(batches, now: EventLoop.wallClock())
        await admission.shutdown()
        await signIns.shutdown()
        await (store as? any GatewayCensus)?.noteGone(gateway: identifier)
        adminThread?.stop()
        memoryWatch?.stop()
        logger.info("stopped")
        LogWriter.standardError.flush()
    }

    static func cache(_ configuration: GatewayConfiguration) -> VerificationCache<AdmittedIdentity> {
        VerificationCache(
            megabytes: Double(configuration.cacheMegabytes), workers: workerCount(configuration))
    }

    static func workerCount(_ configuration: GatewayConfiguration) -> Int {
        configuration.workers > 0 ? configuration.workers : ProcessInfo.processInfo.activeProcessorCount
    }
}

/// What keeps a gateway from starting, in words for an operator.
package struct GatewayStartError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
