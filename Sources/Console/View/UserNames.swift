import IdentityCore
import UserDirectory

extension DirectoryUser {
    /// What to call the user where there is one line: name, address, own id or directory id, the first that was said.
    var shownName: String {
        let said = [profile.name, profile.email, profile.externalID].compactMap { $0?.shownShort }
        return said.first { !$0.isEmpty } ?? id
    }

    var avatar: Avatar { Avatar(of: shownName, id: id) }

    /// What sets the user apart from most.
    var badges: [Badge] {
        var badges: [Badge] = []
        if blockedAt != nil { badges.append(Badge("blocked", "bad")) }
        if role != .user { badges.append(Badge(role.rawValue, "accent")) }
        if !unverified.isEmpty { badges.append(Badge("unverified", "warning")) }
        return badges
    }
}

/// A disc with initials: no picture is loaded from anywhere.
struct Avatar: Sendable {
    private static let colours: UInt32 = 6

    let initials: String
    /// A class of the style sheet: the same user always has the same colour.
    let colour: String

    init(of name: String, id: String) {
        // Scalars, not characters: one character may have thousands of accents.
        let words = name.prefix { $0 != "@" }.split { !($0.isLetter || $0.isNumber) }
        let first = [words.first, words.count > 1 ? words.last : nil].compactMap { word in
            word?.unicodeScalars.first { $0.properties.isAlphabetic || $0.properties.numericType != nil }
        }
        initials = first.map { $0.properties.uppercaseMapping.prefix(1) }.joined()
        colour = "avatar-\(id.utf8.reduce(UInt32(7)) { $0 &* 31 &+ UInt32($1) } % Self.colours)"
    }
}

extension String {
    /// For lists and headings: on one line, without what turns the direction of the text around it, and not too long.
    var shownShort: String {
        var text = ""
        var marks = 0
        for scalar in unicodeScalars.lazy.filter(\.isShown) where text.unicodeScalars.count <= 80 {
            // A tower of accents would reach into the lines around it.
            marks = scalar.properties.generalCategory == .nonspacingMark ? marks + 1 : 0
            if marks <= 3 { text.unicodeScalars.append(scalar) }
        }
        guard text.unicodeScalars.count > 80 else { return text.trimmed }
        return String(String.UnicodeScalarView(text.unicodeScalars.prefix(80))).trimmed + "…"
    }
}

extension Unicode.Scalar {
    /// Neither a control character nor one that orders text in another direction (Unicode Standard Annex 9).
    fileprivate var isShown: Bool {
        switch value {
        case 0x00...0x1F, 0x7F...0x9F, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: false
        default: true
        }
    }
}
