import EventLoop
import HTTPMessages
import IdentityCore
import UserDirectory
import VerificationCache

/// One request's way, a line a phase:
/// head → endpoint → organization → origin → token → verification → admission → answer or upstream.
extension DataPlaneWorker {
    func run(_ context: RequestContext) {
        do throws(Rejection) {
            try checkHead(context.exchange)
            try checkLag(context.exchange)
            context.endpoint = try findEndpoint(context)
            if context.exchange.request.tunnel != .none { try checkTunnel(context) }
            if answersWithoutOrganization(context) { return }
            try checkRoom(context.endpoint)
            if passesUnseen(context) { return try forwardUnseen(context) }
            if isPreflight(context.exchange.request) { return try answerPreflight(context) }
            if context.endpoint == .identify { return try collectBody(context, as: .identify) }
            try findOrganization(context, bodyNames: nil)
            try findPortalEndpoint(context)
            if mayBeSignInForm(context) { return try collectBody(context, as: .signInForm) }
            try decide(context)
        } catch {
            reject(context, error)
        }
    }

    /// From here on the organization is known.
    func decide(_ context: RequestContext) throws(Rejection) {
        if case .upstream(let route) = context.endpoint, route.access == .public {
            return try forwardUnseen(context)
        }
        try checkOrigin(context)
        try checkRate(context)
        if context.endpoint == .logout { return answerLogout(context) }
        if case .signIn(let step) = context.endpoint { return try answerSignIn(context, step) }
        context.token.read(context.exchange.request)
        if try signsInPassively(context) { return }
        try identify(context)
    }

    /// Nobody asks whose the request is.
    private func forwardUnseen(_ context: RequestContext) throws(Rejection) {
        try checkRate(context)
        forward(context)
    }

    /// Settles who is calling, at once where that is known, else when the directory has answered.
    func identify(_ context: RequestContext) throws(Rejection) {
        guard !context.token.isConflicting else { throw Rejection(.tokenConflict) }
        guard context.token.isPresent else {
            if try resumeSession(context) { return }
            return try proceedAnonymously(context)
        }
        guard let organization = context.organization else { throw Rejection(.organizationUnknown) }
        let now = EventLoop.wallClock()
        let settings = context.snapshot.organizations[organization]
        if let known = cache.find(context.token.token.readable, in: settings.scope, now: now) {
            counters.cacheHits += 1
            return try proceed(context, as: known)
        }
        counters.cacheMisses += 1
        let verifyingSince = EventLoop.monotonicNanoseconds()
        let verdict = verifier.verify(
            context.token.token.readable, keys: keys(of: organization, in: context.snapshot),
            policy: settings.policy, now: now)
        context.verifyTime = EventLoop.monotonicNanoseconds() - verifyingSince
        switch verdict {
        case .reject(let rejection):
            context.keyID = verifier.refusedKeyID
            throw throttled(rejection, context)
        case .accept(let token):
            counters.verified += 1
            admit(context, VerifiedIdentity(token), remembersToken: true)
        }
    }

    /// Asks the directory; the request goes on in `admitted`.
    func admit(_ context: RequestContext, _ identity: VerifiedIdentity, remembersToken: Bool) {
        guard let organization = context.organizationSnapshot else { return }
        usedSecrets.insert(identity.keyID)
        context.phase = .admitting
        context.isVouched(by: identity)
        counters.admissions += 1
        context.askedAt = EventLoop.monotonicNanoseconds()
        let request = AdmissionRequest(
            organization: organization.settings.id, rule: organization.admissionRule, profile: identity.profile,
            issuedAt: identity.issuedAt, onlyIDVerified: identity.onlyIDVerified, privileges: identity.privileges)
        let bound = WorkerBound(context)
        let sequence = context.sequence
        let directoryReadAt = context.snapshot.cache.stamp()
        let mailbox = loop.mailbox
        admission.submit(request) { outcome in
            mailbox.post {
                let context = bound.value
                guard context.sequence == sequence, context.phase == .admitting else { return }
                context.worker.admitted(
                    context, identity, outcome, remembersToken: remembersToken, directoryReadAt: directoryReadAt)
            }
        }
    }

    private func admitted(
        _ context: RequestContext, _ identity: VerifiedIdentity, _ outcome: AdmissionOutcome, remembersToken: Bool,
        directoryReadAt: RevocationStamp
    ) {
        noteAdmissionTime(context)
        context.directoryReadAt = directoryReadAt
        switch outcome {
        case .unavailable: reject(context, Rejection(.directoryUnavailable))
        case .refused(let code, let user): reject(context, Rejection(code), of: user)
        case .admitted(let user, let created):
            guard let organization = context.organizationSnapshot else { return }
            if created { counters.usersCreated += 1 }
            context.wasCreated = created
            noteAdmitted(context, user: user.id, created: created)
            let admitted = AdmittedIdentity(settings: organization.settings, user: user, token: identity)
            // With the stamps that the decision began with: what has been revoked since never becomes a hit.
            if remembersToken {
                cache.insert(
                    admitted, bytes: admitted.byteCount, token: context.token.token.readable, in: organization.scope,
                    settingsReadAt: organization.settingsReadAt, user: user.id, userReadAt: directoryReadAt,
                    expiresAt: admitted.expiresAt, now: EventLoop.wallClock())
            }
            do throws(Rejection) {
                try proceed(context, as: admitted)
            } catch {
                reject(context, error)
            }
        }
    }

    func proceedAnonymously(_ context: RequestContext) throws(Rejection) {
        guard let organization = context.organizationSnapshot else { throw Rejection(.organizationUnknown) }
        if case .upstream(let route) = context.endpoint {
            if route.access == .portal, organization.requiresSession {
                context.state = "locked"
                guard context.exchange.request.method == .get, ProblemResponse.prefersPage(context.exchange.request)
                else { throw Rejection(.identifyRequired) }
                return redirectToSignIn(context)
            }
            try checkForum(context, of: nil)
        }
        noteAnonymous(context)
        switch organization.settings.requireIdentify {
        case .enforce:
            context.state = "locked"
            if context.endpoint == .state {
                return organization.lockedState.withUnsafeBytes { answerState(context, $0) }
            }
            throw Rejection(.identifyRequired)
        case .report: counters.countReported(.identifyRequired)
        case .off: break
        }
        context.state = "anonymous"
        if context.endpoint == .state {
            return organization.anonymousState.withUnsafeBytes { answerState(context, $0) }
        }
        answersTokenNavigation(context) ? () : forward(context)
    }

    func proceed(_ context: RequestContext, as identity: AdmittedIdentity) throws(Rejection) {
        if case .upstream = context.endpoint { try checkForum(context, of: identity) }
        context.identity = identity
        context.state = "identified"
        noteIdentified(context, identity)
        for code in identity.wouldReject { counters.countReported(code) }
        switch context.endpoint {
        case .state: identity.withState { answerState(context, $0) }
        case .identify: answerIdentify(context, identity)
        default: answersTokenNavigation(context) ? () : forward(context)
        }
    }
}
