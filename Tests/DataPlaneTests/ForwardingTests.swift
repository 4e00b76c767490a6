import HTTPMessages
import IdentityCore
import Testing

@testable import DataPlane

@Suite struct IdentityHeadersTests {
    @Test(arguments: [
        ("x-widget-user", true), ("x-widget-state", true), ("x_widget_user", true), ("x-widget_user", true),
        ("x_widget-user-email", true), ("x.widget.user", true), ("x-widget-", true), ("x-widget-anything", true),
        ("x~widget!user", true), ("x-widgets-user", false), ("x-widget", false), ("xx-widget-user", false),
        ("x-widgetuser", false), ("widget-user", false), ("x-user", false), ("", false), ("x", false),
    ])
    func `the gateway's own names are reserved whatever stands between the words`(name: String, isReserved: Bool) {
        #expect(withBytes(name, IdentityHeaders.isReserved) == isReserved)
    }

    @Test(arguments: ["a\r\nx-widget-user: 1", "a\nb", "a\0b", " a", "a ", "a\u{7F}"])
    func `a value that can't stand in a field is left out with its name`(value: String) {
        var lines = ByteQueue()
        IdentityHeaders.append("x-widget-user-id", value, to: &lines)
        #expect(lines.readable.string == "")
    }

    @Test func `a name is percent-encoded so that nothing in it can end a line`() {
        var profile = UserProfile()
        profile.externalID = "7"
        profile.email = "ada@example.test"
        profile.name = "Ada \r\nX: y Ünï"
        let lines = IdentityHeaders.identified(
            organization: "acme", userID: "usr_1", profile: profile, verifiedBy: .token)
        #expect(
            String(decoding: lines, as: UTF8.self)
                == "x-widget-state: identified\r\nx-widget-organization: acme\r\nx-widget-user: usr_1\r\n"
                + "x-widget-user-id: 7\r\nx-widget-user-email: ada@example.test\r\n"
                + "x-widget-user-name: Ada%20%0D%0AX%3A%20y%20%C3%9Cn%C3%AF\r\nx-widget-verified-by: token\r\n")
    }
}

@Suite struct ForwardedHeadTests {
    private func forward(
        _ fields: [(String, String)], dropsAuthorization: Bool = false, trustsPeer: Bool = false, version: Int = 2
    ) -> String {
        let request = makeHead("GET", "/x", fields)
        let peer = PeerInformation(
            address: "192.0.2.1", addressBytes: [192, 0, 2, 1], isTLS: true, httpVersion: version)
        let parts = ForwardedHead.Parts(
            dropsAuthorization: dropsAuthorization, trustsPeer: trustsPeer, peer: peer, fallbackAuthority: "up.test")
        var head = ByteQueue()
        ForwardedHead.appendRequest(request, target: request.target, parts, to: &head)
        ForwardedHead.appendForwarding(request, parts, to: &head)
        return head.readable.string
    }

    @Test func `a plain request gets the gateway's fields and no others`() {
        #expect(
            forward([("accept", "*/*")])
                == "GET /x HTTP/1.1\r\nhost: acme.test\r\naccept: */*\r\nx-forwarded-for: 192.0.2.1\r\n"
                + "x-forwarded-proto: https\r\nx-forwarded-host: acme.test\r\n"
                + "forwarded: for=192.0.2.1;proto=https;host=\"acme.test\"\r\nvia: 2 widget-gateway\r\n")
    }

    @Test(arguments: [
        "x-widget-user", "X-Widget-User", "x_widget_user", "X_WIDGET-user", "x.widget.user", "x-widget-assertion",
        "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
        "proxy-authorization", "content-length", "expect", "host", "x-forwarded-for", "x-forwarded-host",
        "x-forwarded-proto", "x-forwarded-port", "x_forwarded_for", "X_Forwarded-Proto", "x.forwarded.host",
        "x_request_id", "x-request-id", "forwarded", "via", "traceparent", "tracestate", "content_length",
        "Content.Length", "transfer_encoding", "TRANSFER_ENCODING",
    ])
    func `what only the gateway or the connection may say never passes`(name: String) {
        #expect(!forward([(name, "evil")]).contains("evil"))
    }

    @Test func `fields that Connection names don't pass and can't take the gateway's away`() {
        let head = forward([
            ("connection", "x-a, X-Forwarded-For, host, x-widget-user"), ("x-a", "1"), ("x-b", "2"),
            ("x-widget-user", "3"),
        ])
        #expect(!head.contains("x-a:"))
        #expect(head.contains("x-b: 2\r\n"))
        #expect(head.contains("x-forwarded-for: 192.0.2.1\r\n"))
        #expect(head.contains("host: acme.test\r\n"))
    }

    @Test func `a token that was used doesn't go on and another's authorization does`() {
        #expect(!forward([("authorization", "Bearer t")], dropsAuthorization: true).contains("Bearer"))
        #expect(forward([("authorization", "Basic t")]).contains("authorization: Basic t\r\n"))
    }

    @Test(arguments: [
        ("https://a.test/x?sso=T", false), ("https://a.test/x?a=b&%73so=T", false), ("https://a.test/x?a=sso", true),
        ("https://a.test/sso=T", true),
    ])
    func `a referer that holds a token doesn't go on`(referer: String, passes: Bool) {
        #expect(forward([("referer", referer)]).contains("referer:") == passes)
    }

    @Test func `cookies become one field`() {
        #expect(forward([("cookie", "a=b"), ("x", "y"), ("cookie", "c=d")]).contains("\r\ncookie: a=b; c=d\r\n"))
    }

    @Test func `a trusted proxy's word goes on before the gateway's own`() {
        let head = forward(
            [
                ("x-forwarded-for", "198.51.100.7"), ("x-forwarded-proto", "http"), ("x-forwarded-host", "h.test"),
                ("forwarded", "for=198.51.100.7"), ("via", "1.1 edge"), ("x-forwarded-port", "81"),
                ("x_forwarded_for", "evil"),
            ], trustsPeer: true)
        #expect(head.contains("x-forwarded-for: 198.51.100.7, 192.0.2.1\r\n"))
        #expect(head.contains("x-forwarded-proto: http\r\n"))
        #expect(head.contains("x-forwarded-host: h.test\r\n"))
        #expect(head.contains("x-forwarded-port: 81\r\n"))
        #expect(head.contains("via: 1.1 edge, 2 widget-gateway\r\n"))
        #expect(!head.contains("evil"))
    }

    @Test(arguments: ["http\r\nx: y", "a b", "", "https;x"])
    func `a trusted proxy's scheme must be one`(claimed: String) {
        #expect(forward([("x-forwarded-proto", claimed)], trustsPeer: true).contains("x-forwarded-proto: https\r\n"))
    }
}
