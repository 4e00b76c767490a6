extension StorageConfiguration {
    static func read(_ reader: inout MapReader, files: ConfigurationFiles) -> StorageConfiguration {
        var database = reader.value(
            "url", .database, default: .sqlite(path: defaultDatabase),
            "`sqlite:PATH`, whose file is made where it is missing; or `postgres://user@host/database`, which several "
                + "gateways share, with libpq's parameters (`?sslmode=verify-full`).")
        if case .sqlite(let path) = database, path != ":memory:" { database = .sqlite(path: files.resolve(path)) }
        let notify = reader.optional(
            "notify_url", .postgresAddress,
            "The same database past a pooler, for the one connection that listens to changes, where `url` leads to a "
                + "pooler that gives each transaction another connection. Without it the gateway finds out that it hears "
                + "nothing, and asks ten times a second instead.")
        let log = reader.optional(
            "token_log_file", .text("a path", longest: 4096),
            "A file for a token log, figures and alerts of this gateway's own where `url` is PostgreSQL. Without it they "
                + "are in that database, where all gateways' are; with SQLite they lie beside its file.")
        let key = reader.optional(
            "master_key_file", .text("a path", longest: 4096), default: defaultMasterKeyFile,
            "The key that encrypts secrets at rest: 64 hexadecimal characters, mode 0600. Made at first start where "
                + "neither it nor a database is there. `WIDGET_GATEWAY_MASTER_KEY` wins over it.")
        return StorageConfiguration(
            database: database, masterKeyFile: key.map(files.resolve), notifyAddress: notify,
            tokenLogFile: log.map(files.resolve))
    }
}

extension RouteConfiguration {
    static func read(
        _ reader: inout MapReader, paths: inout Set<String>, upstreams: Set<String>
    ) -> RouteConfiguration? {
        let path = reader.required("path", .routePath, "A prefix of the request's path; begins with `/`.")
        let access = reader.required(
            "access", .routeAccess,
            "`public`: never asks for identity and looks at no token. `widget`: verifies the user token, or takes the "
                + "session. `portal`: the same, and pages lead to sign-in where the organization requires it.")
        let upstream = reader.required("upstream", .text(), "The name of an upstream.")
        let webSocket = reader.value(
            "websocket", .boolean, default: false,
            "Whether requests may become WebSockets; an upstream over HTTP/2 must allow extended CONNECT (RFC 8441).")
        if let path, !paths.insert(path).inserted { reader.report("path", "\(path) is another route's already") }
        if let upstream, !upstreams.contains(upstream) {
            let known = upstreams.isEmpty ? "there are none" : upstreams.sorted().joined(separator: ", ")
            reader.report("upstream", "there is no upstream named \(upstream) (known: \(known))")
        }
        guard let path, let access, let upstream else { return nil }
        var result = RouteConfiguration(path: path, access: access, upstream: upstream)
        result.webSocket = webSocket
        return result
    }
}

