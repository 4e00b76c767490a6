import IdentityCore

/// A change of settings that would begin to refuse what is let through now.
package enum EnforcementChange {
    /// Whether any rule is enforced that wasn't: only then does a report matter.
    package static func mayRefuse(_ after: OrganizationSettings, before: OrganizationSettings) -> Bool {
        EnforcementRule.allCases.contains { begins($0, after, before) }
    }

    /// The rules that `after` enforces and `before` doesn't, each with what it would have refused in the last day, where
    /// that is anything: ask before such a change.
    package static func consequences(
        of after: OrganizationSettings, before: OrganizationSettings, by report: EnforcementReport
    ) -> [RuleReport] {
        report.rules.filter { begins($0.rule, after, before) && $0.lastDay.wouldRefuse > 0 }
    }

    private static func begins(
        _ rule: EnforcementRule, _ after: OrganizationSettings, _ before: OrganizationSettings
    ) -> Bool {
        switch rule {
        case .requireIdentify: after.requireIdentify == .enforce && before.requireIdentify != .enforce
        case .requireUserHash: after.requireUserHash == .enforce && before.requireUserHash != .enforce
        case .updateOnly: after.identifyMode == .updateOnly && before.identifyMode != .updateOnly
        }
    }
}
