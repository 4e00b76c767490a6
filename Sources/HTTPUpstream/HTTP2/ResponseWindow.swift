/// How far an HTTP/2 upstream may be ahead of the client of a response (RFC 9113, 5.2): together with what waits for
/// the client already, it may send what the gateway has room for, and no more.
enum ResponseWindow {
    /// What each stream begins with, in bytes; less where much waits for clients already.
    static let initial = 32 * 1024

    enum Step: Equatable {
        /// The upstream has enough to go on with.
        case open
        /// It may send so many bytes more.
        case grant(Int)
        /// What waits for the client has to go first. Shut: for want of that the upstream can hardly send any more.
        case waits(isShut: Bool)
    }

    /// - Parameters:
    ///   - credit: what the upstream may still send; below zero where the windows have been made smaller meanwhile.
    ///   - held: what has come and hasn't gone on to the client.
    ///   - room: how much of the response may wait for the client.
    static func step(credit: Int, held: Int, room: Int) -> Step {
        guard credit < room / 2 else { return .open }
        // Smaller windows make small frames (RFC 9293, 3.8.6.2).
        let least = room / 4
        let most = room - held
        if most >= least, most - credit >= least { return .grant(most - credit) }
        return .waits(isShut: credit < least)
    }
}
