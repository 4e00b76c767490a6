import DirectoryPostgres
import DirectorySQLite
import Testing
import UserDirectory

typealias TelemetryStore = TokenLogStore & ReportStore & AlertStore

/// One kind of store of the token log, the figures and the alerts: a new kind adds itself to `all`.
struct TelemetryFactory: Sendable, CustomTestStringConvertible {
    let name: String
    let open: @Sendable (Place) throws -> any TelemetryStore

    var testDescription: String { name }

    static let all = [sqlite] + (TestPostgres.server == nil ? [] : [postgres])

    private static let sqlite = TelemetryFactory(name: "SQLite") { place in
        try SQLiteTelemetry(path: SQLiteTelemetry.path(beside: place.path("store.db")))
    }

    private static let postgres = TelemetryFactory(name: "PostgreSQL") { place in
        try PostgresTelemetry(address: try TestPostgres.database(of: place))
    }
}

extension TokenLogEntry {
    /// A row of `acme`, unless said otherwise.
    static func row(
        _ code: String = TokenLogEntry.accepted, at time: Double = 1000, organization: String = "acme",
        user: String? = nil, address: String = "192.0.2.1", origin: String? = nil, standsFor: Int = 1
    ) -> TokenLogEntry {
        TokenLogEntry(
            time: time, organization: organization, code: code, user: user, address: address, origin: origin,
            source: .header, standsFor: standsFor)
    }
}
