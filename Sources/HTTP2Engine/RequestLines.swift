import CNGHTTP2
import HTTPMessages

/// Turns a request's head, written as HTTP/1.1 has it, into libnghttp2's fields (RFC 9113, 8.3.1).
enum RequestLines {
    /// Lends the fields; `head` must live until libnghttp2 has copied them, which it does at once.
    static func withFields(
        of head: Bytes, isTLS: Bool, isWebSocket: Bool, _ body: (UnsafePointer<nghttp2_nv>?, Int) -> Int32
    ) -> Int32 {
        var fields: [nghttp2_nv] = []
        fields.reserveCapacity(40)
        var start = 0
        var isFirst = true
        while let end = head.firstIndex(ofByte: 0x0A, from: start, to: head.count) {
            let line = head.part(start, max(start, end - 1))
            start = end + 1
            if isFirst {
                appendRequestLine(line, isTLS: isTLS, isWebSocket: isWebSocket, to: &fields)
                isFirst = false
            } else if let colon = line.firstIndex(ofByte: 0x3A) {
                let name = line.part(0, colon)
                let value = line.part(min(colon + 2, line.count), line.count)
                fields.append(field(name.equals("host") ? staticBytes(":authority") : name, value))
            }
        }
        // Pseudo-header fields come first, and `Host` follows the request line.
        if !isWebSocket { fields.append(field(staticBytes("te"), staticBytes("trailers"))) }
        return fields.withUnsafeBufferPointer { body($0.baseAddress, $0.count) }
    }

    static func withFields(of block: borrowing HeaderBlock, _ body: (UnsafePointer<nghttp2_nv>?, Int) -> Void) {
        var fields: [nghttp2_nv] = []
        var index = 0
        while index < block.count {
            fields.append(field(block.name(index), block.value(index)))
            index += 1
        }
        fields.withUnsafeBufferPointer { body($0.baseAddress, $0.count) }
    }

    private static func appendRequestLine(
        _ line: Bytes, isTLS: Bool, isWebSocket: Bool, to fields: inout [nghttp2_nv]
    ) {
        guard let first = line.firstIndex(ofByte: 0x20),
            let second = line.firstIndex(ofByte: 0x20, from: first + 1, to: line.count)
        else { return }
        fields.append(field(staticBytes(":method"), isWebSocket ? staticBytes("CONNECT") : line.part(0, first)))
        fields.append(field(staticBytes(":scheme"), isTLS ? staticBytes("https") : staticBytes("http")))
        fields.append(field(staticBytes(":path"), line.part(first + 1, second)))
        if isWebSocket { fields.append(field(staticBytes(":protocol"), staticBytes("websocket"))) }
    }

    private static func field(_ name: Bytes, _ value: Bytes) -> nghttp2_nv {
        nghttp2_nv(
            name: UnsafeMutablePointer(mutating: name.baseAddress?.assumingMemoryBound(to: UInt8.self)),
            value: UnsafeMutablePointer(mutating: value.baseAddress?.assumingMemoryBound(to: UInt8.self)),
            namelen: name.count, valuelen: value.count, flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue))
    }
}
