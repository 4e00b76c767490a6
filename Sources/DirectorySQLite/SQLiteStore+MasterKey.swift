import GRDB
import MessageAuthentication
package import UserDirectory

extension SQLiteStore {
    /// Encrypts all that is encrypted under another key, in one transaction: all of it or nothing.
    ///
    /// This store goes on under the old key, and so does every other process that has the file open: they can't read
    /// what is stored until they are opened again with the new key. Returns how many secrets and keys there were.
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
