import EventLoop
import Foundation
import HTTPUpstream
import Testing

@Suite("Responses whose clients have gone") struct AbandonedResponseTests {
    private static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    /// An upstream that answers the first request when `gate` lets it, and then a PUT; and a pool of connections to it.
    private struct Scene {
        let gate = DispatchSemaphore(value: 0)
        let trial: RelayTrial
        let upstream: ScriptedUpstream
        let pool: UpstreamPool

        init(_ answer: String = ok, _ change: (inout UpstreamTarget) -> Void = { _ in }) throws {
            let serve: [ScriptedUpstream.Step] = [.awaitText("PUT / ", times: 1), .send(ok)]
            upstream = try ScriptedUpstream([[.awaitText("\r\n\r\n"), .hold(gate), .send(answer)] + serve, serve])
            trial = try RelayTrial()
            pool = trial.pool(upstream) {
                $0.remainderSeconds = 60
                change(&$0)
            }
        }

        /// Waits until the upstream has the request, whose client then goes.
        func abandon(method: String = "GET") {
            trial.begin(method, on: pool)
            trial.turn(until: { upstream.received.first?.hasSuffix("\r\n\r\n") ?? false })
            trial.cancel()
        }
    }

    @Test(
        "A short response is read for nobody, and its connection serves the next request",
        arguments: [
            ok, "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 103 Early Hints\r\n\r\n" + ok,
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-trailer: t\r\n\r\n",
        ])
    func short(_ answer: String) throws {
        let scene = try Scene(answer)
        scene.abandon()
        #expect(scene.pool.standing.requestsUnderWay == 1, "the upstream still works for it")
        scene.gate.signal()
        scene.trial.turn(until: { scene.pool.standing.requestsUnderWay == 0 })
        scene.trial.run("PUT", on: scene.pool)
        #expect(scene.trial.outcome == "200")
        #expect(scene.pool.standing.counts.connections == 1)
    }

    @Test("A response to HEAD has no body to read")
    func head() throws {
        let scene = try Scene("HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n")
        scene.abandon(method: "HEAD")
        scene.gate.signal()
        scene.trial.turn(until: { scene.pool.standing.requestsUnderWay == 0 })
        scene.trial.run("PUT", on: scene.pool)
        #expect(scene.trial.outcome == "200" && scene.pool.standing.counts.connections == 1)
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
        let scene = try Scene(answer)
        scene.abandon()
        scene.gate.signal()
        scene.trial.turn(until: { scene.pool.standing.openConnections == 0 })
        #expect(scene.pool.standing.openConnections == 0 && scene.pool.standing.requestsUnderWay == 0)
        scene.trial.run("PUT", on: scene.pool)
        #expect(scene.trial.outcome == "200" && scene.pool.standing.counts.connections == 2)
    }

    @Test("One that doesn't come is waited for a moment only")
    func late() throws {
        let scene = try Scene { $0.remainderSeconds = 0.2 }
        scene.abandon()
        scene.trial.turn(until: { scene.pool.standing.openConnections == 0 })
        #expect(scene.pool.standing.requestsUnderWay == 0 && scene.pool.standing.openConnections == 0)
        #expect(scene.pool.standing.counts.timeouts == 0, "that is no failure of the upstream's")
        scene.gate.signal()
    }

    @Test("A request whose body is on its way closes its connection at once")
    func unfinished() throws {
        let scene = try Scene()
        scene.trial.begin("POST", on: scene.pool, body: "x", isWhole: false)
        scene.trial.turn(until: { !(scene.upstream.received.first ?? "").isEmpty })
        scene.trial.cancel()
        #expect(scene.pool.standing.openConnections == 0 && scene.pool.standing.requestsUnderWay == 0)
        scene.gate.signal()
    }

    @Test("Who asks for one thing gets the place at once; so does anyone where nobody may wait", arguments: [1, 200])
    func needed(requests: Int) throws {
        let scene = try Scene {
            $0.maxRequests = 1
            if requests > 1 { $0.maxWaiting = 0 }
        }
        scene.abandon()
        let second = scene.trial.another()
        second.requestsUnderWay = requests
        second.begin("PUT", on: scene.pool)
        #expect(scene.pool.standing.requestsUnderWay == 1 && scene.pool.standing.requestsWaiting == 0)
        scene.gate.signal()
        scene.trial.loop.run()
        #expect(second.outcome == "200" && scene.pool.standing.counts.connections == 2)
    }

    @Test("Who asks for much waits until the response has come")
    func heavy() throws {
        let scene = try Scene { $0.maxRequests = 1 }
        scene.abandon()
        let second = scene.trial.another()
        second.requestsUnderWay = 1 << 20
        second.begin("PUT", on: scene.pool)
        #expect(scene.pool.standing.requestsWaiting == 1)
        scene.gate.signal()
        scene.trial.loop.run()
        #expect(second.outcome == "200" && scene.pool.standing.counts.connections == 1)
    }
}
