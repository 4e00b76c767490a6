import GatewayConfiguration

/// The OpenAPI 3.1 document of the admin API, made of the operations that the router serves.
enum OpenAPIDocument {
    static let bytes = Array(document.json.utf8)

    private static let document: JSONValue = .members([
        "openapi": "3.1.0",
        "info": [
            "title": "Widget Gateway admin API", "version": "1",
            "description": "Moments are seconds since 1970, as numbers. Bodies are strict: an unknown key is an error.",
        ],
        "servers": [["url": .string(AdminRouter.root)]],
        "security": [["adminToken": []]],
        "paths": paths,
        "components": [
            "securitySchemes": [
                "adminToken": ["type": "http", "scheme": "bearer", "description": "An admin token, wga_…"]
            ],
            "schemas": AdminSchemas.all,
        ],
    ])

    private static var paths: JSONValue {
        var members: [JSONValue.Member] = []
        for operation in AdminOperation.all {
            let described = JSONValue.Member(operation.method.lowercased(), describe(operation))
            if let index = members.firstIndex(where: { $0.key == operation.path }) {
                members[index].value = members[index].value.adding(described.key, described.value)
            } else {
                members.append(.init(operation.path, .object([described])))
            }
        }
        return .object(members)
    }

    private static func describe(_ operation: AdminOperation) -> JSONValue {
        .members([
            "operationId": .string(operation.id), "tags": [.string(operation.tag)],
            "summary": .string(operation.summary), "security": operation.needsToken ? nil : [],
            "parameters": operation.parameters.isEmpty ? nil : .array(operation.parameters.map(describe)),
            "requestBody": operation.body.map(describe), "responses": responses(operation),
        ])
    }

    private static func describe(_ parameter: OperationParameter) -> JSONValue {
        .members([
            "name": .string(parameter.name), "in": .string(parameter.place.rawValue),
            "required": .bool(parameter.isRequired), "description": .string(parameter.summary),
            "schema": parameter.schema,
        ])
    }

    private static func describe(_ body: OperationBody) -> JSONValue {
        let schema = body.schema.map(reference) ?? ["type": "string"]
        return ["required": true, "content": .object([.init(body.type, ["schema": schema])])]
    }

    private static func responses(_ operation: AdminOperation) -> JSONValue {
        let answer = operation.success
        var success: [JSONValue.Member] = [.init("description", .string(answer.summary))]
        if answer.hasEntityTag {
            success.append(
                .init(
                    "headers",
                    [
                        "ETag": [
                            "description": "For `If-Match`.", "required": true,
                            "schema": ["type": "string", "pattern": "^\"[0-9a-f]{32}\"$"],
                        ]
                    ]))
        }
        if answer.status != 204 {
            let schema = answer.schema.map(reference) ?? ["type": "string"]
            success.append(.init("content", .object([.init(answer.type, ["schema": schema])])))
        }
        var members: [JSONValue.Member] = [.init(String(answer.status), .object(success))]
        for (status, codes) in problems(operation) { members.append(.init(String(status), problem(codes))) }
        return .object(members)
    }

    private static func problems(_ operation: AdminOperation) -> [(Int, [AdminProblem.Code])] {
        var codes: [AdminProblem.Code] = [.requestMalformed, .methodNotAllowed, .requestInvalid, .headersTooLarge]
        if operation.needsToken {
            codes += [
                .adminTokenMissing, .adminTokenInvalid, .notFound, .rateLimited, .internalError, .directoryUnavailable,
            ]
        }
        if operation.path.contains("{organization}") || ["listAudit", "createAdminToken"].contains(operation.id) {
            codes.append(.organizationUnknown)
        }
        if operation.method != "GET" { codes.append(.scopeInsufficient) }
        if operation.method != "GET" || operation.body != nil { codes.append(.bodyTooLarge) }
        if operation.body != nil { codes.append(.mediaTypeUnsupported) }
        codes += operation.problems
        let byStatus = Dictionary(grouping: codes, by: \.status)
        return byStatus.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    private static func problem(_ codes: [AdminProblem.Code]) -> JSONValue {
        [
            "description": .string(codes.map { "`\($0.rawValue)`" }.joined(separator: ", ")),
            "content": ["application/problem+json": ["schema": reference("Problem")]],
        ]
    }

    private static func reference(_ name: String) -> JSONValue { ["$ref": .string("#/components/schemas/\(name)")] }
}
