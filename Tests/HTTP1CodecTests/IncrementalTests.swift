import HTTP1Codec
import HTTPMessages
import Testing

/// However a message is cut into pieces on its way, it reads the same.
@Suite struct IncrementalTests {
    static let requests = [
        "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        "\r\nPOST http://h.example?x=y HTTP/1.1\r\nHost: other\r\nContent-Length: 12\r\nConnection: x, close\r\n\r\nhello, world",
        "PUT /long/path/with?a=b&c=d HTTP/1.1\r\nhost: [::1]:443\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n"
            + "Cookie: a=b; c=d\r\nX-Text: caf\u{E9}\ttab\r\nAccept: */*\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "OPTIONS * HTTP/1.0\r\nConnection: keep-alive, upgrade\r\nUpgrade: h2c\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nBad : x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ]

    static let responses = [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nServer: x\r\n\r\nhello",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n"
            + "Transfer-Encoding: chunked\r\nTrailer: x\r\n\r\n0\r\n\r\n",
        "HTTP/1.0 304\r\nConnection: keep-alive\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b\n\r\n",
    ]

    static let bodies = [
        "5\r\nhello\r\n10;name=\"value\"\r\n0123456789abcdef\r\n0\r\nServer-Timing: a;b=c\r\nCookie: x\r\nX-Y: z\r\n\r\nGET /",
        "0\r\n\r\n", "1\r\na\r\n1\r\nb\r\n000;x\r\nA:b\r\n\r\n", "3\r\nabc\n", "0\r\nHost: x\r\n\r\n",
    ]

    @Test(arguments: requests)
    func `a request reads the same at every split`(text: String) {
        let bytes = Array(text.utf8)
        let whole = Reader().request(bytes)
        for split in 0...bytes.count { #expect(Reader().request(bytes, splits: [split]) == whole) }
        #expect(Reader().request(bytes, splits: Array(0..<bytes.count)) == whole)
    }

    @Test(arguments: responses)
    func `a response reads the same at every split`(text: String) {
        let bytes = Array(text.utf8)
        let whole = Reader().response(bytes)
        for split in 0...bytes.count { #expect(Reader().response(bytes, splits: [split]) == whole) }
        #expect(Reader().response(bytes, splits: Array(0..<bytes.count)) == whole)
    }

    @Test(arguments: bodies)
    func `a chunked body reads the same at every split`(text: String) {
        let bytes = Array(text.utf8)
        let whole = Reader().body(bytes)
        for split in 0...bytes.count { expectSame(Reader().body(bytes, splits: [split]), whole) }
        expectSame(Reader().body(bytes, splits: Array(0..<bytes.count)), whole)
    }

    @Test func `a dripping client costs no more than one that sends at once`() {
        // Quadratic work would be 10¹⁰ byte reads here.
        let head = "GET / HTTP/1.1\r\nHost: h\r\nX: " + String(repeating: "x", count: 100_000) + "\r\n\r\n"
        let bytes = Array(head.utf8)
        var parser = RequestHeadParser(limits: Reader { $0.maxHeadBytes = 1 << 20 }.limits)
        var request = RequestHead()
        var completions = 0
        bytes.withUnsafeBytes { bytes in
            for size in 1...bytes.count {
                if case .complete = try? parser.parse(bytes.part(0, size), into: &request) { completions += 1 }
            }
        }
        #expect(completions == 1)
    }

    /// How much of the last, refused piece counts as consumed is nobody's business.
    private func expectSame(_ read: ReadBody, _ whole: ReadBody) {
        var read = read
        if whole.failure != nil { read.consumed = whole.consumed }
        #expect(read == whole)
    }
}
