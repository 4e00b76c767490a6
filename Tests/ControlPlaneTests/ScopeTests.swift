import GatewayConfiguration
import Testing
import UserDirectory

@testable import ControlPlane

@Suite struct ScopeTests {
    private func instance() async throws -> Instance {
        let instance = try Instance()
        try await instance.store.put(OrganizationSettings(id: "acme"))
        try await instance.store.put(OrganizationSettings(id: "beta"))
        return instance
    }

    /// An operation's address in `organization`, whatever else it names.
    private func target(_ operation: AdminOperation, _ organization: String) -> String {
        operation.path.replacing("{organization}", with: organization).replacing(#/\{[a-z]+\}/#, with: "x")
    }

    @Test func `a token that may only read changes nothing, by any operation`() async throws {
        let instance = try await instance()
        let token = try await instance.token(AdminScope(isReadOnly: true))
        let before = try await instance.store.generation()
        for operation in AdminOperation.all where operation.method != "GET" {
            var fields = [(name: "if-match", value: "*")]
            let isCSV = operation.body?.type == "text/csv"
            if isCSV { fields.append(("content-type", "text/csv")) }
            let body: JSONValue? =
                isCSV || operation.body == nil
                ? nil
                : ["id": "new", "name": "n", "role": "user", "of": "all", "valid_until": .null, "secret": "s"]
            let answer = await instance.send(
                operation.method, target(operation, "acme"), token: token, body: body, fields: fields)
            #expect([403, 422].contains(answer.status), "\(operation.id): \(answer.json.json)")
            #expect(answer.status == 422 || answer.code == "scope_insufficient")
        }
        #expect(try await instance.store.generation() == before)
        #expect(try await instance.store.adminTokens(of: nil).count == 1)
        #expect(instance.changes == 1)
    }

    @Test func `a token of one organization sees nothing of another, by any operation`() async throws {
        let instance = try await instance()
        let token = try await instance.token(AdminScope(organization: "acme"))
        for operation in AdminOperation.all where operation.path.contains("{organization}") {
            var fields = [(name: "if-match", value: "*")]
            if operation.body?.type == "text/csv" { fields.append(("content-type", "text/csv")) }
            let bodies: [JSONValue] = [
                [:], ["role": "user"], ["of": "all"], ["valid_until": .null], ["secret": .string(long)],
                ["token": "a.b.c"],
            ]
            var codes: Set<String?> = []
            for body in operation.body?.schema == nil ? [nil] : bodies.map(Optional.some) {
                let theirs = await instance.send(
                    operation.method, target(operation, "beta"), token: token, body: body, fields: fields)
                let nobodys = await instance.send(
                    operation.method, target(operation, "none"), token: token, body: body, fields: fields)
                #expect(theirs.status >= 400, "\(operation.id)")
                #expect(theirs.json == nobodys.json, "\(operation.id) tells the one from the other")
                codes.insert(theirs.code)
            }
            #expect(codes.contains("organization_unknown"), "\(operation.id): \(codes)")
        }
    }

    private let long = String(repeating: "s", count: 40)

    @Test func `lists hold what is within reach`() async throws {
        let instance = try await instance()
        let all = try await instance.token()
        let token = try await instance.token(AdminScope(organization: "acme"))
        _ = await instance.send("POST", "/organizations/beta/secrets", token: all, body: [:])
        #expect(
            await instance.send("GET", "/organizations", token: token).json["organizations"]?.elements.count == 1)
        #expect(await instance.send("GET", "/admin-tokens", token: token).json["admin_tokens"]?.elements.count == 1)
        #expect(await instance.send("GET", "/audit", token: token).json["entries"]?.elements.count == 1)
        try await instance.administration.telemetry.append(
            ["acme", "beta"].map {
                TokenLogEntry(time: instance.now, organization: $0, code: "accepted", address: "a", source: .header)
            }, repeats: [])
        try await instance.administration.telemetry.raise(
            ["acme", "beta"].map {
                AlertSighting(
                    kind: .manyUsers, organization: $0, subject: "a", firstSeen: instance.now, lastSeen: instance.now,
                    count: 51)
            })
        for (path, list) in [("/token-log", "entries"), ("/alerts", "alerts")] {
            #expect(await instance.send("GET", path, token: all).json[list]?.elements.count == 2)
            let seen = await instance.send("GET", path, token: token).json[list]?.elements ?? []
            #expect(seen.map { $0["organization"] } == ["acme"])
        }
        #expect(await instance.send("GET", "/audit?organization=beta", token: token).status == 404)
        #expect(await instance.send("GET", "/audit?organization=beta", token: all).json["entries"]?.elements.count == 1)
    }

    @Test func `a token of one organization makes tokens of that one, and no organizations`() async throws {
        let instance = try await instance()
        let token = try await instance.token(AdminScope(organization: "acme"))
        for organization: JSONValue in [.null, "beta"] {
            let body: JSONValue = ["name": "n", "organization": organization]
            #expect(
                await instance.send("POST", "/admin-tokens", token: token, body: body).code == "scope_insufficient")
        }
        let made = await instance.send(
            "POST", "/admin-tokens", token: token, body: ["name": "n", "organization": "acme"])
        #expect(made.status == 201)
        #expect(await instance.send("POST", "/organizations", token: token, body: ["id": "new"]).status == 403)
        #expect(await instance.send("DELETE", "/organizations/acme", token: token).status == 403)
        let foreign = try #require(try await instance.store.adminTokens(of: nil).first { $0.scope.organization != nil })
        _ = try await instance.token(AdminScope(organization: "beta"))
        let beta = try #require(try await instance.store.adminTokens(of: "beta").first)
        #expect(await instance.send("DELETE", "/admin-tokens/\(beta.id)", token: token).code == "admin_token_unknown")
        #expect(await instance.send("DELETE", "/admin-tokens/\(foreign.id)", token: token).status == 204)
    }
}

extension JSONValue {
    var elements: [JSONValue] {
        if case .array(let elements) = self { elements } else { [] }
    }
}
