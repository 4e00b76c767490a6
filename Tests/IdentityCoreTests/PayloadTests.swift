import IdentityCore
import Testing

@Suite struct PayloadTests {
    private static func nested(_ depth: Int, open: String, close: String) -> String {
        // The payload itself is level 1.
        #"{"email":"a@b.c","x":"# + String(repeating: open, count: depth - 1) + "1"
            + String(repeating: close, count: depth - 1) + "}"
    }

    @Test(arguments: [
        "", "null", "true", "1", #""email""#, "[]", #"["email"]"#, "{", "}", #"{"email"}"#, #"{"email":}"#,
        #"{"email":"a@b.c""#, #"{"email":"a@b.c",}"#, #"{,"email":"a@b.c"}"#, #"{"email":"a@b.c"}{}"#,
        #"{"email":"a@b.c"}]"#, #"{"email":"a@b.c"}x"#, "{\"email\":\"a@b.c\"}\u{0}", #"{email:"a@b.c"}"#,
        #"{'email':'a@b.c'}"#, #"{"email":"a@b.c"/* no */}"#, "\u{FEFF}{\"email\":\"a@b.c\"}",
        "{\"email\":\"a@b.c\",\u{A0}\"x\":1}", "{\"email\":\"a@b.c\",\"x\":\"line\nbreak\"}",
        "{\"email\":\"a@b.c\",\"x\":\"\u{0}\"}", #"{"email":"a@b.c","x":[1,]}"#, #"{"email":"a@b.c","x":[,1]}"#,
        #"{"email":"a@b.c","x":[1 2]}"#, #"{"email":"a@b.c","x":{"y":1,}}"#, #"{"email":"a@b.c" "x":1}"#,
        #"{"email":"a@b.c",1:1}"#, #"{"email":"a@b.c","x":"\x41"}"#, #"{"email":"a@b.c","x":"\u12"}"#,
        #"{"email":"a@b.c","x":"\u12G4"}"#, #"{"email":"a@b.c","x":"\"}"#,
    ])
    func `what isn't one JSON object is malformed`(payload: String) {
        #expect(outcome(payload: payload).code == .tokenMalformed)
    }

    @Test(arguments: [
        "NaN", "Infinity", "-Infinity", "+1", "01", "-01", "00", "1.", ".5", "-", "--1", "1e", "1e+", "1.e3", "0x10",
        "1_000", "1,5", "tru", "True", "nul", "undefined", "١", "0.1.2", "1e3.5",
    ])
    func `what isn't a JSON value is malformed`(value: String) {
        #expect(outcome(payload: #"{"email":"a@b.c","x":\#(value)}"#).code == .tokenMalformed)
    }

    @Test(arguments: [
        "0", "-0", "1", "-1", "0.5", "1e3", "1E+3", "1e-999", "1e999", "-1.25e-7", "123456789012345678901234567890",
        "true", "false", "null", "[]", "{}", "[[],{}]", #""""#, #""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#, "\"é😀\"",
        " [ 1 , 2 ] ", "\t\r\n1\n",
    ])
    func `every JSON value may be in an unknown claim`(value: String) {
        #expect(outcome(payload: #"{"email":"a@b.c","x":\#(value)}"#).code == nil)
    }

    @Test func `white space may be around everything`() {
        #expect(outcome(payload: " \n{ \"email\" :\t\"a@b.c\"\r} \n").code == nil)
    }

    @Test(arguments: [
        #"{"email":"a@b.c","email":"a@b.c"}"#, #"{"email":"a@b.c","email":"x@y.z"}"#,
        #"{"email":"a@b.c","\u0065mail":"x@y.z"}"#, #"{"email":"a@b.c","x":1,"x":1}"#,
        #"{"email":"a@b.c","x":{"a":1,"b":2,"a":3}}"#, #"{"email":"a@b.c","x":[[{"":1,"":2}]]}"#,
        #"{"email":"a@b.c","é":1,"\u00e9":2}"#, #"{"email":"a@b.c","😀":1,"\uD83D\uDE00":2}"#,
        #"{"email":"a@b.c","a/b":1,"a\/b":2}"#,
        #"{"email":"a@b.c","x":{"a":{"k":1},"k":2,"b":{"k":1,"c":{},"k":0}}}"#,
    ])
    func `a name that occurs twice in one object is malformed, at any depth and however it is written`(payload: String)
    {
        #expect(outcome(payload: payload).code == .tokenMalformed)
    }

