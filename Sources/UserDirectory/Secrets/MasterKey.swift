import Foundation
import MessageAuthentication

/// The 32 bytes under which secrets are encrypted at rest.
package struct MasterKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package let bytes: [UInt8]

    package static let length = 32

    package init(bytes: [UInt8]) throws(StoreError) {
        guard bytes.count == Self.length else { throw .masterKeyInvalid("a master key has 32 bytes") }
        self.bytes = bytes
    }

    /// A new random key.
    package static func random() -> MasterKey { MasterKey(unchecked: SystemRandom.bytes(length)) }

    private init(unchecked bytes: [UInt8]) { self.bytes = bytes }

    /// Reads the key from `environment` (the variable's value) where that is set, else from `file`. Both hold
    /// 64 hexadecimal characters; the file may end in a line break and must be readable by its owner alone.
    ///
    /// With `createIfMissing` a missing file is made, with mode 0600, and its folder with 0700. Pass that only for a
    /// store that holds nothing encrypted yet. Of several processes that do so at once, all get the same key.
    package static func load(
        file: String?, environment: String?, createIfMissing: Bool
    ) throws(StoreError) -> MasterKey {
        if let environment, !environment.isEmpty {
            return try MasterKey(hexadecimal: environment, source: "the environment's master key")
        }
        guard let file else { throw .masterKeyMissing }
        if let text = try read(file) { return try MasterKey(hexadecimal: text, source: file) }
        guard createIfMissing else { throw .masterKeyMissing }
        try create(file)
        guard let text = try read(file) else { throw .masterKeyMissing }
        return try MasterKey(hexadecimal: text, source: file)
    }

    /// What the key's file holds, or the environment. Never to be shown.
    package var hexadecimal: String { Hexadecimal.text(bytes) }

    private init(hexadecimal text: String, source: String) throws(StoreError) {
        var digits = Substring(text)
        while let last = digits.last, last.isNewline { digits.removeLast() }
        guard digits.utf8.count == 2 * Self.length, let bytes = Hexadecimal.decode(String(digits)) else {
            throw .masterKeyInvalid("\(source): not 64 hexadecimal characters")
        }
        self.bytes = bytes
    }

    /// The file's text, or nil where there is no such file.
    private static func read(_ file: String) throws(StoreError) -> String? {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw .masterKeyInvalid("\(file): \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw .masterKeyInvalid("\(file): not a file")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw .masterKeyInvalid("\(file): others may read it (chmod 600 \(file))")
        }
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = buffer.withUnsafeMutableBytes { Foundation.read(descriptor, $0.baseAddress, $0.count) }
        guard count >= 0 else { throw .masterKeyInvalid("\(file): \(String(cString: strerror(errno)))") }
        return String(decoding: buffer[..<count], as: UTF8.self)
    }

    /// Writes the whole key beside the file and links it into place: no reader ever sees half a key, and of several
    /// that come at once one wins.
    private static func create(_ file: String) throws(StoreError) {
        try PrivateFiles.makeFolder(of: file)
        let draft = "\(file).\(RandomIdentifier.text())"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .masterKeyInvalid("\(draft): \(String(cString: strerror(errno)))") }
        defer { unlink(draft) }
        let text = Array((Hexadecimal.text(SystemRandom.bytes(length)) + "\n").utf8)
        let written = text.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        let synced = fsync(descriptor) == 0
        close(descriptor)
        guard written == text.count, synced else { throw .masterKeyInvalid("\(file): can't be written") }
        guard link(draft, file) == 0 || errno == EEXIST else {
            throw .masterKeyInvalid("\(file): \(String(cString: strerror(errno)))")
        }
        PrivateFiles.syncFolder(of: file)
    }

    package var description: String { "master key" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
