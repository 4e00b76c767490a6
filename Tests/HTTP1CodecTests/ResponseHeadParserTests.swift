import HTTP1Codec
import HTTPMessages
import Testing

@Suite struct ResponseHeadParserTests {
    @Test func `a plain response is read`() throws {
        let text = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nhello"
        let reading = Reader().response(text)
        let head = try #require(reading.head)
        #expect(reading == .complete(head, consumed: text.utf8.count - 5))
        #expect(head.status == 200)
        #expect(head.fields.map(\.description) == ["content-type: text/html", "content-length: 5"])
        #expect(head.contentLength == 5)
        #expect(head.framing.body == .length(5))
        #expect(head.framing.keepAlive && head.framing.version11)
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK", 200), ("HTTP/1.1 200 ", 200), ("HTTP/1.1 200", 200), ("HTTP/1.0 404 Not\tFound", 404),
        ("HTTP/1.1 599 caf\u{E9}", 599), ("HTTP/1.1 999 x", 999),
    ])
    func `status lines that are in order`(line: String, status: Int) throws {
        #expect(try #require(Reader().response(line + "\r\n\r\n").head).status == status)
    }

    @Test(arguments: [
        ("HTTP/1.1 099 x", HTTP1Fault.statusLine), ("HTTP/1.1 20 OK", .statusLine), ("HTTP/1.1 2000", .statusLine),
        ("HTTP/1.1 2x0 OK", .statusLine), ("HTTP/1.1  200 OK", .statusLine), ("HTTP/1.1 -20 OK", .statusLine),
        ("HTTP/1.1\t200 OK", .statusLine), ("HTTP/1.1 200\tOK", .statusLine), ("HTTP/1.1 200 a\rb", .statusLine),
        ("HTTP/1.1 200 a\0b", .statusLine), ("HTTP/1.1 200OK", .statusLine), ("HTTP/2.0 200 OK", .version),
        ("http/1.1 200 OK", .version), ("ICY 200 OK and more", .version), ("", .version),
        ("HTTP/1.1", .statusLine),
        ("HTTP/1.1 200 OK\n", .lineEnding),
    ])
    func `status lines that are refused`(line: String, fault: HTTP1Fault) {
        #expect(Reader().response(line + "\r\n\r\n") == .failed(.malformed(fault)))
    }

    @Test(arguments: [
        (Method.get, "1.1 200", "", BodyFraming.untilClose, false),
        (.get, "1.1 200", "Connection: keep-alive", .untilClose, false),
        (.get, "1.1 200", "Content-Length: 0", .none, true),
        (.get, "1.1 200", "Content-Length: 7", .length(7), true),
        (.get, "1.1 200", "Content-Length: 7\r\nConnection: close", .length(7), false),
        (.get, "1.1 200", "Transfer-Encoding: chunked", .chunked, true),
        (.get, "1.0 200", "Content-Length: 7", .length(7), false),
        (.get, "1.0 200", "Content-Length: 7\r\nConnection: Keep-Alive", .length(7), true),
        (.get, "1.0 200", "", .untilClose, false),
        (.head, "1.1 200", "", .none, true),
        (.head, "1.1 200", "Content-Length: 7", .none, true),
        (.head, "1.1 200", "Transfer-Encoding: chunked", .none, true),
        (.head, "1.0 200", "Content-Length: 7", .none, false),
        (.get, "1.1 204", "", .none, true),
        (.get, "1.1 204", "Content-Length: 0", .none, true),
        (.get, "1.1 204", "Content-Length: 7", .none, false),
        (.get, "1.1 204", "Transfer-Encoding: chunked", .none, false),
        (.get, "1.1 304", "", .none, true),
        (.get, "1.1 304", "Content-Length: 7", .none, true),
        (.get, "1.1 304", "Connection: close", .none, false),
        (.post, "1.1 205", "Content-Length: 0", .none, true),
    ])
    func `the body's framing follows RFC 9112`(
        method: Method, start: String, fields: String, body: BodyFraming, keepAlive: Bool
    ) throws {
        let text = "HTTP/\(start) x\r\n" + (fields.isEmpty ? "" : fields + "\r\n") + "\r\n"
        let head = try #require(Reader().response(text, to: method).head)
        #expect(head.framing.body == body)
        #expect(head.framing.keepAlive == keepAlive)
    }

    @Test func `a HEAD response keeps the length that GET would have`() throws {
        #expect(
            try #require(Reader().response("HTTP/1.1 200\r\nContent-Length: 7\r\n\r\n", to: .head).head).contentLength
                == 7)
    }

    @Test func `interim responses come before the final one`() throws {
        let text =
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\nConnection: close\r\n\r\n"
            + "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        let head = try #require(Reader().response(text).head)
        #expect(head.interim == [100, 103])
        #expect(head.status == 200)
        #expect(head.fields.map(\.name) == ["content-length"])
        #expect(head.framing.keepAlive)
    }

    @Test func `a switch of protocols is told as what it is`() throws {
        var parser = ResponseHeadParser(limits: HTTP1Limits())
        var head = ResponseHead()
        let text = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"
        let result = try Array(text.utf8).withUnsafeBytes { try parser.parse($0, requestMethod: .get, into: &head) }
        #expect(result == .informational(consumed: text.utf8.count, status: 101))
    }

    @Test func `interim responses without end are refused`() throws {
        let reader = Reader { $0.maxInformationalResponses = 2 }
        let interim = "HTTP/1.1 100 x\r\n\r\n"
        let final = "HTTP/1.1 204 x\r\n\r\n"
        #expect(reader.response(interim + interim + final).head?.status == 204)
        #expect(reader.response(interim + interim + interim + final) == .failed(.malformed(.informationalResponses)))
    }

    @Test(arguments: ["A : b", "A: b\r\n c", "A", "A: \u{01}", ": x"])
    func `fields are read as strictly as in requests`(field: String) {
        guard case .failed(.malformed) = Reader().response("HTTP/1.1 200 OK\r\n\(field)\r\n\r\n") else {
            Issue.record("taken: \(field)")
            return
        }
    }

    @Test func `size and number of fields are bounded`() {
        let small = Reader {
            $0.maxHeadBytes = 64
            $0.maxFields = 2
        }
        #expect(small.response("HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\nE: f\r\n\r\n") == .failed(.tooManyFields))
        let long = "HTTP/1.1 200 OK\r\nA: " + String(repeating: "b", count: 64)
        #expect(small.response(long) == .failed(.headTooLarge))
    }
}
