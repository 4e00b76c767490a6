/// Why a request isn't let through. The raw value is the `code` in the response, the log and the metrics.
package enum RejectionCode: String, Sendable, CaseIterable {
    // 400
    case tokenConflict = "token_conflict"
    case requestMalformed = "request_malformed"
    case organizationMismatch = "organization_mismatch"
    case returnToNotAllowed = "return_to_not_allowed"
    case identityMalformed = "identity_malformed"
    // 401
    case tokenMalformed = "token_malformed"
    case tokenAlgorithmNotAllowed = "token_algorithm_not_allowed"
    case tokenSignatureMismatch = "token_signature_mismatch"
    case tokenExpired = "token_expired"
    case tokenNotYetValid = "token_not_yet_valid"
    case tokenIssuedInFuture = "token_issued_in_future"
    case tokenLifetimeExceeded = "token_lifetime_exceeded"
    case tokenClaimMissing = "token_claim_missing"
    case tokenClaimInvalid = "token_claim_invalid"
    case tokenRevoked = "token_revoked"
    case tokenReplayed = "token_replayed"
    case userHashMissing = "user_hash_missing"
    case userHashSubjectMissing = "user_hash_subject_missing"
    case userHashMismatch = "user_hash_mismatch"
    case identifyRequired = "identify_required"
    case sessionExpired = "session_expired"
    // 403
    case userUnknown = "user_unknown"
    case userBlocked = "user_blocked"
    case adminSSOForbidden = "admin_sso_forbidden"
    case adminIdentityUntrusted = "admin_identity_untrusted"
    case forumForbidden = "forum_forbidden"
    case originNotAllowed = "origin_not_allowed"
    case ssoDisabled = "sso_disabled"
    case webSocketNotAllowed = "websocket_not_allowed"
    // 404, 409
    case organizationUnknown = "organization_unknown"
    case identityConflict = "identity_conflict"
    // 413, 431, 429
    case bodyTooLarge = "body_too_large"
    case tokenTooLarge = "token_too_large"
    case headersTooLarge = "headers_too_large"
    case rateLimited = "rate_limited"
    // 501, 502, 503, 504
    case protocolUnsupported = "protocol_unsupported"
    case upstreamUnreachable = "upstream_unreachable"
    case webSocketUnsupported = "websocket_unsupported"
    case directoryUnavailable = "directory_unavailable"
    case overloaded = "overloaded"
    case draining = "draining"
    case upstreamTimeout = "upstream_timeout"

    /// The HTTP status that goes with the code.
    package var status: Int {
        switch self {
        case .tokenConflict, .requestMalformed, .organizationMismatch, .returnToNotAllowed, .identityMalformed: 400
        case .tokenMalformed, .tokenAlgorithmNotAllowed, .tokenSignatureMismatch, .tokenExpired, .tokenNotYetValid,
            .tokenIssuedInFuture, .tokenLifetimeExceeded, .tokenClaimMissing, .tokenClaimInvalid, .tokenRevoked,
            .tokenReplayed, .userHashMissing, .userHashSubjectMissing, .userHashMismatch, .identifyRequired,
            .sessionExpired:
            401
        case .userUnknown, .userBlocked, .adminSSOForbidden, .adminIdentityUntrusted, .forumForbidden,
            .originNotAllowed, .ssoDisabled, .webSocketNotAllowed:
            403
        case .organizationUnknown: 404
        case .identityConflict: 409
        case .bodyTooLarge: 413
        case .tokenTooLarge, .headersTooLarge: 431
        case .rateLimited: 429
        case .protocolUnsupported: 501
        case .upstreamUnreachable, .webSocketUnsupported: 502
        case .directoryUnavailable, .overloaded, .draining: 503
        case .upstreamTimeout: 504
        }
    }

    /// Whether it says something of the token, rather than of the request that brought it or of what came after it:
    /// the token log has rows of these alone.
    package var concernsTokens: Bool {
        switch self {
        case .forumForbidden, .identifyRequired, .sessionExpired, .upstreamUnreachable, .upstreamTimeout, .overloaded,
            .rateLimited, .draining, .bodyTooLarge, .headersTooLarge, .originNotAllowed, .organizationUnknown,
            .organizationMismatch, .requestMalformed, .webSocketNotAllowed, .protocolUnsupported,
            .webSocketUnsupported:
            false
        default: true
        }
    }
}
