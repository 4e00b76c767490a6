import Testing
import UserDirectory

@testable import widget_gateway

@Suite struct CSVRecordSplitterTests {
    @Test(
        arguments: [
            ("", [], []), ("\n\r\n", [], []), ("a,b\nc,d\n", [1, 2], ["a,b\n", "c,d\n"]),
            ("a\r\n\r\nb", [1, 3], ["a\r\n", "b"]), ("\"a\nb\",c\nd\n", [1, 3], ["\"a\nb\",c\n", "d\n"]),
            ("\"a\"\"\n\",b\nc", [1, 3], ["\"a\"\"\n\",b\n", "c"]), ("\"open\nb\n", [1], ["\"open\nb\n"]),
            (",\n", [1], [",\n"]),
        ] as [(String, [Int], [String])])
    func `records end at line breaks outside quotes`(text: String, lines: [Int], records: [String]) throws {
        for partLength in [1, 2, 3, 100] {
            var splitter = CSVRecordSplitter()
            var found: [CSVRecordSplitter.Record] = []
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                found += try splitter.take(rest.prefix(partLength))
                rest = rest.dropFirst(partLength)
            }
            if let last = splitter.finish() { found.append(last) }
            #expect(found.map(\.line) == lines)
            #expect(found.map { String(decoding: $0.bytes, as: UTF8.self) } == records)
        }
    }

    @Test func `a record has a limit`() {
        var splitter = CSVRecordSplitter()
        #expect(throws: CSVRecordTooLong(line: 2)) {
            _ = try splitter.take("a\n\"".utf8)
            _ = try splitter.take([UInt8](repeating: 10, count: CSVRecordSplitter.maximumRecordBytes))
        }
    }
}
