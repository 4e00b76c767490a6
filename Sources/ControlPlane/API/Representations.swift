import Foundation
package import GatewayConfiguration
import IdentityCore
import PortalSSO
import UserDirectory

/// How the API shows what the services give it. The schemas of the same names are in `AdminSchemas`.
package enum Representation {
    static func secret(_ secret: SecretSummary, at moment: Double) -> JSONValue {
        let state = secret.revokedAt != nil ? "revoked" : secret.isActive(at: moment) ? "active" : "ended"
        return .members([
            "id": .string(secret.id), "purpose": .string(secret.purpose.rawValue), "last4": .string(secret.last4),
            "state": .string(state), "created_at": .number(secret.createdAt),
            "last_used_at": .moment(secret.lastUsedAt), "valid_until": .moment(secret.validUntil),
            "revoked_at": .moment(secret.revokedAt),
        ])
    }

    static func user(_ user: DirectoryUser) -> JSONValue {
        .members([
            "id": .string(user.id), "profile": profile(user.profile),
            "unverified": .array(user.unverified.map { .string($0) }), "role": .string(user.role.rawValue),
            "created_at": .number(user.createdAt), "updated_at": .number(user.updatedAt),
            "blocked_at": .moment(user.blockedAt), "tokens_valid_after": .moment(user.tokensValidAfter),
        ])
    }

    /// As the directory keeps it, with `meta` and `extra` as the JSON that they are.
    static func profile(_ profile: UserProfile) -> JSONValue {
        var bare = profile
        bare.meta = nil
        bare.extra = nil
        guard let data = try? JSONEncoder().encode(bare), case .object(var members)? = parsed(Array(data)) else {
            return .object([])
        }
        members.sort { $0.key < $1.key }
        if let meta = profile.meta { members.append(.init("meta", raw(meta))) }
        if let extra = profile.extra { members.append(.init("extra", raw(extra))) }
        return .object(members)
    }

    private static func raw(_ json: RawJSON) -> JSONValue { parsed(Array(json.text.utf8)) ?? .string(json.text) }

    private static func parsed(_ bytes: [UInt8]) -> JSONValue? {
        do throws(JSONSyntaxError) { return try JSONParser.parse(bytes) } catch { return nil }
    }

    static func session(_ session: PortalSession) -> JSONValue {
        .members([
            "id": .string(session.name), "user": .string(session.user), "secret": .string(session.keyID),
            "created_at": .number(session.createdAt), "expires_at": .number(session.expiresAt),
        ])
    }

    static func auditEntry(_ entry: AuditEntry) -> JSONValue {
        func change(_ text: String?) -> JSONValue { text.flatMap { parsed(Array($0.utf8)) } ?? .null }
        return .members([
            "number": .integer(Int(entry.number)), "at": .number(entry.at),
            "actor": .members([
                "kind": .string(entry.actor.kind.rawValue), "id": .string(entry.actor.id),
                "name": .string(entry.actor.name), "address": .text(entry.actor.address),
            ]),
            "action": .string(entry.action), "organization": .text(entry.organization),
            "subject": .text(entry.subject), "before": change(entry.before), "after": change(entry.after),
        ])
    }

    static func adminToken(_ token: AdminToken, at moment: Double) -> JSONValue {
        let state = token.revokedAt != nil ? "revoked" : token.isActive(at: moment) ? "active" : "expired"
        return .members([
            "id": .string(token.id), "name": .string(token.name), "organization": .text(token.scope.organization),
            "read_only": .bool(token.scope.isReadOnly), "initial": .bool(token.isInitial), "state": .string(state),
            "created_at": .number(token.createdAt), "expires_at": .moment(token.expiresAt),
            "last_used_at": .moment(token.lastUsedAt), "revoked_at": .moment(token.revokedAt),
        ])
    }

    static func signIn(_ report: SignInReport) -> JSONValue {
        let (state, at, code): (String, Double?, String?) =
            switch report.readiness {
            case .untested: ("untested", nil, nil)
            case .stale: ("stale", nil, nil)
            case .tested(let moment): ("tested", moment, nil)
            case .failed(let code, let moment): ("failed", moment, code.rawValue)
            }
        return .members([
            "enabled": .bool(report.settings.sso.enabled), "state": .string(state), "at": .moment(at),
            "code": .text(code), "may_be_enabled": .bool(report.readiness.unlocksEnable),
            "last_success_at": .moment(report.tests.lastSuccess?.at),
            "last_failure_at": .moment(report.tests.lastFailure?.at),
            "hosts": .array(
                report.addresses.map {
                    .members([
                        "host": .string($0.host), "portal_url": .string($0.portal), "callback_url": .text($0.callback),
                        "test_url": .string($0.test),
                    ])
                }),
        ])
    }

    /// All that is stored of one user.
    package static func userData(_ record: UserRecord) -> JSONValue {
        .members([
            "user": user(record.user), "sessions": .array(record.sessions.map(session)),
            "changes": .array(record.changes.map(auditEntry)), "tokens": .array(record.tokens.map(tokenLogEntry)),
            "repeats": .array(record.repeats.map(repeats)), "complete": .bool(record.isComplete),
        ])
    }

    static func importReport(_ report: UserImportReport) -> JSONValue {
        .members([
            "read": .integer(report.read), "created": .integer(report.created), "updated": .integer(report.updated),
            "refused": .integer(report.refused), "mistake_count": .integer(report.mistakeCount),
            "mistakes": .array(
                report.mistakes.map { .members(["line": .integer($0.line), "message": .string($0.message)]) }),
            "stopped": .text(report.stopped),
        ])
    }

    /// A page of something, with where the next begins.
    static func page(_ name: String, _ elements: [JSONValue], next: String?) -> JSONValue {
        .object([.init(name, .array(elements)), .init("next_cursor", .text(next))])
    }
}

extension JSONValue {
    /// This object with one more member.
    func adding(_ key: String, _ value: JSONValue) -> JSONValue {
        guard case .object(let members) = self else { return self }
        return .object(members + [Member(key, value)])
    }
}
