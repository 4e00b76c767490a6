import Foundation
import UserDirectory

/// A CSV file of users, read in batches so that its length doesn't matter.
struct UserImportFile {
    private let handle: FileHandle
    private var reader: UserCSVReader?
    private var pending: [UserCSVReader.Batch] = []
    private var isAtEnd = false

    private static let readSize = 64 << 10

    /// Reads from the present position of `handle`.
    init(reading handle: FileHandle) { self.handle = handle }

    /// The next rows, at most `limit`, which is the same in each call, and what is wrong with others among them; nil at
    /// the end.
    mutating func nextBatch(_ limit: Int) throws -> UserCSVReader.Batch? {
        var reader = reader ?? UserCSVReader(batchSize: limit)
        defer { self.reader = reader }
        do {
            while pending.isEmpty, !isAtEnd {
                if let data = try handle.read(upToCount: Self.readSize), !data.isEmpty {
                    pending = try reader.take(data)
                } else {
                    isAtEnd = true
                    pending = try reader.finish().map { [$0] } ?? []
                }
            }
        } catch let error as UserCSVUnreadable {
            throw Refusal(error.description)
        }
        return pending.isEmpty ? nil : pending.removeFirst()
    }
}
