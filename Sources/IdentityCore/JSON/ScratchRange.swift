/// A range of bytes in a verifier's scratch memory; nothing at all where it is empty.
///
/// Two bytes each are enough: the scratch memory is smaller than 64 KiB.
struct ScratchRange: Equatable {
    var offset: UInt16
    var count: UInt16

    static let none = ScratchRange(offset: 0, count: 0)

    init(offset: UInt16, count: UInt16) {
        self.offset = offset
        self.count = count
    }

    init(_ offset: Int, count: Int) {
        self.offset = UInt16(offset)
        self.count = UInt16(count)
    }

    var isEmpty: Bool { count == 0 }
    var end: Int { Int(offset) + Int(count) }
}
