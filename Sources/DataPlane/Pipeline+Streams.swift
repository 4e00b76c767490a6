import EventLoop
package import HTTPMessages
import HTTPUpstream
import IdentityCore
import PortalSSO
import UserDirectory
import VerificationCache

/// Requests that last, tunnels and streams of events above all: they end with the identity that they were let through
/// for. Each is looked at once a second, and only then.
extension DataPlaneWorker {
    /// Younger ones are requests like any other: they are about to end anyway.
    private static let leastAge: UInt64 = 1_000_000_000

    package func exchangeGoesOn(_ exchange: Exchange) {
        let context = context(of: exchange)
        guard context.phase == .relaying, context.relay.isActive, case .upstream(let route) = context.endpoint,
            route.access != .public
        else { return }
        let now = EventLoop.monotonicNanoseconds()
        guard exchange.isTunnel || now - min(now, exchange.startedAt) > Self.leastAge else { return }
        let code: RejectionCode?
        if let identity = context.identity {
            code = ending(of: context, as: identity)
        } else {
            code = anonymousEnding(of: context, route)
        }
        if let code { end(context, code) }
    }

    package func serverIsClosing(_ exchange: Exchange) {
        if exchange.isTunnel { context(of: exchange).relay.endTunnel(1001, RejectionCode.draining.rawValue) }
    }

    // MARK: Judging

    /// Why a request may not go on as this user; nil: it may.
    private func ending(of context: RequestContext, as identity: AdmittedIdentity) -> RejectionCode? {
        let isSession = !context.sessionKey.isEmpty
        guard EventLoop.wallClock() < identity.expiresAt else { return isSession ? .sessionExpired : .tokenExpired }
        guard let decided = context.organizationSnapshot else { return nil }
        let cache = snapshot.cache
        let watch = context.watch ?? begunWatch(context, identity, decided)
        let holds =
            cache.settingsHold(at: watch.settingsReadAt, in: decided.scope)
            && cache.userHolds(identity.userID, at: watch.userReadAt, in: decided.scope)
        guard !holds, !watch.isAsking else { return nil }
        guard let current = organization(decided.settings.id) else { return .organizationUnknown }
        // The settings that count now are on their way to this worker.
        guard cache.settingsHold(at: current.settingsReadAt, in: current.scope) else { return nil }
        return isSession ? askAboutSession(context, identity, current) : askAboutToken(context, identity, current)
    }

    /// Why a request without an identity may not go on: its organization has begun to ask for one.
    private func anonymousEnding(of context: RequestContext, _ route: Route) -> RejectionCode? {
        guard context.snapshot !== snapshot, let decided = context.organizationSnapshot else { return nil }
        guard let current = organization(decided.settings.id) else { return .organizationUnknown }
        if current === decided { return nil }
        let locks = current.settings.requireIdentify == .enforce || route.access == .portal && current.requiresSession
        return locks ? .identifyRequired : nil
    }

    private func organization(_ id: String) -> OrganizationSnapshot? {
        var id = id
        return id.withUTF8 { snapshot.organization(id: Bytes($0)) }.map { snapshot.organizations[$0] }
    }

    private func begunWatch(
        _ context: RequestContext, _ identity: AdmittedIdentity, _ decided: OrganizationSnapshot
    ) -> StreamWatch {
        // An identity that was found carries the stamps it was stored with; one that was just made, those of its making.
        let stored = context.snapshot.cache.stamps(of: identity)
        let watch = StreamWatch(
            settingsReadAt: stored?.settings ?? decided.settingsReadAt,
            userReadAt: stored?.user ?? context.directoryReadAt ?? decided.settingsReadAt)
        context.watch = watch
        return watch
    }

    // MARK: Asking again

    /// Verifies the token by the settings that count now, and asks the directory: it must find the same user, and makes
    /// none. What has changed of an organization may be one of its users as well as its rules.
    private func askAboutToken(
        _ context: RequestContext, _ identity: AdmittedIdentity, _ current: OrganizationSnapshot
    ) -> RejectionCode? {
        let keys = OrganizationKeys(api: current.apiKeys, userHash: current.userHashKeys)
        let verdict = verifier.verify(
            context.token.token.readable, keys: keys, policy: current.policy, now: EventLoop.wallClock())
        guard case .accept(let token) = verdict else {
            if case .reject(let rejection) = verdict { return rejection.code }
            return .tokenRevoked
        }
        context.watch?.settingsReadAt = current.settingsReadAt
        let verified = VerifiedIdentity(token)
        var rule = current.admissionRule
        rule.mode = .updateOnly
        let request = AdmissionRequest(
            organization: current.settings.id, rule: rule, profile: verified.profile, issuedAt: verified.issuedAt,
            onlyIDVerified: verified.onlyIDVerified, privileges: verified.privileges)
        let answer = awaitedAnswer(context, as: identity)
        admission.submit(request) { outcome in
            switch outcome {
            case .admitted(let user, _): answer(.user(user.id))
            case .refused(let code, _): answer(.ended(code))
            case .unavailable: answer(.ended(.directoryUnavailable))
            }
        }
        return nil
    }

    private func askAboutSession(
        _ context: RequestContext, _ identity: AdmittedIdentity, _ current: OrganizationSnapshot
    ) -> RejectionCode? {
        let value = context.sessionKey.readable
        guard let id = SessionID(cookieValue: value.part(1, value.count)) else { return .sessionExpired }
        context.watch?.settingsReadAt = current.settingsReadAt
        let answer = awaitedAnswer(context, as: identity)
        signIns.resume(
            id.digest, of: current.settings.id, lifetime: SessionLifetime(current.settings.sso),
            now: EventLoop.wallClock()
        ) { outcome in
            switch outcome {
            case .active(_, let user): answer(.user(user.id))
            case .refused(let code): answer(.ended(code))
            case .ended: answer(.ended(.sessionExpired))
            case .unavailable: answer(.ended(.directoryUnavailable))
            }
        }
        return nil
    }

    private enum Answer: Sendable {
        case user(String)
        case ended(RejectionCode)
    }

    /// Takes the answer of storage back to this worker, where the request is still the same.
    private func awaitedAnswer(
        _ context: RequestContext, as identity: AdmittedIdentity
    ) -> @Sendable (Answer) -> Void {
        // Read before storage is asked: what is revoked meanwhile makes it be asked once more.
        let readAt = snapshot.cache.stamp()
        context.watch?.isAsking = true
        let bound = WorkerBound(context)
        let sequence = context.sequence
        let mailbox = loop.mailbox
        let user = identity.userID
        return { answer in
            mailbox.post {
                let context = bound.value
                guard context.sequence == sequence, context.phase == .relaying else { return }
                context.watch?.isAsking = false
                switch answer {
                case .user(user): context.watch?.userReadAt = readAt
                // Another user has taken the place of the one who was let through.
                case .user: context.worker.end(context, .tokenRevoked)
                case .ended(let code): context.worker.end(context, code)
                }
            }
        }
    }

    // MARK: Ending

    /// Ends a request under way: refused where nothing has been answered yet, else broken off where it is.
    private func end(_ context: RequestContext, _ code: RejectionCode) {
        guard context.relay.isActive else { return }
        let exchange = context.exchange
        counters.streamsEnded += 1
        guard exchange.responseStarted else {
            context.relay.cancel()
            return reject(context, Rejection(code))
        }
        context.code = code
        context.wasEnded = true
        if exchange.isTunnel { return context.relay.endTunnel(1008, code.rawValue) }
        context.relay.cancel()
        exchange.isUnwanted = true
        exchange.transport?.abort(exchange)
    }
}
