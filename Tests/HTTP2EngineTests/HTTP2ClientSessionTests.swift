import CNGHTTP2
import HTTP2Engine
import HTTPMessages
import Testing

@Suite struct HTTP2ClientSessionTests {
    /// The session under test and libnghttp2's server, with the bytes carried between them by hand.
    private final class Talk {
        let client: HTTP2ClientSession
        let origin: HTTP2Origin
        /// What became of each stream, in order.
        private(set) var told: [String] = []
        private(set) var bodies: [Int32: [UInt8]] = [:]
        private(set) var goesOn = true
        /// Whether the server gets credit for what it sends.
        var givesCredit = true
        private var scratch: [HTTP2ClientEvent] = []

        init(limits: HTTP2Limits = HTTP2Limits(), settings: [(nghttp2_settings_id, Int)] = []) throws {
            client = try #require(HTTP2ClientSession(limits: limits))
            origin = HTTP2Origin(settings: settings)
            run()
        }

        /// Carries bytes to and fro until neither side has any; at most `chunk` bytes to the client at a time.
        func run(chunk: Int = .max) {
            var isMoving = true
            while isMoving {
                let sent = collect()
                origin.input(sent)
                let answer = origin.output()
                send(answer, chunk: chunk)
                isMoving = !sent.isEmpty || !answer.isEmpty
            }
        }

        func send(_ bytes: [UInt8], chunk: Int = .max) {
            var rest = bytes[...]
            while !rest.isEmpty, goesOn {
                let part = rest.prefix(chunk)
                goesOn = part.withUnsafeBytes { client.receive($0) }
                handleEvents()
                rest = rest.dropFirst(part.count)
            }
        }

        private func collect() -> [UInt8] {
            var out = ByteQueue()
            _ = client.collect(into: &out, upTo: 1 << 20)
            handleEvents()
            return Array(out.readable)
        }

        private func handleEvents() {
            while client.takeEvents(into: &scratch) {
                let events = scratch
                scratch.removeAll()
                for event in events { handle(event) }
            }
        }

        private func handle(_ event: HTTP2ClientEvent) {
            switch event {
            case .informational(let stream, let interim):
                let names = (0..<interim.head.fields.count).map { interim.head.fields.name($0).string }
                told.append("\(stream.id) informed \(interim.head.status) \(names.joined(separator: ","))")
            case .head(let stream): told.append("\(stream.id) head \(stream.response.status)")
            case .body(let stream, let bytes):
                bodies[stream.id, default: []] += bytes
                stream.told(of: bytes)
                if givesCredit { client.grant(stream, bytes.count) }
            case .ended(let stream): told.append("\(stream.id) ended")
            case .sent: break
            case .closed(let stream, let end): told.append("\(stream.id) closed \(end)")
            }
        }

        func request(
            _ head: String = "GET / HTTP/1.1\r\nhost: u\r\n", isTLS: Bool = false, body: String = "", ends: Bool = true,
            isWebSocket: Bool = false
        ) -> HTTP2ClientStream {
            let stream = HTTP2ClientStream()
            stream.body.append(Array(body.utf8))
            stream.bodyEnded = ends
            let isAccepted = Array((head + "\r\n").utf8).withUnsafeBytes {
                client.submit(stream, head: $0, isTLS: isTLS, isWebSocket: isWebSocket)
            }
            #expect(isAccepted)
            return stream
        }
    }

    @Test(arguments: [Int.max, 1000, 7, 1])
    func `a request and its response arrive however their bytes are cut`(chunk: Int) throws {
        let talk = try Talk()
        let stream = talk.request("POST /a?b HTTP/1.1\r\nHost: u:1\r\nx-a: 1\r\n", body: "question")
        talk.run()
        let request = try #require(talk.origin.requests[stream.id])
        #expect(request.body == Array("question".utf8) && request.isWhole)
        talk.origin.respond(stream.id, 201, [("x-b", "2")], body: Array("answer".utf8), trailers: [("x-c", "3")])
        talk.run(chunk: chunk)
        #expect(talk.told == ["1 head 201", "1 ended", "1 closed orderly"])
        #expect(talk.bodies[1] == Array("answer".utf8))
        #expect(stream.response.fields.count == 1)
        #expect(stream.response.fields.name(0).equals("x-b") && stream.response.fields.value(0).equals("2"))
        #expect(stream.responseTrailers.count == 1 && stream.responseTrailers.value(0).equals("3"))
        #expect(talk.client.streamCount == 0)
    }

