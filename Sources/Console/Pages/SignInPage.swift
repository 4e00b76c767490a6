import ControlPlane

/// Where administrators come in, by an admin token.
struct SignInPage: Sendable {
    static let path = Console.root + "/sign-in"

    let title = "Sign in"
    /// Where to go afterwards; nil: to the organizations.
    let next: String?
    let message: String?
    let isError: Bool
    let style = Asset.style.address
    let script = Asset.script.address
    let icon = Asset.icon.address

    init(next: String?, message: String?, isError: Bool) {
        self.next = next
        self.message = message
        self.isError = isError
    }

    func response(status: Int) -> AdminResponse { .html(Templates.render("sign-in", self), status: status) }

    /// The address of this page, which leads back to `target`.
    static func address(for target: String) -> String {
        guard let next = safe(target), next != Console.root + "/" else { return path }
        return path + "?next=" + next.percentEncoded
    }

    /// A page of the console alone: no sign-in leads to somewhere else.
    static func safe(_ target: String?) -> String? {
        guard let target, target.utf8.count <= 2000, target.hasPrefix(Console.root + "/"),
            !target.hasPrefix(path), !target.hasPrefix(Asset.root),
            target.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\\") })
        else { return nil }
        return target
    }

    /// Why somebody has come here.
    static func message(_ ending: String?) -> String? {
        switch ending {
        case "sign-out": "You are signed out."
        case "token": "Your admin token has ended, and your session with it."
        default: nil
        }
    }
}
