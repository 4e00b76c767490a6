import HTTP1Codec
import HTTPMessages

/// What is still to come of a response whose client has gone. Where it is short and comes soon it is read and dropped,
/// and the connection serves on: else whoever makes the gateway drop requests would make it connect anew for each, and
/// the upstream work on any number of requests that the gateway has forgotten.
struct ResponseRemainder {
    /// Bytes, with the head, that are read for nobody.
    static let mostBytes = 64 * 1024

    let method: Method
    private var left = Self.mostBytes

    /// - Parameter method: the request's, which says whether there is a body.
    init(to method: Method) { self.method = method }

    enum Outcome: Equatable {
        case goesOn
        /// The connection is ready for its next request.
        case ended
        /// Too long, or nothing that another request could follow on.
        case notWorthIt
    }

    /// Whether it may be worth reading, by what is known so far.
    static func isWorthReading(_ framing: ResponseFraming?, _ decoder: borrowing BodyDecoder) -> Bool {
        guard let framing else { return true }
        return framing.keepAlive && decoder.announced <= mostBytes
    }

    /// Reads on in `input`, all unread bytes, of which `count` are new, and takes away what is done with.
    mutating func read(
        _ input: inout ByteQueue, new count: Int, _ parser: inout ResponseHeadParser, _ head: inout ResponseHead,
        _ framing: inout ResponseFraming?, _ decoder: inout BodyDecoder
    ) throws(HTTP1Error) -> Outcome {
        left -= count
        guard left >= 0 else { return .notWorthIt }
        while framing == nil {
            switch try parser.parse(input.readable, requestMethod: method, into: &head) {
            case .needsMore: return .goesOn
            case .informational(consumed: _, status: 101): return .notWorthIt
            case .informational(let consumed, status: _): input.consume(consumed)
            case .complete(let consumed, let found):
                input.consume(consumed)
                framing = found
                decoder = BodyDecoder(found.body, limits: HTTP1Limits())
                guard Self.isWorthReading(found, decoder) else { return .notWorthIt }
            }
        }
        while true {
            // The head's fields are of no use any more: trailers may go there.
            let (consumed, piece) = try decoder.next(input.readable, trailers: &head.fields)
            input.consume(consumed)
            switch piece {
            case .data: continue
            case .needsMore: return .goesOn
            case .end: return input.isEmpty ? .ended : .notWorthIt
            }
        }
    }
}
