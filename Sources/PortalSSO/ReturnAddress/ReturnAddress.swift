/// Where a browser goes after it has signed in or out: a page of the organization, whatever the request asked for.
///
/// Parsed once, strictly, and compared by origin. Browsers read addresses far more generously than this parser, so
/// that it takes only what every reader reads alike:
///
/// - a path-absolute reference (`/page?x=1#y`), which stays on the portal, or
/// - an absolute `http` or `https` address on the portal's own origin or on one of the organization's hosts. A host
///   that is listed with a port counts with that port alone. One that is listed without counts on its scheme's default
///   port and on the port that the portal itself is seen at. `http` counts where the portal is `http`, or on loopback.
///
/// Refused are more than 2048 bytes; every byte but visible ASCII; quotes, angle brackets, backslashes and back-ticks;
/// percent signs that begin no escape; user names; `//…`; and paths with a dot segment, a control character or a
/// backslash in any number of encodings, or one that begins with a second slash in any of them. The gateway's own
/// endpoints (`/_widget/…`) are no pages and refused too.
package struct ReturnAddress: Sendable, Equatable {
    /// The longest address that is looked at, in bytes.
    package static let maximumLength = 2048

    /// The portal's first page.
    package static let home = ReturnAddress(origin: "", reference: .home)

    /// What stands in `Location`: path-absolute for the portal's own origin, absolute otherwise. Visible ASCII. A
    /// token that was in the query (`sso`, `ssoToken`, `jwt`) has been cut.
    package let location: String

    /// The path as it was written, without query and fragment.
    package let path: String

    private let isOnPortal: Bool

    /// Reads the value of a return parameter, percent-decoded once, as forms have it.
    ///
    /// - Parameters:
    ///   - portal: where the browser is now.
    ///   - hosts: `OrganizationSettings.hosts`.
    package init?(_ text: some Collection<UInt8>, portal: PortalOrigin, hosts: [String]) {
        guard let first = text.first, text.count <= ReturnAddress.maximumLength else { return nil }
        let bytes = Array(text)
        guard LocalReference.isWellFormed(bytes) else { return nil }
        if first == UInt8(ascii: "/") {
            guard let reference = LocalReference(bytes[...]) else { return nil }
            self.init(origin: "", reference: reference)
            return
        }
        guard let target = WebOrigin.Prefix(bytes) else { return nil }
        let isOnPortal = target.origin == WebOrigin(portal)
        guard isOnPortal || target.origin.isListed(in: hosts, seenFrom: portal) else { return nil }
        guard let reference = LocalReference(target.rest) else { return nil }
        self.init(origin: isOnPortal ? "" : target.origin.text, reference: reference)
    }

    private init(origin: String, reference: LocalReference) {
        path = reference.path
        location = origin + reference.text
        isOnPortal = origin.isEmpty
    }

    /// The whole address, for somebody who isn't on the portal.
    package func absolute(on portal: PortalOrigin) -> String { isOnPortal ? portal.text + location : location }
}
