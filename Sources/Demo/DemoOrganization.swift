import Foundation
package import IdentityCore

/// An organization of the demo, with what its own server needs to sign tokens and to bring visitors back to its portal.
package struct DemoOrganization: Sendable {
    package let id: String
    /// The text of its API secret.
    package let secret: String
    /// `productbridge` or `productlift`: the two that the demo's customer speaks.
    package let dialect: Dialect
    /// The origins of its portal, as browsers write them; the first is the one to link to.
    package let portals: [String]

    package init(id: String, secret: String, dialect: Dialect = .productbridge, portals: [String] = []) {
        self.id = id
        self.secret = secret
        self.dialect = dialect
        self.portals = portals
    }

    /// What its app is called.
    var appName: String { id.capitalized + " Workspace" }

    var portalName: String { id.capitalized + "’s portal" }

    /// The portal whose callback at `path` this address is, to the letter and without a query.
    func portal(ofCallback address: String, path: String) -> String? {
        portals.first { ($0 + path).utf8.elementsEqual(address.utf8) }
    }

    /// The portal that this address is a page of.
    ///
    /// Compared as text: whoever takes an address apart may read it differently from the browser that follows it.
    func portal(ofPage address: String) -> String? {
        guard address.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }) else { return nil }
        return portals.first { portal in
            guard address.utf8.starts(with: portal.utf8) else { return false }
            let next = address.utf8.dropFirst(portal.utf8.count).first
            return next.map { "/?#".utf8.contains($0) } ?? true
        }
    }
}
