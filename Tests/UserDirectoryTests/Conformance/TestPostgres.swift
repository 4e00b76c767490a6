import Foundation
import Synchronization

@testable import DirectoryPostgres

/// The PostgreSQL that the test script has started, with a database for each place.
enum TestPostgres {
    /// The address of a superuser's database; nil where none was started: then only SQLite is tested.
    static let server = ProcessInfo.processInfo.environment["TEST_POSTGRES"]

    private static let made = Mutex<Set<String>>([])

    /// The address of the place's own database, which is made where there is none yet.
    static func database(of place: Place) throws -> String {
        let server = server ?? ""
        let name = "place_" + place.folder.lastPathComponent.filter(\.isHexDigit).lowercased()
        if made.withLock({ $0.insert(name).inserted }) {
            try PostgresConnection(server).execute("CREATE DATABASE \(name) TEMPLATE template0")
        }
        return server.dropLast("postgres".count) + name
    }
}
