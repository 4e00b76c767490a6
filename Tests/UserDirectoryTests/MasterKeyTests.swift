import Foundation
import Testing
import UserDirectory

@Suite struct MasterKeyTests {
    private let hexadecimal = String(repeating: "0aF9", count: 16)

    @Test func `a missing file is made once, for its owner alone`() throws {
        let place = try Place()
        let file = place.path("new/deep/master.key")
        let made = try MasterKey.load(file: file, environment: nil, createIfMissing: true)
        #expect(try MasterKey.load(file: file, environment: "", createIfMissing: true).bytes == made.bytes)
        let attributes = try FileManager.default.attributesOfItem(atPath: file)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        let folder = try FileManager.default.attributesOfItem(atPath: place.path("new"))
        #expect(folder[.posixPermissions] as? Int == 0o700)
        let text = try String(contentsOfFile: file, encoding: .utf8)
        #expect(text.wholeMatch(of: /[0-9a-f]{64}\n/) != nil)
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.path("new/deep")) == ["master.key"])
    }

    @Test func `whoever comes first, all get the same key`() async throws {
        let place = try Place()
        let file = place.path("master.key")
        let keys = try await withThrowingTaskGroup { group in
            for _ in 0..<16 {
                group.addTask { try MasterKey.load(file: file, environment: nil, createIfMissing: true).bytes }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(keys.count == 1)
    }

    @Test func `a missing key stays missing unless it may be made`() throws {
        let place = try Place()
        #expect(throws: StoreError.masterKeyMissing) {
            try MasterKey.load(file: place.path("master.key"), environment: nil, createIfMissing: false)
        }
        #expect(throws: StoreError.masterKeyMissing) {
            try MasterKey.load(file: nil, environment: nil, createIfMissing: true)
        }
    }

    @Test func `the environment comes first`() throws {
        let place = try Place()
        let key = try MasterKey.load(file: place.path("none"), environment: hexadecimal, createIfMissing: true)
        #expect(key.bytes.prefix(2) == [0x0A, 0xF9] && key.bytes.count == 32)
        #expect(!FileManager.default.fileExists(atPath: place.path("none")))
        #expect(throws: StoreError.self) { try MasterKey.load(file: nil, environment: "abc", createIfMissing: true) }
    }

    @Test(arguments: [0o640, 0o604, 0o620, 0o660, 0o644])
    func `a file that others may open is refused`(_ mode: Int) throws {
        let place = try Place()
        let file = place.path("master.key")
        try Data(hexadecimal.utf8).write(to: URL(filePath: file))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
        #expect(throws: StoreError.masterKeyInvalid("\(file): others may read it (chmod 600 \(file))")) {
            try MasterKey.load(file: file, environment: nil, createIfMissing: true)
        }
        try FileManager.default.setAttributes([.posixPermissions: 0o400], ofItemAtPath: file)
        #expect(throws: Never.self) { try MasterKey.load(file: file, environment: nil, createIfMissing: false) }
    }

    @Test(arguments: ["", "\n", "0aF9", String(repeating: "0", count: 65), String(repeating: "g", count: 64)])
    func `a file with anything but a key is refused without being shown`(_ text: String) throws {
        let place = try Place()
        let file = place.path("master.key")
        _ = FileManager.default.createFile(
            atPath: file, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
        #expect(throws: StoreError.masterKeyInvalid("\(file): not 64 hexadecimal characters")) {
            try MasterKey.load(file: file, environment: nil, createIfMissing: true)
        }
    }

    @Test func `a key doesn't show itself`() throws {
        let key = MasterKey.random()
        #expect("\(key)" == "master key" && String(reflecting: key) == "master key")
        var dumped = ""
        dump(key, to: &dumped)
        #expect(!dumped.contains("\(key.bytes[0])"))
        #expect(throws: StoreError.self) { try MasterKey(bytes: [1, 2, 3]) }
    }
}
