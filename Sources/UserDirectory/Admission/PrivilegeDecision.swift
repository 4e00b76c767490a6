import IdentityCore

/// What one request may do with its user's role (section 5 of the specification, privilege rules).
///
/// | role | claims | becomes |
/// | --- | --- | --- |
/// | any | `owner: accept` | owner |
/// | user | `admin: accept` | admin |
/// | owner | `owner: deny`, trusted | admin |
/// | admin, owner | `admin: deny`, trusted | user: who is no admin can't be an owner |
///
/// A `deny` that isn't trusted is as good as absent. Of two claims that contradict each other, the one that takes away
/// holds.
struct PrivilegeDecision {
    let rule: PrivilegeRule
    let claims: PrivilegeClaims

    /// Why a user with this role isn't let in; nil where the rule doesn't mind.
    func refusal(of role: UserRole) -> RejectionCode? {
        guard role != .user else { return nil }
        switch rule {
        case .untouched: return nil
        case .refusesAdmins: return .adminSSOForbidden
        case .byClaims:
            let vouchedFor = claims.isTrusted || claims.admin == .accept || claims.owner == .accept
            return vouchedFor ? nil : .adminIdentityUntrusted
        }
    }

    /// The role that a user with this one has from now on.
    func role(of role: UserRole) -> UserRole {
        guard rule == .byClaims else { return role }
        if claims.isTrusted, claims.admin == .deny { return .user }
        if claims.isTrusted, claims.owner == .deny {
            return role == .user && claims.admin != .accept ? .user : .admin
        }
        if claims.owner == .accept || role == .owner { return .owner }
        return claims.admin == .accept ? .admin : role
    }
}
