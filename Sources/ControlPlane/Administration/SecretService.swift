import GatewayConfiguration
package import UserDirectory

/// The secrets of organizations. Their texts are shown once, and named by their ids everywhere else.
package struct SecretService: Sendable {
    let base: Administration

    /// How long old secrets go on after a rotation where nobody says so, in seconds.
    package static let usualOverlap = 7.0 * 86_400
    /// The longest time ahead that an end may be planned for.
    package static let longestOverlap = 366.0 * 86_400

    package func list(of organization: String, by who: Administrator) async throws -> [SecretSummary] {
        try who.see(organization)
        return try await base.store.secrets(of: organization)
    }

    /// Makes one more.
    package func generate(
        _ purpose: SecretPurpose, for organization: String, once: Once<Shown<SecretSummary>>? = nil,
        by who: Administrator
    ) async throws -> Made<Shown<SecretSummary>> {
        try who.change(organization)
        return try await base.change(once: once) { transaction in
            try add(SecretPolicy.generate(), purpose, organization, "secret.generate", transaction, who)
        }
    }

    /// Takes over one that a customer's server already uses.
    package func take(
        _ text: String, _ purpose: SecretPurpose, for organization: String, allowWeak: Bool,
        once: Once<Shown<SecretSummary>>? = nil, by who: Administrator
    ) async throws -> Made<Shown<SecretSummary>> {
        try who.change(organization)
        try SecretPolicy.check(text, allowWeak: allowWeak)
        return try await base.change(once: once) { transaction in
            try add(text, purpose, organization, "secret.import", transaction, who)
        }
    }

    /// Makes a new one; the others of its purpose end at `end`, in seconds since 1970, unless they end sooner.
    package func rotate(
        _ purpose: SecretPurpose, for organization: String, oldValidUntil end: Double,
        once: Once<Shown<SecretSummary>>? = nil, by who: Administrator
    ) async throws -> Made<Shown<SecretSummary>> {
        try who.change(organization)
        try check(end, "old_valid_until")
        return try await base.change(once: once) { transaction in
            let others = try active(purpose, organization, transaction)
            let text = SecretPolicy.generate()
            let new = try transaction.addSecret(text, purpose: purpose, to: organization)
            for old in others where old.validUntil ?? .infinity > end {
                try transaction.setEnd(end, ofSecret: old.id, of: organization)
            }
            try record(
                "secret.rotate", organization, new.id, before: others,
                after: try active(purpose, organization, transaction), transaction, who)
            return Shown(value: new, text: text)
        }
    }

    /// Makes a new one; the others of its purpose die now.
    package func regenerate(
        _ purpose: SecretPurpose, for organization: String, once: Once<Shown<SecretSummary>>? = nil,
        by who: Administrator
    ) async throws -> Made<Shown<SecretSummary>> {
        try who.change(organization)
        return try await base.change(once: once) { transaction in
            let others = try active(purpose, organization, transaction)
            for old in others { try transaction.revokeSecret(old.id, of: organization) }
            let text = SecretPolicy.generate()
            let new = try transaction.addSecret(text, purpose: purpose, to: organization)
            try record("secret.regenerate", organization, new.id, before: others, after: [new], transaction, who)
            return Shown(value: new, text: text)
        }
    }

    /// Plans an active secret's end, in seconds since 1970, or takes the plan back.
    package func plan(
        end: Double?, of id: String, of organization: String, by who: Administrator
    ) async throws -> SecretSummary {
        try who.change(organization)
        if let end { try check(end, "valid_until") }
        return try await base.change { transaction in
            let before = try secret(id, organization, transaction)
            guard before.isActive(at: transaction.moment) else { throw StoreError.secretUnknown(id) }
            try transaction.setEnd(end, ofSecret: id, of: organization)
            let after = try secret(id, organization, transaction)
            try record("secret.plan", organization, id, before: [before], after: [after], transaction, who)
            return after
        }
    }

    /// Ends it now, and with `endSessions` the sessions that its tokens began: returns how many those were.
    @discardableResult
    package func revoke(
        _ id: String, of organization: String, endSessions: Bool, by who: Administrator
    ) async throws -> Int {
        try who.change(organization)
        return try await base.change { transaction in
            let before = try secret(id, organization, transaction)
            guard try transaction.revokeSecret(id, of: organization) else { throw StoreError.secretUnknown(id) }
            let ended = endSessions ? try transaction.endSessions(of: organization, .key(id)) : 0
            try record("secret.revoke", organization, id, before: [before], after: [], transaction, who)
            return ended
        }
    }

    private func check(_ end: Double, _ path: String) throws {
        let now = base.now()
        guard end > now, end <= now + Self.longestOverlap else {
            throw AdminProblem.invalid(path, "must lie ahead, and at most 366 days")
        }
    }

    private func add(
        _ text: String, _ purpose: SecretPurpose, _ organization: String, _ action: String,
        _ transaction: any AdminTransaction, _ who: Administrator
    ) throws -> Shown<SecretSummary> {
        let new = try transaction.addSecret(text, purpose: purpose, to: organization)
        try record(action, organization, new.id, before: [], after: [new], transaction, who)
        return Shown(value: new, text: text)
    }

    private func active(
        _ purpose: SecretPurpose, _ organization: String, _ transaction: any AdminTransaction
    ) throws -> [SecretSummary] {
        try transaction.secrets(of: organization).filter {
            $0.purpose == purpose && $0.isActive(at: transaction.moment)
        }
    }

    private func secret(
        _ id: String, _ organization: String, _ transaction: any AdminTransaction
    ) throws -> SecretSummary {
        guard let found = try transaction.secrets(of: organization).first(where: { $0.id == id }) else {
            throw StoreError.secretUnknown(id)
        }
        return found
    }

    private func record(
        _ action: String, _ organization: String, _ subject: String, before: [SecretSummary], after: [SecretSummary],
        _ transaction: any AdminTransaction, _ who: Administrator
    ) throws {
        func text(_ secrets: [SecretSummary]) -> String? {
            let list = secrets.map { secret in
                JSONValue.members([
                    "id": .string(secret.id), "purpose": .string(secret.purpose.rawValue),
                    "valid_until": .moment(secret.validUntil),
                ])
            }
            return list.isEmpty ? nil : JSONValue.members(["active": .array(list)]).json
        }
        try transaction.record(
            AuditEntry(
                at: transaction.moment, actor: who.actor, action: action, organization: organization, subject: subject,
                before: text(before), after: text(after)))
    }
}
