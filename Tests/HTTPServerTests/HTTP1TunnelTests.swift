import HTTP2Engine
import HTTPMessages
import Testing

@testable import HTTPServer

@Suite("A request for a WebSocket over HTTP/1.1")
struct HTTP1TunnelTests {
    private let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    private let ask = "GET /live HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: WebSocket\r\n\r\n"

    private func talk(tunnels: Bool = true) -> HTTP1Talk {
        var limits = HTTP2Limits()
        limits.tunnels = tunnels
        return HTTP1Talk(limits: limits)
    }

    private func agree(_ talk: HTTP1Talk) throws {
        let exchange = try #require(talk.current)
        exchange.isTunnel = true
        exchange.response.fields.append("upgrade", "websocket")
        talk.respond(exchange, 101, ends: false)
    }

    @Test("leads to bytes both ways, whatever they look like", arguments: [Int.max, 3])
    func tunnel(chunk: Int) throws {
        let talk = talk()
        talk.send(ask + "early", chunk: chunk)
        #expect(talk.told == ["GET /live"] && talk.body.isEmpty)
        try agree(talk)
        #expect(talk.output() == "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n")
        talk.send(get, chunk: chunk)
        #expect(String(decoding: talk.body, as: UTF8.self) == "early" + get)
        talk.current?.responseBody.append("0\r\n\r\nHTTP/1.1 200 OK\r\n")
        #expect(talk.output() == "0\r\n\r\nHTTP/1.1 200 OK\r\n")
        #expect(talk.told == ["GET /live"])
    }

    @Test("is the connection's last where it is refused, and what follows it is nobody's")
    func refused() throws {
        let talk = talk()
        talk.send(ask + get)
        talk.respond(try #require(talk.current), 404, "no")
        #expect(talk.output().contains("connection: close\r\n"))
        #expect(talk.told == ["GET /live", "closed"])
        #expect(talk.session.isFinished && talk.body.isEmpty)
    }

    @Test(
        "is malformed with a body", arguments: ["Content-Length: 0", "Content-Length: 1", "Transfer-Encoding: chunked"])
    func body(field: String) {
        let talk = talk()
        talk.send(String(ask.dropLast()) + "\(field)\r\n\r\n")
        #expect(talk.told == ["GET /live malformed"])
    }

    @Test(
        "is a request like any other where there are no tunnels, or where it isn't quite one",
        arguments: [
            "POST /live HTTP/1.1\r\nContent-Length: 0\r\nConnection: upgrade\r\nUpgrade: websocket",
            "GET /live HTTP/1.0\r\nConnection: upgrade, keep-alive\r\nUpgrade: websocket",
            "GET /live HTTP/1.1\r\nUpgrade: websocket", "GET /live HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: h2c",
            "GET /live HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websockets",
        ])
    func others(head: String) throws {
        for talk in [talk(), self.talk(tunnels: false)] {
            talk.send(head + "\r\nHost: a\r\n\r\n")
            #expect(talk.current?.request.tunnel == TunnelRequest.none && talk.current?.requestEnded == true)
        }
        let without = talk(tunnels: false)
        without.send(ask)
        #expect(without.current?.request.tunnel == TunnelRequest.none && without.current?.requestEnded == true)
    }

    @Test("ends as its client ends it, with everything that came before")
    func ends() throws {
        let talk = talk()
        talk.send(ask)
        #expect(!talk.session.inputEnded())
        try agree(talk)
        _ = talk.output()
        talk.send("last")
        #expect(talk.session.inputEnded())
        _ = talk.output()
        #expect(talk.told == ["GET /live", "ended"] && !talk.session.wantsToReceive)
        talk.current?.responseBody.append("answer")
        talk.current?.responseEnded = true
        #expect(talk.output() == "answer")
        #expect(talk.told == ["GET /live", "ended", "closed"] && talk.session.isFinished)
        #expect(!talk.session.endsAbruptly)
    }

    @Test("is read only as far as what was read before has gone on")
    func credit() throws {
        let talk = talk()
        talk.givesCredit = false
        talk.send(ask)
        try agree(talk)
        _ = talk.output()
        talk.send(String(repeating: "x", count: HTTP2Limits().streamWindow))
        #expect(!talk.session.wantsToReceive)
        let exchange = try #require(talk.current)
        talk.session.consumed(exchange, 1)
        #expect(talk.session.wantsToReceive)
    }
}
