/// One request and its response, whatever version of HTTP carries them.
///
/// Two sides meet here: the connection that the request came on (`ExchangeTransport`) and whoever answers it
/// (`ExchangeHandler`). Exchanges are pooled: an object lives through many requests, one after another, so nobody
/// keeps a reference past `exchangeEnded`.
package final class Exchange {
    // MARK: Request

    package var request = RequestHead()
    package var requestTrailers = HeaderBlock()

    /// The whole request has been received and handed to the handler.
    package var requestEnded = false

    /// What the connection found wrong with the head: the handler answers it.
    package var fault: RequestFault = .none

    /// Body bytes received so far.
    package var requestBodyReceived = 0

    /// Body bytes that were passed on, or dropped: the client has its flow-control credit for them back.
    package var requestBodyConsumed = 0

    /// The upstream has agreed to a tunnel: what follows, both ways, isn't HTTP any more. Bodies stand for its bytes, and
    /// `requestEnded` and `responseEnded` for the ends of either side.
    package var isTunnel = false

    /// What the session has counted for the head's fields.
    package var headBytes = 0

    // MARK: Response

    package var response = ResponseHead()

    /// Body bytes that the connection hasn't sent yet.
    package var responseBody = ByteQueue()
    package var responseTrailers = HeaderBlock()

    /// The head has been handed to the connection.
    package var responseStarted = false

    /// Nothing will be added to `responseBody`.
    package var responseEnded = false

    /// Body bytes handed to the connection so far.
    package var responseBodySent = 0

    /// The handler waits for `responseDrained` before it adds more.
    package var wantsDrain = false

    // MARK: Ends

    /// The gateway itself has broken the response off.
    package var wasReset = false

    /// Where the gateway breaks it off: not because anything failed, but because nobody is to have the rest.
    package var isUnwanted = false

    /// The stream is over: where the handler hasn't heard of the request yet, it needn't.
    package var isGone = false

    package unowned(unsafe) var transport: (any ExchangeTransport)?

    /// HTTP/2: the stream's id. HTTP/1.1: 1.
    package var streamID: Int32 = 0

    /// What the handler remembers of this exchange; kept from one request to the next, for reuse.
    package var context: AnyObject?

    /// Its place among its connection's exchanges.
    package var slot = 0

    /// When the head was complete, in nanoseconds of the monotonic clock.
    package var startedAt: UInt64 = 0

    /// Body bytes, both ways, when the connection last looked, and since when it is that many: milliseconds of the
    /// loop's clock, 0 where it hasn't looked yet.
    package var progress = 0
    package var progressAt: UInt64 = 0

    /// Outlives it.
    unowned(unsafe) var pool: ExchangePool?
    /// What the pool has been told of `responseBody`.
    var heldBytes = 0

    package init() {}

    /// Makes it ready for the next request; memory is kept within bounds.
    package func recycle() {
        request.removeAll()
        requestTrailers.removeAll()
        requestEnded = false
        fault = .none
        requestBodyReceived = 0
        requestBodyConsumed = 0
        isTunnel = false
        headBytes = 0
        response.removeAll()
        responseBody.removeAll(keepingAtMost: 8192)
        responseTrailers.removeAll()
        responseStarted = false
        responseEnded = false
        responseBodySent = 0
        wantsDrain = false
        wasReset = false
        isUnwanted = false
        isGone = false
        transport = nil
        streamID = 0
        startedAt = 0
        progress = 0
        progressAt = 0
    }
}

/// What is wrong with a request head that could still be read.
package enum RequestFault: Sendable {
    case none
    /// 400.
    case malformed
    /// 431.
    case headersTooLarge
    /// 413.
    case bodyTooLarge
}

/// The connection's side of an exchange. All calls are made on the connection's worker.
package protocol ExchangeTransport: AnyObject {
    /// Sends `exchange.response`; body bytes and the end may be there already.
    func sendHead(_ exchange: Exchange)

    /// Sends a 1xx head with these fields; the final one follows.
    func sendInformational(_ exchange: Exchange, status: Int, fields: borrowing HeaderBlock)

    /// More of `responseBody`, `responseEnded` or both are there.
    func sendBody(_ exchange: Exchange)

    /// Ends the exchange at once, so that the client sees that the response isn't whole.
    func abort(_ exchange: Exchange)

    /// `length` bytes of the request's body were passed on: the client may send as many again.
    func consumed(_ exchange: Exchange, _ length: Int)

    /// Who is at the other end.
    var peer: PeerInformation { get }

    /// Requests on this connection that aren't over.
    var requestsUnderWay: Int { get }

    /// How far what was sent on this connection has come. A system call: not for each request.
    var delivery: Delivery { get }
}

extension ExchangeTransport {
    package var requestsUnderWay: Int { 1 }
    package var delivery: Delivery { Delivery() }
}

/// How far the bytes that were sent on a connection have come.
package struct Delivery: Sendable, Equatable {
    /// Acknowledged by the other end, since the connection began.
    package var acknowledged = 0
    /// Waiting for that, or for the socket to take them.
    package var outstanding = 0

    package init(acknowledged: Int = 0, outstanding: Int = 0) {
        self.acknowledged = acknowledged
        self.outstanding = outstanding
    }
}

/// What is known of the other end of a connection.
package final class PeerInformation: Sendable {
    /// The address as text, without the port.
    package let address: String
    /// The same, in network order: 4 or 16 bytes.
    package let addressBytes: [UInt8]
    package let isTLS: Bool
    /// 1 or 2.
    package let httpVersion: Int

    package init(address: String, addressBytes: [UInt8], isTLS: Bool, httpVersion: Int) {
        self.address = address
        self.addressBytes = addressBytes
        self.isTLS = isTLS
        self.httpVersion = httpVersion
    }
}

/// Who answers requests. All calls are made on the connection's worker.
package protocol ExchangeHandler: AnyObject {
    /// The head is complete; `requestEnded` says whether that was all.
    func requestReceived(_ exchange: Exchange)

    /// A part of the body: valid during the call only. Each byte is answered by `consumed`, now or later.
    func requestBody(_ exchange: Exchange, _ bytes: Bytes)

    /// The body has grown past the limit: what came after isn't delivered. 413, where a response hasn't begun.
    func requestTooLarge(_ exchange: Exchange)

    /// The body has ended; trailers are in `requestTrailers`.
    func requestEnded(_ exchange: Exchange)

    /// `responseBody` has been sent as far as `wantsDrain` asked for.
    func responseDrained(_ exchange: Exchange)

    /// The exchange is over, whole or not: the handler lets go of it.
    func exchangeEnded(_ exchange: Exchange)

    /// The exchange goes on: told about once a second.
    func exchangeGoesOn(_ exchange: Exchange)

    /// The server is about to close all connections: what has no end of its own is to be ended.
    func serverIsClosing(_ exchange: Exchange)
}

extension ExchangeHandler {
    package func exchangeGoesOn(_ exchange: Exchange) {}
    package func serverIsClosing(_ exchange: Exchange) {}
}
