import EventLoop
import Glibc
import Synchronization
import Testing

@Suite struct EventLoopTests {
    /// Notes what its socket is ready for and does as it is told.
    private final class Owner: SocketOwner {
        var readiness: [String] = []
        var whenReady: () -> Void = {}

        func socketReady(readable: Bool, writable: Bool) {
            readiness.append((readable ? "r" : "") + (writable ? "w" : ""))
            whenReady()
        }
    }

    private func socketPair() throws -> (Int32, Int32) {
        var pair: [Int32] = [-1, -1]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0, &pair) == 0)
        return (pair[0], pair[1])
    }

    @Test func `work that other threads leave is done in order, each once`() throws {
        let loop = try EventLoop()
        let done = Mutex<[Int]>([])
        let mailbox = loop.mailbox
        let stop = WorkerBound(loop)
        WorkerThread.start(named: "poster") {
            for number in 0..<1000 { mailbox.post { done.withLock { $0.append(number) } } }
            mailbox.post { stop.value.stop() }
        }
        loop.run()
        #expect(done.withLock { $0 } == Array(0..<1000))
    }

    @Test func `a turn ends after its sockets were served, and ticks come`() throws {
        let loop = try EventLoop()
        var turns = 0
        var ticks = 0
        loop.onTurnEnd = { turns += 1 }
        loop.onTick = {
            ticks += 1
            if ticks == 2 { loop.stop() }
        }
        loop.run()
        #expect(turns >= 2)
    }

    @Test func `a handle may be closed, and its owner let go, while it is being served`() throws {
        let loop = try EventLoop()
        let (ours, theirs) = try socketPair()
        defer { close(theirs) }
        var owner: Owner? = Owner()
        weak let held = owner
        var handle: IOHandle? = try IOHandle(socket: ours, loop: loop)
        handle?.owner = owner
        owner?.whenReady = {
            handle?.close()
            handle = nil
            owner = nil
            loop.stop()
        }
        handle?.watch(readable: true, writable: false)
        #expect(write(theirs, "x", 1) == 1)
        loop.run()
        #expect(held == nil)
        #expect(fcntl(ours, F_GETFD) == -1, "the socket is closed")
    }

    @Test func `what isn't watched isn't told`() throws {
        let loop = try EventLoop()
        let (ours, theirs) = try socketPair()
        defer { close(theirs) }
        let owner = Owner()
        let handle = try IOHandle(socket: ours, loop: loop)
        handle.owner = owner
        handle.watch(readable: true, writable: false)
        handle.watch(readable: false, writable: false)
        #expect(write(theirs, "x", 1) == 1)
        loop.onTick = { loop.stop() }
        loop.run()
        #expect(owner.readiness.isEmpty)
        handle.close()
        handle.close()
        handle.watch(readable: true, writable: true)
    }
}
