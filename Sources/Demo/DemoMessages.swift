/// A request to one of the demo's two small sites, whole in memory.
package struct DemoRequest: Sendable {
    /// In capitals, as it was sent.
    package var method: String
    /// Path and query.
    package var target: String
    /// Names in lower case.
    package var fields: [(name: String, value: String)]
    package var body: [UInt8]

    package init(method: String, target: String, fields: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.method = method
        self.target = target
        self.fields = fields
        self.body = body
    }

    /// The target up to the query.
    var path: String { String(target.prefix { $0 != "?" }) }

    /// The value of the first field with this name, in lower case, unless it is empty.
    func field(_ name: String) -> String? {
        fields.first { $0.name == name && !$0.value.isEmpty }?.value
    }

    /// Whether the body says that it is JSON. A form of another site can't say so without asking first, which is what
    /// keeps one from posting here.
    var isJSON: Bool {
        guard let type = field("content-type") else { return false }
        let essence = type.lowercased().prefix { $0 != ";" }
        return essence.filter { $0 != " " } == "application/json"
    }
}

/// What one of the demo's sites answers, whole in memory.
package struct DemoResponse: Sendable {
    package var status: Int
    /// Names in lower case; no `content-length`, which the connection adds.
    package var fields: [(name: StaticString, value: String)]
    package var body: [UInt8]

    init(_ status: Int, type: String, body: String) {
        self.status = status
        fields = [
            ("content-type", type),
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
        ]
        self.body = Array(body.utf8)
    }

    /// A page that runs nothing but scripts of these sources, and none that is written into it.
    static func page(_ html: String, gateway: String? = nil) -> DemoResponse {
        let sources = gateway.map { "'self' \($0)" } ?? "'self'"
        var response = DemoResponse(200, type: "text/html; charset=utf-8", body: html)
        response.fields.append(
            (
                "content-security-policy",
                "default-src 'none'; script-src \(sources); connect-src \(sources); style-src 'self'; img-src 'self'; "
                    + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
            ))
        return response
    }

    /// An error in a sentence, in the shape that the gateway's own errors have (RFC 9457), without a code of its.
    static func problem(_ status: Int, _ detail: String) -> DemoResponse {
        DemoResponse(
            status, type: "application/problem+json",
            body: DemoJSON.text(["status": .number(status), "detail": .text(detail)]))
    }

    static let notFound = problem(404, "there is nothing at this address")

    static func methodNotAllowed(_ allowed: String) -> DemoResponse {
        var response = problem(405, "this address answers \(allowed) only")
        response.fields.append(("allow", allowed))
        return response
    }
}

/// One of the demo's sites: a pure function of the request and of what the site remembers.
package protocol DemoSite: Sendable {
    func respond(to request: DemoRequest) -> DemoResponse
}
