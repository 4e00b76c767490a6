import Foundation
import IdentityCore
import Testing
import UserDirectory

@testable import widget_gateway

@Suite struct UserImportFileTests {
    /// Reads `text` in batches of `limit` rows.
    private func read(_ bytes: some Sequence<UInt8>, limit: Int = 2) throws -> (rows: [String], mistakes: [String]) {
        let pipe = Pipe()
        try pipe.fileHandleForWriting.write(contentsOf: Data(bytes))
        try pipe.fileHandleForWriting.close()
        var file = UserImportFile(reading: pipe.fileHandleForReading)
        var rows: [String] = []
        var mistakes: [String] = []
        while let batch = try file.nextBatch(limit) {
            rows += batch.rows.map { "\($0.line) \($0.profile.email ?? "-")" }
            mistakes += batch.mistakes.map(\.description)
        }
        return (rows, mistakes)
    }

    @Test(arguments: [1, 2, 3, 100])
    func `rows come with their lines, whatever the batch`(limit: Int) throws {
        let text = "\u{FEFF}email,name\r\na@x,\"A\nB\"\r\n\r\nb@x,\r\nc@x,C"
        let result = try read(text.utf8, limit: limit)
        #expect(result.rows == ["2 a@x", "5 b@x", "6 c@x"])
        #expect(result.mistakes.isEmpty)
    }

    @Test(arguments: [1, 3, 100])
    func `every bad row is named by its line`(limit: Int) throws {
        let text = "email,weight\na@x,1\nb@x\n,2\nc@x,heavy\nd@x,4\n"
        let bytes = Array(text.utf8) + [0x65, 0xFF] + Array("@x,1\nf@x,1\n".utf8)
        let result = try read(bytes, limit: limit)
        #expect(result.rows == ["2 a@x", "6 d@x", "8 f@x"])
        #expect(
            result.mistakes == [
                "line 3: 1 cells instead of 2", "line 4: neither an id nor an email", "line 5: 'weight' is not valid",
                "line 7: isn't UTF-8 text",
            ])
    }

    @Test(arguments: ["", "\n\n", "colour\n", "name\n", "email,email\n", "\"email\n"])
    func `a bad header refuses the file`(text: String) {
        #expect(throws: Refusal.self) { try read(text.utf8) }
    }

    @Test func `a header alone is no users`() throws {
        #expect(try read("email".utf8).rows.isEmpty)
    }
}
