import Foundation

/// What the control group of this process says of memory.
///
/// <https://docs.kernel.org/admin-guide/cgroup-v2.html#memory>, and `cgroup-v1/memory.html` there.
struct ControlGroup: Equatable {
    /// The least of its limits and of those of the groups around it, in bytes.
    var limit: Int
    /// Where it says what its sockets hold, which counts; nil: it doesn't, or it doesn't count (version 1).
    var statistics: String?

    /// Version 1's `no limit` is the largest multiple of a page that a number holds.
    private static let absurd = 1 << 60
    private static let deepest = 64

    /// Nil where there is no limit, or none that can be read.
    ///
    /// - Parameter root: where `proc` and `sys` are.
    static func ofThisProcess(root: String = "/") -> ControlGroup? {
        guard let membership = text(of: "\(root)/proc/self/cgroup") else { return nil }
        var found: ControlGroup?
        for line in membership.split(separator: "\n") {
            // hierarchy-ID:controllers:path, whose path may hold colons.
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3, let group = group(of: fields[1], path: fields[2], root) else { continue }
            if group.limit < found?.limit ?? .max { found = group }
        }
        return found
    }

    private static func group(of controllers: Substring, path: Substring, _ root: String) -> ControlGroup? {
        let (mount, names, statistics): (String, [String], String?)
        if controllers.isEmpty {
            (mount, names, statistics) = ("\(root)/sys/fs/cgroup", ["memory.max", "memory.high"], "memory.stat")
        } else if controllers.split(separator: ",").contains("memory") {
            (mount, names, statistics) = ("\(root)/sys/fs/cgroup/memory", ["memory.limit_in_bytes"], nil)
        } else {
            return nil
        }
        let folders = folders(path)
        let limits = folders.flatMap { folder in names.map { "\(mount)\(folder)/\($0)" } }
        guard let least = limits.compactMap({ text(of: $0).flatMap(limit) }).min() else { return nil }
        // The first of the folders that is there is the group's own: in a container it may be mounted as the root.
        let own = folders.first { isReadable("\(mount)\($0)/\(names[0])") }
        return ControlGroup(
            limit: least, statistics: own.flatMap { own in statistics.map { "\(mount)\(own)/\($0)" } })
    }

    /// The group's folder and those around it, down to the mount's own, which is "".
    private static func folders(_ path: Substring) -> [String] {
        var names = path.split(separator: "/")
        // A group outside of what this process may see.
        guard !names.contains(".."), names.count <= deepest else { return [""] }
        var result: [String] = []
        while !names.isEmpty {
            result.append("/" + names.joined(separator: "/"))
            names.removeLast()
        }
        return result + [""]
    }

    /// What a file with a limit says, in bytes; nil: no limit, or nothing that makes sense.
    static func limit(_ text: String) -> Int? {
        guard let bytes = number(text.trimmingCharacters(in: .whitespacesAndNewlines)), bytes > 0, bytes < absurd
        else { return nil }
        return bytes
    }

    /// What sockets hold by a `memory.stat`, in bytes.
    static func socketBytes(_ text: String) -> Int? {
        for line in text.split(separator: "\n") where line.hasPrefix("sock ") { return number(line.dropFirst(5)) }
        return nil
    }

    /// Digits and nothing else; nil where that is more than a number holds.
    private static func number(_ text: some StringProtocol) -> Int? {
        text.utf8.allSatisfy { (48...57).contains($0) } ? Int(text) : nil
    }

    private static func text(of path: String) -> String? { KernelFile(path)?.read() }

    private static func isReadable(_ path: String) -> Bool { access(path, R_OK) == 0 }
}
