/// Everything that `gateway.yaml` and the environment say, checked and typed.
///
/// Paths are as the gateway opens them: relative ones have been resolved against the configuration file's folder.
package struct GatewayConfiguration: Sendable, Equatable {
    package var listen: [ListenerConfiguration]
    /// Nil: there is no admin listener.
    package var admin: ListenerConfiguration?
    package var storage: StorageConfiguration
    package var upstreams: [UpstreamConfiguration]
    /// In the order of the file; the longest matching path wins.
    package var routes: [RouteConfiguration]
    /// Worker threads; 0: one per core.
    package var workers: Int
    /// Of the verification cache; 0: off.
    package var cacheMegabytes: Int
    /// Whose `X-Forwarded-…`, `Forwarded` and `traceparent` are believed.
    package var trustedProxies: [AddressRange]
    package var limits: LimitsConfiguration
    package var rateLimits: RateLimitsConfiguration
    package var overload: OverloadConfiguration
    package var log: LogConfiguration
    package var tokenLog: TokenLogConfiguration
    package var alerts: AlertConfiguration
    /// Who the process becomes once it has its sockets; nil: it stays who it is.
    package var user: String?
    /// Whether core dumps, debuggers and other processes of the same user may see its memory, secrets and all.
    package var coreDumps: Bool

    /// The built-in defaults, with relative paths resolved against `folder`.
    package init(folder: String = ".") {
        listen = [ListenerConfiguration(address: .anyIPv4(port: 8443), security: .developmentCertificate)]
        admin = ListenerConfiguration(address: .loopback(port: 9443), security: .cleartext)
        storage = StorageConfiguration(
            database: .sqlite(path: resolvePath(StorageConfiguration.defaultDatabase, in: folder)),
            masterKeyFile: resolvePath(StorageConfiguration.defaultMasterKeyFile, in: folder))
        upstreams = []
        routes = []
        workers = 0
        cacheMegabytes = 64
        trustedProxies = []
        limits = LimitsConfiguration()
        rateLimits = RateLimitsConfiguration()
        overload = OverloadConfiguration()
        log = LogConfiguration()
        tokenLog = TokenLogConfiguration()
        alerts = AlertConfiguration()
        user = nil
        coreDumps = false
    }
}

extension GatewayConfiguration {
    /// The ports of the data listeners that speak without TLS.
    package var cleartextPorts: Set<UInt16> {
        Set(listen.filter { $0.security == .cleartext }.map(\.address.port))
    }
}

/// One socket that clients or operators connect to.
package struct ListenerConfiguration: Sendable, Equatable {
    package var address: ListenAddress
    package var security: ListenerSecurity

    package init(address: ListenAddress, security: ListenerSecurity) {
        self.address = address
        self.security = security
    }
}

package enum ListenerSecurity: Sendable, Equatable {
    /// TLS with a certificate chain and its key, both PEM files.
    case certificate(file: String, keyFile: String)
    /// TLS with a self-signed certificate made at start: for development only.
    case developmentCertificate
    /// No TLS: h2c with prior knowledge, and HTTP/1.1.
    case cleartext
}

package struct StorageConfiguration: Sendable, Equatable {
    package var database: Database
    /// Nil: the master key comes from `WIDGET_GATEWAY_MASTER_KEY` alone.
    package var masterKeyFile: String?
    /// Where changes of `database` are listened for; nil: `database` itself. May hold a password, and is never shown.
    package var notifyAddress: String?
    /// Where this gateway keeps a token log of its own when `database` isn't a file; nil: in `database`.
    package var tokenLogFile: String?

    package enum Database: Sendable, Equatable {
        case sqlite(path: String)
        /// Several gateways share it. As libpq documents it; may hold a password, and is never shown.
        case postgres(address: String)

        /// `sqlite:PATH` or `postgres://…`; nil for anything else.
        package init?(_ text: String) {
            guard !text.utf8.contains(0) else { return nil }
            if text.hasPrefix("postgres://") || text.hasPrefix("postgresql://") {
                self = .postgres(address: text)
            } else if text.hasPrefix("sqlite:"), text.utf8.count > 7 {
                self = .sqlite(path: String(text.dropFirst("sqlite:".count)))
            } else {
                return nil
            }
        }
    }

    package init(
        database: Database, masterKeyFile: String?, notifyAddress: String? = nil, tokenLogFile: String? = nil
    ) {
        self.database = database
        self.masterKeyFile = masterKeyFile
        self.notifyAddress = notifyAddress
        self.tokenLogFile = tokenLogFile
    }

    static let defaultDatabase = "data/widget-gateway.db"
    static let defaultMasterKeyFile = "data/master.key"
}

