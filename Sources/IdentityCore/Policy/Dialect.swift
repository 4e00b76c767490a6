/// Whose conventions an organization's tokens follow.
package enum Dialect: String, Sendable, CaseIterable, Codable {
    case productbridge
    case productlift
    case sleekplan
    case uservoice
    case userorbit
}
