import ControlPlane

/// The addresses of a portal that its organization has to know, for `--json`.
struct PortalAddresses: Encodable {
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

    init(_ addresses: SignInReport.Addresses) {
        host = addresses.host
        portal = addresses.portal
        callback = addresses.callback
        test = addresses.test
    }
}
