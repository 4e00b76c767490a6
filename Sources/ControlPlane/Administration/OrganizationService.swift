import GatewayConfiguration
import IdentityCore
import MessageAuthentication
import PortalSSO
package import UserDirectory

/// Organizations and their settings.
package struct OrganizationService: Sendable {
    let base: Administration

    /// Those within reach, by id, after `cursor`.
    ///
    /// - Parameter text: is part of the id, the name or a host, whatever the letter case; nil: any.
    package func list(
        containing text: String? = nil, after cursor: String?, limit: Int, by who: Administrator
    ) async throws -> (organizations: [OrganizationSettings], next: String?) {
        let text = text?.lowercased()
        let all = try await base.store.organizations().filter { settings in
            (who.scope.organization ?? settings.id) == settings.id && settings.id > cursor ?? ""
                && text.map { text in
                    ([settings.id, settings.name.lowercased()] + settings.hosts).contains { $0.contains(text) }
                } ?? true
        }
        let page = Array(all.prefix(limit))
        return (page, all.count > limit ? page.last?.id : nil)
    }

    package func settings(of id: String, by who: Administrator) async throws -> OrganizationSettings {
        try who.see(id)
        guard let settings = try await base.store.organization(id) else { throw AdminProblem.organizationUnknown(id) }
        return settings
    }

    /// - Parameter allowsUntested: sign-in may be enabled that was never tested: for who runs commands on the storage.
    package func create(
        _ settings: OrganizationSettings, once: Once<OrganizationSettings>? = nil, allowsUntested: Bool = false,
        by who: Administrator
    ) async throws -> Made<OrganizationSettings> {
        try who.changeInstance()
        return try await base.change(once: once) { transaction in
            guard try transaction.organization(settings.id) == nil else {
                throw AdminProblem(.organizationExists, "there is an organization '\(settings.id)' already")
            }
            // Nothing of a new organization can have been tested.
            if settings.sso.enabled, !allowsUntested { throw SignInReport.untested(.untested) }
            try transaction.put(settings)
            try transaction.record(
                AuditEntry(
                    at: transaction.moment, actor: who.actor, action: "organization.create", organization: settings.id,
                    after: settings.json.json))
            return settings
        }
    }

    /// Replaces the settings by what `change` makes of them, unless somebody else was faster.
    ///
    /// - Parameters:
    ///   - isConfirmed: rules are enforced though they would have refused requests of the last day; where it isn't, that
    ///     throws `enforcement_unconfirmed`, whose errors say how many.
    ///   - allowsUntested: sign-in may be enabled that wasn't tested: for who runs commands on the storage.
    package func update(
        _ id: String, if condition: SettingsCondition, isConfirmed: Bool, allowsUntested: Bool = false,
        by who: Administrator,
        _ change: @escaping @Sendable (OrganizationSettings) throws -> OrganizationSettings
    ) async throws -> OrganizationSettings {
        try who.change(id)
        func attempt(by report: EnforcementReport?) async throws -> OrganizationSettings {
            try await update(
                id, if: condition, isConfirmed: isConfirmed, report, allowsUntested: allowsUntested, by: who, change)
        }
        do {
            return try await attempt(by: nil)
        } catch is ReportNeeded {
            return try await attempt(by: try await base.telemetry.enforcementReport(of: id, now: base.now()))
        }
    }

    /// The figures of an organization's rules are needed, as few changes need them.
    private struct ReportNeeded: Error {}

    private func update(
        _ id: String, if condition: SettingsCondition, isConfirmed: Bool, _ report: EnforcementReport?,
        allowsUntested: Bool, by who: Administrator,
        _ change: @escaping @Sendable (OrganizationSettings) throws -> OrganizationSettings
    ) async throws -> OrganizationSettings {
        try await base.change { transaction in
            guard let before = try transaction.organization(id) else { throw AdminProblem.organizationUnknown(id) }
            guard condition.holds(before) else {
                throw AdminProblem(
                    .preconditionFailed, "the settings have changed since they were read: read them again")
            }
            let after = try change(before)
            guard after.id == id else { throw AdminProblem.invalid("id", "can't be changed") }
            guard after != before else { return before }
            if !allowsUntested { try checkSignIn(before, after, transaction) }
            if !isConfirmed, EnforcementChange.mayRefuse(after, before: before) {
                guard let report else { throw ReportNeeded() }
                try Self.checkEnforcement(before, after, report)
            }
            try transaction.put(after)
            let difference = SettingsDifference(before, after)
            try transaction.record(
                AuditEntry(
                    at: transaction.moment, actor: who.actor, action: "organization.update", organization: id,
                    before: difference.before.json, after: difference.after.json))
            return after
        }
    }

    /// Deletes the organization with its secrets, users, token log and figures. The audit log stays.
    package func delete(_ id: String, by who: Administrator) async throws {
        try who.see(id)
        try who.changeInstance()
        try await base.change { transaction in
            guard let before = try transaction.organization(id) else { throw AdminProblem.organizationUnknown(id) }
            let users = try transaction.countUsers(of: id)
            try transaction.deleteOrganization(id)
            try transaction.record(
                AuditEntry(
                    at: transaction.moment, actor: who.actor, action: "organization.delete", organization: id,
                    before: JSONValue.members(["settings": before.json, "users": .integer(users)]).json))
        }
        try await base.telemetry.forgetTelemetry(of: id)
    }

    /// Rules that come into force must not refuse what is let through now, unless somebody knows and wants it.
    private static func checkEnforcement(
        _ before: OrganizationSettings, _ after: OrganizationSettings, _ report: EnforcementReport
    ) throws {
        let consequences = EnforcementChange.consequences(of: after, before: before, by: report)
        guard !consequences.isEmpty else { return }
        throw AdminProblem(
            .enforcementUnconfirmed, "rules would refuse requests that are let through now",
            errors: consequences.map { consequence in
                let day = consequence.lastDay
                let who = consequence.rule == .requireIdentify ? "addresses" : "users"
                return AdminProblem.FieldError(
                    consequence.rule.setting,
                    "would have refused \(day.wouldRefuse) of \(day.requests) requests of the last day, of \(day.users) "
                        + who)
            })
    }

    /// Sign-in that is on, or comes on, must have been tested as it will be; other settings may change meanwhile.
    private func checkSignIn(
        _ before: OrganizationSettings, _ after: OrganizationSettings, _ transaction: any AdminTransaction
    ) throws {
        let isAsBefore =
            before.sso.enabled && before.sso.loginURL == after.sso.loginURL && before.dialect == after.dialect
        guard after.sso.enabled, !isAsBefore else { return }
        let report = try SignInReport(after, transaction)
        guard report.readiness.unlocksEnable else { throw SignInReport.untested(report.readiness) }
    }
}

