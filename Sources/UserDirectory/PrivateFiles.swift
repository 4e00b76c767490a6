import Foundation

/// Files and folders that only their owner may open.
package enum PrivateFiles {
    /// Makes the folder that `path` lies in, and what is missing above it, with mode 0700.
    package static func makeFolder(of path: String) throws(StoreError) {
        let folder = folder(of: path)
        guard !FileManager.default.fileExists(atPath: folder) else { return }
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw .unavailable("\(folder): the folder can't be made")
        }
    }

    /// Makes an empty file with mode 0600, unless there is one already.
    package static func makeFile(_ path: String) throws(StoreError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            if errno == EEXIST { return }
            throw .unavailable("\(path): \(String(cString: strerror(errno)))")
        }
        close(descriptor)
    }

    /// Makes a new name in the folder of `path` outlive a power cut.
    package static func syncFolder(of path: String) {
        let descriptor = open(folder(of: path), O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    /// The folder of `path`, `.` where it names none.
    package static func folder(of path: String) -> String {
        let folder = (path as NSString).deletingLastPathComponent
        return folder.isEmpty ? "." : folder
    }
}
