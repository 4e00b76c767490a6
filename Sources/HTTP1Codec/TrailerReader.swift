package import HTTPMessages

/// The fields behind the last chunk (RFC 9112, 7.1.2).
///
/// Framing fields and `Host` among them are an attack and refused. Fields that steer routing, authentication,
/// caching or the reading of the content would come too late to be checked, and are dropped (RFC 9110, 6.5.1).
struct TrailerReader {
    private let limits: HTTP1Limits
    private var lines = LineScanner()
    private var taken = 0
    private var fieldLines = 0

    init(limits: HTTP1Limits) { self.limits = limits }

    /// Reads whole lines on from `position`; true once the empty line that ends the section was read.
    mutating func read(
        _ input: Bytes, _ position: inout Int, into fields: inout HeaderBlock
    ) throws(HTTP1Error) -> Bool {
        let unread = input.part(position, input.count)
        var done = false
        while !done,
            let line = try lines.next(unread, limit: limits.maxTrailerBytes - taken, tooLarge: .trailersTooLarge)
        {
            if line.count == 0 {
                done = true
            } else {
                try readField(line, into: &fields)
            }
        }
        position += lines.start
        taken += lines.start
        lines.rebase()
        return done
    }

    private mutating func readField(_ line: Bytes, into fields: inout HeaderBlock) throws(HTTP1Error) {
        fieldLines += 1
        guard fieldLines <= limits.maxFields else { throw .tooManyFields }
        let field = try FieldLine(line)
        fields.append(name: field.name, value: field.value)
        let last = fields.count - 1
        switch fields.header(last) {
        case .contentLength, .transferEncoding, .host: throw .malformed(.trailer)
        default: if !fields.isAllowedInTrailers(last) { fields.removeLast() }
        }
    }
}

extension HeaderBlock {
    /// Whether the field at `index` may stand in a trailer section: anything the gateway acts upon, or that steers
    /// how a message is routed, authenticated, cached or decoded, may not (RFC 9110, 6.5.1).
    package func isAllowedInTrailers(_ index: Int) -> Bool {
        guard header(index) == .other else { return false }
        let name = name(index)
        return switch name.count {
        case 3: !name.equals("age")
        case 4: !name.equals("vary")
        case 5: !name.equals("range")
        case 6: !name.equals("pragma")
        case 7: !name.equals("expires") && !name.equals("warning")
        case 8: !name.equals("location") && !name.equals("if-match") && !name.equals("if-range")
        case 10: !name.equals("set-cookie")
        case 11: !name.equals("retry-after")
        case 12: !name.equals("max-forwards")
        case 13: !name.equals("cache-control") && !name.equals("content-range") && !name.equals("if-none-match")
        case 16: !name.equals("content-encoding") && !name.equals("www-authenticate")
        case 17: !name.equals("if-modified-since")
        case 19: !name.equals("if-unmodified-since")
        default: true
        }
    }
}
