import ControlPlane
import UserDirectory

/// What the widget asks of its visitors.
enum WidgetAuthPage {
    static let routes: [ConsoleRoute] = [
        .get("organizations/{organization}/widget-auth") { call in
            .page(
                PageContent(
                    "widget-auth", title: "Widget auth", in: .organization(try await call.settings(), .widgetAuth),
                    Page()))
        }
    ]

    private struct Page: Sendable {}
}
