import ControlPlane
import Synchronization
import Testing

@Suite struct RequestBodyTests {
    @Test func `parts are given credit for when they are taken, not before`() async throws {
        let taken = Counter()
        let body = RequestBody { taken.add($0) }
        body.add([1, 2])
        body.add([3])
        #expect(taken.total == 0)
        #expect(try await body.next() == [1, 2])
        #expect(taken.total == 2)
        body.end()
        #expect(try await body.next() == [3])
        #expect(try await body.next() == nil)
        #expect(taken.total == 3)
    }

    @Test func `a reader that waits gets what comes`() async throws {
        let body = RequestBody()
        async let whole = body.whole(upTo: 10)
        body.add([1])
        body.add([2])
        body.end()
        #expect(try await whole == [1, 2])
    }

    @Test func `a body that is too long, or breaks off, is an error`() async {
        await #expect(throws: AdminProblem.self) { try await RequestBody([1, 2, 3]).whole(upTo: 2) }
        let body = RequestBody()
        body.add([1])
        body.fail(AdminProblem(.requestMalformed, "gone"))
        await #expect(throws: AdminProblem(.requestMalformed, "gone")) { try await body.whole(upTo: 2) }
    }

    private final class Counter: Sendable {
        private let state = Mutex(0)

        var total: Int { state.withLock { $0 } }

        func add(_ count: Int) { state.withLock { $0 += count } }
    }
}
