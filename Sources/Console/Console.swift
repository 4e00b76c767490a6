package import ControlPlane
import GatewayConfiguration
import MessageAuthentication

/// The console: pages for administrators on the admin listener, over the same services as the admin API.
///
/// A request passes the same gates in the same order, whatever page it asks for: where it comes from, whether it has a
/// session, and for a change whether this browser's own page sent it.
package struct Console: Sendable {
    package static let root = "/console"

    private let administration: Administration
    private let authenticator: Authenticator
    private let sessions: ConsoleSessions
    private let cookies: ConsoleCookies
    private let imports = UserImports()

    /// - Parameter isSecure: whether the listener speaks TLS.
    package init(_ administration: Administration, authenticator: Authenticator, isSecure: Bool) {
        self.administration = administration
        self.authenticator = authenticator
        sessions = ConsoleSessions(now: administration.now)
        cookies = ConsoleCookies(isSecure: isSecure)
    }

    /// Whether a path is the console's.
    package static func owns(_ path: some StringProtocol) -> Bool {
        path == "/" || path == root || path.hasPrefix(root + "/") || path == "/favicon.ico"
    }

    package func respond(to request: AdminRequest) async -> AdminResponse {
        do {
            return try await answer(request)
        } catch {
            return BarePage.problem(AdminProblem(error)).response
        }
    }

    private func answer(_ request: AdminRequest) async throws -> AdminResponse {
        let path = request.path
        if path.hasPrefix(Asset.root) { return Asset.response(to: request) }
        if path == "/favicon.ico" { return .seeOther(Asset.icon.address) }
        guard path.hasPrefix(Self.root + "/") else { return .seeOther(Self.root + "/") }
        let isChange = request.method == "POST"
        guard isChange || request.method == "GET" || request.method == "HEAD" else {
            throw AdminProblem(.methodNotAllowed, "the console answers GET, HEAD and POST only")
        }
        if isChange { try RequestOrigin.check(request) }
        if path == SignInPage.path {
            return try await isChange ? signIn(request) : signInPage(request)
        }
        guard let cookie = cookies.session(of: request), let session = sessions.find(cookie) else {
            return .seeOther(isChange ? SignInPage.path : SignInPage.address(for: request.target))
        }
        guard let who = try await authenticator.resume(session.tokenDigest, address: request.address) else {
            sessions.end(cookie)
            return .seeOther(SignInPage.path + "?ended=token")
        }
        if path == SignOut.path, isChange {
            _ = try await ConsoleForm.read(request, csrf: session.csrf)
            sessions.end(cookie)
            try? await administration.audit.record(.signOut, by: who)
            return AdminResponse.seeOther(SignInPage.path + "?ended=sign-out").with("set-cookie", cookies.removal)
        }
        return try await page(request, cookie, session, who)
    }

    private func page(
        _ request: AdminRequest, _ cookie: String, _ session: ConsoleSession, _ who: Administrator
    ) async throws -> AdminResponse {
        let call = ConsoleCall(
            administration: administration, request: request, who: who, session: session, imports: imports,
            adopt: { [sessions] in sessions.change(cookie, tokenDigest: $0) }, path: [:],
            query: FormValues(query: request.query ?? ""))
        let frame = PageFrame(call)
        do {
            guard let (route, values) = ConsoleRoute.find(request.method, request.path) else {
                throw AdminProblem(.notFound, "There is no such page.")
            }
            var call = call
            call.path = values
            if request.method == "POST", route.takesForm {
                call.form = try await ConsoleForm.read(request, csrf: session.csrf)
            } else if request.method == "POST" {
                try ConsoleForm.checkHeader(request, csrf: session.csrf)
            }
            switch try await route.run(call) {
            case .page(let page): return frame.response(page, notice: sessions.takeNotice(cookie))
            case .seeOther(let address, let notice):
                if let notice { sessions.leave(notice, for: cookie) }
                return .seeOther(address)
            case .response(let response): return response
            }
        } catch {
            let problem = AdminProblem(error)
            guard !frame.wantsFragment else { return problem.response }
            return frame.response(.problem(problem), notice: nil)
        }
    }

    // MARK: Coming in

    private func signInPage(_ request: AdminRequest) -> AdminResponse {
        let query = FormValues(query: request.query ?? "")
        return SignInPage(
            next: SignInPage.safe(query["next"]), message: SignInPage.message(query["ended"]), isError: false
        ).response(status: 200)
    }

    private func signIn(_ request: AdminRequest) async throws -> AdminResponse {
        let form = try await ConsoleForm.read(request, csrf: nil)
        let next = SignInPage.safe(form["next"])
        do {
            let token = (form["token"] ?? "").trimmed
            let (who, digest) = try await authenticator.administrator(token: token, address: request.address)
            // The old session, if there is one, isn't taken over: whoever planted it doesn't come in with this token.
            if let old = cookies.session(of: request) { sessions.end(old) }
            let cookie = sessions.begin(tokenDigest: digest)
            try await administration.audit.record(.signIn, by: who)
            return AdminResponse.seeOther(next ?? Self.root + "/").with("set-cookie", cookies.field(cookie))
        } catch let problem as AdminProblem {
            let message =
                problem.code == .rateLimited
                ? "Too many attempts from your address. Try again in \(problem.retryAfter ?? 60) seconds."
                : "This admin token is unknown, expired or revoked."
            var response = SignInPage(next: next, message: message, isError: true).response(status: problem.code.status)
            if let wait = problem.retryAfter { response = response.with("retry-after", "\(wait)") }
            return response
        }
    }
}

/// Leaving the console.
enum SignOut {
    static let path = Console.root + "/sign-out"
}
