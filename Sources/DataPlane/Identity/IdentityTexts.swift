import HTTPMessages
import IdentityCore

/// A part of an identity's run of bytes.
struct TextRange {
    let start: UInt32
    let count: UInt32

    init(_ range: Range<Int>) {
        start = UInt32(range.lowerBound)
        count = UInt32(range.count)
    }
}

/// The texts of an identity, written one behind the other, each byte once: user id and organization are lent from the
/// headers, and the profile shares with the state document what both begin with, which is all of a plain profile.
struct IdentityTexts {
    /// Where each text is.
    struct Places {
        var headers: TextRange
        var state: TextRange
        var organization: TextRange
        var userID: TextRange
        /// The profile is a brace, this, and the rest.
        var profileStart: TextRange
        var profileRest: TextRange
    }

    let bytes: [UInt8]
    let places: Places

    init(organizationID: String, userID: String, profile: UserProfile, method: VerificationMethod) {
        let headers = IdentityHeaders.identified(
            organization: organizationID, userID: userID, profile: profile, verifiedBy: method)
        let state = StateDocument.identified(
            organization: organizationID, userID: userID, profile: profile, method: method)
        let profileText = ProfileDocument.json(profile).dropFirst()
        var bytes: [UInt8] = []
        bytes.reserveCapacity(headers.count + state.count + profileText.count)
        bytes += headers
        bytes += state
        let stateRange = headers.count..<bytes.count

        // In the state document, the profile's members follow the user's id.
        let id = Array(",\"user\":{\"id\":".utf8)
        let members = Self.range(of: id, in: state).flatMap { found in
            state[found.upperBound...].firstIndex(of: UInt8(ascii: ",")).map { headers.count + $0 + 1 }
        }
        let shared = members ?? bytes.count
        let sharedCount = zip(bytes[shared...], profileText).prefix { $0 == $1 }.count
        let rest = bytes.count
        bytes += profileText.dropFirst(sharedCount)
        let restRange = rest..<bytes.count

        places = Places(
            headers: TextRange(0..<headers.count), state: TextRange(stateRange),
            organization: TextRange(Self.place(of: organizationID, in: &bytes)),
            userID: TextRange(Self.place(of: userID, in: &bytes)),
            profileStart: TextRange(shared..<shared + sharedCount), profileRest: TextRange(restRange))
        self.bytes = bytes
    }

    /// Where the text is in `bytes`; appended to them if it is nowhere yet.
    private static func place(of text: String, in bytes: inout [UInt8]) -> Range<Int> {
        let text = Array(text.utf8)
        if let known = range(of: text, in: bytes) { return known }
        bytes += text
        return bytes.count - text.count..<bytes.count
    }

    private static func range(of text: [UInt8], in bytes: [UInt8]) -> Range<Int>? {
        bytes.withUnsafeBytes { bytes in
            text.withUnsafeBytes { text in
                guard let first = text.first else { return 0..<0 }
                var start = 0
                while start + text.count <= bytes.count,
                    let found = bytes.firstIndex(ofByte: first, from: start, to: bytes.count - text.count + 1)
                {
                    if bytes.part(found, found + text.count).equals(text) { return found..<found + text.count }
                    start = found + 1
                }
                return nil
            }
        }
    }
}
