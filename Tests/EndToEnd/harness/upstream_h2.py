"""An HTTP/2 upstream on the `h2` package, over TLS or in cleartext, that answers as a test scripts it."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings


@dataclass
class Request:
    """One request as it arrived, and the stream to answer on. Scripts run on the connection's thread."""

    connection: "Connection"
    stream: int
    headers: list[tuple[str, str]]
    body: bytes = b""
    trailers: list[tuple[str, str]] = field(default_factory=list)
    ended: bool = False
    reset: int | None = None
    #: Body bytes that `flood` has sent.
    flooded: int = 0

    def value(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)

    @property
    def path(self) -> str:
        return (self.value(":path") or "").split("?", 1)[0]

    def head(self, status: int = 200, headers=(), end: bool = False) -> None:
        self.connection.h2.send_headers(self.stream, [(":status", str(status)), *headers], end_stream=end)
        self.connection.flush()

    def data(self, body: bytes, end: bool = False) -> None:
        """Sends as the windows allow, reading meanwhile."""
        while body:
            size = min(self.connection.h2.local_flow_control_window(self.stream),
                       self.connection.h2.max_outbound_frame_size, len(body))
            if size == 0:
                self.connection.read()
                continue
            part, body = body[:size], body[size:]
            self.connection.h2.send_data(self.stream, part, end_stream=end and not body)
            self.connection.flush()

    def flood(self) -> None:
        """Sends a body without end, as the windows allow, now and whenever they open; other streams go on meanwhile."""
        self.connection.floods.append(self)
        self.connection.pump()

    def finish(self, trailers=()) -> None:
        if trailers:
            self.connection.h2.send_headers(self.stream, list(trailers), end_stream=True)
        else:
            self.connection.h2.end_stream(self.stream)
        self.connection.flush()

    def reply(self, body: bytes = b"", status: int = 200, headers=(), trailers=()) -> None:
        self.head(status, headers, end=not body and not trailers)
        if body:
            self.data(body)
        if body or trailers:
            self.finish(trailers)

    def rst(self, code: int) -> None:
        self.connection.h2.reset_stream(self.stream, code)
        self.connection.flush()


class Connection:
    def __init__(self, server: "H2Upstream", raw: socket.socket, number: int):
        self.server, self.socket, self.number = server, raw, number
        self.h2 = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=False, header_encoding="utf-8", validate_inbound_headers=False))
        self.requests: dict[int, Request] = {}
        self.pending: list = []
        self.floods: list[Request] = []
        self.closing = False

    def flush(self) -> None:
        data = self.h2.data_to_send()
        if data:
            self.socket.sendall(data)

    def read(self) -> None:
        """Waits for something and handles it; a script may call this while it answers."""
        if not self.pending:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError
            self.pending.extend(self.h2.receive_data(data))
        while self.pending:
            self.handle(self.pending.pop(0))
        self.flush()

    def pump(self, stream: int = 0) -> None:
        """Goes on with this stream's flood, or with every one, as far as its window lets it."""
        for request in self.floods:
            while stream in (0, request.stream) and request.reset is None:
                size = min(self.h2.local_flow_control_window(request.stream), self.h2.max_outbound_frame_size)
                if size <= 0:
                    break
                self.h2.send_data(request.stream, bytes(size))
                request.flooded += size
        self.flush()

    def handle(self, event) -> None:
        if self.server.handles(self, event):
            return
        if isinstance(event, h2.events.RequestReceived):
            request = Request(self, event.stream_id, list(event.headers))
            self.requests[event.stream_id] = request
            script, streaming = self.server.scripts.get(request.path, (echo, False))
            if streaming:
                self.server.record(request)
                script(request)
        elif isinstance(event, h2.events.DataReceived):
            request = self.requests[event.stream_id]
            request.body += event.data
            if self.server.credits:
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.TrailersReceived):
            self.requests[event.stream_id].trailers = list(event.headers)
        elif isinstance(event, h2.events.StreamReset):
            if event.stream_id in self.requests:
                self.requests[event.stream_id].reset = event.error_code
        elif isinstance(event, (h2.events.WindowUpdated, h2.events.RemoteSettingsChanged)):
            self.pump(getattr(event, "stream_id", 0))
        elif isinstance(event, h2.events.StreamEnded):
            request = self.requests[event.stream_id]
            request.ended = True
            script, streaming = self.server.scripts.get(request.path, (echo, False))
            if not streaming:
                self.server.record(request)
                script(request)

    def run(self) -> None:
        try:
            if self.server.first_settings:
                self.h2.local_settings = h2.settings.Settings(client=False, initial_values=self.server.first_settings)
            self.h2.initiate_connection()
            if self.server.settings:
                self.h2.update_settings(self.server.settings)
            self.flush()
            while not self.closing:
                self.read()
        except (OSError, EOFError, h2.exceptions.ProtocolError):
            pass
        finally:
            self.socket.close()
            with self.server.lock:
                self.server.open.discard(self)


Script = Callable[[Request], object]


class H2Upstream:
    """Answers with the request's head and body as text, unless a script is registered for the path."""

    #: What the first SETTINGS frame has beside what `h2` puts there; `settings` come in a second one.
    first_settings: dict = {}

    def __init__(self, context: ssl.SSLContext | None = None, settings: dict | None = None):
        self.context, self.settings = context, settings
        self.credits = True
        self.scripts: dict[str, tuple[Script, bool]] = {}
        self.requests: list[Request] = []
        self.connections = 0
        self.open: set[Connection] = set()
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.url = f"{'https' if context else 'h2c'}://{'localhost' if context else '127.0.0.1'}:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def on(self, path: str, script: Script, *, streaming: bool = False) -> None:
        self.scripts[path] = (script, streaming)

    def handles(self, connection: Connection, event) -> bool:
        """For upstreams that can do more: whether the event is done with."""
        return False

    def record(self, request: Request) -> None:
        with self.lock:
            self.requests.append(request)

    def seen(self, path: str) -> list[Request]:
        with self.lock:
            return [request for request in self.requests if request.path == path]

    def close(self) -> None:
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        with self.lock:
            connections = list(self.open)
        for connection in connections:
            try:
                connection.socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _accept(self) -> None:
        while True:
            try:
                raw, _ = self.listener.accept()
            except OSError:
                return
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(raw,), daemon=True).start()

    def _serve(self, raw: socket.socket) -> None:
        try:
            if self.context is not None:
                raw = self.context.wrap_socket(raw, server_side=True)
        except (OSError, ssl.SSLError):
            return raw.close()
        with self.lock:
            self.connections += 1
            connection = Connection(self, raw, self.connections)
            self.open.add(connection)
        connection.run()


def echo(request: Request) -> None:
    lines = [f"{name}: {value}" for name, value in request.headers]
    request.reply("\n".join(lines).encode() + b"\n\n" + request.body, headers=[("content-type", "text/plain")])
