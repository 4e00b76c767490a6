/// All that a gateway keeps of organizations, users, sessions and administrators: what each kind of storage offers.
package typealias DirectoryStore = UserDirectory & OrganizationStore & UserStore & UserSearch & UserCensus
    & SessionStore & AdminStore & AdminTokenStore & AuditStore & MasterKeyRotation

/// Storage whose secrets are encrypted under a master key.
package protocol MasterKeyRotation: Sendable {
    /// Encrypts all that is encrypted under another key, in one transaction: all of it or nothing.
    ///
    /// This store goes on under the old key, and so does every other process that has the same storage open: they can't
    /// read what is stored until they are opened again with the new key. Returns how many secrets and keys there were.
    func encryptAgain(under key: MasterKey) async throws -> Int
}
