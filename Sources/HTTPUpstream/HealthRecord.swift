/// What health checks have found of one address.
package struct HealthRecord: Sendable, Equatable {
    /// Until a check says otherwise, an address is well.
    package private(set) var isWell = true
    private var inARow = 0

    package init() {}

    /// A check has ended. True: that has changed whether the address gets requests.
    package mutating func checked(isWell answer: Bool, _ policy: HealthCheckPolicy) -> Bool {
        guard answer != isWell else {
            inARow = 0
            return false
        }
        inARow += 1
        guard inARow >= (isWell ? policy.failures : policy.successes) else { return false }
        isWell = answer
        inARow = 0
        return true
    }
}
