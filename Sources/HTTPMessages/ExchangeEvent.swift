/// What a batch of received or sent bytes amounted to, on a connection of either version of HTTP.
package enum ExchangeEvent {
    /// A request's head is complete, and with it, where it says so, the request.
    case request(Exchange, isWhole: Bool)
    /// A part of a request's body: lends the bytes that were received, until the next `receive`.
    case body(Exchange, Bytes)
    /// A request's body has ended, with trailers perhaps.
    case requestEnded(Exchange)
    /// A request's body has grown past the limit.
    case requestTooLarge(Exchange)
    /// A response's body has been sent as far as its handler asked to be told.
    case drained(Exchange)
    /// The stream is gone: nobody will hear of it again.
    case closed(Exchange)
}
