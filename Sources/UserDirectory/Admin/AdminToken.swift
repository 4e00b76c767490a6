import MessageAuthentication

/// What an administrator may see and change.
package struct AdminScope: Sendable, Hashable {
    /// The one organization that it is bound to; nil: the whole instance.
    package var organization: String?
    package var isReadOnly: Bool

    package init(organization: String? = nil, isReadOnly: Bool = false) {
        self.organization = organization
        self.isReadOnly = isReadOnly
    }

    /// Everything.
    package static let instance = AdminScope()

    /// Whether nothing is out of its reach.
    package var isWhole: Bool { organization == nil && !isReadOnly }
}

/// What is stored of an admin token: never the token itself.
package struct AdminToken: Sendable, Equatable {
    /// `adm_` and 26 characters of Crockford base32.
    package var id: String
    package var name: String
    package var scope: AdminScope
    /// Seconds since 1970.
    package var createdAt: Double
    /// The first moment at which it is refused; nil: never.
    package var expiresAt: Double?
    package var lastUsedAt: Double?
    package var revokedAt: Double?
    /// Made by the gateway itself at its first start: it ends with the first whole-instance token that somebody makes.
    package var isInitial: Bool

    package init(
        id: String, name: String, scope: AdminScope, createdAt: Double, expiresAt: Double? = nil,
        isInitial: Bool = false
    ) {
        self.id = id
        self.name = name
        self.scope = scope
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.isInitial = isInitial
    }

    package static func newID() -> String { "adm_" + RandomIdentifier.text() }

    /// Whether it opens anything at `moment`, in seconds since 1970.
    package func isActive(at moment: Double) -> Bool {
        revokedAt == nil && expiresAt.map { moment < $0 } ?? true
    }
}

/// The text of an admin token: `wga_` and 43 characters of base64url, 256 random bits.
package enum AdminTokenText {
    package static let prefix = "wga_"

    /// A new one. Whoever calls this shows it once and keeps its digest alone.
    package static func generate() -> String { prefix + Base64URL.text(SystemRandom.bytes(32)) }

    /// SHA-256 of the text; nil for what can't be an admin token.
    package static func digest(of text: String) -> [UInt8]? {
        guard text.hasPrefix(prefix), text.utf8.count == prefix.utf8.count + 43,
            let random = Base64URL.decode(text.utf8.dropFirst(prefix.utf8.count)), random.count == 32
        else { return nil }
        return SHA256Digest.of(Array(text.utf8))
    }
}
