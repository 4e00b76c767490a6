/// The fields of one message head or trailer section, in order, in one run of memory.
///
/// Names are stored in lower case. Nothing here judges a field: whoever appends has checked name and value.
@usableFromInline
package struct HeaderBlock: ~Copyable {
    @usableFromInline
    struct Field {
        @usableFromInline var name: UInt32
        @usableFromInline var value: UInt32
        @usableFromInline var end: UInt32
        @usableFromInline var header: KnownHeader
    }

    @usableFromInline var storage = ByteQueue()
    @usableFromInline var fields: UnsafeMutablePointer<Field>?
    private var capacity = 0

    /// How many fields there are.
    @usableFromInline package private(set) var count = 0

    package init() {}

    deinit { fields?.deallocate() }

    /// The sum of all names' and values' lengths, and 32 for each field (RFC 9113, 6.5.2).
    package var listSize: Int { storage.count + 32 * count }

    /// Appends a field; `name` is lower-cased on the way. Neither may be part of this very block.
    package mutating func append(name: Bytes, value: Bytes) {
        let start = store(name, value)
        lowercase(from: start, length: name.count)
        let lowered = storage.readable.part(start, start + name.count)
        record(start: start, nameLength: name.count, KnownHeader(lowercased: lowered))
    }

    /// Appends a field whose name is already in lower case, and which is `header`. Neither may be part of this block.
    package mutating func append(lowercased name: Bytes, value: Bytes, _ header: KnownHeader) {
        let start = store(name, value)
        record(start: start, nameLength: name.count, header)
    }

    /// Appends a field whose name is known and already in lower case.
    package mutating func append(_ name: StaticString, _ value: Bytes) {
        let name = staticBytes(name)
        append(lowercased: name, value: value, KnownHeader(lowercased: name))
    }

    package mutating func append(_ name: StaticString, _ value: StaticString) { append(name, staticBytes(value)) }

    /// Appends a field with the UTF-8 of `value`. A literal is taken as `StaticString`, which is far cheaper.
    @_disfavoredOverload
    package mutating func append(_ name: StaticString, _ value: String) {
        var value = value
        value.withUTF8 { append(name, Bytes($0)) }
    }

    /// The field's name, in lower case: valid until the block is next changed.
    @inlinable @inline(__always)
    package func name(_ index: Int) -> Bytes {
        let field = self[index]
        return storage.readable.part(Int(field.name), Int(field.value))
    }

    /// The field's value: valid until the block is next changed.
    @inlinable @inline(__always)
    package func value(_ index: Int) -> Bytes {
        let field = self[index]
        return storage.readable.part(Int(field.value), Int(field.end))
    }

    /// Which well-known header the field is, `.other` if none.
    @inlinable @inline(__always)
    package func header(_ index: Int) -> KnownHeader { self[index].header }

    /// The value of the first field of this header, or nil.
    package func first(_ header: KnownHeader) -> Bytes? {
        var index = 0
        while index < count {
            if self[index].header == header { return value(index) }
            index += 1
        }
        return nil
    }

    /// The value of the first field with this name, written in lower case, or nil.
    package func first(named name: StaticString) -> Bytes? {
        var index = 0
        while index < count {
            if self.name(index).equals(name) { return value(index) }
            index += 1
        }
        return nil
    }

    /// Takes the last field away again; there must be one.
    package mutating func removeLast() {
        let last = self[count - 1]
        storage.removeLast(Int(last.end - last.name))
        count -= 1
    }

    /// Takes out every field whose name, in lower case, `isUnwanted` holds of.
    package mutating func remove(where isUnwanted: (Bytes) -> Bool) {
        var kept = 0
        var index = 0
        while index < count {
            if !isUnwanted(name(index)) {
                fields.unsafelyUnwrapped[kept] = fields.unsafelyUnwrapped[index]
                kept += 1
            }
            index += 1
        }
        count = kept
    }

    /// Empties the block; its memory is kept unless a large head blew it up.
    package mutating func removeAll() {
        storage.removeAll(keepingAtMost: 8192)
        count = 0
        if capacity > 256 {
            fields?.deallocate()
            fields = nil
            capacity = 0
        }
    }

    @inlinable @inline(__always)
    subscript(index: Int) -> Field {
        precondition(index >= 0 && index < count)
        return fields.unsafelyUnwrapped[index]
    }

    /// Returns where the name begins; the value follows it.
    @inline(__always)
    private mutating func store(_ name: Bytes, _ value: Bytes) -> Int {
        let start = storage.count
        storage.reserve(name.count + value.count)
        storage.append(name)
        storage.append(value)
        return start
    }

    @inline(__always)
    private mutating func record(start: Int, nameLength: Int, _ header: KnownHeader) {
        if count == capacity { grow() }
        fields.unsafelyUnwrapped[count] = Field(
            name: UInt32(start), value: UInt32(start + nameLength), end: UInt32(storage.count), header: header)
        count += 1
    }

    @inline(__always)
    private mutating func lowercase(from start: Int, length: Int) {
        let bytes = UnsafeMutableRawBufferPointer(mutating: storage.readable.part(start, start + length))
        var index = 0
        while index + 8 <= bytes.count {
            // Eight at a time: the high bit of each byte tells whether that byte is `A`–`Z`, then becomes 0x20.
            let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            let low = word & 0x7F7F_7F7F_7F7F_7F7F
            let fromA = low &+ 0x3F3F_3F3F_3F3F_3F3F
            let pastZ = low &+ 0x2525_2525_2525_2525
            let upper = fromA & ~pastZ & ~word & 0x8080_8080_8080_8080
            bytes.storeBytes(of: word | upper >> 2, toByteOffset: index, as: UInt64.self)
            index += 8
        }
        while index < bytes.count {
            bytes[index] = bytes[index].asciiLowercased
            index += 1
        }
    }

    @inline(never)
    private mutating func grow() {
        let larger = max(16, capacity * 2)
        let fresh = UnsafeMutablePointer<Field>.allocate(capacity: larger)
        if let fields {
            fresh.update(from: fields, count: count)
            fields.deallocate()
        }
        fields = fresh
        capacity = larger
    }
}
