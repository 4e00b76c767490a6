import CNGHTTP2
import Glibc

/// Where libnghttp2 takes its memory from: the heap, but for the one large buffer that each session has.
///
/// That buffer is as long as the longest frame, 16 KiB, and mostly only its beginning is ever used. On the heap it would
/// lie in memory that TLS records have passed through, all of it resident; in pages of its own only those count that are
/// touched. An idle connection saves 12 KiB so.
enum FrameBufferMemory {
    /// Made once; never changed.
    nonisolated(unsafe) static let allocator: UnsafeMutablePointer<nghttp2_mem> = {
        let allocator = UnsafeMutablePointer<nghttp2_mem>.allocate(capacity: 1)
        allocator.initialize(
            to: nghttp2_mem(
                mem_user_data: nil, malloc: { size, _ in allocate(size) }, free: { pointer, _ in release(pointer) },
                calloc: { count, size, _ in allocateZeroed(count, size) },
                realloc: { pointer, size, _ in resize(pointer, size) }))
        return allocator
    }()

    /// What is asked for in this range gets pages of its own.
    private static let pagedSizes = 16 * 1024...20 * 1024 - headerLength
    private static let pagedLength = 20 * 1024
    /// In front of each block stands where it came from; 16 bytes keep it aligned.
    private static let headerLength = 16
    private static let fromHeap: UInt64 = 0
    private static let fromPages: UInt64 = 1

    private static func allocate(_ size: Int) -> UnsafeMutableRawPointer? {
        guard pagedSizes.contains(size) else {
            return label(Glibc.malloc(size + headerLength), fromHeap)
        }
        let pages = mmap(nil, pagedLength, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        return pages == MAP_FAILED ? nil : label(pages, fromPages)
    }

    private static func allocateZeroed(_ count: Int, _ size: Int) -> UnsafeMutableRawPointer? {
        let (length, overflows) = count.multipliedReportingOverflow(by: size)
        return overflows ? nil : label(Glibc.calloc(1, length + headerLength), fromHeap)
    }

    private static func release(_ block: UnsafeMutableRawPointer?) {
        guard let base = block.map({ $0 - headerLength }) else { return }
        if base.load(as: UInt64.self) == fromPages { munmap(base, pagedLength) } else { Glibc.free(base) }
    }

    private static func resize(_ block: UnsafeMutableRawPointer?, _ size: Int) -> UnsafeMutableRawPointer? {
        guard let block else { return allocate(size) }
        let base = block - headerLength
        guard base.load(as: UInt64.self) == fromPages else {
            return label(Glibc.realloc(base, size + headerLength), fromHeap)
        }
        guard size > pagedLength - headerLength else { return block }
        guard let larger = allocate(size) else { return nil }
        larger.copyMemory(from: block, byteCount: pagedLength - headerLength)
        release(block)
        return larger
    }

    private static func label(_ base: UnsafeMutableRawPointer?, _ origin: UInt64) -> UnsafeMutableRawPointer? {
        guard let base else { return nil }
        base.storeBytes(of: origin, as: UInt64.self)
        return base + headerLength
    }
}
