import ArgumentParser
import GatewayConfiguration

struct CheckConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-config",
        abstract: "Say everything that is wrong with the configuration, by line and key.",
        discussion: """
            Reads the file and the environment as serve does, and starts nothing. Exits 1 where something is wrong.

              widget-gateway check-config --config gateway.yaml
              widget-gateway check-config --organizations organizations.yaml --json
            """)

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: JSONOption

    @Option(help: ArgumentHelp("Check an organizations file as well.", valueName: "file"))
    var organizations: String?

    @Flag(help: .hidden)
    var printReference = false

    @Flag(help: .hidden)
    var printCommandLine = false

    func run() async throws {
        if printReference { return Terminal.write(ConfigurationReference.markdown) }
        if printCommandLine { return Terminal.write(CommandLineReference.markdown) }
        var errors: [ConfigurationProblem] = []
        var warnings: [ConfigurationProblem] = []
        do throws(ConfigurationErrors) {
            warnings = try LoadedConfiguration.load(file: options.file, environment: options.environment).warnings
        } catch {
            errors += error.problems
        }
        if let organizations {
            do throws(ConfigurationErrors) {
                _ = try OrganizationsFile.load(organizations, environment: options.environment, allowWeak: true)
            } catch {
                errors += error.problems
            }
        }
        try report(errors, warnings)
    }

    private func report(_ errors: [ConfigurationProblem], _ warnings: [ConfigurationProblem]) throws {
        if output.json {
            try Terminal.printJSON(
                Verdict(ok: errors.isEmpty, errors: errors.map(Finding.init), warnings: warnings.map(Finding.init)))
        } else {
            for warning in warnings { Terminal.note("warning: \(warning)") }
            for error in errors { Terminal.note("\(error)") }
            if errors.isEmpty { Terminal.print("\(options.file ?? "built-in defaults"): OK") }
        }
        if !errors.isEmpty { throw Refusal() }
    }

    private struct Verdict: Encodable {
        var ok: Bool
        var errors: [Finding]
        var warnings: [Finding]
    }

    private struct Finding: Encodable {
        /// The file or environment variable.
        var source: String
        var line: Int?
        var key: String
        var message: String

        init(_ problem: ConfigurationProblem) {
            source = if case .file(let name, _) = problem.origin { name } else { problem.origin.description }
            line = problem.origin.line
            key = problem.path
            message = problem.message
        }
    }
}
