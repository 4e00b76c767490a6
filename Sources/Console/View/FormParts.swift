import ControlPlane

/// One choice of a `<select>`, or of radio buttons.
struct Option: Sendable {
    let value: String
    let label: String
    let hint: String
    let isChosen: Bool

    init(_ value: String, _ label: String, hint: String = "", isChosen: Bool) {
        self.value = value
        self.label = label
        self.hint = hint
        self.isChosen = isChosen
    }
}

/// A word in a coloured pill.
struct Badge: Sendable {
    let text: String
    /// `good`, `warning`, `bad`, `accent`, or empty: a class of the style sheet.
    let kind: String

    init(_ text: String, _ kind: String = "") {
        self.text = text
        self.kind = kind
    }
}

/// What is wrong with single fields of a form: a template finds the words by the field's path, `.` written as `_`.
typealias FieldErrors = [String: String]

extension FieldErrors {
    init(_ problem: AdminProblem?) {
        self = [:]
        for error in problem?.errors ?? [] {
            // `hosts[1]` is said of the field `hosts`.
            let field = String(error.path.prefix { $0 != "[" }).split(separator: ".").joined(separator: "_")
            self[field] = (self[field].map { $0 + " " } ?? "") + error.message
        }
    }
}

extension AdminProblem.Code {
    /// Whether a form that is shown again with the problem helps.
    var isAboutForm: Bool {
        switch self {
        case .requestInvalid, .requestMalformed, .organizationExists, .hostTaken, .tooManySecrets, .ssoUntested: true
        default: false
        }
    }
}
