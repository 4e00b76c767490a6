import GRDB
import MessageAuthentication
package import UserDirectory

extension SQLiteStore: MasterKeyRotation {
    package func encryptAgain(under key: MasterKey) async throws -> Int {
        let next: SecretBox
        do { next = try SecretBox(masterKey: key.bytes) } catch {
            throw StoreError.masterKeyInvalid("no usable master key")
        }
        return try await writing { [box] database in
            let count = try SecretTable(database: database, box: box).seal(by: next)
            try database.execute(sql: "DELETE FROM meta WHERE key = 'key_check'")
            try KeyCheck(box: next).note(database)
            return count
        }
    }
}
