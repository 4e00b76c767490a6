package import DirectorySQLite
package import GatewayConfiguration
import UserDirectory

extension StorageConfiguration {
    /// The environment variable that may hold the master key.
    static let masterKeyVariable = "WIDGET_GATEWAY_MASTER_KEY"

    /// Opens the storage, and makes what is missing: its file, and a master key where nothing is encrypted yet.
    ///
    /// - Parameter environment: where `WIDGET_GATEWAY_MASTER_KEY` may stand.
    package func open(environment: [String: String]) throws -> SQLiteStore {
        let path =
            switch database {
            case .sqlite(let path): path
            }
        let masterKey = try MasterKey.load(
            file: masterKeyFile, environment: environment[Self.masterKeyVariable],
            createIfMissing: try !SQLiteStore.holdsSecrets(path: path))
        return try SQLiteStore(path: path, masterKey: masterKey)
    }

    /// Opens the token log, the figures and the alerts, which are kept beside the storage; makes what is missing.
    package func openTelemetry() throws -> SQLiteTelemetry {
        switch database {
        case .sqlite(let path): try SQLiteTelemetry(path: SQLiteTelemetry.path(beside: path))
        }
    }
}
