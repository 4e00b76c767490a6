import HTTPMessages
import IdentityCore
import Testing

@testable import DataPlane

@Suite struct QueryStringTests {
    @Test(
        arguments: [
            ("", []), ("a=b", ["a|b|a=b"]), ("a=b&c", ["a|b|a=b", "c||c"]), ("&&a=&&", ["a||a="]),
            ("a=b=c", ["a|b=c|a=b=c"]), ("=x", ["|x|=x"]),
        ] as [(String, [String])])
    func `a query is read parameter by parameter`(query: String, parameters: [String]) {
        var read: [String] = []
        withBytes(query) { bytes in
            QueryString.forEach(bytes) { name, value, whole in
                read.append("\(name.string)|\(value.string)|\(bytes.part(whole.lowerBound, whole.upperBound).string)")
            }
        }
        #expect(read == parameters)
    }

    @Test(arguments: [
        ("sso", true), ("%73so", true), ("%73%73%6F", true), ("s%73%6f", true), ("SSO", false), ("ssoo", false),
        ("ss", false), ("%", false), ("%73", false), ("sso%00", false), ("%2573so", false),
    ])
    func `a name is known however it is encoded`(name: String, isKnown: Bool) {
        #expect(withBytes(name) { QueryString.isNamed($0, "sso") } == isKnown)
    }

    @Test(arguments: [
        ("a%20b+c", "a b c"), ("%", "%"), ("%4", "%4"), ("%zz", "%zz"), ("%41", "A"), ("a%2", "a%2"), ("%25%41", "%A"),
    ])
    func `a value is decoded and what is no escape stays`(text: String, decoded: String) {
        var queue = ByteQueue()
        withBytes(text) { QueryString.decode($0, into: &queue) }
        #expect(queue.readable.string == decoded)
    }
}

@Suite struct TokenExtractionTests {
    /// What was found, as a value to compare.
    private struct Found: Equatable {
        var token = ""
        var isPresent = false
        var isConflicting = false
        var consumesAuthorization = false
        var cutsQuery = false

        init() {}

        init(_ token: borrowing TokenExtraction) {
            self.token = token.token.readable.string
            isPresent = token.isPresent
            isConflicting = token.isConflicting
            consumesAuthorization = token.consumesAuthorization
            cutsQuery = token.cutsQuery
        }
    }

    private func read(_ target: String, _ fields: [(String, String)] = [], body: String? = nil) -> Found {
        var token = TokenExtraction()
        token.read(makeHead("GET", target, fields))
        if let body { withBytes(body) { token.add($0) } }
        return Found(token)
    }

    @Test(
        arguments: [
            ("/", [("authorization", "Bearer abc")], "abc"), ("/", [("authorization", "bEARER \t abc ")], "abc"),
            ("/", [("authorization", "Bearer")], ""), ("/", [("authorization", "Bearer ")], ""),
            ("/?sso=abc", [], "abc"), ("/?a=b&%73so=abc&c", [], "abc"), ("/?sso=a%62c", [], "abc"),
            ("/?sso=abc", [("authorization", "Bearer abc")], "abc"),
            // A session in the cache begins with that byte.
            ("/?sso=%00abc", [], ""), ("/?sso=a%00bc", [], "a\u{0}bc"),
        ] as [(String, [(String, String)], String)])
    func `a token is found wherever it may be`(target: String, fields: [(String, String)], token: String) {
        let found = read(target, fields)
        #expect(found.isPresent)
        #expect(found.token == token)
        #expect(!found.isConflicting)
    }

    @Test(
        arguments: [
            ("/", []), ("/?sso", []), ("/?sso=", []), ("/?SSO=abc", []), ("/?xsso=abc", []), ("/sso=abc", []),
            ("/", [("authorization", "Basic abc")]), ("/", [("authorization", "Bearerish abc")]),
            ("/", [("authorization", "")]),
            ("/", [("x-authorization", "Bearer abc")]),
        ] as [(String, [(String, String)])])
    func `what isn't a token isn't taken for one`(target: String, fields: [(String, String)]) {
        let found = read(target, fields)
        #expect(!found.isPresent)
        #expect(!found.consumesAuthorization)
    }

    @Test(
        arguments: [
            ("/?sso=a", [("authorization", "Bearer b")]), ("/?sso=a&sso=b", []),
            ("/", [("authorization", "Bearer a"), ("authorization", "Bearer b")]),
            ("/?sso=a", [("authorization", "Bearer")]),
        ] as [(String, [(String, String)])])
    func `two tokens that differ conflict`(target: String, fields: [(String, String)]) {
        #expect(read(target, fields).isConflicting)
    }

    @Test func `a body's token must be the head's`() {
        let fields = [("authorization", "Bearer a")]
        #expect(!read("/", fields, body: "a").isConflicting)
        #expect(read("/", fields, body: "b").isConflicting)
        #expect(read("/", fields, body: "").isConflicting)
    }

    @Test func `nothing is remembered of the request before`() {
        var token = TokenExtraction()
        token.read(makeHead("GET", "/?sso=a&sso=b", [("authorization", "Bearer c")]))
        token.removeAll()
        #expect(Found(token) == Found())
    }
}

@Suite struct IdentifyBodyTests {
    private func read(_ json: String) -> String? {
        withBytes(json) { bytes in
            guard let body = try? IdentifyBody(bytes) else { return nil }
            func text(_ range: Range<Int>?) -> String {
                range.map { bytes.part($0.lowerBound, $0.upperBound).string } ?? "-"
            }
            return "\(text(body.token)) \(text(body.user)) \(text(body.organization))"
        }
    }

    @Test(arguments: [
        (#"{"token":"a.b.c"}"#, "a.b.c - -"), (#" { "token" : "a" , "organization" : "acme" } "#, "a - acme"),
        (#"{"user":{"id":"1","x":[{}]},"other":[1,true,null]}"#, #"- {"id":"1","x":[{}]} -"#),
        (#"{"token":"a\"b","x":"}"}"#, #"a\"b - -"#), (#"{"token":""}"#, " - -"),
        (#"{"x":{"token":"inner"},"token":"outer"}"#, "outer - -"),
    ])
    func `the members are found where they are`(json: String, members: String) {
        #expect(read(json) == members)
    }

    @Test(arguments: [
        "", " ", "null", "[]", "\"token\"", "{", "{}", #"{"token"}"#, #"{"token":}"#, #"{"token":1}"#,
        #"{"token":null}"#,
        #"{"token":"a""#, #"{"token":"a"}x"#, #"{"token":"a"}{"#, #"{"token":"a",}"#, #"{"token":"a","token":"a"}"#,
        #"{"token":"a","user":{}}"#, #"{"user":[]}"#, #"{"user":"x"}"#, #"{"user":{"a":1]}"#, #"{"token":"a\"}"#,
        "{\"token\":\"a\nb\"}", "{\"token\":\"a\0\"}", #"{"organization":1,"token":"a"}"#, #"{'token':'a'}"#,
        #"{"token":"a" "x":1}"#, "{\"x\":" + String(repeating: "[", count: 5000) + "}",
    ])
    func `anything else is refused`(json: String) {
        #expect(read(json) == nil)
    }
}
