/// Path, query and fragment of a return address.
struct LocalReference: Equatable {
    static let home = LocalReference(path: "/", text: "/")

    let path: String
    /// All of it, without tokens.
    let text: String

    /// The parameters that tokens come in, in lower case.
    private static let tokenParameters = ["sso", "ssotoken", "jwt"]

    /// So many times an escape may be escaped.
    private static let maximumEncodings = 4

    /// Takes what follows an origin: empty, or beginning with `/`, `?` or `#`.
    init?(_ bytes: ArraySlice<UInt8>) {
        let fragmentStart = bytes.firstIndex(of: UInt8(ascii: "#")) ?? bytes.endIndex
        let queryStart = bytes[..<fragmentStart].firstIndex(of: UInt8(ascii: "?")) ?? fragmentStart
        let path = bytes[..<queryStart].isEmpty ? [UInt8(ascii: "/")] : Array(bytes[..<queryStart])
        guard Self.isPage(path) else { return nil }
        var text = path
        if queryStart < fragmentStart {
            let query = bytes[(queryStart + 1)..<fragmentStart]
            if let kept = QueryParameters.removing(Self.tokenParameters, from: query) {
                text.append(UInt8(ascii: "?"))
                text += kept
            }
        }
        text += bytes[fragmentStart...]
        self.init(path: String(decoding: path, as: UTF8.self), text: String(decoding: text, as: UTF8.self))
    }

    private init(path: String, text: String) {
        self.path = path
        self.text = text
    }

    /// Visible ASCII without the characters that no address has, and percent signs only where they begin an escape.
    static func isWellFormed(_ bytes: [UInt8]) -> Bool {
        var index = 0
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\""), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\\"), UInt8(ascii: "`"):
                return false
            case UInt8(ascii: "%"):
                guard index + 2 < bytes.count, bytes[index + 1].hexadecimalValue != nil,
                    bytes[index + 2].hexadecimalValue != nil
                else { return false }
                index += 3
            case 0x21...0x7E: index += 1
            default: return false
            }
        }
        return true
    }

    /// Whether the path, as it is and decoded again and again, names a page and nothing beside the portal.
    private static func isPage(_ path: [UInt8]) -> Bool {
        var path = path
        for _ in 0..<maximumEncodings {
            guard isPlain(path) else { return false }
            let decoded = PercentEncoding.decode(path)
            if decoded == path { return true }
            path = decoded
        }
        return false
    }

    private static func isPlain(_ path: [UInt8]) -> Bool {
        guard path.first == UInt8(ascii: "/"), !path.starts(with: "//".utf8), !path.starts(with: "/_widget/".utf8),
            path.allSatisfy({ $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\\") })
        else { return false }
        return !path.split(separator: UInt8(ascii: "/")).contains { segment in
            // Some servers cut `;parameter` off before they look for dots.
            let name = segment.prefix { $0 != UInt8(ascii: ";") }
            return name.elementsEqual(".".utf8) || name.elementsEqual("..".utf8)
        }
    }
}
