"""An upstream that keeps every byte it is sent, and a reader that takes nothing but one reading of them.

The reader follows RFC 9112 to the letter and shares no code with the gateway or with the other upstream: what it
refuses, some server somewhere would read differently.
"""

from __future__ import annotations

import re
import socket
import threading
import time
from dataclasses import dataclass, field

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
REQUEST_LINE = re.compile(rb"(" + TOKEN + rb") ([\x21\x22\x24-\x7e]+) HTTP/1\.1\Z")
VALUE = rb"(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?"
FIELD_LINE = re.compile(rb"(" + TOKEN + rb"): (" + VALUE + rb")\Z")
HOST = re.compile(rb"(?:[0-9A-Za-z._\-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?\Z")

# Of one connection only (RFC 9110, 7.6.1), or of another version's opening.
HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "upgrade", "proxy-authenticate",
              "proxy-authorization", "http2-settings", "expect"}
NEVER_IN_TRAILERS = HOP_BY_HOP | {"content-length", "transfer-encoding", "host", "authorization", "cookie",
                                  "set-cookie", "content-type", "content-encoding", "content-range",
                                  "cache-control", "forwarded"}
IDENTITY = {"x-widget-state", "x-widget-organization", "x-widget-user", "x-widget-user-id", "x-widget-user-email",
            "x-widget-user-name", "x-widget-verified-by", "x-widget-profile", "x-widget-assertion"}


class Unsound(Exception):
    """Two servers could read these bytes differently, or one could take a header for another."""


@dataclass
class WireRequest:
    """One request, as the only possible reading of its bytes."""

    method: str
    target: str
    fields: list[tuple[str, str]]
    body: bytes = b""
    trailers: list[tuple[str, str]] = field(default_factory=list)
    raw: bytes = b""

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key == name]

    @property
    def identity(self) -> dict[str, str]:
        """What it says of who is calling."""
        return {name: value for name, value in self.fields if name in IDENTITY}


def as_variable(name: str) -> str:
    """The name as CGI, WSGI, Rack and PHP hand it on: one spelling for many."""
    return re.sub(r"[^0-9a-z]", "-", name.lower())


def _field(line: bytes) -> tuple[str, str]:
    found = FIELD_LINE.match(line)
    if not found:
        raise Unsound(f"no field: {line!r}")
    return found[1].decode("latin-1"), found[2].decode("latin-1")


def _check_names(fields: list[tuple[str, str]], forbidden: set[str]) -> None:
    for name, _ in fields:
        if name != name.lower():
            raise Unsound(f"{name} isn't written as the gateway writes names")
        plain = as_variable(name)
        if plain in forbidden:
            raise Unsound(f"{name} must not come here")
        if plain.startswith("x-widget-") and name not in IDENTITY:
            raise Unsound(f"{name} may be taken for an identity header")
        if plain in ("host", "content-length", "transfer-encoding") and plain != name:
            raise Unsound(f"{name} may be taken for {plain}")
    names = [name for name, _ in fields]
    for name in set(names) & (IDENTITY | {"host", "content-length", "transfer-encoding", "authorization", "cookie"}):
        if names.count(name) > 1:
            raise Unsound(f"{name} came {names.count(name)} times")


