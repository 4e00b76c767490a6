import ControlPlane

/// Every code that the gateway may refuse with, in words.
enum CodesPage {
    static let routes: [ConsoleRoute] = [
        .get("codes") { _ in
            .page(PageContent("codes", title: "Codes", in: .instance(.none), Page(groups: CodeGroup.all)))
        }
    ]

    private struct Page: Sendable {
        let groups: [CodeGroup]
    }
}
