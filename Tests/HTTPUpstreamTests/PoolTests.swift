import EventLoop
import Foundation
import Glibc
import HTTPMessages
import HTTPUpstream
import Testing

@Suite struct PoolTests {
    private static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    private static let serve = serve(1)

    /// Answers so many requests on one connection.
    private static func serve(_ count: Int, endingIn end: String = "\r\n\r\n") -> [ScriptedUpstream.Step] {
        (1...count).flatMap { [.awaitText(end, times: $0), .send(ok)] as [ScriptedUpstream.Step] }
    }

    /// An address that somebody has just stopped listening on.
    private static func nobodysAddress() throws -> SocketAddress {
        let any = try #require(SocketAddress(host: "127.0.0.1", port: 0))
        let socket = try StreamSocket.listen(on: any, as: .alone)
        defer { close(socket) }
        return try #require(StreamSocket.localAddress(of: socket))
    }

    @Test func `requests go to each address in turn`() throws {
        let upstreams = try (0..<3).map { _ in try ScriptedUpstream([Self.serve]) }
        let trial = try RelayTrial()
        let pool = trial.pool(of: upstreams)
        for _ in 0..<3 {
            trial.run(on: pool)
            #expect(trial.outcome == "200")
        }
        #expect(upstreams.map { $0.received.count } == [1, 1, 1])
    }

    @Test func `an address that refuses is passed over, for a POST too`() throws {
        let dead = try Self.nobodysAddress()
        let alive = try ScriptedUpstream([Self.serve(4, endingIn: "\r\n0\r\n\r\n")])
        let trial = try RelayTrial()
        let pool = trial.pool(of: [alive]) { $0.servers.insert(UpstreamServer(dead, host: "u"), at: 0) }
        for _ in 0..<4 {
            trial.run("POST", on: pool, body: "x")
            #expect(trial.outcome == "200")
        }
        #expect(alive.received.allSatisfy { $0.hasSuffix("x\r\n0\r\n\r\n") })
    }

    @Test func `a harmless request that dies at one address is asked again at another`() throws {
        let dying = try ScriptedUpstream([[.awaitText("\r\n\r\n")]])
        let alive = try ScriptedUpstream([Self.serve])
        let trial = try RelayTrial()
        trial.run(on: trial.pool(of: [dying, alive]))
        #expect(trial.outcome == "200")
        #expect(dying.received.count == 1 && alive.received.count == 1)
    }

    @Test func `a POST that dies at one address isn't`() throws {
        let dying = try ScriptedUpstream([[.awaitText("\r\n\r\n")]])
        let alive = try ScriptedUpstream([Self.serve])
        let trial = try RelayTrial()
        trial.run("POST", on: trial.pool(of: [dying, alive]))
        #expect(trial.outcome == "unreachable")
        #expect(alive.received.isEmpty)
    }

    @Test func `failures in a row shut an address out, and its requests are refused at once`() throws {
        let upstream = try ScriptedUpstream(Array(repeating: [.awaitText("\r\n\r\n")], count: 3) + [Self.serve])
        let trial = try RelayTrial()
        let pool = trial.pool(upstream) {
            $0.circuit.failures = 3
            $0.circuit.openMilliseconds = 60_000
        }
        for _ in 0..<5 {
            trial.run(on: pool)
            #expect(trial.outcome == "unreachable")
        }
        #expect(upstream.received.count == 3)
        #expect(pool.standing.addressesShutOut == 1)
        #expect(pool.standing.counts.circuitsOpened == 1 && pool.standing.counts.circuitRefusals == 2)
    }

    @Test func `a probe brings an address back`() throws {
        let upstream = try ScriptedUpstream([[.awaitText("\r\n\r\n")], Self.serve(2)])
        let trial = try RelayTrial()
        let pool = trial.pool(upstream) {
            $0.circuit.failures = 1
            $0.circuit.openMilliseconds = 1
        }
        trial.run(on: pool)
        #expect(trial.outcome == "unreachable")
        for _ in 0..<2 {
            // The clock goes on with the loop.
            trial.pause()
            trial.run(on: pool)
            #expect(trial.outcome == "200")
        }
        #expect(pool.standing.addressesShutOut == 0)
    }

    @Test func `past the limit a request waits its turn, and no longer than it may`() throws {
        let slow = try ScriptedUpstream([[.awaitText("\r\n\r\n"), .awaitText("never")]])
        let trial = try RelayTrial()
        let pool = trial.pool(slow) {
            $0.maxRequests = 1
            $0.waitSeconds = 0.5
        }
        trial.begin(on: pool)
        let second = trial.another()
        second.run(on: pool)
        #expect(second.outcome == "overloaded")
        #expect(pool.standing.counts.queued == 1 && pool.standing.counts.queueRefusals == 1)
        trial.cancel()
    }

