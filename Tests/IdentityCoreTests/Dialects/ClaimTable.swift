import IdentityCore
import Testing

/// One claim of one dialect with every kind of value: right, of the wrong type, null, empty, missing, too long.
struct ClaimRow: Sendable, CustomTestStringConvertible {
    let dialect: Dialect
    let claim: String
    let field: @Sendable (UserProfile) -> String?
    /// JSON values, and what the profile then has.
    let right: [(String, String)]
    let wrong: [String]
    let tooLong: String
    /// Stands in `Dialect.required` already.
    let isRequired: Bool

    var testDescription: String { "\(dialect.rawValue) \(claim)" }

    /// The required claims without this one, then this one with a value.
    func outcome(_ value: String) -> Outcome {
        dialect.outcome(others.isEmpty ? member(value) : "\(others),\(member(value))")
    }

    func outcomeWithout() -> Outcome { dialect.outcome(others) }

    private func member(_ value: String) -> String { "\"\(claim)\":\(value)" }

    private var others: String {
        dialect.required.split(separator: ",").filter { !$0.hasPrefix("\"\(claim)\":") }.joined(separator: ",")
    }
}

extension ClaimRow {
    typealias Field = @Sendable (UserProfile) -> String?

    static func text(
        _ dialect: Dialect, _ claim: String, limit: Int = 1024, isRequired: Bool = false, _ field: @escaping Field
    ) -> ClaimRow {
        ClaimRow(
            dialect: dialect, claim: claim, field: field,
            right: [
                (#""Jane""#, "Jane"), (#""J\u00e4ne \ud83d\ude00""#, "Jäne 😀"), (#""a\nb""#, "a\nb"),
                (letters(limit), String(repeating: "x", count: limit)),
            ],
            wrong: noTexts + [#""a\u0000b""#], tooLong: letters(limit + 1), isRequired: isRequired)
    }

    static func identifier(
        _ dialect: Dialect, _ claim: String, isRequired: Bool = false, _ field: @escaping Field
    ) -> ClaimRow {
        ClaimRow(
            dialect: dialect, claim: claim, field: field,
            right: [
                (#""123""#, "123"), ("123", "123"), ("0", "0"), ("-7", "-7"), (#""0123""#, "0123"),
                ("9007199254740993", "9007199254740993"),
                ("123456789012345678901234567890", "123456789012345678901234567890"),
                (#""1.5""#, "1.5"), (#""ünï""#, "ünï"), (#""6d0c2a9e-1b5e""#, "6d0c2a9e-1b5e"),
            ],
            wrong: ["1.5", "1.0", "1e3", "-0", "true", "[]", "{}", #"["1"]"#] + unfitTexts, tooLong: letters(1025),
            isRequired: isRequired)
    }

    static func email(_ dialect: Dialect, _ claim: String) -> ClaimRow {
        ClaimRow(
            dialect: dialect, claim: claim, field: { $0.email },
            right: [
                (#""a@b.c""#, "a@b.c"), (#""Jane@Example.COM""#, "Jane@Example.COM"), (#""j\u00e4ne@b.c""#, "jäne@b.c"),
            ],
            wrong: noTexts + unfitTexts + [#""jane""#, #""@b.c""#, #""jane@""#, #""a@b.c\r\nX-Evil: 1""#],
            tooLong: "\"\(String(repeating: "x", count: 317))@b.c\"", isRequired: true)
    }

    static func amount(_ dialect: Dialect, _ claim: String, _ field: @escaping Field) -> ClaimRow {
        ClaimRow(
            dialect: dialect, claim: claim, field: field,
            right: [
                ("10", "10"), ("10.99", "10.99"), (#""10.99""#, "10.99"), (#""4""#, "4"), ("0", "0"),
                ("-1.5e2", "-1.5e2"),
                ("10.990", "10.990"),
            ],
            wrong: [
                "true", "[]", "{}", #""ten""#, #""10,99""#, #""$10""#, #"" 1""#, #""NaN""#, #""1e999""#, "1e999",
                #""0x10""#,
            ],
            tooLong: String(repeating: "1", count: 65), isRequired: false)
    }

    static func boolean(_ claim: String, _ field: @escaping Field) -> ClaimRow {
        ClaimRow(
            dialect: .uservoice, claim: claim, field: field,
            right: [
                ("true", "true"), ("false", "false"), (#""true""#, "true"), (#""false""#, "false"),
                (#""tru\u0065""#, "true"),
            ],
            wrong: ["1", "0", "[]", "{}", #""yes""#, #""True""#, #""1""#, #""truefalse""#, #""true ""#, #""t""#],
            tooLong: letters(1025), isRequired: false)
    }

    static let all = productlift + segments + sleekplan + uservoice + userorbit

    private static let productlift: [ClaimRow] = [
        .email(.productlift, "email"),
        .identifier(.productlift, "uid", isRequired: true) { $0.externalID },
        .text(.productlift, "name", isRequired: true) { $0.name },
        .text(.productlift, "avatar_url", limit: 2048) { $0.avatarURL },
        .text(.productlift, "company") { $0.company?.name },
        .amount(.productlift, "mrr") { $0.company?.mrr },
        .amount(.productlift, "arr") { $0.company?.arr },
        .amount(.productlift, "ltv") { $0.company?.ltv },
    ]

    private static let sleekplan: [ClaimRow] = [
        .email(.sleekplan, "mail"),
        .identifier(.sleekplan, "id") { $0.externalID },
        ClaimRow(
            dialect: .sleekplan, claim: "name", field: { $0.username },
            right: [
                (#""janedoe""#, "janedoe"), (#""jane2""#, "jane2"), (#""7""#, "7"), (#""jan\u0065""#, "jane"),
                (letters(1024), String(repeating: "x", count: 1024)),
            ],
            wrong: noTexts + [
                #""Jane""#, #""jane doe""#, #""jane-doe""#, #""jane_doe""#, #""jäne""#, #""jane.""#, #""٣""#, #"" ""#,
                #""jane\n""#,
            ],
            tooLong: letters(1025), isRequired: false),
        .text(.sleekplan, "full_name") { $0.name },
        .text(.sleekplan, "img", limit: 2048) { $0.avatarURL },
        ClaimRow(
            dialect: .sleekplan, claim: "weight", field: { $0.weight.map { "\($0)" } },
            right: [
                ("1", "1"), ("4", "4"), ("10", "10"), (#""4""#, "4"), ("4.0", "4"), (#""10.0""#, "10"), ("1e1", "10"),
            ],
            wrong: [
                "0", "11", "-1", "4.5", #""4.5""#, #""0""#, "256", "260", "1e9", "1e-9", "true", "[]", "{}", "[4]",
                #""four""#, #"" 4""#, #""04""#,
            ],
            tooLong: "4." + String(repeating: "0", count: 64), isRequired: false),
        ClaimRow(
            dialect: .sleekplan, claim: "meta", field: { $0.meta?.text },
            right: [
                ("{}", "{}"), (#"{"plan": "pro","n":[1, 2.50,null]}"#, #"{"plan": "pro","n":[1, 2.50,null]}"#),
                (#"{"\u0061":"\u00e9"}"#, #"{"\u0061":"\u00e9"}"#),
                ("{\"x\":\(letters(4088))}", "{\"x\":\(letters(4088))}"),
            ],
            wrong: ["1", "true", #""x""#, #""{}""#, "[]", #"[{"a":1}]"#], tooLong: "{\"x\":\(letters(4089))}",
            isRequired: false),
    ]

    private static let uservoice: [ClaimRow] = [
        .identifier(.uservoice, "guid", isRequired: true) { $0.externalID },
        .email(.uservoice, "email"),
        .text(.uservoice, "display_name") { $0.name },
        .text(.uservoice, "avatar_url", limit: 2048) { $0.avatarURL },
        ClaimRow(
            dialect: .uservoice, claim: "locale", field: { $0.locale },
            right: [
                "ar", "bg", "cn", "cz", "da", "de", "en", "es", "et", "fi", "fr", "fr-CA", "he", "hr", "it", "ja", "lv",
                "nl", "no_NB", "pl", "pt", "pt_BR", "ro", "ru", "sk", "sl", "sr", "sr-Latn", "sv-SE", "tr", "zh-TW",
            ].map { ("\"\($0)\"", $0) },
            wrong: noTexts + [
                #""EN""#, #""en-US""#, #""en_GB""#, #""fr_CA""#, #""pt-BR""#, #""sv""#, #""zh""#, #""e""#, #""en ""#,
                #""xx""#,
            ],
            tooLong: letters(1025), isRequired: false),
        ClaimRow(
            dialect: .uservoice, claim: "url", field: { $0.extra?.text },
            right: [
                (#""https://a.b/c""#, #"{"url":"https://a.b/c"}"#), (letters(2048), "{\"url\":\(letters(2048))}"),
            ],
            wrong: noTexts, tooLong: letters(2049), isRequired: false),
        .boolean("updates") { $0.preferences?.updates.map { "\($0)" } },
        .boolean("comment_updates") { $0.preferences?.commentUpdates.map { "\($0)" } },
        .forums("allow_forums") { $0.forums?.allow.map { $0.joined(separator: "|") } },
        .forums("deny_forums") { $0.forums?.deny.map { $0.joined(separator: "|") } },
    ]

    private static let userorbit: [ClaimRow] = [
        .email(.userorbit, "email"),
        .identifier(.userorbit, "id") { $0.externalID },
        .text(.userorbit, "name") { $0.name },
        .text(.userorbit, "avatarUrl", limit: 2048) { $0.avatarURL },
        .text(.userorbit, "company") { $0.company?.name },
        .text(.userorbit, "plan") { $0.company?.plan },
        .text(.userorbit, "role") { $0.role },
    ]

    private static let segments: [ClaimRow] = (1...10).map { number in
        .text(.productlift, "segment_\(number)") { profile in
            guard let segments = profile.segments, segments.count == number,
                segments.dropLast().allSatisfy(\.isEmpty)
            else { return nil }
            return segments.last
        }
    }

    private static func forums(_ claim: String, _ field: @escaping Field) -> ClaimRow {
        ClaimRow(
            dialect: .uservoice, claim: claim, field: field,
            right: [
                ("[1]", "1"), (#"["1"]"#, "1"), (#"[1,"22", 333 , "a b" ]"#, "1|22|333|a b"), ("[]", ""), ("[ ]", ""),
                ("[9007199254740993]", "9007199254740993"), (#"["\u0031\/\"2\\"]"#, #"1/"2\"#),
                (#"["ünï","a,]b"]"#, "ünï|a,]b"), ("\n[\t-7,0]", "-7|0"),
                ("[\(letters(128))]", String(repeating: "x", count: 128)),
            ],
            wrong: [
                "1", #""1""#, #""1,2""#, "true", "{}", #"{"0":1}"#, "[1.5]", "[1e3]", "[-0]", "[true]", "[null]",
                "[[1]]",
                "[{}]", #"[""]"#, #"[1,""]"#, #"["a\n"]"#, #"["\u0000"]"#, #"[" 1"]"#, "[\(letters(129))]",
                #"[1,2,[3],4]"#, #"["1",null]"#,
            ],
            tooLong: "[\(String(repeating: "1,", count: 2047))11]", isRequired: false)
    }
}

@Suite("Every claim of every dialect")
struct ClaimTableTests {
    @Test("a right value has its place in the profile", arguments: ClaimRow.all)
    func right(row: ClaimRow) {
        for (value, expected) in row.right {
            let profile = row.outcome(value).profile
            #expect(profile.map(row.field) == expected, "\(value)")
        }
    }

    @Test("a value of another kind is invalid, and the claim is named", arguments: ClaimRow.all)
    func wrong(row: ClaimRow) {
        for value in row.wrong {
            #expect(row.outcome(value) == .rejected(.tokenClaimInvalid, claim: row.claim), "\(value)")
        }
    }

    @Test("a value that is too long is invalid", arguments: ClaimRow.all)
    func tooLong(row: ClaimRow) {
        #expect(row.outcome(row.tooLong) == .rejected(.tokenClaimInvalid, claim: row.claim))
    }

    @Test("null, an empty text and nothing are the same: missing where the claim is required", arguments: ClaimRow.all)
    func absent(row: ClaimRow) {
        let outcomes = [row.outcome("null"), row.outcome(#""""#), row.outcomeWithout()]
        for outcome in outcomes {
            if row.isRequired {
                #expect(outcome == .rejected(.tokenClaimMissing, claim: row.claim))
            } else {
                #expect(outcome == .accepted(row.dialect.requiredProfile))
            }
        }
    }
}
