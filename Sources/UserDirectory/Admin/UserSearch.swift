/// Which users are wanted: all conditions hold together.
package struct UserFilter: Sendable, Equatable {
    /// What an email, a name, an external id or a directory id begins with; letter case counts for ids alone.
    package var search: String?
    package var status: String?
    package var segment: String?
    package var plan: String?
    /// The name or the id of the user's company.
    package var company: String?
    /// The id or the email address of who looks after the account.
    package var owner: String?
    package var role: UserRole?
    package var isBlocked: Bool?
    /// Monthly revenue of the user's company, both ends inclusive. A user without a number isn't in any range.
    package var revenueFrom: Double?
    package var revenueTo: Double?
    /// What other fields of the profile are, exactly.
    package var fields: [ProfileField: String] = [:]

    package static let risks = ["low", "medium", "high"]

    package init() {}
}

/// Fields of a profile that have no condition of their own in `UserFilter`. No index leads to them.
package enum ProfileField: String, Sendable, CaseIterable {
    case username, locale, weight
    case companyID = "company.id"
    case companyName = "company.name"
    case renewalDate = "renewal.date"
    case renewalRisk = "renewal.risk"
    case ownerID = "owner.id"
    case ownerEmail = "owner.email"
    /// What the customer calls the user: not the role in the directory.
    case role
}

/// A part of the users, in order of creation.
package struct UserPage: Sendable, Equatable {
    package var users: [DirectoryUser]
    /// Where the next page begins; nil: there is none.
    package var next: String?

    package init(users: [DirectoryUser], next: String?) {
        self.users = users
        self.next = next
    }
}

/// Finding users among a million.
package protocol UserSearch: Sendable {
    /// A page of the users that `filter` lets through, after the page that named `cursor`.
    ///
    /// What a call costs is bounded, however many users there are: where few of many fit, a page may hold fewer than
    /// `limit`, or none, and still name a next one. Throws `StoreError.userUnknown` for a cursor that leads nowhere.
    func users(
        of organization: String, _ filter: UserFilter, after cursor: String?, limit: Int
    ) async throws -> UserPage
}
