import Testing

@testable import GatewayConfiguration

@Suite struct GatewayConfigurationTests {
    @Test func `the sample of the documentation parses as it is`() throws {
        let configuration = try configuration(sampleConfiguration)
        #expect(
            configuration.listen == [
                ListenerConfiguration(
                    address: .anyIPv4(port: 8443),
                    security: .certificate(file: "/etc/gateway/cert.pem", keyFile: "/etc/gateway/key.pem")),
                ListenerConfiguration(address: .loopback(port: 8080), security: .cleartext),
            ])
        #expect(
            configuration.admin == ListenerConfiguration(address: .loopback(port: 9443), security: .cleartext))
        #expect(configuration.storage.database == .sqlite(path: "/etc/gateway/data/widget-gateway.db"))
        #expect(configuration.storage.masterKeyFile == "/etc/gateway/data/master.key")
        #expect(
            configuration.upstreams == [
                UpstreamConfiguration(name: "widgets", host: "127.0.0.1", port: 9000, authority: "127.0.0.1:9000")
            ])
        #expect(
            configuration.routes == [
                RouteConfiguration(path: "/assets/", access: .public, upstream: "widgets"),
                RouteConfiguration(path: "/", access: .widget, upstream: "widgets"),
            ])
        #expect(configuration.limits == LimitsConfiguration())
        #expect(configuration.log == LogConfiguration())
    }

    @Test(arguments: [nil, "", "# nothing but a comment\n", "---\n", "limits:\nlog:\nupstreams:\n"])
    func `what isn't said has its default`(text: String?) throws {
        #expect(try configuration(text) == GatewayConfiguration(folder: "/etc/gateway"))
    }

    @Test func `the defaults are those of the documentation`() {
        let defaults = GatewayConfiguration()
        #expect(defaults.listen.map(\.address.description) == ["0.0.0.0:8443"])
        #expect(defaults.listen.map(\.security) == [.developmentCertificate])
        #expect(defaults.admin?.address.description == "127.0.0.1:9443")
        #expect(defaults.storage.database == .sqlite(path: "data/widget-gateway.db"))
        #expect(defaults.cacheMegabytes == 64)
        #expect(defaults.limits.streams == 128)
        #expect(defaults.limits.headerListBytes == 32768)
        #expect(defaults.limits.bodyBytes == 10_485_760)
        #expect(defaults.limits.headerTimeoutSeconds == 10)
        #expect(defaults.limits.idleTimeoutSeconds == 60)
        #expect(defaults.limits.connections == 20_000)
    }

    @Test func `every key can be set`() throws {
        let configuration = try configuration(
            """
            listen: [{ address: "[::1]:0", cleartext: yes }]
            admin: { enabled: false }
            storage:
              url: sqlite:/var/lib/gateway.db
              notify_url: postgres://db.example/widgets
              token_log_file: log.db
              master_key_file: null
            upstreams:
              - name: b-1
                url: http://backend:8080/
                profile: true
                assertion: true
                connect_timeout_seconds: 0.5
                response_header_timeout_seconds: 5
                idle_timeout_seconds: 7
                max_connections: 9
            routes: [{ path: /x, access: widget, upstream: b-1 }]
            workers: 2
            cache: { megabytes: 0 }
            trusted_proxies: [10.0.0.0/8, "fd00::/8", 192.0.2.7]
            limits:
              streams: 10
              header_list_bytes: 16KiB
              header_fields: 64
              body_bytes: 0
              header_timeout_seconds: 1.5
              idle_timeout_seconds: 20
              connections: 100
              drain_timeout_seconds: 0
            log: { level: debug, format: json, access: off }
            """)
        #expect(configuration.listen.map(\.address.description) == ["[::1]:0"])
        #expect(configuration.admin == nil)
        #expect(
            configuration.storage
                == StorageConfiguration(
                    database: .sqlite(path: "/var/lib/gateway.db"), masterKeyFile: nil,
                    notifyAddress: "postgres://db.example/widgets", tokenLogFile: "/etc/gateway/log.db"))
        var upstream = UpstreamConfiguration(name: "b-1", host: "backend", port: 8080, authority: "backend:8080")
        upstream.profile = true
        upstream.assertion = true
        upstream.connectTimeoutSeconds = 0.5
        upstream.responseHeaderTimeoutSeconds = 5
        upstream.idleTimeoutSeconds = 7
        upstream.maxConnections = 9
        #expect(configuration.upstreams == [upstream])
        #expect(configuration.workers == 2)
        #expect(configuration.cacheMegabytes == 0)
        #expect(configuration.trustedProxies.map(\.description) == ["10.0.0.0/8", "fd00::/8", "192.0.2.7/32"])
        var limits = LimitsConfiguration()
        limits.streams = 10
        limits.headerListBytes = 16384
        limits.headerFields = 64
        limits.bodyBytes = nil
        limits.headerTimeoutSeconds = 1.5
        limits.idleTimeoutSeconds = 20
        limits.connections = 100
        limits.drainTimeoutSeconds = 0
        #expect(configuration.limits == limits)
        #expect(configuration.log.level == .debug)
        #expect(configuration.log.format == .json)
        #expect(!configuration.log.access)
    }

    @Test func `all mistakes are named at once, by line and key`() {
        let problems = refusal(
            of: """
                listen:
                  - address: 0.0.0.0
                    tls: { certificate: cert.pem }
                  - { address: "127.0.0.1:8080", cleartxt: true }
                admin: { address: 0.0.0.0:9443, cleartext: true }
                upstreams:
                  - { name: widgets, url: "ftp://127.0.0.1:9000" }
                  - { name: widgets, url: "http://127.0.0.1:9001" }
                routes:
                  - { path: assets/, access: secret, upstream: widgits }
                workers: many
                limits:
                  streams: 0
                  body_bytes: [10]
                colour: red
                """)
        #expect(
            problems == [
                "gateway.yaml:2: listen[0].address: must be an address and a port, such as 127.0.0.1:8443 or [::1]:8443, "
                    + "not 0.0.0.0",
                "gateway.yaml:3: listen[0].tls.key: is missing: certificate and key go together",
                "gateway.yaml:4: listen[1].cleartxt: unknown key (known here: address, cleartext, tls)",
                "gateway.yaml:5: admin.cleartext: the admin listener may be cleartext on a loopback address only, "
                    + "not on 0.0.0.0:9443",
                "gateway.yaml:7: upstreams[0].url: must be an http://, https:// or h2c:// URL",
                "gateway.yaml:8: upstreams[1].name: widgets is the name of another upstream already",
                "gateway.yaml:10: routes[0].path: must be a path that begins with /, not assets/",
                "gateway.yaml:10: routes[0].access: must be public, widget or portal, not secret",
                "gateway.yaml:10: routes[0].upstream: there is no upstream named widgits (known: widgets)",
                "gateway.yaml:11: workers: must be a whole number from 0 to 256, not many",
                "gateway.yaml:13: limits.streams: must be a whole number from 1 to 65535, not 0",
                "gateway.yaml:14: limits.body_bytes: must be a size in bytes from 0 to 1048576GiB, such as 32768 or 32KiB, "
                    + "not a list",
                "gateway.yaml:15: colour: unknown key (known here: listen, admin, storage, upstreams, routes, workers, "
                    + "cache, trusted_proxies, limits, rate_limits, overload, log, token_log, alerts, user, core_dumps)",
            ])
    }

    @Test(arguments: [
        ("workers: \"2\"", "gateway.yaml:1: workers: must be a whole number from 0 to 256, not \"2\""),
        ("workers: 1.5", "gateway.yaml:1: workers: must be a whole number from 0 to 256, not 1.5"),
        ("workers:", "gateway.yaml:1: workers: must be a whole number from 0 to 256, not nothing"),
        ("workers: 0x10", "gateway.yaml:1: workers: must be a whole number from 0 to 256, not 0x10"),
        (
            "workers: 99999999999999999999",
            "gateway.yaml:1: workers: must be a whole number from 0 to 256, not 99999999999999999999"
        ),
        ("log: { access: maybe }", "gateway.yaml:1: log.access: must be true or false, not maybe"),
        (
            "log: { level: loud }",
            "gateway.yaml:1: log.level: must be trace, debug, info, notice, warning, error or critical, not loud"
        ),
        ("log: text", "gateway.yaml:1: log: must be a map, not a single value"),
        ("listen: {}", "gateway.yaml:1: listen: must be a list, not a map"),
        ("listen: []", "gateway.yaml:1: listen: must name at least one listener"),
        ("listen:\n  - 8443", "gateway.yaml:2: listen[0]: must be a map, not a single value"),
        ("listen:\n  - {}", "gateway.yaml:2: listen[0].address: is missing"),
        (
            "listen: [{ address: \":8443\" }]",
            "gateway.yaml:1: listen[0].address: needs an address before the port: 0.0.0.0:8443 listens on all"
        ),
        (
            "listen:\n  - { address: 127.0.0.1:1 }\n  - { address: localhost:1 }",
            "gateway.yaml:3: listen[1].address: 127.0.0.1:1 is another listener's already"
        ),
        (
            "listen: [{ address: 127.0.0.1:1, cleartext: true, tls: { certificate: a, key: b } }]",
            "gateway.yaml:1: listen[0].cleartext: a listener is either cleartext or has tls, not both"
        ),
        (
            "storage: { url: \"mysql://u:hunter2@db/x\" }",
            "gateway.yaml:1: storage.url: must be sqlite:PATH or postgres://…"
        ),
        ("storage: { url: \"sqlite:\" }", "gateway.yaml:1: storage.url: must be sqlite:PATH or postgres://…"),
        (
            "trusted_proxies: [10.0.0.0/33]",
            "gateway.yaml:1: trusted_proxies[0]: must be a network such as "
                + "10.0.0.0/8 or fd00::/8 (no bits set after the prefix), or an address, not 10.0.0.0/33"
        ),
        ("cache: { megabytes: -1 }", "gateway.yaml:1: cache.megabytes: must be a whole number from 0 to 65536, not -1"),
        ("limits:\n  streams: 1\n  streams: 2", "gateway.yaml:2: streams: is written twice"),
        ("- a\n- b", "gateway.yaml:1: must be a map, not a list"),
        ("limits: *nothing", "gateway.yaml:1: isn't YAML: found undefined alias (column 9)"),
        ("workers: 1\n---\nworkers: 2", "gateway.yaml:2: isn't YAML: but found another document (column 1)"),
        ("? [a]\n: b", "gateway.yaml:1: a key must be plain text"),
    ])
    func `a mistake is named`(text: String, expected: String) {
        #expect(refusal(of: text) == [expected])
    }

    @Test(arguments: [
        ("http://user:pass@host:1", "must not carry a user name or password"),
        ("http://host/path", "must end after host and port: requests keep their own path"),
        ("http://host?x", "must end after host and port: requests keep their own path"),
        ("ftp://host", "must be an http://, https:// or h2c:// URL"),
        ("http://", "must have a valid host name"),
        ("http://host:0", "must have a port from 1 to 65535 after the host, or none"),
        ("http://host:65536", "must have a port from 1 to 65535 after the host, or none"),
        ("http://ho st", "must be an absolute URL"),
        ("http://[::1", "must have a valid host name"),
        ("http://-a", "must have a valid host name"),
        ("127.0.0.1:9000", "must be an absolute URL"),
    ])
    func `a bad upstream URL is refused`(url: String, message: String) {
        let problems = refusal(of: "upstreams:\n  - name: a\n    url: \"\(url)\"\n")
        #expect(problems == ["gateway.yaml:3: upstreams[0].url: \(message)"])
    }

    @Test(
        arguments: [
            ("http://backend", "backend", 80, "backend"), ("http://Back_end:8080", "back_end", 8080, "back_end:8080"),
            ("http://[::1]:9000", "::1", 9000, "[::1]:9000"), ("http://10.0.0.1:80/", "10.0.0.1", 80, "10.0.0.1"),
        ] as [(String, String, UInt16, String)])
    func `an upstream is found by name or address`(
        url: String, host: String, port: UInt16, authority: String
    ) throws {
        let upstreams = try configuration("upstreams: [{ name: a, url: \"\(url)\" }]").upstreams
        #expect(upstreams == [UpstreamConfiguration(name: "a", host: host, port: port, authority: authority)])
    }

    @Test(
        arguments: [
            ("https://backend", 443, "backend", false), ("https://backend:80", 80, "backend:80", false),
            ("https://backend:8443", 8443, "backend:8443", false), ("h2c://backend", 80, "backend", true),
            ("h2c://backend:50051", 50051, "backend:50051", true),
        ] as [(String, UInt16, String, Bool)])
    func `a scheme says how to speak to an upstream`(
        url: String, port: UInt16, authority: String, isHTTP2: Bool
    ) throws {
        let upstream = try #require(try configuration("upstreams: [{ name: a, url: \"\(url)\" }]").upstreams.first)
        #expect(upstream.servers == [UpstreamServerConfiguration(host: "backend", port: port)])
        #expect(upstream.authority == authority && upstream.isHTTP2 == isHTTP2)
        #expect(upstream.security == (url.hasPrefix("https") ? .tls(authoritiesFile: nil) : .cleartext))
    }

    @Test func `an upstream may have several servers, limits, checks and authorities of its own`() throws {
        let configuration = try configuration(
            """
            upstreams:
              - name: a
                urls: ["https://one:8443", "https://10.0.0.2"]
                http2: true
                ca_file: ca.pem
                dns_interval_seconds: 0
                max_requests: 10
                max_requests_per_address: 6
                queue_requests: 0
                queue_timeout_seconds: 0.5
                retry_percent: 0
                circuit_failures: 0
                circuit_seconds: 2
                health: { path: /up, interval_seconds: 1, timeout_seconds: 0.5, failures: 3, successes: 4 }
            """)
        var upstream = UpstreamConfiguration(name: "a", host: "one", port: 8443, authority: "one:8443")
        upstream.servers.append(UpstreamServerConfiguration(host: "10.0.0.2", port: 443))
        upstream.security = .tls(authoritiesFile: "/etc/gateway/ca.pem")
        upstream.isHTTP2 = true
        upstream.dnsIntervalSeconds = 0
        upstream.maxRequests = 10
        upstream.maxRequestsPerAddress = 6
        upstream.queueRequests = 0
        upstream.queueTimeoutSeconds = 0.5
        upstream.retryPercent = 0
        upstream.circuitFailures = 0
        upstream.circuitSeconds = 2
        var health = HealthCheckConfiguration(path: "/up")
        health.intervalSeconds = 1
        health.timeoutSeconds = 0.5
        health.failures = 3
        health.successes = 4
        upstream.health = health
        #expect(configuration.upstreams == [upstream])
    }

    @Test(arguments: [
        ("url: http://a, urls: [http://b]", "urls: there is a url already: name one server or several, not both"),
        ("urls: [http://a, https://b]", "urls: must all begin with the same scheme"),
        ("urls: []", "urls: must name at least one server"), ("profile: true", "url: is missing"),
        ("url: http://a, http2: true", "http2: needs https; without TLS write h2c:// for HTTP/2"),
        ("url: h2c://a, ca_file: x", "ca_file: has no meaning without https"),
        ("url: http://a, health: { interval_seconds: 5 }", "health.path: is missing"),
    ])
    func `what doesn't go together in an upstream is refused`(keys: String, problem: String) {
        #expect(
            refusal(of: "upstreams: [{ name: x, \(keys) }]") == ["gateway.yaml:1: upstreams[0].\(problem)"])
    }

    @Test func `a route may allow WebSockets`() throws {
        let upstreams = "upstreams: [{ name: one, url: http://a, max_websockets: 3 }, { name: two, url: h2c://a }]\n"
        let read = try configuration(
            upstreams + "routes: [{ path: /a, access: widget, upstream: one, websocket: true }, "
                + "{ path: /b, access: public, upstream: two, websocket: true }, "
                + "{ path: /, access: public, upstream: two }]")
        #expect(read.routes.map(\.webSocket) == [true, true, false])
        #expect(read.upstreams.map(\.maxWebSockets) == [3, 1024])
        #expect(read.upstreams[1].webSocketIdleTimeoutSeconds == 600)
    }

    @Test(
        arguments: [
            ("1", 1), ("10485760", 10_485_760), ("10MiB", 10_485_760), ("10 MiB", 10_485_760), ("\"2KiB\"", 2048),
            ("1GB", 1_000_000_000), ("3kB", 3000), ("0", nil),
        ] as [(String, Int?)])
    func `a size may have a unit`(text: String, bytes: Int?) throws {
        #expect(try configuration("limits: { body_bytes: \(text) }").limits.bodyBytes == bytes)
    }

    @Test(arguments: ["10M", "MiB", "1.5MiB", "-1", "10mib", "9223372036854775807GiB", "1e3", "\"10\""])
    func `other sizes are refused`(text: String) {
        #expect(refusal(of: "limits: { body_bytes: \(text) }").count == 1)
    }

    @Test func `an admin listener beyond loopback has TLS`() throws {
        #expect(
            try configuration("admin: { address: 0.0.0.0:9443 }").admin?.security == .developmentCertificate)
        #expect(
            try configuration("admin: { tls: { certificate: a, key: /b } }").admin?.security
                == .certificate(file: "/etc/gateway/a", keyFile: "/b"))
    }

    @Test func `no configuration of the wrong shape is accepted or crashes`() {
        for text in [
            "[[[[", "{", "\u{0}", "a: !!binary x", "&a [*a]", "listen: &x [*x]", "%YAML 9", "\"", "key: 'x", "?",
        ] {
            #expect(!refusal(of: text).isEmpty, "\(text.debugDescription)")
        }
        let deep = String(repeating: "[", count: 200) + String(repeating: "]", count: 200)
        #expect(refusal(of: "limits: \(deep)") == ["gateway.yaml:1: is nested deeper than 32 levels"])
    }

    @Test func `what is doubtful is a warning`() throws {
        let files = ConfigurationFiles(folder: ".", isReadable: { $0 == "there.pem" })
        let loaded = try LoadedConfiguration.parse(
            "listen:\n- { address: 127.0.0.1:1 }\n- { address: 127.0.0.1:2, tls: { certificate: there.pem, key: not.pem } }",
            name: "gateway.yaml", files: files)
        #expect(
            loaded.warnings.map(\.description) == [
                "gateway.yaml:1: routes: there are none, so only the gateway's own paths are answered",
                "gateway.yaml:2: listen[0]: no certificate is set: a self-signed one for development is used",
                "gateway.yaml:3: listen[1].tls.key: not.pem can't be read",
            ])
    }
}
