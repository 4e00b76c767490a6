import DataPlane
import UserDirectory
import VerificationCache

/// The organizations as they are stored, each with the stamp that its cached identities must carry.
///
/// What has changed is revoked first and read again afterwards, so that no decision of before the change can pass for
/// one of after it, however long it was under way.
struct OrganizationRegister {
    private(set) var stored: StoredConfiguration
    let cache: VerificationCache<AdmittedIdentity>
    private var known: [String: (generation: Int64, stamp: RevocationStamp)] = [:]

    /// Reads everything for the first time.
    init(_ store: any OrganizationStore, cache: VerificationCache<AdmittedIdentity>) async throws {
        self.cache = cache
        let stamp = cache.stamp()
        stored = try await store.loadAll()
        for organization in stored.organizations {
            known[organization.settings.id] = (organization.generation, stamp)
        }
    }

    /// Takes in what has changed in storage. Returns whether anything has.
    mutating func update(from store: any OrganizationStore) async throws -> Bool {
        guard try await store.generation() != stored.generation else { return false }
        var next = try await store.loadAll()
        // A change that comes between a revocation and the reading behind it is revoked in its turn.
        while revokeChanges(in: next) { next = try await store.loadAll() }
        stored = next
        return true
    }

    /// What requests see.
    var snapshots: [OrganizationSnapshot] {
        stored.organizations.map { organization in
            let id = organization.settings.id
            return OrganizationSnapshot(
                organization, scope: cache.scope(of: id), settingsReadAt: known[id]?.stamp ?? cache.stamp())
        }
    }

    private mutating func revokeChanges(in next: StoredConfiguration) -> Bool {
        var isChanged = false
        var gone = Set(known.keys)
        for organization in next.organizations {
            let id = organization.settings.id
            gone.remove(id)
            guard known[id]?.generation != organization.generation else { continue }
            known[id] = (organization.generation, cache.revoke(cache.scope(of: id)))
            isChanged = true
        }
        for id in gone {
            cache.revoke(cache.scope(of: id))
            known[id] = nil
            isChanged = true
        }
        return isChanged
    }
}
