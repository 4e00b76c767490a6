import ControlPlane
import UserDirectory

/// A page without what surrounds it: a template, and what it shows.
struct PageContent: Sendable {
    /// Where a page stands, which decides what navigation surrounds it.
    enum Place: Sendable {
        case instance(InstanceTab)
        case organization(OrganizationSettings, OrganizationTab)
    }

    let template: String
    let title: String
    let place: Place
    let status: Int
    /// What the template finds as `page`.
    let content: any Sendable

    init(_ template: String, title: String, in place: Place, status: Int = 200, _ content: any Sendable) {
        self.template = template
        self.title = title
        self.place = place
        self.status = status
        self.content = content
    }

    static func problem(_ problem: AdminProblem) -> PageContent {
        PageContent(
            "problem", title: problem.heading, in: .instance(.none), status: problem.code.status,
            ProblemPage(problem))
    }
}

/// The pages of the whole instance.
enum InstanceTab: String, Sendable, CaseIterable {
    case none, organizations, adminTokens, audit
}

/// The pages of one organization, in the order of its navigation; the raw value is the last part of the address.
enum OrganizationTab: String, Sendable, CaseIterable {
    case overview = ""
    case signIn = "sso"
    case widgetAuth = "widget-auth"
    case portal
    case secrets = "keys"
    case users
    case tokenLog = "token-log"
    case tokenChecker = "token-checker"
    case audit
    case settings

    var label: String {
        switch self {
        case .overview: "Overview"
        case .signIn: "SSO redirect"
        case .widgetAuth: "Widget auth"
        case .portal: "Portal"
        case .secrets: "API keys"
        case .users: "Users"
        case .tokenLog: "Token log"
        case .tokenChecker: "Token checker"
        case .audit: "Audit"
        case .settings: "Settings"
        }
    }
}

/// What a page tells once, after something happened.
struct PageNotice: Sendable {
    /// `good`, `warning` or `bad`: a class of the style sheet.
    var kind = "good"
    var text: String
    /// A text that is shown this once, to be copied.
    var secret: ShownSecret?

    static func good(_ text: String) -> PageNotice { PageNotice(text: text) }
    static func warning(_ text: String) -> PageNotice { PageNotice(kind: "warning", text: text) }
    static func bad(_ text: String) -> PageNotice { PageNotice(kind: "bad", text: text) }
}

struct ShownSecret: Sendable {
    let label: String
    let text: String
    let hint: String
}

struct ProblemPage: Sendable {
    let heading: String
    let detail: String
    let code: String
    let errors: [Line]

    struct Line: Sendable {
        let path: String
        let message: String
    }

    init(_ problem: AdminProblem) {
        heading = problem.heading
        detail = problem.sentence
        code = problem.code.rawValue
        errors = problem.errors.count > 1 ? problem.errors.map { Line(path: $0.path, message: $0.message) } : []
    }
}

extension AdminProblem {
    var heading: String {
        switch code {
        case .notFound, .organizationUnknown, .userUnknown, .secretUnknown, .sessionUnknown, .adminTokenUnknown:
            "Not found"
        case .scopeInsufficient: "Not allowed"
        case .directoryUnavailable: "The directory is out of reach"
        case .internalError: "Something went wrong"
        default: "That didn't work"
        }
    }

    /// The detail as a sentence.
    var sentence: String {
        let text = detail.prefix(1).uppercased() + detail.dropFirst()
        return text.hasSuffix(".") || text.hasSuffix("?") ? text : text + "."
    }
}
