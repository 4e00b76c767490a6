import HTTPMessages

/// What the fields of a head say about framing, gathered one by one and judged at the end.
///
/// Anything that two recipients could read differently is refused here, since that is what request smuggling lives on.
struct FramingFields {
    private(set) var contentLength: Int?
    private(set) var isChunked = false
    private(set) var close = false
    private(set) var keepAlive = false
    private(set) var hasUpgrade = false
    private(set) var connectionNamesUpgrade = false
    private(set) var expectsContinue = false
    private(set) var hasUnknownExpectation = false
    private var connectionOptions = 0

    /// Takes note of a field that `fields` ends with; a repeated `Content-Length` of the same value goes away again.
    @inline(__always)
    mutating func note(lastOf fields: inout HeaderBlock, limits: HTTP1Limits) throws(HTTP1Error) {
        let last = fields.count - 1
        switch fields.header(last) {
        case .contentLength:
            guard let length = Self.length(fields.value(last)) else { throw .malformed(.contentLength) }
            if let contentLength {
                guard contentLength == length else { throw .malformed(.contentLength) }
                fields.removeLast()
            }
            contentLength = length
        case .transferEncoding:
            guard !isChunked, fields.value(last).equalsIgnoringCase("chunked") else {
                throw .malformed(.transferEncoding)
            }
            isChunked = true
        case .connection: try noteConnection(fields.value(last), limit: limits.maxConnectionOptions)
        case .upgrade: hasUpgrade = true
        case .expect:
            if fields.value(last).equalsIgnoringCase("100-continue") {
                expectsContinue = true
            } else {
                hasUnknownExpectation = true
            }
        default: break
        }
    }

    /// The body's framing by the length fields alone, nil where they say nothing.
    func body(version11: Bool) throws(HTTP1Error) -> BodyFraming? {
        if isChunked {
            guard contentLength == nil else { throw .malformed(.conflictingFraming) }
            guard version11 else { throw .malformed(.transferEncoding) }
            return .chunked
        }
        guard let contentLength else { return nil }
        return contentLength == 0 ? BodyFraming.none : .length(contentLength)
    }

    /// Whether the connection persists after this message (RFC 9112, 9.3).
    func persists(version11: Bool) -> Bool { !close && (version11 || keepAlive) }

    private mutating func noteConnection(_ value: Bytes, limit: Int) throws(HTTP1Error) {
        var list = FieldList(value)
        while let option = list.next() {
            connectionOptions += 1
            guard option.isToken, connectionOptions <= limit else { throw .malformed(.connection) }
            if option.equalsIgnoringCase("close") { close = true }
            if option.equalsIgnoringCase("keep-alive") { keepAlive = true }
            if option.equalsIgnoringCase("upgrade") { connectionNamesUpgrade = true }
        }
    }

    /// Decimal digits and nothing else, at most 19 of them, that fit `Int`; else nil.
    private static func length(_ value: Bytes) -> Int? {
        guard value.count > 0, value.count <= 19 else { return nil }
        var length = 0
        for byte in value {
            guard byte.isASCIIDigit else { return nil }
            let (tens, overflow) = length.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(Int(byte - 0x30))
            if overflow || carry { return nil }
            length = sum
        }
        return length
    }
}

/// The elements of a comma-separated value, trimmed, empty ones left out (RFC 9110, 5.6.1).
struct FieldList {
    private let value: Bytes
    private var position = 0

    init(_ value: Bytes) { self.value = value }

    mutating func next() -> Bytes? {
        while position < value.count {
            let comma = value.firstIndex(ofByte: 0x2C, from: position, to: value.count) ?? value.count
            let element = value.part(position, comma).trimmingBlanks
            position = comma + 1
            if element.count > 0 { return element }
        }
        return nil
    }
}
