import IdentityCore
import UserDirectory

/// What a code means and how to mend it, for administrators: what the response tells the client is shorter.
struct CodeGuide: Sendable {
    let code: String
    let status: Int
    let title: String
    /// What happened, in one or two sentences.
    let meaning: String
    /// What to do about it, in one or two sentences.
    let remedy: String
    /// Where the page of all codes explains it.
    let address: String

    init(_ code: RejectionCode) {
        self.code = code.rawValue
        status = code.status
        (title, meaning, remedy) = Self.words(code)
        address = Self.address(of: code.rawValue)
    }

    /// Nil for a text that is no code, such as `accepted`.
    init?(code: String) {
        guard let code = RejectionCode(rawValue: code) else { return nil }
        self.init(code)
    }

    static let page = Console.root + "/codes"

    static func address(of code: String) -> String { page + "#" + code }

    private static func words(_ code: RejectionCode) -> (title: String, meaning: String, remedy: String) {
        tokenWords(code) ?? userWords(code) ?? requestWords(code)
    }

    /// Of what is wrong with the token itself.
    private static func tokenWords(_ code: RejectionCode) -> (String, String, String)? {
        switch code {
        case .tokenMalformed:
            (
                "Malformed token",
                "What came isn't a token: three segments of unpadded base64url between two dots, with a JSON object as "
                    + "payload.",
                "Send the library's result as it is, without quotes, line breaks or a second encoding. The token "
                    + "checker shows where it breaks."
            )
        case .tokenTooLarge:
            (
                "Token too large", "A token has at most 8192 bytes.",
                "Leave long texts, lists and pictures out of the claims: what identifies the user is enough."
            )
        case .tokenAlgorithmNotAllowed:
            (
                "Algorithm not allowed", "The token's header names another algorithm than HS256, or none.",
                "Tell the library to sign with HS256. Tokens of an identity provider (RS256, ES256) aren't meant here: "
                    + "the organization's own server signs."
            )
        case .tokenSignatureMismatch:
            (
                "Signature doesn't match", "No active secret of this organization signed this token.",
                "Sign with an active secret's text as it was shown, all 64 characters, without decoding it from hex. "
                    + "Look for another environment's or another organization's secret."
            )
        case .tokenExpired:
            (
                "Expired", "The token's time, its 'exp', is over by more than the allowed skew.",
                "Make a new token for each visit, and give the SDK a getToken that fetches one. Where they are expired "
                    + "when made, the signing server's clock is slow."
            )
        case .tokenNotYetValid:
            (
                "Not valid yet", "The token's 'nbf' lies ahead of this clock by more than the allowed skew.",
                "Set the signing server's clock by NTP, and count in seconds since 1970 in UTC."
            )
        case .tokenIssuedInFuture:
            (
                "Issued in the future", "The token's 'iat' lies ahead of this clock by more than the allowed skew.",
                "Set the signing server's clock by NTP, and count in seconds, not milliseconds."
            )
        case .tokenLifetimeExceeded:
            (
                "Valid for too long", "From 'iat' (or now) to 'exp' is longer than this organization allows.",
                "Set 'exp' nearer, and make a token for each visit; or raise the longest lifetime in Widget auth."
            )
        case .tokenClaimMissing:
            (
                "Claim missing", "A claim that this dialect requires isn't there, is null, or is empty.",
                "Send it for every user. The token checker names the claim, and the spelling that the dialect expects."
            )
        case .tokenClaimInvalid:
            (
                "Claim not valid", "A claim has the wrong type or form.",
                "Times are numbers of seconds, ids are text or whole numbers. The token checker names the claim."
            )
        case .tokenRevoked:
            (
                "Revoked", "The user was signed out everywhere after this token was issued.",
                "A new token lets them in again. If every new one is refused, the signing server's clock is slow."
            )
        case .tokenReplayed:
            (
                "Used before", "A token signs a portal visitor in once, and this one already has.",
                "Make a new token at each sign-in, never a stored one. Now and then it is somebody pressing reload."
            )
        case .tokenConflict:
            (
                "Two different tokens", "One request carried two that differ, in its header and its address, say.",
                "Send one: the SDK's header, or the parameter of the login page."
            )
        case .identityMalformed:
            (
                "Malformed identity",
                "The body of an identify call is neither a token nor a user with a hash, or users without a token "
                    + "aren't allowed here.",
                "Send {\"token\": \"…\"}; or allow plain identities in Widget auth where the customer can't sign tokens."
            )
        case .userHashMissing:
            (
                "User hash missing", "This organization requires a user hash, and the token has none.",
                "Add 'user_hash': HMAC-SHA256 of the user's id under the hash secret, in hex."
            )
        case .userHashSubjectMissing:
            (
                "User hash without an id", "The user hash proves the user's id, and there is no id.",
                "Send the id claim as well, and compute the hash over exactly its text."
            )
        case .userHashMismatch:
            (
                "User hash doesn't match",
                "The token is genuine, but its hash is another user's, or was made with another secret. It may be "
                    + "somebody passing for somebody else.",
                "Compute it over this user's id as text, with the hash secret's text as the key, not its decoded bytes. "
                    + "If that is so already, take the API secret for leaked and regenerate it."
            )
        default: nil
        }
    }

