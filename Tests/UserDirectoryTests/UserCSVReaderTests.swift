import IdentityCore
import Testing
import UserDirectory

@Suite struct UserCSVReaderTests {
    /// Reads a file that comes in parts of `step` bytes, in batches of `limit` rows.
    private func read(
        _ bytes: some Sequence<UInt8>, limit: Int = 2, step: Int = 5
    ) throws -> (rows: [String], mistakes: [String]) {
        var reader = UserCSVReader(batchSize: limit)
        let bytes = Array(bytes)
        var batches: [UserCSVReader.Batch] = []
        for start in stride(from: 0, to: bytes.count, by: step) {
            batches += try reader.take(bytes[start..<min(start + step, bytes.count)])
        }
        if let last = try reader.finish() { batches.append(last) }
        return (
            batches.flatMap(\.rows).map { "\($0.line) \($0.profile.email ?? "-")" },
            batches.flatMap(\.mistakes).map(\.description)
        )
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
        #expect(throws: UserCSVUnreadable.self) { try read(text.utf8) }
    }

    @Test func `a header alone is no users`() throws {
        #expect(try read("email".utf8).rows.isEmpty)
    }
}
