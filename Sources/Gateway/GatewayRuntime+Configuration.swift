import DataPlane
import EventLoop
import Foundation
import GatewayConfiguration
import HTTPServer
import HTTPUpstream
import Logging
import TLSEngine
import UserDirectory

/// The configuration file, read again when it changes.
extension GatewayRuntime {
    /// Polls the configuration file and the counters: whatever the storage is at, workers are asked in time for what
    /// they have written down.
    func keepUpToDate() async {
        var polls = 0
        while !Task.isCancelled {
            if polls % Self.pollsPerMetrics == 0 {
                await takeReports()
                reloadIfChanged()
                lookUpUpstreams()
            }
            if polls % Self.pollsPerCleaning == 0 {
                await telemetry.trim(to: configuration.tokenLog.limits, now: EventLoop.wallClock())
            }
            polls += 1
            try? await Task.sleep(for: Self.pollInterval)
        }
    }

    /// A file that somebody is writing just now may be empty, or half there: it is read when it has come to rest.
    func reloadIfChanged() {
        let stamp = Self.stamp(of: file)
        defer { lastSeenStamp = stamp }
        guard let stamp, stamp != fileStamp, stamp == lastSeenStamp else { return }
        reload()
    }

    /// Reads the configuration again and applies what can be applied; an invalid one changes nothing.
    func reload() {
        fileStamp = Self.stamp(of: file)
        service.isReloading()
        defer { service.isReady(reloads.lastSucceeded ? "reloaded" : "the configuration file is invalid") }
        do {
            let loaded = try LoadedConfiguration.load(file: file, environment: environment)
            let next = loaded.configuration
            let contexts = try listeners.compactMap { listener -> (SocketAddress, TLSContext)? in
                guard let changed = next.listen.first(where: { $0.address == listener.configuration.address }),
                    case .certificate = changed.security, let tls = try tlsContext(changed)
                else { return nil }
                return (listener.bound, tls)
            }
            for (address, tls) in contexts {
                for worker in workers { worker.replaceTLS(on: address, with: tls) }
                for listener in listeners where listener.bound == address {
                    certificates["\(listener.configuration.address)"] = tls.expiry
                }
            }
            if next.listen.map(\.address) != configuration.listen.map(\.address)
                || next.workers != configuration.workers
                || next.cacheMegabytes != configuration.cacheMegabytes || next.storage != configuration.storage
                || next.admin != configuration.admin
            {
                logger.warning("listeners, workers, the cache's size, admin and storage change only with a restart")
            }
            addresses.keep(UpstreamBuilder.names(next))
            Self.lookUpNewNames(in: &addresses)
            upstreams = try UpstreamBuilder.upstreams(next, addresses, workers: workers.count, labels: labels)
            configuration = next
            memoryWatch?.use(memoryMeter())
            Self.apply(next.log)
            publish()
            reloads.succeeded += 1
            reloads.lastSucceeded = true
            reloads.loadedAt = EventLoop.wallClock()
            logger.info("configuration reloaded")
        } catch {
            reloads.failed += 1
            reloads.lastSucceeded = false
            logger.error("the new configuration is invalid, the old one stays: \(error)")
        }
    }

    func limitClients() {
        clients.use(
            limit: configuration.limits.connectionsPerClient, isExempt: SnapshotBuilder.isTrustedProxy(configuration))
    }

    static func apply(_ log: LogConfiguration) {
        GatewayLogHandler.settings.set(
            level: Logger.Level(rawValue: log.level.rawValue) ?? .info, isJSON: log.format == .json)
    }

    static func stamp(of file: String?) -> Date? {
        guard let file else { return nil }
        return try? FileManager.default.attributesOfItem(atPath: file)[.modificationDate] as? Date
    }
}
