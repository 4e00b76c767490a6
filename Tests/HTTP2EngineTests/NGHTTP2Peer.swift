import CNGHTTP2

/// libnghttp2's session of either side, as the other end of what is under test.
protocol NGHTTP2Peer: AnyObject {
    var session: OpaquePointer? { get }
}

extension NGHTTP2Peer {
    /// What it has to send now.
    func output() -> [UInt8] {
        var all: [UInt8] = []
        while true {
            var data: UnsafePointer<UInt8>?
            let length = nghttp2_session_mem_send(session, &data)
            guard length > 0 else { return all }
            all += UnsafeBufferPointer(start: data, count: length)
        }
    }

    func input(_ bytes: [UInt8]) { _ = nghttp2_session_mem_recv(session, bytes, bytes.count) }

    /// Lends `fields` as libnghttp2's, until `body` returns.
    @discardableResult
    func lend<Result>(
        _ fields: [(String, String)], _ body: (UnsafePointer<nghttp2_nv>?, Int) -> Result
    ) -> Result {
        var memory: [UnsafeMutableBufferPointer<UInt8>] = []
        defer { memory.forEach { $0.deallocate() } }
        func copy(_ text: String) -> UnsafeMutablePointer<UInt8>? {
            let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: text.utf8.count + 1)
            _ = buffer.update(fromContentsOf: Array(text.utf8) + [0])
            memory.append(buffer)
            return buffer.baseAddress
        }
        let pairs = fields.map {
            nghttp2_nv(
                name: copy($0.0), value: copy($0.1), namelen: $0.0.utf8.count, valuelen: $0.1.utf8.count, flags: 0)
        }
        return body(pairs, pairs.count)
    }
}
