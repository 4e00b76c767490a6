import CNGHTTP2

/// `:status` fields for all statuses, made once: their memory lives as long as the process.
enum StatusFields {
    private static let name: StaticString = ":status"

    /// The three digits of every status from 000 to 999.
    private nonisolated(unsafe) static let digits: UnsafeMutablePointer<UInt8> = {
        let digits = UnsafeMutablePointer<UInt8>.allocate(capacity: 3000)
        for status in 0..<1000 {
            digits[status * 3] = UInt8(0x30 + status / 100)
            digits[status * 3 + 1] = UInt8(0x30 + status / 10 % 10)
            digits[status * 3 + 2] = UInt8(0x30 + status % 10)
        }
        return digits
    }()

    static func field(for status: Int) -> nghttp2_nv {
        nghttp2_nv(
            name: UnsafeMutablePointer(mutating: name.utf8Start), value: digits + 3 * max(0, min(status, 999)),
            namelen: 7, valuelen: 3,
            flags: UInt8(NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue | NGHTTP2_NV_FLAG_NO_COPY_VALUE.rawValue))
    }
}
