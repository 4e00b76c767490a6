package import IdentityCore

/// What operators do with users: the command line and, later, the console.
package protocol UserStore: Sendable {
    /// A page of users in order of creation, after the user with id `cursor`; `search` matches the beginning of an
    /// email, an external id, a name or a directory id.
    func users(
        of organization: String, search: String?, after cursor: String?, limit: Int
    ) async throws -> [DirectoryUser]

    /// Finds one user by directory id, else external id, else email.
    func user(_ reference: String, of organization: String) async throws -> DirectoryUser?

    /// Blocks or unblocks. Returns false where there is no such user.
    @discardableResult
    func setBlocked(_ blocked: Bool, user reference: String, of organization: String) async throws -> Bool

    /// Refuses every token issued before `moment` (seconds since 1970). An earlier moment than the present one changes
    /// nothing: what was refused stays refused.
    @discardableResult
    func signOutEverywhere(user reference: String, of organization: String, at moment: Double) async throws -> Bool

    @discardableResult
    func deleteUser(_ reference: String, of organization: String) async throws -> Bool

    /// Writes profiles as verified data in one transaction: all or nothing. Returns how many were created and updated.
    ///
    /// Matches as admission does, by the organization's own settings. Throws `StoreError.importRefused` for the first
    /// profile that can't be written, having written none.
    func importUsers(
        _ profiles: [UserProfile], into organization: String
    ) async throws -> (created: Int, updated: Int)

    func countUsers(of organization: String) async throws -> Int
}
