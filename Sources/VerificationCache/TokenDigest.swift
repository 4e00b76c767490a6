/// What the cache knows of a token's text: 128 bits that depend on every one of its bytes and on a random key.
///
/// Two different texts of the same length have the same digest with a probability of at most 2^-127 over the key
/// (`DigestKey`). A text is compared by its digest *and* its length.
package struct TokenDigest: Sendable, Equatable {
    var low: UInt64
    var high: UInt64

    static let zero = TokenDigest(low: 0, high: 0)

    /// Both halves at once: how long it takes doesn't tell how much of a digest fits.
    @inline(__always)
    package static func == (left: Self, right: Self) -> Bool { (left.low ^ right.low) | (left.high ^ right.high) == 0 }
}
