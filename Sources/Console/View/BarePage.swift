import ControlPlane

/// A page for who isn't signed in: without navigation.
struct BarePage: Sendable {
    let title: String
    let detail: String
    let code: String
    let status: Int
    let style = Asset.style.address
    let script = Asset.script.address
    let icon = Asset.icon.address

    static func problem(_ problem: AdminProblem) -> BarePage {
        BarePage(
            title: problem.heading, detail: problem.sentence, code: problem.code.rawValue, status: problem.code.status)
    }

    var response: AdminResponse { .html(Templates.render("bare", self), status: status) }
}
