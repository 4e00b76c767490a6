/// One entry, as the table refers to it: the address of its value, whose memory begins with an object's head and goes on
/// with the cache's record. The table's reference to it is counted.
struct CacheNode {
    static let longestToken = DigestKey.longestText
    static let largestCharge = 1 << 24
    /// What no value is smaller than.
    static let smallestCharge = 64
    /// The length of an object's head: its type and its count of references.
    private static let objectHead = 16

    let address: UnsafeMutableRawPointer

    @inline(__always)
    init(_ address: UnsafeMutableRawPointer) { self.address = address }

    /// Nil for an object without a record where it should be.
    init?(_ value: AnyObject, record: UnsafeMutablePointer<CacheRecord>) {
        address = Unmanaged.passUnretained(value).toOpaque()
        guard UnsafeMutableRawPointer(record) == address + Self.objectHead else { return nil }
    }

    @inline(__always)
    var record: UnsafeMutablePointer<CacheRecord> {
        (address + Self.objectHead).assumingMemoryBound(to: CacheRecord.self)
    }

    @inline(__always)
    var value: Unmanaged<AnyObject> { .fromOpaque(address) }

    /// Whether this is the entry of the token with this digest and length, in this organization.
    @inline(__always)
    func isFor(_ digest: TokenDigest, length: Int, organization: UInt32) -> Bool {
        let record = record
        return record.pointee.digest == digest && Int(record.pointee.tokenLength) == length
            && record.pointee.organization == organization
    }

    /// Whether both are entries of the same token in the same organization.
    func isForSame(as other: CacheNode) -> Bool {
        let record = other.record
        return isFor(
            record.pointee.digest, length: Int(record.pointee.tokenLength), organization: record.pointee.organization)
    }

    /// Keeps the value for the table.
    func retain() { _ = value.retain() }

    /// Gives the table's reference back. Nobody may be able to reach the node any more.
    func free() { value.release() }
}
