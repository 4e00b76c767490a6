import ControlPlane
import UserDirectory

/// One request for a page, with who asks and what they sent.
struct ConsoleCall: Sendable {
    let administration: Administration
    let request: AdminRequest
    let who: Administrator
    let session: ConsoleSession
    /// The imports of users that go on, and the last ones.
    let imports: UserImports
    /// Lets this browser's session go on by another admin token, named by its digest.
    let adopt: @Sendable ([UInt8]) -> Void
    /// The named segments of the path.
    var path: [String: String]
    let query: FormValues
    /// What was posted, from a page of this browser's own.
    var form = FormValues(query: "")

    var now: Double { administration.now() }
    var mayWrite: Bool { !who.scope.isReadOnly }

    func segment(_ name: String) -> String { path[name] ?? "" }

    /// The organization that the path names.
    var organization: String { segment("organization") }

    func settings() async throws -> OrganizationSettings {
        try await administration.organizations.settings(of: organization, by: who)
    }

    /// The address of a page of the organization: `users`, say.
    func address(_ page: String) -> String { ConsoleAddress.organization(organization, page) }

    /// Whether the administrator has said yes to what the page of `confirmation` asks.
    var isConfirmed: Bool { form["confirmed"] == "yes" }

    /// A page that asks before a change, and sends the same form once more, confirmed.
    func confirmation(_ question: Confirmation, in place: PageContent.Place) -> ConsoleAnswer {
        .page(
            PageContent(
                "confirm", title: question.title, in: place,
                ConfirmationPage(
                    question, action: String(request.path),
                    fields: form.hidden(without: [ConsoleForm.field, "confirmed"]))))
    }
}

/// Addresses of pages.
enum ConsoleAddress {
    static let organizations = Console.root + "/"
    static let adminTokens = Console.root + "/admin-tokens"
    static let audit = Console.root + "/audit"

    static func organization(_ id: String, _ page: String = "") -> String {
        Console.root + "/organizations/" + id.percentEncoded + (page.isEmpty ? "" : "/" + page)
    }

    /// `path` with those of `pairs` that have a value.
    static func query(_ path: String, _ pairs: [(String, String?)]) -> String {
        let given = pairs.compactMap { name, value in value.map { "\(name)=\($0.percentEncoded)" } }
        return given.isEmpty ? path : path + "?" + given.joined(separator: "&")
    }

    static func user(_ id: String, of organization: String) -> String {
        self.organization(organization, "users/" + id.percentEncoded)
    }
}

/// What a page's handler answers.
enum ConsoleAnswer: Sendable {
    case page(PageContent)
    /// After a change: 303 to a page, which shows the notice.
    case seeOther(String, PageNotice? = nil)
    /// Something else than a page: a download, a part of a page for a script.
    case response(AdminResponse)
}
