/// Writes the fields of what a browser keeps, one after another: numbers in big-endian order, text behind its length.
struct RecordWriter {
    private(set) var bytes: [UInt8]

    init(version: UInt8) { bytes = [version] }

    mutating func append(byte: UInt8) { bytes.append(byte) }

    mutating func append(_ nonce: SignInNonce) { bytes += nonce.bytes }

    /// Seconds since 1970.
    mutating func append(time: Double) {
        let pattern = time.bitPattern
        for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: pattern >> shift)) }
    }

    /// Text of at most 65 535 bytes; what is longer is cut, and won't be read as what it was.
    mutating func append(_ text: String) {
        let characters = Array(text.utf8.prefix(Int(UInt16.max)))
        bytes.append(UInt8(truncatingIfNeeded: characters.count >> 8))
        bytes.append(UInt8(truncatingIfNeeded: characters.count))
        bytes += characters
    }
}

/// Reads what `RecordWriter` wrote. Every field is nil where the bytes don't hold one.
struct RecordReader {
    private var rest: ArraySlice<UInt8>

    /// Nil where the record is of another layout.
    init?(_ bytes: [UInt8], version: UInt8) {
        guard bytes.first == version else { return nil }
        rest = bytes.dropFirst()
    }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func byte() -> UInt8? { rest.popFirst() }

    mutating func nonce() -> SignInNonce? { take(SignInNonce.length).map { SignInNonce(bytes: Array($0)) } }

    /// Finite.
    mutating func time() -> Double? {
        guard let taken = take(8) else { return nil }
        let time = Double(bitPattern: taken.reduce(0) { $0 << 8 | UInt64($1) })
        return time.isFinite ? time : nil
    }

    /// UTF-8 of 1 to `maximum` bytes.
    mutating func text(maximum: Int) -> String? {
        guard let length = take(2).map({ $0.reduce(0) { $0 << 8 | Int($1) } }), (1...maximum).contains(length) else {
            return nil
        }
        return take(length).flatMap { String(validating: $0, as: UTF8.self) }
    }

    /// An address as `ReturnAddress.location` has it.
    mutating func location() -> String? {
        // An address without a path has got one.
        guard let location = text(maximum: ReturnAddress.maximumLength + 1) else { return nil }
        let isLocal = location.hasPrefix("/") && !location.hasPrefix("//")
        guard isLocal || location.hasPrefix("https://") || location.hasPrefix("http://"),
            LocalReference.isWellFormed(Array(location.utf8))
        else { return nil }
        return location
    }

    private mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard rest.count >= count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }
}

/// How long what a browser keeps is good for.
enum RecordAge {
    /// Another gateway of the installation may have written it, whose clock may be so many seconds ahead.
    static let clockSkew = 60.0

    static func isFresh(_ writtenAt: Double, lifetime: Double, now: Double) -> Bool {
        now - writtenAt <= lifetime && writtenAt - now <= clockSkew
    }
}
