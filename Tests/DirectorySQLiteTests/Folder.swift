import Foundation
import GRDB
import IdentityCore
import Synchronization
import UserDirectory

@testable import DirectorySQLite

/// A folder that goes when the test does, and a master key.
final class Folder: Sendable {
    let masterKey = MasterKey.random()
    private let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "widget-gateway-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func path(_ name: String) -> String { url.appending(path: name).path }

    func store(busyTimeout: Double = 5) throws -> SQLiteStore {
        try SQLiteStore(
            path: path("store.db"), masterKey: masterKey, now: { 1_700_000_000 }, busyTimeout: busyTimeout)
    }

    func walBytes() throws -> Data { try Data(contentsOf: URL(filePath: path("store.db-wal"))) }
}

extension AdmissionRequest {
    /// A verified user of `acme` with no more than an email.
    static func user(_ email: String) -> AdmissionRequest {
        var profile = UserProfile()
        profile.email = email
        return AdmissionRequest(
            organization: "acme", rule: AdmissionRule(mode: .upsert, matchBy: .email, emailMatching: .exact),
            profile: profile, issuedAt: nil, onlyIDVerified: false)
    }
}

/// Counts the commits that wrote something.
final class CommitCount: TransactionObserver, Sendable {
    private let state = Mutex(0)

    var count: Int { state.withLock { $0 } }

    func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool { true }
    func databaseDidChange(with event: DatabaseEvent) {}
    func databaseDidCommit(_ db: Database) { state.withLock { $0 += 1 } }
    func databaseDidRollback(_ db: Database) {}
}
