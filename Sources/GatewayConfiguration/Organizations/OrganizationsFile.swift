package import UserDirectory

/// A file with a list of organizations, which `organization apply` writes to storage.
package enum OrganizationsFile {
    /// Reads the file and the secrets that it names. Throws everything that is wrong at once.
    package static func load(
        _ file: String, environment: [String: String], allowWeak: Bool
    ) throws(ConfigurationErrors) -> [OrganizationDefinition] {
        try parse(
            try ConfigurationFiles.text(of: file), name: file, environment: environment, allowWeak: allowWeak,
            files: ConfigurationFiles(folder: ConfigurationFiles.folder(of: file)))
    }

    /// Reads `text`, which problems call `name`.
    package static func parse(
        _ text: String, name: String, environment: [String: String] = [:], allowWeak: Bool = false,
        files: ConfigurationFiles = ConfigurationFiles(folder: ".")
    ) throws(ConfigurationErrors) -> [OrganizationDefinition] {
        let document = try YAMLDocument.parse(text) { .file(name, line: $0) }
        let session = DecodingSession()
        let sources = SecretSources(files: files, environment: environment, allowWeak: allowWeak)
        let organizations = session.read(document, path: "") { read(&$0, secrets: sources) }
        guard let organizations, session.problems.isEmpty else { throw ConfigurationErrors(session.problems) }
        return organizations
    }

    /// An organization with its defaults; refuses what can't be an id.
    package static func newOrganization(_ id: String) throws(ConfigurationErrors) -> OrganizationSettings {
        let kind = ValueKind.organizationID
        do throws(ValueProblem) {
            return OrganizationSettings(id: try kind.decode(id, .verbatim))
        } catch {
            throw ConfigurationErrors([ConfigurationProblem(.argument, "id", error.message)])
        }
    }

    /// Every key of an organizations file, in the order of the reference.
    package static let documentedKeys: [DocumentedKey] = {
        let session = DecodingSession(documenting: true)
        let sources = SecretSources(files: ConfigurationFiles(folder: "."), environment: [:], allowWeak: false)
        _ = session.read(ConfigurationNode(content: .map([]), origin: .builtIn), path: "") {
            read(&$0, secrets: sources)
        }
        return session.keys
    }()

    private static func read(_ reader: inout MapReader, secrets: SecretSources) -> [OrganizationDefinition] {
        if !reader.has("organizations") { reader.report("organizations", "is missing") }
        var ids: Set<String> = []
        var owners: [String: String] = [:]
        return reader.list("organizations", "The organizations.") { element -> OrganizationDefinition? in
            guard let organization = OrganizationDefinition.read(&element, secrets: secrets) else { return nil }
            let settings = organization.settings
            if !ids.insert(settings.id).inserted { element.report("id", "\(settings.id) is there already") }
            for host in settings.hosts {
                if let owner = owners[host], owner != settings.id {
                    element.report("hosts", "\(host) is a host of \(owner) already")
                }
                owners[host] = settings.id
            }
            return organization
        }
    }
}
