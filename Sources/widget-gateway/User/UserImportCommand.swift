import ArgumentParser
import Foundation
import UserDirectory

struct UserImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Create and update users from CSV.",
        discussion: """
            The first line names the columns, in any order, of which id or email must be one: id, email, name, username,
            avatar_url, locale, company_id, company_name, company_plan, company_mrr, company_arr, company_ltv, segments
            (separated by ;), weight, status, renewal_date, renewal_risk, owner_id, owner_email, role. An empty cell says
            nothing. Users are matched as tokens are.

            The whole file is checked before anything is written, and every bad row is named by its line. Then batches
            are written, each all or nothing.

              widget-gateway user import acme users.csv
            """)

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: JSONOption

    @Option(help: .hidden)
    var batchSize = 1000

    @Argument(help: "The organization's id.")
    var organization: String

    @Argument(help: "The CSV file, in UTF-8; - is standard input.")
    var file: String

    private static let mistakesShown = 100

    func validate() throws {
        guard (1...100_000).contains(batchSize) else { throw ValidationError("--batch-size is out of range.") }
    }

    func run() async throws {
        let store = try options.openStore()
        guard try await store.organization(organization) != nil else {
            throw StoreError.organizationUnknown(organization)
        }
        let source = try source()
        let total = try check(source)
        try source.seek(toOffset: 0)
        try await write(source, total: total, to: store)
    }

    /// Reads the whole file once and refuses it where a row is bad. Returns how many there are.
    private func check(_ source: FileHandle) throws -> Int {
        var reader = UserImportFile(reading: source)
        var mistakes = 0
        var rows = 0
        while let batch = try reader.nextBatch(batchSize) {
            rows += batch.rows.count
            for mistake in batch.mistakes.prefix(max(0, Self.mistakesShown - mistakes)) {
                Terminal.note("\(file): \(mistake)")
            }
            mistakes += batch.mistakes.count
        }
        guard mistakes == 0 else { throw Refusal("\(mistakes) bad rows: nothing was imported") }
        return rows
    }

    private func write(_ source: FileHandle, total: Int, to store: any UserStore) async throws {
        var reader = UserImportFile(reading: source)
        var result = Result()
        var progress = ProgressLine(total: total, noun: "users")
        while let batch = try reader.nextBatch(batchSize) {
            do {
                let counts = try await store.importUsers(batch.rows.map(\.profile), into: organization)
                result.created += counts.created
                result.updated += counts.updated
                result.read += batch.rows.count
            } catch StoreError.importRefused(let index, let code) {
                progress.finish()
                let line = batch.rows.indices.contains(index) ? batch.rows[index].line : 0
                throw Refusal("\(file): line \(line): \(code); \(result.words) before this batch were kept")
            }
            progress.show(result.read)
        }
        progress.finish()
        if output.json { return try Terminal.printJSON(result) }
        Terminal.print("\(result.read) users read: \(result.words)")
    }

    /// A file that can be read twice: standard input is copied to one that has no name any more.
    private func source() throws -> FileHandle {
        if file != "-" {
            guard let handle = FileHandle(forReadingAtPath: file), (try? handle.seek(toOffset: 0)) != nil else {
                throw Refusal("\(file) can't be read")
            }
            return handle
        }
        guard let copy = tmpfile() else { throw Refusal("standard input can't be copied to a temporary file") }
        let handle = FileHandle(fileDescriptor: dup(fileno(copy)), closeOnDealloc: true)
        fclose(copy)
        while let data = try FileHandle.standardInput.read(upToCount: 1 << 20), !data.isEmpty {
            try handle.write(contentsOf: data)
        }
        try handle.seek(toOffset: 0)
        return handle
    }

    private struct Result: Encodable {
        var read = 0
        var created = 0
        var updated = 0

        var words: String { "\(created) created, \(updated) updated" }
    }
}
