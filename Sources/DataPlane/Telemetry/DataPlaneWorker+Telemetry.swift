import EventLoop
import HTTPMessages
import IdentityCore
import UserDirectory

/// The pipeline says here what became of a token. Nothing here can refuse a request or hold it up.
extension DataPlaneWorker {
    /// A request is refused. Written down where it presented a token, and that is why.
    func noteRefusal(_ context: RequestContext, _ code: RejectionCode, user: String? = nil) {
        guard presentsIdentity(context), code.concernsTokens, let tally = tally(context) else { return }
        note(context, tally, code.position, EntryClass(code), user: user, warnings: [])
    }

    /// A guess too many: counted with others of its kind, in no row of its own.
    func noteThrottled(_ context: RequestContext, _ code: RejectionCode) {
        guard presentsIdentity(context), let tally = tally(context) else { return }
        note(context, tally, code.position, EntryClass(code), user: nil, warnings: [], mayTakeRow: false)
    }

    /// A token that wasn't remembered has been accepted. Without a user it has admitted nobody: it was a test.
    func noteAccepted(_ context: RequestContext, user: String?) {
        guard presentsIdentity(context), let tally = tally(context) else { return }
        note(context, tally, TokenRecords.accepted, .accepted, user: user, warnings: context.warnings)
    }

    /// The directory has let a user in.
    func noteAdmitted(_ context: RequestContext, user: String, created: Bool) {
        noteAccepted(context, user: user)
        guard let tally = tally(context) else { return }
        tally.traffic.admissions += 1
        tally.touch()
        guard created else { return }
        var user = user
        user.withUTF8 { wouldRefuse(context, tally, .updateOnly, .userUnknown, subject: Bytes($0)) }
    }

    /// A sign-in has been settled; where it goes on from an earlier request, no token was presented.
    func noteSignIn(_ context: RequestContext, _ outcome: SignInOutcome) {
        switch outcome {
        case .refused: break  // Its refusal is noted as any other.
        case .begun(_, let user): noteAccepted(context, user: user)
        case .continueOnSameSite(let user), .ask(_, let user): noteAccepted(context, user: user.id)
        }
    }

    /// A request goes on as somebody's.
    func noteIdentified(_ context: RequestContext, _ identity: AdmittedIdentity) {
        guard let organization = context.organizationSnapshot, let tally = tally(context) else { return }
        tally.touch()
        if !asksForState(context) {
            tally.traffic.requests += 1
            tally.traffic.identified += 1
        }
        // A session has no hash, and needs none.
        guard presentsIdentity(context) else { return }
        tally.traffic.tokens += 1
        if identity.hasUserHash { tally.traffic.userHashes += 1 }
        let isRemembered = context.wasCreated == nil
        var isSample = false
        if isRemembered {
            tally.countRemembered()
            isSample = telemetry.samplesHit()
            if isSample { noteRepeat(context, identity) }
        }
        for code in identity.wouldReject {
            identity.withUserID { wouldRefuse(context, tally, .requireUserHash, code, subject: $0) }
        }
        // Where the rule is off, a sample will do.
        if organization.policy.userHash == .off, !identity.hasUserHash, isSample || !isRemembered {
            identity.withUserID {
                wouldRefuse(
                    context, tally, .requireUserHash, .userHashMissing, subject: $0,
                    weight: isSample ? TelemetryRecorder.hitsPerSample : 1)
            }
        }
    }

    /// A request goes on as nobody's, or would if the rule weren't enforced.
    func noteAnonymous(_ context: RequestContext) {
        // Asking for the state isn't refused to anybody.
        guard !asksForState(context), let organization = context.organizationSnapshot, let tally = tally(context)
        else { return }
        tally.touch()
        tally.traffic.requests += 1
        guard organization.settings.requireIdentify != .enforce else { return }
        var address = clientAddress(context)
        address.withUTF8 { wouldRefuse(context, tally, .requireIdentify, .identifyRequired, subject: Bytes($0)) }
    }

    // MARK: Facts

    private func note(
        _ context: RequestContext, _ tally: OrganizationTally, _ code: UInt8, _ entryClass: EntryClass, user: String?,
        warnings: TokenWarnings, mayTakeRow: Bool = true
    ) {
        telemetry.record(
            tally, code, entryClass, now: loop.now, origin: context.exchange.request.fields.first(.origin),
            mayTakeRow: mayTakeRow
        ) {
            TokenRecords.Facts(
                time: EventLoop.wallClock(), code: code, warnings: warnings, source: source(context).position,
                organization: tally.id, user: user, keyID: context.keyID, address: clientAddress(context))
        }
    }

