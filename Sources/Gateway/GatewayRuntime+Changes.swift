import DataPlane
import EventLoop
import GatewayConfiguration
import Logging
import UserDirectory

/// What storage holds, brought to the workers as it changes.
extension GatewayRuntime {
    func snapshot() -> DataPlaneSnapshot {
        SnapshotBuilder.snapshot(
            configuration, organizations, upstreams, labels: labels, signingKey: signingKey, rateTable: rateTable,
            workers: Self.workerCount(configuration), gateways: gatewayCount)
    }

    func publish() {
        let snapshot = snapshot()
        let limits = SnapshotBuilder.limits(configuration, workers: workers.count)
        limitClients()
        for worker in workers { worker.use(snapshot, limits: limits) }
    }

    /// Asks the storage for changes, often where it doesn't announce them.
    func keepStoredUpToDate() async {
        var polls = 0
        while !Task.isCancelled {
            await takeInStoredChanges(asking: isListening != true || polls % Self.pollsPerLook == 0)
            if polls % Self.pollsPerSignOfLife == 0 { await countGateways() }
            if polls % Self.pollsPerCleaning == 0 { _ = try? await store.removeExpired(now: EventLoop.wallClock()) }
            polls += 1
            try? await Task.sleep(for: Self.pollInterval)
        }
    }

    func followAnnouncements() async {
        guard let announcing = store as? any ChangeAnnouncing else { return }
        for await announcement in announcing.announcements() {
            if isListening != announcement.isListening {
                isListening = announcement.isListening
                logger.info(
                    announcement.isListening
                        ? "storage announces its changes" : "storage doesn't announce its changes, and is asked often")
            }
            await takeInStoredChanges()
        }
    }

    /// What a client may guess at is divided among the gateways that it may guess at.
    func countGateways() async {
        guard let census = store as? any GatewayCensus,
            let count = try? await census.noteAlive(gateway: identifier), count != gatewayCount
        else { return }
        gatewayCount = count
        await telemetry.share(among: count)
        logger.info("gateways on this storage", metadata: ["count": "\(count)"])
        publish()
    }

    /// Brings what is stored into force; when this returns, each worker decides its next request by it. One at a time,
    /// in the order of the calls: an older picture must not take the place of a newer one.
    ///
    /// - Parameter asking: whether the storage is asked at all.
    func takeInStoredChanges(asking: Bool = true) async {
        let earlier = lastUpdate
        let update = Task {
            await earlier?.value
            await readStoredChanges(asking: asking)
        }
        lastUpdate = update
        await update.value
    }

    /// A gateway that can't work with its storage any more goes on with whom it remembers, and is ready for nobody else.
    func lookAtSchema() async throws {
        guard let keeping = store as? any SchemaKeeping else { return }
        let found = try await keeping.incompatibility()
        guard (found != nil) != status.isOutdated else { return }
        status.isOutdated = found != nil
        if let found {
            logger.error("this release is too old for its storage: upgrade it", metadata: ["reason": "\(found)"])
        } else {
            logger.notice("this release can work with its storage again")
        }
    }

    func readStoredChanges(asking: Bool) async {
        do {
            var next = organizations
            // Known without asking the storage: it stops in time where that can't be reached, too.
            let hasEnded = next.dropEndedSecrets(at: EventLoop.wallClock())
            if hasEnded {
                organizations = next
                publish()
            }
            guard asking else { return }
            try await lookAtSchema()
            let isChanged = try await next.update(from: store)
            storeIsFailing = false
            if !isChanged, !hasEnded { return }
            organizations = next
            publish()
            logger.info("organizations changed", metadata: ["generation": "\(organizations.stored.generation)"])
            for worker in workers { await worker.settle() }
        } catch {
            // Said once: the next success ends it.
            if !storeIsFailing { logger.error("storage can't be read", metadata: ["error": "\(error)"]) }
            storeIsFailing = true
        }
    }
}
