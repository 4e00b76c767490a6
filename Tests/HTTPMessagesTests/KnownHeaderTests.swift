import HTTPMessages
import Testing

@Suite struct KnownHeaderTests {
    private static let names: [(String, KnownHeader)] = [
        ("accept", .accept), ("access-control-request-headers", .accessControlRequestHeaders),
        ("access-control-request-method", .accessControlRequestMethod), ("authorization", .authorization),
        ("connection", .connection), ("content-length", .contentLength), ("content-type", .contentType),
        ("cookie", .cookie), ("date", .date), ("expect", .expect), ("forwarded", .forwarded), ("host", .host),
        ("keep-alive", .keepAlive), ("origin", .origin), ("proxy-authenticate", .proxyAuthenticate),
        ("proxy-authorization", .proxyAuthorization), ("proxy-connection", .proxyConnection), ("referer", .referer),
        ("sec-fetch-mode", .secFetchMode), ("server", .server), ("te", .te), ("traceparent", .traceparent),
        ("tracestate", .tracestate), ("trailer", .trailer), ("transfer-encoding", .transferEncoding),
        ("upgrade", .upgrade), ("via", .via), ("x-forwarded-for", .xForwardedFor),
        ("x-forwarded-host", .xForwardedHost),
        ("x-forwarded-proto", .xForwardedProto), ("x-request-id", .xRequestId),
    ]

    @Test(arguments: names)
    func `every known name is recognised, and no neighbour of it`(name: String, header: KnownHeader) {
        func find(_ name: some Collection<UInt8>) -> KnownHeader {
            Array(name).withUnsafeBytes { KnownHeader(lowercased: $0) }
        }
        #expect(find(name.utf8) == header)
        #expect(find((name + "x").utf8) == .other)
        #expect(find(name.utf8.dropLast()) == .other)
        #expect(find(name.uppercased().utf8) == .other)
        for index in 0..<name.utf8.count {
            var changed = Array(name.utf8)
            changed[index] = 0x5F
            #expect(find(changed) == .other)
        }
    }

    @Test func `the list is complete`() {
        let listed = Set(Self.names.map(\.1.rawValue))
        var raw: UInt8 = 1
        while KnownHeader(rawValue: raw) != nil {
            #expect(listed.contains(raw))
            raw += 1
        }
        #expect(Int(raw) - 1 == listed.count)
    }

    @Test func `hop-by-hop headers are those of RFC 9110`() {
        let hopByHop = Self.names.filter { $0.1.isHopByHop }.map(\.0)
        #expect(
            hopByHop.sorted() == [
                "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te",
                "trailer", "transfer-encoding", "upgrade",
            ])
    }
}
