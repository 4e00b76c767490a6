import Foundation
import HTTPMessages
import Synchronization
import Testing

@testable import DataPlane

@Suite("How often a client may ask") struct RateTableTests {
    private static let second: UInt64 = 1_000_000_000
    private static let start: UInt64 = 1_000 * second

    /// How many of `count` requests at once are let through.
    private func admitted(_ table: RateTable, _ client: UInt64, _ limit: RateLimit, _ count: Int, at now: UInt64) -> Int
    {
        (0..<count).count { _ in table.take(client, limit, now: now) == 0 }
    }

    @Test(
        "after a pause, a burst passes and not one more",
        arguments: [(1, 1), (1, 5), (10, 20), (1000, 1), (1000, 2500)])
    func burst(rate: Int, burst: Int) {
        let table = RateTable()
        let limit = RateLimit(rate, burst: burst)
        #expect(admitted(table, 7, limit, burst + 10, at: Self.start) == burst)
        #expect(admitted(table, 7, limit, 10, at: Self.start) == 0)
    }

    @Test("what is refused takes nothing up, and what its rate allows passes later", arguments: [1, 10, 1000])
    func refill(rate: Int) {
        let table = RateTable()
        let limit = RateLimit(rate, burst: rate)
        #expect(admitted(table, 7, limit, 5 * rate, at: Self.start) == rate)
        for second in UInt64(1)...5 {
            #expect(admitted(table, 7, limit, 5 * rate, at: Self.start + second * Self.second) == rate)
        }
        #expect(admitted(table, 7, limit, 5 * rate, at: Self.start + 3600 * Self.second) == rate)
    }

    @Test("the wait is exactly as long as it takes")
    func wait() {
        let table = RateTable()
        let limit = RateLimit(10, inSeconds: 60, burst: 10)
        #expect(admitted(table, 7, limit, 10, at: Self.start) == 10)
        let wait = table.take(7, limit, now: Self.start)
        #expect(wait == 6 * Self.second)
        #expect(table.take(7, limit, now: Self.start + wait - 1) == 1)
        #expect(table.take(7, limit, now: Self.start + wait) == 0)
    }

    @Test("clients don't share, even where their places lie side by side")
    func neighbours() {
        let table = RateTable()
        let limit = RateLimit(1, burst: 3)
        for client in UInt64(1)...4 { #expect(admitted(table, client << 1, limit, 9, at: Self.start) == 3) }
        for client in UInt64(1)...4 { #expect(table.take(client << 1, limit, now: Self.start) > 0) }
    }

    @Test("more clients than there is room for are all let in, in the same memory")
    func overflow() {
        let table = RateTable()
        let limit = RateLimit(1, burst: 1)
        var mixed: UInt64 = 0
        for _ in 0..<4 * RateTable.capacity {
            mixed = (mixed &+ 0x9E37_79B9_7F4A_7C15) &* 0xBF58_476D_1CE4_E5B9
            #expect(table.take(mixed, limit, now: Self.start) == 0)
        }
    }

    @Test("who is forgotten first is who is least far ahead, so that a flood of clients frees no flooder")
    func eviction() {
        let table = RateTable()
        let flooder: UInt64 = 2
        let limit = RateLimit(1, burst: 100)
        #expect(admitted(table, flooder, limit, 200, at: Self.start) == 100)
        for other in UInt64(2)...1000 { _ = table.take(other << 1, limit, now: Self.start) }
        #expect(table.take(flooder, limit, now: Self.start) > 0)
    }

    @Test("workers that count at the same time let no more through")
    func concurrency() {
        let table = RateTable()
        let limit = RateLimit(1, burst: 1000)
        let passed = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            for _ in 0..<1000 where table.take(42, limit, now: Self.start) == 0 { passed.add(1, ordering: .relaxed) }
        }
        // Where eight times in a row others were faster, a request is let through uncounted.
        #expect((1000...1010).contains(passed.load(ordering: .relaxed)))
    }
}

@Suite("Whom a limit counts as one") struct ClientNetworkTests {
    private static let prefix: [UInt8] = [0x20, 1, 0xD, 0xB8, 0, 0, 0, 1]

    @Test("an IPv4 address")
    func version4() {
        #expect(ClientNetwork([192, 0, 2, 1]) == ClientNetwork([192, 0, 2, 1]))
        #expect(ClientNetwork([192, 0, 2, 1]) != ClientNetwork([192, 0, 2, 2]))
    }

    @Test("an IPv6 network of 64 bits")
    func version6() {
        #expect(ClientNetwork(Self.prefix + [0, 0, 0, 0, 0, 0, 0, 1]) == ClientNetwork(Self.prefix + Array(9...16)))
        #expect(
            ClientNetwork(Self.prefix + Array(9...16))
                != ClientNetwork([0x20, 1, 0xD, 0xB8, 0, 0, 0, 2] + Array(9...16)))
    }

    @Test("an IPv4 address that is written as IPv6, as the one that it is")
    func mapped() {
        let mapped: [UInt8] = Array(repeating: 0, count: 10) + [0xFF, 0xFF]
        #expect(ClientNetwork(mapped + [192, 0, 2, 1]) == ClientNetwork([192, 0, 2, 1]))
        #expect(ClientNetwork(mapped + [192, 0, 2, 1]) != ClientNetwork(mapped + [192, 0, 2, 2]))
        #expect(ClientNetwork([0, 0, 0, 0, 192, 0, 2, 1] + Array(9...16)) != ClientNetwork([192, 0, 2, 1]))
    }
}
