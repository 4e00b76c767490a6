import Foundation
import Testing

@testable import widget_gateway

@Suite struct CommandLineReferenceTests {
    @Test func `the committed reference is what the code prints`() throws {
        let root = URL(filePath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let committed = try String(contentsOf: root.appending(path: "docs/command-line.md"), encoding: .utf8)
        #expect(
            committed == CommandLineReference.markdown,
            "widget-gateway check-config --print-command-line > docs/command-line.md")
    }
}