    /// Of what the directory, or the organization's rules, have against a user.
    private static func userWords(_ code: RejectionCode) -> (String, String, String)? {
        switch code {
        case .userUnknown:
            (
                "User not known", "The identify mode is 'update only', and the directory doesn't have this user.",
                "Import the users first, or switch the identify mode to 'upsert' in Widget auth."
            )
        case .userBlocked:
            ("User blocked", "An administrator blocked this user.", "Unblock them on their page, if they may return.")
        case .identityConflict:
            (
                "Id and email belong to two users",
                "The token's id leads to one user of the directory and its email to another. Nothing was merged, "
                    + "nothing was written.",
                "Find both in Users, and delete or correct the one that is out of date."
            )
        case .adminSSOForbidden:
            (
                "Admins don't sign in this way", "In this dialect, admins and owners are never signed in by a token.",
                "They sign in to the product itself; or change their role in Users."
            )
        case .adminIdentityUntrusted:
            (
                "Admin identity not trusted",
                "The user is an admin, and the token neither says 'trusted' nor grants the role.",
                "Add 'trusted': true to the tokens of admins, once the customer's server vouches for them."
            )
        case .forumForbidden:
            (
                "Forum not allowed", "The user's claims don't open this forum.",
                "Put its id into 'allow_forums', or take it out of 'deny_forums'."
            )
        case .identifyRequired:
            (
                "Sign-in required", "The organization requires users to be identified, and nobody was.",
                "Have the page call identify before the widget is used; or set the rule to 'report' in Widget auth "
                    + "until it does."
            )
        case .sessionExpired:
            ("Session expired", "The portal session has ended.", "The visitor signs in again.")
        case .ssoDisabled:
            (
                "Single sign-on is off", "A sign-in token came, and this organization hasn't enabled SSO.",
                "Test the login page and enable it under SSO redirect."
            )
        case .returnToNotAllowed:
            (
                "Return address not allowed", "The visitor was to be sent to a host that isn't the portal's.",
                "Add the host in Portal, if it is one of theirs. Else somebody tried to send a visitor elsewhere."
            )
        default: nil
        }
    }

    /// Of what is wrong with a request as such, or with what stands behind the gateway.
    private static func requestWords(_ code: RejectionCode) -> (String, String, String) {
        switch code {
        case .organizationUnknown:
            (
                "Organization not known", "Neither the host nor the request names an organization that exists here.",
                "Add the host to the organization in Portal, or give the SDK its organizationId."
            )
        case .organizationMismatch:
            (
                "Contradicting organizations", "The host belongs to one organization and the request names another.",
                "Correct the organizationId in the page's snippet."
            )
        case .originNotAllowed:
            (
                "Origin not allowed", "A page of another site called, and it isn't among the allowed origins.",
                "Add its origin, https:// and host, in Widget auth."
            )
        case .requestMalformed:
            (
                "Malformed request", "The request can't be read as HTTP has it.",
                "Look at the client, or at the proxy before the gateway."
            )
        case .bodyTooLarge:
            ("Body too large", "The request's body is longer than the limit.", "Send less, or raise the limit.")
        case .headersTooLarge:
            (
                "Headers too large", "The request's headers are longer, or more, than the limit.",
                "Look for cookies that pile up; or raise the limit."
            )
        case .rateLimited:
            (
                "Too many requests", "The address asked too often, or brought too many tokens that no secret signed.",
                "It ends by itself. Behind a proxy, name it in trusted_proxies: else all visitors share one address."
            )
        case .upstreamUnreachable:
            (
                "Service not reachable", "The service behind the gateway gave no valid answer.",
                "Look whether it runs, and at its address in the configuration."
            )
        case .webSocketUnsupported:
            (
                "Service without WebSockets", "The service behind the gateway takes no WebSockets over HTTP/2.",
                "Switch extended CONNECT (RFC 8441) on in it, or reach it over HTTP/1.1."
            )
        case .webSocketNotAllowed:
            (
                "WebSocket not allowed", "A WebSocket was asked for on a route that doesn't allow one.",
                "Write websocket: true for the route, if the service behind it speaks it."
            )
        case .protocolUnsupported:
            (
                "Protocol not supported", "A stream was to become something else than a WebSocket.",
                "Look at the client."
            )
        case .upstreamTimeout:
            (
                "Service too slow", "The service behind the gateway took too long to answer.",
                "Look at its load; or raise the timeout."
            )
        case .directoryUnavailable:
            (
                "User directory not available", "New users can't be recorded at the moment; known ones go on.",
                "Look at the gateway's log, and at the disk of its database."
            )
        case .overloaded:
            ("Overloaded", "The gateway has more to do than it can.", "Look at its load, or give it more room.")
        default:
            ("Shutting down", "The gateway is being stopped or replaced.", "Another one answers, or it comes back.")
        }
    }
}

/// The codes by what they are about, as the page of all codes lists them.
struct CodeGroup: Sendable {
    let id: String
    let title: String
    let codes: [CodeGuide]

    static let all: [CodeGroup] = {
        let groups: [(String, String, (RejectionCode) -> Bool)] = [
            ("tokens", "Tokens", { $0.rawValue.hasPrefix("token_") || $0 == .identityMalformed }),
            ("user-hash", "User hash", { $0.rawValue.hasPrefix("user_hash") }),
            (
                "users", "Users and their rights",
                {
                    [
                        .userUnknown, .userBlocked, .identityConflict, .adminSSOForbidden, .adminIdentityUntrusted,
                        .forumForbidden, .identifyRequired,
                    ].contains($0)
                }
            ),
            ("portal", "Sign-in on the portal", { [.sessionExpired, .ssoDisabled, .returnToNotAllowed].contains($0) }),
            ("requests", "Requests and the service behind the gateway", { _ in true }),
        ]
        var left = RejectionCode.allCases
        return groups.map { id, title, isOne in
            defer { left.removeAll(where: isOne) }
            return CodeGroup(id: id, title: title, codes: left.filter(isOne).map { CodeGuide($0) })
        }
    }()
}
