import EventLoop
import HTTPMessages
import IdentityCore
import UserDirectory
import WidgetSDK

/// What the gateway answers itself.
extension DataPlaneWorker {
    /// The SDK and the key set are the same for everybody; true where it was one of them.
    func answersWithoutOrganization(_ context: RequestContext) -> Bool {
        switch context.endpoint {
        case .sdk(let isImmutable): answerSDK(context, isImmutable: isImmutable)
        case .portalPath where isVendorScript(context): answerSDK(context, isImmutable: false)
        case .keySet:
            guard isRead(context) else { return true }
            context.exchange.response.fields.append("content-type", "application/jwk-set+json")
            context.exchange.response.fields.append("cache-control", "public, max-age=300")
            context.exchange.response.fields.append("access-control-allow-origin", "*")
            context.snapshot.jwks.withUnsafeBytes { answer(context, 200, $0) }
        default: return false
        }
        return true
    }

    func answerState(_ context: RequestContext, _ document: Bytes) {
        guard isRead(context) else { return }
        context.exchange.response.fields.append("content-type", "application/json")
        context.exchange.response.fields.append("cache-control", "no-store")
        answer(context, 200, document)
    }

    func answerIdentify(_ context: RequestContext, _ identity: AdmittedIdentity) {
        context.exchange.response.fields.append("content-type", "application/json")
        context.exchange.response.fields.append("cache-control", "no-store")
        let document = identity.withState { StateDocument.identified($0, created: context.wasCreated ?? false) }
        document.withUnsafeBytes { answer(context, 200, $0) }
    }

    /// A navigation that brought a token in its address goes on to the same address without it. True where it was one.
    func answersTokenNavigation(_ context: RequestContext) -> Bool {
        let exchange = context.exchange
        guard context.token.cutsQuery, exchange.request.method == .get, ProblemResponse.prefersPage(exchange.request)
        else { return false }
        writeTarget(context)
        // `//host` and `/\host` would lead away: an address that begins with one slash can't.
        var start = 0
        let target = targetScratch.readable
        while start < target.count, target[start] == 0x2F || target[start] == 0x5C { start += 1 }
        var location = ByteQueue()
        location.append("/")
        location.append(target.part(start, target.count))
        exchange.response.status = 303
        exchange.response.fields.append("location", location.readable)
        exchange.response.fields.append("referrer-policy", "no-referrer")
        exchange.response.fields.append("cache-control", "no-store")
        exchange.responseEnded = true
        send(context)
        return true
    }

    func answerMethodNotAllowed(_ context: RequestContext, allowed: StaticString) {
        let exchange = context.exchange
        exchange.response.fields.append("allow", allowed)
        context.code = .requestMalformed
        ProblemResponse.fill(
            exchange, Rejection(.requestMalformed), state: nil, status: 405, requestID: requestID(context))
        send(context)
    }

    /// A client that waits for leave to send its body gets it, now that the request will be heard.
    func answerExpectation(_ context: RequestContext) {
        let exchange = context.exchange
        guard !exchange.requestEnded, let expectation = exchange.request.fields.first(.expect),
            expectation.equalsIgnoringCase("100-continue")
        else { return }
        exchange.transport?.sendInformational(exchange, status: 100, fields: HeaderBlock())
    }

    /// Answers with a rejection, the one way there is. `user` is the directory's id of who is refused, where that is known.
    func reject(_ context: RequestContext, _ rejection: Rejection, of user: String? = nil) {
        let exchange = context.exchange
        guard !exchange.responseStarted else { return }
        counters.count(rejection.code)
        noteRefusal(context, rejection.code, user: user)
        context.code = rejection.code
        exchange.response.removeAll()
        exchange.responseBody.removeAll()
        ProblemResponse.fill(
            exchange, rejection, state: accessState(context, rejection.code), requestID: requestID(context),
            retryAfterSeconds: context.retryAfterSeconds)
        // RFC 6455, 4.2.2: which version would do, where that was what was wrong.
        if exchange.request.tunnel != .none { exchange.response.fields.append("sec-websocket-version", "13") }
        send(context)
    }

