import Benchmark
import DataPlane
import HTTPMessages
import IdentityCore

/// The two halves of what identity headers cost: each request has its own names checked and gets its user's headers;
/// these are written once for each token.
func identityBenchmarks() {
    Benchmark("identity headers of a request, ours") { benchmark in
        let names = requestNames.map { FixedBytes($0).bytes }
        defer { for name in names { name.deallocate() } }
        let headers = FixedBytes(writtenHeaders()).bytes
        defer { headers.deallocate() }
        var head = ByteQueue()
        var reserved = 0
        benchmark.startMeasurement()
        for _ in benchmark.scaledIterations {
            for name in names where IdentityHeaders.isReserved(name) { reserved += 1 }
            head.removeAll()
            head.append(headers)
            blackHole(head.readable.count)
        }
        benchmark.stopMeasurement()
        precondition(reserved == benchmark.scaledIterations.count, "\(reserved) names were reserved")
    }

    Benchmark("identity headers written once for a token, ours") { benchmark in
        precondition(writtenHeaders().count > 200, "The headers weren't written")
        benchmark.startMeasurement()
        for _ in benchmark.scaledIterations { blackHole(writtenHeaders()) }
        benchmark.stopMeasurement()
    }
}

private let requestNames = [
    "accept", "accept-language", "accept-encoding", "origin", "referer", "user-agent", "content-type",
    "x-requested-with", "x-widget-user",
]

private func writtenHeaders() -> [UInt8] {
    var profile = UserProfile()
    profile.externalID = "184467"
    profile.email = "ada.lovelace@example.com"
    profile.name = "Ada Lovelace"
    return IdentityHeaders.identified(
        organization: "acme", userID: "usr_0123456789ABCDEFGHJKMNPQRS", profile: profile, verifiedBy: .token)
}
