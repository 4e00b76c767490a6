import Glibc

extension StreamSocket {
    /// Whether bytes, the end, or an error wait to be read: an idle connection of which this holds is no good any more.
    package static func hasInputOrEnd(_ descriptor: Int32) -> Bool {
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) >= 0 || errno != EAGAIN
    }
}
