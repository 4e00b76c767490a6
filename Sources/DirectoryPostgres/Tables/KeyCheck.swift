import MessageAuthentication
import UserDirectory

/// A known text sealed under the master key, by which a wrong key is found out at start and not at the first secret.
struct KeyCheck {
    let box: SecretBox

    /// Lets the right key pass. While nothing is encrypted yet any key is right, and becomes the one.
    func pass(_ connection: PostgresConnection) throws {
        let row = try connection.row("SELECT key_check FROM meta WHERE key_check IS NOT NULL FOR UPDATE")
        if let sealed = try row?.bytes(0), let opened = try? box.open(sealed, associatedData: SealedPlace.keyCheck),
            opened == SealedPlace.keyCheckText
        {
            return
        }
        guard try !Self.isNeeded(connection) else { throw StoreError.masterKeyWrong }
        try note(connection)
    }

    /// Makes this key the right one.
    func note(_ connection: PostgresConnection) throws {
        try connection.run(
            "UPDATE meta SET key_check = $1",
            [try box.seal(SealedPlace.keyCheckText, associatedData: SealedPlace.keyCheck)])
    }

    /// Whether anything is encrypted under some key.
    static func isNeeded(_ connection: PostgresConnection) throws -> Bool {
        try connection.row("SELECT EXISTS (SELECT 1 FROM secrets) OR EXISTS (SELECT 1 FROM signing_keys)")?.bool(0)
            ?? false
    }
}
