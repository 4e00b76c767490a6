import ArgumentParser
import GatewayConfiguration

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the gateway.",
        discussion: """
            Runs until SIGTERM or SIGINT, which drain it: requests in flight finish, then it exits 0.

              widget-gateway serve --config gateway.yaml
              WIDGET_GATEWAY_WORKERS=2 widget-gateway serve
            """)

    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let loaded = try options.load()
        try await GatewayEntry.serve(loaded, file: options.file, environment: options.environment)
    }
}
