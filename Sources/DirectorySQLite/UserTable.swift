import Foundation
import GRDB
import IdentityCore
import UserDirectory

/// The users in one transaction.
struct UserTable: UserWriter {
    let database: Database

    private static let columns =
        "id, profile, unverified, role, created_at, updated_at, blocked_at, tokens_valid_after"

    static let byExternalID = """
        SELECT \(columns) FROM users WHERE organization = ? AND external_id = ? ORDER BY seq DESC LIMIT 1
        """
    static let byExactEmail = """
        SELECT \(columns) FROM users
        WHERE organization = ? AND email_folded = ? AND email = ? AND email_verified = 1
        """
    static let byFoldedEmail = """
        SELECT \(columns) FROM users
        WHERE organization = ? AND email_folded = ? AND email_verified = 1 ORDER BY email <> ?, seq LIMIT 1
        """
    static let byID = "SELECT \(columns) FROM users WHERE organization = ? AND id = ?"
    /// For operators: verified before not, the very same address before another case.
    static let byAnyEmail = """
        SELECT \(columns) FROM users
        WHERE organization = ? AND email_folded = ? ORDER BY email_verified DESC, email <> ?, seq LIMIT 1
        """
    static let position = "SELECT seq FROM users WHERE organization = ? AND id = ?"
    static let page = "SELECT \(columns) FROM users WHERE organization = ? AND seq > ? ORDER BY seq LIMIT ?"
    /// Four searches by index, united, rather than one filter over everybody.
    static let search = """
        SELECT \(columns) FROM users WHERE seq IN (
            SELECT seq FROM users WHERE organization = :org AND email_folded >= :folded AND email_folded < :foldedEnd
            UNION
            SELECT seq FROM users WHERE organization = :org AND name_folded >= :folded AND name_folded < :foldedEnd
            UNION
            SELECT seq FROM users WHERE organization = :org AND external_id >= :exact AND external_id < :exactEnd
            UNION
            SELECT seq FROM users WHERE id >= :exact AND id < :exactEnd AND +organization = :org
        ) AND seq > :after ORDER BY seq LIMIT :limit
        """
    /// Those of one organization (`:organization`) who meet `condition`, at most `:limit`.
    static func matching(_ condition: String) -> String {
        """
        SELECT \(columns) FROM users WHERE organization = :organization AND \(condition) ORDER BY seq LIMIT :limit
        """
    }
    static let count = "SELECT COUNT(*) FROM users WHERE organization = ?"
    static let delete = "DELETE FROM users WHERE id = ?"
    static let setBlocked = "UPDATE users SET blocked_at = ?, updated_at = ? WHERE id = ?"
    static let setRole = "UPDATE users SET role = ?, updated_at = ? WHERE id = ?"
    static let setTokensValidAfter = "UPDATE users SET tokens_valid_after = ?, updated_at = ? WHERE id = ?"
    static let insert = """
        INSERT INTO users (external_id, email, email_folded, email_verified, name_folded, profile, unverified,
            updated_at, id, organization, role, created_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    static let update = """
        UPDATE users SET external_id = ?, email = ?, email_folded = ?, email_verified = ?, name_folded = ?, profile = ?,
            unverified = ?, updated_at = ?, role = ?
        WHERE id = ?
        """

    func user(externalID: String, organization: String) throws -> DirectoryUser? {
        try first(Self.byExternalID, [organization, externalID])
    }

    func user(email: String, matching: EmailMatching, organization: String) throws -> DirectoryUser? {
        let sql = matching == .exact ? Self.byExactEmail : Self.byFoldedEmail
        return try first(sql, [organization, EmailFolding.fold(email), email])
    }

    func user(id: String, organization: String) throws -> DirectoryUser? { try first(Self.byID, [organization, id]) }

    /// By directory id, else external id, else email.
    func user(_ reference: String, organization: String) throws -> DirectoryUser? {
        guard !reference.utf8.contains(0) else { return nil }
        return try user(id: reference, organization: organization)
            ?? first(Self.byExternalID, [organization, reference])
            ?? first(Self.byAnyEmail, [organization, EmailFolding.fold(reference), reference])
    }

    func users(organization: String, search: String?, after cursor: String?, limit: Int) throws -> [DirectoryUser] {
        let position = try position(of: cursor, organization: organization)
        let rows: RowCursor
        if let search, !search.isEmpty {
            let folded = EmailFolding.fold(search)
            rows = try Row.fetchCursor(
                database, sql: Self.search,
                arguments: [
                    "org": organization, "folded": folded, "foldedEnd": Self.end(of: folded), "exact": search,
                    "exactEnd": Self.end(of: search), "after": position, "limit": limit,
                ])
        } else {
            rows = try Row.fetchCursor(database, sql: Self.page, arguments: [organization, position, limit])
        }
        var users: [DirectoryUser] = []
        while let row = try rows.next() { users.append(try Self.user(row)) }
        return users
    }

    /// Above every text that begins with `prefix`: its bytes, then the greatest character.
    static func end(of prefix: String) -> String { prefix + "\u{10FFFF}" }

    func insert(_ user: DirectoryUser, organization: String) throws {
        var arguments = try said(user)
        arguments += [user.id, organization, user.role.rawValue, user.createdAt]
        try database.cachedStatement(sql: Self.insert).execute(arguments: arguments)
    }

    func roleChanged(in organization: String) throws { try database.bumpGeneration(of: organization) }

    /// Stores the profile and the role; the rest of a user is changed by its own statements.
    func update(_ user: DirectoryUser, organization: String) throws {
        var arguments = try said(user)
        arguments += [user.role.rawValue, user.id]
        try database.cachedStatement(sql: Self.update).execute(arguments: arguments)
    }

    private func said(_ user: DirectoryUser) throws -> StatementArguments {
        let profile = user.profile
        return [
            profile.externalID, profile.email, profile.email.map(EmailFolding.fold), user.verifiedEmail != nil,
            profile.name.map(EmailFolding.fold), try Self.json(profile),
            user.unverified.joined(separator: ","), user.updatedAt,
        ]
    }

    private func first(_ sql: String, _ arguments: StatementArguments) throws -> DirectoryUser? {
        let rows = try Row.fetchCursor(database.cachedStatement(sql: sql), arguments: arguments)
        guard let row = try rows.next() else { return nil }
        return try Self.user(row)
    }

    static func user(_ row: Row) throws -> DirectoryUser {
        let profile: String = row[1]
        var user = DirectoryUser(
            id: row[0], profile: try decoder.decode(UserProfile.self, from: Data(profile.utf8)), createdAt: row[4])
        let unverified: String = row[2]
        user.unverified = unverified.split(separator: ",").map(String.init)
        // A role that a later release added has no rights here.
        user.role = UserRole(rawValue: row[3]) ?? .user
        user.updatedAt = row[5]
        user.blockedAt = row[6]
        user.tokensValidAfter = row[7]
        return user
    }

    private static func json(_ profile: UserProfile) throws -> String {
        String(decoding: try encoder.encode(profile), as: UTF8.self)
    }

    private static let decoder = JSONDecoder()
    private static let encoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }()
}
