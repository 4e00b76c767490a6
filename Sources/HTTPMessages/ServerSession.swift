/// The server side of one connection, without any I/O: bytes go in and become events, responses go in and become
/// bytes. HTTP/2 and HTTP/1.1 each have one.
package protocol ServerSession: AnyObject {
    /// Swaps what has happened since the last call with `events`, which is empty. False: nothing has.
    func takeEvents(into events: inout [ExchangeEvent]) -> Bool

    /// The exchanges that aren't over.
    var exchanges: [Uncounted<Exchange>] { get }

    /// Takes in what the client sent. False: the connection can't go on, but what is to be sent still should be.
    func receive(_ bytes: Bytes) -> Bool

    /// The client has closed its side in good order. False: the connection can't go on without it.
    func inputEnded() -> Bool

    /// Whether more bytes are welcome now.
    var wantsToReceive: Bool { get }

    /// Appends to `out` until it holds about `limit` bytes or nothing is left to send. True: something may be left.
    func collect(into out: inout ByteQueue, upTo limit: Int) -> Bool

    /// Whether `collect` would append anything.
    var wantsToSend: Bool { get }

    /// Neither side has anything more to say: the connection can be closed.
    var isFinished: Bool { get }

    /// The last response was broken off and only a reset of the connection can tell the client.
    var endsAbruptly: Bool { get }

    /// Tells the head that has begun to arrive and isn't complete from all others, be it a request's or what a
    /// connection begins with; 0: there is none.
    var openHead: UInt32 { get }

    /// The bytes so far end in the middle of something that can't be left so.
    var isWithinMessage: Bool { get }

    /// How many frames have arrived, from any beginning.
    var frameCount: UInt32 { get }

    func sendHead(_ exchange: Exchange)
    func sendInformational(_ exchange: Exchange, status: Int, fields: borrowing HeaderBlock)
    func resume(_ exchange: Exchange)
    func reset(_ exchange: Exchange)
    func finishEarly(_ exchange: Exchange)
    func consumed(_ exchange: Exchange, _ length: Int)

    /// Called about once a second.
    func secondPassed()

    /// No new requests are welcome. Called twice, some time apart.
    func drain()

    /// Ends the connection because its client asks too much, or takes too long.
    func sendAway()

    /// The connection is gone: nothing that was received is looked at any more.
    func abandon()

    /// Takes an exchange that is over off the list: the last act upon it.
    func release(_ exchange: Uncounted<Exchange>)
}

/// How far a response's body must have been sent before a handler that asked for it is told to go on, in bytes.
package let responseLowWater = 16 * 1024
