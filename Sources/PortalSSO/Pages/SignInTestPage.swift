package import IdentityCore

/// How a test of sign-in went, for the admin who began it in a window of its own.
package enum SignInTestPage {
    package enum Outcome: Sendable, Equatable {
        /// - Parameter user: how the token's user is called.
        case passed(user: String)
        case failed(Rejection)
    }

    /// - Parameter nonce: goes with `PortalPage.contentSecurityPolicy`.
    package static func html(outcome: Outcome, organizationName: String, nonce: String) -> [UInt8] {
        let name = organizationName.escapedForHTML
        return switch outcome {
        case .passed(let user):
            PortalPage.html(
                title: "SSO test passed", nonce: nonce,
                content: """
                    <p class="badge passed">SSO test passed</p>
                    <h1>Sign-in works</h1>
                    <p>The login page of \(name) sent back a token that holds, for <strong>\(user.escapedForHTML)</strong>.
                    Nobody was signed in by this test.</p>
                    <p>Close this window and go on in the console: sign-in can be enabled now.</p>
                    """)
        case .failed(let rejection):
            PortalPage.html(
                title: "SSO test failed", nonce: nonce,
                content: """
                    <p class="badge failed">SSO test failed</p>
                    <h1>\(SignInAdvice.cause(rejection))</h1>
                    <p>\(SignInAdvice.remedy(rejection))</p>
                    <p>Then test again. Nobody was signed in, and sign-in stays as it was.</p>
                    <p class="code">\(rejection.code.rawValue)</p>
                    """)
        }
    }
}
