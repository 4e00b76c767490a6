import Foundation
import GatewayConfiguration
import Testing

@testable import Gateway

@Suite("Memory meter") struct MemoryMeterTests {
    private static let page = sysconf(Int32(_SC_PAGESIZE))

    private static func limits(_ bytes: Int?) -> LimitsConfiguration {
        var limits = LimitsConfiguration()
        limits.memoryBytes = bytes
        return limits
    }

    private static func folder() throws -> KernelFolder {
        try KernelFolder(
            membership: "0::/a", groups: ["/a/memory.max": "1000000000\n", "/a/memory.stat": "anon 1\nsock 5000\n"],
            pages: "5000 100 7 1 0 9 0\n")
    }

    @Test("the control group's limit, less a margin, where nothing is configured; its sockets count")
    func derived() throws {
        let folder = try Self.folder()
        var meter = MemoryMeter(Self.limits(nil), root: folder.path)
        #expect(meter.limit == 850_000_000)
        var used = meter.usedBytes()
        #expect(used == 100 * Self.page + 5000)
        try folder.write("anon 1\nsock 7000\n", "/sys/fs/cgroup/a/memory.stat")
        try folder.write("5000 90 7 1 0 9 0\n", "/proc/self/statm")
        used = meter.usedBytes(countingSockets: false)
        #expect(used == 90 * Self.page + 5000, "sockets as before")
        used = meter.usedBytes()
        #expect(used == 90 * Self.page + 7000)
    }

    @Test("what is configured wins, and then resident memory alone counts")
    func configured() throws {
        let folder = try Self.folder()
        var meter = MemoryMeter(Self.limits(123_456_789), root: folder.path)
        #expect(meter.limit == 123_456_789)
        let used = meter.usedBytes()
        #expect(used == 100 * Self.page)
        #expect(MemoryMeter(Self.limits(0), root: folder.path).limit == nil)
    }

    @Test("no group, no limit")
    func unlimited() throws {
        let folder = try KernelFolder(membership: "0::/", groups: [:], pages: "1 2 3")
        #expect(MemoryMeter(Self.limits(nil), root: folder.path).limit == nil)
    }

    @Test(
        "the second number is what is resident",
        arguments: [
            ("1 2 3 4 5 6 7\n", 2), ("", nil), ("1", nil), ("1 2", nil), ("1 x 3", nil), ("1 -2 3", nil),
            ("1 99999999999999999999 3", nil),
        ] as [(String, Int?)])
    func statm(text: String, pages: Int?) { #expect(MemoryMeter.residentPages(text) == pages) }

    @Test("a number of pages that can't be is no measurement")
    func absurd() throws {
        let folder = try KernelFolder(membership: "", groups: [:], pages: "1 9223372036854775807 3")
        var meter = MemoryMeter(Self.limits(5), root: folder.path)
        let used = meter.usedBytes()
        #expect(used == nil)
    }

    @Test("this process takes some memory")
    func here() throws {
        var meter = MemoryMeter(Self.limits(nil))
        let used = meter.usedBytes()
        #expect(try #require(used) > 1 << 20)
    }
}
