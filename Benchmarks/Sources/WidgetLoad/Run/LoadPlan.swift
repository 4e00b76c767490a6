/// What a run does.
struct LoadPlan {
    var target: LoadTarget
    var connections: Int
    /// Requests under way on one connection at most.
    var streams: Int
    /// In seconds.
    var duration: Double
    /// Requests a second, open loop; nil: as many as the answers allow.
    var rate: Double?
    var users: Int
    var mix: TrafficMix
    /// Whether each user's token is sent once before anything is measured.
    var warmsUp: Bool
    /// The exponent of Zipf's law; nil: users in turn.
    var zipf: Double?
    /// Requests a connection, then another handshake; nil: connections stay.
    var requestsPerConnection: Int?
    var organization: String?
    var path: String

    /// Answers here name the user, so that one user's answer to another is noticed.
    var namesUser: Bool { path == "/_widget/state" || path.hasPrefix("/_widget/state?") }
}
