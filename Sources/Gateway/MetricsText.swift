import DataPlane
import IdentityCore
import UserDirectory
import VerificationCache

/// The counters in the text format of Prometheus.
enum MetricsText {
    static func render(
        _ reports: [WorkerReport], cache: CacheFilling, admissionsQueued: Int, telemetry: TelemetryCounts
    ) -> String {
        var total = Counters()
        for report in reports { total.add(report.counters) }
        var text = ""
        func family(_ name: String, _ type: String, _ help: String, _ samples: [(labels: String, value: UInt64)]) {
            text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
            for sample in samples { text += "\(name)\(sample.labels) \(sample.value)\n" }
        }
        family("widget_requests_total", "counter", "Requests received.", [("", total.requests)])
        family(
            "widget_requests_by_state_total", "counter", "Requests let through, by access state.",
            [("{state=\"identified\"}", total.identified), ("{state=\"anonymous\"}", total.anonymous)])
        family(
            "widget_cache_lookups_total", "counter", "Looks for a token among the admitted identities.",
            [("{result=\"hit\"}", total.cacheHits), ("{result=\"miss\"}", total.cacheMisses)])
        family(
            "widget_cache_entries", "gauge", "Identities that are remembered.", [("", UInt64(max(0, cache.entries)))])
        family("widget_cache_bytes", "gauge", "What they take.", [("", UInt64(max(0, cache.bytes)))])
        family(
            "widget_verifications_total", "counter", "Tokens and plain identities that passed verification.",
            [("", total.verified)])
        family(
            "widget_admissions_total", "counter", "Users that the directory was asked about.", [("", total.admissions)])
        family(
            "widget_users_created_total", "counter", "Users that were new to the directory.", [("", total.usersCreated)]
        )
        family("widget_sign_ins_total", "counter", "Sessions begun on the portal.", [("", total.signIns)])
        family(
            "widget_upstream_failures_total", "counter", "Requests without a whole response from their upstream.",
            [("", total.upstreamRetriesOrFailures)])
        family("widget_rejections_total", "counter", "Requests refused, by code.", byCode(total.rejections))
        family(
            "widget_would_reject_total", "counter", "Requests that rules in report would have refused, by code.",
            byCode(total.wouldReject))
        family(
            "widget_connections", "gauge", "Open client connections.",
            [("", UInt64(reports.reduce(0) { $0 + $1.connections }))])
        family(
            "widget_requests_in_flight", "gauge", "Requests under way.",
            [("", UInt64(reports.reduce(0) { $0 + $1.exchanges }))])
        family(
            "widget_admissions_queued", "gauge", "Users that wait for the directory.", [("", UInt64(admissionsQueued))])
        family(
            "widget_alerts_total", "counter", "Impersonation alerts raised, by kind.",
            AlertKind.allCases.map { ("{kind=\"\($0.rawValue)\"}", telemetry.alerts[$0] ?? 0) })
        family(
            "widget_token_log_tokens_total", "counter", "Tokens that rows of the token log stand for.",
            [("", telemetry.presented)])
        family("widget_token_log_rows_total", "counter", "Rows of the token log written.", [("", telemetry.written)])
        family(
            "widget_token_log_lost_total", "counter", "Tokens that the token log doesn't account for.",
            [("", telemetry.lost)])
        return text
    }

    private static func byCode(_ counts: [UInt64]) -> [(labels: String, value: UInt64)] {
        zip(RejectionCode.allCases, counts).map { ("{code=\"\($0.rawValue)\"}", $1) }
    }
}
