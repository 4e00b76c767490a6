import ArgumentParser
import GatewayConfiguration
import IdentityCore
import UserDirectory

struct OrganizationShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show an organization's settings, as an organizations file has them.",
        discussion: """
              widget-gateway organization show acme
            """)

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: JSONOption

    @Argument(help: "The organization's id.")
    var id: String

    func run() async throws {
        guard let settings = try await options.openStore().organization(id) else {
            throw StoreError.organizationUnknown(id)
        }
        if output.json { return try Terminal.printJSON(settings) }
        Terminal.write(settings.yaml)
    }
}

struct OrganizationListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the organizations.",
        discussion: """
              widget-gateway organization list --json
            """)

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: JSONOption

    func run() async throws {
        let organizations = try await options.openStore().organizations()
        if output.json { return try Terminal.printJSON(organizations) }
        Terminal.printTable(
            ["ID", "NAME", "DIALECT", "IDENTIFY", "USER HASH", "MODE", "HOSTS"],
            organizations.map {
                [
                    $0.id, Terminal.clean($0.name), $0.dialect.rawValue, $0.requireIdentify.rawValue,
                    $0.requireUserHash.rawValue, $0.identifyMode.rawValue, $0.hosts.joined(separator: ", "),
                ]
            },
            empty: "There are no organizations yet: widget-gateway organization create ID")
    }
}
