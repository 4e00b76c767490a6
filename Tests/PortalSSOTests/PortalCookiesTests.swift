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

    @Test(
        "are read by their exact names",
        arguments: [
            ("__Host-widget_session=A", "A", nil, nil),
            ("a=b; __Host-widget_session=A; c=d", "A", nil, nil),
            ("__Host-widget_session=A;__Host-widget_signin=B ;\t__Host-widget_pending=C", "A", "B", "C"),
            ("__Host-widget_signin=a=b==", nil, "a=b==", nil),
            ("__Host-widget_session=", "", nil, nil),
            ("__Host-widget_session=A; __Host-widget_session=A", "A", nil, nil),
            ("__Host-widget_session=A; __Host-widget_session=B", nil, nil, nil),
            ("__Host-widget_session=A; __Host-widget_session=B; __Host-widget_session=A", nil, nil, nil),
            ("__Host-widget_session=A; __Host-widget_session=B; __Host-widget_signin=C", nil, "C", nil),
            ("widget_session=A", nil, nil, nil),
            ("widget_session=B; __Host-widget_session=A", "A", nil, nil),
            ("__host-widget_session=A", nil, nil, nil),
            ("__Host-Widget_Session=A", nil, nil, nil),
            ("__Secure-widget_session=A", nil, nil, nil),
            ("__Host-widget_session", nil, nil, nil),
            ("=__Host-widget_session=A", nil, nil, nil),
            ("__Host-widget_session =A", nil, nil, nil),
            ("x__Host-widget_session=A", nil, nil, nil),
            ("__Host-widget_sessionx=A", nil, nil, nil),
            ("a=__Host-widget_session=A", nil, nil, nil),
            ("", nil, nil, nil), (";", nil, nil, nil), ("; ;=;;", nil, nil, nil),
        ])
    func reading(_ header: String, _ session: String?, _ signIn: String?, _ pending: String?) {
        let found = Self.secure.read(header.utf8)
        #expect(found.session.map { String(decoding: $0, as: UTF8.self) } == session)
        #expect(found.signIn.map { String(decoding: $0, as: UTF8.self) } == signIn)
        #expect(found.pending.map { String(decoding: $0, as: UTF8.self) } == pending)
    }

    @Test("are read by their plain names in cleartext")
    func readingCleartext() {
        let found = Self.cleartext.read("widget_session=A; __Host-widget_session=B; __Host-widget_signin=C".utf8)
        #expect(found.session == Array("A".utf8))
        #expect(found.signIn == nil)
    }

    @Test("are gathered from several fields, and contradict each other across them")
    func severalFields() {
        var found = Self.secure.read("a=b".utf8)
        #expect(found == .none)
        found = Self.secure.read("__Host-widget_session=A".utf8, adding: found)
        found = Self.secure.read("__Host-widget_signin=B".utf8, adding: found)
        #expect(found.session == Array("A".utf8))
        #expect(found.signIn == Array("B".utf8))
        #expect(!found.hasContradictingSessions)
        found = Self.secure.read("__Host-widget_session=C".utf8, adding: found)
        #expect(found.session == nil)
        #expect(found.hasContradictingSessions)
    }

    @Test(
        "never reach the upstream, whichever way they are written",
        arguments: [
            ("__Host-widget_session=A", ""),
            ("widget_session=A; __HOST-WIDGET_SIGNIN=B;Widget_Pending=C", ""),
            ("a=b; __Host-widget_session=A; c=d", "a=b; c=d"),
            ("__Host-widget_session=A; a=b", "a=b"),
            ("a=b;__Host-widget_session=A", "a=b"),
            ("a=b;widget_session=A;c", "a=b; c"),
            ("  a=b ;\twidget_session\t=\tA ; ", "a=b"),
            ("=__Host-widget_session=A; a=b", "a=b"),
            ("= = __Host-widget_session = A; a=b", "a=b"),
            ("__Host-widget_session; a=b", "a=b"),
            ("a=\"x; __Host-widget_session=A; y\"", "a=\"x; y\""),
            ("; ;widget_session=A; ;", ""),
        ])
    func stripping(_ header: String, _ left: String) {
        let bytes = Array(header.utf8)
        let expected: StrippedCookies = left.isEmpty ? .nothingLeft : .changed(Array(left.utf8))
        #expect(bytes.withUnsafeBytes { PortalCookies.stripping($0) } == expected)
    }

    @Test(
        "leave a field as it is where none of them is in it",
        arguments: [
            "", "a=b", "a=b;  c=d ;;",
            "widget_sessions=A; xwidget_session=B; __Host-widget=C; __Secure-widget_session=D",
            "a=widget_session; b=__Host-widget_session=A", ";", "=", "widget_sign in=A",
        ])
    func untouched(_ header: String) {
        let bytes = Array(header.utf8)
        #expect(bytes.withUnsafeBytes { PortalCookies.stripping($0) } == .untouched)
    }

    @Test(
        "are known by name in any letter case",
        arguments: [
            ("widget_session", true), ("WIDGET_SIGNIN", true), ("__Host-widget_pending", true),
            ("__hOST-Widget_Session", true), ("widget_sessio", false), ("widget_session2", false), ("__Host-", false),
            ("", false), ("__Host-__Host-widget_session", false), ("widget-session", false),
        ])
    func names(_ name: String, _ isOurs: Bool) {
        #expect(PortalCookies.isOurs(name.utf8) == isOurs)
    }

    /// A model that splits and trims as text, against which 5 000 fields are held.
    @Test("are stripped from fields put together at random as from a list")
    func model() {
        var generator = SeededGenerator(seed: 6)
        let pieces = [
            "a=b", "widget_session=A", "__Host-widget_signin=B", "__host-WIDGET_pending=C", "c", "", " ", "=d",
        ]
        for _ in 0..<5_000 {
            let parts = (0..<Int.random(in: 0..<6, using: &generator)).map { _ in
                pieces.randomElement(using: &generator) ?? ""
            }
            let header = parts.joined(separator: Bool.random(using: &generator) ? ";" : "; ")
            let kept = parts.filter { !$0.lowercased().contains("widget_") && !$0.isEmpty && $0 != " " }
            let hasOurs = parts.contains { $0.lowercased().contains("widget_") }
            let expected: StrippedCookies =
                !hasOurs ? .untouched : kept.isEmpty ? .nothingLeft : .changed(Array(kept.joined(separator: "; ").utf8))
            #expect(Array(header.utf8).withUnsafeBytes { PortalCookies.stripping($0) } == expected, "\(header)")
        }
    }
}
