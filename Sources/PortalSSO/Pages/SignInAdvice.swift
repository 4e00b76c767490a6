package import IdentityCore

/// What an admin is told when a test of sign-in fails: what went wrong, and what to do about it. HTML without anything
/// that a client could have chosen; without a claim it is plain text.
package enum SignInAdvice {
    package static func cause(_ rejection: Rejection) -> String {
        let claim = rejection.claim.map { "“\($0)”".escapedForHTML }
        return switch rejection.code {
        case .tokenMalformed: "What came back is no token"
        case .tokenTooLarge: "The token is too long"
        case .tokenAlgorithmNotAllowed: "The token is signed in another way than HS256"
        case .tokenSignatureMismatch: "The token is signed with another secret"
        case .tokenExpired: "The token had expired"
        case .tokenNotYetValid: "The token isn’t valid yet"
        case .tokenIssuedInFuture: "The token comes from the future"
        case .tokenLifetimeExceeded: "The token is valid for too long"
        case .tokenClaimMissing: "The token lacks \(claim ?? "a claim")"
        case .tokenClaimInvalid: "\(claim ?? "A claim") can’t be read"
        case .tokenConflict: "Two different tokens came back"
        case .tokenReplayed: "The token had been used before"
        case .tokenRevoked: "The user was signed out everywhere"
        case .userHashMissing: "The token lacks “user_hash”"
        case .userHashSubjectMissing: "There is a “user_hash”, but no id"
        case .userHashMismatch: "“user_hash” doesn’t fit the id"
        case .userUnknown: "The user isn’t in the directory"
        case .userBlocked: "The user is blocked"
        case .identityConflict: "Id and email belong to two users"
        case .adminSSOForbidden: "The user is an admin"
        case .adminIdentityUntrusted: "The user is an admin, and the token isn’t trusted"
        case .returnToNotAllowed: "The return address leads elsewhere"
        case .organizationUnknown, .organizationMismatch: "The token came for another organization"
        case .sessionExpired: "The test took too long"
        case .ssoDisabled: "The sign-in wasn’t begun in this window"
        default: "The test couldn’t be finished"
        }
    }

    package static func remedy(_ rejection: Rejection) -> String {
        let claim = rejection.claim.map { "“\($0)”".escapedForHTML }
        return switch rejection.code {
        case .tokenMalformed: "Send the token as the JWT library returns it: three parts with dots between them."
        case .tokenTooLarge: "A token has at most 8192 bytes. Leave out what isn’t needed."
        case .tokenAlgorithmNotAllowed: "Tell your JWT library to sign with HS256."
        case .tokenSignatureMismatch:
            "Sign with an active API secret of this organization. Pass its text as it is: the 64 characters are the "
                + "key, and are not to be decoded from hexadecimal."
        case .tokenExpired: "Make the token anew for every sign-in, and check the clock of your server."
        case .tokenNotYetValid, .tokenIssuedInFuture: "Check the clock of your server."
        case .tokenLifetimeExceeded: "Set “exp” closer to “iat”, or allow longer tokens in the settings."
        case .tokenClaimMissing: "Add \(claim ?? "it") to the token, with a value that isn’t empty."
        case .tokenClaimInvalid: "Give \(claim ?? "it") the type and form that the documentation shows."
        case .tokenConflict: "Send one token, in one parameter."
        case .tokenReplayed: "Make the token anew for every sign-in; don’t keep it."
        case .tokenRevoked: "Make a new token: this one is from before that."
        case .userHashMissing:
            "Add it: HMAC-SHA256 of the user’s id under the API secret, in hexadecimal. Or don’t require it."
        case .userHashSubjectMissing: "Add the user’s id, which the hash is computed over."
        case .userHashMismatch: "Compute HMAC-SHA256 of the id in this very token, as text, with the API secret’s text."
        case .userUnknown: "Sign-in admits known users only. Import the user, or set the identify mode to upsert."
        case .userBlocked: "Try with another user, or unblock this one."
        case .identityConflict: "Correct one of the two users in the directory."
        case .adminSSOForbidden: "Admins and owners sign in to the product itself. Try with another user."
        case .adminIdentityUntrusted: "Set “trusted” to true in the token, or “admin” to “accept”."
        case .returnToNotAllowed: "Send the return address back as it came, or one on a host of this organization."
        case .organizationUnknown, .organizationMismatch: "Send the organization’s id back as it came."
        case .sessionExpired: "Ten minutes are enough for one sign-in. Begin again from the console."
        case .ssoDisabled: "Begin the test from the console, and let the login page send this same window back."
        case .directoryUnavailable, .overloaded, .draining, .rateLimited: "This has passing reasons. Wait a little."
        default: "Look at the token log for details."
        }
    }
}
