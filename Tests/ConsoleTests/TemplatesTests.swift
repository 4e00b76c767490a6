import Mustache
import Testing

@testable import Console

@Suite("Templates")
struct TemplatesTests {
    @Test("Each can be read", arguments: Templates.all.map(\.name))
    func parse(name: String) throws {
        let bytes = try #require(Templates.all.first { $0.name == name }).bytes
        _ = try MustacheTemplate(string: String(decoding: bytes, as: UTF8.self))
    }

    @Test(
        "None switches escaping off, or has a script, a style or a handler in it", arguments: Templates.all.map(\.name))
    func isInert(name: String) throws {
        let bytes = try #require(Templates.all.first { $0.name == name }).bytes
        let text = String(decoding: bytes, as: UTF8.self)
        for pattern in ["{{{", "{{&", " style=", "<style", "javascript:"] { #expect(!text.contains(pattern)) }
        #expect(text.firstMatch(of: #/\son[a-z]+=/#) == nil)
        #expect(text.firstMatch(of: #/<script(?! src=)/#) == nil)
    }

    /// `{{#rows.empty()}}` is read as something that is never there; `{{#empty(rows)}}` is what is meant.
    @Test("None asks a list in a way that is never answered", arguments: Templates.all.map(\.name))
    func asksLists(name: String) throws {
        let bytes = try #require(Templates.all.first { $0.name == name }).bytes
        #expect(String(decoding: bytes, as: UTF8.self).firstMatch(of: #/\(\)}}/#) == nil)
    }
}
