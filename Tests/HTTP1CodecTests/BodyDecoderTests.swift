import HTTP1Codec
import HTTPMessages
import Testing

@Suite struct BodyDecoderTests {
    @Test func `a sized body ends with its last byte and leaves the rest`() {
        let read = Reader().body("hello, and more", .length(5))
        #expect(read.data == Array("hello".utf8))
        #expect(read.ended)
        #expect(read.consumed == 5)
    }

    @Test func `a body of nothing has ended before it began`() {
        let read = Reader().body("GET /", .none)
        #expect(read == ReadBody(ended: true))
    }

    @Test func `a body until the close ends with it`() {
        #expect(Reader().body("abc", .untilClose) == ReadBody(data: Array("abc".utf8), consumed: 3))
        #expect(Reader().body("abc", .untilClose, closing: true).ended)
        #expect(Reader().body("", .untilClose, closing: true).ended)
    }

    @Test(arguments: [
        ("abc", BodyFraming.length(4)), ("", .length(1)), ("", .chunked), ("5", .chunked), ("5\r\nab", .chunked),
        ("2\r\nab", .chunked), ("2\r\nab\r\n", .chunked), ("0\r\n", .chunked), ("0\r\nA: b\r\n", .chunked),
    ])
    func `a body that stops too early is an error`(text: String, framing: BodyFraming) {
        let read = Reader().body(text, framing, closing: true)
        #expect(!read.ended)
        #expect(read.failure == .truncatedBody)
    }

    @Test func `a close after the end changes nothing`() throws {
        var decoder = BodyDecoder(.none, limits: HTTP1Limits())
        let ends = try decoder.inputClosed()
        #expect(!ends)
    }

    @Test(arguments: [
        ("0\r\n\r\n", ""), ("000\r\n\r\n", ""), ("5\r\nhello\r\n0\r\n\r\n", "hello"),
        ("5\r\nhello\r\nA\r\n, chunked \r\na\r\n, chunked.\r\n0\r\n\r\n", "hello, chunked , chunked."),
        ("0000000000000001\r\nx\r\n0\r\n\r\n", "x"), ("1;a\r\nx\r\n0;b=\"c;d\t\"\r\n\r\n", "x"),
        ("2\r\n\r\n\r\n0\r\n\r\n", "\r\n"), ("5;\r\n0\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n"),
    ])
    func `chunks that are in order`(text: String, data: String) {
        let read = Reader().body(text + "next")
        #expect(read.data == Array(data.utf8))
        #expect(read.ended)
        #expect(read.consumed == text.utf8.count)
        #expect(read.failure == nil)
    }

    @Test(arguments: [
        ("\r\n", HTTP1Fault.chunkSize), (" 5\r\nhello", .chunkSize), ("5 \r\nhello", .chunkSize),
        ("\t5\r\n", .chunkSize),
        ("+5\r\nhello", .chunkSize), ("-5\r\nhello", .chunkSize), ("0x5\r\nhello", .chunkSize), ("5h\r\n", .chunkSize),
        ("g\r\n", .chunkSize), (";a\r\n", .chunkSize), ("5_0\r\n", .chunkSize), ("5\0\r\n", .chunkSize),
        ("5\n", .chunkSize),
        ("5,5\r\n", .chunkSize), ("00000000000000001\r\n", .chunkSize), ("8000000000000000\r\n", .chunkSize),
        ("ffffffffffffffff\r\n", .chunkSize), ("10000000000000000\r\n", .chunkSize), ("5\rx", .lineEnding),
        ("5\r\r\n", .lineEnding), ("5;a\n", .chunkExtension), ("5;a\0\r\n", .chunkExtension),
        ("5;\u{7F}\r\n", .chunkExtension), ("5;a\rb\r\n", .lineEnding), ("2\r\nabc", .chunkEnding),
        ("2\r\nab\n", .chunkEnding), ("2\r\nab\rX", .chunkEnding), ("2\r\nab0\r\n", .chunkEnding),
        ("0\r\n\n", .lineEnding), ("0\r\nA: b\n", .lineEnding), ("0\r\nA : b\r\n", .fieldName),
        ("0\r\n A: b\r\n", .foldedField), ("0\r\nA: \u{01}\r\n", .fieldValue), ("0\r\nContent-Length: 3\r\n", .trailer),
        ("0\r\nTransfer-Encoding: chunked\r\n", .trailer), ("0\r\nHOST: h\r\n", .trailer), ("0\r\n5\r\n", .fieldName),
    ])
    func `chunks that are refused`(text: String, fault: HTTP1Fault) {
        let read = Reader().body(text)
        #expect(read.failure == .malformed(fault))
        #expect(!read.ended)
    }

