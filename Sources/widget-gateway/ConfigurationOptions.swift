import ArgumentParser
import ControlPlane
import Foundation
import Gateway
import GatewayConfiguration
import UserDirectory

/// `--config`, for every command that needs the configuration or what is in storage.
struct ConfigurationOptions: ParsableArguments {
    @Option(
        name: [.customShort("c"), .long],
        help: ArgumentHelp(
            "The configuration file.",
            discussion: "Without it: gateway.yaml in the working directory where there is one, else built-in defaults.",
            valueName: "file"))
    var config: String?

    static let defaultFile = "gateway.yaml"

    /// The file to read; nil: the built-in defaults.
    var file: String? {
        config ?? (FileManager.default.fileExists(atPath: Self.defaultFile) ? Self.defaultFile : nil)
    }

    var environment: [String: String] { ProcessInfo.processInfo.environment }

    func load() throws -> LoadedConfiguration {
        try LoadedConfiguration.load(file: file, environment: environment)
    }

    /// Opens the storage that the configuration names; makes what is missing.
    func openStore() throws -> any OrganizationStore & UserStore & SessionStore & UserCensus {
        try load().configuration.storage.open(environment: environment)
    }

    /// The same for changes that are audited. A running gateway finds them by itself.
    func openAdministration() throws -> Administration {
        let configuration = try load().configuration
        let storage = configuration.storage
        return Administration(
            store: try storage.open(environment: environment), telemetry: try storage.openTelemetry(),
            cleartextPorts: configuration.cleartextPorts,
            now: { Date().timeIntervalSince1970 }, changed: {})
    }

    /// Opens the token log, the figures of rules, and the alerts; makes what is missing.
    func openTelemetry() throws -> any TokenLogStore & ReportStore & AlertStore {
        try load().configuration.storage.openTelemetry()
    }
}

/// `--json`, for every command that a script may read.
struct JSONOption: ParsableArguments {
    @Flag(help: "Print JSON, for scripts.")
    var json = false
}