extension LimitsConfiguration {
    static func read(_ reader: inout MapReader) -> LimitsConfiguration {
        var result = LimitsConfiguration()
        result.streams = reader.value(
            "streams", .integer(1...65535), default: result.streams, "Streams open at once on one HTTP/2 connection.")
        result.headerListBytes = reader.value(
            "header_list_bytes", .bytes(1024...1 << 20), default: result.headerListBytes,
            "The header list of a request: names, values and 32 bytes for each field.")
        result.headerFields = reader.value(
            "header_fields", .integer(16...4096), default: result.headerFields, "Header fields of a request.")
        let body = reader.value(
            "body_bytes", .bytes(0...1 << 50), default: result.bodyBytes ?? 0, "A request's body. 0: unlimited.")
        result.bodyBytes = body == 0 ? nil : body
        result.headerTimeoutSeconds = reader.value(
            "header_timeout_seconds", .seconds(0.1...3600), default: result.headerTimeoutSeconds,
            "To finish a request's head, and before that the TLS handshake.")
        result.idleTimeoutSeconds = reader.value(
            "idle_timeout_seconds", .seconds(0.1...86400), default: result.idleTimeoutSeconds,
            "How long a connection may be without a byte.")
        result.stallTimeoutSeconds = reader.value(
            "stall_timeout_seconds", .seconds(0.1...3600), default: result.stallTimeoutSeconds,
            "How long a client may be too slow in sending a request, or in reading a response.")
        result.leastBytesPerSecond = reader.value(
            "least_bytes_per_second", .integer(0...1_000_000), default: result.leastBytesPerSecond,
            "What is too slow, on the average of that time. 0: only a client that moves nothing at all.")
        result.stalledRequests = reader.value(
            "stalled_requests", .integer(1...1_000_000), default: result.stalledRequests,
            "Requests that may be too slow at once on one worker; the more beyond that, the sooner each is ended.")
        result.frameBudget = reader.value(
            "frame_budget", .integer(100...10_000_000), default: result.frameBudget,
            "What HTTP/2 frames that move no request on, and streams that break, may cost on one connection; a fortieth "
                + "of it comes back each second.")
        result.continuationFrames = reader.value(
            "continuation_frames", .integer(0...10_000), default: result.continuationFrames,
            "CONTINUATION frames of one request's head.")
        result.connections = reader.value(
            "connections", .integer(1...10_000_000), default: result.connections,
            "Client connections open at once, on all data listeners together.")
        result.connectionsPerClient = reader.value(
            "connections_per_client", .integer(0...10_000_000), default: result.connectionsPerClient,
            "The same of one client: an IPv4 address, or 64 bits of an IPv6 address. `trusted_proxies` may have any "
                + "number. 0: everybody may.")
        result.handshakes = reader.value(
            "handshakes", .integer(16...1_000_000), default: result.handshakes,
            "TLS handshakes under way at once on one worker; beyond that, the oldest are given up.")
        result.memoryBytes = reader.optional(
            "memory_bytes", .bytes(0...1 << 50), shown: "85 % of the control group's limit, if it has one",
            "Resident memory of the process; beyond that, new requests and connections are refused, and what only waits is "
                + "ended. 0: no limit but the kernel's.")
        result.drainTimeoutSeconds = reader.value(
            "drain_timeout_seconds", .seconds(0...3600), default: result.drainTimeoutSeconds,
            "How long requests in flight may take to finish after `SIGTERM`.")
        return result
    }
}

extension LogConfiguration {
    static func read(_ reader: inout MapReader) -> LogConfiguration {
        var result = LogConfiguration()
        result.level = reader.value("level", .choice, default: result.level, "The least level that is logged.")
        result.format = reader.value(
            "format", .choice, default: result.format, "Lines to read, or a JSON object a line.")
        result.access = reader.value(
            "access", .boolean, default: result.access,
            "A line for every request, where `level` is `info` or less.")
        return result
    }
}

extension TokenLogConfiguration {
    static func read(_ reader: inout MapReader) -> TokenLogConfiguration {
        var result = TokenLogConfiguration()
        result.entriesPerSecond = reader.value(
            "entries_per_second", .integer(4...100_000), default: result.entriesPerSecond,
            "Rows written of one organization, half of them for accepted tokens; past that, a row stands for several.")
        result.days = reader.value("days", .integer(1...3650), default: result.days, "How long rows are kept.")
        result.rows = reader.value(
            "rows", .integer(1000...100_000_000), default: result.rows,
            "How many rows are kept; where there are more, whoever has most loses the oldest.")
        return result
    }
}

extension AlertConfiguration {
    static func read(_ reader: inout MapReader) -> AlertConfiguration {
        var result = AlertConfiguration()
        result.usersPerAddress = reader.value(
            "users_per_address", .integer(1...1_000_000), default: result.usersPerAddress,
            "More distinct users than this from one address within the window.")
        result.windowMinutes = reader.value(
            "window_minutes", .integer(1...1440), default: result.windowMinutes, "How long that window is.")
        result.badSignatures = reader.value(
            "bad_signatures", .integer(1...1_000_000), default: result.badSignatures,
            "As many tokens with a bad signature from one address within a minute.")
        return result
    }
}
