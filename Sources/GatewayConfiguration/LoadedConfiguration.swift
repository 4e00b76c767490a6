/// A configuration that holds, and what an operator should know about it.
package struct LoadedConfiguration: Sendable, Equatable {
    package var configuration: GatewayConfiguration
    /// Doubtful, but accepted: a self-signed certificate, a file that isn't there yet.
    package var warnings: [ConfigurationProblem]

    package init(configuration: GatewayConfiguration, warnings: [ConfigurationProblem] = []) {
        self.configuration = configuration
        self.warnings = warnings
    }

    /// Reads the file (nil: the built-in defaults) and lays the environment's `WIDGET_GATEWAY_…` over it.
    /// Throws everything that is wrong at once.
    package static func load(
        file: String?, environment: [String: String]
    ) throws(ConfigurationErrors) -> LoadedConfiguration {
        guard let file else {
            return try parse(nil, name: "", environment: environment, files: ConfigurationFiles(folder: "."))
        }
        let text = try ConfigurationFiles.text(of: file)
        return try parse(
            text, name: file, environment: environment,
            files: ConfigurationFiles(folder: ConfigurationFiles.folder(of: file)))
    }

    /// Reads `text`, which problems call `name`.
    package static func parse(
        _ text: String?, name: String, environment: [String: String] = [:],
        files: ConfigurationFiles = ConfigurationFiles(folder: ".")
    ) throws(ConfigurationErrors) -> LoadedConfiguration {
        var document = ConfigurationNode(content: .map([]), origin: .builtIn)
        if let text {
            document = try YAMLDocument.parse(text) { .file(name, line: $0) }
        }
        let session = DecodingSession()
        if case .null = document.content { document.content = .map([]) }
        if case .map = document.content {
            EnvironmentOverlay.apply(
                environment, keys: GatewayConfiguration.documentedKeys, to: &document, problems: &session.problems)
        }
        let configuration = session.read(document, path: "") { reader in
            GatewayConfiguration.read(&reader, folder: files.folder, files: files)
        }
        guard let configuration, session.problems.isEmpty else { throw ConfigurationErrors(session.problems) }
        return LoadedConfiguration(configuration: configuration, warnings: session.warnings.inOrderOfLines())
    }
}

extension GatewayConfiguration {
    /// Every key of `gateway.yaml`, in the order of the reference.
    package static let documentedKeys: [DocumentedKey] = {
        let session = DecodingSession(documenting: true)
        let empty = ConfigurationNode(content: .map([]), origin: .builtIn)
        _ = session.read(empty, path: "") { reader in
            read(&reader, folder: ".", files: ConfigurationFiles(folder: ".", isReadable: { _ in true }))
        }
        return session.keys
    }()
}
