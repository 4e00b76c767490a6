import GatewayConfiguration
import Testing

@Suite struct JSONParserTests {
    private func parse(_ text: String) throws -> JSONValue { try JSONParser.parse(Array(text.utf8)) }

    @Test(
        arguments: [
            (
                " {\"a\" : [1, -2.5, 1e2, true, false, null, \"x\"] } ",
                ["a": [1, .number(-2.5), 100, true, false, .null, "x"]]
            ),
            ("\"\\u00e9\\ud83d\\ude00\\n\\/\"", "é😀\n/"), ("0", 0), ("-0", 0), ("[]", []), ("{}", [:]),
            ("9223372036854775808", .number(9_223_372_036_854_775_808)), ("1.0", 1),
        ] as [(String, JSONValue)])
    func `values are read as RFC 8259 has them`(_ text: String, _ value: JSONValue) throws {
        #expect(try parse(text) == value)
    }

    @Test(arguments: [
        "", " ", "{", "[1,]", "{\"a\":1,}", "{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}", "{a:1}", "01", "1.", ".5",
        "+1", "1e", "NaN", "tru", "\"\u{1}\"", "\"\\x\"", "\"\\ud83d\"", "\"\\ude00\"", "\"a", "1 2", "1e999", "'a'",
        String(repeating: "[", count: 33) + String(repeating: "]", count: 33),
    ])
    func `everything else is refused`(_ text: String) {
        #expect(throws: JSONSyntaxError.self) { try parse(text) }
    }

    @Test func `bytes that aren't UTF-8 are refused`() {
        #expect(throws: JSONSyntaxError.self) { try JSONParser.parse([0x22, 0xFF, 0x22]) }
    }

    @Test func `what is written reads back as the same`() throws {
        let value: JSONValue = ["a\"\\\u{1}é😀": [.null, true, 3, .number(0.1), ["b": "\n\t"]]]
        #expect(try parse(value.json) == value)
        #expect(value.json.contains("\\u0001"))
    }
}
