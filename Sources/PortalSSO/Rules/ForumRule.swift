package import IdentityCore
package import UserDirectory

/// Who may see which forum (uservoice): the paths `/forums/<id>…`.
///
/// Admins may see all. `deny_forums` wins over everything else; where a token has `allow_forums`, that is the whole list
/// of what its user may see (an empty one counts as none). A private forum asks for that list, or for 'authorize all SSO
/// users' and somebody who is signed in. All other forums are open.
package struct ForumRule: Sendable {
    private let privateForums: [String]
    private let authorizesAllSSOUsers: Bool

    package init(_ settings: SSOSettings) {
        privateForums = settings.privateForums
        authorizesAllSSOUsers = settings.authorizeAllSSOUsers
    }

    /// Who asks.
    package struct Visitor: Sendable {
        /// `UserProfile.forums`.
        package var forums: UserProfile.Forums?
        /// An admin, or an owner.
        package var isAdmin: Bool
        /// Whether there is a token or a session.
        package var isIdentified: Bool

        package init(forums: UserProfile.Forums?, isAdmin: Bool, isIdentified: Bool) {
            self.forums = forums
            self.isAdmin = isAdmin
            self.isIdentified = isIdentified
        }

        package static let anonymous = Visitor(forums: nil, isAdmin: false, isIdentified: false)
    }

    /// `forum_forbidden`, or nil where the path may be seen.
    ///
    /// - Parameter path: decoded and normalised.
    package func rejection(path: UnsafeRawBufferPointer, visitor: Visitor) -> RejectionCode? {
        if visitor.isAdmin { return nil }
        return switch ForumPath(path) {
        case .elsewhere: nil
        case .ambiguous: .forumForbidden
        case .forum(let id): mayRead(id, visitor) ? nil : .forumForbidden
        }
    }

    /// `forum_forbidden`, or nil where the path may be seen.
    package func rejection(path: String, visitor: Visitor) -> RejectionCode? {
        Array(path.utf8).withUnsafeBytes { rejection(path: $0, visitor: visitor) }
    }

    private func mayRead(_ id: String, _ visitor: Visitor) -> Bool {
        if names(visitor.forums?.deny, id) { return false }
        if let allow = visitor.forums?.allow, !allow.isEmpty { return names(allow, id) }
        guard names(privateForums, id) else { return true }
        return authorizesAllSSOUsers && visitor.isIdentified
    }

    private func names(_ forums: [String]?, _ id: String) -> Bool {
        forums?.contains { ForumPath.canonical($0.utf8) == id } ?? false
    }
}

/// What a path says of forums.
enum ForumPath: Equatable {
    case elsewhere
    /// Without zeros at its front.
    case forum(String)
    /// What one server reads as a forum's number, and another as something else: `+12`, `1_2`, other digits than
    /// ASCII's, `/forums;x/12`. No portal links to such an address.
    case ambiguous

    /// The id is what comes before the first character that isn't a digit: `/forums/123-general/suggestions`.
    init(_ path: UnsafeRawBufferPointer) {
        // Servers that cut `;parameter` off read `/forums;x/1` as `/forums/1`.
        if path.hasPrefix("/forums;") {
            self = .ambiguous
            return
        }
        // Servers that take no notice of letter case would let `/Forums/1` through.
        guard path.hasPrefix("/forums/") else {
            self = .elsewhere
            return
        }
        let rest = path.dropFirst(8)
        guard let first = rest.first, first != UInt8(ascii: "/") else {
            self = .elsewhere
            return
        }
        guard first.isDigit else {
            self = first.isLetterOrDigit ? .elsewhere : .ambiguous
            return
        }
        let digits = rest.prefix { $0.isDigit }
        if let next = rest.dropFirst(digits.count).first, next == UInt8(ascii: "_") || next >= 0x80 {
            self = .ambiguous
        } else {
            self = .forum(Self.canonical(digits))
        }
    }

    /// An id without zeros at its front.
    static func canonical(_ id: some Collection<UInt8>) -> String {
        let digits = id.drop { $0 == UInt8(ascii: "0") }
        return String(decoding: digits.isEmpty ? id.suffix(1) : digits, as: UTF8.self)
    }
}
