/// One step from a form of the tables to the next.
///
/// Gateways of two releases work with one database while they are brought up to date one after the other. So a step adds:
/// a table, an index, a column that the earlier release needn't know. What it takes away, the release before has stopped
/// using; its `oldest` says so, and a gateway that is older still refuses to start.
struct SchemaStep {
    /// Run in one transaction. Must be quick, since it may lock tables: what takes long is `indexes`' to do.
    let statements: String
    /// Made afterwards, while gateways read and write.
    var indexes: [OnlineIndex] = []
    /// How many steps a program must know to work with the tables as they are after this one.
    var oldest = 1
}