/// A server that the gateway protects.
package struct UpstreamConfiguration: Sendable, Equatable {
    /// Also the audience of its assertions.
    package var name: String
    /// Where it is: at least one.
    package var servers: [UpstreamServerConfiguration]
    /// What the upstream is called in `Host` where the client's own isn't passed on: host, and port unless it is the
    /// scheme's own.
    package var authority: String
    package var security = UpstreamSecurity.cleartext
    /// HTTP/2 instead of HTTP/1.1.
    package var isHTTP2 = false
    /// Whether the whole profile is sent along, in `x-widget-profile`.
    package var profile = false
    /// Whether an ES256 assertion is sent along, in `x-widget-assertion`.
    package var assertion = false
    package var connectTimeoutSeconds = 3.0
    package var responseHeaderTimeoutSeconds = 30.0
    package var idleTimeoutSeconds = 60.0
    /// Connections that one worker opens at most.
    package var maxConnections = 1024
    /// Requests under way at once, of all workers together; nil: any.
    package var maxRequests: Int?
    package var maxRequestsPerAddress: Int?
    /// Requests that may wait for their turn, of all workers together.
    package var queueRequests = 1024
    package var queueTimeoutSeconds = 3.0
    /// WebSockets that one worker keeps open at most.
    package var maxWebSockets = 1024
    package var webSocketIdleTimeoutSeconds = 600.0
    /// How often names are looked up again; 0: at start and reload only.
    package var dnsIntervalSeconds = 30.0
    /// Of a hundred requests, so many may be sent a second time.
    package var retryPercent = 20
    /// Failures in a row that shut an address out; 0: none do.
    package var circuitFailures = 5
    package var circuitSeconds = 1.0
    /// Nil: no checks.
    package var health: HealthCheckConfiguration?

    package init(name: String, host: String, port: UInt16, authority: String) {
        self.name = name
        servers = [UpstreamServerConfiguration(host: host, port: port)]
        self.authority = authority
    }
}

package struct UpstreamServerConfiguration: Sendable, Equatable {
    /// A host name, or an address without brackets.
    package var host: String
    package var port: UInt16

    package init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }
}

package enum UpstreamSecurity: Sendable, Equatable {
    case cleartext
    /// The server's certificate is verified by the authorities in this PEM file; nil: by the system's.
    case tls(authoritiesFile: String?)
}

/// How an upstream's addresses are asked whether they are well.
package struct HealthCheckConfiguration: Sendable, Equatable {
    package var path: String
    package var intervalSeconds = 5.0
    package var timeoutSeconds = 2.0
    /// In a row, before an address gets no more requests, and before it gets them again.
    package var failures = 2
    package var successes = 1

    package init(path: String) { self.path = path }
}

/// Which requests go to which upstream, and what they need.
package struct RouteConfiguration: Sendable, Equatable {
    /// A prefix that begins with `/`.
    package var path: String
    package var access: RouteAccess
    /// The name of one of `upstreams`.
    package var upstream: String
    /// Whether a request may become a WebSocket.
    package var webSocket = false

    package init(path: String, access: RouteAccess, upstream: String) {
        self.path = path
        self.access = access
        self.upstream = upstream
    }
}

package enum RouteAccess: String, Sendable, CaseIterable {
    /// Never asks for identity and looks at no token.
    case `public`
    /// Verifies tokens; what happens without one is the organization's `require_identify`.
    case widget
    /// The same for the pages of a portal: where the organization requires sign-in, they lead to it.
    case portal
}

/// What clients may ask of the gateway.
package struct LimitsConfiguration: Sendable, Equatable {
    /// Open at once on one connection.
    package var streams = 128
    /// Names, values and 32 bytes for each field (RFC 9113, 6.5.2).
    package var headerListBytes = 32 * 1024
    package var headerFields = 256
    /// Of a request body; nil: unlimited.
    package var bodyBytes: Int? = 10 * 1024 * 1024
    package var headerTimeoutSeconds = 10.0
    package var idleTimeoutSeconds = 60.0
    /// How long a client may be slower than `leastBytesPerSecond` in what it owes.
    package var stallTimeoutSeconds = 20.0
    /// 0: any progress is enough.
    package var leastBytesPerSecond = 200
    /// Requests that may stall on one worker at once before patience gets shorter.
    package var stalledRequests = 128
    /// What frames that move no request on may cost on one connection.
    package var frameBudget = 2000
    /// CONTINUATION frames of one header section.
    package var continuationFrames = 8
    /// Open at once on all data listeners together.
    package var connections = 20_000
    /// The same of one client; 0: any number.
    package var connectionsPerClient = 5000
    /// TLS handshakes under way at once on one worker.
    package var handshakes = 512
    /// Of the process, resident; 0: any amount, nil: by its control group.
    package var memoryBytes: Int?
    /// How long streams in flight may take to finish after `SIGTERM`.
    package var drainTimeoutSeconds = 30.0

    package init() {}
}

package struct LogConfiguration: Sendable, Equatable {
    package var level = LogLevel.info
    package var format = LogFormat.text
    /// Whether every request gets a line, at level `info`.
    package var access = true

    package var writesAccess: Bool {
        switch level {
        case .trace, .debug, .info: access
        case .notice, .warning, .error, .critical: false
        }
    }

    package init() {}
}

/// swift-log's levels, under their own names.
package enum LogLevel: String, Sendable, CaseIterable {
    case trace, debug, info, notice, warning, error, critical
}

package enum LogFormat: String, Sendable, CaseIterable {
    case text, json
}

/// How much is written down of tokens that were presented.
package struct TokenLogConfiguration: Sendable, Equatable {
    /// Rows of one organization, on all workers together; beyond, rows stand for several.
    package var entriesPerSecond = 200
    /// How long they are kept.
    package var days = 30
    /// How many are kept, of all organizations.
    package var rows = 1_000_000

    package init() {}
}

/// When something looks like somebody passing for somebody else.
package struct AlertConfiguration: Sendable, Equatable {
    /// More distinct users than this from one address within the window.
    package var usersPerAddress = 50
    package var windowMinutes = 10
    /// As many tokens with a bad signature from one address within a minute.
    package var badSignatures = 100

    package init() {}
}
