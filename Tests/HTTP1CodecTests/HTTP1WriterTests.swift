import HTTP1Codec
import HTTPMessages
import Testing

@Suite struct HTTP1WriterTests {
    @Test func `a request is written as it should be`() throws {
        var queue = ByteQueue()
        try HTTP1Writer.appendRequestLine(method: staticBytes("POST"), target: staticBytes("/a?b"), to: &queue)
        HTTP1Writer.appendField(name: staticBytes("host"), value: staticBytes("h"), to: &queue)
        HTTP1Writer.appendField("accept", staticBytes("*/*"), to: &queue)
        HTTP1Writer.appendField("transfer-encoding", "chunked", to: &queue)
        HTTP1Writer.appendEndOfHead(to: &queue)
        HTTP1Writer.appendChunk(staticBytes("0123456789abcdef"), to: &queue)
        HTTP1Writer.appendChunk(staticBytes(""), to: &queue)
        HTTP1Writer.appendLastChunk(to: &queue)
        let text = queue.readable.string
        #expect(
            text == "POST /a?b HTTP/1.1\r\nhost: h\r\naccept: */*\r\ntransfer-encoding: chunked\r\n\r\n"
                + "10\r\n0123456789abcdef\r\n0\r\n\r\n")
    }

    @Test func `a response is written as it should be`() {
        var queue = ByteQueue()
        HTTP1Writer.appendContinue(to: &queue)
        HTTP1Writer.appendStatusLine(204, to: &queue)
        HTTP1Writer.appendEndOfHead(to: &queue)
        HTTP1Writer.appendStatusLine(299, to: &queue)
        HTTP1Writer.appendContentLength(1234, to: &queue)
        HTTP1Writer.appendEndOfHead(to: &queue)
        let text = queue.readable.string
        #expect(
            text == "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"
                + "HTTP/1.1 299 \r\ncontent-length: 1234\r\n\r\n")
    }

    @Test(arguments: [
        ("a b", "v"), ("", "v"), ("a:", "v"), ("a\r", "v"), ("a", "v\r\nx: y"), ("a", "v\n"), ("a", "\0"),
        ("a", "\u{7F}"),
    ])
    func `a field that could break the head is left out`(name: String, value: String) {
        var queue = ByteQueue()
        let taken = Array(name.utf8).withUnsafeBytes { name in
            Array(value.utf8).withUnsafeBytes { HTTP1Writer.appendField(name: name, value: $0, to: &queue) }
        }
        let length = queue.count
        #expect(!taken)
        #expect(length == 0)
    }

    @Test(arguments: [
        ("GET", "/ HTTP/1.1\r\nx: y"), ("GET", ""), ("GET", "/a b"), ("GET", "/\n"), ("G T", "/"), ("", "/"),
        ("GET", "/\u{E9}"),
    ])
    func `a request line that could be read as another throws`(method: String, target: String) {
        var queue = ByteQueue()
        var failed = false
        do {
            try Array(method.utf8).withUnsafeBytes { method in
                try Array(target.utf8).withUnsafeBytes {
                    try HTTP1Writer.appendRequestLine(method: method, target: $0, to: &queue)
                }
            }
        } catch {
            failed = true
        }
        let length = queue.count
        #expect(failed)
        #expect(length == 0)
    }

    @Test func `trailers follow the last chunk, without those that may not`() {
        var queue = ByteQueue()
        var trailers = HeaderBlock()
        trailers.append("server-timing", "a")
        trailers.append("content-length", "5")
        trailers.append("set-cookie", "x=y")
        trailers.append("x-bad", "a\r\nb")
        trailers.append("grpc-status", "0")
        HTTP1Writer.appendLastChunk(trailers: trailers, to: &queue)
        let text = queue.readable.string
        #expect(text == "0\r\nserver-timing: a\r\ngrpc-status: 0\r\n\r\n")
    }

    @Test func `what is written as chunks reads back`() {
        var queue = ByteQueue()
        var sent: [UInt8] = []
        for size in [1, 9, 10, 15, 16, 17, 255, 256, 4096, 65535] {
            let data = [UInt8](repeating: UInt8(truncatingIfNeeded: size), count: size)
            data.withUnsafeBytes { HTTP1Writer.appendChunk($0, to: &queue) }
            sent += data
        }
        HTTP1Writer.appendLastChunk(to: &queue)
        let read = Reader().body(Array(queue.readable))
        #expect(read.data == sent)
        #expect(read.ended)
    }
}
