import ControlPlane
import IdentityCore
import UserDirectory

/// Puts around a page what all pages have: head, navigation, notices.
struct PageFrame: Sendable {
    private let who: Administrator
    private let csrf: String
    /// A script asks for a part of a page, and has no use for a whole one that tells of a problem.
    let wantsFragment: Bool

    init(_ call: ConsoleCall) {
        who = call.who
        csrf = call.session.csrf
        wantsFragment = call.request.field("x-requested-with") == "fetch"
    }

    func response(_ page: PageContent, notice: PageNotice?) -> AdminResponse {
        let view = View(layout: layout(page, notice), page: page.content)
        return .html(Templates.render(page.template, view), status: page.status)
    }

    private func layout(_ page: PageContent, _ notice: PageNotice?) -> Layout {
        var organization: Layout.Organization?
        var tabs: [Layout.Link] = []
        var isInOrganizations = false
        switch page.place {
        case .instance(let tab): isInOrganizations = tab == .organizations
        case .organization(let settings, let current):
            isInOrganizations = true
            organization = Layout.Organization(
                id: settings.id, name: settings.name, dialect: settings.dialect.rawValue,
                address: ConsoleAddress.organization(settings.id))
            tabs = OrganizationTab.allCases.map { tab in
                Layout.Link(
                    label: tab.label, address: ConsoleAddress.organization(settings.id, tab.rawValue),
                    isCurrent: tab == current)
            }
        }
        return Layout(
            title: page.title, style: Asset.style.address, script: Asset.script.address, icon: Asset.icon.address,
            csrf: csrf, mayWrite: !who.scope.isReadOnly, isReadOnly: who.scope.isReadOnly,
            administrator: who.actor.name, cameByInitialToken: who.cameByInitialToken,
            links: [
                Layout.Link(
                    label: "Organizations", address: ConsoleAddress.organizations, isCurrent: isInOrganizations),
                Layout.Link(
                    label: "Admin tokens", address: ConsoleAddress.adminTokens,
                    isCurrent: page.isIn(.adminTokens)),
                Layout.Link(label: "Audit", address: ConsoleAddress.audit, isCurrent: page.isIn(.audit)),
            ],
            organization: organization, tabs: tabs, notice: notice)
    }

    private struct View: Sendable {
        let layout: Layout
        let page: any Sendable
    }
}

/// What the layout's template shows; pages find it as `layout`.
struct Layout: Sendable {
    struct Link: Sendable {
        let label: String
        let address: String
        let isCurrent: Bool
    }

    struct Organization: Sendable {
        let id: String
        let name: String
        let dialect: String
        let address: String
    }

    let title: String
    let style: String
    let script: String
    let icon: String
    /// What each form must carry, as field `csrf`.
    let csrf: String
    let mayWrite: Bool
    let isReadOnly: Bool
    let administrator: String
    let cameByInitialToken: Bool
    let links: [Link]
    let organization: Organization?
    let tabs: [Link]
    let notice: PageNotice?
}

extension PageContent {
    fileprivate func isIn(_ tab: InstanceTab) -> Bool {
        if case .instance(tab) = place { true } else { false }
    }
}
