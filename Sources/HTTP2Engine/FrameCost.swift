import CNGHTTP2

/// What each frame costs of a `FrameBudget`, and what earns it back: the whole price list.
enum FrameCost {
    /// A response that was sent to its end: more than its HEADERS cost.
    static let completedResponse = -5

    /// A stream that ended before its response did, because the client cancelled it (rapid reset, CVE-2023-44487) or
    /// had the gateway reset it (MadeYouReset, CVE-2025-8671). With its other frames, such a stream costs 11 or 12:
    /// a browser that leaves a page with 128 requests under way has room for that.
    static let brokenStream = 8

    /// A frame that the gateway has to answer with a reset though no stream came of it, such as HEADERS beyond the
    /// limit of streams.
    static func refused(length: Int) -> Int { 8 + length / 256 }

    /// What `refused` costs more where the client has acknowledged the limit of streams: its budget ends before the room
    /// that there is for such streams.
    static let unheededLimit = 24

    /// A header list beyond the limits.
    static let oversizedHead = 50

    /// The shortest DATA that moves a request on: an empty message of gRPC.
    private static let leastData = 5
    /// How much of a padded frame may be padding, the byte that says so included.
    private static let mostPadding = 256

    /// What a client's frame costs by its header alone, unknown types included.
    @inline(__always)
    static func received(type: UInt8, flags: UInt8, length: Int) -> Int {
        switch UInt32(type) {
        case NGHTTP2_DATA.rawValue: data(flags, length)
        case NGHTTP2_HEADERS.rawValue: 2
        case NGHTTP2_RST_STREAM.rawValue: 2
        case NGHTTP2_SETTINGS.rawValue: UInt32(flags) & NGHTTP2_FLAG_ACK.rawValue == 0 ? 20 : 1
        case NGHTTP2_GOAWAY.rawValue: 20
        default: 1  // PING, PRIORITY, WINDOW_UPDATE, CONTINUATION, PRIORITY_UPDATE, what nobody knows.
        }
    }

    @inline(__always)
    private static func data(_ flags: UInt8, _ length: Int) -> Int {
        if UInt32(flags) & NGHTTP2_FLAG_END_STREAM.rawValue != 0 { return 0 }
        if length == 0 { return 5 }
        let isPadded = UInt32(flags) & NGHTTP2_FLAG_PADDED.rawValue != 0
        return length < leastData + (isPadded ? mostPadding : 0) ? 1 : -1 - length / 512
    }

    /// What a DATA frame of a response costs. Clients raise windows for what they read, some of them often, so bytes
    /// earn; but who lets a response out in crumbs pays for each.
    ///
    /// - Parameter leaves: body bytes that are there and didn't fit in.
    @inline(__always)
    static func sent(length: Int, leaves: Int) -> Int { length < 64 && leaves > 0 ? 1 : -3 - length / 512 }
}
