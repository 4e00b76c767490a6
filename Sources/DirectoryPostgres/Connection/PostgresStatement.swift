/// A statement with `$1`, `$2` …, and what stands for them.
struct PostgresStatement {
    let sql: String
    var parameters: [(any PostgresConvertible)?] = []
    /// All parameters are texts, and needn't all occur; else their types are what the statement makes of them.
    var areTexts = false
}
