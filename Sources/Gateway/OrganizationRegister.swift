import DataPlane
import UserDirectory
import VerificationCache

/// The organizations as they are stored, each with the stamp that its cached identities must carry.
///
/// What has changed is revoked first and read again afterwards, so that no decision of before the change can pass for
/// one of after it, however long it was under way. What hasn't changed isn't read again, and keeps its snapshot.
struct OrganizationRegister {
    private(set) var stored: StoredConfiguration
    /// What requests see.
    private(set) var snapshots: [OrganizationSnapshot] = []
    let cache: VerificationCache<AdmittedIdentity>
    private var known: [String: (generation: Int64, stamp: RevocationStamp)] = [:]
    private var lastLeave: Int64

    /// Reads everything for the first time.
    init(_ store: any OrganizationStore & SessionStore, cache: VerificationCache<AdmittedIdentity>) async throws {
        self.cache = cache
        let stamp = cache.stamp()
        lastLeave = try await store.leaves(after: nil).last
        stored = try await store.loadAll()
        for organization in stored.organizations {
            known[organization.settings.id] = (organization.generation, stamp)
        }
        snapshots = stored.organizations.map(snapshot)
    }

    /// Takes in what has changed in storage. Returns whether anything has.
    mutating func update(from store: any OrganizationStore & SessionStore) async throws -> Bool {
        let leaves = try await store.leaves(after: lastLeave)
        for (organization, user) in leaves.users { cache.revoke(user: user, in: cache.scope(of: organization)) }
        if !leaves.isComplete { forgetEverybody() }
        lastLeave = leaves.last
        let generation = try await store.generation()
        guard generation != stored.generation else { return !leaves.isComplete }
        // Storage that knows less than before was restored from a backup: nothing of what is known may hold.
        let since = generation > stored.generation ? stored.generation : -1
        var change = try await store.load(changedSince: since)
        // A change that comes between a revocation and the reading behind it is revoked in its turn.
        while revoke(change) { change = try await store.load(changedSince: since) }
        take(change)
        return true
    }

    /// Drops all remembered identities: some of their sessions may have ended, and nobody knows any more which.
    private mutating func forgetEverybody() {
        for (index, organization) in stored.organizations.enumerated() {
            let id = organization.settings.id
            known[id] = (organization.generation, cache.revoke(cache.scope(of: id)))
            snapshots[index] = snapshot(organization)
        }
    }

    /// Drops the secrets whose planned end has come, at `moment` in seconds since 1970, with all that they vouched for.
    /// Returns whether there were any.
    mutating func dropEndedSecrets(at moment: Double) -> Bool {
        var isChanged = false
        for index in stored.organizations.indices {
            let organization = stored.organizations[index]
            let active = organization.secrets.filter { $0.validUntil.map { moment < $0 } ?? true }
            guard active.count < organization.secrets.count else { continue }
            let id = organization.settings.id
            known[id] = (organization.generation, cache.revoke(cache.scope(of: id)))
            stored.organizations[index].secrets = active
            snapshots[index] = snapshot(stored.organizations[index])
            isChanged = true
        }
        return isChanged
    }

    private func snapshot(_ organization: StoredOrganization) -> OrganizationSnapshot {
        let id = organization.settings.id
        return OrganizationSnapshot(
            organization, scope: cache.scope(of: id), settingsReadAt: known[id]?.stamp ?? cache.stamp())
    }

    /// Returns whether there was anything to revoke.
    private mutating func revoke(_ change: StoredConfigurationChange) -> Bool {
        var isChanged = false
        for organization in change.changed {
            let id = organization.settings.id
            guard known[id]?.generation != organization.generation else { continue }
            known[id] = (organization.generation, cache.revoke(cache.scope(of: id)))
            isChanged = true
        }
        for id in known.keys where !change.ids.contains(id) {
            cache.revoke(cache.scope(of: id))
            known[id] = nil
            isChanged = true
        }
        return isChanged
    }

    private mutating func take(_ change: StoredConfigurationChange) {
        var changed = Dictionary(uniqueKeysWithValues: change.changed.map { ($0.settings.id, $0) })
        var next = StoredConfiguration(generation: change.generation, organizations: [])
        var nextSnapshots: [OrganizationSnapshot] = []
        next.organizations.reserveCapacity(change.ids.count)
        nextSnapshots.reserveCapacity(change.ids.count)
        for (organization, present) in zip(stored.organizations, snapshots) {
            let id = organization.settings.id
            guard change.ids.contains(id) else { continue }
            let newer = changed.removeValue(forKey: id)
            next.organizations.append(newer ?? organization)
            nextSnapshots.append(newer.map(snapshot) ?? present)
        }
        for new in change.changed where changed[new.settings.id] != nil {
            next.organizations.append(new)
            nextSnapshots.append(snapshot(new))
        }
        stored = next
        snapshots = nextSnapshots
    }
}
