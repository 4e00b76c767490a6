import IdentityCore
import PortalSSO
import Testing
import UserDirectory

@Suite("Forums")
struct ForumRuleTests {
    enum Who: Sendable { case anonymous, user, admin }

    struct Row: Sendable, CustomTestStringConvertible {
        let path: String
        var who = Who.user
        var allow: [String]?
        var deny: [String]?
        var isPrivate = false
        var authorizesAll = false
        let isAllowed: Bool

        var testDescription: String {
            "\(path) \(who) allow \(allow ?? []) deny \(deny ?? [])\(isPrivate ? " private" : "")"
                + (authorizesAll ? " all authorized" : "")
        }
    }

    private static let rows: [Row] = [
        // Open forums.
        Row(path: "/forums/7", who: .anonymous, isAllowed: true),
        Row(path: "/forums/7", isAllowed: true),
        Row(path: "/forums/7", allow: ["7"], isAllowed: true),
        Row(path: "/forums/7", allow: ["8", "7"], isAllowed: true),
        Row(path: "/forums/7", allow: ["8"], isAllowed: false),
        Row(path: "/forums/7", allow: [], isAllowed: true),
        Row(path: "/forums/7", deny: ["7"], isAllowed: false),
        Row(path: "/forums/7", deny: ["8"], isAllowed: true),
        Row(path: "/forums/7", allow: ["7"], deny: ["7"], isAllowed: false),
        // Private ones.
        Row(path: "/forums/7", who: .anonymous, isPrivate: true, isAllowed: false),
        Row(path: "/forums/7", isPrivate: true, isAllowed: false),
        Row(path: "/forums/7", allow: ["7"], isPrivate: true, isAllowed: true),
        Row(path: "/forums/7", allow: ["8"], isPrivate: true, isAllowed: false),
        Row(path: "/forums/7", allow: [], isPrivate: true, isAllowed: false),
        Row(path: "/forums/7", isPrivate: true, authorizesAll: true, isAllowed: true),
        Row(path: "/forums/7", who: .anonymous, isPrivate: true, authorizesAll: true, isAllowed: false),
        Row(path: "/forums/7", deny: ["7"], isPrivate: true, authorizesAll: true, isAllowed: false),
        Row(path: "/forums/7", allow: ["8"], isPrivate: true, authorizesAll: true, isAllowed: false),
        // Admins.
        Row(path: "/forums/7", who: .admin, deny: ["7"], isPrivate: true, isAllowed: true),
        Row(path: "/forums/7", who: .admin, allow: ["8"], isAllowed: true),
        Row(path: "/forums/+7", who: .admin, deny: ["7"], isAllowed: true),
        // Paths.
        Row(path: "/forums/7-general/suggestions/1", deny: ["7"], isAllowed: false),
        Row(path: "/forums/7/", deny: ["7"], isAllowed: false),
        Row(path: "/forums/7.json", deny: ["7"], isAllowed: false),
        Row(path: "/forums/7;a=b", deny: ["7"], isAllowed: false),
        Row(path: "/Forums/7", deny: ["7"], isAllowed: false),
        Row(path: "/forums/007", deny: ["7"], isAllowed: false),
        Row(path: "/forums/7", deny: ["007"], isAllowed: false),
        Row(path: "/forums/0", deny: ["0"], isAllowed: false),
        Row(path: "/forums/00", deny: ["0"], isAllowed: false),
        Row(path: "/forums/70", deny: ["7"], isAllowed: true),
        Row(path: "/forums/17", deny: ["7"], isAllowed: true),
        Row(path: "/forums/123456789012345678901234567890", deny: ["123456789012345678901234567890"], isAllowed: false),
        Row(path: "/forums", deny: ["7"], isAllowed: true),
        Row(path: "/forums/", deny: ["7"], isAllowed: true),
        Row(path: "/forums/new", deny: ["7"], isAllowed: true),
        Row(path: "/forumsx/7", deny: ["7"], isAllowed: true),
        Row(path: "/a/forums/7", deny: ["7"], isAllowed: true),
        Row(path: "/", isPrivate: true, isAllowed: true),
        Row(path: "", isPrivate: true, isAllowed: true),
        // What one server takes for a number and another doesn't.
        Row(path: "/forums/+7", isAllowed: false),
        Row(path: "/forums/-7", isAllowed: false),
        Row(path: "/forums/ 7", isAllowed: false),
        Row(path: "/forums/1_2", isAllowed: false),
        Row(path: "/forums/\u{0667}", isAllowed: false),
        Row(path: "/forums/7\u{0667}", isAllowed: false),
        Row(path: "/forums/_7", isAllowed: false),
        Row(path: "/forums;x/7", isAllowed: false),
        Row(path: "/Forums;/8", isAllowed: false),
        Row(path: "/forums/;x/7", isAllowed: false),
        Row(path: "/forums;x/7", who: .admin, isAllowed: true),
    ]

    @Test("are open to whom they should be", arguments: rows)
    func rule(_ row: Row) {
        var settings = SSOSettings()
        settings.privateForums = row.isPrivate ? ["7", "9"] : ["9"]
        settings.authorizeAllSSOUsers = row.authorizesAll
        var forums = UserProfile.Forums()
        forums.allow = row.allow
        forums.deny = row.deny
        let visitor =
            row.who == .anonymous
            ? ForumRule.Visitor.anonymous
            : ForumRule.Visitor(forums: forums, isAdmin: row.who == .admin, isIdentified: true)
        let rejection = ForumRule(settings).rejection(path: row.path, visitor: visitor)
        #expect(rejection == (row.isAllowed ? nil : .forumForbidden))
    }
}
