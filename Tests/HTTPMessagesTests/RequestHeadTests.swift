import HTTPMessages
import Testing

@Suite struct RequestHeadTests {
    @Test(arguments: [
        ("GET", Method.get, true), ("HEAD", .head, true), ("POST", .post, false), ("PUT", .put, true),
        ("DELETE", .delete, true), ("OPTIONS", .options, true), ("PATCH", .patch, false), ("CONNECT", .connect, false),
        ("TRACE", .trace, true), ("get", .other, false), ("GETS", .other, false), ("", .other, false),
    ])
    func `methods are told apart exactly`(name: String, method: Method, idempotent: Bool) {
        var head = RequestHead()
        Array(name.utf8).withUnsafeBytes { head.setMethod($0) }
        let read = head.method
        let text = head.methodName.string
        #expect(read == method)
        #expect(read.isIdempotent == idempotent)
        #expect(text == name)
    }

    @Test(
        arguments: [
            ("/a/b?c=d?e", "/a/b", "c=d?e"), ("/a", "/a", nil), ("/?", "/", ""), ("?", "", ""), ("*", "*", nil),
            ("", "", nil),
        ] as [(String, String, String?)])
    func `a target is cut at its first question mark`(target: String, path: String, query: String?) {
        var head = RequestHead()
        Array(target.utf8).withUnsafeBytes { head.setTarget($0) }
        let parts = (head.path.string, head.query?.string)
        #expect(parts == (path, query))
    }

    @Test func `a head may take its target from itself, again and again`() {
        var head = RequestHead()
        head.setMethod(staticBytes("GET"))
        head.setTarget(staticBytes("/a/long/path/that/fills/some/of/the/memory?sso=token"))
        head.setAuthority(staticBytes("h"))
        head.setScheme(staticBytes("https"))
        for _ in 0..<100 {
            let path = head.path
            head.setTarget(path)
        }
        let texts = [head.methodName.string, head.target.string, head.authority.string, head.scheme.string]
        #expect(texts == ["GET", "/a/long/path/that/fills/some/of/the/memory", "h", "https"])
    }

    @Test func `a query alone gets the root as its path`() {
        var head = RequestHead()
        head.setTarget(rootWithQuery: staticBytes("?a=b"))
        let parts = (head.target.string, head.path.string, head.query?.string)
        #expect(parts == ("/?a=b", "/", "a=b"))
    }

    @Test func `an emptied head remembers nothing`() {
        var head = RequestHead()
        head.setMethod(staticBytes("GET"))
        head.setTarget(staticBytes("/"))
        head.setAuthority(staticBytes("h"))
        head.setScheme(staticBytes("http"))
        head.fields.append("a", "b")
        head.contentLength = 5
        head.removeAll()
        let lengths = [
            head.methodName.count, head.target.count, head.authority.count, head.scheme.count, head.fields.count,
        ]
        let rest = head.contentLength == nil && head.method == .other
        #expect(lengths == [0, 0, 0, 0, 0])
        #expect(rest)
    }
}
