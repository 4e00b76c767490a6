import HTTP1Codec
import HTTPMessages

/// Writes the head that an upstream gets: what the client sent, less what is the gateway's or the connection's, and
/// then the gateway's own fields.
enum ForwardedHead {
    struct Parts: ~Copyable {
        /// What the client's `Authorization` was: a user token that has served its purpose.
        var dropsAuthorization: Bool
        /// Client values of `X-Forwarded-…` and trace headers are believed.
        var trustsPeer: Bool
        var peer: PeerInformation
        /// Where the client named no host.
        var fallbackAuthority: String
    }

    /// Appends request line, `Host` and the client's fields.
    static func appendRequest(
        _ request: borrowing RequestHead, target: Bytes, _ parts: borrowing Parts, to head: inout ByteQueue
    ) {
        // The extended CONNECT of HTTP/2 is a GET with an upgrade to HTTP/1.1 (RFC 8441, 5.1).
        if request.method == .connect { head.append("GET") } else { head.append(request.methodName) }
        head.append(byte: 0x20)
        head.append(target)
        head.append(" HTTP/1.1\r\nhost: ")
        if request.authority.isEmpty { head.append(parts.fallbackAuthority) } else { head.append(request.authority) }
        head.append("\r\n")

        let named = ConnectionOptions(request.fields)
        var index = 0
        var hasCookie = false
        while index < request.fields.count {
            let name = request.fields.name(index)
            switch request.fields.header(index) {
            case .other:
                if !IdentityHeaders.isReserved(name), !named.contains(name), !isFramingName(name),
                    !isForwardingName(name) || (parts.trustsPeer && name.hasPrefix("x-forwarded-"))
                {
                    HTTP1Writer.appendField(name: name, value: request.fields.value(index), to: &head)
                }
            case .authorization:
                if !parts.dropsAuthorization, !named.contains(name) {
                    HTTP1Writer.appendField(name: name, value: request.fields.value(index), to: &head)
                }
            case .cookie: hasCookie = true
            case .referer:
                // A page that was opened with a token in its address tells it to everything that it loads.
                if !mentionsToken(request.fields.value(index)) {
                    HTTP1Writer.appendField(name: name, value: request.fields.value(index), to: &head)
                }
            case .connection, .keepAlive, .proxyConnection, .te, .trailer, .transferEncoding, .upgrade,
                .proxyAuthenticate, .proxyAuthorization, .contentLength, .expect, .host:
                break
            case .xForwardedFor, .xForwardedHost, .xForwardedProto, .forwarded, .via, .xRequestId, .traceparent,
                .tracestate:
                break  // `appendForwarding`, `appendTrace`
            default:
                if !named.contains(name) {
                    HTTP1Writer.appendField(name: name, value: request.fields.value(index), to: &head)
                }
            }
            index += 1
        }
        if hasCookie { appendCookies(request.fields, to: &head) }
    }

    /// HTTP/2 splits cookies for compression: HTTP/1.1 has them in one field (RFC 9113, 8.2.3). The gateway's own stay
    /// here: whoever has a session's id has the session.
    private static func appendCookies(_ fields: borrowing HeaderBlock, to head: inout ByteQueue) {
        var isFirst = true
        var index = 0
        while index < fields.count {
            defer { index += 1 }
            guard fields.header(index) == .cookie, fields.value(index).isFieldValue else { continue }
            let value = fields.value(index)
            let isMixed = OwnCookies.mentions(value)
            if isMixed, !OwnCookies.hasOthers(value) { continue }
            head.append(isFirst ? "cookie: " : "; ")
            isFirst = false
            if isMixed { OwnCookies.appendOthers(of: value, to: &head) } else { head.append(value) }
        }
        if !isFirst { head.append("\r\n") }
    }

    /// Appends `X-Forwarded-…`, `Forwarded` (RFC 7239) and `Via`, behind what a trusted proxy has said.
    static func appendForwarding(
        _ request: borrowing RequestHead, _ parts: borrowing Parts, to head: inout ByteQueue
    ) {
        head.append("x-forwarded-for: ")
        appendTrusted(.xForwardedFor, request, parts, to: &head)
        head.append(parts.peer.address)
        head.append("\r\nx-forwarded-proto: ")
        let scheme: StaticString = parts.peer.isTLS ? "https" : "http"
        if parts.trustsPeer, let claimed = request.fields.first(.xForwardedProto), claimed.isToken {
            head.append(claimed)
        } else {
            head.append(scheme)
        }
        if parts.trustsPeer, let claimed = request.fields.first(.xForwardedHost), claimed.isAuthority {
            head.append("\r\nx-forwarded-host: ")
            head.append(claimed)
        } else if !request.authority.isEmpty {
            head.append("\r\nx-forwarded-host: ")
            head.append(request.authority)
        }
        head.append("\r\nforwarded: ")
        appendTrusted(.forwarded, request, parts, to: &head)
        if parts.peer.addressBytes.count == 16 {
            head.append("for=\"[")
            head.append(parts.peer.address)
            head.append("]\"")
        } else {
            head.append("for=")
            head.append(parts.peer.address)
        }
        head.append(";proto=")
        head.append(scheme)
        if !request.authority.isEmpty {
            head.append(";host=\"")
            head.append(request.authority)
            head.append("\"")
        }
        head.append("\r\nvia: ")
        appendTrusted(.via, request, parts, to: &head)
        head.append(parts.peer.httpVersion == 2 ? "2 widget-gateway\r\n" : "1.1 widget-gateway\r\n")
    }

    private static func appendTrusted(
        _ header: KnownHeader, _ request: borrowing RequestHead, _ parts: borrowing Parts, to head: inout ByteQueue
    ) {
        guard parts.trustsPeer else { return }
        var index = 0
        while index < request.fields.count {
            if request.fields.header(index) == header, request.fields.value(index).isFieldValue {
                head.append(request.fields.value(index))
                head.append(", ")
            }
            index += 1
        }
    }

    /// Whether a field of this name, in lower case, speaks of the way that the request has come, or is taken for one
    /// that does by servers which hand headers on as variables: `x_forwarded_for` becomes one with `x-forwarded-for`.
    static func isForwardingName(_ name: Bytes) -> Bool {
        guard name.count >= 12, name[0] == 0x78, IdentityHeaders.isSeparator(name[1]) else { return false }
        if IdentityHeaders.isSeparator(name[11]), name.part(2, 11).equals("forwarded") { return true }
        return name.count == 12 && IdentityHeaders.isSeparator(name[9]) && name.part(2, 9).equals("request")
            && name.part(10, 12).equals("id")
    }

    /// Whether a field of this name, in lower case, is `content-length` or `transfer-encoding` to servers that hand
    /// headers on as variables: `content_length` would contradict the length that the gateway writes.
    static func isFramingName(_ name: Bytes) -> Bool {
        switch name.count {
        case 14:
            IdentityHeaders.isSeparator(name[7]) && name.hasPrefix("content") && name.part(8, 14).equals("length")
        case 17:
            IdentityHeaders.isSeparator(name[8]) && name.hasPrefix("transfer") && name.part(9, 17).equals("encoding")
        default: false
        }
    }

    private static func mentionsToken(_ referer: Bytes) -> Bool {
        guard let mark = referer.firstIndex(ofByte: 0x3F) else { return false }
        var found = false
        QueryString.forEach(referer.part(mark + 1, referer.count)) { name, _, _ in
            if QueryString.isNamed(name, "sso") { found = true }
        }
        return found
    }
}
