import HTTPMessages
import IdentityCore
import UserDirectory

/// A bounded run of fixed-size records: what one worker has to say of tokens, until it is taken.
///
/// All memory is taken at once: a record costs a few copies and no allocation. Texts longer than their place are cut.
struct TokenRecords: ~Copyable {
    /// Bytes that one record takes.
    static let stride = 320

    /// What `code` holds of an accepted token, and of an acceptance that stands for others like it.
    static let accepted = UInt8.max
    static let repeated = UInt8.max - 1

    let capacity: Int
    private(set) var count = 0
    private let base: UnsafeMutableRawPointer

    init(capacity: Int) {
        self.capacity = capacity
        base = .allocate(byteCount: capacity * Self.stride, alignment: 8)
    }

    deinit { base.deallocate() }

    struct Facts: ~Copyable {
        /// Seconds since 1970.
        var time: Double
        var standsFor: UInt64 = 1
        /// A position in `RejectionCode.allCases`, or one of the two above.
        var code: UInt8
        var warnings: TokenWarnings = []
        var source: UInt8
        var organization: String
        var user: String?
        var keyID: String?
        var address: String
    }

    /// Appends a record; nil where there is no room. Returns its position.
    mutating func append(_ facts: borrowing Facts, origin: Bytes?) -> Int? {
        guard count < capacity else { return nil }
        let record = base + count * Self.stride
        record.storeBytes(of: facts.time, as: Double.self)
        record.storeBytes(of: facts.standsFor, toByteOffset: Place.standsFor, as: UInt64.self)
        record.storeBytes(of: facts.code, toByteOffset: Place.code, as: UInt8.self)
        record.storeBytes(of: facts.warnings.rawValue, toByteOffset: Place.warnings, as: UInt8.self)
        record.storeBytes(of: facts.source, toByteOffset: Place.source, as: UInt8.self)
        Self.write(facts.organization, Place.organization, in: record)
        Self.write(facts.user, Place.user, in: record)
        Self.write(facts.keyID, Place.keyID, in: record)
        Self.write(facts.address, Place.address, in: record)
        Self.write(origin ?? Bytes(start: nil, count: 0), Place.origin, in: record)
        count += 1
        return count - 1
    }

    /// Makes the record at `position`, which must be one that `append` has returned, stand for one more.
    mutating func addOne(to position: Int) {
        guard position < count else { return }
        let place = base + position * Self.stride + Place.standsFor
        place.storeBytes(of: place.load(as: UInt64.self) &+ 1, as: UInt64.self)
    }

    /// Copies all records out and forgets them.
    mutating func take() -> [UInt8] {
        defer { count = 0 }
        return Array(UnsafeRawBufferPointer(start: base, count: count * Self.stride))
    }

    /// A text's place in a record, and that of its length, a byte.
    private struct Text {
        let length: Int
        let start: Int
        let room: Int
    }

    private enum Place {
        static let standsFor = 8
        static let code = 16
        static let warnings = 17
        static let source = 18
        static let organization = Text(length: 19, start: 24, room: 64)
        static let user = Text(length: 20, start: 88, room: 32)
        static let keyID = Text(length: 21, start: 120, room: 32)
        static let address = Text(length: 22, start: 152, room: 48)
        static let origin = Text(length: 23, start: 200, room: 120)
    }

    private static func write(_ text: String?, _ place: Text, in record: UnsafeMutableRawPointer) {
        var text = text ?? ""
        text.withUTF8 { write(Bytes($0), place, in: record) }
    }

    private static func write(_ bytes: Bytes, _ place: Text, in record: UnsafeMutableRawPointer) {
        let length = min(bytes.count, place.room)
        record.storeBytes(of: UInt8(length), toByteOffset: place.length, as: UInt8.self)
        if let source = bytes.baseAddress { (record + place.start).copyMemory(from: source, byteCount: length) }
    }

    // MARK: Reading

    /// What taken records say.
    static func read(_ bytes: [UInt8], _ body: (_ entry: TokenLogEntry, _ isRepeated: Bool) -> Void) {
        bytes.withUnsafeBytes { bytes in
            for position in 0..<bytes.count / stride {
                let record = bytes.part(position * stride, (position + 1) * stride)
                let code = record[Place.code]
                guard let source = TokenSource(position: record[Place.source]) else { continue }
                body(
                    TokenLogEntry(
                        time: record.loadUnaligned(as: Double.self), organization: read(Place.organization, record),
                        code: code >= repeated ? TokenLogEntry.accepted : RejectionCode.at(code).rawValue,
                        warnings: TokenWarnings(rawValue: record[Place.warnings]).names,
                        user: readIfAny(Place.user, record), keyID: readIfAny(Place.keyID, record),
                        address: read(Place.address, record),
                        origin: record[Place.origin.length] == 0 ? nil : PlainText.of(text(Place.origin, record)),
                        source: source,
                        standsFor: Int(
                            clamping: record.loadUnaligned(fromByteOffset: Place.standsFor, as: UInt64.self))),
                    code == repeated)
            }
        }
    }

    private static func text(_ place: Text, _ record: Bytes) -> Bytes {
        record.part(place.start, place.start + min(Int(record[place.length]), place.room))
    }

    private static func read(_ place: Text, _ record: Bytes) -> String { text(place, record).string }

    private static func readIfAny(_ place: Text, _ record: Bytes) -> String? {
        record[place.length] == 0 ? nil : read(place, record)
    }
}

/// Bytes of a client as text that can drive no terminal and end no line.
enum PlainText {
    /// What isn't printable ASCII is percent-encoded, and so are quotes and backslashes. At most `limit` bytes are read.
    static func of(_ bytes: Bytes, limit: Int = 120) -> String {
        var text: [UInt8] = []
        for byte in bytes.prefix(limit) {
            if byte <= 0x20 || byte >= 0x7F || byte == 0x22 || byte == 0x5C {
                text.append(0x25)
                for digit in [byte >> 4, byte & 15] { text.append(digit < 10 ? 0x30 + digit : 0x37 + digit) }
            } else {
                text.append(byte)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

extension RejectionCode {
    private static let inOrder = Array(allCases)

    /// The place in `allCases`, without a look at it.
    @inline(__always) var position: UInt8 {
        // An enumeration without payloads is its case's number, in the order of declaration; a test holds it to that.
        withUnsafeBytes(of: self) { $0[0] }
    }

    static func at(_ position: UInt8) -> RejectionCode {
        Int(position) < inOrder.count ? inOrder[Int(position)] : .requestMalformed
    }
}

extension TokenSource {
    private static let inOrder = Array(allCases)

    @inline(__always) var position: UInt8 { withUnsafeBytes(of: self) { $0[0] } }

    init?(position: UInt8) {
        guard Int(position) < Self.inOrder.count else { return nil }
        self = Self.inOrder[Int(position)]
    }
}
