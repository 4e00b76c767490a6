import Mustache

/// The templates of `Templates/`, by their names without the ending. Whatever they insert is escaped.
enum Templates {
    static let library: MustacheLibrary = {
        var library = MustacheLibrary()
        for (name, bytes) in all {
            do {
                library.register(try MustacheTemplate(string: String(decoding: bytes, as: UTF8.self)), named: name)
            } catch {
                preconditionFailure("the template \(name) can't be read: \(error)")
            }
        }
        return library
    }()

    static let all: [(name: String, bytes: [UInt8])] = [
        ("layout", PackageResources.layout_mustache),
        ("bare", PackageResources.bare_mustache),
        ("time", PackageResources.time_mustache),
        ("pager", PackageResources.pager_mustache),
        ("confirm", PackageResources.confirm_mustache),
        ("problem", PackageResources.problem_mustache),
        ("sign-in", PackageResources.sign_in_mustache),
        ("organizations", PackageResources.organizations_mustache),
        ("organization-new", PackageResources.organization_new_mustache),
        ("admin-tokens", PackageResources.admin_tokens_mustache),
        ("audit", PackageResources.audit_mustache),
        ("overview", PackageResources.overview_mustache),
        ("sign-in-settings", PackageResources.sign_in_settings_mustache),
        ("widget-auth", PackageResources.widget_auth_mustache),
        ("portal", PackageResources.portal_mustache),
        ("secrets", PackageResources.secrets_mustache),
        ("avatar", PackageResources.avatar_mustache),
        ("users", PackageResources.users_mustache),
        ("user", PackageResources.user_mustache),
        ("user-import", PackageResources.user_import_mustache),
        ("user-import-result", PackageResources.user_import_result_mustache),
        ("token-log", PackageResources.token_log_mustache),
        ("token-checker", PackageResources.token_checker_mustache),
        ("settings", PackageResources.settings_mustache),
        ("settings-form", PackageResources.settings_form_mustache),
        ("form-problem", PackageResources.form_problem_mustache),
        ("portal-addresses", PackageResources.portal_addresses_mustache),
        ("secret-change", PackageResources.secret_change_mustache),
        // Token log, figures and alerts.
        ("chart", PackageResources.chart_mustache),
        ("alert-list", PackageResources.alert_list_mustache),
        ("token-log-row", PackageResources.token_log_row_mustache),
        ("token-log-rows", PackageResources.token_log_rows_mustache),
        ("codes", PackageResources.codes_mustache),
    ]

    static func render(_ name: String, _ view: some Sendable) -> [UInt8] {
        Array((library.render(view, withTemplate: name) ?? "").utf8)
    }
}
