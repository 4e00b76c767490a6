/// A request to the admin listener. Its body comes when it is asked for.
package struct AdminRequest: Sendable {
    /// In capitals, as it was sent.
    package var method: String
    /// Path and query.
    package var target: String
    /// Names in lower case.
    package var fields: [(name: String, value: String)]
    /// The host, with the port where it isn't the scheme's own, that the client asked for.
    package var authority: String
    /// Who sent it, without the port.
    package var address: String
    package var body: RequestBody

    package init(
        method: String, target: String, fields: [(name: String, value: String)] = [], authority: String = "",
        address: String, body: RequestBody
    ) {
        self.method = method
        self.target = target
        self.fields = fields
        self.authority = authority
        self.address = address
        self.body = body
    }

    /// The target up to the query.
    package var path: Substring { target.prefix { $0 != "?" } }

    /// What follows the first `?`; nil: there is none.
    package var query: Substring? {
        target.firstIndex(of: "?").map { target[target.index(after: $0)...] }
    }

    /// The value of the only field with this name, in lower case; nil where there is none, or several.
    package func field(_ name: String) -> String? {
        let found = fields.filter { $0.name == name }
        return found.count == 1 ? found[0].value : nil
    }

    /// The media type of the body in lower case, without parameters.
    package var contentType: String? {
        field("content-type").map { type in
            String(type.lowercased().prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" })
        }
    }
}
