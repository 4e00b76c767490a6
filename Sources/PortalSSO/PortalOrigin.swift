/// Where a browser sees the portal: scheme and authority of the request's address, in lower case.
package struct PortalOrigin: Sendable, Equatable {
    /// `https` or `http`.
    package let scheme: String
    /// Host and, where the browser showed one, port.
    package let authority: String

    package init(scheme: String, authority: String) {
        self.scheme = scheme
        self.authority = authority
    }

    /// `https://feedback.acme.test`
    package var text: String { scheme + "://" + authority }
}
