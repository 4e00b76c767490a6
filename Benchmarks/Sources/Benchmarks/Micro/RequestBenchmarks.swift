import Benchmark
import HTTP1Codec
import HTTP2Client
import HTTP2Engine
import HTTPMessages

func requestBenchmarks() {
    http2Benchmark(tokens: true)
    http2Benchmark(tokens: false)

    Benchmark("HTTP1 request of \(http1Request.utf8.count) bytes, ours") { benchmark in
        let input = FixedBytes(http1Request).bytes
        var parser = RequestHeadParser(limits: HTTP1Limits())
        var head = RequestHead()
        benchmark.startMeasurement()
        for _ in benchmark.scaledIterations { blackHole(try? parser.parse(input, into: &head)) }
        benchmark.stopMeasurement()
        precondition(head.fields.count == 9, "The request wasn't read")
    }
}

/// Frames of a client's requests become `RequestHead`s: decoding, checks and the exchange's life. Ten connections of a
/// hundred requests each, so that the first request's empty HPACK table counts for one in a hundred.
private func http2Benchmark(tokens: Bool) {
    let name = tokens ? "HTTP2 request with a token" : "HTTP2 request without a token"
    Benchmark("\(name), ours") { benchmark in
        let authorization = tokens ? FixedBytes("Bearer " + Fixtures.token()).bytes : nil
        let fields = RequestFields(
            scheme: "https", authority: "feedback.acme.test", path: "/api/posts?sort=top&page=1",
            more: [
                ("accept", "application/json"), ("accept-language", "en-GB,en;q=0.9"), ("accept-encoding", "gzip, br"),
                ("origin", "https://app.acme.test"), ("referer", "https://app.acme.test/"),
                ("user-agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML) Chrome/140.0 Safari/537.36"),
            ])
        let transport = NoTransport()
        let pool = ExchangePool()
        var batches: [(session: HTTP2ServerSession, bytes: FixedBytes)] = []
        for _ in 0..<benchmark.scaledIterations.count / 100 {
            guard let client = HTTP2ClientSession(fields),
                let server = HTTP2ServerSession(limits: HTTP2Limits(), pool: pool, transport: transport)
            else { preconditionFailure("out of memory") }
            var preface = ByteQueue()
            client.collect(into: &preface)
            precondition(server.receive(preface.readable))
            var requests = ByteQueue()
            for _ in 0..<100 {
                _ = client.submit(authorization: authorization)
                client.collect(into: &requests)
            }
            batches.append((server, FixedBytes(Array(requests.readable))))
        }

        benchmark.startMeasurement()
        for (server, requests) in batches { blackHole(server.receive(requests.bytes)) }
        benchmark.stopMeasurement()
        for (server, requests) in batches {
            precondition(server.exchanges.count == 100, "\(server.exchanges.count) requests arrived")
            requests.bytes.deallocate()
        }
    }
}

private let http1Request =
    "GET /api/posts?sort=top&page=1 HTTP/1.1\r\nHost: feedback.acme.test\r\nAccept: application/json\r\n"
    + "Accept-Language: en-GB,en;q=0.9\r\nAccept-Encoding: gzip, br\r\nOrigin: https://app.acme.test\r\n"
    + "Referer: https://app.acme.test/\r\nAuthorization: Bearer \(Fixtures.token())\r\n"
    + "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML) Chrome/140.0 Safari/537.36\r\n"
    + "Cookie: consent=1; theme=dark\r\nX-Request-Id: 0123456789abcdef\r\n\r\n"

/// Nobody answers: only the way in is measured.
private final class NoTransport: ExchangeTransport {
    let peer = PeerInformation(address: "127.0.0.1", addressBytes: [127, 0, 0, 1], isTLS: true, httpVersion: 2)
    func sendHead(_ exchange: Exchange) {}
    func sendInformational(_ exchange: Exchange, status: Int, fields: borrowing HeaderBlock) {}
    func sendBody(_ exchange: Exchange) {}
    func abort(_ exchange: Exchange) {}
    func consumed(_ exchange: Exchange, _ length: Int) {}
}
