"""A raw HTTP/2 client on hyperframe and hpack: sends any frame, well-formed or not, and records what comes back."""

from __future__ import annotations

import select
import socket
import ssl
import struct
import time

import hpack
from hyperframe.frame import (
    ContinuationFrame, DataFrame, Frame, GoAwayFrame, HeadersFrame, PingFrame, RstStreamFrame, SettingsFrame,
    WindowUpdateFrame)

from .http1 import Response

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

# Error codes, RFC 9113, section 7.
NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR = 0, 1, 2, 3
STREAM_CLOSED, FRAME_SIZE_ERROR, REFUSED_STREAM, CANCEL = 5, 6, 7, 8
COMPRESSION_ERROR, ENHANCE_YOUR_CALM = 9, 11

# Frame types and flags, section 6.
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED, PRIORITY_FLAG = 0x1, 0x1, 0x4, 0x8, 0x20

HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE = 1, 2, 3, 4, 5


def raw_frame(kind: int, flags: int, stream: int, payload: bytes = b"", *, length: int | None = None) -> bytes:
    """A frame of these very fields; `length` may lie."""
    size = len(payload) if length is None else length
    return struct.pack(">I", size)[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


class HTTP2Client:
    """One connection, over TLS or in cleartext with prior knowledge. Use as a context manager.

    With `automatic=True` it acknowledges SETTINGS and PING and gives flow control credit for what it reads.
    """

    def __init__(self, port: int, context: ssl.SSLContext | None = None, *, authority: str = "localhost",
                 automatic: bool = True, timeout: float = 20, settings: dict[int, int] | None = None,
                 handshake: bool = True, receive_buffer: int | None = None):
        raw = socket.socket()
        if receive_buffer:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        raw.settimeout(timeout)
        raw.connect(("127.0.0.1", port))
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket: socket.socket = raw
        if context is not None:
            self.socket = context.wrap_socket(raw, server_hostname="localhost")
            assert self.socket.selected_alpn_protocol() == "h2", "the server didn't choose h2"
        self.authority = authority
        self.automatic = automatic
        self.timeout = timeout
        self.scheme = "https" if context is not None else "http"
        self.encoder = hpack.Encoder()
        self.decoder = hpack.Decoder()
        self.next_stream = 1
        self.buffer = b""
        self.closed = False
        self.goaway: GoAwayFrame | None = None
        self.server_settings: dict[int, int] = {}
        self.frames: list[Frame] = []
        self.responses: dict[int, Response] = {}
        self._block: tuple[int, bytes, bool] | None = None
        if handshake:
            self.send(PREFACE)
            self.send_frame(SettingsFrame(0, settings=settings or {}))
            self.wait(lambda: self._seen(SettingsFrame, ack=False))
            self.send_frame(SettingsFrame(0, flags=["ACK"]))

    def __enter__(self) -> "HTTP2Client":
        return self

    def __exit__(self, *_) -> None:
        self.socket.close()

    # Sending

    def send(self, data: bytes) -> None:
        """Sends bytes; a peer that has already gone is noticed on reading, not here."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            pass

    def send_frame(self, frame: Frame) -> None:
        self.send(frame.serialize())

    def send_raw(self, kind: int, flags: int, stream: int, payload: bytes = b"", **options) -> None:
        self.send(raw_frame(kind, flags, stream, payload, **options))

    def fields(self, method: str = "GET", path: str = "/", extra=()) -> list[tuple[str, str]]:
        return [(":method", method), (":scheme", self.scheme), (":path", path), (":authority", self.authority), *extra]

    def encode(self, fields, *, huffman: bool = True) -> bytes:
        return self.encoder.encode(fields, huffman=huffman)

    def open_stream(self, fields, *, end_stream: bool = True, stream: int | None = None) -> int:
        """Sends a HEADERS frame, with CONTINUATION where the block is long; returns the stream id."""
        if stream is None:
            stream, self.next_stream = self.next_stream, self.next_stream + 2
        block = self.encode(fields)
        parts = [block[start:start + 16000] for start in range(0, len(block), 16000)] or [b""]
        flags = (END_STREAM if end_stream else 0) | (END_HEADERS if len(parts) == 1 else 0)
        data = raw_frame(HEADERS, flags, stream, parts[0])
        for index, part in enumerate(parts[1:], 2):
            data += raw_frame(CONTINUATION, END_HEADERS if index == len(parts) else 0, stream, part)
        self.send(data)
        return stream

    def send_data(self, stream: int, data: bytes, *, end_stream: bool = True) -> None:
        parts = [data[start:start + 16384] for start in range(0, len(data), 16384)] or [b""]
        for index, part in enumerate(parts, 1):
            last = end_stream and index == len(parts)
            self.send_raw(DATA, END_STREAM if last else 0, stream, part)

    def send_trailers(self, stream: int, fields) -> None:
        self.send_raw(HEADERS, END_STREAM | END_HEADERS, stream, self.encode(fields))

    # Whole requests

    def request(self, method: str = "GET", path: str = "/", headers=(), body: bytes | None = None,
                trailers=None) -> Response:
        """One request to its end. The body must fit the server's initial window."""
        last_head = body is None and trailers is None
        stream = self.open_stream(self.fields(method, path, headers), end_stream=last_head)
        if body is not None:
            self.send_data(stream, body, end_stream=trailers is None)
        if trailers is not None:
            self.send_trailers(stream, trailers)
        return self.response(stream)

    def response(self, stream: int, timeout: float | None = None) -> Response:
        """Waits for the end of a stream's response, or its reset, or the connection's end."""
        def ended():
            response = self.responses.get(stream)
            return (response is not None and (response.complete or response.reset is not None)) or self.closed
        self.wait(ended, timeout)
        assert stream in self.responses, f"no response on stream {stream}: goaway={self.goaway} closed={self.closed}"
        return self.responses[stream]

    def wait_for_head(self, stream: int) -> None:
        """Waits until a response has begun."""
        assert self.wait(lambda: stream in self.responses and self.responses[stream].status != 0 or self.closed)

    def settle(self) -> None:
        """Waits until the server has acted upon all that was sent before: frames are answered in their order."""
        mark = b"%08d" % len(self.frames)
        self.send_frame(PingFrame(0, opaque_data=mark))
        assert self.wait(lambda: any(isinstance(f, PingFrame) and f.opaque_data == mark for f in self.frames))

    # Receiving

    def wait(self, condition, timeout: float | None = None) -> bool:
        """Reads until the condition holds; False where the time or the connection ended first."""
        deadline = time.monotonic() + (timeout or self.timeout)
        while not condition():
            if self.closed or not self.read_some(max(0.0, deadline - time.monotonic())):
                return condition()
        return True

    def read_some(self, timeout: float) -> bool:
        """Reads what is there within `timeout` seconds; False where nothing came."""
        pending = isinstance(self.socket, ssl.SSLSocket) and self.socket.pending()
        if not pending and not select.select([self.socket], [], [], timeout)[0]:
            return False
        try:
            data = self.socket.recv(65536)
        except (ConnectionResetError, BrokenPipeError, ssl.SSLError):
            data = b""
        if not data:
            self.closed = True
            return True
        self.buffer += data
        while len(self.buffer) >= 9:
            frame, length = Frame.parse_frame_header(memoryview(self.buffer[:9]))
            if len(self.buffer) < 9 + length:
                break
            frame.parse_body(memoryview(self.buffer[9:9 + length]))
            self.buffer = self.buffer[9 + length:]
            self._record(frame)
        return True

    def _seen(self, kind: type[Frame], ack: bool | None = None) -> bool:
        return any(isinstance(frame, kind) and (ack is None or ("ACK" in frame.flags) == ack) for frame in self.frames)

    def _record(self, frame: Frame) -> None:
        self.frames.append(frame)
        if isinstance(frame, SettingsFrame) and "ACK" not in frame.flags:
            self.server_settings |= frame.settings
            if self.automatic and self._handshaken():
                self.send_frame(SettingsFrame(0, flags=["ACK"]))
        elif isinstance(frame, PingFrame) and "ACK" not in frame.flags and self.automatic:
            self.send_frame(PingFrame(0, opaque_data=frame.opaque_data, flags=["ACK"]))
        elif isinstance(frame, GoAwayFrame):
            self.goaway = frame
        elif isinstance(frame, RstStreamFrame):
            self._response(frame.stream_id).reset = frame.error_code
        elif isinstance(frame, HeadersFrame):
            self._block = (frame.stream_id, frame.data, "END_STREAM" in frame.flags)
            self._end_block("END_HEADERS" in frame.flags)
        elif isinstance(frame, ContinuationFrame) and self._block is not None:
            stream, data, end = self._block
            self._block = (stream, data + frame.data, end)
            self._end_block("END_HEADERS" in frame.flags)
        elif isinstance(frame, DataFrame):
            response = self._response(frame.stream_id)
            response.body += frame.data
            if "END_STREAM" in frame.flags:
                response.complete = True
            elif self.automatic and frame.flow_controlled_length:
                self.send_frame(WindowUpdateFrame(frame.stream_id, frame.flow_controlled_length))
            if self.automatic and frame.flow_controlled_length:
                self.send_frame(WindowUpdateFrame(0, frame.flow_controlled_length))

    def _handshaken(self) -> bool:
        return sum(isinstance(f, SettingsFrame) and "ACK" not in f.flags for f in self.frames) > 1

    def _response(self, stream: int) -> Response:
        return self.responses.setdefault(stream, Response(0, [], complete=False))

    def _end_block(self, end_headers: bool) -> None:
        if not end_headers or self._block is None:
            return
        stream, data, end_stream = self._block
        self._block = None
        fields = [(str(name), str(value)) for name, value in self.decoder.decode(data)]
        response = self._response(stream)
        if fields and fields[0][0] == ":status" and int(fields[0][1]) < 200:
            response.informational.append(int(fields[0][1]))
        elif response.status == 0:
            response.status = int(dict(fields)[":status"])
            response.headers = [field for field in fields if not field[0].startswith(":")]
        else:
            response.trailers = fields
        if end_stream:
            response.complete = True

    # Verdicts, for conformance tests

    def outcome(self, stream: int | None = None, timeout: float = 15) -> tuple[str, int | None]:
        """What the server made of it: `("goaway", code)`, `("reset", code)`, `("response", status)`, `("closed", None)`
        or `("nothing", None)`."""
        def decided():
            if self.goaway is not None and self.goaway.error_code != NO_ERROR:
                return True
            response = self.responses.get(stream) if stream is not None else None
            return response is not None and (response.reset is not None or response.complete)
        self.wait(decided, timeout)
        if self.goaway is not None and self.goaway.error_code != NO_ERROR:
            return "goaway", self.goaway.error_code
        response = self.responses.get(stream) if stream is not None else None
        if response is not None and response.reset is not None:
            return "reset", response.reset
        if response is not None and response.complete:
            return "response", response.status
        if self.closed:
            return "closed", None
        return "nothing", None
