import HTTP2Engine
import HTTPMessages
import Testing

@testable import HTTPServer

@Suite struct HTTP1ServerSessionTests {
    private let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    @Test(arguments: [Int.max, 7, 1])
    func `pipelined requests are answered one after the other however they are cut`(chunk: Int) {
        let talk = HTTP1Talk()
        talk.answer = { talk.respond($0, 200, $0.request.target.string) }
        talk.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n", chunk: chunk)
        talk.send("POST /3 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", chunk: chunk)
        let output = talk.output()
        #expect(output.components(separator: "HTTP/1.1 200 OK").count == 4)
        #expect(output.contains("\r\n\r\n/1HTTP"))
        #expect(output.hasSuffix("/3"))
        #expect(talk.told.filter { $0 == "closed" }.count == 3)
        #expect(String(decoding: talk.body, as: UTF8.self) == "abc")
    }

    @Test func `a second request waits unread while the first is being answered`() {
        let talk = HTTP1Talk()
        talk.send(get + get)
        #expect(talk.told == ["GET /"])
        talk.respond(talk.current!, 200, "one")
        _ = talk.output()
        #expect(talk.told == ["GET /", "closed", "GET /"])
    }

    @Test func `more than a head's worth of requests isn't read ahead`() {
        let talk = HTTP1Talk()
        talk.send(get + String(repeating: get, count: 2000))
        #expect(!talk.session.wantsToReceive)
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\nHost: a\n\n",
        "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", "GET /\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
    ])
    func `a request that two readers could read differently is the connection's last`(text: String) {
        let talk = HTTP1Talk()
        talk.answer = { talk.respond($0, 400) }
        talk.send(text + get)
        #expect(talk.told.first?.hasSuffix("malformed") == true)
        #expect(talk.output().contains("connection: close\r\n"))
        #expect(talk.told == [talk.told[0], "closed"])
        #expect(talk.session.isFinished)
    }

    @Test func `a chunk that can't be read ends the connection without a look at what follows`() {
        let talk = HTTP1Talk()
        talk.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nZ\r\n" + get)
        #expect(talk.told == ["POST /", "closed"])
        #expect(talk.session.isFinished)
    }

    @Test func `an answer before the request's end closes the connection afterwards`() {
        let talk = HTTP1Talk()
        talk.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab")
        talk.respond(talk.current!, 413, "no", ends: false)
        #expect(talk.output().contains("connection: close\r\n"))
        // The rest of the body arrives before the response's end: what was announced holds.
        talk.send("cde")
        talk.current!.responseEnded = true
        _ = talk.output()
        #expect(talk.session.isFinished)
    }

    @Test func `a body beyond the limit is told once and answered`() {
        var limits = HTTP2Limits()
        limits.bodyBytes = 3
        let talk = HTTP1Talk(limits: limits)
        talk.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        talk.send("4\r\nabcd\r\n4\r\nabcd\r\n")
        #expect(talk.told == ["POST /", "too large"])
        talk.respond(talk.current!, 413)
        #expect(talk.output().hasPrefix("HTTP/1.1 413"))
        #expect(talk.session.isFinished)
    }

    @Test func `a declared length beyond the limit is refused before the body comes`() {
        var limits = HTTP2Limits()
        limits.bodyBytes = 3
        let talk = HTTP1Talk(limits: limits)
        talk.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n")
        #expect(talk.told == ["POST / bodyTooLarge"])
    }

    @Test func `reading stops while nobody passes the body on`() {
        let talk = HTTP1Talk()
        talk.givesCredit = false
        talk.send(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n" + String(repeating: "x", count: 200_000))
        #expect(!talk.session.wantsToReceive)
        talk.session.consumed(talk.current!, 200_000)
        #expect(talk.session.wantsToReceive)
    }

    @Test(arguments: [("GET", 204), ("GET", 304), ("HEAD", 200)])
    func `what has no body is sent without one`(method: String, status: Int) {
        let talk = HTTP1Talk()
        talk.send("\(method) / HTTP/1.1\r\nHost: a\r\n\r\n")
        talk.respond(talk.current!, status, "must not be seen")
        let output = talk.output()
        #expect(output.hasSuffix("\r\n\r\n"))
        #expect(!output.contains("transfer-encoding"))
        #expect(!talk.session.isFinished)
    }

    @Test func `a body of unknown length is chunked`() {
        let talk = HTTP1Talk()
        talk.send(get)
        talk.respond(talk.current!, 200, "abc", ends: false)
        #expect(talk.output().hasSuffix("transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n"))
        talk.current!.responseTrailers.append("x-t", "1")
        talk.current!.responseTrailers.append("content-length", "9")
        talk.current!.responseEnded = true
        #expect(talk.output() == "0\r\nx-t: 1\r\n\r\n")
    }

    @Test(
        arguments: [(false, nil, false), (false, 9, false), (true, nil, true), (true, 9, false)] as [(Bool, Int?, Bool)]
    )
    func `a response that breaks off never ends like a whole one`(isOld: Bool, length: Int?, endsAbruptly: Bool) {
        let talk = HTTP1Talk()
        talk.send("GET / HTTP/1.\(isOld ? 0 : 1)\r\nHost: a\r\n\r\n")
        talk.respond(talk.current!, 200, "half", length: length, ends: false)
        let output = talk.output()
        talk.session.reset(talk.current!)
        #expect(!(output + talk.output()).hasSuffix("0\r\n\r\n"))
        #expect(talk.session.isFinished)
        #expect(talk.session.endsAbruptly == endsAbruptly)
    }

    @Test func `interim responses reach only clients that know them`() {
        for (version, expected) in [("1.1", true), ("1.0", false)] {
            let talk = HTTP1Talk()
            talk.send("GET / HTTP/\(version)\r\nHost: a\r\n\r\n")
            talk.session.sendInformational(talk.current!, status: 103, fields: HeaderBlock())
            #expect(talk.output().hasPrefix("HTTP/1.1 103") == expected)
        }
    }

    @Test func `draining ends an idle connection at the second word and a busy one after its response`() {
        let idle = HTTP1Talk()
        idle.session.drain()
        #expect(!idle.session.isFinished, "its next request may be on its way")
        idle.session.drain()
        #expect(idle.session.isFinished)
        let quick = HTTP1Talk()
        quick.session.drain()
        quick.send(get)
        quick.respond(quick.current!, 200, "x")
        #expect(quick.output().contains("connection: close\r\n"))
        #expect(quick.session.isFinished)
        let busy = HTTP1Talk()
        busy.send(get)
        busy.session.drain()
        #expect(!busy.session.isFinished)
        busy.respond(busy.current!, 200, "x")
        #expect(busy.output().contains("connection: close\r\n"))
        #expect(busy.session.isFinished)
    }

    @Test func `the first head is owed from the beginning, others from their first byte to their last`() {
        let talk = HTTP1Talk()
        let first = talk.session.openHead
        #expect(first != 0)
        talk.send("GET / HT")
        #expect(talk.session.openHead == first)
        talk.send("TP/1.1\r\nHost: a\r\n\r\n")
        #expect(talk.session.openHead == 0)
        talk.respond(talk.current!, 200, "x")
        _ = talk.output()
        #expect(talk.session.openHead == 0)
        talk.send("GET / HT")
        #expect(talk.session.openHead != 0)
        #expect(talk.session.openHead != first)
    }
}

extension String {
    fileprivate func components(separator: String) -> [Substring] {
        var parts: [Substring] = []
        var rest = self[...]
        while let found = rest.firstRange(of: separator) {
            parts.append(rest[..<found.lowerBound])
            rest = rest[found.upperBound...]
        }
        return parts + [rest]
    }
}
