import ControlPlane
import DirectorySQLite
import Foundation
import GatewayConfiguration
import Synchronization
import UserDirectory

/// An instance without a network: a store of its own, a clock that stands still unless moved, and the router.
final class Instance: Sendable {
    let store: any Administration.Store
    let administration: Administration
    let router: AdminRouter
    private let folder: URL
    private let clock: Clock

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "widget-gateway-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let clock = Clock()
        self.clock = clock
        let now: @Sendable () -> Double = { clock.now.withLock { $0 } }
        let store = try SQLiteStore(
            path: folder.appending(path: "store.db").path, masterKey: .random(), now: now)
        self.store = store
        administration = Administration(
            store: store, telemetry: try SQLiteTelemetry(path: folder.appending(path: "log.db").path), now: now,
            changed: { clock.changes.withLock { $0 += 1 } })
        router = AdminRouter(administration, authenticator: Authenticator(store: store, now: now))
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    var now: Double { clock.now.withLock { $0 } }
    /// How often a change was brought into force.
    var changes: Int { clock.changes.withLock { $0 } }

    func pass(_ seconds: Double) { clock.now.withLock { $0 += seconds } }

    /// A token's text.
    func token(_ scope: AdminScope = .instance, expiresAt: Double? = nil) async throws -> String {
        let made = try await administration.adminTokens.create(
            name: "test", scope: scope, expiresAt: expiresAt, by: Self.operator)
        return made.value?.text ?? ""
    }

    func send(
        _ method: String, _ target: String, token: String? = nil, body: JSONValue? = nil,
        fields: [(name: String, value: String)] = [], address: String = "192.0.2.1"
    ) async -> Answer {
        var fields = fields
        if let token { fields.append(("authorization", "Bearer \(token)")) }
        if body != nil { fields.append(("content-type", "application/json")) }
        let response = await router.respond(
            to: AdminRequest(
                method: method, target: AdminRouter.root + target, fields: fields, address: address,
                body: RequestBody(body.map { Array($0.json.utf8) } ?? [])))
        guard case .whole(let bytes) = response.body else { return Answer(response: response, json: .null) }
        return Answer(response: response, json: (try? JSONParser.parse(bytes)) ?? .null)
    }

    static let `operator` = Administrator(
        actor: AuditEntry.Actor(kind: .commandLine, id: "", name: "operator", address: nil), scope: .instance)

    struct Answer: Sendable {
        let response: AdminResponse
        let json: JSONValue

        var status: Int { response.status }

        var code: String? {
            if case .string(let code) = json["code"] { code } else { nil }
        }

        func field(_ name: String) -> String? { response.fields.first { "\($0.name)" == name }?.value }
    }

    private final class Clock: Sendable {
        let now = Mutex(1_700_000_000.0)
        let changes = Mutex(0)
    }
}
