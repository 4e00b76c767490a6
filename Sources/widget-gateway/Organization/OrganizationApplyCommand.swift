import ArgumentParser
import GatewayConfiguration
import UserDirectory

struct OrganizationApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Write the organizations of a file to storage.",
        discussion: """
            What the file leaves out gets its default. Organizations and secrets that it doesn't name stay as they are.
            Applying a file twice changes nothing. A file with a mistake changes nothing at all.
            Sign-in that a file enables is enabled, with a warning where it wasn't tested.

              widget-gateway organization apply --config gateway.yaml organizations.yaml
            """)

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: JSONOption

    @Flag(help: "Take secrets shorter than 32 bytes.")
    var allowWeak = false

    @Argument(help: "The organizations file.")
    var file: String

    func run() async throws {
        let definitions = try OrganizationsFile.load(file, environment: options.environment, allowWeak: allowWeak)
        let store = try options.openStore()
        let stored = try await store.loadAll().organizations
        let before = Dictionary(uniqueKeysWithValues: stored.map { ($0.settings.id, $0) })
        try check(definitions, against: before)
        var changes: [Change] = []
        for definition in definitions {
            changes.append(try await apply(definition, to: store, before: before[definition.settings.id]))
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

    private func apply(
        _ definition: OrganizationDefinition, to store: any OrganizationStore & SessionStore,
        before stored: StoredOrganization?
    ) async throws -> Change {
        let settings = definition.settings
        let isChanged = try await store.put(settings)
        var change = Change(id: settings.id, result: stored == nil ? .created : isChanged ? .changed : .unchanged)
        for (purpose, texts) in definition.secretsByPurpose {
            let active = Set(stored?.secrets.filter { $0.purpose == purpose }.map(\.text) ?? [])
            for text in texts where !active.contains(text) {
                try await store.addSecret(text, purpose: purpose, to: settings.id)
                change.secretsAdded += 1
            }
        }
        if change.result == .unchanged, change.secretsAdded > 0 { change.result = .changed }
        if settings.sso.enabled {
            // The file is its operator's word, so it is written all the same.
            try await SignInStanding(settings, in: store).verdict(before: nil, isAsked: true, isForced: true).enforce()
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
