import CNGHTTP2
import HTTPMessages

/// The fields that all requests of a load have in common, as libnghttp2 takes them.
package final class RequestFields: @unchecked Sendable {  // Never changed after `init`.
    let fields: [nghttp2_nv]
    private let memory: UnsafeMutablePointer<UInt8>

    /// A GET of `path` at `authority`, with `more` fields, whose names are in lower case.
    package init(scheme: String, authority: String, path: String, more: [(name: String, value: String)] = []) {
        let all = [(":method", "GET"), (":scheme", scheme), (":authority", authority), (":path", path)] + more
        let size = all.reduce(0) { $0 + $1.0.utf8.count + $1.1.utf8.count }
        memory = .allocate(capacity: max(size, 1))
        var next = memory
        func copy(_ text: String) -> (UnsafeMutablePointer<UInt8>, Int) {
            let start = next
            for byte in text.utf8 {
                next.initialize(to: byte)
                next += 1
            }
            return (start, next - start)
        }
        fields = all.map { name, value in
            let (name, nameLength) = copy(name)
            let (value, valueLength) = copy(value)
            return nghttp2_nv(
                name: name, value: value, namelen: nameLength, valuelen: valueLength, flags: RequestFields.inPlace)
        }
    }

    deinit { memory.deallocate() }

    /// Sent as never-indexed, which is libnghttp2's rule for this field: its bytes come anew with each request.
    static func authorization(_ value: Bytes) -> nghttp2_nv {
        nghttp2_nv(
            name: UnsafeMutablePointer(mutating: authorizationName.utf8Start),
            value: UnsafeMutablePointer(mutating: value.baseAddress?.assumingMemoryBound(to: UInt8.self)),
            namelen: authorizationName.utf8CodeUnitCount, valuelen: value.count, flags: inPlace)
    }

    private static let authorizationName: StaticString = "authorization"
    private static let inPlace = UInt8(NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue | NGHTTP2_NV_FLAG_NO_COPY_VALUE.rawValue)
}
