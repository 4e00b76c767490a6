"""WebSockets by an implementation that nobody here wrote: `websockets` as upstream and as client over HTTP/1.1, and
`h2` with `wsproto` as client over HTTP/2 (RFC 8441)."""

from __future__ import annotations

import base64
import hashlib
import os
import socket
import ssl
import threading
import time

import h2.config
import h2.connection
import h2.events
import h2.settings
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Response
from websockets.sync.client import ClientConnection, connect
from websockets.sync.server import ServerConnection, serve
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Message, TextMessage
from wsproto.extensions import PerMessageDeflate

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def accept_of(key: str) -> str:
    """RFC 6455, 4.2.2."""
    return base64.b64encode(hashlib.sha1(key.encode() + GUID).digest()).decode()


def handshake(path: str = "/echo", host: str = "acme.test", *, extra: list[str] = (), key: str | None = None) -> bytes:
    """A request for a WebSocket, as bytes."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Connection: Upgrade", "Upgrade: websocket",
             f"Sec-WebSocket-Key: {key or base64.b64encode(os.urandom(16)).decode()}", "Sec-WebSocket-Version: 13"]
    return "\r\n".join([*lines, *extra]).encode() + b"\r\n\r\n"


class WebSocketUpstream:
    """Answers by path: `/echo` says everything back, `/flood` sends until nobody takes it, `/refuse` is a 418, `/leave`
    closes with a code of its own, `/mute` reads nothing."""

    def __init__(self):
        self.requests: list = []
        self.sent = 0
        #: How connections ended: the code of the Close frame, or None where there was none.
        self.ended: list[int | None] = []
        self.connections: list[ServerConnection] = []
        self.server = serve(self._serve, "127.0.0.1", 0, process_request=self._judge, max_size=None, ping_interval=None)
        self.port = self.server.socket.getsockname()[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        self.server.shutdown()

    def seen(self, path: str) -> list:
        return [request for request in self.requests if request.path.split("?")[0] == path]

    def _judge(self, connection: ServerConnection, request) -> Response | None:
        self.requests.append(request)
        if request.path.startswith("/refuse"):
            return Response(418, "Teapot", Headers([("Content-Length", "5"), ("X-Own", "yes")]), b"short")
        return None

    def _serve(self, connection: ServerConnection) -> None:
        path = connection.request.path.split("?")[0]
        self.connections.append(connection)
        try:
            if path.startswith("/leave"):
                connection.close(4321, "bye")
            elif path.startswith("/flood"):
                noise = os.urandom(65536)  # Which no compression makes less.
                while True:
                    connection.send(noise)
                    self.sent += 65536
            elif path.startswith("/mute"):
                connection.protocol_mutex.acquire()  # The thread that reads waits for this.
                time.sleep(3600)
            else:
                for message in connection:
                    connection.send(message)
        except ConnectionClosed:
            pass
        finally:
            self.ended.append(connection.protocol.close_code)


def open_websocket(gateway, path: str = "/echo", *, tls: bool = False, host: str = "acme.test",
                   headers: dict[str, str] | None = None, **options) -> ClientConnection:
    """A client over HTTP/1.1. Use as a context manager."""
    port = gateway.tls_port if tls else gateway.clear_port
    raw = socket.create_connection(("127.0.0.1", port), timeout=20)
    if tls:
        raw = gateway.tls_context("http/1.1").wrap_socket(raw, server_hostname="localhost")
    options = {"max_size": None, "ping_interval": None} | options
    return connect(f"ws://{host}{path}", sock=raw, additional_headers=headers or {}, **options)


class HTTP2WebSocket:
    """One stream of an HTTP/2 connection over TLS that an extended CONNECT has made a WebSocket."""

    def __init__(self, gateway, path: str = "/echo", *, host: str = "acme.test", headers=(), protocol: str = "websocket",
                 scheme: str = "https", timeout: float = 20, reads: bool = True):
        self.timeout = timeout
        raw = socket.create_connection(("127.0.0.1", gateway.tls_port), timeout=timeout)
        self.socket = gateway.tls_context("h2").wrap_socket(raw, server_hostname="localhost")
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.status: int | None = None
        self.headers: list[tuple[str, str]] = []
        self.messages: list[Event] = []
        self.body = b""
        self.close_code: int | None = None
        self.close_reason: str | None = None
        self.ended = False
        self.reset: int | None = None
        self.closed = False
        self.reads = reads
        self._flush()
        self._wait(lambda: h2.settings.SettingCodes.ENABLE_CONNECT_PROTOCOL in self.h2.remote_settings)
        self.stream = self.h2.get_next_available_stream_id()
        self.h2.send_headers(self.stream, [
            (":method", "CONNECT"), (":protocol", protocol), (":scheme", scheme), (":path", path), (":authority", host),
            ("sec-websocket-version", "13"), ("sec-websocket-extensions", "permessage-deflate"), *headers])
        self._flush()
        self._wait(lambda: self.status is not None or self.reset is not None)

    def __enter__(self) -> "HTTP2WebSocket":
        return self

    def __exit__(self, *_) -> None:
        self.socket.close()

    def send(self, event: Event) -> None:
        self.send_bytes(self.ws.send(event))

    def send_bytes(self, data: bytes) -> None:
        while data:
            room = min(self.h2.local_flow_control_window(self.stream), self.h2.max_outbound_frame_size)
            if room == 0:
                self._read()
                continue
            self.h2.send_data(self.stream, data[:room])
            data = data[room:]
            self._flush()

    def say(self, text: str) -> None:
        self.send(Message(data=text))

    def receive(self) -> str | bytes:
        """The next whole message."""
        parts: list = []

        def whole() -> bool:
            while self.messages:
                event = self.messages.pop(0)
                parts.append(event.data)
                if event.message_finished:
                    return True
            return False

        assert self._wait(whole), "no message came"
        return parts[0][:0].join(parts)

    def wait_end(self, timeout: float = 20) -> None:
        """Waits until the stream is over, whichever way."""
        assert self._wait(lambda: self.ended or self.reset is not None or self.closed, timeout), "the stream goes on"

    def end(self) -> None:
        self.h2.end_stream(self.stream)
        self._flush()

    def cancel(self) -> None:
        self.h2.reset_stream(self.stream, 8)
        self._flush()

    def _flush(self) -> None:
        self.socket.sendall(self.h2.data_to_send())

    def _wait(self, condition, timeout: float | None = None) -> bool:
        deadline = time.monotonic() + (timeout or self.timeout)
        while not condition():
            if self.closed or time.monotonic() > deadline:
                return False
            self.socket.settimeout(max(0.01, deadline - time.monotonic()))
            self._read()
        return True

    def _read(self) -> None:
        try:
            data = self.socket.recv(65536)
        except TimeoutError:
            return
        except (ConnectionResetError, ssl.SSLError):
            data = b""
        if not data:
            self.closed = True
            return
        for event in self.h2.receive_data(data):
            self._note(event)
        self._flush()

    def _note(self, event) -> None:
        if isinstance(event, h2.events.ResponseReceived):
            self.headers = list(event.headers)
            self.status = int(dict(event.headers)[":status"])
            deflate = PerMessageDeflate()
            agreed = dict(self.headers).get("sec-websocket-extensions")
            if agreed:
                deflate.finalize(agreed)
            self.ws = Connection(ConnectionType.CLIENT, extensions=[deflate] if agreed else [])
        elif isinstance(event, h2.events.DataReceived):
            if self.reads:
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            self.body += event.data
            if self.status == 200:
                self.ws.receive_data(event.data)
                for message in self.ws.events():
                    if isinstance(message, (TextMessage, BytesMessage)):
                        self.messages.append(message)
                    elif isinstance(message, CloseConnection):
                        self.close_code, self.close_reason = message.code, message.reason
        elif isinstance(event, h2.events.StreamEnded):
            self.ended = True
        elif isinstance(event, h2.events.StreamReset):
            self.reset = event.error_code
