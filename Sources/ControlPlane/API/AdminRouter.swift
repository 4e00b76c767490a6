/// The admin API: finds the operation that a request asks for, and who asks.
package struct AdminRouter: Sendable {
    package static let root = "/api/v1"

    private let administration: Administration
    private let authenticator: Authenticator

    package init(_ administration: Administration, authenticator: Authenticator) {
        self.administration = administration
        self.authenticator = authenticator
    }

    /// Whether a path is the API's.
    package static func owns(_ path: some StringProtocol) -> Bool { path == root || path.hasPrefix(root + "/") }

    package func respond(to request: AdminRequest) async -> AdminResponse {
        do { return try await answer(request) } catch { return AdminProblem(error).response }
    }

    private func answer(_ request: AdminRequest) async throws -> AdminResponse {
        let found = Self.find(request.path)
        // Without a token nobody learns which addresses there are, but for the one that is open.
        var caller: Administrator?
        if found.first?.operation.needsToken ?? true {
            caller = try await authenticator.administrator(
                authorization: request.field("authorization"), address: request.address)
        }
        guard !found.isEmpty else { throw AdminProblem(.notFound, "there is nothing at this address") }
        let method = request.method == "HEAD" ? "GET" : request.method
        guard let match = found.first(where: { $0.operation.method == method }) else {
            let allowed = Set(found.map(\.operation.method)).sorted().joined(separator: ", ")
            return AdminProblem(.methodNotAllowed, "this address answers \(allowed) only").response
                .with("allow", allowed)
        }
        let call = AdminCall(
            administration: administration, request: request, caller: caller, path: match.values,
            query: try Self.query(of: request, match.operation))
        return try await match.operation.run(call)
    }

    private typealias Match = (operation: AdminOperation, values: [String: String])

    private static let patterns = AdminOperation.all.map { (operation: $0, pattern: PathPattern($0.path)) }

    /// The operations at a path, with what its segments say. A segment that is written down wins over one that is not.
    private static func find(_ path: Substring) -> [Match] {
        guard path.hasPrefix(root + "/") else { return [] }
        let segments = path.dropFirst(root.count + 1).split(separator: "/", omittingEmptySubsequences: false)
        var matches: [Match] = []
        for (operation, pattern) in patterns {
            if let values = pattern.match(segments) { matches.append((operation, values)) }
        }
        let fewest = matches.map(\.values.count).min()
        return matches.filter { $0.values.count == fewest }
    }

    /// The parameters of the query: each known to the operation, each there once.
    private static func query(of request: AdminRequest, _ operation: AdminOperation) throws -> [String: String] {
        guard let query = request.query else { return [:] }
        let known = operation.parameters.filter { $0.place == .query }.map(\.name)
        var values: [String: String] = [:]
        for part in query.split(separator: "&") {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentDecoding.text(pair[0], plusIsSpace: true),
                let value = PercentDecoding.text(pair.count > 1 ? pair[1] : "", plusIsSpace: true)
            else { throw AdminProblem(.requestMalformed, "the query isn't percent-encoded UTF-8") }
            guard known.contains(name) else { throw AdminProblem.invalid(String(name.prefix(64)), "unknown parameter") }
            guard values.updateValue(value, forKey: name) == nil else {
                throw AdminProblem.invalid(name, "is there twice")
            }
        }
        return values
    }
}
