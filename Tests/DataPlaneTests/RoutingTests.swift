import HTTPMessages
import IdentityCore
import Testing

@testable import DataPlane

@Suite struct RoutePathTests {
    private func read(_ path: String) -> String? {
        var scratch = ByteQueue()
        switch withBytes(path, { RoutePath.read($0, scratch: &scratch) }) {
        case .plain: return path
        case .normalized: return scratch.readable.string
        case .refused: return nil
        }
    }

    @Test(arguments: [
        ("/", "/"), ("/a/b", "/a/b"), ("/a.b/..c/d..", "/a.b/..c/d.."), ("/a/.well-known/x", "/a/.well-known/x"),
        ("/%61dmin", "/admin"), ("//admin", "/admin"), ("/a///b//", "/a/b/"), ("/a%2Fb", "/a/b"), ("/a%2fb", "/a/b"),
        ("/%5Cadmin", "/admin"), ("/\\admin", "/admin"), ("/%2561", "/%61"), ("/a%20b", "/a b"), ("/...", "/..."),
        ("/%5fwidget/state", "/_widget/state"),
    ])
    func `a path is matched as the upstream may read it`(path: String, read expected: String) {
        #expect(read(path) == expected)
    }

    @Test(arguments: [
        "/..", "/.", "/a/../b", "/a/./b", "/a/..", "/a/.", "/%2e%2e/b", "/%2E./b", "/a/.%2e", "/a%2f..%2fb",
        "/a\\..\\b", "/a/..;x/b", "/a/.;/b", "/a/%2e%2e;x=y", "/a/..%5cb", "/a%00b", "/%", "/%2", "/%zz", "/a%", "//..",
        "/.//evil.test", "/%2e//evil.test",
    ])
    func `a path with dot segments, a NUL or half an escape is refused`(path: String) {
        #expect(read(path) == nil)
    }
}

@Suite struct RouteTableTests {
    private let table = RouteTable([
        Route(path: "/", access: .widget, upstream: 0), Route(path: "/assets/", access: .public, upstream: 1),
        Route(path: "/assets/private", access: .widget, upstream: 2),
    ])

    @Test(arguments: [
        ("/", 0), ("/x", 0), ("/assets", 0), ("/assets/", 1), ("/assets/x", 1), ("/assetsx", 0),
        ("/assets/private", 2), ("/assets/private/x", 2), ("/assets/privateer", 1), ("/ASSETS/x", 0),
    ])
    func `the longest path wins and ends at a slash`(path: String, upstream: Int) {
        #expect(withBytes(path) { table.route(for: $0) }?.upstream == upstream)
    }

    @Test func `a path without a route has none`() {
        let table = RouteTable([Route(path: "/api/", access: .widget, upstream: 0)])
        for path in ["/", "*", "", "/apix", "/api"] { #expect(withBytes(path) { table.route(for: $0) } == nil) }
    }
}

@Suite struct OriginSetTests {
    @Test(arguments: [
        ("https://app.acme.test", "https://app.acme.test", true),
        ("https://app.acme.test", "http://app.acme.test", false),
        ("https://app.acme.test", "https://app.acme.test:8443", false),
        ("HTTPS://App.Acme.Test", "https://app.acme.test", true),
        ("https://app.acme.test", "https://app.acme.test.evil.test", false), ("https://app.acme.test", "null", false),
        ("https://app.acme.test", "", false), ("https://app.acme.test", "https://xapp.acme.test", false),
        ("https://*.acme.test", "https://a.acme.test", true), ("https://*.acme.test", "https://a.b.acme.test", true),
        ("https://*.acme.test", "https://acme.test", false), ("https://*.acme.test", "https://.acme.test", false),
        ("https://*.acme.test", "https://evilacme.test", false), ("https://*.acme.test", "http://a.acme.test", false),
        ("https://*.acme.test", "https://evil.test/.acme.test", false),
        ("https://*.acme.test", "https://evil.test:1@x.acme.test", false),
        ("https://*.acme.test", "https://evil.test#.acme.test", false),
        ("https://*.acme.test", "https://a.acme.test.evil.test", false),
        ("https://*.acme.test", "https://a.acme.test:8443", false),
        ("https://*.acme.test:8443", "https://a.acme.test:8443", true),
    ])
    func `an origin is listed or it isn't`(rule: String, origin: String, isListed: Bool) {
        #expect(OriginSet([rule]).allows(origin) == isListed)
        #expect(OriginSet(["https://other.test", rule, "https://*.other.test"]).allows(origin) == isListed)
    }

    @Test(arguments: ["", "*", "acme.test", "https://", "https://*.", "https://*.*.test", "https://a*.test"])
    func `what isn't an origin lists nothing`(text: String) {
        let origins = OriginSet([text])
        for origin in ["null", "", "https://acme.test", "https://a.b.test", "https://ab.test"] {
            #expect(!origins.allows(origin))
        }
    }
}

@Suite struct VendorScriptsTests {
    @Test(arguments: [
        ("/sdk/e.js", Dialect.sleekplan), ("/sdk/e.js2", nil), ("/sdk//e.js", nil), ("/e.js", nil),
        ("/aB3dEf6hIj9kLmNoPqRs.js", .uservoice), ("/0123456789-_0123.js", .uservoice), ("/0123456789-_012.js", nil),
        ("/sdk/0123456789abcdef.js", nil), ("/0123456789abcdef.jsx", nil), ("/0123456789 abcdef.js", nil),
        ("/" + String(repeating: "a", count: 64) + ".js", .uservoice),
        ("/" + String(repeating: "a", count: 65) + ".js", nil), ("/", nil), ("", nil), ("*", nil),
    ])
    func `a snippet's script is known by its address, where its dialect is spoken`(path: String, dialect: Dialect?) {
        let all = VendorScripts(dialects: Set(Dialect.allCases))
        #expect(withBytes(path) { all.dialect(of: $0) } == dialect)
        #expect(withBytes(path) { all.mayContain($0) } == (dialect != nil))
        let none = VendorScripts(dialects: [.productbridge, .productlift, .userorbit])
        #expect(withBytes(path) { none.dialect(of: $0) } == nil)
        #expect(withBytes(path) { !none.mayContain($0) })
    }
}

@Suite struct ByteTableTests {
    @Test func `what was put in is found and nothing else`() {
        var table = ByteTable()
        let inserted = (0..<1000).map { table.insert("key-\($0)".utf8, $0) }
        #expect(inserted.allSatisfy { $0 })
        let again = table.insert("key-7".utf8, 8)
        #expect(!again)
        for number in 0..<1000 { #expect(withBytes("key-\(number)") { table[$0] } == number) }
        for key in ["", "key", "key-1000", "KEY-1", "key-1\0"] { #expect(withBytes(key) { table[$0] } == nil) }
    }
}
