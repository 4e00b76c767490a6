"""Raw connections for attackers: send anything, read or don't, and notice how it ends."""

from __future__ import annotations

import select
import socket
import ssl
import struct
import time
from dataclasses import dataclass

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
PRIORITY_UPDATE, UNKNOWN = 0x10, 0xBE
END_STREAM, ACK, END_HEADERS, PADDED = 0x1, 0x1, 0x4, 0x8
ERRORS = ["NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED",
          "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM"]


@dataclass(frozen=True)
class Target:
    """Where the gateway listens."""

    tls_port: int
    clear_port: int
    certificate: str


def readable(waited_for: socket.socket, seconds: float) -> bool:
    """`select` without its limit of 1024 descriptors."""
    poll = select.poll()
    poll.register(waited_for, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def number(value: int) -> bytes:
    return struct.pack(">I", value)


def setting(identifier: int, value: int) -> bytes:
    return struct.pack(">HI", identifier, value)


def text(value: bytes) -> bytes:
    """An HPACK string without Huffman coding."""
    return integer(len(value), 7, 0) + value


def integer(value: int, bits: int, pattern: int) -> bytes:
    """An HPACK integer behind a pattern (RFC 7541, 5.1)."""
    most = (1 << bits) - 1
    if value < most:
        return bytes([pattern | value])
    encoded, value = [pattern | most], value - most
    while value >= 128:
        encoded.append(value & 127 | 128)
        value >>= 7
    return bytes(encoded + [value])


def field(name: bytes, value: bytes, *, indexed: bool = False) -> bytes:
    """A literal field; `indexed`: one that goes into the dynamic table."""
    return bytes([0x40 if indexed else 0]) + text(name) + text(value)


def head(method: bytes = b"GET", path: bytes = b"/", more: bytes = b"") -> bytes:
    """A request's header block that uses no dynamic table."""
    methods = {b"GET": b"\x82", b"POST": b"\x83"}
    return methods[method] + b"\x87" + b"\x04" + text(path) + b"\x01" + text(b"acme.test") + more


def request(stream: int, method: bytes = b"GET", path: bytes = b"/", more: bytes = b"", *, ends: bool = True) -> bytes:
    return frame(HEADERS, END_HEADERS | (END_STREAM if ends else 0), stream, head(method, path, more))


class Attacker:
    """One connection of an attacker. HTTP/2 unless `http1`; a handshake is made unless `silent`."""

    def __init__(self, target: Target, *, tls: bool = True, http1: bool = False, settings: bytes = b"",
                 acknowledges: bool = True, preface: bool = True, receive_buffer: int | None = None,
                 timeout: float = 2):
        raw = socket.socket()
        raw.settimeout(timeout)
        if receive_buffer:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        raw.connect(("127.0.0.1", target.tls_port if tls else target.clear_port))
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket: socket.socket = raw
        if tls:
            context = ssl.create_default_context(cafile=target.certificate)
            context.set_alpn_protocols(["http/1.1" if http1 else "h2"])
            self.socket = context.wrap_socket(raw, server_hostname="localhost")
        self.started = time.monotonic()
        self.acknowledges = acknowledges and not http1
        self.http1 = http1
        self.closed = False
        self.goaway: int | None = None
        self.resets: list[tuple[int, int]] = []
        self.received = 0
        self.stream = 1
        self.buffer = b""
        if preface and not http1:
            self.send(PREFACE + frame(SETTINGS, 0, 0, settings))
            self.read(0.05)

    def next_stream(self) -> int:
        stream, self.stream = self.stream, self.stream + 2
        return stream

    def send(self, data: bytes) -> bool:
        """False where the gateway has gone, or takes nothing more for now."""
        try:
            self.socket.sendall(data)
            return True
        except TimeoutError:
            self.closed = self.closed or isinstance(self.socket, ssl.SSLSocket)  # A record cut short: no way on.
            return False
        except (OSError, ssl.SSLError):
            self.closed = True
            return False

    def read(self, timeout: float = 0) -> bool:
        """Takes in what is there. False where nothing came."""
        if self.closed:
            return False
        pending = isinstance(self.socket, ssl.SSLSocket) and self.socket.pending()
        if not pending and not readable(self.socket, timeout):
            return False
        try:
            data = self.socket.recv(1 << 16)
        except TimeoutError:
            return False
        except (OSError, ssl.SSLError):
            data = b""
        if not data:
            self.closed = True
            return False
        self.received += len(data)
        if not self.http1:
            self._parse(data)
        return True

    def _parse(self, data: bytes) -> None:
        self.buffer += data
        position = 0
        while len(self.buffer) - position >= 9:
            length = int.from_bytes(self.buffer[position:position + 3])
            if len(self.buffer) - position < 9 + length:
                break
            kind, flags = self.buffer[position + 3], self.buffer[position + 4]
            payload = self.buffer[position + 9:position + 9 + length]
            if kind == GOAWAY:
                self.goaway = int.from_bytes(payload[4:8])
            elif kind == RST_STREAM:
                self.resets.append((int.from_bytes(self.buffer[position + 5:position + 9]), int.from_bytes(payload)))
            elif kind == SETTINGS and not flags & ACK and self.acknowledges:
                self.send(frame(SETTINGS, ACK, 0))
            position += 9 + length
        self.buffer = self.buffer[position:]

    @property
    def is_over(self) -> bool:
        """Whether the gateway has said that it won't go on, or has closed."""
        return self.closed or self.goaway is not None

    def wait_for_end(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not self.is_over and time.monotonic() < deadline:
            self.read(min(0.1, max(0, deadline - time.monotonic())))
        return self.is_over

    @property
    def end(self) -> str:
        if self.goaway is not None:
            return "GOAWAY " + (ERRORS[self.goaway] if self.goaway < len(ERRORS) else str(self.goaway))
        return "closed" if self.closed else "open"

    def close(self) -> None:
        try:
            self.socket.close()
        except OSError:
            pass
