import PortalSSO
import Testing

@Suite("Portal cookies")
struct PortalCookiesTests {
    private static let secure = PortalCookies(
        portal: PortalOrigin(scheme: "https", authority: "a.test"), embedded: false)
    private static let embedded = PortalCookies(
        portal: PortalOrigin(scheme: "https", authority: "a.test"), embedded: true)
    private static let cleartext = PortalCookies(
        portal: PortalOrigin(scheme: "http", authority: "localhost:80"), embedded: true)

    @Test("are bound to the host, unreadable for scripts, and sent with navigations only")
    func secure() throws {
        let id = SessionID.random()
        let rest = "; HttpOnly; Secure; SameSite=Lax"
        #expect(
            Self.secure.session(id, maxAge: 2_592_000)
                == "__Host-widget_session=\(id.cookieValue); Path=/; Max-Age=2592000" + rest)
        #expect(Self.secure.clearedSession() == "__Host-widget_session=; Path=/; Max-Age=0" + rest)
        #expect(Self.secure.transaction("AQ") == "__Host-widget_signin=AQ; Path=/; Max-Age=600" + rest)
        #expect(Self.secure.clearedTransaction() == "__Host-widget_signin=; Path=/; Max-Age=0" + rest)
        #expect(Self.secure.pending("AQ") == "__Host-widget_pending=AQ; Path=/; Max-Age=300" + rest)
        #expect(Self.secure.clearedPending() == "__Host-widget_pending=; Path=/; Max-Age=0" + rest)
        #expect(Self.secure.session(id, maxAge: -5).contains("Max-Age=0;"))
    }

    @Test("are partitioned in portals that other sites show in frames")
    func embedded() {
        let rest = "; HttpOnly; Secure; SameSite=None; Partitioned"
        #expect(Self.embedded.transaction("AQ") == "__Host-widget_signin=AQ; Path=/; Max-Age=600" + rest)
        #expect(Self.embedded.clearedSession() == "__Host-widget_session=; Path=/; Max-Age=0" + rest)
    }

    @Test("do without prefix and Secure in cleartext")
    func cleartext() {
        #expect(
            Self.cleartext.transaction("AQ") == "widget_signin=AQ; Path=/; Max-Age=600; HttpOnly; SameSite=Lax")
        #expect(Self.cleartext.clearedSessionOfEitherKind() == [Self.cleartext.clearedSession()])
    }

    @Test("of either kind can be deleted")
    func eitherKind() {
        for cookies in [Self.secure, Self.embedded] {
            #expect(
                cookies.clearedSessionOfEitherKind() == [Self.secure.clearedSession(), Self.embedded.clearedSession()])
        }
    }
}
