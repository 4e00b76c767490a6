/// Splits RFC 4180 text into records: CRLF or LF between them, `"` around cells with commas, quotes or line breaks.
enum CSVRecords {
    struct Record: Equatable {
        /// Where the record begins, from 1.
        var line: Int
        var cells: [String]
    }

    /// Empty lines are passed over, as is a byte order mark.
    static func parse(_ text: String) throws(UserCSVError) -> [Record] {
        let bytes = Array(text.utf8)
        var records: [Record] = []
        var index = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        var line = 1
        while index < bytes.count {
            var record = Record(line: line, cells: [])
            var ended = false
            while !ended {
                let cell: [UInt8]
                if index < bytes.count, bytes[index] == quote {
                    let opened = line
                    cell = try quoted(bytes, &index, &line, opened: opened)
                } else {
                    cell = try plain(bytes, &index, line: line)
                }
                record.cells.append(String(decoding: cell, as: UTF8.self))
                if index < bytes.count, bytes[index] == comma {
                    index += 1
                } else {
                    ended = true
                }
            }
            if index < bytes.count, bytes[index] == carriageReturn { index += 1 }
            if index < bytes.count {
                guard bytes[index] == lineFeed else { throw .quoteMisplaced(line: line) }
                index += 1
            }
            line += 1
            if record.cells != [""] { records.append(record) }
        }
        return records
    }

    private static let quote: UInt8 = 0x22
    private static let comma: UInt8 = 0x2C
    private static let carriageReturn: UInt8 = 0x0D
    private static let lineFeed: UInt8 = 0x0A

    private static func plain(_ bytes: [UInt8], _ index: inout Int, line: Int) throws(UserCSVError) -> [UInt8] {
        let start = index
        while index < bytes.count, bytes[index] != comma, bytes[index] != lineFeed {
            if bytes[index] == quote { throw .quoteMisplaced(line: line) }
            if bytes[index] == carriageReturn, index + 1 == bytes.count || bytes[index + 1] == lineFeed { break }
            index += 1
        }
        return Array(bytes[start..<index])
    }

    /// Reads from the opening quote to just after the closing one.
    private static func quoted(
        _ bytes: [UInt8], _ index: inout Int, _ line: inout Int, opened: Int
    ) throws(UserCSVError) -> [UInt8] {
        var cell: [UInt8] = []
        index += 1
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if byte == quote {
                guard index < bytes.count, bytes[index] == quote else { return cell }
                index += 1
            } else if byte == lineFeed {
                line += 1
            }
            cell.append(byte)
        }
        throw .quoteOpen(line: opened)
    }
}
