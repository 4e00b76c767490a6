import GatewayConfiguration
import IdentityCore
import UserDirectory

/// The schemas of the token log, of token checks and of reports.
extension AdminSchemas {
    static let tokenLogEntry = object([
        .init("id", ["type": "integer", "minimum": 1]), .init("time", moment), .init("organization", string),
        .init("code", choice(TokenLogEntry.codes)), .init("accepted", boolean), .init("warnings", array(string)),
        .init("user", nullable(string)), .init("secret", nullable(string)), .init("address", string),
        .init("origin", nullable(string)), .init("source", choice(TokenSource.self)),
        .init(
            "stands_for",
            [
                "type": "integer", "minimum": 1,
                "description": "How many tokens the row stands for: 1, unless they came too fast.",
            ]),
    ])

    static let alert = object([
        .init("id", ["type": "integer", "minimum": 1]), .init("kind", choice(AlertKind.self)),
        .init("organization", string), .init("subject", string), .init("first_seen", moment),
        .init("last_seen", moment), .init("count", count),
    ])

    static let enforcementReport = object([
        .init("organization", string), .init("at", moment),
        .init(
            "rules",
            array(
                object([
                    .init("rule", choice(EnforcementRule.self)), .init("setting", string), .init("value", string),
                    .init("last_hour", reference("RuleFigures")), .init("last_day", reference("RuleFigures")),
                    .init("last_week", reference("RuleFigures")),
                ]))),
        .init("update_only_directory", object([.init("known", count), .init("created_last_week", count)])),
    ])

    static let ruleFigures = object([
        .init("requests", count), .init("satisfied", count), .init("would_refuse", count), .init("users", count),
        .init(
            "reasons",
            array(
                object([
                    .init("code", string), .init("origin", string), .init("requests", count), .init("users", count),
                    .init(
                        "examples",
                        array(object([.init("subject", string), .init("path", string), .init("time", moment)]))),
                ]))),
    ])

    static let tokenCheck = object([
        .init("organization", string), .init("at", moment), .init("accepted", boolean),
        .init("code", nullable(string)), .init("claim", nullable(string)), .init("trimmed", boolean),
        .init("secret", nullable(string)),
        .init(
            "signed_by",
            nullable(["type": "string", "description": "Another organization, one of whose secrets signed it."])),
        .init(
            "header",
            nullable(
                object([
                    .init("alg", nullable(string)), .init("kid", nullable(string)), .init("typ", nullable(string)),
                ]))),
        .init(
            "times",
            array(
                object([
                    .init("name", choice(["exp", "expires", "nbf", "iat"])), .init("written", string),
                    // Whatever the token says, which may be no date at all.
                    .init("moment", nullable(["type": "number", "description": "Seconds since 1970."])),
                    .init("looks_like_milliseconds", boolean),
                ]))),
        .init(
            "steps",
            array(
                object([
                    .init("name", string), .init("outcome", choice(["ok", "failed", "skipped"])),
                    .init("words", string), .init("remedy", nullable(string)),
                ]))),
        .init("would_reject", array(string)), .init("warnings", array(string)),
        .init("profile", nullable(["type": "object"])),
        .init(
            "privileges",
            nullable(
                object([
                    .init("trusted", boolean), .init("admin", choice(PrivilegeClaims.Claim.self)),
                    .init("owner", choice(PrivilegeClaims.Claim.self)),
                ]))),
    ])
}
