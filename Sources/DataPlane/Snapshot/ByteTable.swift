import HTTPMessages

/// A dictionary from bytes to small numbers that is asked without making a `String` or an array.
///
/// Built once, then only read. Its keys come from the configuration, so nobody can choose keys that collide.
struct ByteTable: Sendable {
    private var slots: [Int32]
    private var keys: [[UInt8]] = []
    private var values: [Int] = []

    init() { slots = [Int32](repeating: -1, count: 16) }

    var count: Int { keys.count }

    /// Adds a key that isn't there yet; returns false where it is.
    @discardableResult
    mutating func insert(_ key: some Sequence<UInt8>, _ value: Int) -> Bool {
        let key = Array(key)
        guard key.withUnsafeBytes({ self[$0] }) == nil else { return false }
        keys.append(key)
        values.append(value)
        if keys.count * 2 > slots.count { rebuild(slots.count * 2) } else { place(keys.count - 1) }
        return true
    }

    subscript(key: Bytes) -> Int? {
        var slot = Self.hash(key) & (slots.count - 1)
        while slots[slot] >= 0 {
            let index = Int(slots[slot])
            if keys[index].withUnsafeBytes({ $0.equals(key) }) { return values[index] }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    private mutating func rebuild(_ size: Int) {
        slots = [Int32](repeating: -1, count: size)
        for index in keys.indices { place(index) }
    }

    private mutating func place(_ index: Int) {
        var slot = keys[index].withUnsafeBytes { Self.hash($0) } & (slots.count - 1)
        while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = Int32(index)
    }

    /// FNV-1a.
    private static func hash(_ bytes: Bytes) -> Int {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return Int(truncatingIfNeeded: (hash ^ (hash >> 32)) & 0x7FFF_FFFF)
    }
}
