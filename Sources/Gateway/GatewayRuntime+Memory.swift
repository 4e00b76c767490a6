import EventLoop
import GatewayConfiguration
import Logging

/// The limit on the process's memory.
extension GatewayRuntime {
    func memoryMeter() -> MemoryMeter { MemoryMeter(configuration.limits) }

    /// Has the workers take on less while memory is short; they are there by now.
    func watchMemory() {
        let watch = MemoryWatch(memoryMeter()) { [workers, status, logger] level, standing in
            status.isOutOfMemory = level == .exhausted
            for worker in workers { worker.use(level) }
            Self.log(level, standing, to: logger)
        }
        if let limit = watch.standing.limit {
            logger.info(
                "memory is limited",
                metadata: [
                    "bytes": "\(limit)",
                    "by": configuration.limits.memoryBytes == nil ? "control group" : "configuration",
                ])
            if configuration.cacheMegabytes << 20 > limit / 2 {
                logger.warning("cache.megabytes is more than half of the memory there is: the cache won't be full")
            }
        }
        watch.start()
        memoryWatch = watch
    }

    private static func log(_ level: MemoryLevel, _ standing: MemoryStanding, to logger: Logger) {
        let metadata: Logger.Metadata = ["bytes": "\(standing.usedBytes)", "limit": "\(standing.limit ?? 0)"]
        switch level {
        case .ample: logger.info("memory is ample again", metadata: metadata)
        case .scarce: logger.info("memory is scarce: what can be done without is given back", metadata: metadata)
        case .exhausted:
            logger.warning("memory is exhausted: new requests and connections are refused", metadata: metadata)
        }
    }
}
