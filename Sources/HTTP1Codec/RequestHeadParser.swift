package import HTTPMessages

/// What became of a look at the input.
package enum RequestHeadResult: Equatable, Sendable {
    /// The head isn't complete: call again with the same bytes and more behind them.
    case needsMore
    /// The head is in `head`; the first `consumed` bytes of the input are done with.
    case complete(consumed: Int, RequestFraming)
}

/// Reads the heads of one connection's requests, one after the other (RFC 9112, 3 and 5).
///
/// A head goes line by line: empty lines (few), request line, fields, empty line. Lines are taken as they complete,
/// so that a client that drips costs no more than one that doesn't. After an error it repeats that error.
///
/// Strict where two readers of the same bytes could differ: CRLF only, no folding, no blank before a colon, exactly
/// one valid `Host`, one way to tell the body's end. `CONNECT` is refused: this is no tunnel.
package struct RequestHeadParser: ~Copyable {
    private enum Expected { case requestLine, fields }

    private let limits: HTTP1Limits
    private var expected = Expected.requestLine
    private var lines = LineScanner()
    private var framing = FramingFields()
    private var emptyLines = 0
    private var fieldLines = 0
    private var version11 = false
    private var hasHost = false
    private var targetHasAuthority = false
    private var failure: HTTP1Error?

    /// Empty lines before a request line that are passed over (RFC 9112, 2.2).
    private static let maxEmptyLines = 4

    package init(limits: HTTP1Limits) { self.limits = limits }

    /// Looks at `input`, all unread bytes of the connection from the head's first on, and fills `head`.
    ///
    /// Between calls for the same head, `input` may only grow and `head` is left alone. `head` is emptied first when a
    /// new head begins, so set the scheme after `.complete`. `Host` becomes `head.authority` and is no field; the
    /// authority of an absolute target overrides it (3.2.2). `head.target` is in origin form, or `*`.
    package mutating func parse(
        _ input: Bytes, into head: inout RequestHead
    ) throws(HTTP1Error) -> RequestHeadResult {
        if let failure { throw failure }
        do throws(HTTP1Error) {
            return try advance(input, &head)
        } catch {
            failure = error
            throw error
        }
    }

    private mutating func advance(
        _ input: Bytes, _ head: inout RequestHead
    ) throws(HTTP1Error) -> RequestHeadResult {
        while let line = try lines.next(input, limit: limits.maxHeadBytes, tooLarge: .headTooLarge) {
            switch expected {
            case .requestLine where line.count == 0:
                emptyLines += 1
                guard emptyLines <= Self.maxEmptyLines else { throw .malformed(.requestLine) }
            case .requestLine:
                head.removeAll()
                try readRequestLine(line, &head)
                expected = .fields
            case .fields where line.count == 0:
                let result = RequestHeadResult.complete(consumed: lines.start, try finish(&head))
                self = RequestHeadParser(limits: limits)
                return result
            case .fields:
                try readField(line, &head)
            }
        }
        return .needsMore
    }

    /// `method SP target SP version`, each blank exactly one space (RFC 9112, 3).
    private mutating func readRequestLine(_ line: Bytes, _ head: inout RequestHead) throws(HTTP1Error) {
        let methodEnd = line.tokenPrefixLength
        guard methodEnd > 0, methodEnd < line.count, line[methodEnd] == 0x20 else { throw .malformed(.requestLine) }
        let targetStart = methodEnd + 1
        guard let targetEnd = line.firstIndex(ofByte: 0x20, from: targetStart, to: line.count) else {
            throw .malformed(.requestLine)
        }
        let version = line.part(targetEnd + 1, line.count)
        if version.equals("HTTP/1.1") {
            version11 = true
        } else {
            guard version.equals("HTTP/1.0") else { throw .malformed(.version) }
        }
        head.setMethod(line.part(0, methodEnd))
        if head.method == .connect { throw .malformed(.method) }
        try readTarget(line.part(targetStart, targetEnd), &head)
    }

    /// Origin form, absolute form, or `*` for OPTIONS (RFC 9112, 3.2).
    private mutating func readTarget(_ target: Bytes, _ head: inout RequestHead) throws(HTTP1Error) {
        guard target.isRequestTarget else { throw .malformed(.target) }
        if target[0] == 0x2F {
            head.setTarget(target)
        } else if target.equals("*"), head.method == .options {
            head.setTarget(target)
        } else if target.hasPrefixIgnoringCase("http://") {
            try readAbsolute(target.part(7, target.count), &head)
        } else if target.hasPrefixIgnoringCase("https://") {
            try readAbsolute(target.part(8, target.count), &head)
        } else {
            throw .malformed(.target)
        }
    }

    private mutating func readAbsolute(_ rest: Bytes, _ head: inout RequestHead) throws(HTTP1Error) {
        var end = 0
        while end < rest.count, rest[end] != 0x2F, rest[end] != 0x3F { end += 1 }
        let authority = rest.part(0, end)
        guard authority.isAuthority else { throw .malformed(.target) }
        head.setAuthority(authority)
        targetHasAuthority = true
        if end == rest.count {
            // An OPTIONS of the whole server is `*` in the end (RFC 9112, 3.2.4).
            head.setTarget(staticBytes(head.method == .options ? "*" : "/"))
        } else if rest[end] == 0x2F {
            head.setTarget(rest.part(end, rest.count))
        } else {
            head.setTarget(rootWithQuery: rest.part(end, rest.count))
        }
    }

    private mutating func readField(_ line: Bytes, _ head: inout RequestHead) throws(HTTP1Error) {
        fieldLines += 1
        guard fieldLines <= limits.maxFields else { throw .tooManyFields }
        let field = try FieldLine(line)
        if field.name.equalsIgnoringCase("host") {
            guard !hasHost, field.value.isAuthority else { throw .malformed(.host) }
            hasHost = true
            if !targetHasAuthority { head.setAuthority(field.value) }
            return
        }
        head.fields.append(name: field.name, value: field.value)
        try framing.note(lastOf: &head.fields, limits: limits)
    }

    private func finish(_ head: inout RequestHead) throws(HTTP1Error) -> RequestFraming {
        guard hasHost || !version11 else { throw .malformed(.host) }
        let body = try framing.body(version11: version11) ?? .none
        head.contentLength = framing.contentLength
        return RequestFraming(
            body: body,
            keepAlive: framing.persists(version11: version11),
            expectsContinue: version11 && framing.expectsContinue,
            hasUnknownExpectation: version11 && framing.hasUnknownExpectation,
            version11: version11,
            upgradeRequested: version11 && framing.hasUpgrade && framing.connectionNamesUpgrade)
    }
}
