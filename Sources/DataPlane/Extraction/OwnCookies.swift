package import HTTPMessages
import PortalSSO

/// The gateway's own cookies among a request's: found by name for the gateway, and kept from every upstream.
package enum OwnCookies {
    enum Finding {
        case none
        case one(Bytes)
        /// Twice, with different values: somebody has planted one, and which can't be told.
        case conflicting
    }

    /// The value of the cookie with exactly this name.
    static func find(_ name: StaticString, in fields: borrowing HeaderBlock) -> Finding {
        var found = Finding.none
        for index in 0..<fields.count where fields.header(index) == .cookie {
            forEach(fields.value(index)) { pair, nameLength in
                guard pair.part(0, nameLength).equals(name), nameLength < pair.count else { return }
                let value = pair.part(nameLength + 1, pair.count)
                switch found {
                case .none: found = .one(value)
                case .one(let known): if !known.equals(value) { found = .conflicting }
                case .conflicting: break
                }
            }
        }
        return found
    }

    /// The different values of all cookies with exactly this name, the first few of them.
    static func all(_ name: StaticString, in fields: borrowing HeaderBlock) -> [Bytes] {
        var found: [Bytes] = []
        for index in 0..<fields.count where fields.header(index) == .cookie {
            forEach(fields.value(index)) { pair, nameLength in
                guard found.count < maximumValues, nameLength < pair.count, pair.part(0, nameLength).equals(name)
                else { return }
                let value = pair.part(nameLength + 1, pair.count)
                if !found.contains(where: { $0.equals(value) }) { found.append(value) }
            }
        }
        return found
    }

    /// A browser has one of each kind, partitioned and not; more were planted.
    private static let maximumValues = 4

    /// Whether a field has a cookie of ours.
    package static func mentions(_ field: Bytes) -> Bool {
        var found = false
        forEach(field) { pair, nameLength in if isOurs(pair.part(0, nameLength)) { found = true } }
        return found
    }

    /// Whether a field has a cookie that isn't ours.
    package static func hasOthers(_ field: Bytes) -> Bool {
        var found = false
        forEach(field) { pair, nameLength in if !isOurs(pair.part(0, nameLength)) { found = true } }
        return found
    }

    /// Appends the field's cookies but for ours, with `; ` between them.
    package static func appendOthers(of field: Bytes, to queue: inout ByteQueue) {
        var isFirst = true
        forEach(field) { pair, nameLength in
            guard !isOurs(pair.part(0, nameLength)) else { return }
            if !isFirst { queue.append("; ") }
            queue.append(pair)
            isFirst = false
        }
    }

    /// With the prefix or without, in any letter case, behind empty names: some servers don't tell them apart.
    private static func isOurs(_ name: Bytes) -> Bool {
        var start = 0
        while start < name.count, isSkipped(name[start]) { start += 1 }
        let name = name.part(start, name.count).trimmingBlanks
        let bare = name.hasPrefixIgnoringCase("__host-") ? name.part(7, name.count) : name
        guard bare.hasPrefixIgnoringCase("widget_") else { return false }
        return PortalCookieName.allCases.contains { bare.equalsIgnoringCase($0.text(isSecure: false)) }
    }

    /// Servers that skip an empty name take `=a=b` for `a=b`.
    @inline(__always)
    private static func isSkipped(_ byte: UInt8) -> Bool { byte == 0x3D || byte == 0x20 || byte == 0x09 }

    /// Calls `body` with each `name=value`, and how long the name is, with blanks around it.
    @inline(__always)
    private static func forEach(_ field: Bytes, _ body: (_ pair: Bytes, _ nameLength: Int) -> Void) {
        var start = 0
        while start < field.count {
            let end = field.firstIndex(ofByte: 0x3B, from: start, to: field.count) ?? field.count
            let pair = field.part(start, end).trimmingBlanks
            if pair.count > 0 {
                var first = 0
                while first < pair.count, isSkipped(pair[first]) { first += 1 }
                body(pair, pair.firstIndex(ofByte: 0x3D, from: first, to: pair.count) ?? pair.count)
            }
            start = end + 1
        }
    }
}
