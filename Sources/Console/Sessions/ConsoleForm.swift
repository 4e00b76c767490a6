import ControlPlane
import MessageAuthentication

/// Reads the form that a browser posts, and checks that this browser's own page sent it.
enum ConsoleForm {
    static let field = "csrf"
    static let header = "x-csrf-token"
    private static let longest = 1 << 20

    /// - Parameter csrf: what the form must carry; nil: there is no session yet.
    static func read(_ request: AdminRequest, csrf: String?) async throws -> FormValues {
        guard request.contentType == "application/x-www-form-urlencoded" else {
            throw AdminProblem(.mediaTypeUnsupported, "A form was expected.")
        }
        let bytes = try await request.body.whole(upTo: longest)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw AdminProblem(.requestMalformed, "The form isn't UTF-8.")
        }
        let values = FormValues(query: text)
        if let csrf { try check(values[field], csrf) }
        return values
    }

    /// The same for what a script sends.
    static func checkHeader(_ request: AdminRequest, csrf: String) throws { try check(request.field(header), csrf) }

    private static func check(_ sent: String?, _ csrf: String) throws {
        let isOurs = Array((sent ?? "").utf8).withUnsafeBytes { sent in
            Array(csrf.utf8).withUnsafeBytes { constantTimeEquals(sent, $0) }
        }
        guard isOurs else {
            throw AdminProblem(
                .scopeInsufficient,
                "This page has expired, and the change was not made. Go back, reload, and try again.")
        }
    }
}
