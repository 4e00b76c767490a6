import ControlPlane
import Foundation
import UserDirectory

extension Administrator {
    /// Whoever may run commands on the storage may do everything.
    static let commandLine = Administrator(
        actor: AuditEntry.Actor(kind: .commandLine, id: "", name: NSUserName(), address: nil), scope: .instance)
}

extension Administration {
    /// The settings of an organization; refuses, naming it, where there is none.
    func settings(of id: String) async throws -> OrganizationSettings {
        guard let settings = try await store.organization(id) else { throw StoreError.organizationUnknown(id) }
        return settings
    }

    /// What a change of settings would begin to refuse that was let through in the last day, in words; nil: nothing.
    func consequences(of after: OrganizationSettings, before: OrganizationSettings) async throws -> String? {
        guard EnforcementChange.mayRefuse(after, before: before) else { return nil }
        let report = try await telemetry.enforcementReport(of: after.id, now: now())
        let rules = EnforcementChange.consequences(of: after, before: before, by: report)
        let words = rules.map { rule in
            "\(rule.rule.rawValue) would have refused \(rule.lastDay.wouldRefuse) requests of \(rule.lastDay.users) "
                + (rule.rule == .requireIdentify ? "addresses" : "users") + " in the last day"
        }
        return words.isEmpty ? nil : words.joined(separator: "; ")
    }
}
