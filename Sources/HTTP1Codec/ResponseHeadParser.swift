package import HTTPMessages

/// What became of a look at the input.
package enum ResponseHeadResult: Equatable, Sendable {
    /// The head isn't complete: call again with the same bytes and more behind them.
    case needsMore
    /// An interim response (1xx), without a body; another head follows. 101 comes so too: nobody asked for it, so the
    /// caller gives the upstream up.
    case informational(consumed: Int, status: Int)
    /// The final head is in `head`; the first `consumed` bytes of the input are done with.
    case complete(consumed: Int, ResponseFraming)
}

/// Reads the heads of one connection's responses, one after the other (RFC 9112, 4 to 6).
///
/// As strict as for requests: an upstream whose bytes can be read in two ways has failed. After an error it repeats
/// that error.
package struct ResponseHeadParser: ~Copyable {
    private enum Expected { case statusLine, fields }

    private let limits: HTTP1Limits
    private var expected = Expected.statusLine
    private var lines = LineScanner()
    private var framing = FramingFields()
    private var fieldLines = 0
    private var informationalResponses = 0
    private var version11 = false
    private var failure: HTTP1Error?

    package init(limits: HTTP1Limits) { self.limits = limits }

    /// Looks at `input`, all unread bytes of the connection from the head's first on, and fills `head`.
    ///
    /// Between calls for the same head, `input` may only grow and `head` is left alone; it is emptied when a new head
    /// begins. `requestMethod` decides whether there is a body (HEAD has none).
    package mutating func parse(
        _ input: Bytes, requestMethod: Method, into head: inout ResponseHead
    ) throws(HTTP1Error) -> ResponseHeadResult {
        if let failure { throw failure }
        do throws(HTTP1Error) {
            return try advance(input, requestMethod, &head)
        } catch {
            failure = error
            throw error
        }
    }

    private mutating func advance(
        _ input: Bytes, _ requestMethod: Method, _ head: inout ResponseHead
    ) throws(HTTP1Error) -> ResponseHeadResult {
        if expected == .statusLine { try checkBeginning(input) }
        while let line = try lines.next(input, limit: limits.maxHeadBytes, tooLarge: .headTooLarge) {
            switch expected {
            case .statusLine:
                head.removeAll()
                try readStatusLine(line, &head)
                expected = .fields
            case .fields where line.count == 0:
                return try finish(requestMethod, &head)
            case .fields:
                fieldLines += 1
                guard fieldLines <= limits.maxFields else { throw .tooManyFields }
                let field = try FieldLine(line)
                head.fields.append(name: field.name, value: field.value)
                try framing.note(lastOf: &head.fields, limits: limits)
            }
        }
        return .needsMore
    }

    /// What doesn't begin as HTTP/1 does is something else: waiting for a line's end would be waiting in vain.
    private func checkBeginning(_ input: Bytes) throws(HTTP1Error) {
        let version = staticBytes("HTTP/1.")
        let known = min(input.count, version.count)
        guard input.part(0, known).equals(version.part(0, known)) else { throw .malformed(.version) }
    }

    /// `HTTP/1.x SP 3DIGIT SP reason`. The last space may be missing with the reason, as many servers have it; the
    /// reason itself is thrown away.
    private mutating func readStatusLine(_ line: Bytes, _ head: inout ResponseHead) throws(HTTP1Error) {
        guard line.count >= 12, line[8] == 0x20 else { throw .malformed(.statusLine) }
        let version = line.part(0, 8)
        if version.equals("HTTP/1.1") {
            version11 = true
        } else {
            guard version.equals("HTTP/1.0") else { throw .malformed(.version) }
        }
        var status = 0
        for index in 9..<12 {
            guard line[index].isASCIIDigit else { throw .malformed(.statusLine) }
            status = status * 10 + Int(line[index] - 0x30)
        }
        guard status >= 100, line.count == 12 || line[12] == 0x20, line.isFieldValue else {
            throw .malformed(.statusLine)
        }
        head.status = status
    }

    private mutating func finish(
        _ requestMethod: Method, _ head: inout ResponseHead
    ) throws(HTTP1Error) -> ResponseHeadResult {
        let consumed = lines.start
        let declared = try framing.body(version11: version11)
        var interimSoFar = 0
        defer {
            self = ResponseHeadParser(limits: limits)
            informationalResponses = interimSoFar
        }
        if head.status < 200 {
            interimSoFar = informationalResponses + 1
            guard interimSoFar <= limits.maxInformationalResponses else { throw .malformed(.informationalResponses) }
            return .informational(consumed: consumed, status: head.status)
        }
        head.contentLength = framing.contentLength
        var body = declared ?? .untilClose
        var keepAlive = framing.persists(version11: version11) && body != .untilClose
        switch head.status {
        case 204, 304:
            // A 204 that announces a body may well send it: nothing behind it can be trusted.
            keepAlive =
                framing.persists(version11: version11)
                && (head.status == 304 || declared == nil || declared == BodyFraming.none)
            body = .none
        case _ where requestMethod == .head:
            keepAlive = framing.persists(version11: version11)
            body = .none
        default: break
        }
        return .complete(
            consumed: consumed, ResponseFraming(body: body, keepAlive: keepAlive, version11: version11))
    }
}