class StrictReader:
    """Takes requests off the front of one connection's bytes."""

    def __init__(self) -> None:
        self.buffer = b""

    def next(self) -> WireRequest | None:
        """The next request, or None where its bytes aren't all there. Raises `Unsound`."""
        head, mark, rest = self.buffer.partition(b"\r\n\r\n")
        if not mark:
            self._check_unfinished(head)
            return None
        lines = head.split(b"\r\n")
        if any(b"\r" in line or b"\n" in line or b"\0" in line for line in lines):
            raise Unsound(f"a bare CR, LF or NUL: {head!r}")
        first = REQUEST_LINE.match(lines[0])
        if not first:
            raise Unsound(f"no request line: {lines[0]!r}")
        request = WireRequest(first[1].decode(), first[2].decode(), [_field(line) for line in lines[1:]])
        self._check_head(request)
        taken = self._body(request, rest)
        if taken is None:
            return None
        consumed = len(head) + len(mark) + taken
        request.raw, self.buffer = self.buffer[:consumed], self.buffer[consumed:]
        return request

    @staticmethod
    def _check_unfinished(start: bytes) -> None:
        if len(start) > 64 * 1024:
            raise Unsound("a head without an end")
        if re.search(rb"(?<!\r)\n|\r(?!\n|\Z)|\0", start):
            raise Unsound(f"a bare CR, LF or NUL: {start!r}")

    @staticmethod
    def _check_head(request: WireRequest) -> None:
        _check_names(request.fields, HOP_BY_HOP)
        hosts = request.values("host")
        if len(hosts) != 1 or not HOST.match(hosts[0].encode()):
            raise Unsound(f"not one host: {hosts}")
        if not (request.target.startswith("/") or (request.target, request.method) == ("*", "OPTIONS")):
            raise Unsound(f"the target isn't in origin form: {request.target}")

    def _body(self, request: WireRequest, rest: bytes) -> int | None:
        lengths, codings = request.values("content-length"), request.values("transfer-encoding")
        if lengths and codings:
            raise Unsound("both content-length and transfer-encoding")
        if codings:
            if codings != ["chunked"]:
                raise Unsound(f"transfer-encoding: {codings}")
            return self._chunks(request, rest)
        if not lengths:
            return 0
        if not re.match(r"(?:0|[1-9][0-9]*)\Z", lengths[0]):
            raise Unsound(f"content-length: {lengths[0]!r}")
        length = int(lengths[0])
        if len(rest) < length:
            return None
        request.body = rest[:length]
        return length

    @staticmethod
    def _chunks(request: WireRequest, rest: bytes) -> int | None:
        position = 0
        while True:
            end = rest.find(b"\r\n", position)
            if end < 0:
                return None
            size = rest[position:end]
            if not re.match(rb"[0-9A-Fa-f]{1,15}\Z", size):
                raise Unsound(f"a chunk of size {size!r}")
            length = int(size, 16)
            position = end + 2
            if length == 0:
                break
            if len(rest) < position + length + 2:
                return None
            if rest[position + length:position + length + 2] != b"\r\n":
                raise Unsound("a chunk that doesn't end where it said")
            request.body += rest[position:position + length]
            position += length + 2
        while True:
            end = rest.find(b"\r\n", position)
            if end < 0:
                return None
            line, position = rest[position:end], end + 2
            if not line:
                _check_names(request.trailers, NEVER_IN_TRAILERS | IDENTITY)
                return position
            request.trailers.append(_field(line))


@dataclass
class Wire:
    """One connection: its bytes, and what they amount to."""

    number: int
    raw: bytes = b""
    requests: list[WireRequest] = field(default_factory=list)
    unread: bytes = b""
    is_open: bool = True


class WireUpstream:
    """Answers each whole request with `200 ok`, and closes a connection on which it reads anything unsound."""

    ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.wires: list[Wire] = []
        self.violations: list[str] = []
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def requests(self) -> list[WireRequest]:
        with self._lock:
            return [request for wire in self.wires for request in wire.requests]

    def seen(self, mark: str) -> list[WireRequest]:
        """The requests whose target mentions `mark`."""
        return [request for request in self.requests if mark in request.target]

    def settle(self) -> None:
        """Waits until no connection has the beginning of a request that may still go on."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with self._lock:
                if not any(wire.unread and wire.is_open for wire in self.wires):
                    return
            time.sleep(0.01)
        raise AssertionError(f"an upstream connection is left with half a request: {self.wires[-1].unread[-500:]!r}")

    def close(self) -> None:
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        for connection in self._sockets:
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self._sockets.append(connection)
            with self._lock:
                wire = Wire(len(self.wires))
                self.wires.append(wire)
            threading.Thread(target=self._serve, args=(connection, wire), daemon=True).start()

    def _serve(self, connection: socket.socket, wire: Wire) -> None:
        reader = StrictReader()
        try:
            while data := connection.recv(65536):
                reader.buffer += data
                answers = 0
                with self._lock:
                    wire.raw += data
                    while (request := reader.next()) is not None:
                        wire.requests.append(request)
                        answers += 1
                    wire.unread = reader.buffer
                connection.sendall(self.ANSWER * answers)
        except Unsound as error:
            with self._lock:
                self.violations.append(f"{error}\n{wire.raw[-2000:]!r}")
        except OSError:
            pass
        finally:
            with self._lock:
                wire.is_open = False
            connection.close()