    @Test func `past what may wait, a request is refused at once`() throws {
        let slow = try ScriptedUpstream([[.awaitText("\r\n\r\n"), .awaitText("never")]])
        let trial = try RelayTrial()
        let pool = trial.pool(slow) {
            $0.maxRequestsPerAddress = 1
            $0.maxWaiting = 0
        }
        trial.begin(on: pool)
        let second = trial.another()
        second.begin(on: pool)
        #expect(second.outcome == "overloaded")
        trial.cancel()
    }

    @Test func `what waits goes on when another ends`() throws {
        let upstream = try ScriptedUpstream([Self.serve(2)])
        let trial = try RelayTrial()
        let pool = trial.pool(upstream) { $0.maxRequests = 1 }
        let second = trial.another()
        trial.begin(on: pool)
        second.begin(on: pool)
        #expect(pool.standing.requestsWaiting == 1)
        trial.loop.run()
        if second.outcome.isEmpty { trial.loop.run() }
        #expect(trial.outcome == "200" && second.outcome == "200")
    }

    @Test func `other addresses take over, and connections to those that stay are kept`() throws {
        let first = try ScriptedUpstream([Self.serve(2)])
        let second = try ScriptedUpstream([Self.serve])
        let trial = try RelayTrial()
        let pool = trial.pool(of: [first])
        trial.run(on: pool)
        #expect(trial.pool(of: [first, second]) === pool)
        trial.run(on: pool)
        trial.run(on: pool)
        #expect(first.received.count == 1 && second.received.count == 1)
        #expect(trial.pool(of: [second]) === pool)
        #expect(pool.standing.openConnections == 1)
    }

    @Test func `an address whose checks fail gets no requests until one succeeds`() throws {
        let unwell = "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"
        let upstream = try ScriptedUpstream([
            [
                .awaitText("GET /up"), .send(unwell), .awaitText("GET /up", times: 2), .send(unwell),
                .awaitText("GET /up", times: 3), .send(Self.ok),
            ], Self.serve, Self.serve, Self.serve,
        ])
        let trial = try RelayTrial()
        let pool = trial.pool(upstream) {
            var policy = HealthCheckPolicy(path: "/up")
            policy.everySeconds = 0.1
            policy.failures = 2
            $0.healthCheck = policy
        }
        trial.turn(until: { pool.standing.addressesShutOut == 1 })
        trial.run(on: pool)
        #expect(trial.outcome == "unreachable")
        trial.turn(until: { pool.standing.addressesShutOut == 0 })
        trial.run(on: pool)
        #expect(trial.outcome == "200")
        #expect(pool.standing.counts.healthCheckFailures == 2)
    }

    // MARK: Clients that don't read

    private static let long =
        "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + String(repeating: "x", count: 1_000_000)

    /// Begins a request whose client reads nothing, and waits until its response does wait.
    private func stall(_ trial: RelayTrial, on pool: UpstreamPool, loop: RelayTrial) {
        trial.reads = false
        trial.begin(on: pool)
        loop.turn(until: { trial.exchange.wantsDrain })
    }

    @Test func `a response that nobody reads makes room for one that is read`() throws {
        let upstream = try ScriptedUpstream([[.awaitText("\r\n\r\n"), .send(Self.long)], Self.serve])
        let trial = try RelayTrial()
        let pool = trial.pool(upstream) {
            $0.maxConnections = 1
            $0.patienceSeconds = 0.1
        }
        stall(trial, on: pool, loop: trial)
        let second = trial.another()
        second.run(on: pool)
        if second.outcome.isEmpty { trial.loop.run() }
        #expect(second.outcome == "200")
        #expect(trial.outcome == "aborted")
        #expect(pool.standing.counts.takenBack == 1 && pool.standing.requestsUnderWay == 0)
    }

    @Test func `one that is read, however slowly, keeps its connection`() throws {
        let upstream = try ScriptedUpstream([[.awaitText("\r\n\r\n"), .send(Self.long)]])
        let trial = try RelayTrial()
        let pool = trial.pool(upstream) {
            $0.maxConnections = 1
            $0.patienceSeconds = 0.6
            $0.waitSeconds = 1.5
        }
        stall(trial, on: pool, loop: trial)
        let second = trial.another()
        second.begin(on: pool)
        trial.turn(until: {
            trial.exchange.responseBodySent += 1000
            return !second.outcome.isEmpty
        })
        #expect(second.outcome == "overloaded")
        #expect(trial.outcome.isEmpty && pool.standing.counts.takenBack == 0)
        trial.cancel()
    }

