import HTTPMessages
import IdentityCore

/// The phases before anybody asks who is calling: what is wanted, of which organization, from which origin.
extension DataPlaneWorker {
    func checkHead(_ exchange: Exchange) throws(Rejection) {
        switch exchange.fault {
        case .none: break
        case .malformed: throw Rejection(.requestMalformed)
        case .headersTooLarge: throw Rejection(.headersTooLarge)
        case .bodyTooLarge: throw Rejection(.bodyTooLarge)
        }
        // TRACE would show the client what the gateway adds for the upstream's eyes.
        if exchange.request.method == .trace { throw Rejection(.requestMalformed) }
    }

    func findEndpoint(_ context: RequestContext) throws(Rejection) -> Endpoint {
        let path = context.exchange.request.path
        switch RoutePath.read(path, scratch: &pathScratch) {
        case .refused: throw Rejection(.requestMalformed)
        case .plain: return try endpoint(for: path, context.snapshot)
        case .normalized: return try endpoint(for: pathScratch.readable, context.snapshot)
        }
    }

    private func endpoint(for path: Bytes, _ snapshot: DataPlaneSnapshot) throws(Rejection) -> Endpoint {
        if path.hasPrefix("/_widget/") {
            if path.equals("/_widget/state") { return .state }
            if path.equals("/_widget/identify") { return .identify }
            if path.equals("/_widget/sdk.js") { return .sdk(isImmutable: false) }
            if path.equals("/_widget/logout") { return .logout }
            if path.equals("/_widget/jwks.json") { return .keySet }
            if isImmutableSDK(path) { return .sdk(isImmutable: true) }
        } else if path.equals("/widgets_sdk") {
            return .sdk(isImmutable: false)
        }
        guard let route = snapshot.routes.route(for: path) else { throw Rejection(.upstreamUnreachable) }
        return .upstream(route)
    }

    /// Sets the organization (section 3 of the specification).
    ///
    /// - Parameter bodyNames: what the body of an identify names, where it does.
    func findOrganization(_ context: RequestContext, bodyNames: String?) throws(Rejection) {
        let request = context.exchange.request.authority
        let byHost = context.snapshot.organization(host: request)
        let named = try namedOrganization(context, bodyNames: bodyNames)
        switch (byHost, named) {
        case (let host?, .known(let named)) where host != named: throw Rejection(.organizationMismatch)
        case (.some, .unknown): throw Rejection(.organizationMismatch)
        case (let host?, _): context.organization = host
        case (nil, .known(let named)): context.organization = named
        case (nil, .unknown): throw Rejection(.organizationUnknown)
        case (nil, .none):
            guard context.snapshot.organizations.count == 1 else { throw Rejection(.organizationUnknown) }
            context.organization = 0
        }
    }

    private enum Named: Equatable {
        case none
        case known(Int)
        case unknown
    }

    /// What header, query and body name; all that do must agree.
    private func namedOrganization(_ context: RequestContext, bodyNames: String?) throws(Rejection) -> Named {
        var named = Named.none
        var disagrees = false
        func add(_ id: Bytes) {
            let next = context.snapshot.organization(id: id).map(Named.known) ?? .unknown
            if named == .none { named = next } else if named != next { disagrees = true }
        }
        let fields = context.exchange.request.fields.count
        for index in 0..<fields where context.exchange.request.fields.name(index).equals("x-widget-organization") {
            add(context.exchange.request.fields.value(index))
        }
        if let query = context.exchange.request.query {
            QueryString.forEach(query) { name, value, _ in
                guard value.count > 0,
                    QueryString.isNamed(name, "organizationId") || QueryString.isNamed(name, "teamId")
                else { return }
                idScratch.removeAll()
                QueryString.decode(value, into: &idScratch)
                add(idScratch.readable)
            }
        }
        if var bodyNames { bodyNames.withUTF8 { add(Bytes($0)) } }
        if disagrees { throw Rejection(.organizationMismatch) }
        return named
    }
}
