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
            (["widget_session=B; __Host-widget_session=A"], "A"),
            (["__Host-widget_session="], ""),
            (["__Host-widget_session"], "none"),
            (["__host-widget_session=abc"], "none"),
            (["__Secure-widget_session=abc"], "none"),
            (["x__Host-widget_session=abc"], "none"),
            (["a=__Host-widget_session=abc"], "none"),
            (["__Host-widget_sessions=abc"], "none"),
            (["=__Host-widget_session=abc"], "none"),
            (["__Host-widget_session =abc"], "none"),
            (["widget_session=abc"], "none"),
            (["", ";", "; ;=;;"], "none"),
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
        "are found by name, all that differ and no more than four",
        arguments: [
            ([], ""), (["a=1"], ""), (["__Host-widget_session=A"], "A"),
            (["__Host-widget_session=A; __Host-widget_session=B", "__Host-widget_session=A"], "A B"),
            ((1...9).map { "__Host-widget_session=\($0)" }, "1 2 3 4"),
        ])
    func findingAll(_ fields: [String], _ expected: String) {
        var block = HeaderBlock()
        for field in fields { block.append("cookie", field) }
        let found = OwnCookies.all("__Host-widget_session", in: block).map(\.string)
        #expect(found.joined(separator: " ") == expected)
    }

    @Test(
        "never go on, whichever way they are written",
        arguments: [
            ("__Host-widget_session=s; a=1", "a=1"),
            ("a=1;__Host-widget_signin=s;b=2", "a=1; b=2"),
            ("a=1; __HOST-WIDGET_PENDING=s", "a=1"),
            ("widget_session=A; __HOST-WIDGET_SIGNIN=B;Widget_Pending=C", ""),
            ("widget_session=s; Widget_Signin; a=widget_session", "a=widget_session"),
            ("__Host-widget_session=s;;", ""),
            ("  a=b ;\twidget_session\t=\tA ; ", "a=b"),
            ("=__Host-widget_session=s; a=1", "a=1"),
            ("a=1; = =widget_session =s", "a=1"),
            ("__Host-widget_session; a=b", "a=b"),
            ("a=\"x; __Host-widget_session=A; y\"", "a=\"x; y\""),
        ])
    func stripping(_ field: String, _ others: String) {
        let found = Reading(field)
        #expect(found.mentionsOurs)
        #expect(found.others == others)
        #expect(found.hasOthers == !others.isEmpty)
    }

    @Test(
        "aren't seen where there are none",
        arguments: [
            "", "a=b", "a=b;  c=d ;;",
            "widget_sessions=A; xwidget_session=B; __Host-widget=C; __Secure-widget_session=D",
            "a=widget_session; b=__Host-widget_session=A", ";", "=", "=b; a=1", "widget_sign in=A", "widget-session=A",
            "__Host-__Host-widget_session=A",
        ])
    func untouched(_ field: String) { #expect(!Reading(field).mentionsOurs) }

    /// A model that splits and trims as text, against which every field of up to three pieces is held.
    @Test("are told from others in fields as in a list", arguments: [";", "; "])
    func model(_ separator: String) {
        let pieces = [
            "a=b", "widget_session=A", "__Host-widget_signin=B", "__host-WIDGET_pending=C", "c", "", " ", "=d",
        ]
        let fields = pieces.flatMap { first in
            pieces.flatMap { second in pieces.map { [first, second, $0] } + [[first, second]] } + [[first]]
        }
        for parts in fields {
            let kept = parts.filter { !$0.lowercased().contains("widget_") && !$0.isEmpty && $0 != " " }
            let found = Reading(parts.joined(separator: separator))
            #expect(found.mentionsOurs == parts.contains { $0.lowercased().contains("widget_") }, "\(parts)")
            #expect(found.others == kept.joined(separator: "; "), "\(parts)")
        }
    }

    private struct Reading {
        let mentionsOurs: Bool
        let hasOthers: Bool
        let others: String

        init(_ field: String) {
            var field = field
            (mentionsOurs, hasOthers, others) = field.withUTF8 { bytes in
                let bytes = Bytes(bytes)
                var queue = ByteQueue()
                OwnCookies.appendOthers(of: bytes, to: &queue)
                return (OwnCookies.mentions(bytes), OwnCookies.hasOthers(bytes), queue.readable.string)
            }
        }
    }
}
