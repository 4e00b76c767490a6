import Glibc

/// The last few descriptors that the process may have. Sockets leave them to whoever opens a file for a moment: libdispatch
/// does each second while its threads are at work, in /proc, and ends the process where it can't.
package enum SpareDescriptors {
    private static let count: rlim_t = 4
    private static let near: rlim_t = 64

    /// Whether `descriptor` is one of them.
    static func contain(_ descriptor: Int32) -> Bool { isAmongLast(count, descriptor) }

    /// Whether there may soon be no others left, `descriptor` being the one that was given out last.
    package static func areNear(_ descriptor: Int32) -> Bool { isAmongLast(near, descriptor) }

    /// Whether there are no others left. Finds out by taking the next, which is the lowest that is free.
    ///
    /// - Parameter socket: any open descriptor.
    package static func areNext(to socket: Int32) -> Bool {
        let next = fcntl(socket, F_DUPFD_CLOEXEC, 0)
        guard next >= 0 else { return true }
        Glibc.close(next)
        return contain(next)
    }

    /// The limit can be changed while the process runs.
    private static func isAmongLast(_ count: rlim_t, _ descriptor: Int32) -> Bool {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return false }
        return rlim_t(max(0, descriptor)) + count >= limit.rlim_cur
    }
}
