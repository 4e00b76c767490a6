import Foundation

/// Who the gateway says is calling: read from the headers that only it can have set.
///
/// A real backend does the same, and believes them because nobody but the gateway can reach it.
struct ForwardedIdentity {
    let state: String?
    let organization: String?
    let userID: String?
    let externalID: String?
    let email: String?
    let name: String?
    let verifiedBy: String?

    init(_ request: DemoRequest) {
        state = request.field("x-widget-state")
        organization = request.field("x-widget-organization")
        userID = request.field("x-widget-user")
        externalID = request.field("x-widget-user-id")
        email = request.field("x-widget-user-email")
        name = request.field("x-widget-user-name").map { $0.removingPercentEncoding ?? $0 }
        verifiedBy = request.field("x-widget-verified-by")
    }

    var isIdentified: Bool { state == "identified" }

    /// Whether it is a session that says who this is: the visitor has signed in on the portal.
    var isSignedIn: Bool { isIdentified && verifiedBy == "session" }

    /// What stands beside a post. Never the address: other visitors read it.
    var author: String { isIdentified ? name ?? "A user without a name" : "A visitor" }

    /// What visitors are called to themselves.
    var displayName: String { name ?? email ?? "A user without a name" }

    /// The state, in a heading's words.
    var stateName: String {
        switch state {
        case "identified": "Identified"
        case "anonymous": "Anonymous"
        case .some(let state): state.capitalized
        case nil: "Nobody asked"
        }
    }

    var sentence: String {
        switch state {
        case "identified" where isSignedIn:
            "You signed in on your organization’s own login page. The gateway keeps your session, and tells this "
                + "server who you are."
        case "identified": "The gateway verified who you are before this request came here."
        case "anonymous": "You aren’t signed in, and this organization lets visitors stay anonymous."
        case .some: "The gateway let this request through."
        case nil: "This request didn’t come through the gateway, so nothing is known of you."
        }
    }

    /// Names and values to show, those that are known.
    var facts: [(name: String, value: String)] {
        let all = [
            ("Organization", organization), ("Name", name), ("Email", email), ("Customer’s id", externalID),
            ("Directory id", userID), ("Verified by", verifiedBy.map { $0.replacing("_", with: " ") }),
        ]
        return all.compactMap { name, value in value.map { (name, $0) } }
    }

    var json: DemoJSON {
        let user: DemoJSON =
            isIdentified
            ? .object([
                "id": .optional(userID), "external_id": .optional(externalID), "email": .optional(email),
                "name": .optional(name),
            ]) : .null
        return .object([
            "state": .optional(state), "organization": .optional(organization), "user": user,
            "verified_by": .optional(verifiedBy),
        ])
    }
}
