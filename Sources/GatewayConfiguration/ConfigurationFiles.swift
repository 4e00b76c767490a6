import Foundation

/// The files that a configuration names, seen from where it lies.
package struct ConfigurationFiles: Sendable {
    /// The folder of the configuration file: relative paths start here.
    package let folder: String
    /// Whether a file can be read; replaced in tests.
    let isReadable: @Sendable (String) -> Bool

    package init(
        folder: String,
        isReadable: @escaping @Sendable (String) -> Bool = { FileManager.default.isReadableFile(atPath: $0) }
    ) {
        self.folder = folder
        self.isReadable = isReadable
    }

    func resolve(_ path: String) -> String { resolvePath(path, in: folder) }

    /// The folder of `file`; `.` where it names none.
    package static func folder(of file: String) -> String {
        guard let slash = file.lastIndex(of: "/") else { return "." }
        return slash == file.startIndex ? "/" : String(file[..<slash])
    }

    /// A text file's contents, in UTF-8 and at most `limit` bytes long.
    package static func text(of file: String, limit: Int = 16 << 20) throws(ConfigurationErrors) -> String {
        func refusal(_ message: String) -> ConfigurationErrors {
            ConfigurationErrors([ConfigurationProblem(.file(file, line: 0), "", message)])
        }
        guard let handle = FileHandle(forReadingAtPath: file) else { throw refusal("can't be read: is it there?") }
        defer { try? handle.close() }
        guard let data = try? handle.read(upToCount: limit + 1) ?? Data() else { throw refusal("can't be read") }
        guard data.count <= limit else { throw refusal("is larger than \(limit >> 20) MiB") }
        guard let text = String(validating: data, as: UTF8.self) else { throw refusal("isn't UTF-8 text") }
        return text
    }
}

/// `path` from `folder`, unless it is absolute. `.` adds nothing.
func resolvePath(_ path: String, in folder: String) -> String {
    if path.hasPrefix("/") || folder == "." { return path }
    return folder.hasSuffix("/") ? folder + path : "\(folder)/\(path)"
}
