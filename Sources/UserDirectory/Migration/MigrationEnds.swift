/// Storage that nobody serves from meanwhile, to be read table by table. All calls wait.
package protocol MigrationSource {
    /// Tells this storage from every other, as long as its master key isn't changed.
    var identity: String { get }

    func counters() throws -> StorageCounters

    func count(_ table: StoredTable) throws -> Int

    /// Hands over the rows of a table in the order of their keys, those after `key` alone where there is one. Holds a
    /// few rows in memory, however many there are.
    func forEachRow(of table: StoredTable, after key: [StoredValue]?, _ body: (StoredRow) throws -> Void) throws
}

/// Storage that takes what another has. All calls wait.
package protocol MigrationTarget: MigrationSource {
    /// How far an unfinished migration into this storage has come; nil: there is none.
    func progress() throws -> MigrationProgress?

    /// Notes that a migration begins, while nothing is stored here: from here on until `finish` nobody serves from this
    /// storage. Throws `MigrationRefusal.targetNotEmpty` where something is.
    func begin(_ progress: MigrationProgress) throws

    /// Adds rows to a table and notes `progress`: both or neither. Throws `MigrationRefusal.targetTaken` where what was
    /// noted isn't `earlier`.
    func append(
        _ rows: [StoredRow], to table: StoredTable, from earlier: MigrationProgress, to progress: MigrationProgress
    ) throws

    func set(_ counters: StorageCounters) throws

    /// Forgets that there was a migration: this storage may be served from.
    func finish() throws
}

/// Numbers that go on where they were.
package struct StorageCounters: Sendable, Equatable {
    /// Goes up with each change by an operator.
    package var generation: Int64
    /// The highest place in the order of users' creation that anybody has had.
    package var lastUser: Int64

    package init(generation: Int64, lastUser: Int64) {
        self.generation = generation
        self.lastUser = lastUser
    }
}

/// How far a migration has come, as its target keeps it.
package struct MigrationProgress: Sendable, Equatable, Codable {
    /// The source's.
    package var identity: String
    /// The table that rows are added to.
    package var table: String
    /// The key of the last row that was added to it; nil: none was.
    package var key: [StoredValue]?
    /// How many rows were added to it.
    package var rows = 0

    package init(identity: String, table: String) {
        self.identity = identity
        self.table = table
    }
}

/// Why a migration can't be.
package enum MigrationRefusal: Error, Equatable, CustomStringConvertible {
    case sourceInUse(String)
    case sourceUnfinished
    case targetNotEmpty(table: String)
    /// An unfinished migration of another source is in the target, or the source's master key was changed since.
    case targetOfAnother
    /// Somebody else migrates into the same target.
    case targetTaken
    /// The two sides' summaries of a table differ, once everything was copied.
    case different(source: TableSummary, target: TableSummary)
    case countersDiffer

    package var description: String {
        switch self {
        case .sourceInUse(let who): "\(who): stop every gateway that serves from it first"
        case .sourceUnfinished: "the source is itself the target of a migration that isn't finished"
        case .targetNotEmpty(let table): "the target isn't empty: there are \(table) in it"
        case .targetOfAnother:
            "the target holds an unfinished migration from another source: make it anew, and begin again"
        case .targetTaken: "another migration into the same target is under way"
        case .different(let source, let target):
            """
            \(source.name): the source has \(source.rows) rows (\(source.checksum.prefix(16))), the target \
            \(target.rows) (\(target.checksum.prefix(16))). Was the source served from since the migration began? \
            Make the target anew, and begin again
            """
        case .countersDiffer: "the target's counters aren't the source's"
        }
    }
}
