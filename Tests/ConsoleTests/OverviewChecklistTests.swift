import PortalSSO
import Testing
import UserDirectory

@testable import Console

@Suite("The checklist of the overview")
struct OverviewChecklistTests {
    private func settings(hosts: [String] = ["a.test"], loginURL: String? = nil) -> OrganizationSettings {
        var settings = OrganizationSettings(id: "acme")
        settings.hosts = hosts
        settings.sso.loginURL = loginURL
        return settings
    }

    @Test("It says what is missing, each with the tab where it is done")
    func missing() throws {
        let list = try #require(
            OverviewChecklist(
                settings(hosts: []), hasSecret: false, hasAccepted: false, hasTokens: false, readiness: .untested))
        #expect(list.steps.map(\.isDone) == [false, false, false, false])
        #expect(
            list.steps.map(\.link)
                == ["keys", "portal", "token-checker", "sso"].map { "/console/organizations/acme/\($0)" })
        #expect(list.progress == "0 of 4")
    }

    @Test("Where all is done it is gone, and portal sign-in that nobody set up is nobody's duty")
    func done() {
        let complete = OverviewChecklist(
            settings(), hasSecret: true, hasAccepted: true, hasTokens: true, readiness: .tested(at: 1))
        #expect(complete == nil)
        let widgetsAlone = OverviewChecklist(
            settings(), hasSecret: true, hasAccepted: true, hasTokens: true, readiness: .untested)
        #expect(widgetsAlone == nil)
    }

    @Test("A login page that isn't tested as it stands is missing", arguments: [SignInReadiness.untested, .stale])
    func untested(readiness: SignInReadiness) throws {
        let list = try #require(
            OverviewChecklist(
                settings(loginURL: "https://a.test/login"), hasSecret: true, hasAccepted: true, hasTokens: true,
                readiness: readiness))
        #expect(list.steps.map(\.isDone) == [true, true, true, false])
    }

    @Test("Where all tokens were refused, it leads to the log")
    func refused() throws {
        let list = try #require(
            OverviewChecklist(
                settings(), hasSecret: true, hasAccepted: false, hasTokens: true, readiness: .untested))
        #expect(list.steps[2].link == "/console/organizations/acme/token-log")
    }
}
