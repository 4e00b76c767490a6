/// How strictly a rule is applied.
package enum Enforcement: String, Sendable, CaseIterable, Codable {
    /// The rule doesn't exist.
    case off
    /// Nothing is refused that would pass with the rule off; what would have been refused is counted.
    case report
    /// The rule holds.
    case enforce
}
