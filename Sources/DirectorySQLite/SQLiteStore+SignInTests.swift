import GRDB
import IdentityCore
package import UserDirectory

extension SQLiteStore {
    package func record(_ test: SignInTest, of organization: String) async throws {
        try await writing { database in
            try Self.requireOrganization(organization, database)
            try database.execute(
                sql: """
                    INSERT OR REPLACE INTO sign_in_tests (organization, passed, fingerprint, at, failure)
                    VALUES (?, ?, ?, ?, ?)
                    """,
                arguments: [organization, test.failure == nil, test.fingerprint, test.at, test.failure?.rawValue])
        }
    }

    package func signInTests(of organization: String) async throws -> SignInTests {
        try await reading { database in
            try Self.requireOrganization(organization, database)
            return try Self.signInTests(of: organization, database)
        }
    }

    static func signInTests(of organization: String, _ database: Database) throws -> SignInTests {
        var tests = SignInTests()
        for row in try Row.fetchAll(database, sql: Self.signInTests, arguments: [organization]) {
            let fingerprint: String = row["fingerprint"]
            if row["passed"] {
                tests.lastSuccess = SignInTest(fingerprint: fingerprint, at: row["at"], failure: nil)
            } else if let code = RejectionCode(rawValue: row["failure"]) {
                tests.lastFailure = SignInTest(fingerprint: fingerprint, at: row["at"], failure: code)
            }
        }
        return tests
    }

    static let signInTests = "SELECT passed, fingerprint, at, failure FROM sign_in_tests WHERE organization = ?"
}