    @Test func `one name may be in different objects`() {
        let payload = #"{"email":"a@b.c","a":{"a":{"a":1},"b":[{"a":1},{"a":1}]},"b":{"a":1}}"#
        #expect(outcome(payload: payload).code == nil)
    }

    @Test func `many names are told apart, and the one duplicate among them is found`() {
        let names = (0..<700).map { "\"\($0)\":0" }
        let head = #"{"email":"a@b.c","#
        #expect(outcome(payload: head + names.joined(separator: ",") + "}").code == nil)
        #expect(outcome(payload: head + names.joined(separator: ",") + ",\"417\":0}").code == .tokenMalformed)
    }

    @Test func `16 levels are read and 17 aren't`() {
        #expect(outcome(payload: PayloadTests.nested(16, open: "[", close: "]")).code == nil)
        #expect(outcome(payload: PayloadTests.nested(17, open: "[", close: "]")).code == .tokenMalformed)
        #expect(outcome(payload: PayloadTests.nested(16, open: "{\"y\":", close: "}")).code == nil)
        #expect(outcome(payload: PayloadTests.nested(17, open: "{\"y\":", close: "}")).code == .tokenMalformed)
        #expect(outcome(payload: PayloadTests.nested(2900, open: "[", close: "]")).code == .tokenMalformed)
        let unclosed = #"{"email":"a@b.c","x":"# + String(repeating: "[", count: 5800)
        #expect(outcome(payload: unclosed).code == .tokenMalformed)
    }

    @Test(
        arguments: [
            [0xFF], [0x80], [0xC0, 0xAF], [0xC1, 0xBF], [0xC3], [0xE0, 0x80, 0xAF], [0xE2, 0x82], [0xED, 0xA0, 0x80],
            [0xED, 0xBF, 0xBF], [0xF0, 0x80, 0x80, 0xAF], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80],
            [0xF8, 0x88, 0x80, 0x80, 0x80], [0xC3, 0x28],
        ] as [[UInt8]])
    func `invalid UTF-8 is malformed in a value, in a name and deep inside`(bytes: [UInt8]) {
        let frames = [
            (#"{"email":"a@b.c","x":""#, #""}"#), (#"{"email":"a@b.c","x"#, #"":1}"#),
            (#"{"email":"a@b.c","x":[{"y":""#, #""}]}"#), (#"{"email":"a@b.c","name":"0123456789"#, #"0123456789"}"#),
        ]
        for (before, after) in frames {
            let token = Sample.token(Array(before.utf8) + bytes + Array(after.utf8))
            #expect(outcome(token).code == .tokenMalformed)
        }
    }

    @Test(arguments: [#"\ud800"#, #"\udfff"#, #"\ud800x"#, #"\ud800\n"#, #"\ud800\ud800"#, #"\udc00\ud800"#])
    func `a lone surrogate is malformed`(text: String) {
        #expect(outcome(payload: #"{"email":"a@b.c","name":"\#(text)"}"#).code == .tokenMalformed)
        #expect(outcome(payload: #"{"email":"a@b.c","x":{"\#(text)":1}}"#).code == .tokenMalformed)
    }

    @Test func `escapes mean what they say`() {
        let payload = #"{"\u0065mail":"j\u00e4ne\u0040b.c","name":"\ud83d\ude00 \"q\" \\ \/ \t\u20AC end"}"#
        let profile = outcome(payload: payload).profile
        #expect(profile?.email == "jäne@b.c")
        #expect(profile?.name == "😀 \"q\" \\ / \t€ end")
    }
}
