/// Cuts a stream of CSV bytes (RFC 4180) into records, without looking into them.
///
/// A line break ends a record unless it stands within quotes, which is where an odd number of quotes precedes it. So
/// a file of any length is read in small parts, and each record knows the line that it begins in.
package struct CSVRecordSplitter {
    package struct Record: Equatable {
        /// From 1.
        package var line: Int
        /// The record with its line break.
        package var bytes: [UInt8]
    }

    /// No sane record is longer: a quote was most likely never closed.
    package static let maximumRecordBytes = 1 << 20

    package init() {}

    private var current: [UInt8] = []
    private var isInQuotes = false
    private var line = 1
    private var firstLine = 1

    /// Takes more bytes and returns the records that end in them; empty lines are passed over.
    package mutating func take(_ bytes: some Sequence<UInt8>) throws(CSVRecordTooLong) -> [Record] {
        var records: [Record] = []
        for byte in bytes {
            current.append(byte)
            if byte == UInt8(ascii: "\"") {
                isInQuotes.toggle()
            } else if byte == UInt8(ascii: "\n") {
                line += 1
                if !isInQuotes, let record = endRecord() { records.append(record) }
            }
            guard current.count <= Self.maximumRecordBytes else { throw CSVRecordTooLong(line: firstLine) }
        }
        return records
    }

    /// The last record, where the file doesn't end in a line break.
    package mutating func finish() -> Record? { endRecord() }

    private mutating func endRecord() -> Record? {
        defer {
            current = []
            firstLine = line
        }
        let isEmpty = current.allSatisfy { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
        return isEmpty ? nil : Record(line: firstLine, bytes: current)
    }
}

package struct CSVRecordTooLong: Error, Equatable {
    package let line: Int

    package init(line: Int) { self.line = line }
}
