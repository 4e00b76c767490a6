import Foundation
import IdentityCore

/// An organization of the demo, with what its own server needs to sign tokens.
package struct DemoOrganization: Sendable {
    package let id: String
    /// The text of its API secret.
    package let secret: String

    package init(id: String, secret: String) {
        self.id = id
        self.secret = secret
    }
}

/// Who can visit the demo's customer app, besides nobody.
package enum DemoVisitor: String, Sendable, CaseIterable {
    /// Known to the directory from the start.
    case ada
    /// Genuine and unknown.
    case grace
    /// Says that she is Ada, with the user hash of somebody else: signed well, by whoever has the signing secret.
    case mallory

    /// The id in the customer's own system.
    package var externalID: String { self == .grace ? "1002" : "1001" }

    package var name: String { self == .grace ? "Grace Hopper" : "Ada Lovelace" }

    package func email(in organization: String) -> String {
        (self == .grace ? "grace@" : "ada@") + organization + ".test"
    }

    /// The user token that the organization's server signs for the visitor; nil where it can't be signed.
    func token(for organization: DemoOrganization, now: Int) -> String? {
        let claims = DemoJSON.text([
            "id": .text(externalID), "email": .text(email(in: organization.id)), "name": .text(name),
            "company_name": .text(organization.id.capitalized), "customer_status": .text("active"),
            "user_hash": .text(UserHash.compute(secretText: organization.secret, id: hashedID)),
        ])
        return try? TokenSigner(secretText: organization.secret)
            .sign(claims: claims, issuedAt: now, expiresAt: now + DemoVisitor.tokenLifetime)
    }

    /// Mallory has the hash of her own id.
    private var hashedID: String { self == .mallory ? "1003" : externalID }

    /// In seconds.
    static let tokenLifetime = 300
}
