internal import MessageAuthentication

/// A user token in the shape of a compact JWS (RFC 7515 section 7.1), taken apart and decoded, and nothing more:
/// not one byte of it is believed yet.
struct CompactToken {
    /// The longest token that is looked at, in bytes.
    static let maximumLength = JSONScratch.maximumText

    /// What the signature is over: the first two segments as they came, in the caller's memory.
    let signingInput: UnsafeRawBufferPointer
    let header: ScratchRange
    let payload: ScratchRange
    let signature: ScratchRange

    /// Decodes the three segments into `scratch`. Throws `token_too_large` or `token_malformed`.
    init(_ token: UnsafeRawBufferPointer, in scratch: JSONScratch) throws(Rejection) {
        guard token.count <= CompactToken.maximumLength else { throw Rejection(.tokenTooLarge) }
        guard let (first, second) = CompactToken.dots(in: token) else { throw Rejection(.tokenMalformed) }
        signingInput = UnsafeRawBufferPointer(rebasing: token[..<second])
        header = try CompactToken.decode(token[..<first], at: 0, in: scratch)
        payload = try CompactToken.decode(token[(first + 1)..<second], at: header.end, in: scratch)
        signature = try CompactToken.decode(token[(second + 1)...], at: payload.end, in: scratch)
    }

    /// The places of the dots, where there are exactly two.
    ///
    /// Where one stands just before the last 43 characters, which is what an HMAC-SHA256 takes, nothing between is
    /// searched: the decoder refuses a dot there as it does every stranger.
    private static func dots(in token: UnsafeRawBufferPointer) -> (Int, Int)? {
        guard let first = firstDot(in: token, from: 0) else { return nil }
        let expected = token.count - 44
        if expected > first, token[expected] == UInt8(ascii: ".") { return (first, expected) }
        guard let second = firstDot(in: token, from: first + 1),
            firstDot(in: token, from: second + 1) == nil
        else { return nil }
        return (first, second)
    }

    @inline(__always)
    private static func firstDot(in token: UnsafeRawBufferPointer, from start: Int) -> Int? {
        var index = start
        let ones: UInt64 = 0x0101_0101_0101_0101
        while index + 8 <= token.count {
            let word = token.loadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian ^ (ones &* 0x2E)
            let dots = (word &- ones) & ~word & (ones &* 0x80)
            if dots != 0 { return index + dots.trailingZeroBitCount / 8 }
            index += 8
        }
        while index < token.count {
            if token[index] == UInt8(ascii: ".") { return index }
            index += 1
        }
        return nil
    }

    private static func decode(
        _ segment: Slice<UnsafeRawBufferPointer>, at offset: Int, in scratch: JSONScratch
    ) throws(Rejection) -> ScratchRange {
        let room = UnsafeMutableRawBufferPointer(
            start: scratch.bytes + offset, count: JSONScratch.unescapedStart - offset)
        guard let count = Base64URL.decode(UnsafeRawBufferPointer(rebasing: segment), into: room) else {
            throw Rejection(.tokenMalformed)
        }
        return ScratchRange(offset, count: count)
    }
}
