import ControlPlane
import IdentityCore
import PortalSSO

/// The addresses of one host, each in a field that it is copied from.
struct PortalAddressView: Sendable {
    let host: String
    let portal: String
    let portalField: String
    let callback: String?
    let callbackField: String
    let test: String

    /// - Parameter number: tells the fields of several hosts apart.
    init(_ addresses: SignInReport.Addresses, number: Int) {
        host = addresses.host
        portal = addresses.portal
        portalField = "portal-\(number)"
        callback = addresses.callback
        callbackField = "callback-\(number)"
        test = addresses.test
    }
}

/// What the login page has to know of the portal, by dialect.
enum SignInAddresses {
    /// Whether a token may come back to any page of the portal, as `?sso=`.
    static func takesAnyPage(_ dialect: Dialect) -> Bool { SignInConvention(dialect).isPassive }
}
