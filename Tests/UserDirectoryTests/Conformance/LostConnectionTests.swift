import Synchronization
import Testing
import UserDirectory

@testable import DirectoryPostgres

/// What becomes of who asks while the server ends connections, as it does when it is restarted.
@Suite(.enabled(if: TestPostgres.server != nil)) struct LostConnectionTests {
    private let place: Place
    private let store: PostgresStore
    private let administrator: Administrator

    init() throws {
        place = try Place()
        let address = try TestPostgres.database(of: place)
        store = try PostgresStore(
            address: address, masterKey: place.masterKey, now: { 1_700_000_000 }, connections: 1)
        administrator = Administrator(address: address)
        try PostgresConnection(address).execute("CREATE TABLE written (attempt BIGINT NOT NULL)")
    }

    /// Ends others' connections, and counts what they have written.
    private struct Administrator: Sendable {
        let address: String

        /// Returns once the connection's process is gone, and with it the server's end of the connection.
        func end(_ process: Int64) throws {
            let row = try PostgresConnection(address).row("SELECT pg_terminate_backend($1::int, 20000)", [process])
            #expect(try row?.bool(0) == true)
        }

        func rows() throws -> [Int64] {
            try PostgresConnection(address).rows("SELECT attempt FROM written").map { try $0.integer(0) }
        }
    }

    private static func process(of connection: PostgresConnection) throws -> Int64 {
        try connection.row("SELECT pg_backend_pid()")?.integer(0) ?? 0
    }

    @Test func `a connection that ended while nobody used it is replaced before it is used`() async throws {
        let first = try await store.reading { try Self.process(of: $0) }
        try administrator.end(first)
        let attempts = Attempts()
        let second = try await store.reading { connection in
            attempts.begin()
            return try Self.process(of: connection)
        }
        #expect(second != first)
        #expect(attempts.count == 1)
    }

    @Test func `a transaction whose connection ends before its commit is made once more`() async throws {
        let attempts = Attempts()
        try await store.writing { [administrator] connection in
            let attempt = attempts.begin()
            try connection.run("INSERT INTO written (attempt) VALUES ($1::bigint)", [attempt])
            if attempt == 1 { try administrator.end(try Self.process(of: connection)) }
            try connection.run("SELECT 1")
        }
        #expect(attempts.count == 2)
        #expect(try administrator.rows() == [2])
    }

    @Test func `what is only asked is asked once more`() async throws {
        let attempts = Attempts()
        let answer = try await store.asking { [administrator] connection in
            if attempts.begin() == 1 { try administrator.end(try Self.process(of: connection)) }
            return try connection.row("SELECT 7")?.integer(0)
        }
        #expect(answer == 7)
        #expect(attempts.count == 2)
    }

    @Test func `a transaction that loses its connection each time fails`() async throws {
        let attempts = Attempts()
        let transaction = Task { [store, administrator] in
            try await store.reading { connection in
                attempts.begin()
                try administrator.end(try Self.process(of: connection))
                _ = try connection.run("SELECT 1")
            }
        }
        await #expect(throws: StoreError.self) { try await transaction.value }
        #expect(attempts.count == 2)
    }

    @Test func `a commit that nobody answered is not made again`() async throws {
        let attempts = Attempts()
        let transaction = Task { [store, administrator] in
            try await store.writing { connection in
                let attempt = attempts.begin()
                try connection.run("INSERT INTO written (attempt) VALUES ($1::bigint)", [attempt])
                try administrator.end(try Self.process(of: connection))
            }
        }
        await #expect(throws: StoreError.self) { try await transaction.value }
        #expect(attempts.count == 1)
        #expect(try administrator.rows() == [])
    }

    private final class Attempts: Sendable {
        private let begun = Mutex<Int64>(0)

        var count: Int64 { begun.withLock { $0 } }

        /// Returns which one it is, from 1.
        @discardableResult func begin() -> Int64 {
            begun.withLock { count in
                count += 1
                return count
            }
        }
    }
}