    @Test func `no more are taken back than wait, and the one that has stalled longest is the first`() throws {
        let silent: [ScriptedUpstream.Step] = [.awaitText("\r\n\r\n"), .send(Self.long)]
        let (first, second) = (try ScriptedUpstream([silent, Self.serve]), try ScriptedUpstream([silent]))
        let trial = try RelayTrial()
        let pool = trial.pool(of: [first, second]) {
            $0.maxConnections = 2
            $0.patienceSeconds = 0.1
        }
        let other = trial.another()
        stall(trial, on: pool, loop: trial)
        stall(other, on: pool, loop: trial)
        let third = trial.another()
        third.run(on: pool)
        if third.outcome.isEmpty { trial.loop.run() }
        #expect(third.outcome == "200")
        #expect(trial.outcome == "aborted" && other.outcome.isEmpty)
        #expect(pool.standing.counts.takenBack == 1)
        other.cancel()
    }

    // MARK: Fairness

    @Test func `the last of the room is left to clients that ask for little`() throws {
        let upstream = try ScriptedUpstream([[.awaitText("never")]])
        let trial = try RelayTrial()
        let pool = trial.pool(upstream) { $0.maxRequests = 16 }
        let heavy = (0..<15).map { _ in trial.another() }
        for one in heavy {
            one.requestsUnderWay = 100
            one.begin(on: pool)
        }
        // An eighth of 16 is 2.
        #expect(pool.standing.requestsUnderWay == 14 && pool.standing.requestsWaiting == 1)
        let light = (0..<3).map { _ in trial.another() }
        for one in light { one.begin(on: pool) }
        #expect(pool.standing.requestsUnderWay == 16 && pool.standing.requestsWaiting == 2)
        for one in heavy + light { one.cancel() }
        #expect(pool.standing.requestsUnderWay == 0 && pool.standing.requestsWaiting == 0)
    }

    @Test func `of those that wait, clients that ask for little go first`() throws {
        let upstream = try ScriptedUpstream([Self.serve(3)])
        let trial = try RelayTrial()
        let pool = trial.pool(upstream) { $0.maxRequests = 1 }
        let (heavy, light) = (trial.another(), trial.another())
        heavy.requestsUnderWay = 100
        trial.begin(on: pool)
        heavy.begin("DELETE", on: pool)
        light.begin("OPTIONS", on: pool)
        // Each end stops the loop.
        for _ in 0..<6 where heavy.outcome.isEmpty || light.outcome.isEmpty { trial.loop.run() }
        let text = upstream.received[0]
        let (second, third) = (text.range(of: "OPTIONS /"), text.range(of: "DELETE /"))
        #expect(try #require(second).lowerBound < (try #require(third)).lowerBound)
    }

    @Test func `where too many wait, it is the client that asks for much that is refused`() throws {
        let upstream = try ScriptedUpstream([[.awaitText("never")]])
        let trial = try RelayTrial()
        let pool = trial.pool(upstream) {
            $0.maxRequests = 1
            $0.maxWaiting = 1
        }
        let (heavy, light, another) = (trial.another(), trial.another(), trial.another())
        heavy.requestsUnderWay = 100
        another.requestsUnderWay = 100
        trial.begin(on: pool)
        heavy.begin(on: pool)
        light.begin(on: pool)
        another.begin(on: pool)
        #expect(heavy.outcome == "overloaded" && another.outcome == "overloaded" && light.outcome.isEmpty)
        light.cancel()
        trial.cancel()
    }

    // MARK: Clients that go

    @Test func `a connection whose client goes before it is made serves the next`() throws {
        let upstream = try ScriptedUpstream([Self.serve])
        let trial = try RelayTrial()
        let pool = trial.pool(upstream)
        for _ in 0..<3 {
            trial.begin(on: pool)
            trial.cancel()
        }
        #expect(pool.standing.counts.connections == 1 && pool.standing.requestsUnderWay == 0)
        trial.run(on: pool)
        #expect(trial.outcome == "200")
        #expect(pool.standing.counts.connections == 1)
    }

    @Test func `a connection that nobody comes for waits among the others`() throws {
        let upstream = try ScriptedUpstream([Self.serve])
        let trial = try RelayTrial()
        let pool = trial.pool(upstream)
        trial.begin(on: pool)
        trial.cancel()
        trial.pause()
        #expect(pool.standing.openConnections == 1)
        trial.run("POST", on: pool)
        #expect(trial.outcome == "200" && pool.standing.counts.connections == 1)
    }

    @Test func `a request that goes before anything of it was sent leaves its connection as it was`() throws {
        let upstream = try ScriptedUpstream([Self.serve(2)])
        let trial = try RelayTrial()
        let pool = trial.pool(upstream)
        trial.run(on: pool)
        trial.begin("DELETE", on: pool)
        trial.cancel()
        trial.run(on: pool)
        #expect(trial.outcome == "200" && pool.standing.counts.connections == 1)
        #expect(!upstream.received[0].contains("DELETE"))
    }
}
