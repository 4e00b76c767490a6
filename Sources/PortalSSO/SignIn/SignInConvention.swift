package import IdentityCore

/// How one dialect's sign-in goes: paths and parameters, as the product's integrators have them in their code.
package struct SignInConvention: Sendable, Equatable {
    package let dialect: Dialect
    /// Where the organization's login page sends the browser to; nil where it may be any page.
    package let callbackPath: String?
    /// The callback's parameter with the token.
    package let tokenParameter: String
    /// The callback's parameter with the organization's id.
    package let organizationParameter: String?
    /// The callback's parameter with the return address.
    package let returnParameter: String?
    /// Whether any page takes a token, as `?sso=` and as the field `sso` of a form.
    package let isPassive: Bool
    /// Whether `/logout.js` signs out.
    package let hasLogoutScript: Bool

    package init(_ dialect: Dialect) {
        self.dialect = dialect
        hasLogoutScript = dialect == .uservoice
        switch dialect {
        case .productbridge:
            callbackPath = "/api/redirects/sso"
            tokenParameter = "ssoToken"
            organizationParameter = "organizationId"
            returnParameter = "returnTo"
            isPassive = false
        case .userorbit:
            callbackPath = "/auth/subscriber/sso.callback"
            tokenParameter = "jwt"
            organizationParameter = "teamId"
            returnParameter = "return_to"
            isPassive = false
        case .uservoice:
            callbackPath = "/login_success"
            tokenParameter = "sso"
            organizationParameter = nil
            returnParameter = nil
            isPassive = true
        case .productlift, .sleekplan:
            callbackPath = nil
            tokenParameter = "sso"
            organizationParameter = nil
            returnParameter = nil
            isPassive = true
        }
    }
}
