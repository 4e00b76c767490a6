import Glibc

/// A file of `/proc` or `/sys`, kept open: it can be read when there are no more descriptors.
final class KernelFile {
    private let descriptor: Int32

    /// More than that isn't read.
    private static let longest = 16 * 1024

    /// Nil where it can't be opened.
    init?(_ path: String) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 { return nil }
    }

    deinit { close(descriptor) }

    /// What it says now; nil where it says nothing, or no text.
    func read() -> String? {
        withUnsafeTemporaryAllocation(byteCount: Self.longest, alignment: 1) { buffer in
            let count = pread(descriptor, buffer.baseAddress, buffer.count, 0)
            guard count > 0 else { return nil }
            return String(validating: UnsafeRawBufferPointer(rebasing: buffer[..<count]), as: UTF8.self)
        }
    }
}
