/// The gateway's own sign-in page: one button that leads to the organization's login page.
package enum SignInPage {
    /// - Parameters:
    ///   - buttonLabel: `SSOSettings.buttonLabel`.
    ///   - startPath: `/_widget/sso/start?return_to=…`, encoded as an address.
    ///   - isSignedOut: whether the visitor has just signed out.
    ///   - nonce: goes with `PortalPage.contentSecurityPolicy`.
    package static func html(
        organizationName: String, buttonLabel: String, startPath: String, isSignedOut: Bool, nonce: String
    ) -> [UInt8] {
        let name = organizationName.escapedForHTML
        let said = isSignedOut ? "<p class=\"note\" role=\"status\">You are signed out.</p>\n" : ""
        return PortalPage.html(
            title: "Sign in to \(name)", nonce: nonce,
            content: """
                \(said)<h1>Sign in to \(name)</h1>
                <p>You sign in with the account that you have at \(name).</p>
                <div class="actions"><a class="button" href="\(startPath.escapedForHTML)">\(buttonLabel.escapedForHTML)</a></div>
                """)
    }
}
