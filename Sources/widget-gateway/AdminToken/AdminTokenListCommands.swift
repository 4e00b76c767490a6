import ArgumentParser
import ControlPlane
import UserDirectory

struct AdminTokenListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List admin tokens, without showing them.")

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: JSONOption

    func run() async throws {
        let administration = try options.openAdministration()
        let tokens = try await administration.adminTokens.list(by: .commandLine)
        if output.json { return try Terminal.printJSON(tokens.map(AdminTokenJSON.init)) }
        Terminal.printTable(
            ["ID", "NAME", "REACHES", "MAY", "CREATED", "LAST USED", "EXPIRES", "REVOKED"],
            tokens.map {
                [
                    $0.id, Terminal.clean($0.name), $0.scope.organization ?? "everything",
                    $0.scope.isReadOnly ? "read" : "write", Terminal.moment($0.createdAt),
                    Terminal.moment($0.lastUsedAt), Terminal.moment($0.expiresAt), Terminal.moment($0.revokedAt),
                ]
            },
            empty: "There are no admin tokens yet: widget-gateway admin-token create NAME")
    }

    private struct AdminTokenJSON: Encodable {
        var id: String
        var name: String
        var organization: String?
        var readOnly: Bool
        var createdAt: Double
        var expiresAt: Double?
        var lastUsedAt: Double?
        var revokedAt: Double?

        init(_ token: AdminToken) {
            id = token.id
            name = token.name
            organization = token.scope.organization
            readOnly = token.scope.isReadOnly
            createdAt = token.createdAt
            expiresAt = token.expiresAt
            lastUsedAt = token.lastUsedAt
            revokedAt = token.revokedAt
        }
    }
}

struct AdminTokenRevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Revoke an admin token: it is refused from its next request on.")

    @OptionGroup var options: ConfigurationOptions

    @Argument(help: "The token's id, as admin-token list shows it.")
    var id: String

    func run() async throws {
        try await options.openAdministration().adminTokens.revoke(id, by: .commandLine)
        Terminal.print("\(id): revoked")
    }
}
