import IdentityCore
import UserDirectory

/// All users whom a batch of requests may concern, read at once, with what the batch makes of them: later requests see
/// what earlier ones did, and all is written together.
struct KnownUsers: UserWriter {
    private struct Entry {
        var user: DirectoryUser
        /// The order of creation; the batch's own come last.
        var position: Int64
        var isNew = false
        var isChanged = false
    }

    private struct Organization {
        /// Whether there is one.
        var exists = false
        /// By directory id.
        var entries: [String: Entry] = [:]
        var byExternalID: [String: Set<String>] = [:]
        var byFoldedEmail: [String: Set<String>] = [:]

        mutating func put(_ entry: Entry) {
            if let old = entries[entry.user.id]?.user {
                if let id = old.profile.externalID { byExternalID[id]?.remove(old.id) }
                if let email = old.profile.email { byFoldedEmail[EmailFolding.fold(email)]?.remove(old.id) }
            }
            entries[entry.user.id] = entry
            if let id = entry.user.profile.externalID { byExternalID[id, default: []].insert(entry.user.id) }
            if let email = entry.user.profile.email {
                byFoldedEmail[EmailFolding.fold(email), default: []].insert(entry.user.id)
            }
        }
    }

    private var organizations: [String: Organization] = [:]
    private var changedRoles: Set<String> = []
    private var nextPosition = Int64.max / 2

    /// Reads those whom these profiles may lead to.
    ///
    /// - Parameter isToWrite: no organization of theirs goes away before the transaction ends.
    init(
        _ profiles: [(organization: String, profile: UserProfile)], isToWrite: Bool, _ connection: PostgresConnection
    ) throws {
        let groups = Dictionary(grouping: profiles, by: \.organization).sorted { $0.key < $1.key }
        let names = PostgresStatement(
            sql: "SELECT id FROM organizations WHERE id = ANY ($1::text[])" + (isToWrite ? " FOR KEY SHARE" : ""),
            parameters: [Texts(groups.map(\.key))])
        let found = try connection.rowsOfEach(
            [names]
                + groups.map { name, group in
                    UserTable.users(
                        organization: name, externalIDs: Array(Set(group.compactMap(\.profile.externalID))),
                        foldedEmails: Array(Set(group.compactMap(\.profile.email).map(EmailFolding.fold))))
                })
        for row in found[0] { organizations[try row.text(0), default: Organization()].exists = true }
        for ((name, _), rows) in zip(groups, found.dropFirst()) where organizations[name] != nil {
            for row in rows {
                organizations[name]?.put(Entry(user: try UserTable.user(row), position: try row.integer(8)))
            }
        }
    }

    func user(externalID: String, organization: String) throws -> DirectoryUser? {
        guard let known = organizations[organization] else { return nil }
        return known.byExternalID[externalID, default: []].compactMap { known.entries[$0] }
            .max { $0.position < $1.position }?.user
    }

    func user(email: String, matching: EmailMatching, organization: String) throws -> DirectoryUser? {
        guard let known = organizations[organization] else { return nil }
        let verified = known.byFoldedEmail[EmailFolding.fold(email), default: []].compactMap { known.entries[$0] }
            .filter { $0.user.verifiedEmail != nil }
        // By bytes: Swift's strings are equal where Unicode says that they mean the same.
        if let exact = verified.first(where: { Array($0.user.profile.email?.utf8 ?? "".utf8) == Array(email.utf8) }) {
            return exact.user
        }
        return matching == .exact ? nil : verified.min { $0.position < $1.position }?.user
    }

    /// Throws `StoreError.organizationUnknown` where there is none: the batch can go on without this user.
    mutating func insert(_ user: DirectoryUser, organization: String) throws {
        guard organizations[organization]?.exists == true else { throw StoreError.organizationUnknown(organization) }
        nextPosition += 1
        organizations[organization]?.put(Entry(user: user, position: nextPosition, isNew: true))
    }

    mutating func roleChanged(in organization: String) { changedRoles.insert(organization) }

    mutating func update(_ user: DirectoryUser, organization: String) {
        guard var entry = organizations[organization]?.entries[user.id] else { return }
        entry.user = user
        entry.isChanged = true
        organizations[organization]?.put(entry)
    }

    /// Writes what the batch made and changed: two statements for each organization at most.
    func write(_ connection: PostgresConnection) throws {
        let table = UserTable(connection: connection)
        for (name, known) in organizations.sorted(by: { $0.key < $1.key }) {
            let entries = known.entries.values.sorted { $0.position < $1.position }
            try table.insert(entries.filter(\.isNew).map(\.user), organization: name)
            try table.update(entries.filter { $0.isChanged && !$0.isNew }.map(\.user), organization: name)
        }
        for organization in changedRoles.sorted() { try connection.bumpGeneration(of: organization) }
    }
}
