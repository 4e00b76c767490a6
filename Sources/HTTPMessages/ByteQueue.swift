/// Bytes that are appended at the end and taken from the front; its memory is kept for reuse.
///
/// Not thread-safe: it belongs to one worker. Growth is by doubling; the owner bounds it.
@usableFromInline
package struct ByteQueue: ~Copyable {
    @usableFromInline var base: UnsafeMutableRawPointer?
    @usableFromInline var capacity = 0
    @usableFromInline var head = 0
    @usableFromInline var tail = 0

    package init() {}

    package init(capacity: Int) { reserve(capacity) }

    deinit { base?.deallocate() }

    @inlinable @inline(__always) package var count: Int { tail - head }
    @inlinable @inline(__always) package var isEmpty: Bool { head == tail }

    /// What is in the queue, front first: valid until the queue is next changed.
    @inlinable @inline(__always)
    package var readable: Bytes { Bytes(start: base.map { UnsafeRawPointer($0 + head) }, count: tail - head) }

    /// Appends a copy of `bytes`, which must not be part of this very queue: growing moves its memory.
    @inlinable @inline(__always)
    package mutating func append(_ bytes: Bytes) {
        guard bytes.count > 0, let source = bytes.baseAddress else { return }
        reserve(bytes.count)
        base.unsafelyUnwrapped.advanced(by: tail).copyMemory(from: source, byteCount: bytes.count)
        tail += bytes.count
    }

    @inlinable @inline(__always)
    package mutating func append(_ text: StaticString) { append(staticBytes(text)) }

    @inlinable @inline(__always)
    package mutating func append(byte: UInt8) {
        reserve(1)
        base.unsafelyUnwrapped.storeBytes(of: byte, toByteOffset: tail, as: UInt8.self)
        tail += 1
    }

    /// Appends the UTF-8 of `text`. A literal is taken as `StaticString`, which is far cheaper.
    @_disfavoredOverload
    package mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { append(Bytes($0)) }
    }

    @inlinable
    package mutating func append(_ bytes: [UInt8]) { bytes.withUnsafeBytes { append($0) } }

    /// Appends `number`, not negative, in decimal.
    package mutating func append(decimal number: Int) {
        precondition(number >= 0)
        if number >= 10 { append(decimal: number / 10) }
        append(byte: UInt8(0x30 + number % 10))
    }

    /// Appends `number`, not negative, in hexadecimal without leading zeros.
    package mutating func append(hexadecimal number: Int) {
        precondition(number >= 0)
        if number >= 16 { append(hexadecimal: number >> 4) }
        let digit = UInt8(number & 15)
        append(byte: digit < 10 ? 0x30 + digit : 0x57 + digit)
    }

    /// Takes `length` bytes from the front; at most `count`.
    @inlinable @inline(__always)
    package mutating func consume(_ length: Int) {
        precondition(length >= 0 && length <= count)
        head += length
        if head == tail {
            head = 0
            tail = 0
        }
    }

    /// Takes away the last `length` bytes; at most `count`.
    package mutating func removeLast(_ length: Int) {
        precondition(length >= 0 && length <= count)
        tail -= length
    }

    /// Empties the queue and keeps its memory.
    @inlinable @inline(__always)
    package mutating func removeAll() {
        head = 0
        tail = 0
    }

    /// Empties the queue and gives back its memory where that is more than `limit` bytes.
    package mutating func removeAll(keepingAtMost limit: Int) {
        removeAll()
        if capacity > limit {
            base?.deallocate()
            base = nil
            capacity = 0
        }
    }

    /// Makes room for `length` more bytes at the end.
    @inlinable @inline(__always)
    package mutating func reserve(_ length: Int) {
        if tail + length > capacity { makeRoom(length) }
    }

    /// Lends at least `length` writable bytes at the end; `body` returns how many it wrote.
    @inlinable @inline(__always)
    package mutating func write(atMost length: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int) -> Int {
        reserve(max(length, 1))
        let written = body(
            UnsafeMutableRawBufferPointer(start: base.unsafelyUnwrapped + tail, count: capacity - tail))
        precondition(written >= 0 && written <= capacity - tail)
        tail += written
        return written
    }

    @usableFromInline @inline(never)
    mutating func makeRoom(_ length: Int) {
        let used = tail - head
        if used + length <= capacity, head >= capacity / 2, let base {
            base.copyMemory(from: base + head, byteCount: used)
        } else {
            var grown = max(capacity, 256)
            while grown < used + length { grown *= 2 }
            let fresh = UnsafeMutableRawPointer.allocate(byteCount: grown, alignment: 8)
            if let base {
                fresh.copyMemory(from: base + head, byteCount: used)
                base.deallocate()
            }
            base = fresh
            capacity = grown
        }
        head = 0
        tail = used
    }
}
