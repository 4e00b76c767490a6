import ArgumentParser

/// The help of every command, as Markdown: `docs/command-line.md` is this text.
enum CommandLineReference {
    static var markdown: String {
        introduction + sections(of: WidgetGateway.self, path: ["widget-gateway"])
    }

    private static func sections(of command: any ParsableCommand.Type, path: [String]) -> String {
        let help = WidgetGateway.helpMessage(for: command, columns: 100)
        let section = "## `\(path.joined(separator: " "))`\n\n```\n\(help)\n```\n"
        return command.configuration.subcommands.reduce(section) { text, subcommand in
            text + "\n" + sections(of: subcommand, path: path + [subcommand.configuration.commandName ?? ""])
        }
    }

    private static let introduction = """
        # Command line

        <!-- Printed by `widget-gateway check-config --print-command-line`; a test compares it with this file. -->

        Exit codes: 0 the command did its work, 1 it was refused, 2 it was used wrongly. What a script may read has
        `--json`. A change reaches a running gateway within a second. No command takes a secret as an argument.


        """
}
