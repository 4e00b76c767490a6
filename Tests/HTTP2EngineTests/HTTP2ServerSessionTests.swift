import CNGHTTP2
import HTTP2Engine
import HTTPMessages
import Testing

@Suite struct HTTP2ServerSessionTests {
    @Test(arguments: [Int.max, 1000, 7, 1])
    func `a request and its response arrive however their bytes are cut`(chunk: Int) throws {
        let talk = try #require(Conversation())
        talk.answer = { talk.respond($0, body: Array("hello".utf8)) }
        let stream = talk.client.request(HTTP2Client.fields("POST", "/a?b", [("x-a", "1")]), body: Array("body".utf8))
        talk.run(chunk: chunk)
        #expect(talk.client.responses[stream]?.status == 200)
        #expect(talk.client.responses[stream]?.body == Array("hello".utf8))
        #expect(talk.client.responses[stream]?.closed == NGHTTP2_NO_ERROR.rawValue)
        #expect(talk.bodies[stream] == Array("body".utf8))
        #expect(talk.server.exchanges.isEmpty)
    }

    @Test func `a head is read as it was sent, with host standing in for the authority`() throws {
        let talk = try #require(Conversation())
        let fields = HTTP2Client.fields("GET", "/p?q", authority: nil, [("host", "Acme.Test"), ("cookie", "a=b")])
        let stream = talk.client.request(fields)
        talk.run()
        let exchange = try #require(talk.open[stream])
        #expect(exchange.request.methodName.string == "GET")
        #expect(exchange.request.target.string == "/p?q")
        #expect(exchange.request.authority.string == "Acme.Test")
        #expect(exchange.request.fields.count == 1)
        #expect(exchange.fault == .none)
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\nx: y", "/", "acme.test", []), ("", "/", "acme.test", []), ("GET", "", "acme.test", []),
        ("GET", "x", "acme.test", []), ("GET", "*", "acme.test", []), ("GET", "/ x", "acme.test", []),
        ("GET", "/#x", "acme.test", []), ("GET", "/\u{80}", "acme.test", []), ("GET", "/", "a@acme.test", []),
        ("GET", "/", "acme.test:", []), ("GET", "/", "acme.test,b.test", []), ("GET", "/", "ac me.test", []),
        ("GET", "/", "acme.test", [("host", "b.test")]), ("GET", "/", "acme.test", [("connection", "x")]),
        ("GET", "/", "acme.test", [("transfer-encoding", "chunked")]), ("GET", "/", "acme.test", [("upgrade", "x")]),
        ("GET", "/", "acme.test", [("keep-alive", "x")]), ("GET", "/", "acme.test", [("proxy-connection", "x")]),
        ("GET", "/", "acme.test", [("te", "gzip")]),
        ("GET", "/", "acme.test", [("x-a", "b\r\nx-widget-user: 1")]), ("GET", "/", "acme.test", [("x-a", "b\0c")]),
        ("GET", "/", "acme.test", [("x a", "b")]), ("GET", "/", "acme.test", [("x:a", "b")]),
        ("GET", "/", "acme.test", [(":path", "/b")]), ("GET", "/", "acme.test", [(":evil", "b")]),
        ("GET", "/", "acme.test", [("content-length", "1"), ("content-length", "2")]),
        ("POST", "/", "acme.test", [("content-length", "-1")]), ("POST", "/", "acme.test", [("content-length", "+1")]),
        ("POST", "/", "acme.test", [("content-length", "99999999999999999999")]), ("CONNECT", "/", "acme.test", []),
    ])
    func `a request that another reader could take for something else is refused`(
        method: String, path: String, authority: String, more: [(String, String)]
    ) throws {
        let talk = try #require(Conversation())
        let stream = talk.client.request(HTTP2Client.fields(method, path, authority: authority, more))
        talk.run()
        let reset = talk.client.responses[stream]?.closed ?? NGHTTP2_NO_ERROR.rawValue
        let isRefused = reset != NGHTTP2_NO_ERROR.rawValue || talk.open[stream]?.fault == .malformed
        #expect(isRefused, "\(talk.told)")
    }

    @Test func `a head that is larger than allowed is answered as that`() throws {
        var limits = HTTP2Limits()
        limits.headerListBytes = 4096
        let talk = try #require(Conversation(limits: limits))
        let stream = talk.client.request(
            HTTP2Client.fields("GET", "/", (0..<50).map { ("x-\($0)", String(repeating: "v", count: 80)) }))
        talk.run()
        #expect(talk.open[stream]?.fault == .headersTooLarge)
    }

    @Test func `more fields than allowed are answered as too large`() throws {
        let talk = try #require(Conversation())
        let stream = talk.client.request(HTTP2Client.fields("GET", "/", (0..<300).map { ("a\($0)", "") }))
        talk.run()
        #expect(talk.open[stream]?.fault == .headersTooLarge)
    }

    @Test func `a body beyond the limit is told once and what follows isn't delivered`() throws {
        var limits = HTTP2Limits()
        limits.bodyBytes = 1000
        let talk = try #require(Conversation(limits: limits))
        let stream = talk.client.request(HTTP2Client.fields("POST"), body: [UInt8](repeating: 1, count: 300_000))
        talk.run()
        #expect(talk.told.filter { $0 == "\(stream) too large" }.count == 1)
        #expect(talk.bodies[stream]?.count ?? 0 <= 1000)
        // Its credit comes back all the same: the client could send it to the end.
        #expect(talk.told.contains("\(stream) ended"))
    }

    @Test func `a body waits where nobody passes it on and goes on when credit is given`() throws {
        let talk = try #require(Conversation())
        talk.givesCredit = false
        let stream = talk.client.request(HTTP2Client.fields("POST"), body: [UInt8](repeating: 1, count: 300_000))
        talk.run()
        #expect(talk.bodies[stream]?.count == HTTP2Limits().streamWindow)
        let other = talk.client.request(HTTP2Client.fields("POST"), body: [1])
        talk.run()
        #expect(talk.bodies[other] == [1], "one stream's body doesn't hold up another's")
        let exchange = try #require(talk.open[stream])
        talk.givesCredit = true
        talk.server.consumed(exchange, HTTP2Limits().streamWindow)
        talk.run()
        #expect(talk.bodies[stream]?.count == 300_000)
    }

    @Test func `streams that are reset give the connection its credit back`() throws {
        let talk = try #require(Conversation())
        talk.givesCredit = false
        // Ten windows of a stream are more than the connection's one.
        for _ in 0..<10 {
            let stream = talk.client.request(HTTP2Client.fields("POST"), body: [UInt8](repeating: 1, count: 200_000))
            talk.run()
            #expect(talk.bodies[stream]?.count == HTTP2Limits().streamWindow)
            talk.client.reset(stream)
            talk.run()
        }
        #expect(talk.server.exchanges.isEmpty)
    }

    @Test func `a client that reads nothing stalls its own stream alone`() throws {
        let talk = try #require(Conversation(window: 100))
        talk.answer = {
            talk.respond($0, body: [UInt8](repeating: 7, count: $0.streamID == 1 ? 5000 : 50))
        }
        let slow = talk.client.request(HTTP2Client.fields())
        talk.run()
        #expect(talk.client.responses[slow]?.body.count == 100)
        let quick = talk.client.request(HTTP2Client.fields())
        talk.run()
        #expect(talk.client.responses[quick]?.closed == NGHTTP2_NO_ERROR.rawValue)
        talk.client.allow(slow, 5000)
        talk.run()
        #expect(talk.client.responses[slow]?.body.count == 5000)
    }

    @Test func `a response body that comes piece by piece is sent as it comes and tells when it has drained`() throws {
        let talk = try #require(Conversation())
        talk.answer = { talk.respond($0, body: Array("a".utf8), ends: false) }
        let stream = talk.client.request(HTTP2Client.fields())
        talk.run()
        #expect(talk.client.responses[stream]?.body == Array("a".utf8))
        let exchange = try #require(talk.open[stream])
        exchange.responseBody.append([UInt8](repeating: 8, count: 40_000))
        exchange.wantsDrain = true
        talk.server.resume(exchange)
        talk.run()
        #expect(talk.told.contains("\(stream) drained"))
        exchange.responseTrailers.append("x-trailer", "t")
        exchange.responseEnded = true
        talk.server.resume(exchange)
        talk.run()
        #expect(talk.client.responses[stream]?.body.count == 40_001)
        #expect(talk.client.responses[stream]?.trailers == ["x-trailer": "t"])
        #expect(talk.client.responses[stream]?.closed == NGHTTP2_NO_ERROR.rawValue)
    }

    @Test(
        "a response that breaks off doesn't look whole, and its end tells who wanted it (RFC 9113, 7)",
        arguments: [
            (false, false, NGHTTP2_INTERNAL_ERROR), (true, false, NGHTTP2_CANCEL), (false, true, NGHTTP2_CANCEL),
        ])
    func brokenOff(isUnwanted: Bool, isTunnel: Bool, code: nghttp2_error_code) throws {
        let talk = try #require(Conversation())
        talk.answer = { talk.respond($0, body: Array("half".utf8), ends: false) }
        let stream = talk.client.request(HTTP2Client.fields())
        talk.run()
        let exchange = try #require(talk.open[stream])
        exchange.isUnwanted = isUnwanted
        exchange.isTunnel = isTunnel
        talk.server.reset(exchange)
        talk.run()
        #expect(talk.client.responses[stream]?.closed == code.rawValue)
        #expect(talk.server.exchanges.isEmpty)
    }

    @Test func `an interim response goes before the final one`() throws {
        let talk = try #require(Conversation())
        talk.answer = {
            talk.server.sendInformational($0, status: 103, fields: HeaderBlock())
            talk.respond($0)
        }
        let stream = talk.client.request(HTTP2Client.fields())
        talk.run()
        #expect(talk.client.responses[stream]?.interim == [103])
        #expect(talk.client.responses[stream]?.status == 200)
    }

    @Test func `a reset that crosses an answer on its way leaves nothing behind`() throws {
        let talk = try #require(Conversation())
        talk.run()
        let stream = talk.client.request(HTTP2Client.fields("POST"), body: [1, 2, 3])
        talk.send(talk.client.output())
        talk.respond(try #require(talk.open[stream]), body: [UInt8](repeating: 1, count: 100_000))
        // The head is queued, its fields lent; now the stream goes and another takes its exchange.
        talk.client.reset(stream)
        talk.send(talk.client.output())
        let next = talk.client.request(HTTP2Client.fields("GET", "/next"))
        talk.answer = { talk.respond($0, body: Array("next".utf8)) }
        talk.run()
        #expect(talk.client.responses[next]?.body == Array("next".utf8))
        #expect(talk.server.exchanges.isEmpty)
    }

    @Test func `streams opened and reset in one breath are all ended`() throws {
        let talk = try #require(Conversation())
        talk.run()
        for _ in 0..<100 {
            let stream = talk.client.request(HTTP2Client.fields())
            let opened = talk.client.output()
            talk.client.reset(stream)
            talk.send(opened + talk.client.output())
        }
        #expect(talk.server.exchanges.isEmpty)
        #expect(talk.told.filter { $0.hasSuffix("closed") }.count == 100)
    }

    @Test func `a client that keeps resetting is sent away`() throws {
        let talk = try #require(Conversation())
        for _ in 0..<2000 where talk.client.goAway == nil {
            let stream = talk.client.request(HTTP2Client.fields())
            talk.send(talk.client.output())
            talk.client.reset(stream)
            talk.run()
        }
        #expect(talk.client.goAway != nil)
    }

    @Test func `a client that keeps provoking resets is told to calm down`() throws {
        let talk = try #require(Conversation())
        talk.answer = { talk.respond($0, ends: false) }
        talk.run()
        for _ in 0..<2000 where talk.client.goAway == nil {
            let stream = talk.client.request(HTTP2Client.fields())
            talk.run()
            // A window beyond 2^31-1 is an error of the stream (RFC 9113, 6.9.1).
            talk.send(frame(8, stream: UInt32(stream), [0x7F, 0xFF, 0xFF, 0xFF]))
            talk.run()
        }
        #expect(talk.client.goAway == NGHTTP2_ENHANCE_YOUR_CALM.rawValue)
    }

    @Test func `streams that end well make up for broken ones`() throws {
        let talk = try #require(Conversation())
        talk.answer = { $0.streamID % 4 == 1 ? talk.respond($0) : talk.respond($0, ends: false) }
        talk.run()
        for turn in 0..<2400 where talk.client.goAway == nil {
            let stream = talk.client.request(HTTP2Client.fields())
            talk.run()
            if turn % 2 == 1, let exchange = talk.open[stream] { talk.server.reset(exchange) }
            talk.run()
        }
        #expect(talk.client.goAway == nil)
    }

    @Test(arguments: [
        Array("GET / HTTP/1.1\r\n\r\n".utf8), [UInt8](repeating: 0, count: 100),
        Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + frame(0, stream: 1, [1]),
        Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + frame(4, stream: 0) + frame(0, stream: 0, [1]),
        Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + frame(4, stream: 0) + frame(1, flags: 4, stream: 1, [0xFF]),
        Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + frame(4, stream: 0) + frame(9, flags: 4, stream: 1),
        Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + frame(4, stream: 0) + frame(6, stream: 0, [1]),
        Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + frame(4, stream: 0)
            + frame(8, stream: 0, [0x7F, 0xFF, 0xFF, 0xFF]),
    ])
    func `bytes that aren't HTTP/2 end the session and open no stream`(bytes: [UInt8]) throws {
        let talk = try #require(Conversation())
        talk.send(bytes)
        talk.send(frame(4, stream: 0))
        _ = talk.collect()
        #expect(!talk.goesOn || talk.server.isFinished)
        #expect(talk.open.isEmpty)
    }

    @Test func `draining finishes what is open and refuses what is new`() throws {
        let talk = try #require(Conversation())
        let stream = talk.client.request(HTTP2Client.fields())
        talk.run()
        talk.server.drain()
        talk.run()
        #expect(talk.client.goAway == NGHTTP2_NO_ERROR.rawValue)
        talk.server.drain()
        talk.run()
        #expect(!talk.server.isFinished)
        talk.respond(try #require(talk.open[stream]))
        talk.run()
        #expect(talk.client.responses[stream]?.status == 200)
        #expect(talk.server.isFinished)
    }

    @Test func `a session that goes with its streams open lets go of them`() throws {
        weak var held: Exchange?
        do {
            let talk = try #require(Conversation())
            let stream = talk.client.request(HTTP2Client.fields("POST"), body: [UInt8](repeating: 1, count: 200_000))
            talk.run()
            held = talk.open[stream]
            #expect(held != nil)
        }
        #expect(held == nil)
    }

    @Test func `random bytes after the preface never trap`() throws {
        var state: UInt64 = 1
        func next() -> UInt8 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 33)
        }
        for _ in 0..<300 {
            let talk = try #require(Conversation())
            talk.answer = { talk.respond($0, body: [1, 2, 3]) }
            talk.client.request(HTTP2Client.fields("POST"), body: [1, 2, 3])
            var bytes = talk.client.output()
            for _ in 0..<5 {
                let type = next() % 11
                bytes += frame(
                    type, flags: next() & 0x2D, stream: UInt32(next() % 6), (0..<next() % 40).map { _ in next() })
            }
            for _ in 0..<3 where bytes.count > 40 { bytes[40 + Int(next()) % (bytes.count - 40)] = next() }
            talk.send(bytes, chunk: 1 + Int(next()))
            _ = talk.collect()
        }
    }
}
