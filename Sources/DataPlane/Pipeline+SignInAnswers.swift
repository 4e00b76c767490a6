import EventLoop
import HTTPMessages
import IdentityCore
import PortalSSO
import UserDirectory
import VerificationCache

/// What sign-in answers with: redirects, pages, and the ends of sessions.
extension DataPlaneWorker {
    /// A page of the portal wants a session: the browser goes to sign in and comes back.
    func redirectToSignIn(_ context: RequestContext) {
        writeTarget(context)
        // A page that is no return address, say because it is too long, isn't worth an error: home will do.
        let page = address(context, Array(targetScratch.readable)) ?? .home
        redirect(context, 302, to: startPath(context, returnTo: page))
    }

    /// The gateway's own sign-in page; it also stands in for login pages of the portal that are closed.
    func answerSignInPage(_ context: RequestContext) throws(Rejection) {
        guard let organization = context.organizationSnapshot else { throw Rejection(.organizationUnknown) }
        let sso = organization.settings.sso
        guard sso.enabled else { throw Rejection(.ssoDisabled) }
        let startPath = startPath(context, returnTo: try returnAddress(context, parameter("return_to", context)))
        answerPage(context) { nonce in
            SignInPage.html(
                organizationName: organization.settings.name, buttonLabel: sso.buttonLabel, startPath: startPath,
                isSignedOut: parameter("signed_out", context) != nil, nonce: nonce)
        }
    }

    /// Where sign-in starts that ends at `page`.
    private func startPath(_ context: RequestContext, returnTo page: ReturnAddress) -> String {
        let organization = organizationParameter(context).map { "&organizationId=" + $0 } ?? ""
        return "/_widget/sso/start?return_to=" + PercentEncoding.encode(page.location) + organization
    }

    /// A test of the whole loop ends here: it says how it went, and signs nobody in.
    func answerTest(_ context: RequestContext, _ outcome: SignInTestPage.Outcome) {
        guard let organization = context.organizationSnapshot else { return }
        var failure: RejectionCode?
        if case .failed(let rejection) = outcome { failure = rejection.code }
        let test = SignInTest(
            fingerprint: organization.signInFingerprint, at: EventLoop.wallClock(), failure: failure)
        wait(context) { completion in
            self.signIns.record(test, of: organization.settings.id) { completion(()) }
        } then: { context, _ in
            context.worker.answerPage(context) { nonce in
                SignInTestPage.html(outcome: outcome, organizationName: organization.settings.name, nonce: nonce)
            }
        }
    }

    // MARK: Out of the portal

    /// Ends the browser's session, for good and at once: its id is worthless from the answer on.
    func answerLogout(_ context: RequestContext) {
        let isScript = context.endpoint == .signIn(.logoutScript)
        guard isScript || context.exchange.request.method == .post else {
            return answerMethodNotAllowed(context, allowed: "POST, OPTIONS")
        }
        let browser = browser(context, showsCookies: true, now: EventLoop.wallClock())
        guard !browser.sessions.isEmpty else { return answerSignedOut(context) }
        wait(context) { completion in
            self.signIns.end(browser, completion: completion)
        } then: { context, hasEnded in
            // The cookie stays where the session does: its person can try again.
            guard hasEnded else { return context.worker.reject(context, Rejection(.directoryUnavailable)) }
            context.worker.answerSignedOut(context)
        }
    }

    private func answerSignedOut(_ context: RequestContext) {
        let exchange = context.exchange
        switch sessionCookie(context) {
        case .none: break
        case .one: context.cookies.append(cookies(context).clearedSession())
        case .conflicting: context.cookies += cookies(context).clearedSessionOfEitherKind()
        }
        exchange.response.fields.append("cache-control", "no-store")
        if context.endpoint == .signIn(.logoutScript) {
            exchange.response.fields.append("content-type", "text/javascript; charset=utf-8")
            exchange.response.fields.append("cross-origin-resource-policy", "cross-origin")
            exchange.response.fields.append("x-content-type-options", "nosniff")
            return Array(LogoutScript.body.utf8).withUnsafeBytes { answer(context, 200, $0) }
        }
        guard ProblemResponse.prefersPage(exchange.request) else {
            exchange.response.status = 204
            exchange.responseEnded = true
            return send(context)
        }
        redirect(context, 303, to: context.organizationSnapshot?.settings.sso.logoutURL ?? homeSignedOut(context))
    }

    /// A portal that asks for a session would sign in again at once who is still signed in at the login page: so its
    /// visitors are left at the sign-in page.
    private func homeSignedOut(_ context: RequestContext) -> String {
        guard context.organizationSnapshot?.requiresSession ?? false else { return "/" + organizationQuery(context) }
        let query = organizationParameter(context).map { "&organizationId=" + $0 } ?? ""
        return "/_widget/sso/sign-in?signed_out=1" + query
    }

    // MARK: Answers

    /// Sends the browser elsewhere; no token is in `location`, which says so by how it was made.
    func redirect(_ context: RequestContext, _ status: Int, to location: String) {
        let exchange = context.exchange
        exchange.response.status = status
        exchange.response.fields.append("location", location)
        exchange.response.fields.append("cache-control", "no-store")
        exchange.response.fields.append("referrer-policy", "no-referrer")
        exchange.responseEnded = true
        send(context)
    }