/// Under which version of the settings a change counts (`If-Match`).
package enum SettingsCondition: Sendable, Equatable {
    case whatever
    case oneOf([String])

    func holds(_ settings: OrganizationSettings) -> Bool {
        switch self {
        case .whatever: true
        case .oneOf(let tags): tags.contains(settings.entityTag)
        }
    }
}

extension OrganizationSettings {
    /// Changes with the settings: 32 hexadecimal digits in quotes, a strong entity tag (RFC 9110, 8.8.3).
    package var entityTag: String {
        "\"" + Hexadecimal.text(SHA256Digest.of(Array(json.json.utf8)).prefix(16)) + "\""
    }
}

/// The members that differ between two versions of settings.
struct SettingsDifference {
    let before: JSONValue
    let after: JSONValue

    init(_ before: OrganizationSettings, _ after: OrganizationSettings) {
        (self.before, self.after) = Self.difference(before.json, after.json)
    }

    private static func difference(_ before: JSONValue, _ after: JSONValue) -> (JSONValue, JSONValue) {
        guard case .object(let members) = before else { return (before, after) }
        var old: [JSONValue.Member] = []
        var new: [JSONValue.Member] = []
        for member in members {
            let value = after[member.key] ?? .null
            guard value != member.value else { continue }
            let (left, right) = difference(member.value, value)
            old.append(.init(member.key, left))
            new.append(.init(member.key, right))
        }
        return (.object(old), .object(new))
    }
}

extension OrganizationSettings {
    /// What is set for a rule, as operators write it.
    package func value(of rule: EnforcementRule) -> String {
        switch rule {
        case .requireIdentify: requireIdentify.rawValue
        case .requireUserHash: requireUserHash.rawValue
        case .updateOnly: identifyMode.rawValue
        }
    }
}

extension EnforcementRule {
    /// The setting that enforces it.
    package var setting: String {
        switch self {
        case .requireIdentify, .requireUserHash: rawValue
        case .updateOnly: "identify_mode"
        }
    }
}
