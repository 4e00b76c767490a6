import HTTP1Codec
import HTTPMessages

/// What came of reading a head, as a value to compare.
enum Reading<Head: Equatable>: Equatable {
    case needsMore
    case complete(Head, consumed: Int)
    case failed(HTTP1Error)

    var head: Head? {
        if case .complete(let head, _) = self { head } else { nil }
    }
}

struct Line: Equatable, CustomStringConvertible {
    var name: String
    var value: String

    var description: String { "\(name): \(value)" }
}

extension HeaderBlock {
    var lines: [Line] {
        var lines: [Line] = []
        for index in 0..<count { lines.append(Line(name: name(index).string, value: value(index).string)) }
        return lines
    }
}

struct ReadRequest: Equatable {
    var method: String
    var target: String
    var authority: String
    var fields: [Line]
    var contentLength: Int?
    var framing: RequestFraming
}

struct ReadResponse: Equatable {
    var status: Int
    var interim: [Int]
    var fields: [Line]
    var contentLength: Int?
    var framing: ResponseFraming
}

struct ReadBody: Equatable {
    var data: [UInt8] = []
    var trailers: [Line] = []
    var consumed = 0
    var ended = false
    var failure: HTTP1Error?
}

/// Feeds messages to the codec, in one piece or in many.
struct Reader {
    var limits = HTTP1Limits()

    private let memory = GuardedBytes(capacity: 1 << 17)

    init(_ change: (inout HTTP1Limits) -> Void = { _ in }) { change(&limits) }

    func request(_ text: String) -> Reading<ReadRequest> { request(Array(text.utf8)) }

    /// Reads one request head; `splits` are the sizes that the input has on the way to its full one.
    func request(_ bytes: [UInt8], splits: [Int] = []) -> Reading<ReadRequest> {
        var parser = RequestHeadParser(limits: limits)
        var head = RequestHead()
        for size in splits + [bytes.count] {
            do {
                let result = try memory.lend(bytes[..<size]) { try parser.parse($0, into: &head) }
                guard case .complete(let consumed, let framing) = result else { continue }
                let read = ReadRequest(
                    method: head.methodName.string, target: head.target.string, authority: head.authority.string,
                    fields: head.fields.lines, contentLength: head.contentLength, framing: framing)
                return .complete(read, consumed: consumed)
            } catch let error as HTTP1Error {
                return .failed(error)
            } catch {
                fatalError("another error than the codec's")
            }
        }
        return .needsMore
    }

    func response(_ text: String, to method: Method = .get) -> Reading<ReadResponse> {
        response(Array(text.utf8), to: method)
    }

    /// Reads response heads up to the final one.
    func response(_ bytes: [UInt8], to method: Method = .get, splits: [Int] = []) -> Reading<ReadResponse> {
        var parser = ResponseHeadParser(limits: limits)
        var head = ResponseHead()
        var start = 0
        var interim: [Int] = []
        for size in splits + [bytes.count] {
            do {
                reading: while true {
                    let result = try memory.lend(bytes[start..<max(start, size)]) {
                        try parser.parse($0, requestMethod: method, into: &head)
                    }
                    switch result {
                    case .needsMore: break reading
                    case .informational(let consumed, let status):
                        start += consumed
                        interim.append(status)
                    case .complete(let consumed, let framing):
                        let read = ReadResponse(
                            status: head.status, interim: interim, fields: head.fields.lines,
                            contentLength: head.contentLength, framing: framing)
                        return .complete(read, consumed: start + consumed)
                    }
                }
            } catch let error as HTTP1Error {
                return .failed(error)
            } catch {
                fatalError("another error than the codec's")
            }
        }
        return .needsMore
    }

    func body(_ text: String, _ framing: BodyFraming = .chunked, closing: Bool = false) -> ReadBody {
        body(Array(text.utf8), framing, closing: closing)
    }

    /// Reads a body as a connection would: what is consumed goes away, what isn't comes again with more behind it.
    func body(
        _ bytes: [UInt8], _ framing: BodyFraming = .chunked, splits: [Int] = [], closing: Bool = false
    ) -> ReadBody {
        var decoder = BodyDecoder(framing, limits: limits)
        var trailers = HeaderBlock()
        var read = ReadBody()
        do {
            for size in splits + [bytes.count] where !read.ended {
                reading: while true {
                    let piece = try memory.lend(bytes[read.consumed..<max(read.consumed, size)]) { input in
                        let (consumed, piece) = try decoder.next(input, trailers: &trailers)
                        if case .data(let range) = piece {
                            precondition(!range.isEmpty && range.upperBound == consumed)
                            read.data += input[range]
                        }
                        read.consumed += consumed
                        return piece
                    }
                    switch piece {
                    case .needsMore: break reading
                    case .data: continue
                    case .end:
                        precondition(decoder.isComplete)
                        read.ended = true
                        break reading
                    }
                }
            }
            if closing, try decoder.inputClosed() { read.ended = true }
        } catch let error as HTTP1Error {
            read.failure = error
        } catch {
            fatalError("another error than the codec's")
        }
        read.trailers = trailers.lines
        return read
    }
}
