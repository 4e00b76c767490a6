import Foundation
import Testing

@testable import Gateway

@Suite("Control group") struct ControlGroupTests {
    @Test(
        "a limit is a number of bytes that makes sense",
        arguments: [
            ("209715200\n", 209_715_200), ("1", 1), ("max\n", nil), ("", nil), ("\n", nil), ("0\n", nil), ("-1\n", nil),
            ("+5", nil), ("200M\n", nil), ("0x10", nil), ("1 2", nil), ("9223372036854771712\n", nil),
            ("9223372036854775807", nil), ("18446744073709551615", nil), ("99999999999999999999999999", nil),
            ("1152921504606846975", (1 << 60) - 1), ("1152921504606846976", nil), ("१२३", nil), ("12\u{0}", nil),
        ] as [(String, Int?)])
    func limits(text: String, limit: Int?) { #expect(ControlGroup.limit(text) == limit) }

    @Test(
        "what sockets hold is a line of the statistics",
        arguments: [
            ("anon 5\nfile 6\nsock 4096\nshmem 1\n", 4096), ("sock 0", 0), ("anon 5\n", nil), ("", nil),
            ("sock\n", nil),
            ("sock x\n", nil), ("sock -1\n", nil), ("socket 5\n", nil), ("workingset sock 5\n", nil),
            ("sock 99999999999999999999\n", nil),
        ] as [(String, Int?)])
    func sockets(text: String, bytes: Int?) { #expect(ControlGroup.socketBytes(text) == bytes) }

    @Test(
        "the least limit counts, of the group and those around it",
        arguments: [
            // Version 2.
            ("0::/a/b\n", ["/a/b/memory.max": "300", "/a/memory.max": "200", "/memory.stat": ""], 200),
            ("0::/a/b\n", ["/a/b/memory.max": "100", "/a/memory.max": "200"], 100),
            ("0::/a/b\n", ["/a/b/memory.max": "max\n", "/a/b/memory.high": "150\n", "/a/memory.max": "max"], 150),
            ("0::/a\n", ["/a/memory.max": "max\n", "/a/memory.high": "max\n"], nil),
            ("0::/\n", ["/memory.max": "700\n"], 700),
            // The group is the mount's own: its path means nothing here.
            ("0::/docker/0123\n", ["/memory.max": "500\n"], 500),
            ("0::/../other\n", ["/memory.max": "500\n", "/other/memory.max": "1"], 500),
            ("0::/with: colon\n", ["/with: colon/memory.max": "50"], 50),
            // Version 1, and both.
            ("5:cpu:/x\n4:memory:/y\n", ["/memory/y/memory.limit_in_bytes": "400\n"], 400),
            ("4:cpu,memory:/y\n", ["/memory/y/memory.limit_in_bytes": "9223372036854771712\n"], nil),
            ("4:memory:/y\n", ["/memory/memory.limit_in_bytes": "800\n"], 800),
            ("4:memory:/y\n0::/\n", ["/memory/y/memory.limit_in_bytes": "400\n", "/memory.max": "300"], 300),
            ("4:memoryx:/y\n", ["/memory/y/memory.limit_in_bytes": "400\n"], nil),
            // Nothing that makes sense.
            ("", ["/memory.max": "5"], nil), ("0:/\n", ["/memory.max": "5"], nil),
            ("\n\n::\n", ["/memory.max": "5"], 5),
            ("0::/a\n", [:], nil), ("0::/a\n", ["/a/memory.max": "garbage", "/memory.max": ""], nil),
            ("0::" + String(repeating: "/a", count: 1000), ["/memory.max": "9"], 9),
        ] as [(String, [String: String], Int?)])
    func limit(membership: String, files: [String: String], limit: Int?) throws {
        let folder = try KernelFolder(membership: membership, groups: files)
        #expect(ControlGroup.ofThisProcess(root: folder.path)?.limit == limit)
    }

    @Test("statistics are the group's own")
    func statistics() throws {
        let nested = try KernelFolder(
            membership: "0::/a/b", groups: ["/a/b/memory.max": "max", "/a/memory.max": "200"])
        #expect(
            ControlGroup.ofThisProcess(root: nested.path)?.statistics == nested.path + "/sys/fs/cgroup/a/b/memory.stat")
        let contained = try KernelFolder(membership: "0::/docker/1", groups: ["/memory.max": "200"])
        #expect(
            ControlGroup.ofThisProcess(root: contained.path)?.statistics == contained.path
                + "/sys/fs/cgroup/memory.stat")
        let old = try KernelFolder(membership: "4:memory:/", groups: ["/memory/memory.limit_in_bytes": "200"])
        #expect(ControlGroup.ofThisProcess(root: old.path) == ControlGroup(limit: 200, statistics: nil))
    }

    @Test("bytes that are no text are no limit")
    func noText() throws {
        let folder = try KernelFolder(membership: "0::/", groups: [:])
        try Data([0xFF, 0xFE, 0x31]).write(to: URL(fileURLWithPath: folder.path + "/sys/fs/cgroup/memory.max"))
        #expect(ControlGroup.ofThisProcess(root: folder.path) == nil)
    }

    @Test("nothing of it may be there")
    func nothing() { #expect(ControlGroup.ofThisProcess(root: "/no/such/folder") == nil) }
}

/// A `proc` and a `sys` of a test's own.
final class KernelFolder {
    let path: String

    init(membership: String, groups: [String: String], pages: String? = nil) throws {
        path = FileManager.default.temporaryDirectory.path + "/kernel-\(UUID().uuidString)"
        try write(membership, "/proc/self/cgroup")
        try write("", "/sys/fs/cgroup/empty")
        for (name, text) in groups { try write(text, "/sys/fs/cgroup" + name) }
        if let pages { try write(pages, "/proc/self/statm") }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String, _ name: String) throws {
        let file = URL(fileURLWithPath: path + name)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }
}