    /// The access state that goes with a refusal: `locked` where the organization lets nobody in unidentified.
    private func accessState(_ context: RequestContext, _ code: RejectionCode) -> String? {
        guard let organization = context.organizationSnapshot, code.status == 401 || code.status == 403 else {
            return nil
        }
        if code == .originNotAllowed { return nil }
        var locks = organization.settings.requireIdentify == .enforce
        if case .upstream(let route) = context.endpoint, route.access == .portal {
            locks = locks || organization.requiresSession
        }
        guard locks else { return nil }
        context.state = "locked"
        return "locked"
    }

    private func answerSDK(_ context: RequestContext, isImmutable: Bool) {
        guard isRead(context) else { return }
        let exchange = context.exchange
        exchange.response.fields.append("content-type", "text/javascript; charset=utf-8")
        exchange.response.fields.append("etag", SDKResponse.entityTag)
        exchange.response.fields.append(
            "cache-control", isImmutable ? "public, max-age=31536000, immutable" : "public, max-age=300")
        exchange.response.fields.append("access-control-allow-origin", "*")
        exchange.response.fields.append("cross-origin-resource-policy", "cross-origin")
        exchange.response.fields.append("x-content-type-options", "nosniff")
        if exchange.request.fields.first(named: "if-none-match")?.string.contains(SDKResponse.entityTag) ?? false {
            exchange.response.status = 304
            exchange.responseEnded = true
            return send(context)
        }
        SDKResponse.body.withUnsafeBytes { answer(context, 200, $0) }
    }

    func isImmutableSDK(_ path: Bytes) -> Bool { SDKResponse.immutablePath.withUnsafeBytes { path.equals($0) } }

    private func isRead(_ context: RequestContext) -> Bool {
        let method = context.exchange.request.method
        if method == .get || method == .head { return true }
        answerMethodNotAllowed(context, allowed: "GET, HEAD")
        return false
    }

    func answer(_ context: RequestContext, _ status: Int, _ body: Bytes) {
        let exchange = context.exchange
        exchange.response.status = status
        exchange.responseBody.append(body)
        exchange.responseEnded = true
        send(context)
    }

    /// Sends a response that is the gateway's own and complete.
    func send(_ context: RequestContext) {
        let exchange = context.exchange
        context.phase = .answered
        if exchange.response.status != 204, exchange.response.status != 304 {
            var length = ByteQueue()
            length.append(decimal: exchange.responseBody.count)
            exchange.response.fields.append("content-length", length.readable)
        }
        if exchange.request.method == .head { exchange.responseBody.removeAll() }
        decorate(context)
        exchange.transport?.sendHead(exchange)
    }

    /// Adds what every response on a widget route carries.
    func decorate(_ context: RequestContext) {
        appendOriginFields(context)
        context.exchange.response.fields.remove { $0.equals("x-request-id") }
        context.exchange.response.fields.append("x-request-id", requestID(context))
        if !context.cookies.isEmpty {
            for cookie in context.cookies { context.exchange.response.fields.append("set-cookie", cookie) }
            // A cache that kept this answer would hand one browser's session to others, whatever the upstream thinks of
            // its page.
            context.exchange.response.fields.remove {
                $0.equals("cache-control") || $0.equals("expires") || $0.equals("cdn-cache-control")
                    || $0.equals("surrogate-control")
            }
            context.exchange.response.fields.append("cache-control", "no-store")
        }
        if case .upstream(let route) = context.endpoint, route.access == .portal,
            let organization = context.organizationSnapshot
        {
            // Beside the upstream's own policy, if it has one: browsers obey both.
            context.exchange.response.fields.append("content-security-policy", organization.framePolicy)
        }
    }

    /// The request's id as text: valid until the next call.
    func requestID(_ context: RequestContext) -> Bytes {
        idScratch.removeAll()
        RequestIdentifiers.append(context.requestID, to: &idScratch)
        RequestIdentifiers.append(context.requestIDLow, to: &idScratch)
        return idScratch.readable
    }
}

/// The SDK as it is served.
enum SDKResponse {
    static let body = Array(WidgetSDK.source.utf8)
    static let entityTag = "\"\(WidgetSDK.hash)\""
    static let immutablePath = Array("/_widget/sdk-\(WidgetSDK.hash).js".utf8)
}
