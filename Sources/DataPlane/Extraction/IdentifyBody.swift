import HTTPMessages
import IdentityCore

/// The body of `/_widget/identify`: `{"token": "…", "organization": "…"}` or `{"user": {…}, "organization": "…"}`.
///
/// Finds the members and no more: what is in a token or a user is read, strictly, by verification.
struct IdentifyBody {
    private(set) var token: Range<Int>?
    /// The user object as it is written.
    private(set) var user: Range<Int>?
    private(set) var organization: Range<Int>?

    /// The longest body that is read, in bytes: room for a token of 8 KiB, or a user, and a few words more.
    static let maximumLength = 32 * 1024
    private static let maximumDepth = 32

    init(_ json: Bytes) throws(Rejection) {
        var scanner = Scanner(json)
        guard scanner.take(0x7B) else { throw Rejection(.identityMalformed) }
        if !scanner.take(0x7D) {
            repeat {
                guard let name = scanner.string(), scanner.take(0x3A) else { throw Rejection(.identityMalformed) }
                let key = json.part(name.lowerBound, name.upperBound)
                if key.equals("token") {
                    try Self.set(&token, scanner.string())
                } else if key.equals("organization") {
                    try Self.set(&organization, scanner.string())
                } else if key.equals("user") {
                    guard scanner.peek == 0x7B else { throw Rejection(.identityMalformed) }
                    try Self.set(&user, scanner.value(depth: 1))
                } else if scanner.value(depth: 1) == nil {
                    throw Rejection(.identityMalformed)
                }
            } while scanner.take(0x2C)
            guard scanner.take(0x7D) else { throw Rejection(.identityMalformed) }
        }
        guard scanner.isAtEnd, (token == nil) != (user == nil) else { throw Rejection(.identityMalformed) }
    }

    private static func set(_ member: inout Range<Int>?, _ value: Range<Int>?) throws(Rejection) {
        guard member == nil, let value else { throw Rejection(.identityMalformed) }
        member = value
    }

    /// Walks over JSON by its brackets and quotes.
    private struct Scanner {
        private let json: Bytes
        private var position = 0

        init(_ json: Bytes) { self.json = json }

        var peek: UInt8? {
            mutating get {
                while position < json.count, [0x20, 0x09, 0x0A, 0x0D].contains(json[position]) { position += 1 }
                return position < json.count ? json[position] : nil
            }
        }

        var isAtEnd: Bool { mutating get { peek == nil } }

        mutating func take(_ byte: UInt8) -> Bool {
            guard peek == byte else { return false }
            position += 1
            return true
        }

        /// What stands between two quotes, as it is written.
        mutating func string() -> Range<Int>? {
            guard take(0x22) else { return nil }
            let start = position
            while position < json.count {
                switch json[position] {
                case 0x22:
                    position += 1
                    return start..<position - 1
                case 0x5C: position += 2
                case 0..<0x20: return nil
                default: position += 1
                }
            }
            return nil
        }

        mutating func value(depth: Int) -> Range<Int>? {
            guard depth < IdentifyBody.maximumDepth, let first = peek else { return nil }
            let start = position
            switch first {
            case 0x22: guard string() != nil else { return nil }
            case 0x7B, 0x5B:
                position += 1
                let end: UInt8 = first == 0x7B ? 0x7D : 0x5D
                if take(end) { break }
                repeat {
                    if first == 0x7B { guard string() != nil, take(0x3A) else { return nil } }
                    guard value(depth: depth + 1) != nil else { return nil }
                } while take(0x2C)
                guard take(end) else { return nil }
            default:
                while position < json.count, isLiteral(json[position]) { position += 1 }
                guard position > start else { return nil }
            }
            return start..<position
        }

        private func isLiteral(_ byte: UInt8) -> Bool {
            (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x2B || byte == 0x2D
                || byte == 0x2E || byte == 0x45
        }
    }
}
