import Synchronization
import UserDirectory

/// Whether this release can work with the tables as they are: a newer one may bring them further while this one runs.
///
/// Each writing transaction looks for itself (`hold`), so that nothing is ever written into tables of an unknown form.
/// What is read is as old as the last `look`.
final class SchemaWatch: Sendable {
    /// How many steps this release knows.
    private let known: Int
    private let matter = Mutex<String?>(nil)

    init(known: Int) { self.known = known }

    /// What is the matter, as of the last look; nil: nothing.
    var incompatibility: String? { matter.withLock { $0 } }

    /// Throws where this release can't work with the tables, as of the last look.
    func require() throws(StoreError) {
        if let matter = incompatibility { throw .unavailable(matter) }
    }

    /// Looks into the database.
    func look(_ connection: PostgresConnection) throws {
        guard let row = try connection.row("SELECT max(step), max(oldest) FROM schema_steps") else { return }
        let (done, oldest) = (Int(try row.integer(0)), Int(try row.integer(1)))
        let found = oldest <= known ? nil : Self.words(done: done, oldest: oldest, known: known)
        matter.withLock { $0 = found }
    }

    /// Has the transaction's next statement fail where this release can't work with the tables: by a division by nought,
    /// as a statement of its own would cost a round trip.
    func hold(_ connection: PostgresConnection) {
        connection.hold("SELECT 1 / (max(oldest) <= \(known))::int FROM schema_steps")
    }

    static func words(done: Int, oldest: Int, known: Int) -> String {
        "a newer release has brought the database to step \(done), which takes a program that knows step \(oldest); this "
            + "one knows \(known)"
    }
}

extension PostgresStore: SchemaKeeping {
    package func incompatibility() async throws -> String? {
        try await asking { [watch] in try watch.look($0) }
        return watch.incompatibility
    }
}
