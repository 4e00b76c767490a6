import Glibc

/// One entry in memory: a head, then the token's bytes. Written once, before it is published; never changed after.
struct CacheNode {
    /// What precedes the token.
    struct Head {
        var value: Unmanaged<AnyObject>
        /// Whole seconds since 1970, rounded down: from then on the entry is dead.
        var expiresAt: UInt32
        /// The clock before the settings and keys were read.
        var settingsStamp: UInt32
        /// The clock before the directory was asked.
        var userStamp: UInt32
        var organization: UInt32
        /// All that the entry takes: this, the allocator's share, and what its value says that it takes.
        var charge: UInt32
        var userPlace: UInt16
        var tokenLength: UInt16
    }

    static let longestToken = 8192
    static let largestCharge = 1 << 24

    let start: UnsafeMutableRawPointer

    @inline(__always)
    init(_ start: UnsafeMutableRawPointer) { self.start = start }

    /// Retains the value, copies the token.
    init(_ head: Head, token: UnsafeRawBufferPointer) {
        start = .allocate(byteCount: MemoryLayout<Head>.size + token.count, alignment: 16)
        start.storeBytes(of: head, as: Head.self)
        (start + MemoryLayout<Head>.size).copyMemory(
            from: token.baseAddress ?? UnsafeRawPointer(start), byteCount: token.count)
        _ = head.value.retain()
    }

    @inline(__always)
    var head: UnsafePointer<Head> { UnsafePointer(start.assumingMemoryBound(to: Head.self)) }

    /// Always true. The processor fetches the value's line while it compares the token: counting a reference, as a hit
    /// ends by, would wait for that line with nothing else to do.
    @inline(__always)
    var valueExists: Bool { head.pointee.value.toOpaque().load(as: UInt.self) != 0 }

    /// Whether this is the entry of exactly these bytes in this organization.
    @inline(__always)
    func isFor(_ token: UnsafeRawBufferPointer, organization: UInt32) -> Bool {
        guard head.pointee.organization == organization, Int(head.pointee.tokenLength) == token.count,
            let other = token.baseAddress
        else { return false }
        return memcmp(start + MemoryLayout<Head>.size, other, token.count) == 0
    }

    /// Releases the value and the memory. Nobody may be able to reach the node any more.
    func free() {
        head.pointee.value.release()
        start.deallocate()
    }

    /// What a node for a token of this length takes, with malloc's head and rounding.
    static func byteCount(tokenLength: Int) -> Int { (MemoryLayout<Head>.size + tokenLength + 8 + 15) & ~15 }
}
