package import IdentityCore

/// What becomes of a sign-in whose token is verified and whose user is admitted.
///
/// ```
/// the browser's cookies can't be seen ─→ continueOnSameSite ─→ (the same question, with cookies)
/// this browser didn't begin it, and mustn't ─→ refuse
/// nobody is signed in, or the same user, or this visitor began it ─→ begin
/// somebody else is signed in ─→ ask ─→ begin, or everything stays
/// ```
package enum SignInDecision: Sendable, Equatable {
    /// Make a session, with a new id whatever was there before.
    case begin
    /// Keep a `PendingSignIn` in the browser and send it to `/_widget/sso/complete`.
    case continueOnSameSite
    /// Keep a `PendingSignIn` in the browser and show `SwitchUserPage`.
    case ask
    case refuse(RejectionCode)

    package init(_ attempt: SignInAttempt) {
        guard attempt.canSetSessionNow else {
            self = .continueOnSameSite
            return
        }
        guard attempt.initiator != .somebody || attempt.allowUnsolicited else {
            self = .refuse(.ssoDisabled)
            return
        }
        guard let currentUser = attempt.currentUser, currentUser != attempt.newUser, attempt.initiator != .visitor
        else {
            self = .begin
            return
        }
        self = .ask
    }
}

/// Who has begun a sign-in.
package enum SignInInitiator: Sendable, Equatable {
    /// Nobody knows: this browser has no `SignInTransaction`.
    case somebody
    /// This browser, led to the start address by a page of another site. Such a page may then send it to the callback
    /// too, with a token of its own, before the login page has answered.
    case otherSite
    /// This browser, from the portal itself, or by its person's own hand.
    case visitor
}

/// What a sign-in is decided by.
package struct SignInAttempt: Sendable, Equatable {
    package var initiator: SignInInitiator
    /// `SSOSettings.allowUnsolicited`.
    package var allowUnsolicited: Bool
    /// The directory's id of who is signed in now.
    package var currentUser: String?
    /// The directory's id of who the token is for.
    package var newUser: String
    /// Whether the request shows the browser's cookies: a `GET`, or a `POST` of the portal's own pages. A `POST` from
    /// another site brings no `SameSite=Lax` cookie, so that nobody can say who is signed in.
    package var canSetSessionNow: Bool

    package init(
        initiator: SignInInitiator, allowUnsolicited: Bool, currentUser: String?, newUser: String,
        canSetSessionNow: Bool
    ) {
        self.initiator = initiator
        self.allowUnsolicited = allowUnsolicited
        self.currentUser = currentUser
        self.newUser = newUser
        self.canSetSessionNow = canSetSessionNow
    }
}
