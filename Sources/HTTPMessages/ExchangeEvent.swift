/// What a batch of received or sent bytes amounted to, on a connection of either version of HTTP.
///
/// An exchange lives until its session lets go of it (`ServerSession.release`), after its last event was handled.
package enum ExchangeEvent {
    /// A request's head is complete, and with it, where it says so, the request.
    case request(Uncounted<Exchange>, isWhole: Bool)
    /// A part of a request's body: lends the bytes that were received, until the next `receive`.
    case body(Uncounted<Exchange>, Bytes)
    /// A request's body has ended, with trailers perhaps.
    case requestEnded(Uncounted<Exchange>)
    /// A request's body has grown past the limit.
    case requestTooLarge(Uncounted<Exchange>)
    /// A response's body has been sent as far as its handler asked to be told.
    case drained(Uncounted<Exchange>)
    /// The stream is gone: nobody will hear of it again.
    case closed(Uncounted<Exchange>)
}
