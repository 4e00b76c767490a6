import ArgumentParser
import ControlPlane
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

            The whole file is checked before anything is written, and bad rows are named by their lines. Then batches
            of 1000 rows are written, each all or nothing: an import that was interrupted, or that left out a batch
            whose users conflict, is run again and goes on, since what is stored already stays as it is.

              widget-gateway user import acme users.csv
            """)

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: JSONOption

    @Argument(help: "The organization's id.")
    var organization: String

    @Argument(help: "The CSV file, in UTF-8; - is standard input.")
    var file: String

    private static let readSize = 64 << 10

    func run() async throws {
        let administration = try options.openAdministration()
        _ = try await administration.settings(of: organization)
        let source = try source()
        let total = try await check(source, administration.users)
        try source.seek(toOffset: 0)
        let report = try await pass(source, isTrial: false, total: total, administration.users)
        if output.json {
            try Terminal.printJSON(Result(read: report.read, created: report.created, updated: report.updated))
        } else {
            Terminal.print("\(report.read) users read: \(report.created) created, \(report.updated) updated")
        }
        guard report.refused == 0 else {
            throw Refusal(
                "\(report.refused) users weren't imported, with the batches of the rows above: mend those, and import "
                    + "the file again; what was imported stays")
        }
    }

    /// Reads the whole file once and refuses it where a row is bad. Returns how many there are.
    private func check(_ source: FileHandle, _ users: UserService) async throws -> Int {
        let report = try await pass(source, isTrial: true, total: nil, users)
        guard report.mistakeCount == 0 else { throw Refusal("\(report.mistakeCount) bad rows: nothing was imported") }
        return report.read
    }

    private func pass(
        _ source: FileHandle, isTrial: Bool, total: Int?, _ users: UserService
    ) async throws -> UserImportReport {
        var line = ProgressLine(total: total, noun: isTrial ? "users checked" : "users")
        let report = try await users.importCSV(
            into: organization, isTrial: isTrial, by: .commandLine, progress: { line.show($0.read) }
        ) {
            try source.read(upToCount: Self.readSize).flatMap { $0.isEmpty ? nil : Array($0) }
        }
        line.finish()
        for mistake in report.mistakes { Terminal.note("\(file): \(mistake)") }
        if let stopped = report.stopped { throw Refusal(stopped) }
        return report
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
    }
}
