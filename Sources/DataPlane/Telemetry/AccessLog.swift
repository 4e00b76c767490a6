import HTTPMessages

/// One worker's access log: lines gather here and leave in batches, so that no request waits for a file.
///
/// A line never holds a query, a header or a token: of the request, only method and path.
struct AccessLog: ~Copyable {
    private var lines = ByteQueue()
    private let isJSON: Bool
    private let write: @Sendable ([UInt8]) -> Void

    private static let batchBytes = 32 * 1024

    init(isJSON: Bool, write: @escaping @Sendable ([UInt8]) -> Void) {
        self.isJSON = isJSON
        self.write = write
    }

    struct Entry: ~Copyable {
        var time: Double
        var requestID: UInt64
        var requestIDLow: UInt64
        var client: String
        var organization: String?
        var status: Int
        var bytes: Int
        var milliseconds: Double
        var state: StaticString
        var code: String?
    }

    mutating func append(_ entry: consuming Entry, _ request: borrowing RequestHead) {
        lines.append(isJSON ? "{\"kind\":\"access\",\"time\":" : "access time=")
        appendMilliseconds(entry.time)
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
        separate("ms", quoted: false)
        appendMilliseconds(entry.milliseconds)
        separate("state", quoted: true)
        lines.append(entry.state)
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

    /// Three digits behind the point.
    private mutating func appendMilliseconds(_ value: Double) {
        let thousandths = Int(min(max(0, value), 1e12) * 1000)
        lines.append(decimal: thousandths / 1000)
        lines.append(byte: 0x2E)
        let rest = thousandths % 1000
        lines.append(byte: UInt8(0x30 + rest / 100))
        lines.append(byte: UInt8(0x30 + rest / 10 % 10))
        lines.append(byte: UInt8(0x30 + rest % 10))
    }

    /// Bytes of the client: whatever could end the field, or the line, is percent-encoded. At most 1 KiB of them.
    private mutating func appendEscaped(_ bytes: Bytes) {
        for byte in bytes.prefix(1024) {
            if byte <= 0x20 || byte >= 0x7F || byte == 0x22 || byte == 0x5C {
                lines.append(byte: 0x25)
                for digit in [byte >> 4, byte & 15] { lines.append(byte: digit < 10 ? 0x30 + digit : 0x37 + digit) }
            } else {
                lines.append(byte: byte)
            }
        }
    }
}
