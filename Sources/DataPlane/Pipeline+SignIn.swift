import EventLoop
import HTTPMessages
import IdentityCore
import MessageAuthentication
import PortalSSO
import UserDirectory
import VerificationCache

/// Sign-in on the portal (section 11 of the specification): out to the organization's login page, back with a token,
/// and on with a session.
extension DataPlaneWorker {
    func answerSignIn(_ context: RequestContext, _ step: SignInStep) throws(Rejection) {
        let method = context.exchange.request.method
        switch step {
        case .start, .page:
            guard method == .get || method == .head else {
                return answerMethodNotAllowed(context, allowed: "GET, HEAD")
            }
        case .callback, .logoutScript:
            // A look at the head alone must not use up a token, nor end a session.
            guard method == .get else { return answerMethodNotAllowed(context, allowed: "GET") }
        case .complete:
            guard method == .get || method == .post else {
                return answerMethodNotAllowed(context, allowed: "GET, POST")
            }
        }
        switch step {
        case .start: try startSignIn(context)
        case .page: try answerSignInPage(context)
        case .callback: try receiveCallback(context)
        case .complete: try completeSignIn(context)
        case .logoutScript: answerLogout(context)
        }
    }

    // MARK: Out

    /// Remembers in the browser where it was, and sends it to the organization's login page.
    private func startSignIn(_ context: RequestContext) throws(Rejection) {
        guard let organization = context.organizationSnapshot else { throw Rejection(.organizationUnknown) }
        let sso = organization.settings.sso
        let isTest = parameter("test", context).map { $0 == Array("true".utf8) } ?? false
        guard sso.enabled || isTest, sso.loginURL != nil else { throw Rejection(.ssoDisabled) }
        let returnTo = try returnAddress(context, parameter("return_to", context))
        let transaction = SignInTransaction(
            returnAddress: returnTo.location, startedAt: EventLoop.wallClock(), isTest: isTest,
            dialect: organization.settings.dialect, begunByOtherSite: comesFromOtherSite(context))
        let portal = portalOrigin(context)
        guard
            let location = organization.convention.location(
                settings: organization.settings, portal: portal, returnTo: returnTo, isTest: isTest)
        else { throw Rejection(.ssoDisabled) }
        context.cookies.append(
            cookies(context).transaction(transaction.sealed(by: portalKey, organization: organization.settings.id)))
        redirect(context, 302, to: location)
    }

    /// Whether a page of another origin has led the browser here, as browsers say it (Fetch Metadata): also where the way
    /// went by a page of the portal.
    private func comesFromOtherSite(_ context: RequestContext) -> Bool {
        guard let site = context.exchange.request.fields.first(named: "sec-fetch-site") else { return false }
        return !site.equals("same-origin") && !site.equals("none")
    }

    // MARK: Back

    /// The login page has sent the browser back with a token.
    private func receiveCallback(_ context: RequestContext) throws(Rejection) {
        guard let organization = context.organizationSnapshot else { throw Rejection(.organizationUnknown) }
        let convention = organization.convention
        context.token.read(context.exchange.request)
        if let query = context.exchange.request.query {
            addTokens(context, Self.values(of: convention.tokenParameter, in: query))
        }
        guard !context.token.isConflicting else { throw Rejection(.tokenConflict) }
        let transaction = transaction(context)
        let sso = organization.settings.sso
        guard sso.enabled || transaction?.isTest == true else { throw Rejection(.ssoDisabled) }
        // A hostile return address makes no session, wherever the browser would have been sent in the end.
        let named = try returnAddress(context, convention.returnParameter.flatMap { parameter($0, context) })
        let stored = transaction.flatMap { address(context, Array($0.returnAddress.utf8)) }
        guard context.token.isPresent else { throw Rejection(.tokenMalformed) }
        try signIn(context, transaction, returnTo: stored ?? named, showsCookies: true)
    }

    /// A page was opened with a token in its address: a sign-in, where the dialect knows such. True where it was one.
    func signsInPassively(_ context: RequestContext) throws(Rejection) -> Bool {
        guard context.token.cutsQuery, context.token.isPresent, let organization = context.organizationSnapshot,
            organization.convention.isPassive, context.exchange.request.method == .get,
            ProblemResponse.prefersPage(context.exchange.request), isProtected(context.endpoint)
        else { return false }
        guard !context.token.isConflicting else { throw Rejection(.tokenConflict) }
        writeTarget(context)
        let page = address(context, Array(targetScratch.readable)) ?? .home
        try signIn(context, transaction(context), returnTo: page, showsCookies: true)
        return true
    }

