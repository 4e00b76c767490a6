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

    /// What follows the path.
    var query: FormParameters { FormParameters(target.drop { $0 != "?" }.dropFirst()) }

    /// The body of a form; nil where it isn't one.
    var form: FormParameters? {
        contentType == "application/x-www-form-urlencoded" ? FormParameters(String(decoding: body, as: UTF8.self)) : nil
    }

    /// Whether a browser says that another site's page made this request.
    var isFromAnotherSite: Bool { field("sec-fetch-site").map { $0 != "same-origin" } ?? false }

    /// The value of the first field with this name, in lower case, unless it is empty.
    func field(_ name: String) -> String? {
        fields.first { $0.name == name && !$0.value.isEmpty }?.value
    }

    /// Whether the body says that it is JSON. A form of another site can't say so without asking first, which is what
    /// keeps one from posting here.
    var isJSON: Bool { contentType == "application/json" }

    /// In lower case, without parameters.
    private var contentType: String? {
        field("content-type").map { type in type.lowercased().prefix { $0 != ";" }.filter { $0 != " " } }
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

    /// A page that runs no script which is written into it.
    ///
    /// - Parameters:
    ///   - gateway: whose scripts run besides the page's own, and which they may talk to.
    ///   - origins: where the page's forms lead in the end, besides the page's own site.
    static func page(
        _ html: String, status: Int = 200, gateway: String? = nil, formsLeadTo origins: [String] = []
    ) -> DemoResponse {
        let sources = gateway.map { "'self' \($0)" } ?? "'self'"
        let targets = (["'self'"] + origins).joined(separator: " ")
        var response = DemoResponse(status, type: "text/html; charset=utf-8", body: html)
        response.fields.append(
            (
                "content-security-policy",
                "default-src 'none'; script-src \(sources); connect-src \(sources); style-src 'self'; img-src 'self'; "
                    + "form-action \(targets); base-uri 'none'; frame-ancestors 'none'"
            ))
        return response
    }

    /// Sends a browser on with a `GET`, and tells nobody what the address was.
    static func redirect(to location: String) -> DemoResponse {
        var response = DemoResponse(303, type: "text/plain", body: "")
        response.fields.removeAll { "\($0.name)" == "referrer-policy" }
        response.fields += [("location", location), ("referrer-policy", "no-referrer")]
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
