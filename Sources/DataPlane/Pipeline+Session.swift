import EventLoop
import HTTPMessages
import IdentityCore
import PortalSSO
import UserDirectory
import VerificationCache

/// Who calls by the session of their browser, where no token says so.
extension DataPlaneWorker {
    /// Goes on as the session's user, now or when storage has answered. False where there is no session cookie.
    func resumeSession(_ context: RequestContext) throws(Rejection) -> Bool {
        guard let organization = context.organizationSnapshot else { return false }
        let cookie = sessionCookie(context)
        guard case .one(let value) = cookie else {
            if case .none = cookie { return false }
            try sessionEnded(context)
            return true
        }
        try checkSessionOrigin(context)
        // The first byte keeps sessions apart from tokens: no token holds it, so none can pass for a session's id.
        context.sessionKey.append(byte: 0)
        context.sessionKey.append(value)
        let now = EventLoop.wallClock()
        if let known = cache.find(context.sessionKey.readable, in: organization.scope, now: now) {
            counters.cacheHits += 1
            try proceed(context, as: known)
            return true
        }
        counters.cacheMisses += 1
        guard let id = SessionID(cookieValue: value) else {
            try sessionEnded(context)
            return true
        }
        context.phase = .admitting
        let bound = WorkerBound(context)
        let sequence = context.sequence
        let mailbox = loop.mailbox
        let readAt = context.snapshot.cache.stamp()
        signIns.resume(
            id.digest, of: organization.settings.id, lifetime: SessionLifetime(organization.settings.sso), now: now
        ) { outcome in
            mailbox.post {
                let context = bound.value
                guard context.sequence == sequence, context.phase == .admitting else { return }
                context.worker.resumed(context, id, outcome, directoryReadAt: readAt)
            }
        }
        return true
    }

    private func resumed(
        _ context: RequestContext, _ id: SessionID, _ outcome: SessionOutcome, directoryReadAt: RevocationStamp
    ) {
        guard let organization = context.organizationSnapshot else { return }
        context.phase = .idle
        context.directoryReadAt = directoryReadAt
        do throws(Rejection) {
            switch outcome {
            case .unavailable: throw Rejection(.directoryUnavailable)
            case .refused(let code): throw Rejection(code)
            case .ended: try sessionEnded(context)
            case .active(let session, let user):
                let now = EventLoop.wallClock()
                let identity = AdmittedIdentity(settings: organization.settings, user: user, session: session)
                let lifetime = SessionLifetime(organization.settings.sso)
                // The directory is asked again every now and then: what a later token says of the user counts here too, and
                // the use of a session that slides must be noticed.
                let rememberUntil = min(session.expiresAt, now + 3600)
                cache.insert(
                    identity, bytes: identity.byteCount, token: context.sessionKey.readable, in: organization.scope,
                    settingsReadAt: organization.settingsReadAt, user: user.id, userReadAt: directoryReadAt,
                    expiresAt: rememberUntil, now: now)
                if lifetime.slides, session.expiresAt >= now + lifetime.seconds - 60 {
                    context.cookies.append(cookies(context).session(id, maxAge: organization.settings.sso.maxAge))
                }
                try proceed(context, as: identity)
            }
        } catch {
            reject(context, error)
        }
    }

    /// The browser's cookie leads to nobody any more: it is taken back. A page is shown as to anybody; a program is
    /// told, so that nothing is posted under another name than its user believes.
    private func sessionEnded(_ context: RequestContext) throws(Rejection) {
        context.cookies += cookies(context).clearedSessionOfEitherKind()
        guard ProblemResponse.prefersPage(context.exchange.request), context.exchange.request.method != .post else {
            if context.endpoint == .state { return try proceedAnonymously(context) }
            throw Rejection(.sessionExpired)
        }
        try proceedAnonymously(context)
    }

    // MARK: Cookies

    /// The session cookie of a request.
    func sessionCookie(_ context: RequestContext) -> OwnCookies.Finding {
        guard context.exchange.request.fields.first(.cookie) != nil else { return .none }
        return ownCookie(.session, context)
    }

    /// One of the gateway's own cookies in a request.
    func ownCookie(_ name: PortalCookieName, _ context: RequestContext) -> OwnCookies.Finding {
        OwnCookies.find(name.text(isSecure: !isPlainLoopback(context)), in: context.exchange.request.fields)
    }

    /// The digests of the sessions that the browser has, or says that it has: one, or none, but for planted ones.
    func sessionDigests(_ context: RequestContext) -> [SessionDigest] {
        let name = PortalCookieName.session.text(isSecure: !isPlainLoopback(context))
        return OwnCookies.all(name, in: context.exchange.request.fields).compactMap {
            SessionID(cookieValue: $0)?.digest
        }
    }

    func cookies(_ context: RequestContext) -> PortalCookies {
        PortalCookies(
            portal: portalOrigin(context), embedded: context.organizationSnapshot?.settings.sso.embedded ?? false)
    }

    /// Where the browser sees this request: whoever ends TLS before a cleartext listener is believed to have done so,
    /// except on loopback, where browsers are that speak plainly.
    func portalOrigin(_ context: RequestContext) -> PortalOrigin {
        PortalOrigin(
            scheme: isPlainLoopback(context) ? "http" : "https",
            authority: context.exchange.request.authority.string.lowercased())
    }

    func isPlainLoopback(_ context: RequestContext) -> Bool {
        guard let peer = context.exchange.transport?.peer, !peer.isTLS else { return false }
        if let claimed = context.exchange.request.fields.first(.xForwardedProto), claimed.equalsIgnoringCase("https"),
            context.snapshot.options.isTrustedProxy?(peer.addressBytes) ?? false
        {
            return false
        }
        return LoopbackHost.isOne(authority: context.exchange.request.authority.string.lowercased())
    }
}

extension SSOSettings {
    /// How long browsers keep a session's cookie, in seconds.
    var maxAge: Int { sessionDays * 86400 }
}
