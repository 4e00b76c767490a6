import HTTPMessages

/// One worker's access log: lines gather here and leave in batches, so that no request waits for a file.
///
/// A line never holds a query, a header or a token: of the request, only method and path, without what looks like a
/// token in it.
struct AccessLog: ~Copyable {
    /// JSON, or text; the next line is written so.
    var isJSON: Bool

    private var lines = ByteQueue()
    private let write: @Sendable ([UInt8]) -> Void

    private static let batchBytes = 32 * 1024
    private static let longestPath = 1024

    init(isJSON: Bool, write: @escaping @Sendable ([UInt8]) -> Void) {
        self.isJSON = isJSON
        self.write = write
    }

    struct Entry: ~Copyable {
        /// Seconds since 1970.
        var time: Double
        var requestID: UInt64
        var requestIDLow: UInt64
        var client: String
        var organization: String?
        var status: Int
        /// Of the response's body.
        var bytes: Int
        /// Of a WebSocket: what has come from the client.
        var received: Int?
        var timings: RequestTimings
        var state: StaticString
        var outcome: StaticString
        var code: String?
    }

    mutating func append(_ entry: consuming Entry, _ request: borrowing RequestHead) {
        lines.append(isJSON ? "{\"kind\":\"access\",\"time\":" : "access time=")
        appendThousandths(Int(min(max(0, entry.time), 1e12) * 1000))
        separate("request_id", quoted: true)
        RequestIdentifiers.append(entry.requestID, to: &lines)
        RequestIdentifiers.append(entry.requestIDLow, to: &lines)
        close()
        separate("client", quoted: true)
        lines.append(entry.client)
        close()
        if let organization = entry.organization {
            separate("organization", quoted: true)
            lines.append(organization)
            close()
        }
        separate("method", quoted: true)
        appendEscaped(request.methodName)
        close()
        separate("path", quoted: true)
        appendEscaped(request.path)
        close()
        separate("status", quoted: false)
        lines.append(decimal: max(0, entry.status))
        separate("bytes", quoted: false)
        lines.append(decimal: max(0, entry.bytes))
        if let received = entry.received {
            separate("received", quoted: false)
            lines.append(decimal: max(0, received))
        }
        appendTiming("queue_ms", entry.timings.queue)
        appendTiming("verify_ms", entry.timings.verify)
        appendTiming("admit_ms", entry.timings.admit)
        appendTiming("upstream_ms", entry.timings.upstream)
        appendTiming("total_ms", entry.timings.total)
        separate("state", quoted: true)
        lines.append(entry.state)
        close()
        separate("outcome", quoted: true)
        lines.append(entry.outcome)
        close()
        if let code = entry.code {
            separate("code", quoted: true)
            lines.append(code)
            close()
        }
        lines.append(isJSON ? "}\n" : "\n")
        if lines.count >= Self.batchBytes { flush() }
    }

    mutating func flush() {
        guard !lines.isEmpty else { return }
        write(Array(lines.readable))
        lines.removeAll()
    }

    private mutating func separate(_ name: StaticString, quoted: Bool) {
        if isJSON {
            lines.append(",\"")
            lines.append(name)
            lines.append(quoted ? "\":\"" : "\":")
        } else {
            lines.append(byte: 0x20)
            lines.append(name)
            lines.append(byte: 0x3D)
        }
    }

    private mutating func close() { if isJSON { lines.append(byte: 0x22) } }

    private mutating func appendTiming(_ name: StaticString, _ nanoseconds: UInt64?) {
        guard let nanoseconds else { return }
        separate(name, quoted: false)
        appendThousandths(Int(nanoseconds / 1000))
    }

    /// Three digits behind the point.
    private mutating func appendThousandths(_ thousandths: Int) {
        lines.append(decimal: thousandths / 1000)
        lines.append(byte: 0x2E)
        let rest = thousandths % 1000
        lines.append(byte: UInt8(0x30 + rest / 100))
        lines.append(byte: UInt8(0x30 + rest / 10 % 10))
        lines.append(byte: UInt8(0x30 + rest % 10))
    }

    /// Bytes of the client: whatever could end the field, or the line, is percent-encoded. At most 1 KiB of them.
    private mutating func appendEscaped(_ bytes: Bytes) {
        var position = 0
        let end = min(bytes.count, Self.longestPath)
        while position < end {
            if let tokenEnd = Self.endOfToken(bytes, from: position) {
                lines.append("(token)")
                position = tokenEnd
                continue
            }
            let byte = bytes[position]
            if byte <= 0x20 || byte >= 0x7F || byte == 0x22 || byte == 0x5C {
                lines.append(byte: 0x25)
                for digit in [byte >> 4, byte & 15] { lines.append(byte: digit < 10 ? 0x30 + digit : 0x37 + digit) }
            } else {
                lines.append(byte: byte)
            }
            position += 1
        }
    }

    /// Where the token ends that begins at `start`, if one does: what somebody put into a path by mistake is a token all
    /// the same. Each begins with `eyJ`, which is `{"`, and has a point in it.
    private static func endOfToken(_ bytes: Bytes, from start: Int) -> Int? {
        guard bytes[start] == 0x65, start + 20 <= bytes.count, bytes[start + 1] == 0x79, bytes[start + 2] == 0x4A
        else { return nil }
        var end = start + 3
        var hasPoint = false
        while end < bytes.count {
            switch bytes[end] {
            case 0x2E: hasPoint = true
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: break
            default: return hasPoint ? end : nil
            }
            end += 1
        }
        return hasPoint ? end : nil
    }
}
