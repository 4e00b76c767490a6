import Foundation
import UserDirectory

/// An advisory lock on the folder of a file, held while the store in it is opened.
///
/// On the folder, not on the database file: closing any descriptor of that would drop SQLite's own locks (POSIX).
enum FolderLock {
    /// Runs `body` alone among the processes that lock this folder, after waiting for whoever else has it. A process
    /// that dies lets go.
    static func holding<Value>(folderOf path: String, _ body: () throws(StoreError) -> Value) throws(StoreError)
        -> Value
    {
        let folder = PrivateFiles.folder(of: path)
        let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unavailable("\(folder): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        while flock(descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else { throw .unavailable("\(folder): \(String(cString: strerror(errno)))") }
        }
        return try body()
    }
}
