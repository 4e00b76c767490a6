import Foundation
import Testing

@testable import GatewayConfiguration

@Suite struct ConfigurationReferenceTests {
    @Test func `the committed reference is what the code prints`() throws {
        let root = URL(filePath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let committed = try String(contentsOf: root.appending(path: "docs/configuration.md"), encoding: .utf8)
        #expect(
            committed == ConfigurationReference.markdown,
            "widget-gateway check-config --print-reference > docs/configuration.md")
    }

    @Test func `its examples are accepted`() throws {
        let blocks = ConfigurationReference.markdown.components(separatedBy: "```yaml\n").dropFirst()
            .compactMap { $0.components(separatedBy: "```").first }
        #expect(blocks.count == 2)
        for block in blocks where !block.hasPrefix("organizations:") {
            #expect(refusal(of: block) == [])
        }
    }
}
