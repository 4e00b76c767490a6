import DirectoryPostgres
import DirectorySQLite
package import GatewayConfiguration
package import UserDirectory

extension StorageConfiguration {
    /// Opens storage to copy everything from, which nobody may serve from meanwhile.
    ///
    /// - Parameter environment: where `WIDGET_GATEWAY_MASTER_KEY` may stand.
    package func openAsSource(environment: [String: String]) throws -> any MigrationSource {
        let end = try open(asSource: true, environment)
        guard try end.progress() == nil else { throw MigrationRefusal.sourceUnfinished }
        return end
    }

    /// Opens storage to copy everything to; makes what is missing.
    package func openAsTarget(environment: [String: String]) throws -> any MigrationTarget {
        try open(asSource: false, environment)
    }

    private func open(asSource isSource: Bool, _ environment: [String: String]) throws -> any MigrationTarget {
        // What is copied is under that key: there must be one already.
        let masterKey = try MasterKey.load(
            file: masterKeyFile, environment: environment[Self.masterKeyVariable], createIfMissing: false)
        return switch database {
        case .sqlite(let path): try SQLiteMigrationEnd(path: path, masterKey: masterKey, makesFile: !isSource)
        case .postgres(let address):
            try PostgresMigrationEnd(address: address, masterKey: masterKey, isSource: isSource)
        }
    }
}
