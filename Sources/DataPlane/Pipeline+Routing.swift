import HTTPMessages
import IdentityCore
import PortalSSO
import UserDirectory

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
            if path.equals("/_widget/sso/start") { return .signIn(.start) }
            if path.equals("/_widget/sso/sign-in") { return .signIn(.page) }
            if path.equals("/_widget/sso/complete") { return .signIn(.complete) }
            if isImmutableSDK(path) { return .sdk(isImmutable: true) }
        } else if path.equals("/widgets_sdk") {
            return .sdk(isImmutable: false)
        }
        let route = snapshot.routes.route(for: path)
        if isPortalPath(path) || snapshot.vendorScripts.mayContain(path) { return .portalPath(route) }
        guard let route else { throw Rejection(.upstreamUnreachable) }
        return .upstream(route)
    }

    /// The callbacks and the logout script of all dialects: whose they are is known with the organization.
    private func isPortalPath(_ path: Bytes) -> Bool {
        path.equals("/api/redirects/sso") || path.equals("/auth/subscriber/sso.callback")
            || path.equals("/login_success") || path.equals("/logout.js")
    }

    /// Whether the path is where a vendor's snippet loads its script from, for an organization of that dialect. A script
    /// is loaded before it says whose it is: where the request doesn't, any organization of the dialect will do.
    func isVendorScript(_ context: RequestContext) -> Bool {
        let path = routedPath(context)
        guard let dialect = context.snapshot.vendorScripts.dialect(of: path) else { return false }
        try? findOrganization(context, bodyNames: nil)
        return context.organizationSnapshot.map { $0.settings.dialect == dialect } ?? true
    }

    /// Whether a request goes on without anybody asking whose it is. Where an organization has closed login pages,
    /// also those on public routes are looked at.
    func passesUnseen(_ context: RequestContext) -> Bool {
        switch context.endpoint {
        case .upstream(let route) where route.access == .public:
            guard context.snapshot.closesLogins else { return true }
            findOrganizationOfPublicPage(context)
            return !isClosedLogin(context)
        case .portalPath(let route?) where route.access == .public:
            guard (try? findOrganization(context, bodyNames: nil)) == nil else { return false }
            context.endpoint = .upstream(route)
            return true
        default: return false
        }
    }

    /// Sets the organization of a page that asks for none. What a client names in vain opens no login page that its host's
    /// organization has closed.
    private func findOrganizationOfPublicPage(_ context: RequestContext) {
        if let host = context.snapshot.organization(host: context.exchange.request.authority) {
            context.organization = host
        } else if (try? findOrganization(context, bodyNames: nil)) == nil, context.snapshot.organizations.count == 1 {
            context.organization = 0
        }
    }

    /// Settles what the path is to this organization: a step of its sign-in, a login page that is closed, or the
    /// upstream's.
    func findPortalEndpoint(_ context: RequestContext) throws(Rejection) {
        guard let organization = context.organizationSnapshot else { return }
        if case .portalPath(let route) = context.endpoint {
            let path = routedPath(context)
            if organization.convention.callbackPath.map({ path.elementsEqual($0.utf8) }) ?? false {
                context.endpoint = .signIn(.callback)
            } else if organization.convention.hasLogoutScript, path.equals("/logout.js") {
                context.endpoint = .signIn(.logoutScript)
            } else {
                guard let route else { throw Rejection(.upstreamUnreachable) }
                context.endpoint = .upstream(route)
            }
        }
        if case .upstream = context.endpoint, context.snapshot.closesLogins, isClosedLogin(context) {
            context.endpoint = .signIn(.page)
        }
    }

    private func isClosedLogin(_ context: RequestContext) -> Bool {
        guard let organization = context.organizationSnapshot, organization.closesLogins else { return false }
        return NativeLogin.isClosed(path: routedPath(context), settings: organization.settings.sso)
    }

    /// The path as routes see it; valid until the next call.
    private func routedPath(_ context: RequestContext) -> Bytes {
        let path = context.exchange.request.path
        switch RoutePath.read(path, scratch: &pathScratch) {
        case .normalized: return pathScratch.readable
        case .plain, .refused: return path
        }
    }

    /// Whether this is a route on which identity matters.
    func isProtected(_ endpoint: Endpoint) -> Bool {
        guard case .upstream(let route) = endpoint else { return false }
        return route.access != .public
    }

    /// uservoice bounds its forums by user.
    func checkForum(_ context: RequestContext, of identity: AdmittedIdentity?) throws(Rejection) {
        guard let rule = context.organizationSnapshot?.forumRule, isProtected(context.endpoint) else { return }
        let visitor = identity.map {
            ForumRule.Visitor(forums: $0.forums, isAdmin: $0.isAdmin, isIdentified: true)
        }
        if let code = rule.rejection(path: routedPath(context), visitor: visitor ?? .anonymous) {
            throw Rejection(code)
        }
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
