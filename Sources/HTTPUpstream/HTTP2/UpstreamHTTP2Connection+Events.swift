import HTTP2Engine
import HTTPMessages

/// What the session tells, and what follows for the requests.
extension UpstreamHTTP2Connection {
    /// Body bytes that wait to be sent to the upstream before the client gets no more credit.
    private static let outputHighWater = 64 * 1024

    func handleEvents() {
        guard let session else { return }
        while session.takeEvents(into: &events) {
            let due = events
            events.removeAll(keepingCapacity: true)
            for event in due { handle(event) }
        }
    }

    private func handle(_ event: HTTP2ClientEvent) {
        switch event {
        case .informational(let wire, let interim):
            guard let stream = stream(of: wire) else { return }
            stream.sawResponse = true
            stream.relay.informational(interim.head.status, interim.head.fields)
        case .head(let wire):
            if let stream = stream(of: wire) { headCame(stream) }
        case .body(let wire, let bytes):
            wire.told(of: bytes)
            guard let stream = stream(of: wire) else { return }
            stream.deadline = after(stream.idleSeconds)
            stream.relay.responseBody(bytes)
            openWindow(of: stream)
            stream.relay.responseArrived()
        case .ended(let wire):
            if let stream = stream(of: wire) { responseEnded(stream) }
        case .sent(let wire):
            guard let stream = stream(of: wire), wire.body.count < Self.outputHighWater else { return }
            stream.relay.bodyWasSent()
        case .closed(let wire, let end):
            guard let stream = stream(of: wire) else { return }
            fail(stream, end == .malformed ? .malformed : .unreachable, repetition(stream, end))
        }
    }

    private func headCame(_ stream: UpstreamStream) {
        stream.sawResponse = true
        pool.noteSuccess(endpoint)
        // A success makes the stream a tunnel (RFC 8441, 5); any other answer is one, as over HTTP/1.1.
        let opensTunnel = stream.isForTunnel && (200..<300).contains(stream.wire.response.status)
        if opensTunnel {
            stream.relay.openTunnelOverStream()
            stream.tunnelIsOpen = true
            stream.idleSeconds = pool.target.tunnelIdleSeconds
            pool.tunnelOpened(at: endpoint)
        }
        stream.deadline = after(stream.idleSeconds)
        stream.relay.responseHead(stream.wire.response)
        if opensTunnel { stream.relay.writeEarly(to: stream) }
        stream.relay.responseArrived()
    }

    private func responseEnded(_ stream: UpstreamStream) {
        let (relay, wire) = (stream.relay, stream.wire)
        relay.takeTrailers(wire.responseTrailers)
        if stream.tunnelIsOpen, !wire.bodyEnded, wire.body.isEmpty {
            // Both sides of a tunnel end in good order where nothing is lost by it.
            wire.bodyEnded = true
            session?.resume(wire)
            worker.markDirty(self)
        }
        let isRequestWhole = wire.bodyEnded && wire.body.isEmpty
        letGo(stream)
        // The rest of the request would be sent in vain.
        if !isRequestWhole {
            session?.cancel(wire)
            worker.markDirty(self)
        }
        relay.responseEnded()
    }

    private func repetition(_ stream: UpstreamStream, _ end: HTTP2StreamEnd) -> Relay.Repetition {
        guard !stream.sawResponse else { return .never }
        return switch end {
        // Nothing but the head of a request for a tunnel has gone out.
        case .refused: stream.isForTunnel ? .asNew : .refused
        case .broken: .ifHarmless
        case .orderly, .malformed: .never
        }
    }

    private func stream(of wire: HTTP2ClientStream) -> UpstreamStream? {
        guard let owner = wire.owner else { return nil }
        let stream = unsafeDowncast(owner, to: UpstreamStream.self)
        return stream.isOver ? nil : stream
    }
}
