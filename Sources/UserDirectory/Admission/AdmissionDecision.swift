package import IdentityCore

/// What is to be done about one request, decided from what a store found: the same rules for every store.
package enum AdmissionDecision: Sendable, Equatable {
    /// Nothing is written. `user` is the id of whom the request leads to, where that is one user.
    case refuse(RejectionCode, user: String? = nil)
    /// Known, and nothing that the request says is new: nothing is written.
    case keep(DirectoryUser)
    /// The user as it is to be stored; the store sets `updatedAt`. Where the role is another one than before, what is
    /// remembered of the user holds no more: the store raises the organization's generation in the same transaction.
    case update(DirectoryUser, roleChanged: Bool)
    /// A new user; the store gives the id and the times.
    case create(UserProfile, unverified: [String], role: UserRole)
}

/// Finds the users that a decision needs. A store implements this within its own transaction.
package protocol UserLookup {
    /// The youngest user with exactly this external id.
    func user(externalID: String, organization: String) throws -> DirectoryUser?

    /// The user whose *verified* email is exactly this one; else, where case is ignored, the oldest one whose verified
    /// email is the same but for case. An address that nobody vouched for leads to nobody: else whoever claims
    /// another's address first would share that person's record.
    func user(email: String, matching: EmailMatching, organization: String) throws -> DirectoryUser?
}

extension AdmissionRequest {
    /// Decides this request from what `lookup` finds.
    ///
    /// Order of the rules: identity conflict, unknown user, `tokens_valid_after` (part of verifying a token),
    /// blocked user, privilege rules, and only then what is new in the profile.
    package func decide(_ lookup: some UserLookup) throws -> AdmissionDecision {
        if let malformed { return .refuse(malformed) }
        switch try match(lookup) {
        case .conflict:
            return .refuse(.identityConflict)
        case .nobody:
            guard rule.mode == .upsert else { return .refuse(.userUnknown) }
            var merge = ProfileMerge(onto: UserProfile(), unverified: [], vouched: !onlyIDVerified)
            merge.take(rule.newUser, includingPreferences: true)
            merge.take(profile, includingPreferences: true)
            return .create(merge.profile, unverified: merge.unverified, role: privilegeDecision.role(of: .user))
        case .found(let user):
            if isRevoked(by: user.tokensValidAfter) { return .refuse(.tokenRevoked, user: user.id) }
            if user.blockedAt != nil { return .refuse(.userBlocked, user: user.id) }
            let decision = privilegeDecision
            if let code = decision.refusal(of: user.role) { return .refuse(code, user: user.id) }
            return merged(into: user, role: decision.role(of: user.role), includingPreferences: false)
        }
    }

    /// Decides what an operator's import does with this profile: blocked users are updated too, and stay blocked, and
    /// everybody keeps their role.
    package func decideImport(_ lookup: some UserLookup) throws -> AdmissionDecision {
        if let malformed { return .refuse(malformed) }
        switch try match(lookup) {
        case .conflict: return .refuse(.identityConflict)
        case .nobody:
            var merge = ProfileMerge(onto: rule.newUser, unverified: [], vouched: true)
            merge.take(profile, includingPreferences: true)
            return .create(merge.profile, unverified: [], role: .user)
        case .found(let user): return merged(into: user, role: user.role, includingPreferences: true)
        }
    }

    /// What the token may do with its user's role. A plain identity proves no more than an id.
    private var privilegeDecision: PrivilegeDecision {
        PrivilegeDecision(rule: rule.privileges, claims: onlyIDVerified ? PrivilegeClaims() : privileges)
    }

    private enum Match {
        case nobody
        case found(DirectoryUser)
        case conflict
    }

    private func match(_ lookup: some UserLookup) throws -> Match {
        guard !onlyIDVerified, let email = profile.email else {
            guard let id = profile.externalID else { return .nobody }
            return try lookup.user(externalID: id, organization: organization).map { .found($0) } ?? .nobody
        }
        let byEmail = try lookup.user(email: email, matching: rule.emailMatching, organization: organization)
        // Where the email leads to a user who has this very id, no other user can be meant.
        if let byEmail, rule.matchBy == .email || sameBytes(byEmail.profile.externalID, profile.externalID) {
            return .found(byEmail)
        }
        guard let id = profile.externalID, let byID = try lookup.user(externalID: id, organization: organization)
        else { return byEmail.map { .found($0) } ?? .nobody }
        switch rule.matchBy {
        case .email:
            // A user who so far only came by plain identity has proved this id and no email: the same person.
            return byID.verifiedEmail == nil ? .found(byID) : .nobody
        case .idThenEmail:
            guard let byEmail, byEmail.id != byID.id else { return .found(byID) }
            // Several users can have one address but for case, from before `email_matching` was changed.
            let shared =
                rule.emailMatching == .ignoreCase && !sameBytes(byEmail.profile.email, email)
                && sameBytes(byID.verifiedEmail.map(EmailFolding.fold), EmailFolding.fold(email))
            return shared ? .found(byID) : .conflict
        }
    }

    private func merged(into user: DirectoryUser, role: UserRole, includingPreferences: Bool) -> AdmissionDecision {
        var merge = ProfileMerge(onto: user.profile, unverified: user.unverified, vouched: !onlyIDVerified)
        merge.take(profile, includingPreferences: includingPreferences)
        guard merge.changed || role != user.role else { return .keep(user) }
        var updated = user
        updated.profile = merge.profile
        updated.unverified = merge.unverified
        updated.role = role
        return .update(updated, roleChanged: role != user.role)
    }

    /// A token without `iat` can't be shown to be younger. A whole-second `iat` counts as the start of its second:
    /// of two tokens of the same second, refusing the new one costs a retry, letting the old one in costs the promise.
    private func isRevoked(by moment: Double?) -> Bool {
        guard let moment else { return false }
        guard let issuedAt else { return true }
        return !(issuedAt >= moment)
    }

    /// Keys that no store can hold faithfully are refused before they are looked for: a NUL ends a text in C, so
    /// `5\0x` could be taken for `5`. So is a request that names nobody.
    private var malformed: RejectionCode? {
        let keys = [profile.externalID, profile.email].compactMap(\.self)
        let named = onlyIDVerified ? profile.externalID != nil : !keys.isEmpty
        guard named, keys.allSatisfy({ !$0.isEmpty && !$0.utf8.contains(0) }) else {
            return onlyIDVerified ? .identityMalformed : .tokenClaimInvalid
        }
        return nil
    }
}

extension ArraySlice<AdmissionRequest> {
    /// The outcomes up to the first request that has something to write: a later one may depend on that.
    package func outcomesWithoutWriting(_ lookup: some UserLookup) throws -> [AdmissionOutcome] {
        var outcomes: [AdmissionOutcome] = []
        outcomes.reserveCapacity(count)
        for request in self {
            switch try request.decide(lookup) {
            case .keep(let user): outcomes.append(.admitted(user, created: false))
            case .refuse(let code, let user): outcomes.append(.refused(code, user: user))
            case .create, .update: return outcomes
            }
        }
        return outcomes
    }
}

extension DirectoryUser {
    /// The email, where somebody vouched for it.
    package var verifiedEmail: String? {
        unverified.contains("email") ? nil : profile.email
    }

    /// A new directory id: `usr_` and 130 random bits.
    package static func newID() -> String { "usr_" + RandomIdentifier.text() }
}
