import EventLoop
import HTTPMessages
import IdentityCore
import UserDirectory

/// Bodies that the gateway reads itself: a token, or a plain identity, or the form of a login page.
extension DataPlaneWorker {
    /// Waits for the body.
    func collectBody(_ context: RequestContext, as purpose: BodyPurpose) throws(Rejection) {
        let exchange = context.exchange
        guard exchange.request.method == .post else { return answerMethodNotAllowed(context, allowed: "POST, OPTIONS") }
        if let length = exchange.request.contentLength, length > IdentifyBody.maximumLength {
            throw Rejection(.bodyTooLarge)
        }
        context.collects = purpose
        context.phase = .collecting
        answerExpectation(context)
        if exchange.requestEnded { collected(context) }
    }

    func collect(_ context: RequestContext, _ bytes: Bytes) {
        context.body.append(bytes)
        // Credit for a form that may be the upstream's is given as the upstream takes it.
        if context.collects != .signInForm { context.exchange.transport?.consumed(context.exchange, bytes.count) }
        guard context.body.count > IdentifyBody.maximumLength else { return }
        guard context.collects == .signInForm else { return reject(context, Rejection(.bodyTooLarge)) }
        // Like a form whose length was said: the upstream's, whatever is in it.
        context.phase = .idle
        do throws(Rejection) {
            try decide(context)
        } catch {
            reject(context, error)
        }
    }

    func collected(_ context: RequestContext) {
        context.phase = .idle
        do throws(Rejection) {
            switch context.collects {
            case .identify: try identifyByBody(context)
            case .confirmation: try confirmed(context)
            case .signInForm: if try !signsInByForm(context) { try decide(context) }
            }
        } catch {
            reject(context, error)
        }
    }

    /// `/_widget/identify`, whose body names the organization perhaps.
    private func identifyByBody(_ context: RequestContext) throws(Rejection) {
        // The organization comes first: its origins decide who may read even the refusal of a malformed body.
        let body = Result { () throws(Rejection) in try IdentifyBody(context.body.readable) }
        let named = (try? body.get())?.organization
            .map { context.body.readable.part($0.lowerBound, $0.upperBound).string }
        try findOrganization(context, bodyNames: named)
        try checkOrigin(context)
        try checkRate(context)
        context.token.read(context.exchange.request)
        let found = try body.get()
        if let token = found.token {
            context.token.add(context.body.readable.part(token.lowerBound, token.upperBound))
            try identify(context)
        } else if let user = found.user {
            try identifyPlainly(context, context.body.readable.part(user.lowerBound, user.upperBound))
        }
    }

    /// A user without a token, vouched for by the user hash alone.
    private func identifyPlainly(_ context: RequestContext, _ user: Bytes) throws(Rejection) {
        guard let organization = context.organization else { throw Rejection(.organizationUnknown) }
        guard !context.token.isPresent else { throw Rejection(.tokenConflict) }
        let settings = context.snapshot.organizations[organization]
        guard settings.settings.allowPlainIdentity else { throw Rejection(.identityMalformed) }
        let verifyingSince = EventLoop.monotonicNanoseconds()
        let verdict = verifier.verifyPlainIdentity(
            user, keys: keys(of: organization, in: context.snapshot), policy: settings.policy)
        context.verifyTime = EventLoop.monotonicNanoseconds() - verifyingSince
        switch verdict {
        case .reject(let rejection): throw throttled(rejection, context)
        case .accept(let identity):
            counters.verified += 1
            admit(context, VerifiedIdentity(identity), remembersToken: false)
        }
    }
}
