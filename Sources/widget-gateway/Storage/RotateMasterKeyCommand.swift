import ArgumentParser
import DirectorySQLite
import Foundation
import Gateway
import GatewayConfiguration
import UserDirectory

struct RotateMasterKeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate-master-key",
        abstract: "Encrypt all that is stored encrypted under another master key.",
        discussion: """
            Stop the gateway first: one that runs on under the old key can't read what changes from then on.

            Makes a new key in a file beside the old one, encrypts everything under it in one transaction,
            and puts it in the old one's place. Broken off between the two, the command finishes the work
            when it is run again. Where the key comes from the environment, --new-key-file says where the
            new one goes, and the variable must be set to its content before the next start.

              widget-gateway storage rotate-master-key --config gateway.yaml
            """)

    @OptionGroup var options: ConfigurationOptions

    @Option(
        help: ArgumentHelp(
            "The new key: made where the file doesn't exist. Without it: the configured file with .new at its end.",
            valueName: "file"))
    var newKeyFile: String?

    func run() async throws {
        let storage = try options.load().configuration.storage
        let isFromEnvironment = !(options.environment[Self.variable] ?? "").isEmpty
        guard let next = newKeyFile ?? (isFromEnvironment ? nil : storage.masterKeyFile.map { $0 + ".new" }) else {
            throw Refusal("the master key comes from the environment: --new-key-file must say where the new one goes")
        }
        let isResumed = FileManager.default.fileExists(atPath: next)
        let key = try MasterKey.load(file: next, environment: nil, createIfMissing: true)
        var count: Int?
        do {
            count = try await storage.open(environment: options.environment).encryptAgain(under: key)
        } catch StoreError.masterKeyWrong where isResumed {
            // Everything may be under the new key already.
            _ = try storage.open(environment: [Self.variable: key.hexadecimal])
        }
        if !isFromEnvironment, let file = storage.masterKeyFile, newKeyFile == nil {
            guard rename(next, file) == 0 else { throw Refusal("\(next) can't be renamed to \(file)") }
            PrivateFiles.syncFolder(of: file)
            let extent = count.map { ": \($0) secrets and keys encrypted again" } ?? ""
            Terminal.print("The master key in \(file) is new\(extent)")
        } else {
            Terminal.print("Everything is encrypted under the key in \(next): set it before the next start")
        }
    }

    private static let variable = "WIDGET_GATEWAY_MASTER_KEY"
}
