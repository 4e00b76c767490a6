package import HTTPMessages

/// One request to a server and what has come of its response: the session's half of it.
package final class HTTP2ClientStream {
    /// 0 until the request was submitted.
    package internal(set) var id: Int32 = 0

    // MARK: Request

    /// Body bytes that haven't been sent yet.
    package var body = ByteQueue()
    /// Nothing will be added to `body`.
    package var bodyEnded = false
    package var trailers = HeaderBlock()

    // MARK: Response

    /// The head that is being received, and in the end the final one.
    package var response = ResponseHead()
    package var responseTrailers = HeaderBlock()

    /// Whoever made the request; let go of when the stream is over.
    package var owner: AnyObject?

    /// Body bytes that have come and that nobody has been told of yet.
    package private(set) var untold = 0
    /// Nothing more will come.
    package internal(set) var responseEnded = false

    var hasFinalHead = false
    var isMalformed = false
    var interimResponses = 0
    var listSize = 0

    package init() {}

    func came(_ bytes: Bytes) { untold += bytes.count }

    /// To be called with each part of the body that an event has lent.
    package func told(of bytes: Bytes) { untold -= bytes.count }
}

/// What a batch of received or sent bytes amounted to, on the client side.
package enum HTTP2ClientEvent {
    /// An interim head (1xx) has come; others, and the final one, may have come meanwhile.
    case informational(HTTP2ClientStream, HTTP2InterimHead)
    /// The final head is in `response`.
    case head(HTTP2ClientStream)
    /// A part of the body: lends the bytes that were received, until the next `receive`.
    case body(HTTP2ClientStream, Bytes)
    /// The response is complete, with trailers perhaps.
    case ended(HTTP2ClientStream)
    /// Some of the request's body was sent.
    case sent(HTTP2ClientStream)
    /// The stream is gone: the last that is heard of it.
    case closed(HTTP2ClientStream, HTTP2StreamEnd)
}

/// An interim head (1xx) of a response, which is soon followed by another.
package final class HTTP2InterimHead {
    package let head: ResponseHead

    init(_ head: consuming ResponseHead) { self.head = head }
}

/// How a stream ended.
package enum HTTP2StreamEnd: Sendable, Equatable {
    case orderly
    /// The server hasn't acted upon the request (RFC 9113, 8.7): it may be sent again, whatever it is.
    case refused
    /// What it sent isn't HTTP.
    case malformed
    /// It broke the stream off, or the connection did.
    case broken
}
