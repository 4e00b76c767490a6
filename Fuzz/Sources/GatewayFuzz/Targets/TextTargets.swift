import Foundation
import GatewayConfiguration
import IdentityCore
import UserDirectory

/// Files and bodies that operators write.
enum TextTargets {
    /// A file is read, or refused with what is wrong and where.
    static func configuration(_ input: UnsafeRawBufferPointer) {
        let text = String(decoding: input, as: UTF8.self)
        do throws(ConfigurationErrors) {
            _ = try LoadedConfiguration.parse(text, name: "gateway.yaml", files: noFiles)
        } catch {
            precondition(!error.problems.isEmpty, "refused without a reason")
        }
    }

    /// Settings that are read can be written, and read again as the same.
    static func organizations(_ input: UnsafeRawBufferPointer) {
        let text = String(decoding: input, as: UTF8.self)
        do throws(ConfigurationErrors) {
            for definition in try OrganizationsFile.parse(text, name: "organizations.yaml", files: noFiles) {
                let again = try OrganizationSettings(json: definition.settings.json)
                precondition(again == definition.settings, "settings change by being written")
            }
        } catch {
            precondition(!error.problems.isEmpty, "refused without a reason")
        }
    }

    /// What is read is JSON to another parser too, and is the same when it is written and read again.
    static func json(_ input: UnsafeRawBufferPointer) {
        do throws(JSONSyntaxError) {
            let value = try JSONParser.parse(Array(input))
            let written = Array(value.json.utf8)
            let again = try JSONParser.parse(written)
            precondition(again == value, "a value changes by being written")
            precondition(
                (try? JSONSerialization.jsonObject(with: Data(written), options: .fragmentsAllowed)) != nil,
                "what was written isn't JSON")
        } catch {
            precondition(!error.description.isEmpty, "refused without a reason")
        }
    }

    /// However the file is cut into parts, its rows and mistakes are the same.
    static func csv(_ input: UnsafeRawBufferPointer) {
        let bytes = Array(input)
        precondition(rows(bytes, size: max(1, bytes.count)) == rows(bytes, size: Int(bytes.first ?? 0) % 5 + 1))
    }

    private static func rows(_ bytes: [UInt8], size: Int) -> String {
        var reader = UserCSVReader(batchSize: 3)
        var text = ""
        func note(_ batch: UserCSVReader.Batch) {
            for row in batch.rows { text += "\(row.line) \(row.profile.email ?? "") \(row.profile.externalID ?? "")\n" }
            for mistake in batch.mistakes { text += "\(mistake)\n" }
        }
        do throws(UserCSVUnreadable) {
            for start in stride(from: 0, to: bytes.count, by: size) {
                for batch in try reader.take(bytes[start..<min(start + size, bytes.count)]) { note(batch) }
            }
            if let batch = try reader.finish() { note(batch) }
        } catch {
            // How far it got before that depends on how much came at once.
            return error.description
        }
        return text
    }

    private static let noFiles = ConfigurationFiles(folder: "/nonexistent", isReadable: { _ in false })
}
