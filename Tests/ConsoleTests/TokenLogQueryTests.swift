import Testing
import UserDirectory

@testable import Console

@Suite("What the token log is asked for")
struct TokenLogQueryTests {
    private let now = 1_795_268_669.0

    private func filter(_ query: String) -> TokenLogFilter {
        TokenLogQuery(FormValues(query: query)).filter(organization: "acme", now: now)
    }

    @Test(
        "Each field becomes its condition",
        arguments: [
            ("", TokenLogFilter(organization: "acme")),
            ("outcome=accepted", TokenLogFilter(organization: "acme", accepted: true)),
            ("outcome=refused", TokenLogFilter(organization: "acme", accepted: false)),
            ("outcome=token_expired", TokenLogFilter(organization: "acme", code: "token_expired")),
            ("outcome=nonsense", TokenLogFilter(organization: "acme")),
            ("user=+ada%40a.test+", TokenLogFilter(organization: "acme", user: "ada@a.test")),
            ("address=2001%3Adb8%3A%3A1", TokenLogFilter(organization: "acme", address: "2001:db8::1")),
            ("origin=a.test", TokenLogFilter(organization: "acme", originText: "a.test")),
            ("within=1h", TokenLogFilter(organization: "acme", since: 1_795_265_069)),
            ("within=1y", TokenLogFilter(organization: "acme")),
            // Python: datetime(2026, 11, 21, 13, 44, tzinfo=UTC).timestamp()
            ("since=2026-11-21T13%3A44", TokenLogFilter(organization: "acme", since: 1_795_268_640)),
            (
                "within=1h&until=2026-11-21T13%3A44%3A10",
                TokenLogFilter(organization: "acme", until: 1_795_268_650)
            ),
            ("organization=other", TokenLogFilter(organization: "acme")),
        ])
    func conditions(query: String, expected: TokenLogFilter) {
        #expect(filter(query) == expected)
    }

    @Test(
        "What a date field never sends is no moment",
        arguments: [
            "", "2026-11-21", "2026-13-01T00:00", "2026-02-30T00:00", "2026-11-21T24:00", "2026-11-21 13:44",
            "2026-11-21T13:44Z", "x026-11-21T13:44", "٢٠٢٦-11-21T13:44",
        ])
    func noMoment(text: String) {
        #expect(TokenLogQuery.moment(text) == nil)
    }

    @Test(
        "What can't be understood is told",
        arguments: [
            ("outcome=nonsense", true), ("since=yesterday", true), ("until=2026-99-01T00%3A00", true),
            ("since=2026-11-21T13%3A44&until=2026-11-21T13%3A44", true),
            ("since=2026-11-21T13%3A43&until=2026-11-21T13%3A44", false), ("outcome=refused&user=x", false),
            ("", false),
        ])
    func complaints(query: String, isTold: Bool) {
        #expect((TokenLogQuery(FormValues(query: query)).complaint != nil) == isTold)
    }

    @Test("An address holds what was asked for, and no more")
    func address() {
        let query = TokenLogQuery(FormValues(query: "user=a%26b%3D%22%3C&outcome=refused&cursor=9&x=y"))
        #expect(
            ConsoleAddress.tokenLog("ac/me", query.pairs)
                == "/console/organizations/ac%2Fme/token-log?outcome=refused&user=a%26b%3D%22%3C")
    }
}

@Suite("A token as it is pasted")
struct PastedTokenTests {
    @Test(
        "What stands around it is taken off, and told",
        arguments: [
            ("aa.bb.cc", "aa.bb.cc", false), ("  aa.bb.cc\n", "aa.bb.cc", false), ("Bearer aa.bb.cc", "aa.bb.cc", true),
            ("authorization: bearer  aa.bb.cc", "aa.bb.cc", true), ("\"aa.bb.cc\"", "aa.bb.cc", true),
            ("https://p.test/x?a=b&sso=aa.bb.cc#top", "aa.bb.cc", true),
            ("https://p.test/api/redirects/sso?ssoToken=aa.bb.cc&organizationId=acme", "aa.bb.cc", true),
            ("https://p.test/x?a=b", "https://p.test/x?a=b", false), ("\"", "\"", false), ("", "", false),
            ("bearer", "bearer", false), ("aa.b b.cc", "aa.b b.cc", false),
        ])
    func pasted(text: String, token: String, isTold: Bool) {
        let pasted = PastedToken(text)
        #expect(pasted.token == token)
        #expect((pasted.removed != nil) == isTold)
    }
}
