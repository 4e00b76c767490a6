import ArgumentParser
import Foundation
import Gateway

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Run the whole product on loopback: gateway, feedback board, customer's page, three users.",
        discussion: """
            Needs no configuration. Prints the addresses to open in a browser. Its directory of users is kept in a
            temporary folder, which is removed at the end, unless --data-directory names another.

              widget-gateway demo
              widget-gateway demo --data-directory demo-data --gateway-port 8090
            """)

    @Option(help: "Where to keep the demo's database and keys.")
    var dataDirectory: String?

    @Option(help: "The gateway's port for cleartext.")
    var gatewayPort = DemoRuntime.Ports().gateway

    @Option(help: "The gateway's port for TLS.")
    var tlsPort = DemoRuntime.Ports().gatewayTLS

    @Option(help: "The port of the feedback board behind the gateway.")
    var backendPort = DemoRuntime.Ports().board

    @Option(help: "The port of the customer's page.")
    var appPort = DemoRuntime.Ports().customer

    @Option(help: "The port of the admin listener.")
    var adminPort = DemoRuntime.Ports().admin

    func run() async throws {
        var ports = DemoRuntime.Ports()
        ports.gateway = gatewayPort
        ports.gatewayTLS = tlsPort
        ports.board = backendPort
        ports.customer = appPort
        ports.admin = adminPort
        if let dataDirectory { return try await GatewayEntry.demo(ports, folder: dataDirectory) }
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("widget-gateway-demo-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await GatewayEntry.demo(ports, folder: folder.path)
    }
}
