import ArgumentParser
import Foundation
import UserDirectory

struct UserExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write all users as CSV.",
        discussion: """
            The columns are those of user import, and the directory's own id and times after them.

              widget-gateway user export acme > users.csv
              widget-gateway user export acme --output users.csv
            """)

    @OptionGroup var options: ConfigurationOptions

    @Option(
        name: [.customShort("o"), .long],
        help: ArgumentHelp("Write here instead of standard output.", valueName: "file"))
    var output: String?

    @Argument(help: "The organization's id.")
    var organization: String

    private static let pageSize = 1000

    func run() async throws {
        let store = try options.openStore()
        guard try await store.organization(organization) != nil else {
            throw StoreError.organizationUnknown(organization)
        }
        let destination = try destination()
        let total = try await store.countUsers(of: organization)
        var progress = ProgressLine(total: total, noun: "users")
        try destination.write(contentsOf: Data(UserCSV.header.utf8))
        var cursor: String?
        var count = 0
        while true {
            let page = try await store.users(of: organization, search: nil, after: cursor, limit: Self.pageSize)
            try destination.write(contentsOf: Data(page.map(UserCSV.line).joined().utf8))
            count += page.count
            progress.show(count)
            guard page.count == Self.pageSize, let last = page.last else { break }
            cursor = last.id
        }
        progress.finish()
        if output != nil { Terminal.note("\(count) users exported") }
    }

    /// Personal data: a new file is its owner's alone.
    private func destination() throws -> FileHandle {
        guard let output, output != "-" else { return .standardOutput }
        let descriptor = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Refusal("\(output) can't be written") }
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }
}
