import Testing

@testable import GatewayConfiguration

@Suite struct EnvironmentOverlayTests {
    @Test func `the environment wins over the file`() throws {
        let configuration = try configuration(
            sampleConfiguration,
            environment: [
                "WIDGET_GATEWAY_STORAGE_URL": "sqlite:other # folder.db", "WIDGET_GATEWAY_WORKERS": "4",
                "WIDGET_GATEWAY_LOG_FORMAT": "json", "WIDGET_GATEWAY_LIMITS_BODY_BYTES": "1MiB",
                "WIDGET_GATEWAY_LISTEN": "[{address: \"127.0.0.1:8081\", cleartext: true}]",
                "WIDGET_GATEWAY_TRUSTED_PROXIES": "[10.0.0.0/8]",
            ])
        #expect(configuration.storage.database == .sqlite(path: "/etc/gateway/other # folder.db"))
        #expect(configuration.storage.masterKeyFile == "/etc/gateway/data/master.key")
        #expect(configuration.workers == 4)
        #expect(configuration.log.format == .json)
        #expect(configuration.limits.bodyBytes == 1 << 20)
        #expect(configuration.listen.map(\.address.description) == ["127.0.0.1:8081"])
        #expect(configuration.trustedProxies.map(\.description) == ["10.0.0.0/8"])
    }

    @Test func `the environment alone is enough`() throws {
        let configuration = try configuration(
            nil,
            environment: [
                "WIDGET_GATEWAY_UPSTREAMS": "[{name: a, url: \"http://a:1\"}]",
                "WIDGET_GATEWAY_ROUTES": "[{path: /, access: widget, upstream: a}]",
                "WIDGET_GATEWAY_ADMIN_TLS_CERTIFICATE": "/c", "WIDGET_GATEWAY_ADMIN_TLS_KEY": "/k",
            ])
        #expect(configuration.routes.count == 1)
        #expect(configuration.admin?.security == .certificate(file: "/c", keyFile: "/k"))
    }

    @Test func `a single key wins over the map that it is in`() throws {
        let configuration = try configuration(
            "limits: { streams: 1, header_fields: 20 }",
            environment: [
                "WIDGET_GATEWAY_LIMITS": "{streams: 2, connections: 3}", "WIDGET_GATEWAY_LIMITS_STREAMS": "4",
            ])
        #expect(configuration.limits.streams == 4)
        #expect(configuration.limits.connections == 3)
        #expect(configuration.limits.headerFields == 256)
    }

    @Test func `mistakes name the variable`() {
        let problems = refusal(
            of: "workers: 3\nlog: { level: x }",
            environment: [
                "WIDGET_GATEWAY_WORKERS": "many", "WIDGET_GATEWAY_STORAGE_URI": "x", "WIDGET_GATEWAY_ROUTES": "{",
                "WIDGET_GATEWAY_LISTEN": "[{address: x}]",
            ])
        #expect(
            problems == [
                "gateway.yaml:2: log.level: must be trace, debug, info, notice, warning, error or critical, not x",
                "WIDGET_GATEWAY_STORAGE_URI: unknown environment variable",
                "WIDGET_GATEWAY_ROUTES: isn't YAML: did not find expected node content (column 1)",
                "WIDGET_GATEWAY_LISTEN: listen[0].address: must be an address and a port, such as 127.0.0.1:8443 or "
                    + "[::1]:8443, not x",
                "WIDGET_GATEWAY_WORKERS: workers: must be a whole number from 0 to 256, not \"many\"",
            ])
    }

    @Test func `other variables are left alone`() throws {
        let environment = [
            "WIDGET_GATEWAY_MASTER_KEY": "x", "WIDGET_GATEWAYS": "x", "HOME": "/", "WIDGET_GATEWAY_WORKERS": "",
        ]
        #expect(try configuration("workers: 3", environment: environment).workers == 3)
    }

    @Test func `no two keys share a variable`() {
        let names = GatewayConfiguration.documentedKeys.compactMap(\.environmentVariable)
        #expect(Set(names).count == names.count)
        #expect(names.contains("WIDGET_GATEWAY_STORAGE_URL"))
        #expect(names.contains("WIDGET_GATEWAY_CACHE_MEGABYTES"))
    }
}
