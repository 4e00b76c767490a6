/// A reference that isn't counted.
///
/// Each time that a reference is copied and dropped takes two atomic operations, and a request passes through dozens of
/// hands. Whoever keeps a reference so says why the object lives long enough: nothing checks it.
@usableFromInline
package struct Uncounted<Object: AnyObject> {
    @usableFromInline let reference: Unmanaged<Object>

    @inlinable @inline(__always)
    package init(_ object: Object) { reference = .passUnretained(object) }

    /// From what `pointer` was.
    @inlinable @inline(__always)
    package init(pointer: UnsafeMutableRawPointer) { reference = .fromOpaque(pointer) }

    /// For C, and to tell objects apart.
    @inlinable @inline(__always)
    package var pointer: UnsafeMutableRawPointer { reference.toOpaque() }

    init(_ reference: Unmanaged<Object>) { self.reference = reference }

    /// Lends the object, which must live until `body` returns.
    @inlinable @inline(__always)
    package func callAsFunction<Result>(_ body: (Object) -> Result) -> Result {
        reference._withUnsafeGuaranteedRef(body)
    }

    /// The object, counted: where it must live on, and off the hot path.
    @inlinable
    package var object: Object { reference.takeUnretainedValue() }
}
