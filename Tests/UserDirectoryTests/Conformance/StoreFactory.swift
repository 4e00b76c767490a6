import DirectoryPostgres
import DirectorySQLite
import Foundation
import Synchronization
import Testing
import UserDirectory

typealias Store = UserDirectory & OrganizationStore & UserStore & SessionStore & UserSearch & AdminStore
    & AdminTokenStore & AuditStore

/// One kind of store, to run the conformance suites against: a new kind adds itself to `all`.
struct StoreFactory: Sendable, CustomTestStringConvertible {
    let name: String
    /// Opens the store at a place; opened again there, it has what it had.
    let open: @Sendable (Place) throws -> any Store

    var testDescription: String { name }

    static let all = [sqlite] + (TestPostgres.server == nil ? [] : [postgres])

    static let sqlite = StoreFactory(name: "SQLite") { place in
        try SQLiteStore(path: place.path("store.db"), masterKey: place.masterKey, now: { place.now })
    }

    static let postgres = StoreFactory(name: "PostgreSQL") { place in
        try PostgresStore(
            address: try TestPostgres.database(of: place), masterKey: place.masterKey, now: { place.now },
            connections: 3)
    }

    /// A new store with the organization `acme`.
    func fresh(_ settings: OrganizationSettings = OrganizationSettings(id: "acme")) async throws -> (any Store, Place) {
        let place = try Place()
        let store = try open(place)
        try await store.put(settings)
        return (store, place)
    }
}

/// A folder that goes when the test does, a master key, and a clock that stands still unless moved.
final class Place: Sendable {
    let folder: URL
    let masterKey = MasterKey.random()
    private let clock = Mutex(1_700_000_000.0)

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "widget-gateway-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func path(_ name: String) -> String { folder.appending(path: name).path }

    var now: Double { clock.withLock { $0 } }

    func pass(_ seconds: Double) { clock.withLock { $0 += seconds } }
}
