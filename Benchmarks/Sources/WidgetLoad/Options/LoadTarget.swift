/// Where the load goes: `https://host:port`, or `http://host:port` for HTTP/2 with prior knowledge.
struct LoadTarget {
    let isTLS: Bool
    let host: String
    let port: UInt16

    /// nil where `text` isn't such an address; a path is none of its parts.
    init?(_ text: String) {
        var rest = Substring(text)
        if rest.hasPrefix("https://") {
            isTLS = true
        } else if rest.hasPrefix("http://") {
            isTLS = false
        } else {
            return nil
        }
        rest = rest.drop { $0 != "/" }.dropFirst(2)
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        var portText = isTLS ? "443" : "80"
        var hostText = String(rest)
        if let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("]") {
            hostText = String(rest[..<colon])
            portText = String(rest[rest.index(after: colon)...])
        }
        if hostText.hasPrefix("["), hostText.hasSuffix("]") { hostText = String(hostText.dropFirst().dropLast()) }
        guard let port = UInt16(portText), port > 0, !hostText.isEmpty, !hostText.contains("/"),
            !hostText.contains("@")
        else { return nil }
        host = hostText
        self.port = port
    }

    var authority: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }
}
