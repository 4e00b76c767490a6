import HTTP1Codec
import HTTPMessages
import Testing

@Suite struct RequestHeadParserTests {
    @Test func `a plain request is read with its host as authority and its names in lower case`() throws {
        let text = "GET /a/b?c=d HTTP/1.1\r\nHost: app.example:8443\r\nAccept:\t*/* \r\nX-Empty:\r\n\r\nrest"
        let reading = Reader().request(text)
        let head = try #require(reading.head)
        #expect(reading == .complete(head, consumed: text.utf8.count - 4))
        #expect(head.method == "GET")
        #expect(head.target == "/a/b?c=d")
        #expect(head.authority == "app.example:8443")
        #expect(head.fields == [Line(name: "accept", value: "*/*"), Line(name: "x-empty", value: "")])
        #expect(head.contentLength == nil)
        #expect(head.framing.body == .none)
        #expect(head.framing.keepAlive)
        #expect(head.framing.version11)
        #expect(!head.framing.expectsContinue && !head.framing.hasUnknownExpectation)
        #expect(!head.framing.upgradeRequested)
    }

    @Test func `one parser reads one request after the other`() throws {
        let first = "POST /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\nX: y\r\n\r\n"
        let second = "\r\nGET /2 HTTP/1.1\r\nHost: b\r\n\r\n"
        var parser = RequestHeadParser(limits: HTTP1Limits())
        var head = RequestHead()
        var input = Array((first + second).utf8)
        let one = try input.withUnsafeBytes { try parser.parse($0, into: &head) }
        guard case .complete(let consumed, let framing) = one else {
            Issue.record("the first head isn't complete")
            return
        }
        #expect(consumed == first.utf8.count)
        #expect(framing.body == .length(3))
        #expect(!framing.keepAlive)
        input.removeFirst(consumed)
        let two = try input.withUnsafeBytes { try parser.parse($0, into: &head) }
        guard case .complete(let consumedNext, let framingNext) = two else {
            Issue.record("the second head isn't complete")
            return
        }
        #expect(consumedNext == second.utf8.count)
        #expect(framingNext.body == .none)
        #expect(framingNext.keepAlive)
        let target = head.target.string
        let fields = head.fields.count
        let length = head.contentLength
        #expect(target == "/2")
        #expect(fields == 0)
        #expect(length == nil)
    }

    @Test(arguments: [
        ("GET / HTTP/1.1", "GET", "/", "h"),
        ("get / HTTP/1.1", "get", "/", "h"),
        ("X-Own!#$%&'*+-.^_`|~9 / HTTP/1.1", "X-Own!#$%&'*+-.^_`|~9", "/", "h"),
        ("GET //x/../y;z?a=b?c&d=%00 HTTP/1.1", "GET", "//x/../y;z?a=b?c&d=%00", "h"),
        ("OPTIONS * HTTP/1.1", "OPTIONS", "*", "h"),
        ("GET http://other.example/x?y HTTP/1.1", "GET", "/x?y", "other.example"),
        ("GET HTTPS://other.example:1 HTTP/1.1", "GET", "/", "other.example:1"),
        ("GET http://other.example?q=1 HTTP/1.1", "GET", "/?q=1", "other.example"),
        ("GET http://[::1]:80/ HTTP/1.1", "GET", "/", "[::1]:80"),
        ("OPTIONS http://other.example HTTP/1.1", "OPTIONS", "*", "other.example"),
        ("\r\n\r\nGET / HTTP/1.1", "GET", "/", "h"),
    ])
    func `request lines that are in order`(line: String, method: String, target: String, authority: String) throws {
        let head = try #require(Reader().request(line + "\r\nHost: h\r\n\r\n").head)
        #expect(head.method == method)
        #expect(head.target == target)
        #expect(head.authority == authority)
    }

    @Test(arguments: [
        ("GET  / HTTP/1.1", HTTP1Fault.version),
        (" GET / HTTP/1.1", .requestLine),
        ("GET\t/ HTTP/1.1", .requestLine),
        ("GET /  HTTP/1.1", .version),
        ("GET / HTTP/1.1 ", .version),
        ("GET /", .requestLine),
        ("GET", .requestLine),
        ("GET / x HTTP/1.1", .version),
        ("G(T / HTTP/1.1", .requestLine),
        ("GET / HTTP/1.2", .version),
        ("GET / HTTP/2.0", .version),
        ("PRI * HTTP/2.0", .version),
        ("GET / HTTP/0.9", .version),
        ("GET / HTTP/1.10", .version),
        ("GET / http/1.1", .version),
        ("GET / HTTP/1.1\r", .version),
        ("CONNECT h:443 HTTP/1.1", .method),
        ("CONNECT / HTTP/1.1", .method),
        ("GET * HTTP/1.1", .target),
        ("GET x HTTP/1.1", .target),
        ("GET h:80 HTTP/1.1", .target),
        ("GET ftp://h/ HTTP/1.1", .target),
        ("GET http:/h/ HTTP/1.1", .target),
        ("GET http:///x HTTP/1.1", .target),
        ("GET http://user@h/ HTTP/1.1", .target),
        ("GET http://h:x/ HTTP/1.1", .target),
        ("GET /#fragment HTTP/1.1", .target),
        ("GET /\u{E9} HTTP/1.1", .target),
        ("GET /\t HTTP/1.1", .target),
        ("GET /\0 HTTP/1.1", .target),
        ("GET /\u{7F} HTTP/1.1", .target),
        ("GET /a\rb HTTP/1.1", .target),
        ("\u{16}\u{03}\u{01}\u{02}", .requestLine),
        ("\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1", .requestLine),
    ])
    func `request lines that are refused`(line: String, fault: HTTP1Fault) {
        #expect(Reader().request(line + "\r\nHost: h\r\n\r\n") == .failed(.malformed(fault)))
    }

