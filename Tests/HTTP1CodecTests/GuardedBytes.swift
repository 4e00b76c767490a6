import HTTPMessages

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Memory that ends where the process may not read on: whoever looks past the input crashes instead of getting lucky.
final class GuardedBytes {
    private let base: UnsafeMutableRawPointer
    private let readable: Int
    private let page: Int

    init(capacity: Int) {
        page = Int(sysconf(Int32(_SC_PAGESIZE)))
        readable = (capacity + page - 1) / page * page
        let flags = MAP_PRIVATE | MAP_ANONYMOUS
        guard let mapped = mmap(nil, readable + page, PROT_READ | PROT_WRITE, flags, -1, 0), mapped != MAP_FAILED else {
            fatalError("no memory to test with")
        }
        base = mapped
        mprotect(base + readable, page, PROT_NONE)
    }

    deinit { munmap(base, readable + page) }

    /// Lends `bytes`, copied so that they end at the guard.
    func lend<Result>(_ bytes: some Collection<UInt8>, _ body: (Bytes) throws -> Result) rethrows -> Result {
        precondition(bytes.count <= readable)
        let target = UnsafeMutableRawBufferPointer(start: base + (readable - bytes.count), count: bytes.count)
        target.copyBytes(from: bytes)
        return try body(Bytes(target))
    }
}
