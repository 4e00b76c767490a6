import PortalSSO
import Testing

@Suite("Portal origins")
struct PortalOriginTests {
    @Test("are written as browsers write them")
    func text() {
        #expect(PortalOrigin(scheme: "https", authority: "a.test:8443").text == "https://a.test:8443")
    }
}