    @Test(arguments: [
        ("Accept : x", HTTP1Fault.fieldName),
        ("Accept\t: x", .fieldName),
        (": x", .fieldName),
        ("Accept", .fieldName),
        ("Acc ept: x", .fieldName),
        ("Acc\u{E9}pt: x", .fieldName),
        ("Acc(ept: x", .fieldName),
        ("Acc\0ept: x", .fieldName),
        ("\rAccept: x", .fieldName),
        (" Accept: x", .foldedField),
        ("A: b\r\n\tfolded", .foldedField),
        ("A: b\r\n ", .foldedField),
        ("A: b\0", .fieldValue),
        ("A: b\rc", .fieldValue),
        ("A: b\r", .fieldValue),
        ("A: \u{0B}", .fieldValue),
        ("A: \u{1B}[0m", .fieldValue),
        ("A: 12345678\u{7F}12345678", .fieldValue),
        ("A: b\nC: d", .lineEnding),
        ("A: b\n", .lineEnding),
    ])
    func `fields that are refused`(field: String, fault: HTTP1Fault) {
        let text = "GET / HTTP/1.1\r\nHost: h\r\n" + field + "\r\n\r\n"
        #expect(Reader().request(text) == .failed(.malformed(fault)))
    }

    @Test(arguments: ["\n", "GET / HTTP/1.1\n", "GET / HTTP/1.1\r\nHost: h\r\n\n", "GET / HTTP/1.1\r\nHost: h\n\r\n"])
    func `a bare line feed is refused`(text: String) {
        #expect(Reader().request(text) == .failed(.malformed(.lineEnding)))
    }

    @Test(arguments: ["a\tb", "caf\u{E9}", "1234567\t1234567\t", "\"q\\\"\"", "a: b", "~\u{80}"])
    func `values may hold tabs, quotes and bytes above ASCII`(value: String) throws {
        let head = try #require(Reader().request("GET / HTTP/1.1\r\nHost: h\r\nA: \(value)\r\n\r\n").head)
        #expect(head.fields == [Line(name: "a", value: value.hasSuffix("\t") ? String(value.dropLast()) : value)])
    }

    @Test(arguments: [
        "", "Host:\r\n", "Host: \r\n", "Host: a\r\nHost: b\r\n", "Host: a\r\nhost: a\r\n", "Host: a b\r\n",
        "Host: a,b\r\n", "Host: a@b\r\n", "Host: a/b\r\n", "Host: a?b\r\n", "Host: a#b\r\n", "Host: a%41\r\n",
        "Host: http://a\r\n", "Host: a:\r\n", "Host: a:b\r\n", "Host: a:65536\r\n", "Host: a:-1\r\n", "Host: :80\r\n",
        "Host: [::1\r\n", "Host: ::1\r\n", "Host: [x]\r\n", "Host: []\r\n", "Host: [::1]x\r\n", "Host: a\\b\r\n",
        "Host: caf\u{E9}\r\n", "Host: \(String(repeating: "a", count: 513))\r\n",
    ])
    func `a host that is missing, repeated or not a host is refused`(field: String) {
        #expect(Reader().request("GET / HTTP/1.1\r\n\(field)\r\n") == .failed(.malformed(.host)))
        let absolute = "GET http://other.example/ HTTP/1.1\r\n\(field)\r\n"
        #expect(Reader().request(absolute) == .failed(.malformed(.host)))
    }

    @Test(arguments: ["a", "A.example", "a_b-c.example:0", "127.0.0.1:65535", "[2001:db8::1]", "[::ffff:1.2.3.4]:443"])
    func `hosts that are in order`(host: String) throws {
        #expect(try #require(Reader().request("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n").head).authority == host)
    }

    @Test func `HTTP 1 point 0 needs no host, but no more than one`() throws {
        let head = try #require(Reader().request("GET / HTTP/1.0\r\n\r\n").head)
        #expect(head.authority == "")
        #expect(!head.framing.version11)
        #expect(Reader().request("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n") == .failed(.malformed(.host)))
        #expect(Reader().request("GET / HTTP/1.0\r\nHost: a b\r\n\r\n") == .failed(.malformed(.host)))
    }

