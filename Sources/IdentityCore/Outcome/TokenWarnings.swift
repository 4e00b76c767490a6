/// What an admin should know about an accepted token.
package struct TokenWarnings: OptionSet, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The same as `[]`, which in another module is made by unspecialized code each time.
    package static var none: TokenWarnings { TokenWarnings(rawValue: 0) }
    /// The unknown claims took more than 4 KiB and were dropped.
    package static let extraDropped = TokenWarnings(rawValue: 1)
    /// A claim would take a role away and was ignored, since the token isn't trusted.
    package static let privilegeDenyIgnored = TokenWarnings(rawValue: 2)

    /// What each is called in logs and in `--json`.
    package var names: [String] {
        [(TokenWarnings.extraDropped, "extra_dropped"), (.privilegeDenyIgnored, "privilege_deny_ignored")]
            .filter { contains($0.0) }.map(\.1)
    }

    init(_ claims: UserClaims, _ privileges: PrivilegeClaims, in scratch: JSONScratch) {
        self = []
        if claims.extraLength(in: scratch) > UserProfile.maximumExtra { insert(.extraDropped) }
        if privileges.ignoresDeny { insert(.privilegeDenyIgnored) }
    }
}
