import HTTPMessages

/// How the fields of an HTTP/2 request become a `RequestHead`, and the checks beyond libnghttp2's own.
enum RequestFields {
    static func setPseudo(_ name: Bytes, _ value: Bytes, in request: inout RequestHead) {
        if name.equals(":method") {
            request.setMethod(value)
        } else if name.equals(":path") {
            request.setTarget(value)
        } else if name.equals(":authority") {
            request.setAuthority(value)
        } else if name.equals(":scheme") {
            request.setScheme(value)
        } else if name.equals(":protocol") {
            request.tunnel = value.equalsIgnoringCase("websocket") ? .webSocket : .unknown
        }
    }

    /// Returns false where the field makes the request malformed.
    static func add(_ name: Bytes, _ value: Bytes, to request: inout RequestHead) -> Bool {
        let header = KnownHeader(lowercased: name)
        switch header {
        case .host:
            // RFC 9113, 8.3.1: `host` may repeat the authority, or stand in for it, but not differ.
            if request.authority.isEmpty {
                request.setAuthority(value)
            } else if !request.authority.equals(value) {
                return false
            }
        case .contentLength:
            guard request.contentLength == nil, let length = decimal(value) else { return false }
            request.contentLength = length
        case .connection, .keepAlive, .proxyConnection, .transferEncoding, .upgrade:
            return false  // RFC 9113, 8.2.2.
        default:
            request.fields.append(lowercased: name, value: value, header)  // libnghttp2 refuses upper case.
        }
        return true
    }

    static func fault(in request: borrowing RequestHead, _ limits: HTTP2Limits) -> RequestFault {
        // A plain CONNECT asks for a tunnel to anywhere. RFC 8441: a stream like this has no length.
        guard request.methodName.isToken, (request.method == .connect) == (request.tunnel != .none),
            request.tunnel == .none || request.contentLength == nil,
            request.authority.isEmpty || request.authority.isAuthority
        else { return .malformed }
        guard isOriginForm(request.target) || (request.method == .options && request.target.equals("*")) else {
            return .malformed
        }
        if let length = request.contentLength, let limit = limits.bodyBytes, length > limit { return .bodyTooLarge }
        return .none
    }

    /// A path that begins with `/` and has no space, control character or fragment.
    private static func isOriginForm(_ target: Bytes) -> Bool {
        target.count > 0 && target[0] == UInt8(ascii: "/") && target.isRequestTarget
    }

    private static func decimal(_ text: Bytes) -> Int? {
        guard text.count > 0, text.count <= 18 else { return nil }
        var number = 0
        for byte in text {
            guard (0x30...0x39).contains(byte) else { return nil }
            number = number * 10 + Int(byte - 0x30)
        }
        return number
    }
}
