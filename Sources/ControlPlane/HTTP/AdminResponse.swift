package import GatewayConfiguration

/// What the admin listener answers.
package struct AdminResponse: Sendable {
    package var status: Int
    /// Names in lower case; no `content-length`, which the connection adds.
    package var fields: [(name: StaticString, value: String)]
    package var body: Body

    package enum Body: Sendable {
        case whole([UInt8])
        /// Asked for part by part, each when the one before has been sent; nil ends it. An error breaks the response
        /// off, so that nobody takes a part for the whole.
        case parts(@Sendable () async throws -> [UInt8]?)
    }

    package init(_ status: Int, type: String? = nil, body: Body = .whole([])) {
        self.status = status
        self.body = body
        fields = [("cache-control", "no-store"), ("x-content-type-options", "nosniff")]
        if let type { fields.append(("content-type", type)) }
    }

    package static func json(_ value: JSONValue, status: Int = 200) -> AdminResponse {
        AdminResponse(status, type: "application/json", body: .whole(Array(value.json.utf8)))
    }

    package static let noContent = AdminResponse(204)

    package func with(_ name: StaticString, _ value: String) -> AdminResponse {
        var response = self
        response.fields.append((name, value))
        return response
    }
}
