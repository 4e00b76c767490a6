import EventLoop
import Foundation
import HTTPUpstream
import Logging

/// What the names of upstreams stand for, looked up now and then.
extension GatewayRuntime {
    /// Waits for the addresses of names that nothing is known of: without them requests would be refused meanwhile.
    static func lookUpNewNames(in addresses: inout AddressBook) {
        let unknown = addresses.due(at: seconds()).filter { addresses.addresses(of: $0).isEmpty }
        for (name, found) in UpstreamBuilder.lookUp(unknown) {
            _ = addresses.found(found, for: name, at: seconds())
        }
    }

    /// Looks up, beside everything else, the names that are due.
    func lookUpUpstreams() {
        let due = addresses.due(at: Self.seconds())
        guard !due.isEmpty, !isLookingUp else { return }
        isLookingUp = true
        Thread.detachNewThread { [weak self] in
            let found = UpstreamBuilder.lookUp(due)
            Task { [weak self] in await self?.takeAddresses(found) }
        }
    }

    func takeAddresses(_ found: [(name: AddressBook.Name, addresses: [SocketAddress])]) {
        isLookingUp = false
        var isChanged = false
        for (name, found) in found where addresses.found(found, for: name, at: Self.seconds()) {
            isChanged = true
            logger.info(
                "upstream addresses changed", metadata: ["host": "\(name.host)", "addresses": "\(found)"])
        }
        guard isChanged else { return }
        do {
            upstreams = try UpstreamBuilder.upstreams(
                configuration, addresses, workers: workers.count, labels: labels)
            publish()
        } catch {
            logger.error("upstreams can't be brought up to date: \(error)")
        }
    }

    /// Seconds of the monotonic clock.
    static func seconds() -> Double { Double(EventLoop.monotonicNanoseconds()) / 1e9 }
}
