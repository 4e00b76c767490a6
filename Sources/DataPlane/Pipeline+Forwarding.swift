import EventLoop
import HTTPMessages
import HTTPUpstream
import IdentityCore
import MessageAuthentication

/// The last phase: the request goes to its upstream, with identity headers that the upstream can trust.
extension DataPlaneWorker {
    func forward(_ context: RequestContext) {
        guard case .upstream(let route) = context.endpoint else {
            return reject(context, Rejection(.upstreamUnreachable))
        }
        let exchange = context.exchange
        guard let peer = exchange.transport?.peer else { return }
        let snapshot = context.snapshot
        let upstream = snapshot.upstreams[route.upstream]
        let trustsPeer = snapshot.options.isTrustedProxy?(peer.addressBytes) ?? false
        writeTarget(context)
        answerExpectation(context)
        context.phase = .relaying
        context.relay.start(on: pool(route.upstream, in: snapshot), owner: context, received: context.body.readable) {
            head in
            let parts = ForwardedHead.Parts(
                dropsAuthorization: context.token.consumesAuthorization, trustsPeer: trustsPeer, peer: peer,
                fallbackAuthority: upstream.authority)
            ForwardedHead.appendRequest(exchange.request, target: targetScratch.readable, parts, to: &head)
            ForwardedHead.appendForwarding(exchange.request, parts, to: &head)
            appendTrace(context, trustsPeer: trustsPeer, to: &head)
            appendIdentity(context, route, upstream, to: &head)
        }
        context.body.removeAll(keepingAtMost: 8192)
    }

    private func appendIdentity(
        _ context: RequestContext, _ route: Route, _ upstream: UpstreamSnapshot, to head: inout ByteQueue
    ) {
        guard route.access != .public else { return }
        guard let identity = context.identity else {
            if let organization = context.organizationSnapshot { head.append(organization.anonymousHeaders) }
            return
        }
        identity.withHeaders { head.append($0) }
        if upstream.wantsProfile {
            IdentityHeaders.append("x-widget-profile", Base64URL.text(identity.profile), to: &head)
        }
        if upstream.wantsAssertion {
            head.append(
                assertions.line(
                    for: identity, audience: upstream.target.name,
                    issuer: AssertionIssuer(key: context.snapshot.signingKey), now: EventLoop.wallClock()))
        }
    }

    /// `X-Request-Id` and W3C trace context: passed on from a trusted proxy, else begun here.
    private func appendTrace(_ context: RequestContext, trustsPeer: Bool, to head: inout ByteQueue) {
        let fields = context.exchange.request.fields.count
        var requestID: Bytes?
        var trace: Bytes?
        if trustsPeer {
            for index in 0..<fields {
                switch context.exchange.request.fields.header(index) {
                case .xRequestId: requestID = context.exchange.request.fields.value(index)
                case .traceparent: trace = context.exchange.request.fields.value(index)
                default: break
                }
            }
        }
        head.append("x-request-id: ")
        if let requestID, requestID.count > 0, requestID.count <= 128, requestID.isToken {
            head.append(requestID)
        } else {
            RequestIdentifiers.append(context.requestID, to: &head)
            RequestIdentifiers.append(context.requestIDLow, to: &head)
        }
        head.append("\r\ntraceparent: ")
        if let trace, trace.count == 55, trace.isToken {
            head.append(trace)
            head.append("\r\n")
            if let state = context.exchange.request.fields.first(.tracestate), state.isFieldValue, state.count <= 512 {
                head.append("tracestate: ")
                head.append(state)
                head.append("\r\n")
            }
        } else {
            head.append("00-")
            RequestIdentifiers.append(context.requestID, to: &head)
            RequestIdentifiers.append(context.requestIDLow, to: &head)
            head.append("-")
            RequestIdentifiers.append(identifiers.next(), to: &head)
            head.append("-00\r\n")
        }
    }

    /// Fills `targetScratch` with the target that goes on: without a token.
    func writeTarget(_ context: RequestContext) {
        targetScratch.removeAll()
        guard context.token.cutsQuery, let query = context.exchange.request.query else {
            targetScratch.append(context.exchange.request.target)
            return
        }
        targetScratch.append(context.exchange.request.path)
        var separator: UInt8 = 0x3F
        QueryString.forEach(query) { name, _, whole in
            guard !QueryString.isNamed(name, "sso") else { return }
            targetScratch.append(byte: separator)
            targetScratch.append(query.part(whole.lowerBound, whole.upperBound))
            separator = 0x26
        }
    }
}
