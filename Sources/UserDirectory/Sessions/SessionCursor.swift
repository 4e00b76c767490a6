import MessageAuthentication

/// A place in the list of sessions, which the youngest begin: after the session that it was made of, whether that goes on
/// or has ended meanwhile.
package struct SessionCursor: Sendable, Equatable {
    /// Seconds since 1970.
    package let createdAt: Double
    /// The first bytes of the digest, `PortalSession.nameBytes` of them.
    package let digest: [UInt8]

    package init(after session: PortalSession) {
        createdAt = session.createdAt
        digest = Array(session.digest.bytes.prefix(PortalSession.nameBytes))
    }

    /// Reads `text`; nil where it is none.
    package init?(_ text: String) {
        guard text.utf8.count == 32, let bytes = Hexadecimal.decode(text), text == Hexadecimal.text(bytes) else {
            return nil
        }
        let moment = Double(bitPattern: bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) })
        guard moment.isFinite else { return nil }
        createdAt = moment
        digest = Array(bytes.dropFirst(8))
    }

    /// 32 hexadecimal digits.
    package var text: String {
        let bits = createdAt.bitPattern
        return Hexadecimal.text((0..<8).map { UInt8(truncatingIfNeeded: bits >> (56 - 8 * UInt64($0))) } + digest)
    }
}
