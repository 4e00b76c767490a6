/// The customer's login page: where portals send those whom they want signed in.
///
/// A real one would ask for a password, or know its user by a session of its own; this one lets you choose.
struct LoginPage: DemoSite {
    let organizations: [DemoOrganization]
    /// Seconds since 1970.
    let now: @Sendable () -> Int

    func respond(to request: DemoRequest) -> DemoResponse {
        do throws(PortalSignIn.Refusal) {
            switch request.method {
            case "GET", "HEAD": return page(try PortalSignIn(request.query, organizations: organizations))
            case "POST":
                // Somebody else's page could sign its readers in as a person of its choice.
                guard !request.isFromAnotherSite else { return .problem(403, "the form of another site isn't taken") }
                guard let form = request.form else { return .problem(415, "sign-in is sent as a form") }
                return signIn(form, try PortalSignIn(form, organizations: organizations))
            default: return .methodNotAllowed("GET, POST")
            }
        } catch {
            return refusal(error)
        }
    }

    private func page(_ wish: PortalSignIn) -> DemoResponse {
        let fields = wish.parameters.map { field in
            #"<input type="hidden" name="\#(field.name)" value="\#(PageTemplate.escaped(field.value))">"#
        }
        let html = PageTemplate.fill(
            DemoPages.loginHTML,
            values: ["app": wish.organization.appName, "portal": wish.portal],
            markup: [
                "fields": fields.joined(), "mark": DemoPages.markSVG, "testHidden": wish.isTest ? "" : "hidden",
            ])
        // Browsers hold the redirect that answers a form against the policy too.
        return .page(html, formsLeadTo: wish.organization.portals)
    }

    private func signIn(_ form: FormParameters, _ wish: PortalSignIn) -> DemoResponse {
        guard let visitor = form["visitor"].flatMap(DemoVisitor.init) else {
            return .problem(400, "there is no such visitor")
        }
        guard let token = visitor.token(for: wish.organization, now: now()) else {
            return .problem(500, "the token couldn't be signed")
        }
        return .redirect(to: wish.location(token: token))
    }

    private func refusal(_ reason: PortalSignIn.Refusal) -> DemoResponse {
        let links = organizations.compactMap { organization in
            organization.portals.first.map { portal in
                #"<a href="\#(PageTemplate.escaped(portal))/">\#(organization.portalName)</a>"#
            }
        }
        let html = PageTemplate.fill(
            DemoPages.refusedHTML, values: ["title": reason.title, "sentence": reason.sentence],
            markup: ["portals": links.joined(separator: " "), "mark": DemoPages.markSVG])
        return .page(html, status: 400)
    }
}

extension PortalSignIn.Refusal {
    fileprivate var title: String {
        switch self {
        case .noPortal: "Nobody asked for you"
        case .notThePortal: "You would end up somewhere else"
        }
    }

    fileprivate var sentence: String {
        switch self {
        case .noPortal:
            "A portal sends its visitors to this page, and says where they come from. Open one and choose “Sign in”."
        case .notThePortal:
            "The address that brought you here wants your token to be sent to a site that isn’t the organization’s "
                + "portal. Whoever gets it could sign in as you, so this app signs nothing."
        }
    }
}