    @Test(arguments: [
        ("1.1", "", true), ("1.1", "close", false), ("1.1", "Keep-Alive", true), ("1.1", "keep-alive, CLOSE", false),
        ("1.1", "closed", true), ("1.1", ", ,close,", false), ("1.0", "", false), ("1.0", "Keep-Alive", true),
        ("1.0", "x, keep-alive\t", true), ("1.0", "keep-alive, close", false),
    ])
    func `connections persist as RFC 9112 has it`(version: String, options: String, persists: Bool) throws {
        let text = "GET / HTTP/\(version)\r\nHost: h\r\nConnection: \(options)\r\n\r\n"
        #expect(try #require(Reader().request(text).head).framing.keepAlive == persists)
    }

    @Test func `options of several Connection fields count together and are bounded`() throws {
        let both = "GET / HTTP/1.1\r\nHost: h\r\nConnection: a\r\nConnection: close\r\n\r\n"
        #expect(try #require(Reader().request(both).head).framing.keepAlive == false)
        let half = "Connection: " + String(repeating: "a,", count: 16) + "\r\n"
        let start = "GET / HTTP/1.1\r\nHost: h\r\n"
        #expect(Reader().request(start + half + half + "\r\n").head != nil)
        let more = start + half + half + "Connection: b\r\n\r\n"
        #expect(Reader().request(more) == .failed(.malformed(.connection)))
        let broken = start + "Connection: a b\r\n\r\n"
        #expect(Reader().request(broken) == .failed(.malformed(.connection)))
    }

    @Test(arguments: [
        ("1.1", "100-continue", true, false), ("1.1", "100-Continue", true, false), ("1.1", "x", false, true),
        ("1.1", "100-continue, x", false, true), ("1.0", "100-continue", false, false), ("1.0", "x", false, false),
    ])
    func `expectations are told apart`(version: String, value: String, continues: Bool, unknown: Bool) throws {
        let text = "POST / HTTP/\(version)\r\nHost: h\r\nContent-Length: 1\r\nExpect: \(value)\r\n\r\n"
        let framing = try #require(Reader().request(text).head).framing
        #expect(framing.expectsContinue == continues)
        #expect(framing.hasUnknownExpectation == unknown)
    }

    @Test(arguments: [
        ("1.1", "Upgrade: websocket\r\nConnection: Upgrade\r\n", true),
        ("1.1", "Upgrade: websocket\r\n", false),
        ("1.1", "Connection: upgrade\r\n", false),
        ("1.0", "Upgrade: websocket\r\nConnection: upgrade\r\n", false),
    ])
    func `an upgrade is requested only by both fields`(version: String, fields: String, requested: Bool) throws {
        let head = try #require(Reader().request("GET / HTTP/\(version)\r\nHost: h\r\n\(fields)\r\n").head)
        #expect(head.framing.upgradeRequested == requested)
    }

    @Test func `a head may be exactly as large as allowed`() throws {
        let start = "GET / HTTP/1.1\r\nHost: h\r\nX: "
        let text = start + String(repeating: "x", count: 1024 - start.utf8.count - 4) + "\r\n\r\n"
        let exact = Reader { $0.maxHeadBytes = 1024 }
        #expect(exact.request(text + "body").head != nil)
        let less = Reader { $0.maxHeadBytes = 1023 }
        #expect(less.request(text) == .failed(.headTooLarge))
        #expect(less.request(Array(text.utf8.prefix(1022))) == .needsMore)
        #expect(less.request(Array(text.utf8.prefix(1023))) == .failed(.headTooLarge))
        #expect(less.request(String(repeating: "x", count: 1023)) == .failed(.headTooLarge))
    }

    @Test func `the number of fields is bounded`() {
        let reader = Reader { $0.maxFields = 3 }
        let start = "GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\nB: 2\r\n"
        #expect(reader.request(start + "\r\n").head != nil)
        #expect(reader.request(start + "C: 3\r\n\r\n") == .failed(.tooManyFields))
    }

    @Test func `an error is repeated whatever comes`() {
        var parser = RequestHeadParser(limits: HTTP1Limits())
        var head = RequestHead()
        for text in ["GET / HTTP/3\r\n\r\n", "GET / HTTP/1.1\r\nHost: h\r\n\r\n"] {
            var failure: HTTP1Error?
            do {
                _ = try Array(text.utf8).withUnsafeBytes { try parser.parse($0, into: &head) }
            } catch {
                failure = error as? HTTP1Error
            }
            #expect(failure == .malformed(.version))
        }
    }

    @Test func `input that shrinks does no harm`() throws {
        var parser = RequestHeadParser(limits: HTTP1Limits())
        var head = RequestHead()
        let long = Array("GET / HTTP/1.1\r\nHost: h\r\nX: yyyyyyyyyyyyyyy".utf8)
        for size in [long.count, 3, 0, long.count] {
            let result = try long[..<size].withUnsafeBytes { try parser.parse($0, into: &head) }
            #expect(result == .needsMore)
        }
    }
}