    private func noteRepeat(_ context: RequestContext, _ identity: AdmittedIdentity) {
        telemetry.recordRepeat(
            TokenRecords.Facts(
                time: EventLoop.wallClock(), standsFor: UInt64(TelemetryRecorder.hitsPerSample),
                code: TokenRecords.repeated, source: source(context).position, organization: identity.organizationID,
                user: identity.userID, keyID: nil, address: clientAddress(context)),
            origin: context.exchange.request.fields.first(.origin))
    }

    private func wouldRefuse(
        _ context: RequestContext, _ tally: OrganizationTally, _ rule: EnforcementRule, _ code: RejectionCode,
        subject: Bytes, weight: Int = 1
    ) {
        tally.wouldRefuse(
            rule, code, origin: context.exchange.request.fields.first(.origin), subject: subject, weight: weight
        ) {
            RefusalExample(
                subject: subject.string, path: PlainText.of(context.exchange.request.path),
                time: EventLoop.wallClock())
        }
    }

    private func tally(_ context: RequestContext) -> OrganizationTally? {
        guard let index = context.organization else { return nil }
        var id = context.snapshot.organizations[index].settings.id
        guard context.snapshot !== snapshot else { return telemetry.tally(index, id, now: loop.now) }
        // Begun under an older snapshot: the organization may have another place by now, or none.
        guard let place = id.withUTF8({ snapshot.organization(id: Bytes($0)) }) else { return nil }
        return telemetry.tally(place, id, now: loop.now)
    }

    /// A token, or a plain identity.
    private func presentsIdentity(_ context: RequestContext) -> Bool {
        if context.token.isPresent { return true }
        if case .identify = context.endpoint { return true }
        return false
    }

    private func asksForState(_ context: RequestContext) -> Bool {
        if case .state = context.endpoint { return true }
        return false
    }

    private func source(_ context: RequestContext) -> TokenSource {
        if case .signIn(.callback) = context.endpoint { return .callback }
        if context.token.consumesAuthorization { return .header }
        if context.token.cutsQuery { return .ssoParameter }
        if case .identify = context.endpoint { return .body }
        return .form
    }

    /// The client's address: behind trusted proxies, the last one that isn't theirs.
    private func clientAddress(_ context: RequestContext) -> String {
        guard let peer = context.exchange.transport?.peer else { return "" }
        guard let isTrusted = context.snapshot.options.isTrustedProxy, isTrusted(peer.addressBytes) else {
            return peer.address
        }
        return forwardedClient(context, isTrusted)?.text ?? peer.address
    }

    /// Whom a request speaks for that came from a trusted proxy.
    func forwardedClient(_ context: RequestContext, _ isTrusted: ([UInt8]) -> Bool) -> ForwardedClient? {
        var claimed = Bytes(start: nil, count: 0)
        for index in 0..<context.exchange.request.fields.count
        where context.exchange.request.fields.header(index) == .xForwardedFor {
            claimed = context.exchange.request.fields.value(index)
        }
        return ForwardedClient.address(claimed, isTrusted: isTrusted)
    }
}

/// Who a trusted proxy says the client is.
struct ForwardedClient {
    let text: String
    /// In network order: 4 or 16 bytes.
    let bytes: [UInt8]

    /// The last address of `X-Forwarded-For` that isn't a trusted proxy's; nil where there is none. The first entries
    /// are the client's own words, so that they are never reached past one that isn't an address.
    static func address(_ field: Bytes, isTrusted: ([UInt8]) -> Bool) -> ForwardedClient? {
        var end = field.count
        var hops = 0
        while end > 0, hops < 16 {
            var start = end
            while start > 0, field[start - 1] != 0x2C { start -= 1 }
            let text = field.part(start, end).trimmingBlanks
            guard text.count <= 45, !text.contains(0), let address = SocketAddress(host: text.string, port: 0) else {
                return nil
            }
            guard isTrusted(address.bytes) else {
                return ForwardedClient(text: address.host, bytes: address.bytes)
            }
            end = start - 1
            hops += 1
        }
        return nil
    }
}
