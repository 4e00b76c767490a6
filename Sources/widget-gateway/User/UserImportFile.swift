import Foundation
import IdentityCore
import UserDirectory

/// A CSV file of users, read in batches so that its length doesn't matter.
struct UserImportFile {
    struct Row: Sendable {
        /// Where it begins in the file, from 1.
        var line: Int
        var profile: UserProfile
    }

    /// What is wrong with one row, or with the header.
    struct Mistake: Equatable, CustomStringConvertible {
        var line: Int
        var message: String

        var description: String { "line \(line): \(message)" }
    }

    private let handle: FileHandle
    private var splitter = CSVRecordSplitter()
    private var pending: ArraySlice<CSVRecordSplitter.Record> = []
    private var isAtEnd = false
    private var header: [UInt8]?

    private static let readSize = 64 << 10

    /// Reads from the present position of `handle`.
    init(reading handle: FileHandle) { self.handle = handle }

    /// The next rows, at most `limit`, and what is wrong with others among them; nil at the end.
    mutating func nextBatch(_ limit: Int) throws -> (rows: [Row], mistakes: [Mistake])? {
        var mistakes: [Mistake] = []
        if header == nil {
            guard let record = try nextRecord() else { throw Refusal("the file has no header line") }
            header = record.bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(record.bytes.dropFirst(3)) : record.bytes
            if let last = header?.last, last != UInt8(ascii: "\n") { header?.append(UInt8(ascii: "\n")) }
            guard let text = text(of: []) else { throw Refusal("line \(record.line): isn't UTF-8 text") }
            do throws(UserCSVError) {
                _ = try UserCSV.parse(text)
            } catch {
                throw Refusal(error.description)
            }
        }
        var records: [CSVRecordSplitter.Record] = []
        while records.count < limit, let record = try nextRecord() { records.append(record) }
        guard !records.isEmpty else { return nil }
        return (rows(of: records, &mistakes), mistakes)
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

    private mutating func nextRecord() throws -> CSVRecordSplitter.Record? {
        while pending.isEmpty, !isAtEnd {
            do {
                if let data = try handle.read(upToCount: Self.readSize), !data.isEmpty {
                    pending = try splitter.take(data)[...]
                } else {
                    isAtEnd = true
                    pending = splitter.finish().map { [$0] } ?? []
                }
            } catch let error as CSVRecordTooLong {
                throw Refusal("line \(error.line): a quote is never closed")
            }
        }
        return pending.popFirst()
    }
}

extension UserCSVError {
    /// The message without the line, which is that of a part of the file.
    fileprivate var withoutLine: String {
        let text = description
        guard text.hasPrefix("line "), let colon = text.firstIndex(of: ":") else { return text }
        return String(text[colon...].dropFirst(2))
    }
}
