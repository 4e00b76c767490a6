import HTTPMessages
import IdentityCore
import Synchronization
import Testing

@testable import DataPlane

@Suite struct JSONTextTests {
    @Test func `members are written with what they need between them`() {
        var json = JSONText()
        json.object {
            $0.member("a", "x")
            $0.member("none", nil as String?)
            $0.member("b", 1)
            $0.member("c", object: { $0.member("d", true) })
            $0.member("e", ["1", "2"])
            $0.member("f", object: { _ in })
            $0.member("g", raw: Array("{}".utf8))
        }
        #expect(
            String(decoding: json.bytes, as: UTF8.self)
                == #"{"a":"x","b":1,"c":{"d":true},"e":["1","2"],"f":{},"g":{}}"#)
    }

    @Test(arguments: [
        ("\"\\", #"\"\\"#), ("\n\r\t\0", #"\n\u000d\u0009\u0000"#), ("\u{7F}", #"\u007f"#), ("ü€😀", "ü€😀"),
        ("</script>", "</script>"),
    ])
    func `text is escaped where JSON wants it`(text: String, escaped: String) {
        var json = JSONText()
        json.object { $0.member("a", text) }
        #expect(String(decoding: json.bytes, as: UTF8.self) == "{\"a\":\"\(escaped)\"}")
    }
}

@Suite struct ProblemResponseTests {
    private func answer(_ rejection: Rejection, _ head: consuming RequestHead = makeHead()) -> Exchange {
        let exchange = Exchange()
        exchange.request = head
        withBytes("0123456789abcdef") { ProblemResponse.fill(exchange, rejection, state: "locked", requestID: $0) }
        return exchange
    }

    @Test(arguments: RejectionCode.allCases)
    func `each code has a status, words and a whole answer`(code: RejectionCode) {
        let exchange = answer(Rejection(code))
        #expect((400...599).contains(exchange.response.status))
        #expect(exchange.response.status == code.status)
        #expect(exchange.responseEnded)
        let body = exchange.responseBody.readable.string
        #expect(body.contains("\"code\":\"\(code.rawValue)\""))
        #expect(body.contains("\"status\":\(code.status)"))
        #expect(exchange.response.fields.first(named: "content-type")?.string == "application/problem+json")
        #expect(exchange.response.fields.first(named: "cache-control")?.string == "no-store")
        #expect((exchange.response.fields.first(named: "www-authenticate") != nil) == (code.status == 401))
        #expect((exchange.response.fields.first(named: "retry-after") != nil) == [429, 503].contains(code.status))
        #expect(!ProblemText.title(code).isEmpty && !ProblemText.detail(Rejection(code)).isEmpty)
    }

    @Test(
        arguments: [
            ("GET", [("sec-fetch-mode", "navigate")], true), ("POST", [("sec-fetch-mode", "navigate")], true),
            ("GET", [("sec-fetch-mode", "cors"), ("accept", "text/html")], false),
            ("GET", [("accept", "text/html,*/*")], true),
            ("GET", [("accept", "*/*")], false), ("GET", [], false), ("PUT", [("accept", "text/html")], false),
        ] as [(String, [(String, String)], Bool)])
    func `a person gets a page and a program gets JSON`(method: String, fields: [(String, String)], isPage: Bool) {
        let exchange = answer(Rejection(.tokenExpired), makeHead(method, "/<script>?<b>", fields))
        let body = exchange.responseBody.readable.string
        #expect(body.hasPrefix("<!doctype html>") == isPage)
        #expect(body.contains("token_expired"))
        #expect(!body.contains("<script>") && !body.contains("<b>"))
        #expect((exchange.response.fields.first(named: "content-security-policy") != nil) == isPage)
    }
}

@Suite struct AccessLogTests {
    private func line(_ head: borrowing RequestHead, isJSON: Bool) -> String {
        let written = Mutex<[UInt8]>([])
        var log = AccessLog(isJSON: isJSON) { bytes in written.withLock { $0 += bytes } }
        var timings = RequestTimings()
        timings.verify = 1_999
        timings.upstream = 12_345_678
        timings.total = 1_250_000_000
        log.append(
            AccessLog.Entry(
                time: 1.5, requestID: 1, requestIDLow: 2, client: "192.0.2.1", organization: "acme", status: 200,
                bytes: 5, timings: timings, state: "identified", outcome: "forwarded", code: nil),
            head)
        log.flush()
        return written.withLock { String(decoding: $0, as: UTF8.self) }
    }

