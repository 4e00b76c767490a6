import DirectoryPostgres
import DirectorySQLite
package import GatewayConfiguration
package import UserDirectory

extension StorageConfiguration {
    /// The environment variable that may hold the master key.
    static let masterKeyVariable = "WIDGET_GATEWAY_MASTER_KEY"

    /// Opens the storage, and makes what is missing: its tables, and a master key where nothing is encrypted yet.
    ///
    /// - Parameter environment: where `WIDGET_GATEWAY_MASTER_KEY` may stand.
    package func open(environment: [String: String]) throws -> any DirectoryStore {
        switch database {
        case .sqlite(let path):
            let masterKey = try masterKey(environment, isNew: try !SQLiteStore.holdsSecrets(path: path))
            return try SQLiteStore(path: path, masterKey: masterKey)
        case .postgres(let address):
            let masterKey = try masterKey(environment, isNew: try !PostgresStore.holdsSecrets(address: address))
            return try PostgresStore(address: address, notifyAddress: notifyAddress, masterKey: masterKey)
        }
    }

    private func masterKey(_ environment: [String: String], isNew: Bool) throws -> MasterKey {
        try MasterKey.load(
            file: masterKeyFile, environment: environment[Self.masterKeyVariable], createIfMissing: isNew)
    }

    /// Opens the token log, the figures and the alerts; makes what is missing.
    package func openTelemetry() throws -> any TokenLogStore & ReportStore & AlertStore {
        switch database {
        case .sqlite(let path): return try SQLiteTelemetry(path: SQLiteTelemetry.path(beside: path))
        case .postgres(let address):
            guard let tokenLogFile else { return try PostgresTelemetry(address: address) }
            return try SQLiteTelemetry(path: tokenLogFile)
        }
    }
}
