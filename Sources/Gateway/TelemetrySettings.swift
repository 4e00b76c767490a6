import DataPlane
import GatewayConfiguration
import Logging
import UserDirectory

extension TokenLogConfiguration {
    var limits: TokenLogLimits { TokenLogLimits(days: Double(days), rows: rows) }
}

extension AlertConfiguration {
    var thresholds: AlertThresholds {
        var thresholds = AlertThresholds()
        thresholds.usersPerAddress = usersPerAddress
        thresholds.windowSeconds = Double(windowMinutes) * 60
        thresholds.badSignatures = badSignatures
        return thresholds
    }
}

/// Says in the log that an alert was raised.
struct AlertLog: Sendable {
    private let logger: Logger

    init(_ logger: Logger) { self.logger = logger }

    func write(_ alert: Alert) {
        logger.warning(
            "impersonation alert",
            metadata: [
                "kind": "\(alert.kind.rawValue)", "organization": "\(alert.organization)",
                "address": "\(alert.subject)", "count": "\(alert.count)",
            ])
    }
}
