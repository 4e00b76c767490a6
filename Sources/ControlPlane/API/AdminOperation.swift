import GatewayConfiguration

/// One operation of the admin API: what the router serves, and what the OpenAPI document says of it.
struct AdminOperation: Sendable {
    let method: String
    /// `/organizations/{organization}`, below `/api/v1`.
    let path: String
    /// What programs call it.
    let id: String
    let tag: String
    let summary: String
    var needsToken = true
    var parameters: [OperationParameter] = []
    var body: OperationBody?
    /// Its own answers; those that every operation has, and problems, are added where it is described.
    let success: OperationAnswer
    /// The codes of problems that are its own.
    var problems: [AdminProblem.Code] = []
    let run: @Sendable (AdminCall) async throws -> AdminResponse
}

struct OperationParameter: Sendable {
    enum Place: String, Sendable { case path, query, header }

    let name: String
    var place = Place.query
    let schema: JSONValue
    let summary: String
    var isRequired = false
}

struct OperationBody: Sendable {
    /// A schema's name, or nil for a body that isn't JSON.
    var schema: String?
    var type = "application/json"
}

struct OperationAnswer: Sendable {
    let status: Int
    let summary: String
    /// A schema's name; nil: no body, or one that isn't JSON.
    var schema: String?
    var type = "application/json"
    var hasEntityTag = false
}
