import GatewayConfiguration
import IdentityCore
import UserDirectory

extension Representation {
    static func tokenLogEntry(_ entry: TokenLogEntry) -> JSONValue {
        .members([
            "id": .integer(Int(entry.id)), "time": .number(entry.time), "organization": .string(entry.organization),
            "code": .string(entry.code), "accepted": .bool(entry.isAccepted), "warnings": texts(entry.warnings),
            "user": .text(entry.user), "secret": .text(entry.keyID), "address": .string(entry.address),
            "origin": .text(entry.origin), "source": .string(entry.source.rawValue),
            "stands_for": .integer(entry.standsFor),
        ])
    }

    static func repeats(_ repeats: TokenRepeats) -> JSONValue {
        .members(["hour": .number(repeats.hour), "count": .integer(repeats.count)])
    }

    static func outcome(_ outcome: HourlyOutcome) -> JSONValue {
        .members([
            "hour": .number(outcome.hour), "code": .string(outcome.code), "count": .integer(outcome.count),
        ])
    }

    static func alert(_ alert: Alert) -> JSONValue {
        .members([
            "id": .integer(Int(alert.id)), "kind": .string(alert.kind.rawValue),
            "organization": .string(alert.organization), "subject": .string(alert.subject),
            "first_seen": .number(alert.firstSeen), "last_seen": .number(alert.lastSeen),
            "count": .integer(alert.count),
        ])
    }

    // MARK: Rules

    static func enforcement(_ standing: EnforcementStanding) -> JSONValue {
        .members([
            "organization": .string(standing.settings.id), "at": .number(standing.report.at),
            "rules": .array(
                standing.report.rules.map { rule in
                    .members([
                        "rule": .string(rule.rule.rawValue), "setting": .string(rule.rule.setting),
                        "value": .string(standing.settings.value(of: rule.rule)),
                        "last_hour": figures(rule.lastHour), "last_day": figures(rule.lastDay),
                        "last_week": figures(rule.lastWeek),
                    ])
                }),
            "update_only_directory": .members([
                "known": .integer(standing.dryRun.known),
                "created_last_week": .integer(standing.dryRun.createdLastWeek),
            ]),
        ])
    }

    private static func figures(_ figures: RuleFigures) -> JSONValue {
        .members([
            "requests": .integer(figures.requests), "satisfied": .integer(figures.satisfied),
            "would_refuse": .integer(figures.wouldRefuse), "users": .integer(figures.users),
            "reasons": .array(figures.reasons.map(reason)),
        ])
    }

    private static func reason(_ reason: RefusalReason) -> JSONValue {
        .members([
            "code": .string(reason.code), "origin": .string(reason.origin), "requests": .integer(reason.requests),
            "users": .integer(reason.users),
            "examples": .array(
                reason.examples.map {
                    .members([
                        "subject": .string($0.subject), "path": .string($0.path), "time": .number($0.time),
                    ])
                }),
        ])
    }

    // MARK: Checks

    static func tokenCheck(_ check: TokenCheck) -> JSONValue {
        let explanation = check.explanation
        return .members([
            "organization": .string(check.settings.id), "at": .number(check.at),
            "accepted": .bool(explanation.rejection == nil), "code": .text(explanation.rejection?.code.rawValue),
            "claim": .text(explanation.rejection?.claim?.description), "trimmed": .bool(check.isTrimmed),
            "secret": .text(explanation.keyID), "signed_by": .text(check.organizationThatVouches),
            "header": explanation.header.map(header) ?? .null, "times": .array(explanation.times.map(time)),
            "steps": .array(explanation.steps.map(step)),
            "would_reject": texts(explanation.wouldReject.map(\.code.rawValue)),
            "warnings": texts(explanation.warnings.names),
            "profile": explanation.profile.map(profile) ?? .null,
            "privileges": check.settings.dialect == .uservoice && explanation.profile != nil
                ? privileges(explanation.privileges) : .null,
        ])
    }

    private static func header(_ header: TokenExplanation.Header) -> JSONValue {
        .members(["alg": .text(header.algorithm), "kid": .text(header.keyID), "typ": .text(header.type)])
    }

    private static func time(_ claim: TokenExplanation.TimeClaim) -> JSONValue {
        .members([
            "name": .string(claim.name), "written": .string(claim.written),
            "moment": claim.moment.map(JSONValue.number) ?? .null,
            "looks_like_milliseconds": .bool(claim.looksLikeMilliseconds),
        ])
    }

    private static func step(_ step: TokenExplanation.Step) -> JSONValue {
        .members([
            "name": .string(step.name), "outcome": .string(step.outcome.rawValue), "words": .string(step.words),
            "remedy": .text(step.remedy),
        ])
    }

    private static func privileges(_ claims: PrivilegeClaims) -> JSONValue {
        .members([
            "trusted": .bool(claims.isTrusted), "admin": .string(claims.admin.rawValue),
            "owner": .string(claims.owner.rawValue),
        ])
    }

    private static func texts(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }
}
