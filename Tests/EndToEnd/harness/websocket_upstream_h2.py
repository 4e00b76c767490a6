"""An upstream that takes WebSockets over HTTP/2 (RFC 8441), on the packages `h2` and `wsproto`."""

from __future__ import annotations

import os

import h2.errors
import h2.events
import h2.settings
from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Message, TextMessage
from wsproto.extensions import PerMessageDeflate

from harness.upstream_h2 import H2Upstream, Request

class Tunnel:
    """One WebSocket. What doesn't fit into the windows waits."""

    def __init__(self, request: Request):
        self.request = request
        offered = request.value("sec-websocket-extensions") or ""
        self.deflate = PerMessageDeflate() if "permessage-deflate" in offered else None
        self.agreed = self.deflate.accept(offered) if self.deflate else None
        self.ws = Connection(ConnectionType.SERVER, extensions=[self.deflate] if self.agreed is not None else [])
        self.waiting = b""
        self.received = b""
        #: The code of the client's Close frame.
        self.closed: int | None = None
        self.ended = False
        self.ends = False

    def answer(self) -> None:
        fields = []
        if self.agreed is not None:
            fields.append(("sec-websocket-extensions", "permessage-deflate" + (f"; {self.agreed}" if self.agreed else "")))
        if self.request.path.startswith("/raw"):
            offered = self.request.value("sec-websocket-protocol") or "none"
            fields.append(("sec-websocket-protocol", offered.split(",")[0].strip()))
        if self.request.path.startswith("/raw/lengthy"):
            fields.append(("content-length", "5"))
        self.request.head(200, fields)

    def send(self, event) -> None:
        self.send_bytes(self.ws.send(event))

    def send_bytes(self, data: bytes, end: bool = False) -> None:
        self.waiting += data
        self.ends = self.ends or end
        self.pump()

    def pump(self) -> None:
        engine, stream = self.request.connection.h2, self.request.stream
        while self.waiting and self.request.reset is None:
            size = min(engine.local_flow_control_window(stream), engine.max_outbound_frame_size, len(self.waiting))
            if size <= 0:
                return
            engine.send_data(stream, self.waiting[:size])
            self.waiting = self.waiting[size:]
        if self.ends and self.request.reset is None:
            self.ends = False
            engine.end_stream(stream)

    def came(self, data: bytes) -> None:
        self.received += data
        if not data or self.ws.state is ConnectionState.CLOSED:
            return
        self.ws.receive_data(data)
        whole: list = []
        for event in self.ws.events():
            if isinstance(event, (TextMessage, BytesMessage)):
                whole.append(event.data)
                self.send(Message(data=event.data, message_finished=event.message_finished))
            elif isinstance(event, CloseConnection):
                self.closed = event.code
                self.send_bytes(self.ws.send(event.response()), end=True)


class H2WebSocketUpstream(H2Upstream):
    """By path: `/echo` says everything back, `/flood` sends until nobody takes it, `/refuse` is a 418, `/leave` closes
    with a code of its own, `/mute` takes nothing, `/raw` does as `script` says. Everything else is an ordinary
    request."""

    first_settings = {h2.settings.SettingCodes.ENABLE_CONNECT_PROTOCOL: 1}

    def __init__(self, context=None):
        super().__init__(context)
        self.tunnels: list[Tunnel] = []
        #: For `/raw`: what to do with its tunnel once it is open.
        self.script = lambda tunnel: None

    def tunnel(self, path: str) -> Tunnel:
        with self.lock:
            return [tunnel for tunnel in self.tunnels if tunnel.request.path == path][-1]

    def opened(self, request: Request) -> None:
        """An extended CONNECT has come."""
        self.record(request)
        if request.path.startswith("/refuse"):
            return request.reply(b"short", 418, [("x-own", "yes"), ("content-length", "5")])
        if request.path.startswith("/silent"):
            return None
        tunnel = Tunnel(request)
        request.tunnel = tunnel
        with self.lock:
            self.tunnels.append(tunnel)
        tunnel.answer()
        if request.path.startswith("/leave"):
            tunnel.send_bytes(tunnel.ws.send(CloseConnection(4321, "bye")), end=True)
        elif request.path.startswith("/flood"):
            request.flood()
        elif request.path.startswith("/raw"):
            self.script(tunnel)
        request.connection.flush()

    def handles(self, connection, event) -> bool:
        """Takes what concerns WebSockets."""
        if isinstance(event, h2.events.RequestReceived):
            fields = dict(event.headers)
            if fields.get(":method") != "CONNECT" or fields.get(":protocol") != "websocket":
                return False
            request = Request(connection, event.stream_id, list(event.headers))
            connection.requests[event.stream_id] = request
            self.opened(request)
            return True
        request = connection.requests.get(getattr(event, "stream_id", 0))
        tunnel = getattr(request, "tunnel", None)
        if tunnel is None:
            return False
        if isinstance(event, h2.events.DataReceived):
            if request.path.startswith("/mute"):
                # Its own window stays shut, the connection's doesn't.
                connection.h2.increment_flow_control_window(event.flow_controlled_length)
                return True
            connection.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            if request.path.startswith("/raw"):
                tunnel.received += event.data
            else:
                tunnel.came(event.data)
            return True
        if isinstance(event, h2.events.StreamEnded):
            tunnel.ended = True
            if request.path.startswith("/raw"):
                tunnel.send_bytes(b"heard " + tunnel.received, end=True)
            return True
        if isinstance(event, h2.events.WindowUpdated):
            tunnel.pump()
        return False
