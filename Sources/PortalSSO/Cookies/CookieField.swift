/// A `Cookie` field (RFC 6265 section 4.2.1) taken apart as the most generous of servers would.
enum CookieField {
    /// One `name=value`; the memory is the field's.
    struct Cookie {
        /// All of it, without blanks at either end.
        let whole: Slice<UnsafeRawBufferPointer>
        /// Nil where there is no `=`.
        private let equals: Int?

        fileprivate init(_ whole: Slice<UnsafeRawBufferPointer>) {
            self.whole = whole
            equals = whole.firstIndex(of: UInt8(ascii: "="))
        }

        var value: Slice<UnsafeRawBufferPointer> {
            equals.map { CookieField.trimmed(whole[($0 + 1)...]) } ?? whole[whole.endIndex...]
        }

        /// Which of the gateway's cookies this is, or poses as: servers that skip an empty name take `=a=b` for `a=b`.
        var ourName: PortalCookieName? {
            var name = whole
            while let first = name.first, first == UInt8(ascii: "=") || CookieField.isBlank(first) {
                name = name.dropFirst()
            }
            let end = name.firstIndex(of: UInt8(ascii: "=")) ?? name.endIndex
            return CookieField.ourName(UnsafeRawBufferPointer(rebasing: CookieField.trimmed(name[..<end])))
        }

        /// Whether the name is exactly `name`, with or without the prefix.
        func isWritten(_ name: PortalCookieName, hasPrefix: Bool) -> Bool {
            guard let equals else { return false }
            let written = whole[..<equals]
            if hasPrefix {
                return written.starts(with: "__Host-".utf8) && written.dropFirst(7).elementsEqual(name.rawValue.utf8)
            }
            return written.elementsEqual(name.rawValue.utf8)
        }
    }

    static func forEach(_ header: UnsafeRawBufferPointer, _ body: (Cookie) -> Void) {
        var start = 0
        while start < header.count {
            let end = header[start...].firstIndex(of: UInt8(ascii: ";")) ?? header.count
            body(Cookie(trimmed(header[start..<end])))
            start = end + 1
        }
    }

    /// Which of the gateway's cookies has this name, with or without prefix, in any letter case.
    static func ourName(_ name: UnsafeRawBufferPointer) -> PortalCookieName? {
        let isPrefixed = name.count >= 7 && equals(name[..<7], "__host-")
        let plain = isPrefixed ? name[7...] : name[...]
        guard (13...14).contains(plain.count) else { return nil }
        if equals(plain, "widget_session") { return .session }
        if equals(plain, "widget_signin") { return .signIn }
        return equals(plain, "widget_pending") ? .pending : nil
    }

    /// `expected` is in lower case.
    private static func equals(_ bytes: Slice<UnsafeRawBufferPointer>, _ expected: StaticString) -> Bool {
        guard bytes.count == expected.utf8CodeUnitCount else { return false }
        for (offset, byte) in bytes.enumerated() where byte.lowercasedASCII != expected.utf8Start[offset] {
            return false
        }
        return true
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    private static func trimmed(_ bytes: Slice<UnsafeRawBufferPointer>) -> Slice<UnsafeRawBufferPointer> {
        var bytes = bytes
        while let first = bytes.first, isBlank(first) { bytes = bytes.dropFirst() }
        while let last = bytes.last, isBlank(last) { bytes = bytes.dropLast() }
        return bytes
    }
}
