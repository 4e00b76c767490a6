import HTTPMessages
import IdentityCore

/// The addresses that two vendors' snippets load their script from: the SDK answers there too, so that a snippet works
/// with another host and nothing else changed. (ProductLift's, `/widgets_sdk`, is served whatever the dialect.)
struct VendorScripts: Sendable {
    private let servesSleekplan: Bool
    private let servesUserVoice: Bool

    init(dialects: Set<Dialect>) {
        servesSleekplan = dialects.contains(.sleekplan)
        servesUserVoice = dialects.contains(.uservoice)
    }

    /// Whether the path can be one; cheap, and false for most.
    @inline(__always)
    func mayContain(_ path: Bytes) -> Bool {
        (servesSleekplan || servesUserVoice) && path.count >= 9 && path[path.count - 1] == 0x73
            && dialect(of: path) != nil
    }

    /// Whose snippet loads its script from here.
    ///
    /// - sleekplan: `/sdk/e.js`.
    /// - uservoice: `/KEY.js`, the key being 16 to 64 letters, digits, `-` and `_`.
    func dialect(of path: Bytes) -> Dialect? {
        if servesSleekplan, path.equals("/sdk/e.js") { return .sleekplan }
        guard servesUserVoice, (20...68).contains(path.count), path[0] == 0x2F,
            path.part(path.count - 3, path.count).equals(".js")
        else { return nil }
        let isKey = path.part(1, path.count - 3).allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || byte == 0x2D || byte == 0x5F
        }
        return isKey ? .uservoice : nil
    }
}
