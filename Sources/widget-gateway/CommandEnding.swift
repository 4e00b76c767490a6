import ArgumentParser
import ControlPlane
import GatewayConfiguration
import UserDirectory

/// How the program ends after an error: what it prints where, and its exit code.
struct CommandEnding: Equatable {
    var code: Int32
    /// What goes to standard output: help that was asked for.
    var output = ""
    var errorOutput = ""

    static let refused: Int32 = 1
    static let wrongUse: Int32 = 2

    static func after(_ error: any Error) -> CommandEnding {
        switch error {
        case let missing as MissingSubcommand:
            CommandEnding(code: wrongUse, errorOutput: missing.help + "\n")
        case let refusal as Refusal:
            CommandEnding(
                code: refused, errorOutput: refusal.message.isEmpty ? "" : "widget-gateway: \(refusal.message)\n")
        case let errors as ConfigurationErrors:
            CommandEnding(code: refused, errorOutput: errors.problems.map { "\($0)\n" }.joined())
        case let problem as AdminProblem:
            CommandEnding(code: refused, errorOutput: "widget-gateway: \(problem.detail)\n")
        case let refusal as SecretRefusal:
            CommandEnding(code: refused, errorOutput: "widget-gateway: \(refusal)\n")
        case let error as StoreError:
            CommandEnding(code: refused, errorOutput: "widget-gateway: \(error)\n")
        case let refusal as MigrationRefusal:
            CommandEnding(code: refused, errorOutput: "widget-gateway: \(refusal)\n")
        default:
            afterParsing(error)
        }
    }

    /// ArgumentParser's own errors, and what nobody expected.
    private static func afterParsing(_ error: any Error) -> CommandEnding {
        let message = WidgetGateway.fullMessage(for: error) + "\n"
        return switch WidgetGateway.exitCode(for: error) {
        case .success: CommandEnding(code: 0, output: message)
        case .validationFailure: CommandEnding(code: wrongUse, errorOutput: message)
        default: CommandEnding(code: refused, errorOutput: message)
        }
    }
}

/// What was asked can't be done, in words for an operator. An empty message says that enough has been printed.
struct Refusal: Error, Equatable {
    let message: String

    init(_ message: String = "") { self.message = message }
}
