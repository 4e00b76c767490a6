extension UpstreamConfiguration {
    /// `names` collects every upstream's name, also of those with a problem elsewhere: a route may name them.
    static func read(
        _ reader: inout MapReader, names: inout Set<String>, files: ConfigurationFiles
    ) -> UpstreamConfiguration? {
        let name = reader.required(
            "name", .identifier("letters, digits, - and _ (1–64)"), "What routes, logs and assertions call it.")
        let addresses = addresses(&reader)
        var result = UpstreamConfiguration(
            name: name ?? "", host: "", port: 0, authority: addresses.first?.authority ?? "")
        result.servers = addresses.map { UpstreamServerConfiguration(host: $0.host, port: $0.port) }
        result.readProtocol(&reader, addresses.first?.scheme, files)
        result.profile = reader.value(
            "profile", .boolean, default: result.profile, "Send the user's whole profile along, as `x-widget-profile`.")
        result.assertion = reader.value(
            "assertion", .boolean, default: result.assertion,
            "Send a signed assertion of the identity along, as `x-widget-assertion`.")
        result.readTimeouts(&reader)
        result.readLimits(&reader)
        result.readFailures(&reader)
        if let name, !names.insert(name).inserted {
            reader.report("name", "\(name) is the name of another upstream already")
        }
        return name == nil || addresses.isEmpty ? nil : result
    }

    private static func addresses(_ reader: inout MapReader) -> [UpstreamAddress] {
        let one = reader.optional(
            "url", .upstreamAddress, shown: "required, unless there are `urls`",
            "`http://host:port`: HTTP/1.1. `https://host`: the same over TLS, with a verified certificate. "
                + "`h2c://host:port`: HTTP/2 without TLS. Each address of a name gets its share of the requests.")
        let several = reader.list(
            "urls", of: .upstreamAddress,
            "Several servers instead of one `url`; a request goes to the one with the fewest under way.")
        switch (reader.has("url"), reader.has("urls")) {
        case (true, true): reader.report("urls", "there is a url already: name one server or several, not both")
        case (false, false): reader.report("url", "is missing")
        case (false, true) where several.isEmpty && reader.session.problems.isEmpty:
            reader.report("urls", "must name at least one server")
        default: break
        }
        let addresses = one.map { [$0] } ?? several
        if Set(addresses.map(\.scheme)).count > 1 {
            reader.report("urls", "must all begin with the same scheme")
        }
        return addresses
    }

    private mutating func readProtocol(
        _ reader: inout MapReader, _ scheme: UpstreamAddress.Scheme?, _ files: ConfigurationFiles
    ) {
        let http2 = reader.value(
            "http2", .boolean, default: false,
            "With `https`: HTTP/2 instead of HTTP/1.1. The server must speak it: there is no falling back.")
        let authorities = reader.optional(
            "ca_file", .text("a path", longest: 4096), shown: "the system's authorities",
            "With `https`: a PEM file of the authorities whose certificates are believed, and no others.")
        isHTTP2 = http2 || scheme == .h2c
        if scheme == .https {
            security = .tls(authoritiesFile: authorities.map(files.resolve))
            if let file = authorities.map(files.resolve), !files.isReadable(file) {
                reader.warn("ca_file", "\(file) can't be read")
            }
        } else if scheme != nil {
            if http2, scheme == .http { reader.report("http2", "needs https; without TLS write h2c:// for HTTP/2") }
            if authorities != nil { reader.report("ca_file", "has no meaning without https") }
        }
    }

    private mutating func readTimeouts(_ reader: inout MapReader) {
        connectTimeoutSeconds = reader.value(
            "connect_timeout_seconds", .seconds(0.001...3600), default: connectTimeoutSeconds,
            "To open a connection, TLS included.")
        responseHeaderTimeoutSeconds = reader.value(
            "response_header_timeout_seconds", .seconds(0.001...86400), default: responseHeaderTimeoutSeconds,
            "From the end of the request to the response's head.")
        idleTimeoutSeconds = reader.value(
            "idle_timeout_seconds", .seconds(0.001...86400), default: idleTimeoutSeconds,
            "Without a byte: of a response in progress, or of a connection kept for the next request.")
        dnsIntervalSeconds = reader.value(
            "dns_interval_seconds", .seconds(0...86400), default: dnsIntervalSeconds,
            "How often the names in the URLs are looked up again. 0: at start and at each reload only.")
    }

    private mutating func readLimits(_ reader: inout MapReader) {
        maxConnections = reader.value(
            "max_connections", .integer(1...65535), default: maxConnections,
            "Connections that each worker opens at most.")
        maxRequests = Self.unlimited(
            reader.value(
                "max_requests", .integer(0...1_000_000), default: 0,
                "Requests under way at once, shared out evenly among the workers. 0: any number."))
        maxRequestsPerAddress = Self.unlimited(
            reader.value(
                "max_requests_per_address", .integer(0...1_000_000), default: 0,
                "The same, to any one address. 0: any number."))
        queueRequests = reader.value(
            "queue_requests", .integer(0...1_000_000), default: queueRequests,
            "Requests that may wait until one of these limits lets them through, shared out among the workers; "
                + "more are answered 503 `overloaded` at once.")
        queueTimeoutSeconds = reader.value(
            "queue_timeout_seconds", .seconds(0.001...3600), default: queueTimeoutSeconds,
            "How long they may wait; then they are answered 503 `overloaded`.")
        maxWebSockets = reader.value(
            "max_websockets", .integer(1...65535), default: maxWebSockets,
            "WebSockets that each worker keeps open at most, apart from `max_connections`; more are answered 503 "
                + "`overloaded`.")
        webSocketIdleTimeoutSeconds = reader.value(
            "websocket_idle_timeout_seconds", .seconds(1...86400), default: webSocketIdleTimeoutSeconds,
            "How long a WebSocket may be without a byte in either direction.")
    }

    private mutating func readFailures(_ reader: inout MapReader) {
        retryPercent = reader.value(
            "retry_percent", .integer(0...100), default: retryPercent,
            "Of a hundred requests, so many may be sent a second time, and some more when there are few. 0: none.")
        circuitFailures = reader.value(
            "circuit_failures", .integer(0...1000), default: circuitFailures,
            "Failures in a row after which an address gets no requests for a while. 0: it always does.")
        circuitSeconds = reader.value(
            "circuit_seconds", .seconds(0.1...3600), default: circuitSeconds,
            "How long that is at first; doubled each time that the next request fails too, up to 30 s or this.")
        health = reader.optionalMap("health", "Asks each address now and then whether it is well.") { reader in
            HealthCheckConfiguration.read(&reader)
        }
    }

    private static func unlimited(_ count: Int) -> Int? { count == 0 ? nil : count }
}

extension HealthCheckConfiguration {
    fileprivate static func read(_ reader: inout MapReader) -> HealthCheckConfiguration? {
        let path = reader.required(
            "path", .routePath, "What is asked for, by GET, from each worker; 2xx and 3xx are well.")
        var result = HealthCheckConfiguration(path: path ?? "")
        result.intervalSeconds = reader.value(
            "interval_seconds", .seconds(0.5...86400), default: result.intervalSeconds, "How often.")
        result.timeoutSeconds = reader.value(
            "timeout_seconds", .seconds(0.1...3600), default: result.timeoutSeconds, "For the answer.")
        result.failures = reader.value(
            "failures", .integer(1...1000), default: result.failures,
            "In a row, before the address gets no more requests.")
        result.successes = reader.value(
            "successes", .integer(1...1000), default: result.successes, "In a row, before it gets requests again.")
        return path == nil ? nil : result
    }
}
