import EventLoop
import Foundation
import HTTPUpstream
import Testing

@Suite("Responses whose clients have gone") struct AbandonedResponseTests {
    private static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    /// Waits until the upstream has the request, whose client then goes.
    private func abandon(
        _ trial: RelayTrial, _ upstream: ScriptedUpstream, on pool: UpstreamPool, method: String = "GET"
    ) {
        trial.begin(method, on: pool)
        trial.turn(until: { upstream.received.first?.hasSuffix("\r\n\r\n") ?? false })
        trial.cancel()
    }

    private func upstream(_ answer: String, _ gate: DispatchSemaphore) throws -> ScriptedUpstream {
        let serve: [ScriptedUpstream.Step] = [.awaitText("PUT / ", times: 1), .send(Self.ok)]
        return try ScriptedUpstream([[.awaitText("\r\n\r\n"), .hold(gate), .send(answer)] + serve, serve])
    }

    @Test(
        "A short response is read for nobody, and its connection serves the next request",
        arguments: [
            ok, "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 103 Early Hints\r\n\r\n" + ok,
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-trailer: t\r\n\r\n",
        ])
    func short(_ answer: String) throws {
        let gate = DispatchSemaphore(value: 0)
        let upstream = try upstream(answer, gate)
        let trial = try RelayTrial()
        let pool = trial.pool(upstream) { $0.remainderSeconds = 60 }
        abandon(trial, upstream, on: pool)
        #expect(pool.standing.requestsUnderWay == 1, "the upstream still works for it")
        gate.signal()
        trial.turn(until: { pool.standing.requestsUnderWay == 0 })
        trial.run("PUT", on: pool)
        #expect(trial.outcome == "200")
        #expect(pool.standing.counts.connections == 1)
    }

    @Test("A response to HEAD has no body to read")
    func head() throws {
        let gate = DispatchSemaphore(value: 0)
        let upstream = try upstream("HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n", gate)
        let trial = try RelayTrial()
        let pool = trial.pool(upstream) { $0.remainderSeconds = 60 }
        abandon(trial, upstream, on: pool, method: "HEAD")
        gate.signal()
        trial.turn(until: { pool.standing.requestsUnderWay == 0 })
        trial.run("PUT", on: pool)
        #expect(trial.outcome == "200" && pool.standing.counts.connections == 1)
    }

    @Test(
        "One that is long, has no end, or ends its connection closes it",
        arguments: [
            "HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\nuntil the end",
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", ok + "more",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10001\r\n", "nonsense\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                + String(repeating: "8000\r\n" + String(repeating: "x", count: 0x8000) + "\r\n", count: 3),
        ])
    func closed(_ answer: String) throws {
        let gate = DispatchSemaphore(value: 0)
        let upstream = try upstream(answer, gate)
        let trial = try RelayTrial()
        let pool = trial.pool(upstream) { $0.remainderSeconds = 60 }
        abandon(trial, upstream, on: pool)
        gate.signal()
        trial.turn(until: { pool.standing.openConnections == 0 })
        #expect(pool.standing.openConnections == 0 && pool.standing.requestsUnderWay == 0)
        trial.run("PUT", on: pool)
        #expect(trial.outcome == "200" && pool.standing.counts.connections == 2)
    }

    @Test("One that doesn't come is waited for a moment only")
    func late() throws {
        let gate = DispatchSemaphore(value: 0)
        let upstream = try upstream(Self.ok, gate)
        let trial = try RelayTrial()
        let pool = trial.pool(upstream) { $0.remainderSeconds = 0.2 }
        abandon(trial, upstream, on: pool)
        trial.turn(until: { pool.standing.openConnections == 0 })
        #expect(pool.standing.requestsUnderWay == 0 && pool.standing.openConnections == 0)
        #expect(pool.standing.counts.timeouts == 0, "that is no failure of the upstream's")
        gate.signal()
    }

    @Test("A request whose body is on its way closes its connection at once")
    func unfinished() throws {
        let gate = DispatchSemaphore(value: 0)
        let upstream = try upstream(Self.ok, gate)
        let trial = try RelayTrial()
        let pool = trial.pool(upstream) { $0.remainderSeconds = 60 }
        trial.begin("POST", on: pool, body: "x", isWhole: false)
        trial.turn(until: { !(upstream.received.first ?? "").isEmpty })
        trial.cancel()
        #expect(pool.standing.openConnections == 0 && pool.standing.requestsUnderWay == 0)
        gate.signal()
    }

    @Test("Who asks for one thing gets the place at once; so does anyone where nobody may wait", arguments: [1, 200])
    func needed(requests: Int) throws {
        let gate = DispatchSemaphore(value: 0)
        let upstream = try upstream(Self.ok, gate)
        let trial = try RelayTrial()
        let pool = trial.pool(upstream) {
            $0.maxRequests = 1
            $0.remainderSeconds = 60
            if requests > 1 { $0.maxWaiting = 0 }
        }
        abandon(trial, upstream, on: pool)
        let second = trial.another()
        second.requestsUnderWay = requests
        second.begin("PUT", on: pool)
        #expect(pool.standing.requestsUnderWay == 1 && pool.standing.requestsWaiting == 0)
        gate.signal()
        trial.loop.run()
        #expect(second.outcome == "200" && pool.standing.counts.connections == 2)
    }

    @Test("Who asks for much waits until the response has come")
    func heavy() throws {
        let gate = DispatchSemaphore(value: 0)
        let upstream = try upstream(Self.ok, gate)
        let trial = try RelayTrial()
        let pool = trial.pool(upstream) {
            $0.maxRequests = 1
            $0.remainderSeconds = 60
        }
        abandon(trial, upstream, on: pool)
        let second = trial.another()
        second.requestsUnderWay = 1 << 20
        second.begin("PUT", on: pool)
        #expect(pool.standing.requestsWaiting == 1)
        gate.signal()
        trial.loop.run()
        #expect(second.outcome == "200" && pool.standing.counts.connections == 1)
    }
}
