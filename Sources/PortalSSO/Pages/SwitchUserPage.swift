/// Asks somebody who is signed in, and whom a link would sign in as somebody else.
package enum SwitchUserPage {
    /// The form's fields: what the page was made with, and which button was pressed.
    package static let confirmationField = "confirmation"
    package static let choiceField = "choice"
    /// The value of `choiceField` that signs the new user in; any other means that everything stays.
    package static let continueChoice = "continue"
    package static let stayChoice = "stay"

    /// - Parameters:
    ///   - currentUser: how the user who is signed in is called: a name or an email address.
    ///   - newUser: how the other one is called.
    ///   - confirmPath: `/_widget/sso/complete`, which the form is posted to.
    ///   - confirmation: of the `PendingSignIn` that the browser keeps.
    ///   - nonce: goes with `PortalPage.contentSecurityPolicy`, which must be told the return address.
    package static func html(
        organizationName: String, currentUser: String, newUser: String, confirmPath: String, confirmation: SignInNonce,
        nonce: String
    ) -> [UInt8] {
        let current = currentUser.escapedForHTML
        let new = newUser.escapedForHTML
        return PortalPage.html(
            title: "Change user?", nonce: nonce,
            // Under `no-referrer`, which keeps tokens out of `Referer`, browsers would post the form with `Origin: null`.
            head: "\n<meta name=\"referrer\" content=\"strict-origin\">",
            content: """
                <h1>Change user?</h1>
                <p>You are signed in to \(organizationName.escapedForHTML) as <strong>\(current)</strong>. The link that
                brought you here would sign you in as <strong>\(new)</strong>.</p>
                <p>If you didn’t expect this, stay who you are.</p>
                <form class="actions" method="post" action="\(confirmPath.escapedForHTML)">
                <input type="hidden" name="\(confirmationField)" value="\(confirmation.text)">
                <button class="button" name="\(choiceField)" value="\(stayChoice)">Stay signed in as \(current)</button>
                <button class="button quiet" name="\(choiceField)" value="\(continueChoice)">Continue as \(new)</button>
                </form>
                """)
    }
}
