import Foundation
import IdentityCore

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

    /// A user token of its own that the organization's server signs for the visitor; nil where it can't be signed.
    func token(for organization: DemoOrganization, now: Int) -> String? {
        try? TokenSigner(secretText: organization.secret, dialect: organization.dialect)
            .sign(claims: claims(for: organization).text, issuedAt: now, expiresAt: now + DemoVisitor.tokenLifetime)
    }

    private func claims(for organization: DemoOrganization) -> DemoJSON {
        let id = DemoJSON.text(externalID)
        let email = DemoJSON.text(email(in: organization.id))
        let company = DemoJSON.text(organization.id.capitalized)
        let hash = DemoJSON.text(UserHash.compute(secretText: organization.secret, id: hashedID))
        // A portal takes each token once, and two of one second would be the same without an id.
        let tokenID = DemoJSON.text(UUID().uuidString)
        if organization.dialect == .productlift {
            return .object([
                "uid": id, "email": email, "name": .text(name), "company": company, "user_hash": hash, "jti": tokenID,
            ])
        }
        return .object([
            "id": id, "email": email, "name": .text(name), "company_name": company, "customer_status": .text("active"),
            "user_hash": hash, "jti": tokenID,
        ])
    }

    /// Mallory has the hash of her own id.
    private var hashedID: String { self == .mallory ? "1003" : externalID }

    /// In seconds.
    static let tokenLifetime = 300
}
