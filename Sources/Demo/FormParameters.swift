import Foundation

/// Names and values as forms and queries write them (`application/x-www-form-urlencoded`), decoded.
struct FormParameters: Sendable {
    private let all: [(name: String, value: String)]

    init(_ text: some StringProtocol) {
        all = text.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (Self.decoded(parts[0]), parts.count == 2 ? Self.decoded(parts[1]) : "")
        }
    }

    /// The first value that has this name and isn't empty.
    subscript(_ name: String) -> String? { all.first { $0.name == name && !$0.value.isEmpty }?.value }

    /// `address` with further parameters in its query, before its fragment.
    static func adding(_ parameters: [(name: String, value: String)], to address: String) -> String {
        let fragment = address.firstIndex(of: "#") ?? address.endIndex
        let query = parameters.map { encoded($0.name) + "=" + encoded($0.value) }.joined(separator: "&")
        return address[..<fragment] + (address[..<fragment].contains("?") ? "&" : "?") + query + address[fragment...]
    }

    /// A text as the value of a parameter.
    static func encoded(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
    }

    private static func decoded(_ text: some StringProtocol) -> String {
        let spaced = String(text).replacing("+", with: " ")
        return spaced.removingPercentEncoding ?? spaced
    }

    /// RFC 3986 section 2.3.
    private static let unreserved = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
}