    @Test func `a line tells what happened`() {
        #expect(
            line(makeHead("GET", "/a?b"), isJSON: true)
                == #"{"kind":"access","time":1.500,"request_id":"00000000000000010000000000000002","client":"192.0.2.1","#
                + #""organization":"acme","method":"GET","path":"/a","status":200,"bytes":5,"#
                + #""verify_ms":0.001,"upstream_ms":12.345,"total_ms":1250.000,"state":"identified","#
                + "\"outcome\":\"forwarded\"}\n")
    }

    @Test(arguments: [
        ("/a/eyJhbGciOiJIUzI1NiJ9.eyJlbWFpbCI6.c2ln/b", "/a/(token)/b"), ("/eyJhbGciOiJIUzI1NiJ9.e30.c2ln", "/(token)"),
        ("/a;sso=eyJhbGciOiJIUzI1NiJ9.e30.c2ln;x", "/a;sso=(token);x"),
        ("/eyJwithoutAnyPointInItAtAll", "/eyJwithoutAnyPointInItAtAll"), ("/eyJ", "/eyJ"), ("/e", "/e"),
    ])
    func `a token in a path isn't written down`(path: String, written: String) {
        #expect(line(makeHead("GET", path), isJSON: true).contains("\"path\":\"\(written)\""))
    }

    @Test(arguments: [true, false])
    func `no query, header or token is in it, and nothing can end the line or a text`(isJSON: Bool) {
        let head = makeHead(
            "GET\" x=\"", "/\"}\n{\\ \u{7F}ü=1?sso=TOKEN", [("authorization", "Bearer TOKEN"), ("cookie", "c=TOKEN")])
        let text = line(head, isJSON: isJSON)
        #expect(!text.contains("TOKEN"))
        #expect(text.filter { $0 == "\n" }.count == 1 && text.hasSuffix("\n"))
        #expect(text.contains("%22%7D") || text.contains("%22}%0A"))
        #expect(!text.contains("\\"))
        #expect(text.utf8.allSatisfy { $0 < 0x7F })
    }
}

@Suite struct RequestIdentifiersTests {
    @Test func `ids are sixteen hexadecimal digits and don't repeat`() {
        var identifiers = RequestIdentifiers()
        var seen: Set<String> = []
        for _ in 0..<10_000 {
            var queue = ByteQueue()
            RequestIdentifiers.append(identifiers.next(), to: &queue)
            seen.insert(queue.readable.string)
        }
        #expect(seen.count == 10_000)
        #expect(seen.allSatisfy { $0.count == 16 && $0.allSatisfy(\.isHexDigit) })
    }
}

@Suite struct StateDocumentTests {
    @Test func `a state without a user names the organization`() {
        #expect(
            String(decoding: StateDocument.withoutUser(state: "locked", organization: "a\"b"), as: UTF8.self)
                == #"{"state":"locked","organization":"a\"b"}"#)
    }

    @Test func `a profile is written whole in one shape`() {
        var profile = UserProfile()
        profile.email = "a@b.c"
        profile.company = .init()
        profile.company?.mrr = "10.99"
        profile.segments = ["x\"y"]
        profile.extra = RawJSON(text: #"{"k":1}"#)
        #expect(
            String(decoding: ProfileDocument.json(profile), as: UTF8.self)
                == #"{"email":"a@b.c","company":{"mrr":"10.99"},"segments":["x\"y"],"extra":{"k":1}}"#)
    }
}
