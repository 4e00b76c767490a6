package import HTTPMessages
package import IdentityCore
import PortalSSO

/// The one place that knows identity headers: which names are reserved, and how they are written.
///
/// The whole prefix `x-widget-` is the gateway's. A client's fields of such a name never pass, whatever the letter
/// case and whichever of `-`, `_` or `.` stand between the words: servers that hand headers on as variables make one
/// name of them all.
package enum IdentityHeaders {
    /// Whether a client's field of this name, in lower case, must not pass.
    @inline(__always)
    package static func isReserved(_ name: Bytes) -> Bool {
        name.count >= 9 && name[0] == 0x78 && isSeparator(name[1]) && isReservedSlowly(name)
    }

    private static func isReservedSlowly(_ name: Bytes) -> Bool {
        isSeparator(name[8]) && name.part(2, 8).equals("widget")
    }

    /// Anything that isn't a letter or digit.
    @inline(__always)
    static func isSeparator(_ byte: UInt8) -> Bool {
        !(0x61...0x7A).contains(byte) && !(0x30...0x39).contains(byte)
    }

    /// The fields of a request that speaks for nobody, as HTTP/1.1 lines.
    static func anonymous(organization: String) -> [UInt8] {
        var lines = ByteQueue()
        append("x-widget-state", "anonymous", to: &lines)
        append("x-widget-organization", organization, to: &lines)
        return Array(lines.readable)
    }

    /// The fields of an identified request, as HTTP/1.1 lines.
    package static func identified(
        organization: String, userID: String, profile: UserProfile, verifiedBy: VerificationMethod
    ) -> [UInt8] {
        var lines = ByteQueue()
        append("x-widget-state", "identified", to: &lines)
        append("x-widget-organization", organization, to: &lines)
        append("x-widget-user", userID, to: &lines)
        if let id = profile.externalID { append("x-widget-user-id", id, to: &lines) }
        if let email = profile.email { append("x-widget-user-email", email, to: &lines) }
        if let name = profile.name { append("x-widget-user-name", PercentEncoding.encode(name), to: &lines) }
        append("x-widget-verified-by", verifiedBy.rawValue, to: &lines)
        return Array(lines.readable)
    }

    /// Appends one line; a value that can't stand in a field is left out with its name.
    static func append(_ name: StaticString, _ value: String, to lines: inout ByteQueue) {
        var value = value
        value.withUTF8 { bytes in
            let bytes = Bytes(bytes)
            guard bytes.isFieldValue, bytes.trimmingBlanks.count == bytes.count else { return }
            lines.append(name)
            lines.append(": ")
            lines.append(bytes)
            lines.append("\r\n")
        }
    }
}

/// What an identity rests on.
package enum VerificationMethod: String, Sendable {
    case token
    case userHash = "user_hash"
    case session
}
