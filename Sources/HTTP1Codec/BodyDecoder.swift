package import HTTPMessages

/// The next piece of a body.
package enum BodyPiece: Equatable, Sendable {
    /// Nothing to be had from these bytes; `consumed` of them are done with all the same.
    case needsMore
    /// A part of the input, not empty, that is body; `consumed` reaches to its end.
    case data(Range<Int>)
    /// The body, with its trailers, has ended.
    case end
}

/// Takes a body out of its framing, for requests and responses alike (RFC 9112, 6 and 7).
///
/// Chunked: size line → data → CRLF → size line … → last chunk → trailer lines → end. Nothing is held back here but
/// numbers: what has been looked at is consumed, except the beginning of a trailer line.
package struct BodyDecoder: ~Copyable {
    private enum State {
        case sized(remaining: Int)
        case untilClose
        case chunk(ChunkHeader)
        case chunkData(remaining: Int)
        case chunkEnding(sawCarriageReturn: Bool)
        case trailers
        case ended
        case failed(HTTP1Error)
    }

    private let limits: HTTP1Limits
    private var state: State
    private var extensionDebt = 0
    private var trailers: TrailerReader

    package init(_ framing: BodyFraming, limits: HTTP1Limits) {
        self.limits = limits
        trailers = TrailerReader(limits: limits)
        state =
            switch framing {
            case .none: .ended
            case .length(let length): length > 0 ? .sized(remaining: length) : .ended
            case .chunked: .chunk(ChunkHeader())
            case .untilClose: .untilClose
            }
    }

    /// Whether the body has ended: true as soon as its last byte was consumed, before `next` says `.end`.
    package var isComplete: Bool {
        if case .ended = state { true } else { false }
    }

    /// Body bytes that are yet to come for certain, as far as that has been announced; `Int.max` where only the
    /// connection's end is the body's.
    package var announced: Int {
        switch state {
        case .sized(let remaining), .chunkData(let remaining): remaining
        case .untilClose: .max
        case .chunk, .chunkEnding, .trailers, .ended, .failed: 0
        }
    }

    /// Looks at the beginning of `input`, the unread bytes, and says how many to take away before the next call.
    ///
    /// Call it until it says `.needsMore` or `.end`, also when nothing is left to read: `.end` needs no bytes. Trailer
    /// fields are added to `trailers`; framing fields there are an error, others that must not come late are dropped
    /// (see `TrailerReader`).
    package mutating func next(
        _ input: Bytes, trailers fields: inout HeaderBlock
    ) throws(HTTP1Error) -> (consumed: Int, piece: BodyPiece) {
        do throws(HTTP1Error) {
            return try advance(input, &fields)
        } catch {
            state = .failed(error)
            throw error
        }
    }

    /// The connection closed. True where that ends the body, false where it had ended before.
    ///
    /// Throws `truncatedBody` where more should have come: such a body must never look complete to anyone.
    package mutating func inputClosed() throws(HTTP1Error) -> Bool {
        switch state {
        case .ended: return false
        case .untilClose:
            state = .ended
            return true
        case .failed(let error): throw error
        case .sized, .chunk, .chunkData, .chunkEnding, .trailers:
            state = .failed(.truncatedBody)
            throw .truncatedBody
        }
    }

    private mutating func advance(
        _ input: Bytes, _ fields: inout HeaderBlock
    ) throws(HTTP1Error) -> (consumed: Int, piece: BodyPiece) {
        var position = 0
        while true {
            switch state {
            case .ended: return (position, .end)
            case .failed(let error): throw error
            case .untilClose:
                return input.count > 0 ? (input.count, .data(0..<input.count)) : (0, .needsMore)
            case .sized(let remaining):
                guard input.count > 0 else { return (0, .needsMore) }
                let length = min(remaining, input.count)
                state = length == remaining ? .ended : .sized(remaining: remaining - length)
                return (length, .data(0..<length))
            case .chunk(var header):
                let size = try header.read(
                    input, &position, extensionLimit: limits.maxChunkExtensionBytes - extensionDebt)
                guard let size else {
                    state = .chunk(header)
                    return (position, .needsMore)
                }
                extensionDebt = max(0, extensionDebt + header.extensionBytes - size)
                state = size == 0 ? .trailers : .chunkData(remaining: size)
            case .chunkData(let remaining):
                guard position < input.count else { return (position, .needsMore) }
                let end = position + min(remaining, input.count - position)
                state =
                    end - position == remaining
                    ? .chunkEnding(sawCarriageReturn: false) : .chunkData(remaining: remaining - (end - position))
                return (end, .data(position..<end))
            case .chunkEnding(let sawCarriageReturn):
                guard position < input.count else { return (position, .needsMore) }
                guard input[position] == (sawCarriageReturn ? 0x0A : 0x0D) else { throw .malformed(.chunkEnding) }
                position += 1
                state = sawCarriageReturn ? .chunk(ChunkHeader()) : .chunkEnding(sawCarriageReturn: true)
            case .trailers:
                let done = try trailers.read(input, &position, into: &fields)
                guard done else { return (position, .needsMore) }
                state = .ended
            }
        }
    }
}
