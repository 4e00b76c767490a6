package import IdentityCore

/// Reads users from CSV that comes in parts, so that its length doesn't matter: takes bytes, gives batches of rows.
package struct UserCSVReader {
    package struct Row: Sendable {
        /// Where it begins in the file, from 1.
        package var line: Int
        package var profile: UserProfile
    }

    /// What is wrong with one row.
    package struct Mistake: Sendable, Equatable, CustomStringConvertible {
        package var line: Int
        package var message: String

        package init(line: Int, message: String) {
            self.line = line
            self.message = message
        }

        package var description: String { "line \(line): \(message)" }
    }

    package struct Batch: Sendable {
        package var rows: [Row]
        package var mistakes: [Mistake]
        /// Where its first and its last record begin.
        package var lines: ClosedRange<Int>
    }

    private let size: Int
    private var splitter = CSVRecordSplitter()
    private var pending: [CSVRecordSplitter.Record] = []
    private var header: [UInt8]?

    /// - Parameter batchSize: how many records a batch has, but for the last.
    package init(batchSize: Int) { size = batchSize }

    /// Takes more of the file. Returns the batches that are complete now. Throws where the rest can't be read.
    package mutating func take(_ bytes: some Sequence<UInt8>) throws(UserCSVUnreadable) -> [Batch] {
        do throws(CSVRecordTooLong) {
            pending += try splitter.take(bytes)
        } catch {
            throw UserCSVUnreadable("line \(error.line): a quote is never closed")
        }
        try takeHeader()
        var batches: [Batch] = []
        while pending.count >= size {
            batches.append(batch(Array(pending.prefix(size))))
            pending.removeFirst(size)
        }
        return batches
    }

    /// The file has ended. Returns the last batch, where there is one. Throws for a file without a header line.
    package mutating func finish() throws(UserCSVUnreadable) -> Batch? {
        if let last = splitter.finish() { pending.append(last) }
        try takeHeader()
        guard header != nil else { throw UserCSVUnreadable("the file has no header line") }
        defer { pending = [] }
        return pending.isEmpty ? nil : batch(pending)
    }

    private mutating func takeHeader() throws(UserCSVUnreadable) {
        guard header == nil, let record = pending.first else { return }
        pending.removeFirst()
        var line = record.bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(record.bytes.dropFirst(3)) : record.bytes
        if line.last != UInt8(ascii: "\n") { line.append(UInt8(ascii: "\n")) }
        header = line
        guard let text = text(of: []) else { throw UserCSVUnreadable("line \(record.line): isn't UTF-8 text") }
        do throws(UserCSVError) {
            _ = try UserCSV.parse(text)
        } catch {
            throw UserCSVUnreadable(error.description)
        }
    }

    private func batch(_ records: [CSVRecordSplitter.Record]) -> Batch {
        var mistakes: [Mistake] = []
        let rows = rows(of: records, &mistakes)
        return Batch(rows: rows, mistakes: mistakes, lines: records[0].line...records[records.count - 1].line)
    }

    /// All records at once; where one is wrong, each by itself, so that every mistake is found.
    private func rows(of records: [CSVRecordSplitter.Record], _ mistakes: inout [Mistake]) -> [Row] {
        if let text = text(of: records), let profiles = try? UserCSV.parse(text), profiles.count == records.count {
            return zip(records, profiles).map { Row(line: $0.line, profile: $1) }
        }
        return records.compactMap { record in
            guard let text = text(of: [record]) else {
                mistakes.append(Mistake(line: record.line, message: "isn't UTF-8 text"))
                return nil
            }
            do throws(UserCSVError) {
                return try UserCSV.parse(text).first.map { Row(line: record.line, profile: $0) }
            } catch {
                mistakes.append(Mistake(line: record.line, message: error.withoutLine))
                return nil
            }
        }
    }

    /// The header and `records` as a file of their own; nil where that isn't UTF-8.
    private func text(of records: [CSVRecordSplitter.Record]) -> String? {
        String(validating: (header ?? []) + records.flatMap(\.bytes), as: UTF8.self)
    }
}

/// Why the rest of a file can't be read.
package struct UserCSVUnreadable: Error, Equatable, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}

extension UserCSVError {
    /// The message without the line, which is that of a part of the file.
    fileprivate var withoutLine: String {
        let text = description
        guard text.hasPrefix("line "), let colon = text.firstIndex(of: ":") else { return text }
        return String(text[colon...].dropFirst(2))
    }
}
