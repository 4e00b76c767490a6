import IdentityCore

/// A portal's wish to have somebody signed in, as the address of the customer's login page carries it.
///
/// Anybody can write such an address. Only one that leads back to the organization's own portal is taken: whoever else
/// got the token could sign in with it.
struct PortalSignIn: Sendable {
    enum Refusal: Error {
        /// No portal has sent the browser here.
        case noPortal
        /// The browser would be sent somewhere else than to the organization's portal.
        case notThePortal
    }

    let organization: DemoOrganization
    /// The origin that the browser comes from and goes back to.
    let portal: String
    /// An admin is trying the login page out: nobody will be signed in.
    let isTest: Bool
    /// What a form has to send for the same wish.
    let parameters: [(name: String, value: String)]

    private let destination: String
    private let tokenParameter: String
    private let answer: [(name: String, value: String)]

    /// | dialect | reads | answers |
    /// | --- | --- | --- |
    /// | productbridge | `redirect`, `organizationId`, `returnTo` | `ssoToken`, `organizationId`, `returnTo` to `redirect` |
    /// | productlift | `return_to`, `organizationId` (the login address has it, for this page serves two) | `sso` to `return_to` |
    init(_ form: FormParameters, organizations: [DemoOrganization]) throws(Refusal) {
        guard let id = form["organizationId"], let organization = organizations.first(where: { $0.id == id }) else {
            throw .noPortal
        }
        let wish: [(name: String, value: String)]
        if organization.dialect == .productlift {
            guard let page = form["return_to"] else { throw .noPortal }
            guard let origin = organization.portal(ofPage: page) else { throw .notThePortal }
            portal = origin
            wish = [("return_to", page)]
            destination = page
            tokenParameter = "sso"
            answer = []
        } else {
            guard let callback = form["redirect"] else { throw .noPortal }
            guard let origin = organization.portal(ofCallback: callback, path: "/api/redirects/sso") else {
                throw .notThePortal
            }
            portal = origin
            // Where the portal goes from there is for the gateway to judge.
            let page = form["returnTo"].map { [("returnTo", $0)] } ?? []
            wish = [("redirect", callback)] + page
            destination = callback
            tokenParameter = "ssoToken"
            answer = [("organizationId", id)] + page
        }
        self.organization = organization
        isTest = form["test"] == "true"
        parameters = [("organizationId", id)] + wish + (isTest ? [("test", "true")] : [])
    }

    /// Where the browser goes with the token.
    func location(token: String) -> String {
        FormParameters.adding([(tokenParameter, token)] + answer, to: destination)
    }
}
