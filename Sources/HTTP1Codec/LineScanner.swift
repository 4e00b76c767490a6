import HTTPMessages

/// Finds CRLF-terminated lines in input that grows, and looks at no byte twice on the way.
struct LineScanner {
    /// Where the line being looked for begins.
    private(set) var start = 0
    private var scanned = 0

    /// The next line without its CRLF, or nil where it isn't complete yet.
    ///
    /// Throws `tooLarge` where the line can't end within the first `limit` bytes of the input. A line feed without a
    /// carriage return is malformed; a carriage return elsewhere in a line is for the line's own rules to refuse.
    @inline(__always)
    mutating func next(_ input: Bytes, limit: Int, tooLarge: HTTP1Error) throws(HTTP1Error) -> Bytes? {
        let end = min(input.count, limit)
        guard scanned <= end, let lineFeed = input.firstIndex(ofByte: 0x0A, from: scanned, to: end) else {
            scanned = max(scanned, end)
            if input.count >= limit { throw tooLarge }
            return nil
        }
        guard lineFeed > start, input[lineFeed - 1] == 0x0D else { throw .malformed(.lineEnding) }
        let line = input.part(start, lineFeed - 1)
        start = lineFeed + 1
        scanned = start
        return line
    }

    /// Says that everything before `start` has been taken from the input.
    mutating func rebase() {
        scanned -= start
        start = 0
    }
}
