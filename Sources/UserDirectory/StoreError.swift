/// A refused change or a store that doesn't work, in words that an operator can act on.
package enum StoreError: Error, Equatable, Sendable, CustomStringConvertible {
    case organizationUnknown(String)
    /// Settings that no store can hold: says why.
    case settingsInvalid(String)
    case hostTaken(host: String, by: String)
    case tooManySecrets(limit: Int)
    /// There are encrypted secrets, and no key.
    case masterKeyMissing
    /// The key isn't the one that the secrets are encrypted under.
    case masterKeyWrong
    /// The key's file can't be used: says why.
    case masterKeyInvalid(String)
    /// No user has this id: a page can't begin after it, nor a session.
    case userUnknown(String)
    /// No active secret has this id.
    case secretUnknown(String)
    /// A sign-in that waited in a browser has begun its session already.
    case permitUsed
    /// The profile at `index` (from 0) can't be imported; nothing of the import was written.
    case importRefused(index: Int, code: String)
    /// A migration into this storage was begun and isn't finished.
    case migrationUnfinished
    case unavailable(String)

    package var description: String {
        switch self {
        case .organizationUnknown(let id): "there is no organization '\(id)'"
        case .settingsInvalid(let reason): reason
        case .hostTaken(let host, let owner): "the host '\(host)' belongs to the organization '\(owner)'"
        case .tooManySecrets(let limit): "there are \(limit) active secrets already: revoke one first"
        case .masterKeyMissing: "the master key is missing: the stored secrets can't be read without it"
        case .masterKeyWrong: "the master key is not the one that the stored secrets are encrypted under"
        case .masterKeyInvalid(let reason): reason
        case .userUnknown(let id): "there is no user '\(id)'"
        case .secretUnknown(let id): "there is no active secret '\(id)'"
        case .permitUsed: "this sign-in has begun a session already"
        case .importRefused(let index, let code): "user \(index + 1) can't be imported: \(code)"
        case .migrationUnfinished:
            "a migration into this storage isn't finished: run widget-gateway storage migrate again"
        case .unavailable(let reason): "the store is unavailable: \(reason)"
        }
    }
}
