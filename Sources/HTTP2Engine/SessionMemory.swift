import CNGHTTP2
import Glibc

/// Where one session of libnghttp2 takes its memory from.
///
/// Each session has a buffer as long as the longest frame, 16 KiB, of which mostly only the beginning is ever used. On
/// the heap it would lie in memory that TLS records have passed through, all of it resident. Here it gets pages of its
/// own, of which only those count that are touched, and shares the first one with the session itself. Everything else
/// comes from the heap, by way of a stock for each thread.
struct SessionMemory: ~Copyable {
    private let pages: UnsafeMutableRawPointer

    /// What the first of the pages begins with.
    private struct Taken {
        var session = false
        var frame = false
    }

    private static let length = 20 * 1024
    private static let sessionOffset = 16
    /// Where the frame buffer begins: room for a session, 2,928 bytes in libnghttp2 1.52, before it.
    private static let frameOffset = 3 * 1024
    private static let frameSizes = 16 * 1024...length - frameOffset

    /// Nil where there is no memory.
    init?() {
        let mapped = mmap(nil, Self.length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let mapped, mapped != MAP_FAILED else { return nil }
        pages = mapped
        pages.initializeMemory(as: Taken.self, to: Taken())
    }

    /// The session must be gone.
    deinit { munmap(pages, Self.length) }

    /// For `nghttp2_session_server_new3`, which copies it.
    var allocator: nghttp2_mem {
        nghttp2_mem(
            mem_user_data: pages,
            malloc: { size, pages in SessionMemory.allocate(size, pages) },
            free: { block, pages in SessionMemory.release(block, pages) },
            calloc: { count, size, pages in SessionMemory.allocateZeroed(count, size, pages) },
            realloc: { block, size, pages in SessionMemory.resize(block, size, pages) })
    }

    private static func allocate(_ size: Int, _ pages: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        guard frameSizes.contains(size), let pages, !taken(pages).pointee.frame else { return widget_stock_take(size) }
        taken(pages).pointee.frame = true
        return pages + frameOffset
    }

    /// The first that a session asks for is the session itself.
    private static func allocateZeroed(
        _ count: Int, _ size: Int, _ pages: UnsafeMutableRawPointer?
    ) -> UnsafeMutableRawPointer? {
        let (length, overflows) = count.multipliedReportingOverflow(by: size)
        if overflows { return nil }
        if let pages, !taken(pages).pointee.session, length <= frameOffset - sessionOffset {
            taken(pages).pointee.session = true
            return pages + sessionOffset
        }
        guard let block = widget_stock_take(length) else { return nil }
        memset(block, 0, length)
        return block
    }

    private static func release(_ block: UnsafeMutableRawPointer?, _ pages: UnsafeMutableRawPointer?) {
        guard let block else { return }
        guard isPaged(block, pages) else { return widget_stock_give(block) }
        // The session's part isn't used twice: when it is released, all is over.
        if let pages, block == pages + frameOffset { taken(pages).pointee.frame = false }
    }

    private static func resize(
        _ block: UnsafeMutableRawPointer?, _ size: Int, _ pages: UnsafeMutableRawPointer?
    ) -> UnsafeMutableRawPointer? {
        guard let block else { return allocate(size, pages) }
        guard let pages, isPaged(block, pages) else { return realloc(block, size) }
        let room = block == pages + frameOffset ? length - frameOffset : frameOffset - sessionOffset
        guard size > room else { return block }
        guard let larger = malloc(size) else { return nil }
        larger.copyMemory(from: block, byteCount: room)
        release(block, pages)
        return larger
    }

    private static func taken(_ pages: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Taken> {
        pages.assumingMemoryBound(to: Taken.self)
    }

    private static func isPaged(_ block: UnsafeMutableRawPointer, _ pages: UnsafeMutableRawPointer?) -> Bool {
        guard let pages else { return false }
        return block >= pages && block < pages + length
    }
}
