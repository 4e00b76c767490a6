import ArgumentParser
import ControlPlane
import GatewayConfiguration
import UserDirectory

struct OrganizationApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Write the organizations of a file to storage.",
        discussion: """
            What the file leaves out gets its default. Organizations and secrets that it doesn't name stay as they are.
            Applying a file twice changes nothing. A file with a mistake changes nothing at all.
            Sign-in that a file enables is enabled, with a warning where it wasn't tested. To enforce a rule that would
            have refused requests of the last day, it asks on a terminal, and needs --yes elsewhere.

              widget-gateway organization apply --config gateway.yaml organizations.yaml
            """)

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: JSONOption

    @Flag(help: "Take secrets shorter than 32 bytes.")
    var allowWeak = false

    @Flag(help: "Enforce rules though they would have refused requests of the last day.")
    var yes = false

    @Argument(help: "The organizations file.")
    var file: String

    func run() async throws {
        let definitions = try OrganizationsFile.load(file, environment: options.environment, allowWeak: allowWeak)
        let administration = try options.openAdministration()
        let stored = try await administration.store.loadAll().organizations
        let before = Dictionary(uniqueKeysWithValues: stored.map { ($0.settings.id, $0) })
        try check(definitions, against: before)
        try await checkEnforcement(definitions, against: before, administration)
        var changes: [Change] = []
        for definition in definitions {
            changes.append(try await apply(definition, by: administration, before: before[definition.settings.id]))
        }
        if output.json { return try Terminal.printJSON(changes) }
        for change in changes {
            let secrets = change.secretsAdded == 0 ? "" : ", secrets added: \(change.secretsAdded)"
            Terminal.print("\(change.id): \(change.result.rawValue)\(secrets)")
        }
    }

    /// Refuses beforehand what storage would refuse halfway.
    private func check(_ definitions: [OrganizationDefinition], against stored: [String: StoredOrganization]) throws {
        let changed = Set(definitions.map(\.settings.id))
        var owners: [String: String] = [:]
        for (id, organization) in stored where !changed.contains(id) {
            for host in organization.settings.hosts { owners[host] = id }
        }
        for definition in definitions {
            for host in definition.settings.hosts {
                if let owner = owners[host] { throw StoreError.hostTaken(host: host, by: owner) }
            }
            let active = stored[definition.settings.id]?.secrets ?? []
            for (purpose, texts) in definition.secretsByPurpose {
                let all = Set(active.filter { $0.purpose == purpose }.map(\.text)).union(texts)
                if all.count > maxActiveSecrets {
                    throw Refusal("\(definition.settings.id): \(StoreError.tooManySecrets(limit: maxActiveSecrets))")
                }
            }
        }
    }

    /// Asks, or refuses, before anything is written that would begin to refuse what is let through now.
    private func checkEnforcement(
        _ definitions: [OrganizationDefinition], against stored: [String: StoredOrganization],
        _ administration: Administration
    ) async throws {
        guard !yes else { return }
        var consequences: [String] = []
        for settings in definitions.map(\.settings) {
            guard let before = stored[settings.id]?.settings,
                let words = try await administration.consequences(of: settings, before: before)
            else { continue }
            consequences.append("\(settings.id): \(words)")
        }
        guard !consequences.isEmpty else { return }
        guard Terminal.inputIsATerminal else {
            throw Refusal(
                "nothing was changed: \(consequences.joined(separator: "; ")). organization report says which; --yes "
                    + "enforces all the same")
        }
        for line in consequences { Terminal.note(line) }
        try Terminal.confirm("Enforce all the same?", unless: false)
    }

    private func apply(
        _ definition: OrganizationDefinition, by administration: Administration, before stored: StoredOrganization?
    ) async throws -> Change {
        let settings = definition.settings
        let organizations = administration.organizations
        var change = Change(id: settings.id, result: .created)
        if let stored {
            // What a file says was asked about; so was what it enforces.
            _ = try await organizations.update(
                settings.id, if: .whatever, isConfirmed: true, allowsUntested: true, by: .commandLine
            ) { _ in settings }
            change.result = stored.settings == settings ? .unchanged : .changed
        } else {
            _ = try await organizations.create(settings, allowsUntested: true, by: .commandLine)
        }
        for (purpose, texts) in definition.secretsByPurpose {
            let active = Set(stored?.secrets.filter { $0.purpose == purpose }.map(\.text) ?? [])
            for text in texts where !active.contains(text) {
                // Weak ones were refused when the file was read.
                _ = try await administration.secrets.take(
                    text, purpose, for: settings.id, allowWeak: true, by: .commandLine)
                change.secretsAdded += 1
            }
        }
        if change.result == .unchanged, change.secretsAdded > 0 { change.result = .changed }
        if settings.sso.enabled {
            // The file is its operator's word, so it is written all the same.
            try await administration.signIn.report(on: settings, by: .commandLine)
                .verdict(before: nil, isAsked: true, isForced: true).enforce()
        }
        return change
    }

    private struct Change: Encodable {
        var id: String
        var result: Result
        var secretsAdded = 0

        enum Result: String, Encodable { case created, changed, unchanged }
    }
}

extension OrganizationDefinition {
    fileprivate var secretsByPurpose: [(SecretPurpose, [String])] {
        [(.api, secrets), (.userHash, hashSecret.map { [$0] } ?? [])]
    }
}
