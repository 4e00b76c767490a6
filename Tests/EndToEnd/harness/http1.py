"""A raw HTTP/1.1 client: sends exactly the bytes it is given and reads one response after another."""

from __future__ import annotations

import json
import socket
import ssl
from dataclasses import dataclass, field


@dataclass
class Response:
    """A response as it came, whichever protocol brought it."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes = b""
    trailers: list[tuple[str, str]] = field(default_factory=list)
    informational: list[int] = field(default_factory=list)
    complete: bool = True
    reset: int | None = None

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def value(self, name: str) -> str | None:
        values = self.values(name)
        return values[0] if values else None

    def json(self):
        return json.loads(self.body)

    @property
    def code(self) -> str | None:
        """The `code` of a problem response, else None."""
        if "problem+json" not in (self.value("content-type") or ""):
            return None
        return self.json().get("code")


class HTTP1Client:
    """One connection. Use as a context manager."""

    def __init__(self, port: int, context: ssl.SSLContext | None = None, timeout: float = 15,
                 source: str = "127.0.0.1"):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout, source_address=(source, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
        self.buffer = b""

    def __enter__(self) -> "HTTP1Client":
        return self

    def __exit__(self, *_) -> None:
        self.socket.close()

    def send(self, data: bytes | str) -> None:
        self.socket.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))

    def request(self, method: str, target: str, headers: list[tuple[str, str]], body: bytes = b"") -> Response:
        lines = [f"{method} {target} HTTP/1.1"] + [f"{name}: {value}" for name, value in headers]
        if body and not any(name.lower() in ("content-length", "transfer-encoding") for name, _ in headers):
            lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join(lines).encode("utf-8") + b"\r\n\r\n" + body)
        return self.read_response(head_only=method == "HEAD")

    def at_end(self) -> bool:
        """Whether the peer has closed: waits for it, up to the socket's timeout."""
        try:
            return self.buffer == b"" and self.socket.recv(1) == b""
        except (ConnectionResetError, ssl.SSLEOFError):
            return True

    def read_response(self, head_only: bool = False, at_head=lambda: None) -> Response:
        """One response; `at_head` is called when its head is there."""
        informational = []
        while True:
            head = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
            status = int(head[0].split(" ")[1])
            headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in head[1:])]
            if status < 200 and status != 101:
                informational.append(status)
                continue
            break
        response = Response(status, headers, informational=informational)
        at_head()
        if head_only or status in (204, 304, 101):
            return response
        try:
            if (response.value("transfer-encoding") or "").lower() == "chunked":
                self._read_chunks(response)
            elif (length := response.value("content-length")) is not None:
                response.body = self._exactly(int(length))
            else:
                response.body = self._rest()
        except EOFError as error:
            response.complete = False
            response.body += error.args[0] if error.args and isinstance(error.args[0], bytes) else b""
        return response

    def _read_chunks(self, response: Response) -> None:
        while True:
            size = int(self._until(b"\r\n").split(b";")[0], 16)
            if size == 0:
                break
            response.body += self._exactly(size)
            self._until(b"\r\n")
        while line := self._until(b"\r\n"):
            name, _, value = line.decode("latin-1").partition(":")
            response.trailers.append((name, value.strip()))

    def _fill(self) -> bool:
        try:
            data = self.socket.recv(65536)
        except (ConnectionResetError, ssl.SSLEOFError):
            return False
        self.buffer += data
        return bool(data)

    def _until(self, mark: bytes) -> bytes:
        while mark not in self.buffer:
            if not self._fill():
                raise EOFError(self.buffer)
        found, self.buffer = self.buffer.split(mark, 1)
        return found

    def _exactly(self, count: int) -> bytes:
        while len(self.buffer) < count:
            if not self._fill():
                raise EOFError(self.buffer)
        found, self.buffer = self.buffer[:count], self.buffer[count:]
        return found

    def _rest(self) -> bytes:
        while self._fill():
            pass
        found, self.buffer = self.buffer, b""
        return found
