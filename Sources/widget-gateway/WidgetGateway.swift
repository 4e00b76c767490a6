import ArgumentParser
import Foundation
import TLSEngine

/// The program: `widget-gateway COMMAND …`.
///
/// Exits 0 where the command did what it was asked, 1 where that was refused, 2 where it was used wrongly.
@main
struct WidgetGateway: GroupCommand {
    static let configuration = CommandConfiguration(
        commandName: "widget-gateway",
        abstract: "An HTTP/2 gateway that knows which user of which customer is calling your widget.",
        discussion: """
            Try it:   widget-gateway demo
            Use it:   widget-gateway organization create acme hosts=feedback.acme.test
                      widget-gateway secret generate acme
                      widget-gateway serve --config gateway.yaml

            Every command exits 0 when it did its work, 1 when that was refused and 2 when it was used wrongly.
            """,
        version: "widget-gateway \(version)",
        subcommands: [
            ServeCommand.self, DemoCommand.self, CheckConfigCommand.self, OrganizationCommand.self, SecretCommand.self,
            UserCommand.self, SessionCommand.self, AdminTokenCommand.self, StorageCommand.self, TokenCommand.self,
            UserHashCommand.self, LogCommand.self, AlertsCommand.self, AuditCommand.self,
        ])

    static let version = "0.1.0"

    static func main() async {
        RecordBuffers.keepInStock()
        do {
            var command = try await asyncParseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            let ending = CommandEnding.after(error)
            FileHandle.standardOutput.write(Data(ending.output.utf8))
            FileHandle.standardError.write(Data(ending.errorOutput.utf8))
            Foundation.exit(ending.code)
        }
    }
}

/// A command that only has commands under it: without one of them it is used wrongly.
protocol GroupCommand: AsyncParsableCommand {}

extension GroupCommand {
    mutating func run() async throws { throw MissingSubcommand(help: WidgetGateway.helpMessage(for: Self.self)) }
}

struct MissingSubcommand: Error {
    let help: String
}
