import Foundation
import IdentityCore
import UserDirectory

/// The users in one transaction.
struct UserTable {
    let connection: PostgresConnection

    static let columns =
        "id, profile, unverified, role, created_at, updated_at, blocked_at, tokens_valid_after, seq"

    func user(id: String, organization: String) throws -> DirectoryUser? {
        try first("organization = $1 AND id = $2", [organization, id])
    }

    /// By directory id, else external id, else email; for operators, so that an address leads to its user whether
    /// somebody vouched for it or not, but rather where.
    func user(_ reference: String, organization: String) throws -> DirectoryUser? {
        guard !reference.utf8.contains(0) else { return nil }
        return try user(id: reference, organization: organization)
            ?? first("organization = $1 AND external_id = $2 ORDER BY seq DESC LIMIT 1", [organization, reference])
            ?? first(
                """
                organization = $1 AND email_folded = $2
                ORDER BY email_verified DESC, email COLLATE "C" <> $3, seq LIMIT 1
                """, [organization, EmailFolding.fold(reference), reference])
    }

    /// All whom one of these ids or addresses may lead to.
    static func users(organization: String, externalIDs: [String], foldedEmails: [String]) -> PostgresStatement {
        PostgresStatement(
            sql: """
                SELECT \(columns) FROM users WHERE organization = $1 AND external_id = ANY ($2::text[])
                UNION
                SELECT \(columns) FROM users WHERE organization = $1 AND email_folded = ANY ($3::text[])
                """, parameters: [organization, Texts(externalIDs), Texts(foldedEmails)])
    }

    func users(organization: String, search: String?, after cursor: String?, limit: Int) throws -> [DirectoryUser] {
        let position = try position(of: cursor, organization: organization)
        guard let search, !search.isEmpty else {
            return try connection.rows(
                "SELECT \(Self.columns) FROM users WHERE organization = $1 AND seq > $2 ORDER BY seq LIMIT $3",
                [organization, position, limit]
            ).map(Self.user)
        }
        let folded = EmailFolding.fold(search)
        return try connection.rows(
            """
            SELECT \(Self.columns) FROM users WHERE organization = $1 AND seq > $2 AND seq IN (
                SELECT seq FROM users WHERE organization = $1 AND email_folded >= $3 AND email_folded < $4
                UNION SELECT seq FROM users WHERE organization = $1 AND name_folded >= $3 AND name_folded < $4
                UNION SELECT seq FROM users WHERE organization = $1 AND external_id >= $5 AND external_id < $6
                UNION SELECT seq FROM users WHERE organization = $1 AND id >= $5 AND id < $6
            ) ORDER BY seq LIMIT $7
            """,
            [organization, position, folded, Self.end(of: folded), search, Self.end(of: search), limit]
        ).map(Self.user)
    }

    /// The place of a cursor in the order of creation; 0: before everybody.
    func position(of cursor: String?, organization: String) throws -> Int64 {
        guard let cursor else { return 0 }
        guard !cursor.utf8.contains(0),
            let row = try connection.row(
                "SELECT seq FROM users WHERE organization = $1 AND id = $2", [organization, cursor])
        else { throw StoreError.userUnknown(cursor) }
        return try row.integer(0)
    }

    func count(of organization: String) throws -> Int {
        Int(try connection.row("SELECT count(*) FROM users WHERE organization = $1", [organization])?.integer(0) ?? 0)
    }

    /// Above every text that begins with `prefix`: its bytes, then the greatest character.
    static func end(of prefix: String) -> String { prefix + "\u{10FFFF}" }

    /// Stores new users in their order, in one statement.
    func insert(_ users: [DirectoryUser], organization: String) throws {
        guard !users.isEmpty else { return }
        connection.hold(
            """
            INSERT INTO users (organization, id, external_id, email, email_folded, email_verified, name_folded, profile,
                facts, unverified, role, created_at, updated_at)
            SELECT $1, id, external_id, email, email_folded, email_verified::boolean, name_folded, profile,
                facts::jsonb, unverified, role, created_at::float8, updated_at::float8
            FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
                    $10::text[], $11::text[], $12::text[], $13::text[]) WITH ORDINALITY
                AS said (id, external_id, email, email_folded, email_verified, name_folded, profile, facts, unverified,
                    role, created_at, updated_at, place)
            ORDER BY place
            """,
            [organization] + (try Self.said(users)) + [Texts(users.map { String($0.createdAt) }), Self.updates(users)])
    }

    /// Stores profiles and roles, in one statement; the rest of a user is changed by statements of its own.
    func update(_ users: [DirectoryUser], organization: String) throws {
        guard !users.isEmpty else { return }
        connection.hold(
            """
            UPDATE users SET external_id = said.external_id, email = said.email, email_folded = said.email_folded,
                email_verified = said.email_verified::boolean, name_folded = said.name_folded, profile = said.profile,
                facts = said.facts::jsonb, unverified = said.unverified, role = said.role,
                updated_at = said.updated_at::float8
            FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
                    $10::text[], $11::text[], $12::text[])
                AS said (id, external_id, email, email_folded, email_verified, name_folded, profile, facts, unverified,
                    role, updated_at)
            WHERE users.organization = $1 AND users.id = said.id
            """,
            [organization] + (try Self.said(users)) + [Self.updates(users)])
    }

    /// What is stored of users, an array for each column: from `id` to `role`.
    private static func said(_ users: [DirectoryUser]) throws -> [(any PostgresConvertible)?] {
        let profiles = try users.map { String(decoding: try encoder.encode($0.profile), as: UTF8.self) }
        let facts = try users.map { String(decoding: try encoder.encode(UserFacts($0.profile)), as: UTF8.self) }
        let columns: [[String?]] = [
            users.map(\.id), users.map(\.profile.externalID), users.map(\.profile.email),
            users.map { $0.profile.email.map(EmailFolding.fold) }, users.map { $0.verifiedEmail != nil ? "t" : "f" },
            users.map { $0.profile.name.map(EmailFolding.fold) }, profiles, facts,
            users.map { $0.unverified.joined(separator: ",") }, users.map(\.role.rawValue),
        ]
        return columns.map { Texts($0) }
    }

    /// What filters ask of a profile that is stored as JSON text.
    static func facts(ofProfile text: String) throws -> String {
        let profile = try decoder.decode(UserProfile.self, from: Data(text.utf8))
        return String(decoding: try encoder.encode(UserFacts(profile)), as: UTF8.self)
    }

    private static func updates(_ users: [DirectoryUser]) -> Texts { Texts(users.map { String($0.updatedAt) }) }

    private func first(_ condition: String, _ parameters: [(any PostgresConvertible)?]) throws -> DirectoryUser? {
        try connection.row("SELECT \(Self.columns) FROM users WHERE \(condition)", parameters).map(Self.user)
    }

    static func user(_ row: PostgresRow) throws -> DirectoryUser {
        var user = DirectoryUser(
            id: try row.text(0), profile: try decoder.decode(UserProfile.self, from: Data(try row.text(1).utf8)),
            createdAt: try row.double(4))
        user.unverified = try row.text(2).split(separator: ",").map(String.init)
        // A role that a later release added has no rights here.
        user.role = UserRole(rawValue: try row.text(3)) ?? .user
        user.updatedAt = try row.double(5)
        user.blockedAt = try row.doubleIfAny(6)
        user.tokensValidAfter = try row.doubleIfAny(7)
        return user
    }

    private static let decoder = JSONDecoder()
    private static let encoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }()
}
