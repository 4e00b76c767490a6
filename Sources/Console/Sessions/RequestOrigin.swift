import ControlPlane

/// Where a change comes from: only the console's own pages may ask for one.
///
/// The session's cookie is `SameSite=Strict` and each form carries a token of its own. This is the third lock, which
/// also holds for the sign-in form, where there is no session yet.
enum RequestOrigin {
    static func check(_ request: AdminRequest) throws {
        if let site = request.field("sec-fetch-site"), site != "same-origin" { throw foreign }
        guard request.fields.contains(where: { $0.name == "origin" }) else { return }
        guard let origin = request.field("origin"), !request.authority.isEmpty,
            origin == "http://\(request.authority)" || origin == "https://\(request.authority)"
        else { throw foreign }
    }

    private static let foreign = AdminProblem(
        .scopeInsufficient, "This change was sent by another site's page, and was not made.")
}
