import CNGHTTP2
import HTTPMessages
import Testing

@testable import HTTP2Engine

/// What clients send that costs the server more than them, and what honest ones send that looks like it.
@Suite struct HostileClientTests {
    private static let calm = NGHTTP2_ENHANCE_YOUR_CALM.rawValue

    /// A conversation past its greetings, with a request on stream 1 whose body hasn't ended.
    private static func begun() throws -> Conversation {
        let talk = try #require(Conversation())
        talk.client.request(HTTP2Client.fields("POST"), body: [])
        talk.givesCredit = true
        talk.run()
        return talk
    }

    private static func goAway(_ talk: Conversation) -> UInt32? {
        talk.client.input(talk.collect())
        return talk.client.goAway
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 { bytes.reduce(0) { $0 << 8 | UInt32($1) } }

    private static func frames(_ bytes: [UInt8]) -> [(type: UInt8, stream: UInt32, payload: ArraySlice<UInt8>)] {
        var found: [(type: UInt8, stream: UInt32, payload: ArraySlice<UInt8>)] = []
        var rest = bytes[...]
        while rest.count >= 9 {
            let head = rest.prefix(9)
            let payload = rest.dropFirst(9).prefix(Int(number(head.prefix(3))))
            found.append((head[head.startIndex + 3], number(head.suffix(4)), payload))
            rest = rest.dropFirst(9 + payload.count)
        }
        return found
    }

    /// The codes of RST_STREAM frames, by stream.
    private static func resets(_ bytes: [UInt8]) -> [UInt32: UInt32] {
        frames(bytes).filter { $0.type == 3 }.reduce(into: [:]) { $0[$1.stream] = number($1.payload) }
    }

    private static let head: [UInt8] = [0x83, 0x87, 0x84, 0x41, 1, 0x61]

    @Test(arguments: [true, false])
    func `a stream too many is refused, whether or not its client has been told, and all others go on`(
        isTold: Bool
    ) throws {
        let talk = try #require(Conversation())
        if isTold { talk.run() } else { talk.send(talk.client.output()) }
        let limit = UInt32(HTTP2Limits().concurrentStreams)
        for number in 0...limit { talk.send(frame(1, flags: 5, stream: 2 * number + 1, Self.head)) }
        #expect(Self.resets(talk.collect()) == [2 * limit + 1: NGHTTP2_REFUSED_STREAM.rawValue])
        #expect(talk.goesOn && talk.open.count == Int(limit))
        talk.respond(try #require(talk.open[1]))
        _ = talk.collect()
        talk.send(frame(1, flags: 5, stream: 2 * limit + 3, Self.head))
        #expect(Self.resets(talk.collect()).isEmpty)
        #expect(talk.goesOn && talk.open[Int32(2 * limit + 3)] != nil)
    }

    @Test func `what is sent on a refused stream doesn't use up the connection's window`() throws {
        let talk = try #require(Conversation())
        talk.run()
        let limit = UInt32(HTTP2Limits().concurrentStreams)
        for number in 0..<limit { talk.send(frame(1, flags: 4, stream: 2 * number + 1, Self.head)) }
        let data = [UInt8](repeating: 1, count: 16_000)
        // More than the window of a mebibyte.
        for number in limit..<limit + 20 {
            talk.send(frame(1, flags: 4, stream: 2 * number + 1, Self.head))
            for _ in 0..<4 { talk.send(frame(0, stream: 2 * number + 1, data)) }
            #expect(Self.resets(talk.collect()) == [2 * number + 1: NGHTTP2_REFUSED_STREAM.rawValue])
        }
        #expect(talk.goesOn && talk.open.count == Int(limit))
    }

    @Test func `streams too many are a flood in the end`() throws {
        let talk = try #require(Conversation())
        talk.run()
        var number: UInt32 = 0
        while talk.goesOn, number < 1000 {
            talk.send(frame(1, flags: 5, stream: 2 * number + 1, Self.head))
            number += 1
        }
        #expect(!talk.goesOn && number < 128 + 64)
        #expect(talk.open.count == 128)
        let goodbye = Self.frames(talk.collect()).last { $0.type == 7 }
        #expect(goodbye.map { Self.number($0.payload.dropFirst(4).prefix(4)) } == Self.calm)
    }

    @Test(arguments: [
        ("PING", frame(6, stream: 0, [UInt8](repeating: 0, count: 8))), ("SETTINGS", frame(4, stream: 0)),
        ("PRIORITY", frame(2, stream: 9, [0, 0, 0, 0, 16])),
        ("PRIORITY_UPDATE", frame(16, stream: 0, [0, 0, 0, 1, 117])),
        ("unknown", frame(0xBE, stream: 0)), ("WINDOW_UPDATE", frame(8, stream: 0, [0, 0, 0, 1])),
        ("RST_STREAM", frame(3, stream: 1, [0, 0, 0, 8])),
        ("GOAWAY", frame(7, stream: 0, [UInt8](repeating: 0, count: 8))),
    ])
    func `a flood of one frame ends in ENHANCE_YOUR_CALM`(name: String, unit: [UInt8]) throws {
        let talk = try Self.begun()
        var sent = 0
        while talk.goesOn, sent < 10_000 {
            talk.send(unit)
            _ = talk.collect()
            sent += 1
        }
        #expect(!talk.goesOn)
        #expect(sent <= HTTP2Limits().frameBudget)
    }

    @Test func `who is sent away is told why, and nothing more of it is read`() throws {
        let talk = try Self.begun()
        talk.send((0..<3000).flatMap { _ in frame(0xBE, stream: 0) })
        #expect(!talk.goesOn)
        #expect(Self.goAway(talk) == Self.calm)
        let told = talk.told
        talk.send(frame(1, flags: 5, stream: 11, [0x82, 0x87, 0x84]))
        #expect(talk.told == told)
    }

    @Test func `requests that are reset at once run out of budget before 200, and nobody hears of them`() throws {
        let talk = try #require(Conversation())
        var heard = 0
        talk.answer = { if !$0.isGone { heard += 1 } }
        talk.run()
        var stream: UInt32 = 1
        while talk.goesOn, stream < 2000 {
            talk.send(
                frame(1, flags: 5, stream: stream, [0x82, 0x87, 0x84, 0x41, 1, 0x61])
                    + frame(3, stream: stream, [0, 0, 0, 8]))
            _ = talk.collect()
            stream += 2
        }
        #expect(!talk.goesOn)
        #expect(stream < 400)
        #expect(heard == 0)
    }

    @Test func `requests that the server is made to reset run out as well`() throws {
        let talk = try #require(Conversation())
        talk.run()
        var stream: UInt32 = 1
        while talk.goesOn, stream < 2000 {
            talk.send(frame(1, flags: 5, stream: stream, [0x82, 0x87, 0x84, 0x41, 1, 0x61]))
            talk.send(frame(8, stream: stream, [0x7F, 0xFF, 0xFF, 0xFF]))
            _ = talk.collect()
            stream += 2
        }
        #expect(!talk.goesOn)
        #expect(stream < 500)
    }

    @Test func `a header section may have as many CONTINUATION frames as allowed, and not one more`() throws {
        for more in [0, 1] {
            let talk = try #require(Conversation())
            talk.run()
            talk.send(frame(1, flags: 1, stream: 1, [0x82, 0x87, 0x84, 0x41, 1, 0x61]))
            for index in 1...HTTP2Limits().continuations + more {
                talk.send(frame(9, flags: index == HTTP2Limits().continuations + more ? 4 : 0, stream: 1))
            }
            #expect(talk.goesOn == (more == 0))
            #expect(talk.open.count == 1 - more)
            #expect(Self.goAway(talk) == (more == 0 ? nil : Self.calm))
        }
    }

    @Test func `a list past the limit is answered, one of many times the limit ends the connection`() throws {
        // x-a: 3,900 bytes, put into the table; each index of it stands for 3,935.
        let entry: [UInt8] = [0x40, 3, 0x78, 0x2D, 0x61, 0x7F, 0xBD, 0x1D] + [UInt8](repeating: 0x61, count: 3900)
        for (indices, goesOn) in [(6, true), (9, true), (40, false)] {
            let talk = try #require(Conversation())
            talk.run()
            talk.send(frame(1, flags: 5, stream: 1, [0x82, 0x87, 0x84, 0x41, 1, 0x61] + entry))
            talk.send(
                frame(
                    1, flags: 5, stream: 3,
                    [0x82, 0x87, 0x84, 0x41, 1, 0x61] + [UInt8](repeating: 0xBF, count: indices)))
            #expect(talk.goesOn == goesOn)
            #expect(talk.open[3]?.fault == (indices == 6 ? RequestFault.none : indices == 9 ? .headersTooLarge : nil))
        }
    }

    @Test func `settings that are never acknowledged end the connection, those that are don't`() throws {
        for acknowledges in [true, false] {
            let talk = try #require(Conversation())
            talk.send(talk.client.output())
            if acknowledges { talk.run() }
            for _ in 0..<HTTP2Limits().settingsSeconds { talk.server.secondPassed() }
            #expect(Self.goAway(talk) == nil)
            talk.server.secondPassed()
            #expect(Self.goAway(talk) == (acknowledges ? nil : NGHTTP2_SETTINGS_TIMEOUT.rawValue))
        }
    }

    @Test func `what is owed is told apart: greetings, header sections, frames`() throws {
        let talk = try #require(Conversation())
        #expect(talk.server.openHead != 0)
        let greeting = talk.client.output()
        talk.send(Array(greeting.prefix(24)))
        #expect(talk.server.openHead != 0)
        talk.send(Array(greeting.dropFirst(24)))
        #expect(talk.server.openHead == 0)
        talk.run()
        talk.send(frame(1, flags: 1, stream: 1, [0x82, 0x87, 0x84, 0x41, 1, 0x61]))
        let section = talk.server.openHead
        #expect(section != 0)
        talk.send(frame(9, stream: 1))
        #expect(talk.server.openHead == section)
        talk.send(frame(9, flags: 4, stream: 1))
        #expect(talk.server.openHead == 0)
        talk.send(Array(frame(6, stream: 0, [UInt8](repeating: 0, count: 8)).prefix(12)))
        #expect(talk.server.openHead != 0)
        #expect(talk.server.openHead != section)
        #expect(talk.server.isWithinMessage)
    }

    // MARK: Honest clients

    @Test func `a page left with 128 requests under way, again and again with time to breathe, is no flood`() throws {
        let talk = try #require(Conversation())
        for _ in 0..<5 {
            let streams = (0..<128).map { _ in talk.client.request(HTTP2Client.fields()) }
            talk.run()
            for stream in streams { talk.client.reset(stream) }
            talk.run()
            for _ in 0..<30 { talk.server.secondPassed() }
        }
        #expect(talk.goesOn)
        #expect(Self.goAway(talk) == nil)
    }

    @Test func `a download whose client raises both windows for each kilobyte goes on`() throws {
        let talk = try #require(Conversation())
        talk.answer = { talk.respond($0, body: [UInt8](repeating: 1, count: 4 << 20)) }
        let stream = UInt32(talk.client.request(HTTP2Client.fields()))
        talk.send(talk.client.output())
        var received = 0
        while received < 4 << 20, talk.goesOn {
            let frames = talk.collect()
            guard frames.count > 9 else { break }
            received += frames.count - frames.count / 16_393 * 9
            for _ in 0..<frames.count / 1024 {
                talk.send(frame(8, stream: stream, [0, 0, 4, 0]) + frame(8, stream: 0, [0, 0, 4, 0]))
            }
        }
        #expect(talk.goesOn)
        #expect(received > 3 << 20)
        #expect(Self.goAway(talk) == nil)
    }

    @Test(arguments: [5, 20, 200])
    func `a stream of messages, each in a DATA frame of its own, goes on`(length: Int) throws {
        let talk = try Self.begun()
        for _ in 0..<20_000 { talk.send(frame(0, stream: 1, [UInt8](repeating: 0, count: length))) }
        _ = talk.collect()
        #expect(talk.goesOn)
    }

    @Test func `a PING each second for an hour goes on`() throws {
        let talk = try Self.begun()
        for _ in 0..<3600 {
            talk.send(frame(6, stream: 0, [UInt8](repeating: 0, count: 8)))
            _ = talk.collect()
            talk.server.secondPassed()
        }
        #expect(talk.goesOn)
    }

    @Test func `thousands of requests with 90 cookie crumbs and 15 fields are served on one connection`() throws {
        let talk = try #require(Conversation())
        talk.answer = { talk.respond($0, body: Array("x".utf8)) }
        let more =
            (0..<90).map { ("cookie", "c\($0)=\(String(repeating: "v", count: 20))") }
            + (0..<15).map { ("x-field-\($0)", "value \($0)") }
        for _ in 0..<2000 {
            let stream = talk.client.request(HTTP2Client.fields("GET", "/", more))
            talk.run()
            #expect(talk.client.responses[stream]?.status == 200)
        }
    }
}
