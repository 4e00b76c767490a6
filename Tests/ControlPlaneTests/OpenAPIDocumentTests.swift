import GatewayConfiguration
import Testing

@testable import ControlPlane

@Suite struct OpenAPIDocumentTests {
    private let document = (try? JSONParser.parse(OpenAPIDocument.bytes)) ?? .null

    @Test func `every operation is described once, and nothing else is`() throws {
        guard case .object(let paths) = try #require(document["paths"]) else { return }
        var described: Set<String> = []
        for path in paths {
            guard case .object(let methods) = path.value else { continue }
            for method in methods { #expect(described.insert("\(method.key.uppercased()) \(path.key)").inserted) }
        }
        #expect(described == Set(AdminOperation.all.map { "\($0.method) \($0.path)" }))
        #expect(described.count == AdminOperation.all.count)
        #expect(Set(AdminOperation.all.map(\.id)).count == AdminOperation.all.count)
    }

    @Test func `every schema that is referred to is there, and every one that is there is referred to`() {
        var referred: Set<String> = []
        func collect(_ value: JSONValue) {
            switch value {
            case .array(let elements): elements.forEach(collect)
            case .object(let members):
                for member in members {
                    if member.key == "$ref", case .string(let text) = member.value {
                        referred.insert(String(text.split(separator: "/").last ?? ""))
                    }
                    collect(member.value)
                }
            default: break
            }
        }
        collect(document)
        guard case .object(let schemas)? = document["components"]?["schemas"] else {
            Issue.record("no schemas")
            return
        }
        #expect(referred == Set(schemas.map(\.key)))
    }

    @Test func `each path's parameters are described`() {
        for operation in AdminOperation.all {
            let named = operation.path.split(separator: "/").filter { $0.hasPrefix("{") }
                .map { String($0.dropFirst().dropLast()) }
            let described = operation.parameters.filter { $0.place == .path }.map(\.name)
            #expect(named == described, "\(operation.id)")
        }
    }
}
