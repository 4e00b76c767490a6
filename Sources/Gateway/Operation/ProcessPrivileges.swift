import CLibUV
import Foundation

/// What the process may do, and what others may see of it.
enum ProcessPrivileges {
    /// Becomes `user`, for good: with its groups, and without anything that only root may do. Returns where that is so;
    /// else begins the program anew, with `sockets`, and that one is.
    ///
    /// Anew, as the first thread of a Swift program has ended in all but name by now: it would stay root's, and with it
    /// whoever can steer the process.
    static func become(_ user: String, keeping sockets: [Int32]) throws(GatewayStartError) {
        guard let entry = getpwnam(user) else { throw GatewayStartError("user: there is no \(user) on this machine") }
        let (uid, gid) = (entry.pointee.pw_uid, entry.pointee.pw_gid)
        if geteuid() == uid, getuid() == uid { return }
        // Not as /proc/self/exe, which would become its name.
        guard let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") else {
            throw GatewayStartError("user: /proc isn't there")
        }
        guard geteuid() == 0 else {
            throw GatewayStartError("user: only root can become \(user); start it as root, or as \(user)")
        }
        guard initgroups(user, gid) == 0, setgid(gid) == 0, setuid(uid) == 0, getuid() == uid, geteuid() == uid,
            getegid() == gid, setuid(0) != 0
        else { throw GatewayStartError("user: can't become \(user): \(String(cString: strerror(errno)))") }
        InheritedSockets.handOn(sockets)
        var none = sigset_t()
        sigemptyset(&none)
        sigprocmask(SIG_SETMASK, &none, nil)
        execv(program, CommandLine.unsafeArgv)
        throw GatewayStartError("user: \(user) can't run \(program): \(String(cString: strerror(errno)))")
    }

    /// Keeps secrets out of core dumps and other processes' sight, unless `allowingCoreDumps`.
    static func protectMemory(allowingCoreDumps: Bool) {
        guard !allowingCoreDumps else { return }
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        // The limit alone doesn't bind a core_pattern that pipes into a program; this does.
        widget_set_dumpable(0)
    }

    /// Lets the process have as many descriptors as it may: each connection takes one, or two.
    static func raiseDescriptorLimit() {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(resource, &limit)
    }

    /// Overwrites a variable where the process was given it: /proc/PID/environ shows that place as long as it lives.
    static func forgetVariable(_ name: String) {
        guard let value = getenv(name) else { return }
        memset(value, 0x2A, strlen(value))
        unsetenv(name)
    }
}
