import Console
import ControlPlane
import EventLoop
import Foundation
import GatewayConfiguration
import HTTPServer
import Logging
import TLSEngine
import UserDirectory

/// Where the gateway listens: addresses, certificates, and handing both over.
extension GatewayRuntime {
    static func openSockets(
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
    func closeListeners() async {
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

    func use(_ sockets: ListeningSockets, for listener: ListenerConfiguration) throws {
        let tls = try tlsContext(listener)
        let address = sockets.address
        for (worker, socket) in zip(workers, sockets.sockets) { try worker.listen(with: socket, tls: tls) }
        listeners.append((listener, address))
        certificates["\(listener.address)"] = tls?.expiry
        logger.info("listening", metadata: ["address": "\(tls == nil ? "http" : "https")://\(address)"])
    }

    func tlsContext(_ listener: ListenerConfiguration) throws -> TLSContext? {
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

    func startAdmin() async throws {
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
    func show(initialToken token: String) {
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
}