    @Test(arguments: [(false, "http"), (true, "https")])
    func `the request line becomes pseudo-fields (RFC 9113, 8.3.1)`(isTLS: Bool, scheme: String) throws {
        let talk = try Talk()
        let stream = talk.request("GET /a?b HTTP/1.1\r\nhost: u:1\r\nx-a: 1\r\n", isTLS: isTLS)
        talk.run()
        #expect(
            talk.origin.requests[stream.id]?.fields == [
                ":method": "GET", ":scheme": scheme, ":path": "/a?b", ":authority": "u:1", "x-a": "1", "te": "trailers",
            ])
    }

    @Test func `a body goes out as it comes, and its trailers behind it`() throws {
        let talk = try Talk()
        let stream = talk.request("POST / HTTP/1.1\r\nhost: u\r\n", body: "one", ends: false)
        talk.run()
        #expect(talk.origin.requests[1]?.body == Array("one".utf8))
        #expect(talk.origin.requests[1]?.isWhole == false)
        stream.body.append(Array("two".utf8))
        stream.trailers.append("x-sum", "6")
        stream.bodyEnded = true
        talk.client.resume(stream)
        talk.run()
        #expect(talk.origin.requests[1]?.body == Array("onetwo".utf8))
        #expect(talk.origin.requests[1]?.isWhole == true)
        #expect(talk.origin.requests[1]?.trailers == ["x-sum": "6"])
    }

    @Test func `interim heads come before the final one, and no more than sixteen`() throws {
        let talk = try Talk()
        _ = talk.request()
        talk.run()
        talk.origin.inform(1, 103, [("link", "</a>")])
        talk.origin.respond(1, 204)
        talk.run()
        // All of it in one go.
        #expect(talk.told == ["1 informed 103 link", "1 head 204", "1 ended", "1 closed orderly"])
        _ = talk.request()
        talk.run()
        for _ in 0..<17 { talk.origin.inform(3, 103) }
        talk.run()
        #expect(talk.told.suffix(17) == Array(repeating: "3 informed 103 ", count: 16) + ["3 closed malformed"])
    }

    @Test func `a change of protocol that nobody asked for is malformed`() throws {
        let talk = try Talk()
        _ = talk.request()
        talk.run()
        talk.origin.inform(1, 101)
        talk.run()
        #expect(talk.told == ["1 closed malformed"])
        #expect(talk.goesOn, "other requests aren't touched")
    }

    @Test(
        "a response that isn't HTTP, or too large, is malformed",
        arguments: [
            [("content-length", "1")], [("x", "a\0b")], [("connection", "close")],
            [("transfer-encoding", "chunked")], Array(repeating: ("x", "y"), count: 300),
            [("x", String(repeating: "v", count: 40_000))],
        ] as [[(String, String)]])
    func malformed(fields: [(String, String)]) throws {
        let talk = try Talk()
        _ = talk.request()
        talk.run()
        talk.origin.respond(1, 200, fields, body: Array("two".utf8))
        talk.run()
        #expect(talk.told.last == "1 closed malformed", "\(talk.told)")
        #expect(!talk.told.contains("1 ended"))
    }

    @Test(arguments: [
        (NGHTTP2_REFUSED_STREAM.rawValue, "refused"), (NGHTTP2_CANCEL.rawValue, "broken"),
        (NGHTTP2_INTERNAL_ERROR.rawValue, "broken"), (NGHTTP2_PROTOCOL_ERROR.rawValue, "malformed"),
    ])
    func `a reset says whether the request may be sent again`(code: UInt32, end: String) throws {
        let talk = try Talk()
        _ = talk.request()
        talk.run()
        talk.origin.reset(1, code)
        talk.run()
        #expect(talk.told == ["1 closed \(end)"])
    }

    @Test func `after GOAWAY nothing new is taken, and what is past its last stream was never acted upon`() throws {
        let talk = try Talk()
        for _ in 0..<2 { _ = talk.request() }
        talk.run()
        #expect(talk.client.takesRequests)
        talk.origin.leave(after: 1)
        talk.run()
        #expect(!talk.client.takesRequests)
        #expect(talk.told == ["3 closed refused"])
        talk.origin.respond(1)
        talk.run()
        #expect(talk.told.suffix(3) == ["1 head 200", "1 ended", "1 closed orderly"])
    }

    @Test func `as many requests are taken as the server allows, and again when one has ended`() throws {
        let talk = try Talk(settings: [(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 2)])
        _ = talk.request()
        #expect(talk.client.takesRequests)
        _ = talk.request()
        #expect(!talk.client.takesRequests)
        talk.run()
        talk.origin.respond(1)
        talk.run()
        #expect(talk.client.takesRequests)
    }

    @Test func `where the server allows any number, the session's own limit holds`() throws {
        var limits = HTTP2Limits()
        limits.concurrentStreams = 1
        let talk = try Talk(limits: limits)
        _ = talk.request()
        #expect(!talk.client.takesRequests)
    }

    @Test func `a response waits where nobody takes it, holds back no other, and goes on with credit`() throws {
        let talk = try Talk()
        talk.givesCredit = false
        let slow = talk.request()
        talk.run()
        talk.origin.respond(1, body: [UInt8](repeating: 1, count: 300_000))
        talk.run()
        #expect(talk.bodies[1]?.count == HTTP2Limits().streamWindow)
        // Sixteen windows of streams are more than the connection's one.
        for id in stride(from: Int32(3), to: 35, by: 2) {
            _ = talk.request()
            talk.run()
            talk.origin.respond(id, body: [UInt8](repeating: 2, count: 300_000))
            talk.run()
            #expect(talk.bodies[id]?.count == HTTP2Limits().streamWindow)
        }
        talk.givesCredit = true
        talk.client.grant(slow, HTTP2Limits().streamWindow)
        talk.run()
        #expect(talk.bodies[1]?.count == 300_000)
    }

    @Test(arguments: [0, 1, 100, 255])
    func `the credit of a stream is what the server may still send, padding too`(padding: Int) throws {
        var limits = HTTP2Limits()
        limits.streamWindow = 32 * 1024
        let talk = try Talk(limits: limits)
        talk.givesCredit = false
        talk.origin.padding = padding
        let stream = talk.request()
        talk.run()
        #expect(talk.client.credit(of: stream) == 32 * 1024)
        talk.origin.respond(1, body: [UInt8](repeating: 1, count: 1_000_000))
        talk.run()
        #expect(talk.client.credit(of: stream) == 0)
        let first = try #require(talk.bodies[1]?.count)
        #expect(padding == 0 ? first == 32 * 1024 : first < 32 * 1024)
        // Whatever the frames look like, a window more is a window more.
        for round in 1...20 {
            talk.client.grant(stream, 32 * 1024)
            #expect(talk.client.credit(of: stream) == 32 * 1024)
            talk.run()
            #expect(talk.client.credit(of: stream) == 0)
            #expect(padding > 0 || talk.bodies[1]?.count == (round + 1) * 32 * 1024)
        }
        #expect(stream.untold == 0 && !stream.responseEnded)
    }

    @Test func `a smaller window holds for streams to come and for those that there are (RFC 9113, 6_9_2)`() throws {
        var limits = HTTP2Limits()
        limits.streamWindow = 32 * 1024
        let talk = try Talk(limits: limits)
        talk.givesCredit = false
        let (begun, waiting) = (talk.request(), talk.request())
        talk.run()
        talk.origin.respond(1, body: [UInt8](repeating: 1, count: 100_000))
        talk.run()
        #expect(talk.client.setStreamWindow(4096))
        // Before the server has heard of it, and after.
        for _ in 0..<2 {
            #expect(talk.client.credit(of: begun) == 4096 - 32 * 1024)
            #expect(talk.client.credit(of: waiting) == 4096)
            talk.run()
        }
        func received(_ talk: Talk) -> [Int] {
            let streams: [Int32] = [1, 3, 5]
            return streams.map { talk.bodies[$0]?.count ?? 0 }
        }
        let late = talk.request()
        talk.run()
        for id: Int32 in [3, 5] { talk.origin.respond(id, body: [UInt8](repeating: 2, count: 100_000)) }
        talk.run()
        #expect(received(talk) == [32 * 1024, 4096, 4096])
        talk.client.grant(begun, 32 * 1024)
        talk.client.grant(late, 1000)
        talk.run()
        #expect(received(talk) == [36 * 1024, 4096, 5096])
        #expect(talk.client.setStreamWindow(32 * 1024))
        talk.run()
        #expect(received(talk) == [64 * 1024, 32 * 1024, 32 * 1024 + 1000])
    }

    @Test func `a server that acknowledges no settings gets no more of them`() throws {
        let client = try #require(HTTP2ClientSession(limits: HTTP2Limits()))
        let changes = (0..<10).filter { client.setStreamWindow(10_000 + $0) }
        #expect(changes == [0, 1, 2])  // After the first of all.
        #expect(client.streamWindow == 10_002)
    }

    @Test(arguments: [(nil, HTTP2ClientSession.WebSocketSupport.none), (0, .none), (1, .offered)])
    func `whether a server takes WebSockets is known by its settings (RFC 8441, 3)`(
        value: Int?, support: HTTP2ClientSession.WebSocketSupport
    ) throws {
        let client = try #require(HTTP2ClientSession(limits: HTTP2Limits()))
        #expect(client.webSocketSupport == .unknown)
        let talk = try Talk(settings: value.map { [(NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, $0)] } ?? [])
        #expect(talk.client.webSocketSupport == support)
    }

    @Test func `a WebSocket is asked for by an extended CONNECT, and is open both ways (RFC 8441, 4)`() throws {
        let talk = try Talk(settings: [(NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1)])
        let stream = talk.request("GET /a?b HTTP/1.1\r\nhost: u:1\r\nx-a: 1\r\n", ends: false, isWebSocket: true)
        talk.run()
        let request = try #require(talk.origin.requests[1])
        #expect(
            request.fields == [
                ":method": "CONNECT", ":scheme": "http", ":path": "/a?b", ":protocol": "websocket", ":authority": "u:1",
                "x-a": "1",
            ])
        #expect(!request.isWhole)
        talk.origin.respond(1, 200, [], body: Array("answer".utf8))
        stream.body.append(Array("question".utf8))
        talk.client.resume(stream)
        talk.run()
        #expect(talk.origin.requests[1]?.body == Array("question".utf8))
        #expect(talk.bodies[1] == Array("answer".utf8))
        #expect(talk.told == ["1 head 200", "1 ended"])
        stream.bodyEnded = true
        talk.client.resume(stream)
        talk.run()
        #expect(talk.told == ["1 head 200", "1 ended", "1 closed orderly"])
    }

    @Test func `a request that isn't wanted any more is cancelled`() throws {
        let talk = try Talk()
        let stream = talk.request()
        talk.run()
        talk.client.cancel(stream)
        talk.run()
        #expect(talk.origin.requests[1]?.closed == NGHTTP2_CANCEL.rawValue)
        #expect(talk.client.streamCount == 0)
    }

    @Test func `a server that floods is left`() throws {
        let talk = try Talk()
        var sent = 0
        while talk.origin.goAway == nil, sent < 10_000 {
            talk.origin.ping()
            talk.run()
            sent += 1
        }
        #expect(talk.origin.goAway == NGHTTP2_ENHANCE_YOUR_CALM.rawValue)
        #expect(sent <= HTTP2Limits().frameBudget)
    }

    @Test func `a server that speaks something else is left`() throws {
        let talk = try Talk()
        talk.send(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
        talk.run()
        #expect(!talk.goesOn || talk.client.isFinished)
        #expect(!talk.client.takesRequests)
    }
}
