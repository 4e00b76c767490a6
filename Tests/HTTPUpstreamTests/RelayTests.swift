import EventLoop
import HTTPMessages
import HTTPUpstream
import Testing

@Suite struct RelayTests {
    private static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    private static let end = ScriptedUpstream.Step.awaitText("\r\n\r\n")

    @Test func `a response comes back and the connection serves the next request`() throws {
        let upstream = try ScriptedUpstream([[Self.end, .send(Self.ok), .awaitText("POST"), .send(Self.ok)]])
        let trial = try RelayTrial()
        let pool = trial.pool(upstream)
        trial.run(on: pool)
        #expect(trial.outcome == "200")
        trial.run("POST", on: pool)
        #expect(trial.outcome == "200")
        #expect(upstream.received.count == 1)
        #expect(upstream.received[0].hasSuffix("POST / HTTP/1.1\r\nhost: u\r\ncontent-length: 0\r\n\r\n"))
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "200", "hello"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "200", "hello"),
        ("HTTP/1.1 200 OK\r\n\r\nhello", "200", "hello"), ("HTTP/1.0 200 OK\r\n\r\nhello", "200", "hello"),
        ("HTTP/1.1 204 No\r\n\r\n", "204", ""), ("HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\n", "304", ""),
        ("HTTP/1.1 103 E\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "200", ""),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", "broke: malformed", "hel"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "broke: malformed", "hello"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", "broke: malformed", "hello"),
        ("", "unreachable", ""), ("HTTP/1.1 200", "unreachable", ""), ("garbage\r\n\r\n", "malformed", ""),
        ("HTTP/1.1 101 Up\r\n\r\n", "malformed", ""), ("HTTP/1.1 99 No\r\n\r\n", "malformed", ""),
        ("HTTP/2 200 OK\r\n\r\n", "malformed", ""), ("HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "malformed", ""),
        ("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", "malformed", ""),
        ("HTTP/1.1 200 OK\r\nA: b\0\r\n\r\n", "malformed", ""),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "malformed", ""),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "malformed", ""),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZ\r\n", "malformed", ""),
    ])
    func `a response is whole, or broken, or none`(text: String, outcome: String, body: String) throws {
        let upstream = try ScriptedUpstream([[Self.end, .send(text)]])
        let trial = try RelayTrial()
        trial.run(on: trial.pool(upstream))
        #expect(trial.outcome == outcome)
        #expect(String(decoding: trial.body, as: UTF8.self) == body)
    }

    @Test func `a reset doesn't end a body whose only end is the connection's`() throws {
        let upstream = try ScriptedUpstream([
            [Self.end, .send("HTTP/1.1 200 OK\r\n\r\nhalf"), .awaitText("more"), .reset]
        ])
        let trial = try RelayTrial()
        trial.begin("POST", on: trial.pool(upstream), body: "x", isWhole: false)
        trial.send("more")
        trial.loop.run()
        #expect(trial.outcome == "broke: malformed")
    }

    @Test func `bytes behind a response are nobody's response`() throws {
        let upstream = try ScriptedUpstream([
            [Self.end, .send(Self.ok + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")],
            [Self.end, .send(Self.ok)],
        ])
        let trial = try RelayTrial()
        let pool = trial.pool(upstream)
        trial.run(on: pool)
        trial.run(on: pool)
        #expect(String(decoding: trial.body, as: UTF8.self) == "ok")
        #expect(upstream.received.count == 2)
    }

    @Test(arguments: [
        ("GET", true), ("HEAD", true), ("PUT", true), ("DELETE", true), ("POST", false), ("PATCH", false),
    ])
    func `only what may be repeated is, once, where a used connection died before a response`(
        method: String, isRepeated: Bool
    ) throws {
        let ok = method == "HEAD" ? "HTTP/1.1 200 OK\r\n\r\n" : Self.ok
        let upstream = try ScriptedUpstream([
            [Self.end, .send(Self.ok), .awaitText("\r\n\r\n\(method) ")], [Self.end, .send(ok)],
        ])
        let trial = try RelayTrial()
        let pool = trial.pool(upstream)
        trial.run(on: pool)
        // A request line behind the first request: the script waits for both heads, then closes.
        trial.run(method, on: pool)
        #expect(trial.outcome == (isRepeated ? "200" : "unreachable"))
    }

    @Test(arguments: ["HTTP/1.1 103 E\r\n\r\n", "HTTP/1.1 20"])
    func `nothing is repeated once the upstream has begun to answer`(beginning: String) throws {
        let upstream = try ScriptedUpstream([
            [Self.end, .send(Self.ok), .awaitText("\r\n\r\nGET "), .send(beginning)], [Self.end, .send(Self.ok)],
        ])
        let trial = try RelayTrial()
        let pool = trial.pool(upstream)
        trial.run(on: pool)
        trial.run(on: pool)
        #expect(trial.outcome == "unreachable")
    }

    @Test func `a request with a body isn't repeated`() throws {
        let upstream = try ScriptedUpstream([
            [Self.end, .send(Self.ok), .awaitText("body")], [Self.end, .send(Self.ok)],
        ])
        let trial = try RelayTrial()
        let pool = trial.pool(upstream)
        trial.run(on: pool)
        trial.run("PUT", on: pool, body: "body")
        #expect(trial.outcome == "unreachable")
    }

    @Test func `a connection that never served is a failure, not a reason to repeat`() throws {
        let upstream = try ScriptedUpstream([[Self.end], [Self.end, .send(Self.ok)]])
        let trial = try RelayTrial()
        trial.run(on: trial.pool(upstream))
        #expect(trial.outcome == "unreachable")
    }

    @Test func `a body goes on as it comes and its credit comes back`() throws {
        let upstream = try ScriptedUpstream([[.awaitText("0\r\n\r\n"), .send(Self.ok)]])
        let trial = try RelayTrial()
        trial.begin("POST", on: trial.pool(upstream), body: "early", isWhole: false)
        trial.send(" late")
        trial.exchange.requestTrailers.append("x-t", "1")
        trial.exchange.requestTrailers.removeAll()
        trial.endRequest()
        trial.loop.run()
        #expect(trial.outcome == "200")
        #expect(trial.consumed == 10)
        #expect(
            upstream.received[0].hasSuffix("transfer-encoding: chunked\r\n\r\n5\r\nearly\r\n5\r\n late\r\n0\r\n\r\n"))
    }

    @Test func `a client that doesn't read stops the upstream, and going on goes on`() throws {
        let piece = String(repeating: "x", count: 1_000_000)
        let upstream = try ScriptedUpstream([
            [Self.end, .send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"), .send(piece)]
        ])
        let trial = try RelayTrial()
        trial.reads = false
        var ticks = 0
        let pool = trial.pool(upstream)
        trial.begin("GET", on: pool)
        let onTick = trial.loop.onTick
        trial.loop.onTick = {
            ticks += 1
            if ticks == 2 {
                #expect(trial.exchange.responseBody.count < 256 * 1024)
                trial.readOn()
            }
            onTick?()
        }
        trial.loop.run()
        #expect(trial.outcome == "200")
        #expect(trial.body.count == 1_000_000)
    }

    @Test(arguments: [[], [ScriptedUpstream.Step.send("HTTP/1.1 200 OK\r\nA: b")]])
    func `an upstream that says nothing, or half a head, has so much time`(steps: [ScriptedUpstream.Step]) throws {
        let upstream = try ScriptedUpstream([[Self.end] + steps + [.awaitText("never")]])
        let trial = try RelayTrial()
        trial.run(on: trial.pool(upstream) { $0.responseHeaderSeconds = 0.6 })
        #expect(trial.outcome == "timeout")
    }

    @Test func `a stalled body has so much time, also where the target has changed meanwhile`() throws {
        let upstream = try ScriptedUpstream([
            [Self.end, .send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), .awaitText("never")]
        ])
        let trial = try RelayTrial()
        trial.begin("GET", on: trial.pool(upstream) { $0.idleSeconds = 0.6 })
        _ = trial.pool(upstream) { $0.idleSeconds = 60 }
        trial.loop.run()
        #expect(trial.outcome == "broke: timeout")
    }

    @Test func `a request of an older configuration doesn't push the current pool aside`() throws {
        let upstream = try ScriptedUpstream([])
        let trial = try RelayTrial()
        let old = UpstreamTarget(name: "u", servers: [UpstreamServer(upstream.address, host: "u")])
        let current = trial.pool(upstream) { $0.idleSeconds = 1 }
        let older = trial.worker.pool(forOlder: old)
        #expect(older !== current)
        #expect(trial.worker.pool(forOlder: old) === older)
        #expect(trial.pool(upstream) { $0.idleSeconds = 1 } === current)
    }

    @Test func `nobody there is told at once`() throws {
        let upstream = try ScriptedUpstream([[]])
        let trial = try RelayTrial()
        let pool = trial.pool(upstream) { $0.servers = [] }
        trial.begin("GET", on: pool)
        #expect(trial.outcome == "unreachable")
    }

    @Test func `a request that is given up takes its connection with it`() throws {
        let upstream = try ScriptedUpstream([[Self.end, .awaitText("never")], [Self.end, .send(Self.ok)]])
        let trial = try RelayTrial()
        let pool = trial.pool(upstream)
        trial.begin("GET", on: pool)
        var ticks = 0
        trial.loop.onTick = {
            ticks += 1
            if ticks == 1 {
                trial.cancel()
                trial.begin("GET", on: pool)
            }
        }
        trial.loop.run()
        #expect(trial.outcome == "200")
        #expect(upstream.received.count == 2)
    }
}
