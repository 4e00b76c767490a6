internal import IdentityCore
package import UserDirectory

extension SignInConvention {
    /// The address of the organization's login page with what the page has to know, for `Location`. Nil where none is
    /// set, or one that browsers mustn't be sent to.
    ///
    /// `login_url` may have a query and a fragment of its own; a parameter of the convention's name in it is replaced.
    ///
    /// | dialect | parameters |
    /// | --- | --- |
    /// | productbridge | `redirect` (the callback, without a query), `organizationId`, `returnTo` (the page) |
    /// | userorbit | `return_to` (the page, which comes back with the token), `teamId` |
    /// | uservoice | `return=/login_success`, `uv_login=1`, `uv_size=window`, in a test's window `popup` |
    /// | productlift, sleekplan | `return_to` (the page, which takes the token itself) |
    ///
    /// Pages and callbacks are whole addresses. A test adds `test=true`.
    package func location(
        settings: OrganizationSettings, portal: PortalOrigin, returnTo: ReturnAddress, isTest: Bool
    ) -> String? {
        guard let loginURL = settings.sso.loginURL, Self.isSafe(loginURL) else { return nil }
        var added = parameters(organization: settings.id, portal: portal, page: returnTo.absolute(on: portal))
        if dialect == .uservoice { added.append(("uv_size", isTest ? "popup" : "window")) }
        if isTest { added.append(("test", "true")) }

        let fragmentStart = loginURL.firstIndex(of: "#") ?? loginURL.endIndex
        let queryStart = loginURL[..<fragmentStart].firstIndex(of: "?") ?? fragmentStart
        let ownQuery = loginURL[queryStart..<fragmentStart].utf8.dropFirst()
        var query = added.map { "\($0.name)=\($0.value)" }
        if !ownQuery.isEmpty,
            let kept = QueryParameters.removing(added.map { $0.name.lowercased() }, from: ownQuery), !kept.isEmpty
        {
            query.insert(String(decoding: kept, as: UTF8.self), at: 0)
        }
        return loginURL[..<queryStart] + "?" + query.joined(separator: "&") + loginURL[fragmentStart...]
    }

    private typealias Parameter = (name: String, value: String)

    private func parameters(organization: String, portal: PortalOrigin, page: String) -> [Parameter] {
        let page = PercentEncoding.encode(page)
        return switch dialect {
        case .productbridge:
            [
                ("redirect", PercentEncoding.encode(portal.text + (callbackPath ?? "/"))),
                ("organizationId", PercentEncoding.encode(organization)), ("returnTo", page),
            ]
        case .userorbit: [("return_to", page), ("teamId", PercentEncoding.encode(organization))]
        case .uservoice: [("return", callbackPath ?? "/"), ("uv_login", "1")]
        case .productlift, .sleekplan: [("return_to", page)]
        }
    }

    /// https, or http on a loopback host, and nothing that could end the header: settings are checked where they are
    /// written, and again here, where they leave.
    private static func isSafe(_ url: String) -> Bool {
        let bytes = Array(url.utf8)
        guard bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }),
            let origin = WebOrigin.Prefix(bytes)?.origin
        else { return false }
        return origin.scheme == .https || LoopbackHost.isOne(origin.host)
    }
}
