import ControlPlane
import IdentityCore
import UserDirectory

/// Everybody whom the directory knows.
enum UsersPage {
    static let pageSize = 50
    /// A call to the directory looks at a bounded number of users; a page makes so many before it asks to go on.
    static let callsPerPage = 4

    static let routes: [ConsoleRoute] = [
        .get("organizations/{organization}/users") { call in
            let settings = try await call.settings()
            let wanted = UserQuery(call.query)
            let cursor = call.query.text("cursor")
            var users: [DirectoryUser] = []
            var next = cursor
            for _ in 0..<callsPerPage {
                let page = try await call.administration.users.list(
                    of: settings.id, wanted.filter, after: next, limit: pageSize - users.count, by: call.who)
                users += page.users
                next = page.next
                if next == nil || users.count >= pageSize { break }
            }
            // Counting takes longer the more there are: once, on the first page.
            let count =
                cursor == nil ? try await call.administration.users.count(of: settings.id, by: call.who) : nil
            return .page(
                PageContent(
                    "users", title: "Users", in: .organization(settings, .users),
                    Page(call, wanted, users, count: count, cursor: cursor, next: next)))
        },
        .get("organizations/{organization}/users.csv") { call in
            let organization = call.organization
            let next = try await call.administration.users.exportCSV(
                of: organization, UserQuery(call.query).filter, by: call.who)
            return .response(
                .download(.parts(next), type: "text/csv; charset=utf-8", name: "users-\(organization).csv"))
        },
    ]

    private struct Page: Sendable {
        let rows: [Row]
        /// How many there are, whatever is searched for.
        let count: String?
        let isOne: Bool
        let isEmpty: Bool
        let query: UserQuery
        let roles: [Option]
        let blocked: [Option]
        let fields: [Option]
        let path: String
        let export: String
        let importing: String
        let pager: Pager
        /// The page isn't full, and there is more to look through.
        let goesOn: Bool

        init(
            _ call: ConsoleCall, _ query: UserQuery, _ users: [DirectoryUser], count: Int?, cursor: String?,
            next: String?
        ) {
            rows = users.map { Row($0, call) }
            self.count = count?.grouped
            isOne = count == 1
            isEmpty = count == 0
            self.query = query
            let role = query.filter.role
            roles =
                [Option("", "any", isChosen: role == nil)]
                + UserRole.allCases.map { Option($0.rawValue, $0.rawValue, isChosen: role == $0) }
            let isBlocked = query.filter.isBlocked
            blocked = [
                Option("", "any", isChosen: isBlocked == nil),
                Option("no", "may come in", isChosen: isBlocked == false),
                Option("yes", "blocked", isChosen: isBlocked == true),
            ]
            fields =
                [Option("", "none", isChosen: query.field.isEmpty)]
                + ProfileField.allCases.map {
                    Option($0.rawValue, $0.label, isChosen: query.field == $0.rawValue)
                }
            path = call.address("users")
            export = ConsoleAddress.query(call.address("users.csv"), query.pairs.map { ($0, $1) })
            importing = call.address("users/import")
            pager = Pager(path, query: query.pairs.map { ($0, $1) }, cursor: cursor, next: next)
            goesOn = next != nil && users.count < UsersPage.pageSize
        }
    }

    private struct Row: Sendable {
        let address: String
        let name: String
        /// What else says who it is.
        let email: String?
        let externalID: String?
        let company: String?
        let revenue: String?
        let status: String?
        let segments: [String]
        let moreSegments: Int?
        let badges: [Badge]
        let avatar: Avatar
        let created: MomentText

        init(_ user: DirectoryUser, _ call: ConsoleCall) {
            let profile = user.profile
            address = ConsoleAddress.user(user.id, of: call.organization)
            name = user.shownName
            email = profile.name == nil ? nil : profile.email?.shownShort
            externalID = profile.externalID?.shownShort
            let company = [profile.company?.name, profile.company?.plan].compactMap { $0?.shownShort }
            self.company = company.isEmpty ? nil : company.joined(separator: " · ")
            revenue = profile.company?.mrr?.shownShort
            status = profile.status?.shownShort
            segments = (profile.segments ?? []).prefix(3).map(\.shownShort)
            moreSegments = profile.segments.flatMap { $0.count > 3 ? $0.count - 3 : nil }
            badges = user.badges
            avatar = user.avatar
            created = MomentText(user.createdAt, now: call.now)
        }
    }
}

/// What the list's form asks for.
struct UserQuery: Sendable {
    let search: String
    let status: String
    let segment: String
    let plan: String
    let least: String
    let most: String
    let field: String
    let value: String
    let filter: UserFilter
    /// What `filter` came from, for addresses.
    let pairs: [(String, String)]
    let isFiltered: Bool
    /// Whether more than the search is asked for.
    let hasConditions: Bool

    init(_ query: FormValues) {
        func text(_ name: String) -> String { query.text(name) ?? "" }
        search = text("search")
        status = text("status")
        segment = text("segment")
        plan = text("plan")
        least = text("mrr_min")
        most = text("mrr_max")
        field = text("field")
        value = text("value")
        var filter = UserFilter()
        filter.search = query.text("search")
        filter.status = query.text("status")
        filter.segment = query.text("segment")
        filter.plan = query.text("plan")
        filter.role = query.choice("role", UserRole.self)
        filter.isBlocked = ["yes": true, "no": false][text("blocked")]
        filter.revenueFrom = query.number("mrr_min")
        filter.revenueTo = query.number("mrr_max")
        if let field = ProfileField(rawValue: field), !value.isEmpty { filter.fields = [field: value] }
        self.filter = filter
        let names = ["search", "status", "segment", "plan", "role", "blocked", "mrr_min", "mrr_max", "field", "value"]
        pairs = names.compactMap { name in query.text(name).map { (name, $0) } }
        isFiltered = filter != UserFilter()
        var conditions = filter
        conditions.search = nil
        hasConditions = conditions != UserFilter()
    }
}

extension ProfileField {
    fileprivate var label: String {
        switch self {
        case .username: "user name"
        case .locale: "locale"
        case .weight: "weight"
        case .companyID: "company's id"
        case .companyName: "company's name"
        case .renewalDate: "renewal date"
        case .renewalRisk: "renewal risk"
        case .ownerID: "account owner's id"
        case .ownerEmail: "account owner's email"
        case .role: "role at the customer"
        }
    }
}
