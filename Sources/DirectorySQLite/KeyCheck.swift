import Foundation
import GRDB
import MessageAuthentication
import UserDirectory

/// A known text sealed under the master key, by which a wrong key is found out at start and not at the first secret.
struct KeyCheck {
    let box: SecretBox

    /// Lets the right key pass. While nothing is encrypted yet any key is right, and becomes the one.
    func pass(_ database: Database) throws {
        let sealed = try Data.fetchOne(database, sql: "SELECT value FROM meta WHERE key = 'key_check'")
        if let sealed, let opened = try? box.open(Array(sealed), associatedData: SealedPlace.keyCheck),
            opened == SealedPlace.keyCheckText
        {
            return
        }
        guard try !Self.isNeeded(database) else { throw StoreError.masterKeyWrong }
        try note(database)
    }

    /// Makes this key the right one.
    func note(_ database: Database) throws {
        try database.execute(
            sql: "INSERT OR REPLACE INTO meta (key, value) VALUES ('key_check', ?)",
            arguments: [Data(try box.seal(SealedPlace.keyCheckText, associatedData: SealedPlace.keyCheck))])
    }

    /// Whether anything is encrypted under some key.
    static func isNeeded(_ database: Database) throws -> Bool {
        try Bool.fetchOne(
            database, sql: "SELECT EXISTS (SELECT 1 FROM secrets) OR EXISTS (SELECT 1 FROM signing_keys)") ?? false
    }
}
