import Testing

@testable import widget_load

struct OptionTests {
    @Test(arguments: [
        ("https://127.0.0.1:8443", "127.0.0.1:8443"), ("https://gateway.test/", "gateway.test:443"),
        ("http://localhost", "localhost:80"), ("https://[::1]:8443", "[::1]:8443"),
    ])
    func `a target is a scheme, a host and perhaps a port`(_ text: String, _ authority: String) {
        #expect(LoadTarget(text)?.authority == authority)
    }

    @Test(arguments: [
        "127.0.0.1:8443", "ftp://a", "https://", "https://a:0", "https://a:x", "https://a/b", "https://u@a",
    ])
    func `anything else is none`(_ text: String) { #expect(LoadTarget(text) == nil) }

    @Test func `a mix gives each kind its share`() throws {
        let mix = try #require(TrafficMix("valid=90,expired=3,forged=3,anonymous=4"))
        let kinds = (0..<mix.total).map { mix.kind($0) }
        #expect(RequestKind.allCases.map { kind in kinds.filter { $0 == kind }.count } == [90, 3, 3, 4])
    }

    @Test(arguments: ["", "valid", "valid=-1", "valid=0", "stolen=3", "valid=x"])
    func `a mix without requests, or of unknown kinds, is none`(_ text: String) { #expect(TrafficMix(text) == nil) }

    @Test(arguments: [("30", 30.0), ("30s", 30), ("500ms", 0.5), ("5m", 300)])
    func `durations have units`(_ text: String, _ seconds: Double) { #expect(LoadDuration(text)?.seconds == seconds) }

    @Test(arguments: ["", "s", "-1s", "0", "nan"])
    func `a duration is a number above zero`(_ text: String) { #expect(LoadDuration(text) == nil) }
}
