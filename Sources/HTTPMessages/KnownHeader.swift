/// The headers that the gateway itself acts upon; everything else is `.other` and passes through.
@usableFromInline
package enum KnownHeader: UInt8, Sendable {
    case other
    case accept
    case accessControlRequestHeaders
    case accessControlRequestMethod
    case authorization
    case connection
    case contentLength
    case contentType
    case cookie
    case date
    case expect
    case forwarded
    case host
    case keepAlive
    case origin
    case proxyAuthenticate
    case proxyAuthorization
    case proxyConnection
    case referer
    case secFetchMode
    case server
    case te
    case traceparent
    case tracestate
    case trailer
    case transferEncoding
    case upgrade
    case via
    case xForwardedFor
    case xForwardedHost
    case xForwardedProto
    case xRequestId

    /// The header of this name, which must be in lower case.
    package init(lowercased name: Bytes) {
        self = KnownHeader.find(name)
    }

    /// Told apart by length first, so that most names cost one comparison or none.
    @inline(__always)
    private static func find(_ name: Bytes) -> KnownHeader {
        switch name.count {
        case 2: name.equals("te") ? .te : .other
        case 3: name.equals("via") ? .via : .other
        case 4: name.equals("host") ? .host : name.equals("date") ? .date : .other
        case 6:
            name.equals("accept")
                ? .accept
                : name.equals("cookie")
                    ? .cookie
                    : name.equals("origin")
                        ? .origin
                        : name.equals("expect")
                            ? .expect
                            : name.equals("server") ? .server : .other
        case 7:
            name.equals("referer")
                ? .referer
                : name.equals("upgrade")
                    ? .upgrade
                    : name.equals("trailer") ? .trailer : .other
        case 9: name.equals("forwarded") ? .forwarded : .other
        case 10:
            name.equals("connection")
                ? .connection
                : name.equals("keep-alive")
                    ? .keepAlive
                    : name.equals("tracestate") ? .tracestate : .other
        case 11: name.equals("traceparent") ? .traceparent : .other
        case 12: name.equals("content-type") ? .contentType : name.equals("x-request-id") ? .xRequestId : .other
        case 13: name.equals("authorization") ? .authorization : .other
        case 14: name.equals("content-length") ? .contentLength : name.equals("sec-fetch-mode") ? .secFetchMode : .other
        case 15: name.equals("x-forwarded-for") ? .xForwardedFor : .other
        case 16:
            name.equals("x-forwarded-host")
                ? .xForwardedHost : name.equals("proxy-connection") ? .proxyConnection : .other
        case 17:
            name.equals("transfer-encoding")
                ? .transferEncoding : name.equals("x-forwarded-proto") ? .xForwardedProto : .other
        case 18: name.equals("proxy-authenticate") ? .proxyAuthenticate : .other
        case 19: name.equals("proxy-authorization") ? .proxyAuthorization : .other
        case 29: name.equals("access-control-request-method") ? .accessControlRequestMethod : .other
        case 30: name.equals("access-control-request-headers") ? .accessControlRequestHeaders : .other
        default: .other
        }
    }

    /// Headers that speak of one connection only and never pass to the next hop (RFC 9110, 7.6.1).
    package var isHopByHop: Bool {
        switch self {
        case .connection, .keepAlive, .proxyConnection, .te, .trailer, .transferEncoding, .upgrade,
            .proxyAuthenticate, .proxyAuthorization:
            true
        default: false
        }
    }
}