    /// Whether a request is a form that may bring a token, as some login pages send it.
    func mayBeSignInForm(_ context: RequestContext) -> Bool {
        guard context.exchange.request.method == .post, let organization = context.organizationSnapshot,
            organization.convention.isPassive, isProtected(context.endpoint),
            let type = context.exchange.request.fields.first(.contentType),
            type.hasPrefixIgnoringCase("application/x-www-form-urlencoded"),
            ProblemResponse.prefersPage(context.exchange.request)
        else { return false }
        // Nothing that a login page sends is larger: such a form is the upstream's.
        return (context.exchange.request.contentLength ?? 0) <= IdentifyBody.maximumLength
    }

    /// The form of a login page has come in whole: another site's page sent it, so the browser showed no cookies.
    ///
    /// False where it brings no token: it is the upstream's.
    func signsInByForm(_ context: RequestContext) throws(Rejection) -> Bool {
        let tokens = Self.values(of: "sso", in: context.body.readable)
        guard tokens.contains(where: { !$0.isEmpty }) else { return false }
        context.token.read(context.exchange.request)
        addTokens(context, tokens)
        guard !context.token.isConflicting else { throw Rejection(.tokenConflict) }
        writeTarget(context)
        let page = address(context, Array(targetScratch.readable)) ?? .home
        try signIn(context, nil, returnTo: page, showsCookies: false)
        return true
    }

    private func addTokens(_ context: RequestContext, _ values: [[UInt8]]) {
        for value in values where !value.isEmpty { value.withUnsafeBytes { context.token.add($0) } }
    }

    /// Verifies the token, and has storage settle whom it signs in.
    private func signIn(
        _ context: RequestContext, _ transaction: SignInTransaction?, returnTo: ReturnAddress, showsCookies: Bool
    ) throws(Rejection) {
        guard let index = context.organization, let organization = context.organizationSnapshot else {
            throw Rejection(.organizationUnknown)
        }
        if showsCookies { context.cookies.append(cookies(context).clearedTransaction()) }
        let now = EventLoop.wallClock()
        let token = context.token.token.readable
        let verdict = verifier.verify(
            token, keys: keys(of: index, in: context.snapshot), policy: organization.policy, now: now)
        let verified: VerifiedIdentity
        switch verdict {
        case .reject(let rejection):
            context.keyID = verifier.refusedKeyID
            if transaction?.isTest == true {
                noteRefusal(context, rejection.code)
                return answerTest(context, .failed(rejection))
            }
            throw throttled(rejection, context)
        case .accept(let accepted): verified = VerifiedIdentity(accepted)
        }
        context.isVouched(by: verified)
        if transaction?.isTest == true {
            noteAccepted(context, user: nil)
            return answerTest(context, .passed(user: verified.profile.email ?? verified.profile.externalID ?? ""))
        }
        let sso = organization.settings.sso
        // Before the token is used up by a sign-in that can't be.
        guard transaction != nil || sso.allowUnsolicited || !showsCookies else { throw Rejection(.ssoDisabled) }
        counters.verified += 1
        usedSecrets.insert(verified.keyID)
        let skew = Double(organization.settings.clockSkewSeconds)
        let request = SignInRequest(
            admission: AdmissionRequest(
                organization: organization.settings.id, rule: organization.settings.signInRule,
                profile: verified.profile, issuedAt: verified.issuedAt, onlyIDVerified: false,
                privileges: verified.privileges),
            tokenDigest: verified.isDistinguishable ? SHA256Digest.of(token) : nil,
            rememberUntil: verified.expiresAt.map { $0 + skew } ?? .infinity)
        let arrival = SignInArrival(
            keyID: verified.keyID, issuedAt: verified.issuedAt, decidedAt: now,
            initiator: transaction?.initiator ?? .somebody, returnTo: returnTo, pending: nil)
        let browser = browser(context, showsCookies: showsCookies, now: now)
        wait(context) { completion in
            self.signIns.signIn(request, arrival, browser, completion: completion)
        } then: { context, outcome in
            context.worker.signedIn(context, outcome, arrival)
        }
    }

    // MARK: On

    /// The browser comes back from this site, or with its person's word.
    private func completeSignIn(_ context: RequestContext) throws(Rejection) {
        guard context.exchange.request.method == .post else { return try complete(context, answer: nil) }
        try collectBody(context, as: .confirmation)
    }

    /// The form of `SwitchUserPage` has come in.
    func confirmed(_ context: RequestContext) throws(Rejection) {
        guard let confirmation = formField(SwitchUserPage.confirmationField, context) else {
            throw Rejection(.requestMalformed)
        }
        let choice = formField(SwitchUserPage.choiceField, context)
        let stays = choice.map { !$0.elementsEqual(SwitchUserPage.continueChoice.utf8) } ?? true
        try complete(context, answer: (confirmation, stays))
    }

