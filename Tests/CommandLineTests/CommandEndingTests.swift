import ArgumentParser
import GatewayConfiguration
import Testing
import UserDirectory

@testable import widget_gateway

@Suite struct CommandEndingTests {
    /// How the program ends that is called with `arguments`, as far as parsing goes; nil where it would run.
    private func ending(_ arguments: [String]) async -> CommandEnding? {
        do {
            var command = try WidgetGateway.parseAsRoot(arguments)
            if var group = command as? any GroupCommand { try await group.run() }
            // Help is a command of the parser's own.
            if String(describing: type(of: command)) == "HelpCommand" { try command.run() }
            return nil
        } catch {
            return CommandEnding.after(error)
        }
    }

    @Test(arguments: [
        [], ["frob"], ["serve", "extra"], ["serve", "--frob"], ["organization"], ["secret"], ["user"], ["token"],
        ["organization", "set", "acme"], ["organization", "apply"], ["user", "list", "acme", "--limit", "0"],
        ["user", "import", "acme"], ["token", "sign", "--claims", "{}"], ["token", "verify", "x"],
        ["token", "sign", "--secret-file", "f", "--claims", "{}", "--expires-in", "soon"],
        ["secret", "generate", "acme", "--purpose", "fun"], ["user-hash", "--secret-file", "f"],
        ["session"], ["session", "end", "acme"], ["session", "end", "acme", "--all", "--user", "ann"],
        ["session", "end", "acme", "--key", "k", "--session", "s"], ["session", "end", "--all"], ["session", "list"],
        ["session", "list", "acme", "--limit", "10001"], ["organization", "sso"],
        ["secret", "revoke", "acme", "--end-sessions"],
    ])
    func `wrong use ends with 2 and says so on standard error`(arguments: [String]) async {
        let ending = await ending(arguments)
        #expect(ending?.code == 2)
        #expect(ending?.output == "")
        #expect(ending?.errorOutput.isEmpty == false)
    }

    @Test(arguments: [
        ["--help"], ["--version"], ["help"], ["organization", "--help"], ["help", "user", "import"],
        ["token", "sign", "-h"],
        ["session", "end", "--help"], ["organization", "sso", "-h"],
    ])
    func `help that was asked for ends with 0 on standard output`(arguments: [String]) async {
        let ending = await ending(arguments)
        #expect(ending?.code == 0)
        #expect(ending?.output.isEmpty == false)
        #expect(ending?.errorOutput == "")
    }

    @Test(arguments: [
        ["serve"], ["demo"], ["check-config", "-c", "x.yaml", "--json"],
        ["organization", "set", "acme", "identify_mode=update_only", "sso.login_url=https://a.test"],
        ["organization", "apply", "--config", "gateway.yaml", "organizations.yaml"],
        ["token", "sign", "--secret-file", "f", "--claims", "{}", "--expires-in", "-10", "--with-user-hash"],
        ["token", "verify", "--organization", "acme", "-"], ["user-hash", "--secret-file", "f", "123"],
        ["user", "import", "acme", "-"], ["secret", "generate", "acme", "--purpose", "user_hash"],
        ["session", "end", "acme", "--session", "0123456789abcdef"],
        ["session", "list", "acme", "--user", "a", "--json"],
        ["organization", "sso", "acme", "--json"], ["secret", "revoke", "acme", "key_1", "--end-sessions"],
        ["organization", "set", "acme", "sso.enabled=true", "--untested"],
    ])
    func `right use runs`(arguments: [String]) async {
        #expect(await ending(arguments) == nil)
    }

    @Test func `refusals end with 1`() {
        let problem = ConfigurationProblem(.file("gateway.yaml", line: 3), "workers", "must be …")
        #expect(
            CommandEnding.after(ConfigurationErrors([problem]))
                == CommandEnding(code: 1, errorOutput: "gateway.yaml:3: workers: must be …\n"))
        #expect(
            CommandEnding.after(StoreError.organizationUnknown("x"))
                == CommandEnding(code: 1, errorOutput: "widget-gateway: there is no organization 'x'\n"))
        #expect(CommandEnding.after(Refusal("no")) == CommandEnding(code: 1, errorOutput: "widget-gateway: no\n"))
        #expect(CommandEnding.after(Refusal()) == CommandEnding(code: 1))
    }
}
