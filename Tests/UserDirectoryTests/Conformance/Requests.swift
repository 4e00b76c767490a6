import IdentityCore
import UserDirectory

/// A profile with the fields that most tests need.
func profile(id: String? = nil, email: String? = nil, name: String? = nil) -> UserProfile {
    var profile = UserProfile()
    profile.externalID = id
    profile.email = email
    profile.name = name
    return profile
}

extension AdmissionRequest {
    /// A verified user of `acme`.
    static func verified(
        _ profile: UserProfile, mode: IdentifyMode = .upsert, matchBy: MatchRule = .email,
        emailMatching: EmailMatching = .exact, issuedAt: Double? = 1_700_000_000, organization: String = "acme"
    ) -> AdmissionRequest {
        AdmissionRequest(
            organization: organization,
            rule: AdmissionRule(mode: mode, matchBy: matchBy, emailMatching: emailMatching),
            profile: profile, issuedAt: issuedAt, onlyIDVerified: false)
    }

    /// A plain identity of `acme`.
    static func plain(_ profile: UserProfile, mode: IdentifyMode = .upsert) -> AdmissionRequest {
        AdmissionRequest(
            organization: "acme", rule: AdmissionRule(mode: mode, matchBy: .email, emailMatching: .exact),
            profile: profile, issuedAt: nil, onlyIDVerified: true)
    }
}

extension AdmissionOutcome {
    /// The user who was let in, nil where none was.
    var user: DirectoryUser? {
        if case .admitted(let user, _) = self { user } else { nil }
    }

    /// Why nobody was let in, nil where somebody was.
    var refusal: RejectionCode? {
        if case .refused(let code, _) = self { code } else { nil }
    }

    var isCreation: Bool {
        if case .admitted(_, created: true) = self { true } else { false }
    }
}

extension UserDirectory {
    func admit(_ request: AdmissionRequest) async -> AdmissionOutcome {
        await admit([request]).first ?? .unavailable
    }
}