    private func complete(_ context: RequestContext, answer: (confirmation: [UInt8], stays: Bool)?) throws(Rejection) {
        guard let organization = context.organizationSnapshot else { throw Rejection(.organizationUnknown) }
        let now = EventLoop.wallClock()
        guard case .one(let value) = ownCookie(.pending, context),
            let pending = PendingSignIn(
                sealed: value, key: portalKey, organization: organization.settings.id, now: now),
            let returnTo = address(context, Array(pending.returnAddress.utf8))
        else { throw Rejection(.sessionExpired) }
        let transaction = transaction(context)
        if transaction != nil { context.cookies.append(cookies(context).clearedTransaction()) }
        if transaction?.isTest == true {
            context.cookies.append(cookies(context).clearedPending())
            return answerTest(context, .passed(user: pending.user))
        }
        if let answer {
            guard pending.confirmation.isWritten(as: answer.confirmation) else { throw Rejection(.requestMalformed) }
            if answer.stays {
                context.cookies.append(cookies(context).clearedPending())
                return redirect(context, 303, to: returnTo.location)
            }
        }
        let arrival = SignInArrival(
            keyID: pending.keyID, issuedAt: pending.tokenIssuedAt, decidedAt: pending.decidedAt,
            // Who has been asked wants it.
            initiator: answer != nil
                ? .visitor : transaction?.initiator ?? (pending.wasSolicited ? .otherSite : .somebody),
            returnTo: returnTo, pending: pending)
        let browser = browser(context, showsCookies: true, now: now)
        wait(context) { completion in
            self.signIns.complete(pending, arrival, browser, completion: completion)
        } then: { context, outcome in
            context.worker.signedIn(context, outcome, arrival)
        }
    }

    /// Storage has settled it.
    private func signedIn(_ context: RequestContext, _ outcome: SignInOutcome, _ arrival: SignInArrival) {
        guard let organization = context.organizationSnapshot else { return }
        noteSignIn(context, outcome)
        switch outcome {
        case .refused(let code, let user):
            // Nothing has been settled: the browser may come again with all that it has.
            if code == .directoryUnavailable { context.cookies = [] }
            reject(context, Rejection(code), of: user)
        case .begun(let id, _):
            counters.signIns += 1
            if case .conflicting = sessionCookie(context) {
                context.cookies += cookies(context).clearedSessionOfEitherKind()
            }
            context.cookies.append(cookies(context).session(id, maxAge: organization.settings.sso.maxAge))
            if arrival.pending != nil { context.cookies.append(cookies(context).clearedPending()) }
            redirect(context, 303, to: arrival.returnTo.location)
        case .continueOnSameSite(let user): hold(context, user, arrival)
        case .ask(let current, let new):
            // Not under an address that has a token in it.
            guard let pending = arrival.pending else { return hold(context, new, arrival) }
            answerPage(context, returnTo: arrival.returnTo.location) { nonce in
                SwitchUserPage.html(
                    organizationName: organization.settings.name, currentUser: current.displayName,
                    newUser: new.displayName, confirmPath: "/_widget/sso/complete" + organizationQuery(context),
                    confirmation: pending.confirmation, nonce: nonce)
            }
        }
    }

    /// Leaves an admitted user in the browser's keeping, sealed, and has it come back from this site.
    private func hold(_ context: RequestContext, _ user: DirectoryUser, _ arrival: SignInArrival) {
        guard let organization = context.organizationSnapshot else { return }
        let pending = PendingSignIn(
            user: user.id, keyID: arrival.keyID, returnAddress: arrival.returnTo.location,
            decidedAt: arrival.decidedAt, tokenIssuedAt: arrival.issuedAt, wasSolicited: arrival.initiator != .somebody)
        context.cookies.append(
            cookies(context).pending(pending.sealed(by: portalKey, organization: organization.settings.id)))
        redirect(context, 303, to: "/_widget/sso/complete" + organizationQuery(context))
    }
}

/// What somebody who signs in has come with.
struct SignInArrival: Sendable {
    let keyID: String
    /// The token's `iat`, in seconds since 1970.
    let issuedAt: Double?
    /// When the token was verified, in seconds since 1970.
    let decidedAt: Double
    let initiator: SignInInitiator
    let returnTo: ReturnAddress
    /// What the browser kept from an earlier step; nil at the first.
    let pending: PendingSignIn?
}
