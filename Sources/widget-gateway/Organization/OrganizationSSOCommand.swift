import ArgumentParser
import ControlPlane
import Foundation
import IdentityCore
import PortalSSO
import UserDirectory

struct OrganizationSSOCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sso",
        abstract: "Show how portal visitors sign in: addresses, settings, and whether it was tested.",
        discussion: """
            Open the test address in a browser: it goes through the whole of sign-in, says what went
            wrong, and signs nobody in. After a success, with nothing changed since, sign-in can be
            enabled.

              widget-gateway organization sso acme
              widget-gateway organization set acme sso.enabled=true
            """)

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: JSONOption

    @Argument(help: "The organization's id.")
    var id: String

    func run() async throws {
        let administration = try options.openAdministration()
        let standing = try await administration.signIn.report(
            on: try await administration.settings(of: id), by: .commandLine)
        if output.json { return try Terminal.printJSON(SignInJSON(standing)) }
        for line in Self.lines(standing) { Terminal.print(line) }
    }

    static func lines(_ standing: SignInReport) -> [String] {
        let settings = standing.settings
        let sso = settings.sso
        let closed = sso.enabled && (sso.require || sso.disableNativeLogin) ? sso.nativeLoginPaths : []
        var rows = [
            ("Sign-in", sso.enabled ? sso.require ? "required" : "enabled" : "off"),
            ("Native login", closed.isEmpty ? "open" : "closed: " + closed.joined(separator: " ")),
            ("Dialect", settings.dialect.rawValue), ("Login page", sso.loginURL ?? "–"),
            ("Logout page", sso.logoutURL ?? "–"), ("Readiness", readiness(standing)),
        ]
        for addresses in standing.addresses {
            rows += [
                ("Portal", addresses.portal),
                ("Callback", addresses.callback ?? "any page, with ?sso=TOKEN"), ("Test", addresses.test),
            ]
        }
        if settings.hosts.isEmpty { rows.append(("Portal", "none: organization set \(settings.id) hosts=…")) }
        return rows.map { ($0 + ":").padding(toLength: 14, withPad: " ", startingAt: 0) + $1 }
    }

    private static func readiness(_ standing: SignInReport) -> String {
        switch standing.readiness {
        case .untested: "untested"
        case .stale: "stale: the login page, the dialect or the keys have changed since the test"
        case .tested(let moment): "tested \(Terminal.moment(moment))"
        case .failed(let code, let moment): "failed \(code.rawValue) \(Terminal.moment(moment))"
        }
    }
}

/// What `organization sso --json` prints.
struct SignInJSON: Encodable {
    var organization: String
    var dialect: Dialect
    var enabled: Bool
    var require: Bool
    var disableNativeLogin: Bool
    var nativeLoginPaths: [String]
    var loginURL: String?
    var logoutURL: String?
    var readiness: Readiness
    var lastSuccess: Double?
    var lastFailure: Failure?
    var hosts: [PortalAddresses]

    struct Readiness: Encodable {
        /// `untested`, `tested`, `failed` or `stale`.
        var state: String
        /// Seconds since 1970.
        var at: Double?
        var code: String?
    }

    struct Failure: Encodable {
        var code: String
        var at: Double
    }

    init(_ standing: SignInReport) {
        let settings = standing.settings
        organization = settings.id
        dialect = settings.dialect
        enabled = settings.sso.enabled
        require = settings.sso.require
        disableNativeLogin = settings.sso.disableNativeLogin
        nativeLoginPaths = settings.sso.nativeLoginPaths
        loginURL = settings.sso.loginURL
        logoutURL = settings.sso.logoutURL
        readiness =
            switch standing.readiness {
            case .untested: Readiness(state: "untested")
            case .stale: Readiness(state: "stale")
            case .tested(let moment): Readiness(state: "tested", at: moment)
            case .failed(let code, let moment): Readiness(state: "failed", at: moment, code: code.rawValue)
            }
        lastSuccess = standing.tests.lastSuccess?.at
        lastFailure = standing.tests.lastFailure.flatMap { test in
            test.failure.map { Failure(code: $0.rawValue, at: test.at) }
        }
        hosts = standing.addresses.map(PortalAddresses.init)
    }
}
