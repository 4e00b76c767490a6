import ArgumentParser

struct OrganizationCommand: GroupCommand {
    static let configuration = CommandConfiguration(
        commandName: "organization",
        abstract: "Make, change and list organizations.",
        discussion: """
            The settings and their values are in docs/configuration.md, under 'Keys of an organizations file'.
            """,
        subcommands: [
            OrganizationApplyCommand.self, OrganizationCreateCommand.self, OrganizationSetCommand.self,
            OrganizationShowCommand.self, OrganizationListCommand.self, OrganizationSSOCommand.self,
            OrganizationReportCommand.self, OrganizationDeleteCommand.self,
        ])
}
