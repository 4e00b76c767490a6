/// What is asked before a change that takes something away.
struct Confirmation: Sendable {
    /// `Block Ada Lovelace?`
    var title: String
    /// What happens, a sentence each.
    var consequences: [String]
    /// What the button says: `Block user`.
    var button: String
    /// Where those go who don't want it.
    var cancel: String
    var isDestructive = true
    /// What must be typed, where a slip would be costly; the form brings it as `typed`.
    var word: String?
    /// Why it is asked again.
    var error: String?
}

/// `Confirmation` as its template shows it.
struct ConfirmationPage: Sendable {
    let title: String
    let consequences: [String]
    let button: String
    let cancel: String
    let isDestructive: Bool
    let word: String?
    let error: String?
    let action: String
    let fields: [HiddenField]

    init(_ question: Confirmation, action: String, fields: [HiddenField]) {
        title = question.title
        consequences = question.consequences
        button = question.button
        cancel = question.cancel
        isDestructive = question.isDestructive
        word = question.word
        error = question.error
        self.action = action
        self.fields = fields.filter { $0.name != "typed" }
    }
}
