import HTTP1Codec
import HTTPMessages

/// A WebSocket between a client and an upstream: the handshake with the upstream, and what is known of the frames that it
/// sends.
///
/// asked ─(HTTP/1.1: 101 with the right answer to the key; HTTP/2: 2xx)─▶ open
package final class WebSocketTunnel {
    package private(set) var isOpen = false
    private let key = WebSocketKey()
    private var frames = WebSocketFrames()

    /// What the client's own key is answered by; nil where it has none, as over HTTP/2.
    package let clientAccept: [UInt8]?

    package init(answering client: WebSocketKey?) { clientAccept = client?.accept }

    /// Appends what asks the upstream for a WebSocket. The client's own words for it must not be there.
    func appendRequest(to head: inout ByteQueue, isHTTP2: Bool) {
        // Over HTTP/2 the stream is asked for by its pseudo-header fields, without a key (RFC 8441, 5).
        if isHTTP2 { return head.append("sec-websocket-version: 13\r\n") }
        head.append("connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: ")
        head.append(key.text)
        head.append("\r\n")
    }

    /// Judges a 101 (RFC 6455, 4.1). Returns whether the tunnel is open now.
    func open(_ fields: borrowing HeaderBlock) -> Bool {
        // Whatever a length were to mean here, two readers could differ on it (RFC 9110, 8.6).
        guard !isOpen, fields.first(.contentLength) == nil, fields.first(.transferEncoding) == nil,
            ConnectionOptions.lists("upgrade", in: fields, under: .connection), Self.isWebSocketAlone(fields),
            acceptsKey(fields)
        else { return false }
        isOpen = true
        return true
    }

    /// Over HTTP/2 any success is an agreement; libnghttp2 has passed over a length (RFC 9110, 9.3.6).
    func openOverStream() { isOpen = true }

    private static func isWebSocketAlone(_ fields: borrowing HeaderBlock) -> Bool {
        var count = 0
        var index = 0
        while index < fields.count {
            if fields.header(index) == .upgrade {
                guard fields.value(index).equalsIgnoringCase("websocket") else { return false }
                count += 1
            }
            index += 1
        }
        return count == 1
    }

    private func acceptsKey(_ fields: borrowing HeaderBlock) -> Bool {
        var count = 0
        var index = 0
        let accept = key.accept
        while index < fields.count {
            if fields.name(index).equals("sec-websocket-accept") {
                guard accept.withUnsafeBytes({ fields.value(index).equals($0) }) else { return false }
                count += 1
            }
            index += 1
        }
        return count == 1
    }

    /// Takes note of what the upstream sends.
    func passes(_ bytes: Bytes) { frames.walk(bytes) }

    /// Whether a frame may be put into what the upstream sends.
    var isBetweenFrames: Bool { isOpen && frames.isBetweenFrames }
}
