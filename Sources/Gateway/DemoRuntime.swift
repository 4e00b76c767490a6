import Demo
import DirectorySQLite
import EventLoop
import Foundation
import GatewayConfiguration
import IdentityCore
import UserDirectory

/// The whole product on loopback: the gateway, a feedback board behind it that is each organization's portal, and a
/// customer's app in front of it, with the widget on its page and a login page.
package struct DemoRuntime {
    /// Where everything listens.
    package struct Ports: Sendable {
        package var gateway: UInt16 = 8080
        package var gatewayTLS: UInt16 = 8443
        package var board: UInt16 = 9000
        package var customer: UInt16 = 9100
        package var admin: UInt16 = 9443

        package init() {}
    }

    private let ports: Ports
    private let folder: String

    /// - Parameter folder: where the demo's database and keys are kept.
    package init(ports: Ports, folder: String) {
        self.ports = ports
        self.folder = folder
    }

    /// Runs until a signal asks to end. `announce` gets the lines that tell a person what to open.
    package func run(announce: (String) -> Void) async throws {
        let loaded = LoadedConfiguration(configuration: configuration())
        let organizations = try await prepareStorage()
        let gateway = try await GatewayRuntime(loaded, file: nil, environment: [:])
        let board = try site(
            DemoBackend(organizations: organizations.map(\.id), loginOrigin: customerOrigin, now: Self.now),
            port: ports.board, name: "board")
        let customer = try site(
            DemoCustomerApp(
                organizations: organizations, gateway: "http://localhost:\(ports.gateway)", now: Self.now),
            port: ports.customer, name: "customer")
        try await gateway.start()
        announce(
            """

            Widget Gateway demo
              A customer's page, with the widget on it:    http://localhost:\(ports.customer)/
              Acme's portal, with sign-in:                 http://acme.localhost:\(ports.gateway)/
              Lockd's portal, for signed-in users alone:   http://lockd.localhost:\(ports.gateway)/
              Acme's portal over TLS (self-signed):        https://acme.localhost:\(ports.gatewayTLS)/
              The console, by the admin token above:       http://127.0.0.1:\(ports.admin)/console/
              Health:                                      http://127.0.0.1:\(ports.admin)/readyz

            Ctrl-C ends it.

            """)
        await gateway.run()
        board.stop()
        customer.stop()
    }

    private func site(_ site: any DemoSite, port: UInt16, name: String) throws -> SiteThread {
        guard let address = SocketAddress(host: "127.0.0.1", port: port) else { throw CancellationError() }
        let thread = try SiteThread(on: address, tls: nil, handler: DemoHandler(site: site))
        thread.start(named: name)
        return thread
    }

    private func configuration() -> GatewayConfiguration {
        var configuration = GatewayConfiguration(folder: folder)
        configuration.listen = [
            ListenerConfiguration(address: .loopback(port: ports.gatewayTLS), security: .developmentCertificate),
            ListenerConfiguration(address: .loopback(port: ports.gateway), security: .cleartext),
        ]
        configuration.admin = ListenerConfiguration(address: .loopback(port: ports.admin), security: .cleartext)
        configuration.upstreams = [
            UpstreamConfiguration(
                name: "board", host: "127.0.0.1", port: ports.board, authority: "localhost:\(ports.board)")
        ]
        configuration.routes = [
            RouteConfiguration(path: "/assets/", access: .public, upstream: "board"),
            RouteConfiguration(path: "/", access: .portal, upstream: "board"),
        ]
        configuration.log.access = false
        configuration.log.level = .warning
        return configuration
    }

    /// Makes the organizations that aren't there yet, each with a secret, and one known user.
    private func prepareStorage() async throws -> [DemoOrganization] {
        let store = try configuration().storage.open(environment: [:])
        var made: [DemoOrganization] = []
        for settings in organizations() {
            try await store.put(settings)
            let known = try await store.loadAll().organizations.first { $0.settings.id == settings.id }
            var secret = known?.secrets.first { $0.purpose == .api }?.text
            if secret == nil {
                let fresh = SecretPolicy.generate()
                try await store.addSecret(fresh, purpose: .api, to: settings.id)
                secret = fresh
            }
            guard let secret else { continue }
            made.append(
                DemoOrganization(
                    id: settings.id, secret: secret, dialect: settings.dialect, portals: portals(of: settings)))
            var ada = UserProfile()
            ada.externalID = DemoVisitor.ada.externalID
            ada.email = DemoVisitor.ada.email(in: settings.id)
            ada.name = DemoVisitor.ada.name
            _ = try await store.importUsers([ada], into: settings.id)
        }
        return made
    }

    /// One organization lets visitors in as they are and asks for user hashes; the other wants them signed in, and
    /// known, and speaks another dialect.
    private func organizations() -> [OrganizationSettings] {
        var open = OrganizationSettings(id: "acme", name: "Acme Inc")
        open.sso.loginURL = customerOrigin + "/login"
        open.sso.disableNativeLogin = true
        var locked = OrganizationSettings(id: "lockd", name: "Lockd Ltd", dialect: .productlift)
        locked.requireIdentify = .enforce
        locked.identifyMode = .updateOnly
        locked.ssoIdentifyMode = .updateOnly
        // This dialect doesn't tell the login page whose portal it is, and the demo's page serves both.
        locked.sso.loginURL = customerOrigin + "/login?organizationId=lockd"
        locked.sso.require = true
        return [open, locked].map { settings in
            var settings = settings
            settings.hosts = [ports.gateway, ports.gatewayTLS].map { "\(settings.id).localhost:\($0)" }
            settings.requireUserHash = .enforce
            settings.allowedOrigins = [customerOrigin, "http://127.0.0.1:\(ports.customer)"]
            settings.sso.enabled = true
            settings.sso.buttonLabel = "Continue with \(settings.id.capitalized) Workspace"
            settings.sso.nativeLoginPaths = ["/login"]
            return settings
        }
    }

    private var customerOrigin: String { "http://localhost:\(ports.customer)" }

    /// Every origin at which browsers see an organization's portal: its own, and the common ones, where addresses name
    /// the organization.
    private func portals(of settings: OrganizationSettings) -> [String] {
        [settings.id + ".localhost", "localhost"].flatMap { host in
            ["http://\(host):\(ports.gateway)", "https://\(host):\(ports.gatewayTLS)"]
        }
    }

    private static let now: @Sendable () -> Int = { Int(Date().timeIntervalSince1970) }
}
