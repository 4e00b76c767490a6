extension GatewayConfiguration {
    /// Reads the whole of `gateway.yaml`. This is the list of its keys: the reference is made from it.
    static func read(_ reader: inout MapReader, folder: String, files: ConfigurationFiles) -> GatewayConfiguration {
        var result = GatewayConfiguration(folder: folder)
        result.listen = listeners(&reader, default: result.listen, files: files)
        if let admin = reader.map(
            "admin", "The listener for operators: `/healthz`, `/readyz`, `/metrics`.",
            body: {
                adminListener(&$0, files: files, taken: result.listen.map(\.address))
            })
        {
            result.admin = admin
        }
        if let storage = reader.map(
            "storage", "Where organizations, secrets and users are kept.",
            body: {
                StorageConfiguration.read(&$0, files: files)
            })
        {
            result.storage = storage
        }
        var names: Set<String> = []
        result.upstreams = reader.list("upstreams", "The servers that the gateway protects.") { element in
            UpstreamConfiguration.read(&element, names: &names, files: files)
        }
        var paths: Set<String> = []
        result.routes = reader.list(
            "routes", "Which path goes to which upstream; the longest matching path wins."
        ) { element in
            RouteConfiguration.read(&element, paths: &paths, upstreams: names)
        }
        result.workers = reader.value(
            "workers", .integer(0...256), default: 0, "Worker threads, each with its own event loop. 0: one per core.")
        if let megabytes = reader.map(
            "cache", "The cache of verified tokens.",
            body: {
                $0.value(
                    "megabytes", .integer(0...65536), default: 64, "How much memory the cache may take. 0: no cache.")
            })
        {
            result.cacheMegabytes = megabytes
        }
        result.trustedProxies = reader.list(
            "trusted_proxies", of: .addressRange,
            "Proxies in front whose `X-Forwarded-…`, `Forwarded` and `traceparent` are believed.")
        result.limits =
            reader.map("limits", "What clients may ask.", body: { LimitsConfiguration.read(&$0) }) ?? .init()
        result.rateLimits =
            reader.map(
                "rate_limits", "How often one client may ask one organization.",
                body: { RateLimitsConfiguration.read(&$0) }) ?? .init()
        result.overload =
            reader.map(
                "overload", "From when on requests are refused, so that those that are taken are answered in time.",
                body: { OverloadConfiguration.read(&$0) }) ?? .init()
        result.log = reader.map("log", "What is logged, and how.", body: { LogConfiguration.read(&$0) }) ?? .init()
        result.tokenLog =
            reader.map(
                "token_log", "The record of tokens that were presented, accepted or not.",
                body: { TokenLogConfiguration.read(&$0) }) ?? .init()
        result.alerts =
            reader.map("alerts", "When an impersonation alert is raised.", body: { AlertConfiguration.read(&$0) })
            ?? .init()
        result.user = reader.optional(
            "user", .text("the name of a user", longest: 256),
            "Whom to become when all sockets are open, where it is started as root. Data and keys must be that user's.")
        result.coreDumps = reader.value(
            "core_dumps", .boolean, default: false,
            "Whether core dumps and debuggers may see the process's memory, in which there are secrets.")
        if result.routes.isEmpty, reader.session.problems.isEmpty {
            reader.warn("routes", "there are none, so only the gateway's own paths are answered")
        }
        return result
    }

    private static func listeners(
        _ reader: inout MapReader, default fallback: [ListenerConfiguration], files: ConfigurationFiles
    ) -> [ListenerConfiguration] {
        var taken: [ListenAddress] = []
        let written = reader.has("listen")
        let listeners = reader.list(
            "listen", default: fallback, shown: "[{ address: 0.0.0.0:8443 }]",
            "The listeners for browsers and SDKs; at least one."
        ) { element -> ListenerConfiguration? in
            let address = element.required(
                "address", .listenAddress, "Where to listen. Port 0 takes any free port; the log says which.")
            let cleartext = element.value(
                "cleartext", .boolean, default: false,
                "No TLS: h2c with prior knowledge, and HTTP/1.1. For use behind a TLS terminator, on loopback.")
            let tls = certificate(&element, files: files)
            guard let address else { return nil }
            element.refuse(address, among: &taken)
            return ListenerConfiguration(
                address: address, security: security(element, cleartext: cleartext, certificate: tls))
        }
        if written, listeners.isEmpty, reader.session.problems.isEmpty {
            reader.report("listen", "must name at least one listener")
        }
        return listeners
    }

    /// Nil inside where there is to be no admin listener.
    private static func adminListener(
        _ reader: inout MapReader, files: ConfigurationFiles, taken: [ListenAddress]
    ) -> ListenerConfiguration? {
        let enabled = reader.value("enabled", .boolean, default: true, "Whether there is an admin listener at all.")
        let address = reader.value(
            "address", .listenAddress, default: .loopback(port: 9443), "Where to listen; a loopback address is best.")
        let cleartext = reader.optional(
            "cleartext", .boolean, shown: "true on loopback without tls, else false",
            "No TLS; allowed on a loopback address only.")
        let tls = certificate(&reader, files: files)
        guard enabled else { return nil }
        var taken = taken
        reader.refuse(address, among: &taken)
        if cleartext == true, !address.address.isLoopback {
            reader.report(
                "cleartext", "the admin listener may be cleartext on a loopback address only, not on \(address)")
        }
        let isCleartext = cleartext ?? (tls == nil && address.address.isLoopback)
        return ListenerConfiguration(
            address: address, security: security(reader, cleartext: isCleartext, certificate: tls))
    }

    private static func certificate(
        _ reader: inout MapReader, files: ConfigurationFiles
    ) -> (file: String, keyFile: String)? {
        let pair = reader.optionalMap("tls", "The certificate. Without one: self-signed, for development.") {
            reader -> (file: String, keyFile: String)? in
            let summary = (certificate: "PEM file: the certificate, then its chain.", key: "PEM file: its private key.")
            let certificate = reader.optional("certificate", .text("a path", longest: 4096), summary.certificate)
            let key = reader.optional("key", .text("a path", longest: 4096), summary.key)
            switch (certificate, key) {
            case (let certificate?, let key?):
                let pair = (file: files.resolve(certificate), keyFile: files.resolve(key))
                if !files.isReadable(pair.file) { reader.warn("certificate", "\(pair.file) can't be read") }
                if !files.isReadable(pair.keyFile) { reader.warn("key", "\(pair.keyFile) can't be read") }
                return pair
            case (_?, nil): reader.report("key", "is missing: certificate and key go together")
            case (nil, _?): reader.report("certificate", "is missing: certificate and key go together")
            case (nil, nil): break
            }
            return nil
        }
        return pair
    }

    private static func security(
        _ reader: MapReader, cleartext: Bool, certificate: (file: String, keyFile: String)?
    ) -> ListenerSecurity {
        if cleartext {
            if certificate != nil { reader.report("cleartext", "a listener is either cleartext or has tls, not both") }
            return .cleartext
        }
        guard let certificate else {
            reader.warn("", "no certificate is set: a self-signed one for development is used")
            return .developmentCertificate
        }
        return .certificate(file: certificate.file, keyFile: certificate.keyFile)
    }
}

extension MapReader {
    /// Reports an address that another listener has, and remembers this one. Port 0 is free every time.
    fileprivate func refuse(_ address: ListenAddress, among taken: inout [ListenAddress]) {
        guard address.port != 0 else { return }
        if taken.contains(address) { report("address", "\(address) is another listener's already") }
        taken.append(address)
    }
}
