import Testing

@testable import DataPlane

@Suite("Room for jobs")
struct JobRoomTests {
    @Test("takes so many at once, sends others away, and has room again when one has ended")
    func bounds() async {
        let room = JobRoom(maximum: 2)
        let (begun, hasBegun) = AsyncStream.makeStream(of: Void.self)
        let gates = (0..<3).map { _ in AsyncStream.makeStream(of: Void.self) }
        var refused = 0
        for gate in gates {
            room.run(orElse: { refused += 1 }) {
                hasBegun.yield()
                for await _ in gate.stream {}
            }
        }
        #expect(refused == 1)
        var beginnings = begun.makeAsyncIterator()
        await beginnings.next()
        await beginnings.next()
        #expect(!room.isEmpty)

        for gate in gates { gate.continuation.finish() }
        while !room.isEmpty { await Task.yield() }
        room.run(orElse: { refused += 1 }) { hasBegun.yield() }
        await beginnings.next()
        #expect(refused == 1)
    }
}
