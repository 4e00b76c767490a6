import HTTPMessages
import Testing

@testable import DataPlane

@Suite("The gateway's own cookies")
struct OwnCookiesTests {
    @Test(
        "are found by their exact name, in whichever field they stand",
        arguments: [
            (["a=1; __Host-widget_session=abc; b=2"], "abc"),
            (["a=1", "__Host-widget_session=abc", "b=2"], "abc"),
            (["__Host-widget_session=abc", "__Host-widget_session=abc"], "abc"),
            ([" \t__Host-widget_session=a=b\t;"], "a=b"),
            (["__Host-widget_session="], ""),
            (["__Host-widget_session"], "none"),
            (["__host-widget_session=abc"], "none"),
            (["x__Host-widget_session=abc"], "none"),
            (["__Host-widget_sessions=abc"], "none"),
            (["widget_session=abc"], "none"),
            ([], "none"),
            (["__Host-widget_session=abc; __Host-widget_session=abd"], "conflicting"),
            (["__Host-widget_session=abc", "__Host-widget_session=abd", "__Host-widget_session=abc"], "conflicting"),
        ])
    func finding(_ fields: [String], _ expected: String) {
        var block = HeaderBlock()
        for field in fields { block.append("cookie", field) }
        switch OwnCookies.find("__Host-widget_session", in: block) {
        case .none: #expect(expected == "none")
        case .one(let value): #expect(value.string == expected)
        case .conflicting: #expect(expected == "conflicting")
        }
    }

    @Test(
        "stay behind when the others go on",
        arguments: [
            ("a=1; b=2", "a=1; b=2"),
            ("__Host-widget_session=s; a=1", "a=1"),
            ("a=1;__Host-widget_signin=s;b=2", "a=1; b=2"),
            ("a=1; __HOST-WIDGET_PENDING=s", "a=1"),
            ("widget_session=s; Widget_Signin; a=widget_session", "a=widget_session"),
            ("__Host-widget_session=s;;", ""),
            ("widget_sessions=kept", "widget_sessions=kept"),
        ])
    func stripping(_ field: String, _ expected: String) {
        var field = field
        let whole = field
        field.withUTF8 { bytes in
            let bytes = Bytes(bytes)
            var queue = ByteQueue()
            OwnCookies.appendOthers(of: bytes, to: &queue)
            #expect(queue.readable.string == expected)
            #expect(OwnCookies.hasOthers(bytes) == !expected.isEmpty)
            #expect(OwnCookies.mentions(bytes) == (expected != whole))
        }
    }
}
