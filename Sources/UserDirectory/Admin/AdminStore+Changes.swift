package import IdentityCore

/// A change by itself is a transaction of its own.
extension OrganizationStore where Self: AdminStore {
    @discardableResult
    package func put(_ settings: OrganizationSettings) async throws -> Bool {
        try await administer { try $0.put(settings) }
    }

    @discardableResult
    package func deleteOrganization(_ id: String) async throws -> Bool {
        try await administer { try $0.deleteOrganization(id) }
    }

    @discardableResult
    package func addSecret(
        _ text: String, purpose: SecretPurpose, to organization: String
    ) async throws -> SecretSummary {
        try await administer { try $0.addSecret(text, purpose: purpose, to: organization) }
    }

    @discardableResult
    package func revokeSecret(_ id: String, of organization: String) async throws -> Bool {
        try await administer { try $0.revokeSecret(id, of: organization) }
    }
}

extension UserStore where Self: AdminStore {
    @discardableResult
    package func setBlocked(_ blocked: Bool, user reference: String, of organization: String) async throws -> Bool {
        try await administer { try $0.setBlocked(blocked, user: reference, of: organization) }
    }

    @discardableResult
    package func signOutEverywhere(
        user reference: String, of organization: String, at moment: Double
    ) async throws -> Bool {
        try await administer { try $0.signOutEverywhere(user: reference, of: organization, at: moment) }
    }

    @discardableResult
    package func deleteUser(_ reference: String, of organization: String) async throws -> Bool {
        try await administer { try $0.deleteUser(reference, of: organization) }
    }

    package func importUsers(
        _ profiles: [UserProfile], into organization: String
    ) async throws -> (created: Int, updated: Int) {
        try await administer { try $0.importUsers(profiles, into: organization) }
    }
}

extension SessionStore where Self: AdminStore {
    @discardableResult
    package func endSessions(of organization: String, _ selection: SessionSelection) async throws -> Int {
        try await administer { try $0.endSessions(of: organization, selection) }
    }
}
