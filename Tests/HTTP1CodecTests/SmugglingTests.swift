import HTTP1Codec
import HTTPMessages
import Testing

/// Two readers of the same bytes must find the same end of a body, or neither may go on.
@Suite struct SmugglingTests {
    private static let start = "POST / HTTP/1.1\r\nHost: h\r\n"

    @Test(arguments: [
        ("Content-Length: 5\r\nTransfer-Encoding: chunked", HTTP1Fault.conflictingFraming),
        ("Transfer-Encoding: chunked\r\nContent-Length: 5", .conflictingFraming),
        ("Transfer-Encoding: chunked\r\nContent-Length: 0", .conflictingFraming),
        ("Transfer-Encoding: xchunked", .transferEncoding),
        ("Transfer-Encoding: chunkedx", .transferEncoding),
        ("Transfer-Encoding: chunked, chunked", .transferEncoding),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", .transferEncoding),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", .transferEncoding),
        ("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked", .transferEncoding),
        ("Transfer-Encoding: identity", .transferEncoding),
        ("Transfer-Encoding: gzip, chunked", .transferEncoding),
        ("Transfer-Encoding: chunked, gzip", .transferEncoding),
        ("Transfer-Encoding: chunked,", .transferEncoding),
        ("Transfer-Encoding: ,chunked", .transferEncoding),
        ("Transfer-Encoding: \"chunked\"", .transferEncoding),
        ("Transfer-Encoding: 'chunked'", .transferEncoding),
        ("Transfer-Encoding: chunked;q=1", .transferEncoding),
        ("Transfer-Encoding: chunk", .transferEncoding),
        ("Transfer-Encoding:", .transferEncoding),
        ("Transfer-Encoding: chunked\u{A0}", .transferEncoding),
        ("Transfer-Encoding: \u{212A}chunked", .transferEncoding),
        ("Transfer-Encoding: \u{0B}chunked", .fieldValue),
        ("Transfer-Encoding: chunked\u{0C}", .fieldValue),
        ("Transfer-Encoding: chunked\0", .fieldValue),
        ("Transfer-Encoding: chunked\r", .fieldValue),
        ("Transfer-Encoding : chunked", .fieldName),
        ("Transfer-Encoding\t: chunked", .fieldName),
        ("Transfer\u{0B}-Encoding: chunked", .fieldName),
        ("\u{FEFF}Transfer-Encoding: chunked", .fieldName),
        (" Transfer-Encoding: chunked", .foldedField),
        ("Transfer-Encoding:\r\n chunked", .transferEncoding),
        ("X: y\r\n Transfer-Encoding: chunked", .foldedField),
        ("X: y\nTransfer-Encoding: chunked", .lineEnding),
        ("X: y\rTransfer-Encoding: chunked", .fieldValue),
        ("Content-Length: +5", .contentLength),
        ("Content-Length: -5", .contentLength),
        ("Content-Length: -0", .contentLength),
        ("Content-Length: 5 5", .contentLength),
        ("Content-Length: 5, 5", .contentLength),
        ("Content-Length: 5,", .contentLength),
        ("Content-Length: 5;", .contentLength),
        ("Content-Length: 0x5", .contentLength),
        ("Content-Length: 5.0", .contentLength),
        ("Content-Length: 5e0", .contentLength),
        ("Content-Length: 1_0", .contentLength),
        ("Content-Length: \"5\"", .contentLength),
        ("Content-Length: \u{0665}", .contentLength),
        ("Content-Length: five", .contentLength),
        ("Content-Length:", .contentLength),
        ("Content-Length: 9223372036854775808", .contentLength),
        ("Content-Length: 18446744073709551621", .contentLength),
        ("Content-Length: 99999999999999999999999999", .contentLength),
        ("Content-Length: 00000000000000000005", .contentLength),
        ("Content-Length: 5\r\nContent-Length: 6", .contentLength),
        ("Content-Length: 0\r\nContent-Length: 5", .contentLength),
        ("Content-Length: 5\r\nContent-Length:", .contentLength),
        ("Content-Length: \u{0B}5", .fieldValue),
        ("Content-Length : 5", .fieldName),
        ("Content Length: 5", .fieldName),
    ])
    func `ambiguous framing is refused in requests and responses`(fields: String, fault: HTTP1Fault) {
        #expect(Reader().request(Self.start + fields + "\r\n\r\n") == .failed(.malformed(fault)))
        #expect(Reader().response("HTTP/1.1 200 OK\r\n\(fields)\r\n\r\n") == .failed(.malformed(fault)))
    }

    @Test(
        arguments: [
            ("Content-Length: 5", BodyFraming.length(5), 5),
            ("content-length:5", .length(5), 5),
            ("CONTENT-LENGTH: \t5 \t", .length(5), 5),
            ("Content-Length: 0", .none, 0),
            ("Content-Length: 005", .length(5), 5),
            ("Content-Length: 9223372036854775807", .length(.max), .max),
            ("Content-Length: 5\r\nContent-Length: 5", .length(5), 5),
            ("Transfer-Encoding: chunked", .chunked, nil),
            ("transfer-encoding:\tCHUNKED\t", .chunked, nil),
            ("Content_Length: 5", .none, nil),
            ("Transfer_Encoding: chunked", .none, nil),
        ] as [(String, BodyFraming, Int?)])
    func `framing that everybody reads alike is taken`(fields: String, body: BodyFraming, length: Int?) throws {
        let head = try #require(Reader().request(Self.start + fields + "\r\n\r\n").head)
        #expect(head.framing.body == body)
        #expect(head.contentLength == length)
        #expect(head.fields.count == 1)
    }

    @Test func `chunks are refused in HTTP 1 point 0`() {
        let request = "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"
        #expect(Reader().request(request) == .failed(.malformed(.transferEncoding)))
        let response = "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        #expect(Reader().response(response) == .failed(.malformed(.transferEncoding)))
    }

    @Test func `what follows a body is the next request and nothing else`() throws {
        let smuggled = "GET /admin HTTP/1.1\r\nHost: h\r\n\r\n"
        let text = Self.start + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled
        guard case .complete(_, let consumed) = Reader().request(text) else {
            Issue.record("the head isn't complete")
            return
        }
        let body = Reader().body(Array(text.utf8.dropFirst(consumed)))
        #expect(body.ended)
        #expect(body.data == [])
        #expect(body.consumed == 5)
    }
}