    /// Answers with one of the gateway's own pages.
    ///
    /// - Parameter returnTo: where a form of the page leads on to.
    func answerPage(_ context: RequestContext, returnTo: String = "/", _ html: (_ nonce: String) -> [UInt8]) {
        let exchange = context.exchange
        let nonce = requestID(context).string
        exchange.response.fields.append("content-type", "text/html; charset=utf-8")
        exchange.response.fields.append("cache-control", "no-store")
        exchange.response.fields.append("referrer-policy", "no-referrer")
        exchange.response.fields.append("x-content-type-options", "nosniff")
        exchange.response.fields.append(
            "content-security-policy",
            PortalPage.contentSecurityPolicy(
                nonce: nonce, framing: context.organizationSnapshot?.framePolicy ?? "frame-ancestors 'self'",
                returnTo: returnTo))
        html(nonce).withUnsafeBytes { answer(context, 200, $0) }
    }

    // MARK: What a request brings

    /// The transaction that this browser began, where it did.
    func transaction(_ context: RequestContext) -> SignInTransaction? {
        guard let organization = context.organizationSnapshot else { return nil }
        guard case .one(let value) = ownCookie(.signIn, context) else { return nil }
        let transaction = SignInTransaction(
            sealed: value, key: portalKey, organization: organization.settings.id, now: EventLoop.wallClock())
        return transaction?.dialect == organization.settings.dialect ? transaction : nil
    }

    func browser(_ context: RequestContext, showsCookies: Bool, now: Double) -> SignInBrowser {
        let organization = context.organizationSnapshot
        let sso = organization?.settings.sso ?? SSOSettings()
        let cache = context.snapshot.cache
        return SignInBrowser(
            organization: organization?.settings.id ?? "", sessions: sessionDigests(context),
            showsCookies: showsCookies, allowsUnsolicited: sso.allowUnsolicited, lifetime: SessionLifetime(sso),
            now: now
        ) { session in
            if let organization { cache.revoke(user: session.user, in: organization.scope) }
        }
    }

    /// The return address that a request names, or the home page where it names none.
    func returnAddress(_ context: RequestContext, _ named: [UInt8]?) throws(Rejection) -> ReturnAddress {
        guard let named, !named.isEmpty else {
            return address(context, Array(("/" + organizationQuery(context)).utf8)) ?? .home
        }
        guard let address = address(context, named) else { throw Rejection(.returnToNotAllowed) }
        return address
    }

    func address(_ context: RequestContext, _ text: [UInt8]) -> ReturnAddress? {
        guard let settings = context.organizationSnapshot?.settings else { return nil }
        let portal = portalOrigin(context)
        // Without hosts of its own, an organization's portal is wherever the browser has found it.
        return ReturnAddress(text, portal: portal, hosts: settings.hosts.isEmpty ? [portal.authority] : settings.hosts)
    }

    /// The first parameter of this name in the query, decoded.
    func parameter(_ name: String, _ context: RequestContext) -> [UInt8]? {
        context.exchange.request.query.flatMap { Self.field(name, in: $0) }
    }

    /// The first field of this name in the form that was collected, decoded.
    func formField(_ name: String, _ context: RequestContext) -> [UInt8]? {
        Self.field(name, in: context.body.readable)
    }

    private static func field(_ name: String, in form: Bytes) -> [UInt8]? { values(of: name, in: form).first }

    /// What all fields of this name say, decoded.
    static func values(of name: String, in form: Bytes) -> [[UInt8]] {
        var found: [[UInt8]] = []
        QueryString.forEach(form) { candidate, value, _ in
            if decoded(candidate).elementsEqual(name.utf8) { found.append(decoded(value)) }
        }
        return found
    }

    private static func decoded(_ text: Bytes) -> [UInt8] {
        var decoded = ByteQueue()
        QueryString.decode(text, into: &decoded)
        return Array(decoded.readable)
    }

    /// The organization's id, where the address of the portal doesn't say which it is.
    private func organizationParameter(_ context: RequestContext) -> String? {
        let named = context.snapshot.organization(host: context.exchange.request.authority)
        guard named == nil, context.snapshot.organizations.count > 1 else { return nil }
        return context.organizationSnapshot?.settings.id
    }

    func organizationQuery(_ context: RequestContext) -> String {
        organizationParameter(context).map { "?organizationId=" + $0 } ?? ""
    }

    /// Asks storage, and goes on with its answer, if the request is still there by then.
    func wait<Answer: Sendable>(
        _ context: RequestContext, _ ask: (@escaping @Sendable (Answer) -> Void) -> Void,
        then goOn: @escaping @Sendable (RequestContext, Answer) -> Void
    ) {
        context.phase = .admitting
        let bound = WorkerBound(context)
        let sequence = context.sequence
        let mailbox = loop.mailbox
        ask { answer in
            mailbox.post {
                let context = bound.value
                guard context.sequence == sequence, context.phase == .admitting else { return }
                context.phase = .idle
                goOn(context, answer)
            }
        }
    }
}
