import HTTPMessages
import HTTPUpstream
import IdentityCore
import VerificationCache

/// What the data plane remembers of one request. Pooled with its exchange: it lives through many, one after another.
final class RequestContext: RelayOwner {
    enum Phase {
        case idle
        /// The body of an identify is being collected.
        case collecting
        /// The directory has been asked; a body may arrive meanwhile.
        case admitting
        case relaying
        case answered
    }

    unowned(unsafe) let exchange: Exchange
    unowned(unsafe) let worker: DataPlaneWorker
    let relay: Relay

    var phase = Phase.idle
    /// Tells this request from others that the same object has served: answers that come late are dropped.
    var sequence: UInt64 = 0
    /// What this request is decided by, whatever is posted meanwhile.
    var snapshot: DataPlaneSnapshot
    var endpoint = Endpoint.unknown
    var organization: Int?
    var identity: AdmittedIdentity?
    var wasCreated: Bool?
    var token = TokenExtraction()
    /// The secret that vouches for the token; nil where none does, or nobody has looked yet.
    var keyID: String?
    /// What an admin should know of the token.
    var warnings = TokenWarnings.none
    /// A body that is collected, or that waits for admission.
    var body = ByteQueue()
    /// What a body is collected for.
    var collects = BodyPurpose.identify
    /// What the cache knows a session by; empty where there is none.
    var sessionKey = ByteQueue()
    /// Values of `Set-Cookie` for the response.
    var cookies: [String] = []
    /// The origin whose page may read the response; empty: no CORS fields.
    var allowedOrigin = ByteQueue()
    var variesByOrigin = false
    var requestID: UInt64 = 0
    var requestIDLow: UInt64 = 0
    var state: StaticString = "none"
    var code: RejectionCode?
    /// When the client may try again, where it is told to.
    var retryAfterSeconds = 1
    /// Nanoseconds that a verification took, and that the directory took to answer; nil where there was none.
    var verifyTime: UInt64?
    var admitTime: UInt64?
    /// The cache's clock before the directory was asked; nil where it wasn't.
    var directoryReadAt: RevocationStamp?
    /// Kept for requests that last.
    var watch: StreamWatch?
    /// Broken off with its identity, for the reason in `code`.
    var wasEnded = false
    /// When the directory was asked: nanoseconds of the monotonic clock.
    var askedAt: UInt64 = 0

    init(exchange: Exchange, worker: DataPlaneWorker) {
        self.exchange = exchange
        self.worker = worker
        snapshot = worker.snapshot
        relay = Relay(exchange: exchange)
    }

    func begin() {
        sequence += 1
        snapshot = worker.snapshot
        requestID = worker.identifiers.next()
        requestIDLow = worker.identifiers.next()
    }

    func end() {
        sequence += 1
        relay.cancel()
        if relay.tunnel != nil { relay.tunnel = nil }
        phase = .idle
        endpoint = .unknown
        organization = nil
        identity = nil
        wasCreated = nil
        token.removeAll()
        keyID = nil
        warnings = .none
        body.removeAll(keepingAtMost: 8192)
        sessionKey.removeAll()
        if !cookies.isEmpty { cookies = [] }
        allowedOrigin.removeAll()
        variesByOrigin = false
        state = "none"
        code = nil
        retryAfterSeconds = 1
        verifyTime = nil
        admitTime = nil
        directoryReadAt = nil
        watch = nil
        wasEnded = false
    }

    /// A secret vouches for the token that was presented.
    func isVouched(by identity: VerifiedIdentity) {
        keyID = identity.keyID
        warnings = identity.warnings
    }

    var organizationSnapshot: OrganizationSnapshot? { organization.map { snapshot.organizations[$0] } }

    // MARK: Relay

    func relayWillSendHead(_ relay: Relay) {
        if let tunnel = relay.tunnel, tunnel.isOpen { worker.tunnelOpened(self, tunnel) }
        worker.decorate(self)
    }

    func relayFailed(_ relay: Relay, _ failure: UpstreamFailure) {
        let code: RejectionCode =
            switch failure {
            case .unreachable, .malformed: .upstreamUnreachable
            case .timeout: .upstreamTimeout
            case .overloaded: .overloaded
            case .withoutWebSockets: .webSocketUnsupported
            }
        worker.noteUpstreamFailure(self, code)
        worker.reject(self, Rejection(code))
    }

    func relayBroke(_ relay: Relay, _ failure: UpstreamFailure) {}  // Seen when the exchange ends.
}

/// What answers a request.
enum Endpoint: Equatable {
    case unknown
    case upstream(Route)
    case sdk(isImmutable: Bool)
    case keySet
    case state
    case identify
    case logout
    case signIn(SignInStep)
    /// The path of a dialect's own: a sign-in step for its organizations, the upstream's for all others.
    case portalPath(Route?)
}

/// The gateway's own addresses of sign-in.
enum SignInStep: Equatable {
    case start
    case page
    case callback
    case complete
    case logoutScript
}

/// What a body is collected for.
enum BodyPurpose {
    case identify
    /// It may bring a token; if not, it is the upstream's.
    case signInForm
    /// The answer to 'do you want to be somebody else?'
    case confirmation
}
