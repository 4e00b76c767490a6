package import IdentityCore

/// The users of one writing transaction, in any kind of storage: what was decided is written by the same steps in all.
package protocol UserWriter: UserLookup {
    /// Adds a new user. What follows in the transaction finds them.
    mutating func insert(_ user: DirectoryUser, organization: String) throws

    /// Stores the profile and the role of a user who is there.
    mutating func update(_ user: DirectoryUser, organization: String) throws

    /// A role of the organization's users is another than before: what is remembered of them holds no more.
    mutating func roleChanged(in organization: String) throws
}

extension UserWriter {
    /// Decides one request and writes what was decided. `moment` is in seconds since 1970.
    package mutating func admit(_ request: AdmissionRequest, at moment: Double) throws -> AdmissionOutcome {
        switch try request.decide(self) {
        case .refuse(let code, let user):
            return .refused(code, user: user)
        case .keep(let user):
            return .admitted(user, created: false)
        case .update(var user, let roleChanged):
            user.updatedAt = moment
            try update(user, organization: request.organization)
            if roleChanged { try self.roleChanged(in: request.organization) }
            return .admitted(user, created: false)
        case .create(let profile, let unverified, let role):
            var user = DirectoryUser(id: DirectoryUser.newID(), profile: profile, createdAt: moment)
            user.unverified = unverified
            user.role = role
            try insert(user, organization: request.organization)
            return .admitted(user, created: true)
        }
    }

    /// Writes an operator's import, matching as admission does, by the organization's own settings. Throws
    /// `StoreError.importRefused` for the first profile that can't be written: then the transaction must not be kept.
    package mutating func importUsers(
        _ profiles: [UserProfile], into settings: OrganizationSettings, at moment: Double
    ) throws -> (created: Int, updated: Int) {
        var created = 0
        var updated = 0
        for (index, profile) in profiles.enumerated() {
            let request = AdmissionRequest(
                organization: settings.id, rule: settings.admissionRule, profile: profile, issuedAt: nil,
                onlyIDVerified: false)
            switch try request.decideImport(self) {
            case .refuse(let code, _):
                throw StoreError.importRefused(index: index, code: code.rawValue)
            case .keep:
                break
            case .update(var user, _):
                user.updatedAt = moment
                try update(user, organization: settings.id)
                updated += 1
            case .create(let profile, let unverified, _):
                var user = DirectoryUser(id: DirectoryUser.newID(), profile: profile, createdAt: moment)
                user.unverified = unverified
                try insert(user, organization: settings.id)
                created += 1
            }
        }
        return (created, updated)
    }
}
