import Synchronization

/// Room for so many jobs at once, each a task of its own; whoever comes when it is full is sent away, so that a flood costs
/// memory within bounds.
final class JobRoom: Sendable {
    private let maximum: Int
    private let underWay = Atomic<Int>(0)

    init(maximum: Int) { self.maximum = maximum }

    var isEmpty: Bool { underWay.load(ordering: .acquiring) == 0 }

    /// Begins the job, or calls `refuse` at once.
    func run(orElse refuse: () -> Void, _ job: @escaping @Sendable () async -> Void) {
        guard underWay.add(1, ordering: .acquiringAndReleasing).newValue <= maximum else {
            underWay.subtract(1, ordering: .releasing)
            return refuse()
        }
        Task.detached(priority: .medium) { [self] in
            await job()
            underWay.subtract(1, ordering: .releasing)
        }
    }
}
