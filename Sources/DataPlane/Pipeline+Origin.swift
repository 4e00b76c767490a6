import HTTPMessages
import IdentityCore

/// Cross-origin requests (CORS): who may call from another site's pages.
extension DataPlaneWorker {
    func isPreflight(_ request: borrowing RequestHead) -> Bool {
        request.method == .options && request.fields.first(.origin) != nil
            && request.fields.first(.accessControlRequestMethod) != nil
    }

    /// Refuses pages of origins that the organization hasn't listed.
    func checkOrigin(_ context: RequestContext) throws(Rejection) {
        guard let organization = context.organizationSnapshot else { return }
        context.variesByOrigin = !organization.origins.isEmpty
        guard let origin = context.exchange.request.fields.first(.origin) else { return }
        if isSameOrigin(origin, context) { return }
        guard organization.allows(origin: origin.string) else { throw Rejection(.originNotAllowed) }
        context.allowedOrigin.append(origin)
    }

    /// A preflight can't carry the organization's header: where neither host nor query tells, any organization's
    /// listed origin will do, and the request proper is judged by its own organization's.
    func answerPreflight(_ context: RequestContext) throws(Rejection) {
        do throws(Rejection) {
            try findOrganization(context, bodyNames: nil)
            try checkOrigin(context)
        } catch {
            guard error.code == .organizationUnknown, let origin = context.exchange.request.fields.first(.origin),
                context.snapshot.origins.allows(origin.string)
            else { throw error }
            context.allowedOrigin.append(origin)
            context.variesByOrigin = true
        }
        let exchange = context.exchange
        exchange.response.status = 204
        exchange.response.fields.append("access-control-allow-methods", "GET, HEAD, POST, PUT, PATCH, DELETE")
        if let names = exchange.request.fields.first(.accessControlRequestHeaders), names.isFieldValue {
            exchange.response.fields.append("access-control-allow-headers", names)
        }
        exchange.response.fields.append("access-control-max-age", "600")
        exchange.response.fields.append("vary", "access-control-request-headers")
        exchange.responseEnded = true
        send(context)
    }

    /// Adds what lets the calling page read the response.
    func appendOriginFields(_ context: RequestContext) {
        let exchange = context.exchange
        if !context.allowedOrigin.isEmpty {
            // The gateway has decided; a second answer from the upstream would make browsers refuse both.
            exchange.response.fields.remove { $0.hasPrefix("access-control-allow-origin") }
            exchange.response.fields.remove { $0.hasPrefix("access-control-allow-credentials") }
            exchange.response.fields.append("access-control-allow-origin", context.allowedOrigin.readable)
            exchange.response.fields.append(
                "access-control-expose-headers", "retry-after, www-authenticate, x-request-id")
        }
        if context.variesByOrigin { exchange.response.fields.append("vary", "origin") }
    }

    /// Scheme and host of the page are those of the request. On cleartext, which a TLS terminator may stand before,
    /// the scheme can't be known and the host decides.
    private func isSameOrigin(_ origin: Bytes, _ context: RequestContext) -> Bool {
        let authority = context.exchange.request.authority
        guard origin.count > authority.count, authority.count > 0 else { return false }
        let split = origin.count - authority.count
        for index in 0..<authority.count
        where origin[split + index].asciiLowercased != authority[index].asciiLowercased { return false }
        let scheme = origin.part(0, split)
        let isTLS = context.exchange.transport?.peer.isTLS ?? false
        return scheme.equalsIgnoringCase("https://") || (!isTLS && scheme.equalsIgnoringCase("http://"))
    }
}
