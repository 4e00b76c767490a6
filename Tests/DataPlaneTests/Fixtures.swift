import HTTPMessages

/// Lends the UTF-8 of `text`.
func withBytes<Result>(_ text: String, _ body: (Bytes) throws -> Result) rethrows -> Result {
    try Array(text.utf8).withUnsafeBytes { try body(Bytes($0)) }
}

/// A request's head, as a connection would have read it.
func makeHead(
    _ method: String = "GET", _ target: String = "/", host: String = "acme.test", _ fields: [(String, String)] = []
) -> RequestHead {
    var head = RequestHead()
    withBytes(method) { head.setMethod($0) }
    withBytes(target) { head.setTarget($0) }
    withBytes(host) { head.setAuthority($0) }
    for (name, value) in fields {
        withBytes(name) { name in withBytes(value) { head.fields.append(name: name, value: $0) } }
    }
    return head
}
