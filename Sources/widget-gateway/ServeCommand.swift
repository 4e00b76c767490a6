import ArgumentParser
import Foundation
import GatewayConfiguration

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the gateway.",
        discussion: """
            Runs until SIGTERM or SIGINT, which drain it: requests in flight finish, then it exits 0.

              widget-gateway serve --config gateway.yaml
              WIDGET_GATEWAY_WORKERS=2 widget-gateway serve

            To restart without refusing a connection, start the new one beside the old one:

              widget-gateway serve --config gateway.yaml --replace $(pidof widget-gateway)
            """)

    @OptionGroup var options: ConfigurationOptions

    @Option(
        help: ArgumentHelp(
            "Take over from a running gateway.",
            discussion: "Shares its addresses, and has it drain as soon as this one is ready.", valueName: "pid"))
    var replace: Int32?

    func run() async throws {
        if let replace, !isGateway(replace) { throw Refusal("--replace: \(replace) isn't a gateway of this machine") }
        let loaded = try options.load()
        try await GatewayEntry.serve(loaded, file: options.file, environment: options.environment, predecessor: replace)
    }

    /// Whether a process goes by this program's name: no other should get its signal.
    private func isGateway(_ process: Int32) -> Bool {
        guard process > 1, let name = try? String(contentsOfFile: "/proc/\(process)/comm", encoding: .utf8),
            let own = try? String(contentsOfFile: "/proc/self/comm", encoding: .utf8)
        else { return false }
        return name == own
    }
}
