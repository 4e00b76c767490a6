import Testing

@testable import HTTP2Engine

@Suite struct FrameCostTests {
    /// By RFC 9113: types of section 6, END_STREAM and ACK 0x1, PADDED 0x8.
    @Test(arguments: [
        (0, 0, 0, 5), (0, 0, 1, 1), (0, 0, 4, 1), (0, 0x8, 17, 1), (0, 0x8, 260, 1),  // DATA that is next to nothing.
        (0, 0x1, 0, 0), (0, 0x9, 10, 0),  // An end, padded or not.
        (0, 0, 5, -1), (0, 0, 16384, -33), (0, 0x8, 261, -1), (0, 0x8, 1000, -2),  // DATA.
        (1, 0x5, 100, 2), (2, 0, 5, 1), (3, 0, 4, 2), (4, 0, 0, 20), (4, 0x1, 0, 1), (6, 0, 8, 1), (6, 0x1, 8, 1),
        (7, 0, 8, 20), (8, 0, 4, 1), (9, 0, 0, 1), (0x10, 0, 9, 1), (0xBE, 0, 0, 1), (0xFF, 0xFF, 16384, 1),
    ])
    func `each frame has its price`(type: UInt8, flags: UInt8, length: Int, cost: Int) {
        #expect(FrameCost.received(type: type, flags: flags, length: length) == cost)
    }

    @Test(arguments: [(1, 100, 1), (63, 1, 1), (1, 0, -3), (64, 100, -3), (16384, 1, -35)])
    func `a response let out in crumbs costs, a short one and a long one earn`(length: Int, leaves: Int, cost: Int) {
        #expect(FrameCost.sent(length: length, leaves: leaves) == cost)
    }
}
