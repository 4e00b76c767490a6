/// The memory that one verifier works in: taken once, used for every token, so that nothing is allocated in
/// proportion to what a token claims.
///
/// It holds the decoded bytes of the token at hand, the unescaped texts of those JSON strings that have escapes, the
/// members of the JSON object at hand, and a table of the names seen in it.
///
/// This is a view of memory that a `TokenVerifier` owns, free of reference counting, which would cost as much here as
/// the reading itself. It is good as long as its verifier is, and nothing but the verifier's methods may keep one.
struct JSONScratch {
    /// The longest JSON text that is looked at, in bytes; also the longest token.
    static let maximumText = 8192

    /// Decoded bytes are in `0..<unescapedStart`, unescaped texts after that.
    static let unescapedStart = maximumText + padding
    /// Readers look at eight bytes at a time, up to seven beyond the end.
    private static let padding = 64

    /// More than a text of 8 KiB can have: the shortest member takes five bytes, `"":0,`.
    static let maximumMembers = 2048
    /// A power of two, more than twice the number of names that a text can have.
    static let nameSlots = 4096

    let bytes: UnsafeMutablePointer<UInt8>
    let members: UnsafeMutablePointer<JSONMember>
    let names: UnsafeMutablePointer<NameSlot>
    private let state: UnsafeMutablePointer<State>

    /// What changes from scan to scan.
    private struct State {
        var memberCount = 0
        var unescapedEnd = JSONScratch.unescapedStart
        var scan: UInt32 = 0
        /// Of an index of `names`, the bits that this scan uses: few for a short text, so that it touches little memory.
        var slotMask = 0
        let seed = NameHash.seed
    }

    /// How many members the object at hand has.
    var memberCount: Int {
        get { state.pointee.memberCount }
        nonmutating set { state.pointee.memberCount = newValue }
    }

    /// Where the next unescaped text goes.
    var unescapedEnd: Int {
        get { state.pointee.unescapedEnd }
        nonmutating set { state.pointee.unescapedEnd = newValue }
    }

    /// Tells the slots of this scan from those of earlier ones, so that the table needn't be cleared.
    var scan: UInt32 { state.pointee.scan }

    /// Takes the memory: some 130 KiB.
    init() {
        let size = JSONScratch.unescapedStart + JSONScratch.maximumText + JSONScratch.padding
        bytes = .allocate(capacity: size)
        bytes.initialize(repeating: 0, count: size)
        members = .allocate(capacity: JSONScratch.maximumMembers)
        members.initialize(repeating: JSONMember(), count: JSONScratch.maximumMembers)
        names = .allocate(capacity: JSONScratch.nameSlots)
        names.initialize(repeating: NameSlot(), count: JSONScratch.nameSlots)
        state = .allocate(capacity: 1)
        state.initialize(to: State())
    }

    /// Gives the memory back: the last thing to do with it.
    func deallocate() {
        bytes.deallocate()
        members.deallocate()
        names.deallocate()
        state.deallocate()
    }

    /// Forgets the JSON object at hand. The next text has `length` bytes.
    func beginScan(length: Int) {
        // A name takes five bytes or more: of these slots, fewer than half will be taken.
        let doublings = Int.bitWidth - (max(0, length - 1) / 128).leadingZeroBitCount
        state.pointee.slotMask = min(64 << doublings, JSONScratch.nameSlots) - 1
        state.pointee.memberCount = 0
        state.pointee.unescapedEnd = JSONScratch.unescapedStart
        state.pointee.scan &+= 1
        guard scan == 0 else { return }
        // Once in four thousand million scans the stamps begin anew: old ones must not look like new ones.
        names.update(repeating: NameSlot(), count: JSONScratch.nameSlots)
        state.pointee.scan = 1
    }

    subscript(_ range: ScratchRange) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: bytes + Int(range.offset), count: Int(range.count))
    }

    /// A copy of the text as a string. Only called with what the scanner found to be UTF-8.
    func string(_ range: ScratchRange) -> String? {
        range.isEmpty ? nil : String(decoding: self[range], as: UTF8.self)
    }

    /// The member of the object at hand that has this name.
    @inline(__always)
    func member(_ name: ClaimName) -> UnsafeMutablePointer<JSONMember>? {
        let mask = state.pointee.slotMask
        var index = Int(name.hash) & mask
        while true {
            let slot = names[index]
            guard slot.scan == scan else { return nil }
            if slot.hash == name.hash, slot.object == 0,
                name.equals(bytes + Int(slot.name.offset), Int(slot.name.count))
            {
                return members + Int(slot.member)
            }
            index = (index + 1) & mask
        }
    }

    /// Notes a name of the object with number `object`. Returns false where the object has that name already.
    @inline(__always)
    func note(_ name: ScratchRange, object: UInt16, member: Int) -> Bool {
        let text = bytes + Int(name.offset)
        let hash = NameHash.of(text, count: Int(name.count), object: object, seed: state.pointee.seed)
        let mask = state.pointee.slotMask
        var index = Int(hash) & mask
        while true {
            let slot = names[index]
            guard slot.scan == scan else { break }
            if slot.hash == hash, slot.object == object,
                JSONScratch.equals(bytes + Int(slot.name.offset), Int(slot.name.count), text, Int(name.count))
            {
                return false
            }
            index = (index + 1) & mask
        }
        names[index] = NameSlot(scan: scan, hash: hash, name: name, object: object, member: UInt16(member))
        return true
    }

    @inline(__always)
    static func equals(
        _ left: UnsafePointer<UInt8>, _ leftCount: Int, _ right: UnsafePointer<UInt8>, _ rightCount: Int
    ) -> Bool {
        guard leftCount == rightCount else { return false }
        for index in 0..<leftCount where left[index] != right[index] { return false }
        return true
    }
}

/// One name that was seen in a scan.
struct NameSlot {
    var scan: UInt32 = 0
    var hash: UInt32 = 0
    var name = ScratchRange.none
    /// Which object of the text it belongs to; 0 is the outermost.
    var object: UInt16 = 0
    /// Its place among the members, where the object is the outermost.
    var member: UInt16 = 0
}
