import ControlPlane
import Synchronization

/// The imports that go on, and the last ones that have ended: in memory, for their pages.
final class UserImports: Sendable {
    static let kept = 32
    /// How many bad rows an import tells of.
    static let mistakesTold = 10_000
    /// In characters: 128 random bits in base64url.
    static let idLength = 22

    private let imports = Mutex<[(id: String, value: UserImport)]>([])

    /// Notes that an import begins. Throws where its id is taken, or too many go on.
    func begin(_ id: String, _ value: UserImport) throws {
        try imports.withLock { imports in
            guard id.utf8.count == Self.idLength, !imports.contains(where: { $0.id == id }) else {
                throw AdminProblem(.requestMalformed, "This import has begun already. Open the page again.")
            }
            if imports.count >= Self.kept {
                guard let ended = imports.firstIndex(where: { $0.value.outcome != .running }) else {
                    throw AdminProblem(.rateLimited, "Too many imports go on at once. Wait until one has ended.")
                }
                imports.remove(at: ended)
            }
            imports.append((id, value))
        }
    }

    func change(_ id: String, _ body: (inout UserImport) -> Void) {
        imports.withLock { imports in
            if let index = imports.firstIndex(where: { $0.id == id }) { body(&imports[index].value) }
        }
    }

    /// Lets an import stop before its next part.
    func cancel(_ id: String, of organization: String) throws {
        _ = try find(id, of: organization)
        change(id) { $0.isCancelled = true }
    }

    func find(_ id: String, of organization: String) throws -> UserImport {
        let found = imports.withLock { $0.first { $0.id == id && $0.value.organization == organization }?.value }
        guard let found else {
            throw AdminProblem(.notFound, "This import isn't remembered any more. What it wrote is in the directory.")
        }
        return found
    }
}

/// One import.
struct UserImport: Sendable {
    enum Outcome: Sendable, Equatable {
        case running
        /// The file was read, to its end or to where `UserImportReport.stopped` says.
        case ended
        /// The rest of the file never came, or couldn't be taken: why, as a sentence.
        case brokenOff(String)
    }

    let organization: String
    /// The file's name, as the browser says.
    let file: String
    let isTrial: Bool
    /// The file's length in bytes; nil: not said.
    let size: Int?
    /// Seconds since 1970.
    let beganAt: Double
    var endedAt: Double?
    var bytes = 0
    var isCancelled = false
    var report = UserImportReport()
    var outcome = Outcome.running
}
