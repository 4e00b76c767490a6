import IdentityCore
import PortalSSO

/// The addresses of a portal that its organization has to know, by one of its hosts.
struct PortalAddresses: Encodable, Equatable {
    var host: String
    var portal: String
    /// Where the login page sends browsers back to; nil: to any page of the portal, with `?sso=TOKEN`.
    var callback: String?
    /// Where to go through the whole of sign-in without being signed in.
    var test: String

    private enum CodingKeys: String, CodingKey {
        case host
        case portal = "portalURL"
        case callback = "callbackURL"
        case test = "testURL"
    }

    init(host: String, dialect: Dialect) {
        let origin = PortalOrigin(scheme: "https", authority: host).text
        self.host = host
        portal = origin + "/"
        callback = SignInConvention(dialect).callbackPath.map { origin + $0 }
        test = origin + "/_widget/sso/start?test=true"
    }
}
