import GatewayConfiguration
import UserDirectory

/// Why an administrator's request is refused: becomes `application/problem+json` (RFC 9457).
package struct AdminProblem: Error, Sendable, Equatable {
    package var code: Code
    package var detail: String
    /// What is wrong with single fields, by their paths.
    package var errors: [FieldError] = []
    /// Seconds after which it may be tried again.
    package var retryAfter: Int?

    package init(_ code: Code, _ detail: String, errors: [FieldError] = []) {
        self.code = code
        self.detail = detail
        self.errors = errors
    }

    package struct FieldError: Sendable, Equatable {
        /// `sso.login_url`; empty: the whole body.
        package var path: String
        package var message: String

        package init(_ path: String, _ message: String) {
            self.path = path
            self.message = message
        }
    }

    /// What went wrong, as a machine reads it.
    package enum Code: String, Sendable, CaseIterable {
        case requestMalformed = "request_malformed"
        case adminTokenMissing = "admin_token_missing"
        case adminTokenInvalid = "admin_token_invalid"
        case scopeInsufficient = "scope_insufficient"
        case notFound = "not_found"
        case organizationUnknown = "organization_unknown"
        case secretUnknown = "secret_unknown"
        case userUnknown = "user_unknown"
        case sessionUnknown = "session_unknown"
        case adminTokenUnknown = "admin_token_unknown"
        case methodNotAllowed = "method_not_allowed"
        case organizationExists = "organization_exists"
        case hostTaken = "host_taken"
        case tooManySecrets = "too_many_secrets"
        case ssoUntested = "sso_untested"
        case enforcementUnconfirmed = "enforcement_unconfirmed"
        case preconditionFailed = "precondition_failed"
        case bodyTooLarge = "body_too_large"
        case mediaTypeUnsupported = "media_type_unsupported"
        case requestInvalid = "request_invalid"
        case cursorInvalid = "cursor_invalid"
        case idempotencyKeyReused = "idempotency_key_reused"
        case preconditionRequired = "precondition_required"
        case rateLimited = "rate_limited"
        case headersTooLarge = "headers_too_large"
        case internalError = "internal_error"
        case directoryUnavailable = "directory_unavailable"

        package var status: Int {
            switch self {
            case .requestMalformed: 400
            case .adminTokenMissing, .adminTokenInvalid: 401
            case .scopeInsufficient: 403
            case .notFound, .organizationUnknown, .secretUnknown, .userUnknown, .sessionUnknown, .adminTokenUnknown:
                404
            case .methodNotAllowed: 405
            case .organizationExists, .hostTaken, .tooManySecrets, .ssoUntested, .enforcementUnconfirmed:
                409
            case .preconditionFailed: 412
            case .bodyTooLarge: 413
            case .mediaTypeUnsupported: 415
            case .requestInvalid, .cursorInvalid, .idempotencyKeyReused: 422
            case .preconditionRequired: 428
            case .rateLimited: 429
            case .headersTooLarge: 431
            case .internalError: 500
            case .directoryUnavailable: 503
            }
        }

        var title: String {
            let words = rawValue.split(separator: "_").joined(separator: " ")
            return words.prefix(1).uppercased() + words.dropFirst()
        }
    }

    package static func invalid(_ path: String, _ message: String) -> AdminProblem {
        AdminProblem(
            .requestInvalid, path.isEmpty ? message : "\(path): \(message)", errors: [FieldError(path, message)])
    }

    static func bodyTooLarge(_ limit: Int) -> AdminProblem {
        AdminProblem(.bodyTooLarge, "the body is longer than \(limit) bytes")
    }

    static func organizationUnknown(_ id: String) -> AdminProblem {
        AdminProblem(.organizationUnknown, "there is no such organization")
    }

    /// What an error that a service threw is to its caller. Never quotes a secret.
    package init(_ error: any Error) {
        switch error {
        case let problem as AdminProblem: self = problem
        case let errors as ConfigurationErrors:
            self.init(
                .requestInvalid, errors.problems.map { "\($0.path): \($0.message)" }.joined(separator: "; "),
                errors: errors.problems.map { FieldError($0.path, $0.message) })
        case let refusal as SecretRefusal: self = .invalid("secret", "\(refusal)")
        case let error as StoreError: self.init(error)
        default: self.init(.internalError, "something unexpected went wrong")
        }
    }

    private init(_ error: StoreError) {
        switch error {
        case .organizationUnknown(let id): self = .organizationUnknown(id)
        case .settingsInvalid: self.init(.requestInvalid, error.description)
        // Whose it is concerns nobody who is bound to another organization.
        case .hostTaken(let host, _): self.init(.hostTaken, "the host '\(host)' belongs to another organization")
        case .tooManySecrets: self.init(.tooManySecrets, error.description)
        case .userUnknown: self.init(.cursorInvalid, "the cursor leads nowhere: begin anew")
        case .secretUnknown: self.init(.secretUnknown, "there is no such active secret")
        case .importRefused: self.init(.requestInvalid, error.description)
        // A browser's sign-in alone meets this.
        case .permitUsed: self.init(.internalError, error.description)
        case .masterKeyMissing, .masterKeyWrong, .masterKeyInvalid, .migrationUnfinished, .unavailable:
            self.init(.directoryUnavailable, "the directory can't be read or written at the moment")
            retryAfter = 1
        }
    }

    /// The response. A 401 asks for a bearer token (RFC 6750).
    package var response: AdminResponse {
        var members: [JSONValue.Member] = [
            .init("type", .string("about:blank")), .init("title", .string(code.title)),
            .init("status", .integer(code.status)), .init("detail", .string(detail)),
            .init("code", .string(code.rawValue)),
        ]
        if !errors.isEmpty {
            let list = errors.map { JSONValue.members(["path": .string($0.path), "message": .string($0.message)]) }
            members.append(.init("errors", .array(list)))
        }
        var response = AdminResponse(
            code.status, type: "application/problem+json", body: .whole(Array(JSONValue.object(members).json.utf8)))
        if code == .adminTokenInvalid { response = response.with("www-authenticate", "Bearer error=\"invalid_token\"") }
        if code == .adminTokenMissing { response = response.with("www-authenticate", "Bearer") }
        if let retryAfter { response = response.with("retry-after", String(retryAfter)) }
        return response
    }
}
