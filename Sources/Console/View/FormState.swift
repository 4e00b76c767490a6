import ControlPlane

/// What is wrong with a form that is shown again; empty where it is shown for the first time.
struct FormState: Sendable {
    /// Above the form.
    let problem: String?
    /// At its fields.
    let errors: FieldErrors

    init(_ problem: AdminProblem?) {
        errors = FieldErrors(problem)
        // What the fields say themselves needn't be said twice.
        self.problem = errors.isEmpty ? problem?.sentence : problem.map { _ in "Nothing was saved: see below." }
    }
}
