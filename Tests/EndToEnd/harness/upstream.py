"""An HTTP/1.1 upstream that records what it is sent, byte for byte, and answers as a test scripts it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from .gateway import free_port


@dataclass
class Exchange:
    """One request as it arrived, and the connection to answer on."""

    head: bytes
    method: str
    target: str
    version: str
    headers: list[tuple[str, str]]
    connection: int
    stream: "Stream"
    body: bytes = b""
    trailers: list[tuple[str, str]] = field(default_factory=list)
    body_error: str | None = None

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def value(self, name: str) -> str | None:
        values = self.values(name)
        assert len(values) <= 1, f"{name} came {len(values)} times: {values}"
        return values[0] if values else None

    def names(self) -> list[str]:
        return [name.lower() for name, _ in self.headers]

    @property
    def path(self) -> str:
        return self.target.split("?", 1)[0]

    def body_chunks(self) -> Iterator[bytes]:
        """The body as it arrives, for scripts registered with `streaming=True`."""
        yield from self.stream.read_body(self)

    def send(self, data: bytes) -> None:
        self.stream.socket.sendall(data)

    def reply(self, body: bytes = b"", status: str = "200 OK", headers: list[str] | None = None) -> None:
        lines = [f"HTTP/1.1 {status}", *(headers or []), f"Content-Length: {len(body)}"]
        payload = b"" if self.method == "HEAD" else body
        self.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + payload)


class Stream:
    """Buffered reading from one connection."""

    def __init__(self, connection: socket.socket):
        self.socket = connection
        self.buffer = b""

    def fill(self) -> bool:
        data = self.socket.recv(256 * 1024)
        self.buffer += data
        return bool(data)

    def until(self, mark: bytes) -> bytes | None:
        while mark not in self.buffer:
            if not self.fill():
                return None
        found, self.buffer = self.buffer.split(mark, 1)
        return found

    def exactly(self, count: int) -> Iterator[bytes]:
        while count > 0:
            if not self.buffer and not self.fill():
                raise EOFError("the body ended early")
            part, self.buffer = self.buffer[:count], self.buffer[count:]
            count -= len(part)
            yield part

    def read_body(self, exchange: Exchange) -> Iterator[bytes]:
        if any("chunked" in value.lower() for value in exchange.values("transfer-encoding")):
            while True:
                line = self.until(b"\r\n")
                if line is None:
                    raise EOFError("the body ended before its last chunk")
                size = int(line.split(b";")[0], 16)
                if size == 0:
                    break
                yield from self.exactly(size)
                if self.until(b"\r\n") is None:
                    raise EOFError("the body ended within a chunk")
            while line := self.until(b"\r\n"):
                name, _, value = line.decode("latin-1").partition(":")
                exchange.trailers.append((name, value.strip()))
            return
        lengths = exchange.values("content-length")
        if lengths:
            yield from self.exactly(int(lengths[0]))


Script = Callable[[Exchange], object]


class RecordingUpstream:
    """Answers with a JSON description of the request, unless a script is registered for the path.

    A script may return False to have the connection closed after it.
    """

    def __init__(self, port: int = 0, host: str = "127.0.0.1"):
        self.listener = socket.create_server((host, port or free_port()), backlog=256)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://{host}:{self.port}"
        self.exchanges: list[Exchange] = []
        self.connections = 0
        self._scripts: dict[str, tuple[Script, bool]] = {}
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    def on(self, path: str, script: Script, *, streaming: bool = False) -> None:
        """Has `script` answer every request for exactly this path."""
        self._scripts[path] = (script, streaming)

    def seen(self, path: str) -> list[Exchange]:
        with self._lock:
            return [exchange for exchange in self.exchanges if exchange.path == path]

    def drop_connections(self) -> int:
        """Closes every open connection, idle ones included; returns how many there were."""
        with self._lock:
            connections, self._open = list(self._open), set()
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            connection.close()
        return len(connections)

    def close(self) -> None:
        self._closed = True
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        self.drop_connections()

    def _accept(self) -> None:
        while not self._closed:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self.connections += 1
                number = self.connections
                self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection, number), daemon=True).start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        stream = Stream(connection)
        try:
            while (head := stream.until(b"\r\n\r\n")) is not None:
                if not self._answer(stream, head, number):
                    break
        except (OSError, EOFError, ValueError):
            pass
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()

    def _answer(self, stream: Stream, head: bytes, number: int) -> bool:
        lines = head.decode("latin-1").split("\r\n")
        method, target, version = lines[0].split(" ")
        headers = []
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers.append((name, value.strip()))
        exchange = Exchange(head, method, target, version, headers, number, stream)
        script, streaming = self._scripts.get(exchange.path, (describe, False))
        if not streaming:
            try:
                exchange.body = b"".join(stream.read_body(exchange))
            except (EOFError, OSError) as error:
                exchange.body_error = str(error)
                with self._lock:
                    self.exchanges.append(exchange)
                raise
        with self._lock:
            self.exchanges.append(exchange)
        return script(exchange) is not False


def describe(exchange: Exchange) -> None:
    """The default answer: what arrived, as JSON."""
    body = json.dumps(
        {
            "method": exchange.method,
            "target": exchange.target,
            "headers": exchange.headers,
            "body": exchange.body.decode("latin-1"),
            "trailers": exchange.trailers,
            "connection": exchange.connection,
        }
    ).encode()
    exchange.reply(body, headers=["Content-Type: application/json"])
