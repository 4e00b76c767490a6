/// The methods that the gateway tells apart; any other token is `.other` and passes through.
package enum Method: Sendable {
    case get, head, post, put, delete, options, patch, connect, trace, other

    package init(_ name: Bytes) {
        self =
            switch name.count {
            case 3: name.equals("GET") ? .get : name.equals("PUT") ? .put : .other
            case 4: name.equals("POST") ? .post : name.equals("HEAD") ? .head : .other
            case 5: name.equals("PATCH") ? .patch : name.equals("TRACE") ? .trace : .other
            case 6: name.equals("DELETE") ? .delete : .other
            case 7: name.equals("OPTIONS") ? .options : name.equals("CONNECT") ? .connect : .other
            default: .other
            }
    }

    /// Whether doing it twice is the same as once (RFC 9110, 9.2.2).
    package var isIdempotent: Bool {
        switch self {
        case .get, .head, .put, .delete, .options, .trace: true
        case .post, .patch, .connect, .other: false
        }
    }
}

/// The head of a request, however it came: over HTTP/2 or HTTP/1.1.
///
/// `host` is never among the fields: it is the authority.
package struct RequestHead: ~Copyable {
    package var fields = HeaderBlock()

    /// How long the body is, where the head says so.
    package var contentLength: Int?

    /// What the connection or the stream is to become.
    package var tunnel = TunnelRequest.none

    package private(set) var method: Method = .other

    private var line = ByteQueue()
    private var methodRange = Part()
    private var targetRange = Part()
    private var authorityRange = Part()
    private var schemeRange = Part()

    private struct Part {
        var start: UInt32 = 0
        var end: UInt32 = 0
    }

    package init() {}

    /// The method as it was sent.
    package var methodName: Bytes { bytes(methodRange) }

    /// The request target in origin form: path and query, or `*`.
    package var target: Bytes { bytes(targetRange) }

    /// The part of the target before the first `?`.
    package var path: Bytes {
        let target = target
        guard let mark = target.firstIndex(ofByte: 0x3F) else { return target }
        return target.part(0, mark)
    }

    /// The part of the target after the first `?`, or nil.
    package var query: Bytes? {
        let target = target
        guard let mark = target.firstIndex(ofByte: 0x3F) else { return nil }
        return target.part(mark + 1, target.count)
    }

    /// Host and port as the client wrote them; empty where it sent neither `:authority` nor `host`.
    package var authority: Bytes { bytes(authorityRange) }

    package var scheme: Bytes { bytes(schemeRange) }

    package mutating func setMethod(_ name: Bytes) {
        method = Method(name)
        methodRange = store(name)
    }

    /// Sets the target; it may be a part of this head's own, say the path alone.
    package mutating func setTarget(_ target: Bytes) { targetRange = store(target) }

    /// Sets the target to `/` and then `query`, which begins with its question mark.
    package mutating func setTarget(rootWithQuery query: Bytes) {
        let root = store(staticBytes("/"))
        targetRange = Part(start: root.start, end: store(query).end)
    }

    package mutating func setAuthority(_ authority: Bytes) { authorityRange = store(authority) }
    package mutating func setScheme(_ scheme: Bytes) { schemeRange = store(scheme) }

    /// Makes it ready for the next request; memory is kept.
    package mutating func removeAll() {
        fields.removeAll()
        contentLength = nil
        tunnel = .none
        method = .other
        line.removeAll(keepingAtMost: 8192)
        methodRange = Part()
        targetRange = Part()
        authorityRange = Part()
        schemeRange = Part()
    }

    private mutating func store(_ bytes: Bytes) -> Part {
        let start = line.count
        // A part of this head's own line moves when the line grows: find it again after making room.
        let own = line.readable
        if let source = bytes.baseAddress, let base = own.baseAddress, source >= base, source < base + own.count {
            line.reserve(bytes.count)
            let offset = source - base
            line.append(line.readable.part(offset, offset + bytes.count))
        } else {
            line.append(bytes)
        }
        return Part(start: UInt32(start), end: UInt32(line.count))
    }

    @inline(__always)
    private func bytes(_ part: Part) -> Bytes { line.readable.part(Int(part.start), Int(part.end)) }
}
