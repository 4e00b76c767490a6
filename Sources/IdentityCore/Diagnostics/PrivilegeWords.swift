/// Words for what a token's claims do with the role of its user, and for what is dropped of it. Which role the user has
/// isn't known here: the directory isn't asked.
enum PrivilegeWords {
    /// What follows the first sentence about the claims; empty where there is nothing to say.
    static func describe(_ privileges: PrivilegeClaims, warnings: TokenWarnings, dialect: Dialect) -> String {
        var sentences: [String] = []
        switch dialect {
        case .uservoice: sentences = rights(privileges)
        case .productlift: sentences = ["An admin or owner isn't let in with any token of this dialect."]
        case .productbridge, .sleekplan, .userorbit: break
        }
        if warnings.contains(.extraDropped) {
            sentences.append("Its unknown claims take more than 4 KiB and are dropped.")
        }
        return sentences.map { " " + $0 }.joined()
    }

    private static func rights(_ privileges: PrivilegeClaims) -> [String] {
        var sentences: [String] = []
        let denied = [("admin", privileges.admin), ("owner", privileges.owner)].filter { $0.1 == .deny }.map(\.0)
        for role in denied {
            sentences.append(
                privileges.isTrusted
                    ? "'\(role)' takes that role away." : "'\(role)' would deny and is ignored: 'trusted' isn't true.")
        }
        if privileges.owner == .accept, !(privileges.isTrusted && privileges.admin == .deny) {
            sentences.append("'owner' makes the user an owner.")
        } else if privileges.admin == .accept {
            sentences.append("'admin' makes the user an admin.")
        } else if !privileges.isTrusted {
            sentences.append("A user who is an admin or owner isn't let in with it: 'trusted' isn't true.")
        }
        return sentences
    }
}
