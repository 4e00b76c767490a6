import Foundation

/// The board as a page: the portal that an organization's users see.
struct BoardPage {
    let identity: ForwardedIdentity
    /// Whether addresses have to name the organization, because the host that the page was opened at doesn't.
    let namesOrganization: Bool

    var html: String {
        let facts = identity.facts.map { fact in
            "<dt>\(PageTemplate.escaped(fact.name))</dt><dd>\(PageTemplate.escaped(fact.value))</dd>"
        }
        let organization = identity.organization ?? ""
        return PageTemplate.fill(
            DemoPages.boardHTML,
            values: [
                "organization": organization,
                "portal": organization.isEmpty ? "Nobody’s portal" : organization.capitalized + "’s portal",
                "self": address("/"),
                "state": identity.state ?? "unknown",
                "stateName": identity.stateName,
                "sentence": identity.sentence,
                "author": identity.author,
            ],
            markup: ["facts": facts.joined(), "account": account, "mark": DemoPages.markSVG])
    }

    /// The way in, or who is here and the way out.
    private var account: String {
        let name = PageTemplate.escaped(identity.displayName)
        if identity.isSignedIn {
            return """
                <span>Signed in as <strong>\(name)</strong></span>
                <form method="post" action="\(PageTemplate.escaped(address("/_widget/logout")))">\
                <button class="plain" type="submit">Sign out</button></form>
                """
        }
        if identity.isIdentified { return "<strong>\(name)</strong>" }
        // Who came past the gateway has nobody to sign in with.
        guard identity.state != nil else { return "" }
        let start = FormParameters.adding([("return_to", address("/"))], to: address("/_widget/sso/start"))
        return #"<a class="button" href="\#(PageTemplate.escaped(start))">Sign in</a>"#
    }

    private func address(_ path: String) -> String {
        guard namesOrganization, let organization = identity.organization else { return path }
        return FormParameters.adding([("organizationId", organization)], to: path)
    }
}
