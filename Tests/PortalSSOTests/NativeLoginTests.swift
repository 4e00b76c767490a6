import PortalSSO
import Testing
import UserDirectory

@Suite("Native login")
struct NativeLoginTests {
    @Test(
        "is closed by whole segments",
        arguments: [
            ("/login", true), ("/login/", true), ("/login/reset", true), ("/login;a=b", true), ("/LOGIN", true),
            ("/loginx", false), ("/logi", false), ("/a/login", false), ("/login-help", false), ("/", false),
            ("", false),
            ("/users/sign_in", true), ("/users/sign_in/x", true), ("/users", false), ("/users/sign_in_help", false),
        ])
    func paths(_ path: String, _ isClosed: Bool) {
        #expect(NativeLogin.isClosed(path: path, settings: settings(paths: ["/login", "/users/sign_in/"])) == isClosed)
    }

    @Test(
        "is closed by either setting while single sign-on is enabled, and by nothing else",
        arguments: [
            (true, true, false, true), (true, false, true, true), (true, true, true, true), (true, false, false, false),
            (false, true, true, false), (false, false, false, false),
        ])
    func settings(_ enabled: Bool, _ require: Bool, _ disable: Bool, _ isClosed: Bool) {
        let settings = settings(enabled: enabled, require: require, disable: disable, paths: ["/login"])
        #expect(NativeLogin.isClosed(path: "/login", settings: settings) == isClosed)
    }

    @Test("on the first page closes that page, and no path means none")
    func firstPage() {
        #expect(NativeLogin.isClosed(path: "/", settings: settings(paths: ["/"])))
        #expect(!NativeLogin.isClosed(path: "/page", settings: settings(paths: ["/"])))
        #expect(!NativeLogin.isClosed(path: "/", settings: settings(paths: [""])))
        #expect(!NativeLogin.isClosed(path: "/login", settings: settings(paths: [])))
    }

    private func settings(
        enabled: Bool = true, require: Bool = true, disable: Bool = false, paths: [String]
    ) -> SSOSettings {
        var settings = SSOSettings()
        settings.enabled = enabled
        settings.require = require
        settings.disableNativeLogin = disable
        settings.nativeLoginPaths = paths
        return settings
    }
}
