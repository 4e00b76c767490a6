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
    private static let pollInterval = Duration.milliseconds(100)
    private static let pollsPerMetrics = 10
    private static let pollsPerCleaning = 600
    /// Of the storage, while it announces its changes: one that goes unheard is in force within a second all the same.
    private static let pollsPerLook = 5
    private static let pollsPerSignOfLife = 50

    private let logger: Logger
    private let file: String?
    /// What overrides the file, when it is read again.
    private let environment: [String: String]
    private let service: ServiceNotifier
    /// Opened first of all, as the process may then become another user.
    private let sockets: (data: [ListeningSockets], admin: ListeningSockets?)
    /// The gateway that is to end when this one is ready.
    private let predecessor: Int32?
    private var configuration: GatewayConfiguration
    private let store: any DirectoryStore
    private let admission: AdmissionBatcher
    private let signIns: SignIns
    /// Token log, figures of rules, and alerts.
    private let telemetryStore: any TokenLogStore & ReportStore & AlertStore
    private let telemetry: TelemetryCollector
    private let signingKey: ES256SigningKey
    private let portalKey: PortalKey
    private let status = GatewayStatus()
    private let rateTable = RateTable()
    private let labels = MetricLabels()
    private var organizations: OrganizationRegister
    private var upstreams: [UpstreamSnapshot]
    /// What the upstreams' names stand for. Looking them up may take long: nothing else waits for it.
    private var addresses = AddressBook()
    private let clients = ClientConnections()
    private var isLookingUp = false
    private var upstreamLog = UpstreamLog()
    private var workers: [GatewayWorker] = []
    private var listeners: [(configuration: ListenerConfiguration, bound: SocketAddress)] = []
    private var adminThread: SiteThread?
    /// When the file that is in force was written.
    private var fileStamp: Date?
    private var lastSeenStamp: Date?
    private var storeIsFailing = false
    /// Whether storage announces its changes at the moment; nil: it never does.
    private var isListening: Bool?
    /// What other gateways on the same storage know this one by.
    private let identifier = RandomIdentifier.text()
    /// How many gateways share the storage, this one included.
    private var gatewayCount = 1
    private var isNotingSecrets = false
    private var reloads = ReloadFigures()
    private var figures = GatewayFigures([])
    private var certificates: [String: Double] = [:]
    private var lastUpdate: Task<Void, Never>?
    /// From `start` on.
    private var signals: SignalWatcher?

    /// Opens the storage and reads what is in it. Throws what keeps the gateway from starting, in words.
    ///
    /// - Parameters:
    ///   - file: what `SIGHUP` reads again; nil: there is none.
    ///   - predecessor: the process of a gateway that this one takes over from, its addresses first of all.
    package init(
        _ loaded: LoadedConfiguration, file: String?, environment: [String: String], predecessor: Int32? = nil
    ) async throws {
        RecordBuffers.keepInStock()
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

    /// Seconds of the monotonic clock.
    private static func seconds() -> Double { Double(EventLoop.monotonicNanoseconds()) / 1e9 }

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
        logger.info("stopped")
        LogWriter.standardError.flush()
    }

    // MARK: Listeners

    private static func openSockets(
        _ configuration: GatewayConfiguration, _ environment: [String: String], isReplacing: Bool
    ) throws -> (data: [ListeningSockets], admin: ListeningSockets?) {
        let inherited = InheritedSockets(environment)
        func open(_ listener: ListenerConfiguration, count: Int) throws -> ListeningSockets {
            guard let address = SocketAddress(host: listener.address.host, port: listener.address.port) else {
                throw GatewayStartError("\(listener.address) isn't an address of this machine")
            }
            return try ListeningSockets(on: address, count: count, sharing: isReplacing, inherited: inherited)
        }
        let workers = workerCount(configuration)
        return (
            try configuration.listen.map { try open($0, count: workers) },
            try configuration.admin.map { try open($0, count: 1) }
        )
    }

    /// Takes no new connections any more. Where another gateway listens on the same addresses, it gets them all, and
    /// nobody who is connecting is turned away.
    private func closeListeners() async {
        let handovers = sockets.data.compactMap(Handover.init)
        let admin = sockets.admin.flatMap(Handover.init)
        admin?.steer()
        for handover in handovers { handover.steer() }
        if !handovers.isEmpty || admin != nil {
            logger.info("handing over")
            try? await Task.sleep(for: Handover.grace)
        }
        for (number, worker) in workers.enumerated().reversed() {
            for handover in handovers { handover.prepareToClose(open: number + 1) }
            await worker.closeListeners()
        }
        guard let admin else { return }
        admin.prepareToClose(open: 1)
        adminThread?.closeListener()
    }

    private func use(_ sockets: ListeningSockets, for listener: ListenerConfiguration) throws {
        let tls = try tlsContext(listener)
        let address = sockets.address
        for (worker, socket) in zip(workers, sockets.sockets) { try worker.listen(with: socket, tls: tls) }
        listeners.append((listener, address))
        certificates["\(listener.address)"] = tls?.expiry
        logger.info("listening", metadata: ["address": "\(tls == nil ? "http" : "https")://\(address)"])
    }

    private func tlsContext(_ listener: ListenerConfiguration) throws -> TLSContext? {
        switch listener.security {
        case .cleartext: return nil
        case .certificate(let file, let keyFile): return try TLSContext(certificateFile: file, keyFile: keyFile)
        case .developmentCertificate:
            let hosts = organizations.stored.organizations.flatMap(\.settings.hosts).compactMap {
                $0.split(separator: ":").first
            }
            logger.warning(
                "a self-signed development certificate is used", metadata: ["address": "\(listener.address)"])
            return try TLSContext(
                selfSignedFor: Array(Set(["localhost", "127.0.0.1", "::1"] + hosts.prefix(100).map(String.init)))
                    .sorted())
        }
    }

    private func startAdmin() async throws {
        guard let admin = configuration.admin, let socket = sockets.admin?.sockets.first else { return }
        let administration = Administration(
            store: store, telemetry: telemetryStore, cleartextPorts: configuration.cleartextPorts,
            now: { EventLoop.wallClock() },
            changed: { [weak self] in await self?.takeInStoredChanges() })
        let authenticator = Authenticator(store: store, now: { EventLoop.wallClock() })
        let router = AdminRouter(administration, authenticator: authenticator)
        let console = Console(
            administration, authenticator: authenticator, isSecure: admin.security != .cleartext)
        let status = status
        let thread = try SiteThread(with: socket, tls: try tlsContext(admin), takesAnyLength: true) { mailbox in
            AdminHandler(
                status: status, router: router, console: console, mailbox: mailbox,
                metrics: { [weak self] in await self?.metrics() ?? "" })
        }
        if let token = try await administration.adminTokens.makeInitial() { show(initialToken: token) }
        thread.start(named: "admin")
        adminThread = thread
        logger.info("admin listening", metadata: ["address": "\(thread.address)"])
    }

    /// The one place that ever shows it: standard error, not the log, which others may read and keep.
    private func show(initialToken token: String) {
        let line = String(repeating: "=", count: 78)
        let text =
            // Whoever reads JSON there reads nothing else.
            configuration.log.format == .json
            ? "{\"message\":\"admin token, shown this once\",\"admin_token\":\"\(token)\"}\n"
            : """
            \(line)
            Admin token, shown this once: \(token)
            It opens the console and the admin API of this gateway until it is revoked, or until
            another token for the whole instance is made (in the console, or by
            widget-gateway admin-token create NAME).
            \(line)

            """
        LogWriter.standardError.write(Array(text.utf8))
        LogWriter.standardError.flush()
    }

    // MARK: Changes

    private func snapshot() -> DataPlaneSnapshot {
        SnapshotBuilder.snapshot(
            configuration, organizations, upstreams, labels: labels, signingKey: signingKey, rateTable: rateTable,
            workers: Self.workerCount(configuration), gateways: gatewayCount)
    }

    private func publish() {
        let snapshot = snapshot()
        let limits = SnapshotBuilder.limits(configuration, workers: workers.count)
        limitClients()
        for worker in workers { worker.use(snapshot, limits: limits) }
    }

    private func limitClients() {
        clients.use(
            limit: configuration.limits.connectionsPerClient, isExempt: SnapshotBuilder.isTrustedProxy(configuration))
    }

    /// Polls the configuration file and the counters: whatever the storage is at, workers are asked in time for what
    /// they have written down.
    private func keepUpToDate() async {
        var polls = 0
        while !Task.isCancelled {
            if polls % Self.pollsPerMetrics == 0 {
                await takeReports()
                reloadIfChanged()
                lookUpUpstreams()
            }
            if polls % Self.pollsPerCleaning == 0 {
                await telemetry.trim(to: configuration.tokenLog.limits, now: EventLoop.wallClock())
            }
            polls += 1
            try? await Task.sleep(for: Self.pollInterval)
        }
    }

    /// Asks the storage for changes, often where it doesn't announce them.
    private func keepStoredUpToDate() async {
        var polls = 0
        while !Task.isCancelled {
            await takeInStoredChanges(asking: isListening != true || polls % Self.pollsPerLook == 0)
            if polls % Self.pollsPerSignOfLife == 0 { await countGateways() }
            if polls % Self.pollsPerCleaning == 0 { _ = try? await store.removeExpired(now: EventLoop.wallClock()) }
            polls += 1
            try? await Task.sleep(for: Self.pollInterval)
        }
    }

    private func followAnnouncements() async {
        guard let announcing = store as? any ChangeAnnouncing else { return }
        for await announcement in announcing.announcements() {
            if isListening != announcement.isListening {
                isListening = announcement.isListening
                logger.info(
                    announcement.isListening
                        ? "storage announces its changes" : "storage doesn't announce its changes, and is asked often")
            }
            await takeInStoredChanges()
        }
    }

    /// What a client may guess at is divided among the gateways that it may guess at.
    private func countGateways() async {
        guard let census = store as? any GatewayCensus,
            let count = try? await census.noteAlive(gateway: identifier), count != gatewayCount
        else { return }
        gatewayCount = count
        logger.info("gateways on this storage", metadata: ["count": "\(count)"])
        publish()
    }

    /// Brings what is stored into force; when this returns, each worker decides its next request by it. One at a time,
    /// in the order of the calls: an older picture must not take the place of a newer one.
    ///
    /// - Parameter asking: whether the storage is asked at all.
    private func takeInStoredChanges(asking: Bool = true) async {
        let earlier = lastUpdate
        let update = Task {
            await earlier?.value
            await readStoredChanges(asking: asking)
        }
        lastUpdate = update
        await update.value
    }

    private func readStoredChanges(asking: Bool) async {
        do {
            var next = organizations
            // Known without asking the storage: it stops in time where that can't be reached, too.
            let hasEnded = next.dropEndedSecrets(at: EventLoop.wallClock())
            if hasEnded {
                organizations = next
                publish()
            }
            guard asking else { return }
            let isChanged = try await next.update(from: store)
            storeIsFailing = false
            if !isChanged, !hasEnded { return }
            organizations = next
            publish()
            logger.info("organizations changed", metadata: ["generation": "\(organizations.stored.generation)"])
            for worker in workers { await worker.settle() }
        } catch {
            // Said once: the next success ends it.
            if !storeIsFailing { logger.error("storage can't be read", metadata: ["error": "\(error)"]) }
            storeIsFailing = true
        }
    }

    /// Waits for the addresses of names that nothing is known of: without them requests would be refused meanwhile.
    private static func lookUpNewNames(in addresses: inout AddressBook) {
        let unknown = addresses.due(at: seconds()).filter { addresses.addresses(of: $0).isEmpty }
        for (name, found) in UpstreamBuilder.lookUp(unknown) {
            _ = addresses.found(found, for: name, at: seconds())
        }
    }

    /// Looks up, beside everything else, the names that are due.
    private func lookUpUpstreams() {
        let due = addresses.due(at: Self.seconds())
        guard !due.isEmpty, !isLookingUp else { return }
        isLookingUp = true
        Thread.detachNewThread { [weak self] in
            let found = UpstreamBuilder.lookUp(due)
            Task { [weak self] in await self?.takeAddresses(found) }
        }
    }

    private func takeAddresses(_ found: [(name: AddressBook.Name, addresses: [SocketAddress])]) {
        isLookingUp = false
        var isChanged = false
        for (name, found) in found where addresses.found(found, for: name, at: Self.seconds()) {
            isChanged = true
            logger.info(
                "upstream addresses changed", metadata: ["host": "\(name.host)", "addresses": "\(found)"])
        }
        guard isChanged else { return }
        do {
            upstreams = try UpstreamBuilder.upstreams(
                configuration, addresses, workers: workers.count, labels: labels)
            publish()
        } catch {
            logger.error("upstreams can't be brought up to date: \(error)")
        }
    }

    private func takeReports() async {
        var reports: [WorkerReport] = []
        for worker in workers { reports.append(await worker.report(tokenLogRate)) }
        await telemetry.take(reports.map(\.telemetry), now: EventLoop.wallClock())
        for line in upstreamLog.changes(reports.map(\.upstreams)) { logger.log(level: line.level, "\(line.text)") }
        let used = reports.reduce(into: Set<String>()) { $0.formUnion($1.usedSecrets) }
        noteUse(of: used)
        await sum(reports)
    }

    /// Nobody waits for it, and while it takes long it is left out: it is only a hint for operators.
    private func noteUse(of secrets: Set<String>) {
        guard !secrets.isEmpty, !isNotingSecrets else { return }
        isNotingSecrets = true
        Task {
            await store.recordSecretUse(Array(secrets), at: EventLoop.wallClock())
            isNotingSecrets = false
        }
    }

    /// What `/metrics` shows: as of now, or, once the workers end one after the other, as of then.
    private func metrics() async -> String {
        if status.readiness == .ready { await takeReports() }
        return figures.text
    }

    private func sum(_ reports: [WorkerReport]) async {
        var figures = GatewayFigures(reports)
        figures.routes = labels.routes
        figures.upstreams = labels.upstreams
        figures.cache = organizations.cache.filling
        figures.admissionsQueued = admission.queued
        figures.telemetry = await telemetry.counts
        figures.storageIsUp = !storeIsFailing
        figures.storageIsListening = isListening == true
        figures.gateways = gatewayCount
        figures.reloads = reloads
        figures.certificates = certificates.map { ($0.key, $0.value) }.sorted { $0.0 < $1.0 }
        figures.logBatchesDropped = LogWriter.standardError.droppedBatches
        self.figures = figures
    }

    /// A file that somebody is writing just now may be empty, or half there: it is read when it has come to rest.
    private func reloadIfChanged() {
        let stamp = Self.stamp(of: file)
        defer { lastSeenStamp = stamp }
        guard let stamp, stamp != fileStamp, stamp == lastSeenStamp else { return }
        reload()
    }

    /// Reads the configuration again and applies what can be applied; an invalid one changes nothing.
    private func reload() {
        fileStamp = Self.stamp(of: file)
        service.isReloading()
        defer { service.isReady(reloads.lastSucceeded ? "reloaded" : "the configuration file is invalid") }
        do {
            let loaded = try LoadedConfiguration.load(file: file, environment: environment)
            let next = loaded.configuration
            let contexts = try listeners.compactMap { listener -> (SocketAddress, TLSContext)? in
                guard let changed = next.listen.first(where: { $0.address == listener.configuration.address }),
                    case .certificate = changed.security, let tls = try tlsContext(changed)
                else { return nil }
                return (listener.bound, tls)
            }
            for (address, tls) in contexts {
                for worker in workers { worker.replaceTLS(on: address, with: tls) }
                for listener in listeners where listener.bound == address {
                    certificates["\(listener.configuration.address)"] = tls.expiry
                }
            }
            if next.listen.map(\.address) != configuration.listen.map(\.address)
                || next.workers != configuration.workers
                || next.cacheMegabytes != configuration.cacheMegabytes || next.storage != configuration.storage
                || next.admin != configuration.admin
            {
                logger.warning("listeners, workers, the cache's size, admin and storage change only with a restart")
            }
            addresses.keep(UpstreamBuilder.names(next))
            Self.lookUpNewNames(in: &addresses)
            upstreams = try UpstreamBuilder.upstreams(next, addresses, workers: workers.count, labels: labels)
            configuration = next
            Self.apply(next.log)
            publish()
            reloads.succeeded += 1
            reloads.lastSucceeded = true
            reloads.loadedAt = EventLoop.wallClock()
            logger.info("configuration reloaded")
        } catch {
            reloads.failed += 1
            reloads.lastSucceeded = false
            logger.error("the new configuration is invalid, the old one stays: \(error)")
        }
    }

    private var tokenLogRate: TokenLogRate {
        TokenLogRate(
            entriesPerSecond: Double(configuration.tokenLog.entriesPerSecond), workers: max(1, workers.count))
    }

    private static func apply(_ log: LogConfiguration) {
        GatewayLogHandler.settings.set(
            level: Logger.Level(rawValue: log.level.rawValue) ?? .info, isJSON: log.format == .json)
    }

    private static func cache(_ configuration: GatewayConfiguration) -> VerificationCache<AdmittedIdentity> {
        VerificationCache(
            megabytes: Double(configuration.cacheMegabytes), workers: workerCount(configuration))
    }

    private static func workerCount(_ configuration: GatewayConfiguration) -> Int {
        configuration.workers > 0 ? configuration.workers : ProcessInfo.processInfo.activeProcessorCount
    }

    private static func stamp(of file: String?) -> Date? {
        guard let file else { return nil }
        return try? FileManager.default.attributesOfItem(atPath: file)[.modificationDate] as? Date
    }
}

/// What keeps a gateway from starting, in words for an operator.
package struct GatewayStartError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
