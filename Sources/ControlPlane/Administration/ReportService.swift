package import UserDirectory

/// What happened, and what rules would do: figures and alerts.
package struct ReportService: Sendable {
    let base: Administration

    /// What each rule would refuse, by the traffic of the last hour, day and 7 days, and by the present directory.
    package func enforcement(of organization: String, by who: Administrator) async throws -> EnforcementStanding {
        let settings = try await base.organizations.settings(of: organization, by: who)
        let now = base.now()
        return EnforcementStanding(
            settings: settings, report: try await base.telemetry.enforcementReport(of: organization, now: now),
            dryRun: try await UpdateOnlyDryRun.of(organization, in: base.store, now: now))
    }

    /// How tokens fared, by hour and code, for hours that begin at `since` or later and before `until` (seconds since
    /// 1970).
    package func outcomes(
        of organization: String, since: Double, until: Double, by who: Administrator
    ) async throws -> [HourlyOutcome] {
        _ = try await base.organizations.settings(of: organization, by: who)
        return try await base.telemetry.outcomes(of: organization, since: since, until: until)
    }

    /// Impersonation alerts within reach, the latest seen first: of one organization, or of all.
    package func alerts(
        of organization: String?, since: Double?, limit: Int, by who: Administrator
    ) async throws -> [Alert] {
        let wanted = organization ?? who.scope.organization
        if let wanted { _ = try await base.organizations.settings(of: wanted, by: who) }
        return try await base.telemetry.alerts(of: wanted, since: since, limit: limit)
    }
}

/// An organization's rules, with what they do or would do.
package struct EnforcementStanding: Sendable {
    package let settings: OrganizationSettings
    package let report: EnforcementReport
    package let dryRun: UpdateOnlyDryRun
}
