import IdentityCore

/// What one worker has counted since it began. Read on the worker, then summed over all.
package struct Counters: Sendable {
    package var requests: UInt64 = 0
    package var cacheHits: UInt64 = 0
    package var cacheMisses: UInt64 = 0
    package var verified: UInt64 = 0
    package var admissions: UInt64 = 0
    package var usersCreated: UInt64 = 0
    package var signIns: UInt64 = 0
    /// WebSockets that were opened, and those that still are.
    package var webSockets: UInt64 = 0
    package var webSocketsOpen: UInt64 = 0
    /// Requests under way that were ended with their identity.
    package var streamsEnded: UInt64 = 0
    /// By code, in the order of `RejectionCode.allCases`.
    package var rejections = [UInt64](repeating: 0, count: RejectionCode.allCases.count)
    /// What rules in `report` would have refused.
    package var wouldReject = [UInt64](repeating: 0, count: RejectionCode.allCases.count)

    package init() {}

    mutating func count(_ code: RejectionCode) { rejections[Self.index(code)] += 1 }

    mutating func countReported(_ code: RejectionCode) { wouldReject[Self.index(code)] += 1 }

    package mutating func add(_ other: Counters) {
        requests += other.requests
        cacheHits += other.cacheHits
        cacheMisses += other.cacheMisses
        verified += other.verified
        admissions += other.admissions
        usersCreated += other.usersCreated
        signIns += other.signIns
        streamsEnded += other.streamsEnded
        webSockets += other.webSockets
        webSocketsOpen += other.webSocketsOpen
        for index in rejections.indices {
            rejections[index] += other.rejections[index]
            wouldReject[index] += other.wouldReject[index]
        }
    }

    private static func index(_ code: RejectionCode) -> Int { Int(code.position) }
}