    @Test func `the largest chunk that fits is taken`() {
        let read = Reader().body("7fffffffffffffff\r\nab")
        #expect(read.data == Array("ab".utf8))
        #expect(read.failure == nil)
    }

    @Test func `trailers are kept, and those that come too late dropped`() {
        let dropped = [
            "Authorization: x", "Cookie: x", "Set-Cookie: x", "Connection: close", "TE: x", "Trailer: x", "Upgrade: x",
            "X-Forwarded-For: x", "Cache-Control: x", "Content-Type: x", "Content-Encoding: x", "Content-Range: x",
            "If-Match: x", "Location: x", "Expect: 100-continue", "Proxy-Authorization: x", "Keep-Alive: x",
        ]
        let text = "0\r\nServer-Timing: a\r\n" + dropped.joined(separator: "\r\n") + "\r\nContent-Digest:  b\t\r\n\r\n"
        let read = Reader().body(text)
        #expect(read.trailers.map(\.description) == ["server-timing: a", "content-digest: b"])
        #expect(read.ended)
        #expect(read.consumed == text.utf8.count)
    }

    @Test func `trailers are bounded in size and number`() {
        let reader = Reader {
            $0.maxTrailerBytes = 32
            $0.maxFields = 2
        }
        #expect(reader.body("0\r\nA: b\r\nC: d\r\n\r\n").ended)
        #expect(reader.body("0\r\nA: " + String(repeating: "x", count: 25) + "\r\n\r\n").ended)
        #expect(reader.body("0\r\nA: b\r\nC: d\r\nE: f\r\n\r\n").failure == .tooManyFields)
        #expect(reader.body("0\r\nA: " + String(repeating: "x", count: 27) + "\r\n\r\n").failure == .trailersTooLarge)
        #expect(reader.body("0\r\nA: " + String(repeating: "x", count: 27) + "\r\n").failure == .trailersTooLarge)
        #expect(reader.body("0\r\nA: " + String(repeating: "x", count: 27) + "\r").failure == nil)
        let byByte = Array(("0\r\nA: b\r\nC: " + String(repeating: "x", count: 23)).utf8)
        #expect(reader.body(byByte, splits: Array(1..<byByte.count)).failure == .trailersTooLarge)
    }

    @Test func `extensions may not outgrow the data`() {
        let reader = Reader { $0.maxChunkExtensionBytes = 16 }
        #expect(reader.body("1;" + String(repeating: "x", count: 15) + "\r\na\r\n0\r\n\r\n").ended)
        let long = "1;" + String(repeating: "x", count: 16) + "\r\na\r\n0\r\n\r\n"
        #expect(reader.body(long).failure == .malformed(.chunkExtension))
        let small = String(repeating: "1;xxx\r\na\r\n", count: 6)
        #expect(reader.body(small).failure == .malformed(.chunkExtension))
        let paid = String(repeating: "4;xxx\r\nabcd\r\n", count: 100) + "0\r\n\r\n"
        #expect(reader.body(paid).ended)
    }

    @Test func `an error is repeated`() {
        var decoder = BodyDecoder(.chunked, limits: HTTP1Limits())
        var trailers = HeaderBlock()
        for text in ["x", "0\r\n\r\n"] {
            var failure: HTTP1Error?
            do {
                _ = try Array(text.utf8).withUnsafeBytes { try decoder.next($0, trailers: &trailers) }
            } catch {
                failure = error as? HTTP1Error
            }
            #expect(failure == .malformed(.chunkSize))
        }
        #expect(throws: HTTP1Error.malformed(.chunkSize)) { _ = try decoder.inputClosed() }
    }
}
