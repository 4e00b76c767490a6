"""HTTP/2 and HPACK conformance, frame by frame over TLS: what a peer does wrong is answered as RFC 9113 and 7541 say.

Each case opens a connection of its own and sends what its text says. The verdicts:

- `Answers`: a complete response with this status comes.
- `Connection(code, …)`: GOAWAY with one of the codes; the server may also close at once where it says so in the RFC.
- `Stream(code, …)`: RST_STREAM with one of the codes, or the harsher connection error with the same code.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from harness import hpack_bytes as hp
from harness.http2 import (
    ACK, COMPRESSION_ERROR, CONTINUATION, DATA, ENABLE_PUSH, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM,
    FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, GOAWAY, HEADER_TABLE_SIZE, HEADERS, INITIAL_WINDOW_SIZE,
    MAX_CONCURRENT_STREAMS, MAX_FRAME_SIZE, NO_ERROR, PADDED, PING, PREFACE, PRIORITY, PRIORITY_FLAG, PROTOCOL_ERROR,
    PUSH_PROMISE, REFUSED_STREAM, RST_STREAM, SETTINGS, STREAM_CLOSED, WINDOW_UPDATE, HTTP2Client, raw_frame)
from hyperframe.frame import DataFrame, PingFrame, SettingsFrame

EVERYTHING = (1 << 31) - 1


@dataclass
class Answers:
    status: int = 200

    def check(self, outcome):
        assert outcome == ("response", self.status), outcome


class Connection:
    """A connection error; a bare close counts, since a reset can overtake the GOAWAY."""

    def __init__(self, *codes: int):
        self.codes = codes

    def check(self, outcome):
        kind, code = outcome
        assert (kind == "goaway" and code in self.codes) or kind == "closed", outcome


class Stream:
    """A stream error, or the harsher connection error."""

    def __init__(self, *codes: int):
        self.codes = codes

    def check(self, outcome):
        kind, code = outcome
        assert (kind in ("reset", "goaway") and code in self.codes) or kind == "closed", outcome


class Survives:
    """Nothing happens, and the connection goes on: a PING is answered."""

    def check(self, outcome):
        assert outcome == ("pong", None), outcome


class Either:
    """RFC leaves the choice, or a proxy answers a malformed request itself (RFC 9113, 8.1.1)."""

    def __init__(self, *verdicts):
        self.verdicts = verdicts

    def check(self, outcome):
        failures = []
        for verdict in self.verdicts:
            try:
                return verdict.check(outcome)
            except AssertionError as failure:
                failures.append(str(failure))
        raise AssertionError(failures[0])


@dataclass
class Case:
    name: str
    send: Callable[[HTTP2Client], int | None]
    expect: object
    options: dict


CASES: list[Case] = []


def case(name: str, expect, **options):
    """Registers a function that sends the case's frames and returns the stream to look at, if any."""
    def register(send):
        CASES.append(Case(name, send, expect, options))
        return send
    return register


def pong(c: HTTP2Client) -> tuple[str, int | None]:
    c.send_raw(PING, 0, 0, b"stillok?")
    c.wait(lambda: c.closed or any(isinstance(f, PingFrame) and f.opaque_data == b"stillok?" for f in c.frames), 4)
    if c.goaway is not None and c.goaway.error_code != NO_ERROR:
        return "goaway", c.goaway.error_code
    return ("closed", None) if c.closed else ("pong", None)


# Sending, in short

def get(c: HTTP2Client, path: str = "/", extra=(), **options) -> int:
    return c.open_stream(c.fields("GET", path, extra), **options)


def post(c: HTTP2Client, path: str = "/", extra=(), **options) -> int:
    return c.open_stream(c.fields("POST", path, extra), **{"end_stream": False} | options)


def headers(c: HTTP2Client, stream: int, flags: int, block: bytes) -> int:
    c.send_raw(HEADERS, flags, stream, block)
    return stream


def block(c: HTTP2Client, method: str = "GET", extra=()) -> bytes:
    return c.encode(c.fields(method, "/", extra))


def whole(c: HTTP2Client, fields) -> int:
    """A GET of exactly these fields."""
    return headers(c, 1, END_HEADERS | END_STREAM, c.encode(fields))


def coded(c: HTTP2Client, *representations: bytes) -> int:
    """A GET with these representations after the usual pseudo-headers."""
    return headers(c, 1, END_HEADERS | END_STREAM, start(c) + b"".join(representations))


def start(c: HTTP2Client) -> bytes:
    return hp.indexed(2) + hp.indexed(7) + hp.indexed(4) + hp.literal(1, c.authority)


def finished(c: HTTP2Client, stream: int) -> int:
    c.response(stream)
    return stream


def setting(identifier: int, value: int) -> bytes:
    return struct.pack(">HI", identifier, value)


def number(value: int) -> bytes:
    return struct.pack(">I", value)


def priority(depends_on: int = 0, weight: int = 15, exclusive: bool = False) -> bytes:
    return struct.pack(">IB", depends_on | (1 << 31 if exclusive else 0), weight)


# generic: what every client does

@case("generic/1 the client's connection preface is answered with SETTINGS", Survives())
def _(c):
    assert any(isinstance(frame, SettingsFrame) for frame in c.frames)


@case("generic/2 PRIORITY on an idle stream is allowed", Answers())
def _(c):
    c.send_raw(PRIORITY, 0, 1, priority())
    return get(c)


@case("generic/2 WINDOW_UPDATE on a half-closed stream is allowed", Answers())
def _(c):
    stream = get(c)
    c.send_raw(WINDOW_UPDATE, 0, stream, number(1))
    return stream


@case("generic/2 PRIORITY on a half-closed stream is allowed", Answers())
def _(c):
    stream = get(c)
    c.send_raw(PRIORITY, 0, stream, priority())
    return stream


@case("generic/2 RST_STREAM on a half-closed stream ends it alone", Survives())
def _(c):
    c.send_raw(RST_STREAM, 0, get(c), number(8))


@case("generic/2 PRIORITY on a closed stream is allowed", Survives())
def _(c):
    c.send_raw(PRIORITY, 0, finished(c, get(c)), priority())


@case("generic/3.1 one DATA frame", Answers())
def _(c):
    stream = post(c)
    c.send_data(stream, b"test")
    return stream


@case("generic/3.1 several DATA frames", Answers())
def _(c):
    stream = post(c)
    c.send_data(stream, b"test", end_stream=False)
    c.send_data(stream, b"test")
    return stream


@case("generic/3.1 a DATA frame with padding", Answers())
def _(c):
    stream = post(c)
    c.send_raw(DATA, PADDED | END_STREAM, stream, b"\x06test" + bytes(6))
    return stream


@case("generic/3.1 a DATA frame of padding alone", Answers())
def _(c):
    stream = post(c)
    c.send_raw(DATA, PADDED | END_STREAM, stream, b"\x06" + bytes(6))
    return stream


@case("generic/3.1 an empty DATA frame that ends the stream", Answers())
def _(c):
    stream = post(c)
    c.send_raw(DATA, END_STREAM, stream)
    return stream


@case("generic/3.2 a HEADERS frame", Answers())
def _(c):
    return get(c)


@case("generic/3.2 a HEADERS frame with padding", Answers())
def _(c):
    return headers(c, 1, END_HEADERS | END_STREAM | PADDED, b"\x06" + block(c) + bytes(6))


@case("generic/3.2 a HEADERS frame with priority", Answers())
def _(c):
    return headers(c, 1, END_HEADERS | END_STREAM | PRIORITY_FLAG, priority(0, 255, True) + block(c))


@case("generic/3.2 a HEADERS frame with padding and priority", Answers())
def _(c):
    flags = END_HEADERS | END_STREAM | PRIORITY_FLAG | PADDED
    return headers(c, 1, flags, b"\x06" + priority() + block(c) + bytes(6))


for text, payload in (("weight 1", priority(0, 0)), ("weight 256", priority(0, 255)),
                      ("a dependency", priority(3, 15)), ("an exclusive dependency", priority(3, 15, True))):
    @case(f"generic/3.3 PRIORITY with {text}", Answers())
    def _(c, payload=payload):
        c.send_raw(PRIORITY, 0, 1, payload)
        return get(c)


@case("generic/3.3 PRIORITY for an idle stream, then HEADERS on a smaller one", Answers())
def _(c):
    c.send_raw(PRIORITY, 0, 9, priority())
    return get(c)


@case("generic/3.4 RST_STREAM on an open stream", Survives())
def _(c):
    c.send_raw(RST_STREAM, 0, post(c), number(8))


@case("generic/3.5 SETTINGS are acknowledged", Survives())
def _(c):
    before = sum(isinstance(f, SettingsFrame) and "ACK" in f.flags for f in c.frames)
    c.send_raw(SETTINGS, 0, 0, setting(MAX_CONCURRENT_STREAMS, 100))
    assert c.wait(lambda: sum(isinstance(f, SettingsFrame) and "ACK" in f.flags for f in c.frames) > before, 4)


@case("generic/3.7 PING is answered with its own bytes", Survives())
def _(c):
    return None


@case("generic/3.8 a client's GOAWAY lets its own streams finish", Answers())
def _(c):
    stream = get(c)
    c.send_raw(GOAWAY, 0, 0, number(0) + number(0))
    return stream


@case("generic/3.9 WINDOW_UPDATE on the connection", Answers())
def _(c):
    c.send_raw(WINDOW_UPDATE, 0, 0, number(1))
    return get(c)


@case("generic/3.9 WINDOW_UPDATE on a stream", Answers())
def _(c):
    stream = post(c)
    c.send_raw(WINDOW_UPDATE, 0, stream, number(1))
    c.send_data(stream, b"")
    return stream


@case("generic/3.10 one CONTINUATION frame", Answers())
def _(c):
    data = block(c)
    headers(c, 1, END_STREAM, data[:5])
    c.send_raw(CONTINUATION, END_HEADERS, 1, data[5:])
    return 1


@case("generic/3.10 several CONTINUATION frames", Answers())
def _(c):
    data = block(c, extra=[("x-dummy", "a" * 3000)])
    headers(c, 1, END_STREAM, data[:500])
    c.send_raw(CONTINUATION, 0, 1, data[500:1000])
    c.send_raw(CONTINUATION, 0, 1, b"")
    c.send_raw(CONTINUATION, END_HEADERS, 1, data[1000:])
    return 1


@case("generic/4 GET", Answers())
def _(c):
    return get(c)


@case("generic/4 HEAD has no DATA", Answers())
def _(c):
    stream = c.open_stream(c.fields("HEAD"))
    c.response(stream)
    assert c.responses[stream].body == b""
    return stream


@case("generic/4 POST with a body", Answers())
def _(c):
    stream = post(c, extra=[("content-length", "4")])
    c.send_data(stream, b"test")
    return stream


@case("generic/4 POST with trailers", Answers())
def _(c):
    stream = post(c, extra=[("trailer", "x-test")])
    c.send_data(stream, b"test", end_stream=False)
    c.send_trailers(stream, [("x-test", "ok")])
    return stream


@case("generic/4 trailers without a body", Answers())
def _(c):
    stream = post(c)
    c.send_trailers(stream, [("x-test", "ok")])
    return stream


# generic/5: every HPACK representation

for text, representation in (
    ("an indexed field", hp.indexed(16)),
    ("a literal, indexed, name by index", hp.literal(58, "agent", kind="incremental")),
    ("a literal, indexed, name by index, Huffman", hp.literal(58, "agent", kind="incremental", huffman=True)),
    ("a literal, indexed, new name", hp.literal("x-new", "value", kind="incremental")),
    ("a literal, indexed, new name, Huffman", hp.literal("x-new", "value", kind="incremental", huffman=True)),
    ("a literal, not indexed, name by index", hp.literal(58, "agent")),
    ("a literal, not indexed, name by index, Huffman", hp.literal(58, "agent", huffman=True)),
    ("a literal, not indexed, new name", hp.literal("x-new", "value")),
    ("a literal, not indexed, new name, Huffman", hp.literal("x-new", "value", huffman=True)),
    ("a literal, never indexed, name by index", hp.literal(58, "agent", kind="never")),
    ("a literal, never indexed, name by index, Huffman", hp.literal(58, "agent", kind="never", huffman=True)),
    ("a literal, never indexed, new name", hp.literal("x-new", "value", kind="never")),
    ("a literal, never indexed, new name, Huffman", hp.literal("x-new", "value", kind="never", huffman=True)),
):
    @case(f"generic/5 {text}", Answers())
    def _(c, representation=representation):
        return coded(c, representation)


@case("generic/5 a field from the dynamic table, on the next request", Answers())
def _(c):
    finished(c, coded(c, hp.literal("x-new", "value", kind="incremental")))
    return headers(c, 3, END_HEADERS | END_STREAM, start(c) + hp.indexed(62))


@case("generic/5 a dynamic table size update", Answers())
def _(c):
    return headers(c, 1, END_HEADERS | END_STREAM, hp.table_size(128) + start(c))


@case("generic/5 two dynamic table size updates", Answers())
def _(c):
    return headers(c, 1, END_HEADERS | END_STREAM, hp.table_size(128) + hp.table_size(4096) + start(c))


# http2/3.5: preface

@case("http2/3.5 an invalid connection preface", Connection(PROTOCOL_ERROR), handshake=False)
def _(c):
    c.send(b"INVALID CONNECTION PREFACE\r\n\r\n")


@case("http2/3.5 a preface that isn't followed by SETTINGS", Connection(PROTOCOL_ERROR), handshake=False)
def _(c):
    c.send(PREFACE + raw_frame(PING, 0, 0, bytes(8)))


# http2/4.1, 4.2, 4.3: frames

@case("http2/4.1 a frame of unknown type is ignored", Survives())
def _(c):
    c.send_raw(0x16, 0, 0, bytes(8))


@case("http2/4.1 an undefined flag is ignored", Survives())
def _(c):
    c.send_raw(PING, 0x16 & ~ACK, 0, bytes(8))


@case("http2/4.1 the reserved bit of the stream id is ignored", Survives())
def _(c):
    c.send_raw(PING, 0, 1 << 31, bytes(8))


@case("http2/4.2 a DATA frame of 2^14 octets is accepted", Answers())
def _(c):
    stream = post(c)
    c.send_raw(DATA, END_STREAM, stream, b"x" * 16384)
    return stream


@case("http2/4.2 a DATA frame beyond SETTINGS_MAX_FRAME_SIZE", Stream(FRAME_SIZE_ERROR))
def _(c):
    stream = post(c)
    c.send_raw(DATA, END_STREAM, stream, b"x" * (c.server_settings.get(MAX_FRAME_SIZE, 16384) + 1))
    return stream


@case("http2/4.2 a HEADERS frame beyond SETTINGS_MAX_FRAME_SIZE", Connection(FRAME_SIZE_ERROR))
def _(c):
    data = start(c) + b"".join(hp.literal(f"x-dummy-{n}", "a" * 4000) for n in range(5))
    headers(c, 1, END_HEADERS | END_STREAM, data[: c.server_settings.get(MAX_FRAME_SIZE, 16384) + 1].ljust(
        c.server_settings.get(MAX_FRAME_SIZE, 16384) + 1, b"\x82"))


@case("http2/4.3 a header block that can't be decoded", Connection(COMPRESSION_ERROR))
def _(c):
    headers(c, 1, END_HEADERS | END_STREAM, b"\x40\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")


@case("http2/4.3 PRIORITY within a header block", Connection(PROTOCOL_ERROR))
def _(c):
    headers(c, 1, END_STREAM, block(c))
    c.send_raw(PRIORITY, 0, 1, priority())


@case("http2/4.3 HEADERS of another stream within a header block", Connection(PROTOCOL_ERROR))
def _(c):
    headers(c, 1, END_STREAM, block(c))
    headers(c, 3, END_STREAM | END_HEADERS, block(c))


@case("http2/4.3 a truncated header block", Connection(COMPRESSION_ERROR))
def _(c):
    headers(c, 1, END_HEADERS | END_STREAM, (start(c) + hp.literal("x-new", "value"))[:-3])


# http2/5.1: stream states

for text, kind, payload in (("DATA", DATA, b"test"), ("RST_STREAM", RST_STREAM, number(8)),
                            ("WINDOW_UPDATE", WINDOW_UPDATE, number(100)), ("CONTINUATION", CONTINUATION, b"\x82")):
    @case(f"http2/5.1 idle: {text}", Connection(PROTOCOL_ERROR, *([STREAM_CLOSED] if kind == DATA else [])))
    def _(c, kind=kind, payload=payload):
        c.send_raw(kind, END_HEADERS if kind == CONTINUATION else 0, 1, payload)


@case("http2/5.1 half-closed (remote): DATA", Stream(STREAM_CLOSED))
def _(c):
    stream = get(c, "/slow-answer")
    c.send_raw(DATA, END_STREAM, stream, b"test")
    return stream


@case("http2/5.1 half-closed (remote): HEADERS", Stream(STREAM_CLOSED))
def _(c):
    stream = get(c, "/slow-answer")
    return headers(c, stream, END_HEADERS | END_STREAM, block(c))


@case("http2/5.1 half-closed (remote): CONTINUATION", Connection(PROTOCOL_ERROR, STREAM_CLOSED))
def _(c):
    c.send_raw(CONTINUATION, END_HEADERS, get(c, "/slow-answer"), b"\x82")


@case("http2/5.1 closed by RST_STREAM: DATA", Either(Stream(STREAM_CLOSED), Survives()))
def _(c):
    stream = post(c)
    c.send_raw(RST_STREAM, 0, stream, number(8))
    c.send_raw(DATA, END_STREAM, stream, b"test")


@case("http2/5.1 closed by RST_STREAM: HEADERS", Either(Stream(STREAM_CLOSED), Survives()))
def _(c):
    stream = post(c)
    c.send_raw(RST_STREAM, 0, stream, number(8))
    headers(c, stream, END_HEADERS | END_STREAM, c.encode([("x-test", "ok")]))


@case("http2/5.1 closed by RST_STREAM: CONTINUATION", Connection(PROTOCOL_ERROR, STREAM_CLOSED))
def _(c):
    stream = post(c)
    c.send_raw(RST_STREAM, 0, stream, number(8))
    c.send_raw(CONTINUATION, END_HEADERS, stream, b"\x82")


@case("http2/5.1 closed: DATA", Connection(STREAM_CLOSED))
def _(c):
    c.send_raw(DATA, END_STREAM, finished(c, get(c)), b"test")


@case("http2/5.1 closed: HEADERS", Connection(STREAM_CLOSED))
def _(c):
    headers(c, finished(c, get(c)), END_HEADERS | END_STREAM, block(c))


@case("http2/5.1 closed: CONTINUATION", Connection(PROTOCOL_ERROR, STREAM_CLOSED))
def _(c):
    c.send_raw(CONTINUATION, END_HEADERS, finished(c, get(c)), b"\x82")


@case("http2/5.1 closed: WINDOW_UPDATE and RST_STREAM shortly after are ignored", Survives())
def _(c):
    stream = finished(c, get(c))
    c.send_raw(WINDOW_UPDATE, 0, stream, number(1))
    c.send_raw(RST_STREAM, 0, stream, number(8))


@case("http2/5.1.1 an even stream id", Connection(PROTOCOL_ERROR))
def _(c):
    headers(c, 2, END_HEADERS | END_STREAM, block(c))


@case("http2/5.1.1 a stream id smaller than before", Connection(PROTOCOL_ERROR, STREAM_CLOSED))
def _(c):
    finished(c, headers(c, 5, END_HEADERS | END_STREAM, block(c)))
    headers(c, 3, END_HEADERS | END_STREAM, block(c))


@case("http2/5.1.2 more streams than SETTINGS_MAX_CONCURRENT_STREAMS", Stream(PROTOCOL_ERROR, REFUSED_STREAM))
def _(c):
    limit = c.server_settings[MAX_CONCURRENT_STREAMS]
    assert 1 <= limit <= 1000
    for _ in range(limit):
        post(c)
    return post(c)


# RFC 9113 leaves priorities behind; conformance suites still ask for what RFC 7540 said of them.

@case("http2/5.3.1 HEADERS that depend on their own stream", Stream(PROTOCOL_ERROR))
def _(c):
    return headers(c, 1, END_HEADERS | END_STREAM | PRIORITY_FLAG, priority(1) + block(c))


@case("http2/5.3.1 PRIORITY that depends on its own stream", Stream(PROTOCOL_ERROR))
def _(c):
    c.send_raw(PRIORITY, 0, 1, priority(1))
    return 1


@case("http2/5.4.1 a connection error is followed by the connection's end", Connection(FRAME_SIZE_ERROR))
def _(c):
    c.send_raw(PING, 0, 0, bytes(6))
    assert c.wait(lambda: c.closed, 5), "the connection stays open after its error"


@case("http2/5.5 an unknown extension frame is ignored", Survives())
def _(c):
    c.send_raw(0xEE, 0xFF, 0, b"unknown")
    c.send_raw(0xEE, 0xFF, 1, b"unknown")


@case("http2/5.5 an unknown extension frame within a header block", Connection(PROTOCOL_ERROR))
def _(c):
    data = block(c)
    headers(c, 1, END_STREAM, data[:5])
    c.send_raw(0xEE, 0, 0, b"unknown")
    c.send_raw(CONTINUATION, END_HEADERS, 1, data[5:])


# http2/6: frames, one by one

@case("http2/6.1 DATA on stream 0", Connection(PROTOCOL_ERROR))
def _(c):
    c.send_raw(DATA, END_STREAM, 0, b"test")


@case("http2/6.1 DATA on a stream that is half-closed", Stream(STREAM_CLOSED))
def _(c):
    stream = get(c, "/slow-answer")
    c.send_raw(DATA, END_STREAM, stream, b"test")
    return stream


@case("http2/6.1 DATA with more padding than payload", Connection(PROTOCOL_ERROR))
def _(c):
    c.send_raw(DATA, PADDED | END_STREAM, post(c), b"\x06test")


@case("http2/6.1 DATA with the padded flag and no length", Connection(PROTOCOL_ERROR, FRAME_SIZE_ERROR))
def _(c):
    c.send_raw(DATA, PADDED | END_STREAM, post(c), b"")


@case("http2/6.2 HEADERS without END_HEADERS, then PRIORITY", Connection(PROTOCOL_ERROR))
def _(c):
    headers(c, 1, END_STREAM, block(c))
    c.send_raw(PRIORITY, 0, 1, priority())


@case("http2/6.2 HEADERS without END_HEADERS, then HEADERS of another stream", Connection(PROTOCOL_ERROR))
def _(c):
    headers(c, 1, END_STREAM, block(c))
    headers(c, 3, END_STREAM | END_HEADERS, block(c))


@case("http2/6.2 HEADERS on stream 0", Connection(PROTOCOL_ERROR))
def _(c):
    headers(c, 0, END_HEADERS | END_STREAM, block(c))


@case("http2/6.2 HEADERS with more padding than payload", Connection(PROTOCOL_ERROR))
def _(c):
    headers(c, 1, END_HEADERS | END_STREAM | PADDED, b"\xff" + block(c))


@case("http2/6.2 HEADERS with the priority flag and too little payload", Connection(FRAME_SIZE_ERROR, PROTOCOL_ERROR))
def _(c):
    headers(c, 1, END_HEADERS | END_STREAM | PRIORITY_FLAG, b"\x00\x00")


@case("http2/6.3 PRIORITY on stream 0", Connection(PROTOCOL_ERROR))
def _(c):
    c.send_raw(PRIORITY, 0, 0, priority())


@case("http2/6.3 PRIORITY of another length than 5", Stream(FRAME_SIZE_ERROR))
def _(c):
    stream = post(c)
    c.send_raw(PRIORITY, 0, stream, b"\x80\x00\x00\x01")
    return stream


@case("http2/6.4 RST_STREAM on stream 0", Connection(PROTOCOL_ERROR))
def _(c):
    c.send_raw(RST_STREAM, 0, 0, number(8))


@case("http2/6.4 RST_STREAM on an idle stream", Connection(PROTOCOL_ERROR))
def _(c):
    c.send_raw(RST_STREAM, 0, 1, number(8))


@case("http2/6.4 RST_STREAM of another length than 4", Connection(FRAME_SIZE_ERROR))
def _(c):
    c.send_raw(RST_STREAM, 0, post(c), b"\x00\x00\x00")


@case("http2/6.5 SETTINGS that acknowledge and say something", Connection(FRAME_SIZE_ERROR))
def _(c):
    c.send_raw(SETTINGS, ACK, 0, setting(MAX_CONCURRENT_STREAMS, 100))


@case("http2/6.5 SETTINGS on a stream", Connection(PROTOCOL_ERROR))
def _(c):
    c.send_raw(SETTINGS, 0, 1, setting(MAX_CONCURRENT_STREAMS, 100))


@case("http2/6.5 SETTINGS of a length that is no multiple of 6", Connection(FRAME_SIZE_ERROR))
def _(c):
    c.send_raw(SETTINGS, 0, 0, b"\x00\x03\x00")


for text, identifier, value, code in (
    ("ENABLE_PUSH of 2", ENABLE_PUSH, 2, PROTOCOL_ERROR),
    ("INITIAL_WINDOW_SIZE of 2^31", INITIAL_WINDOW_SIZE, 1 << 31, FLOW_CONTROL_ERROR),
    ("MAX_FRAME_SIZE of 2^14 - 1", MAX_FRAME_SIZE, (1 << 14) - 1, PROTOCOL_ERROR),
    ("MAX_FRAME_SIZE of 2^24", MAX_FRAME_SIZE, 1 << 24, PROTOCOL_ERROR),
):
    @case(f"http2/6.5.2 {text}", Connection(code))
    def _(c, identifier=identifier, value=value):
        c.send_raw(SETTINGS, 0, 0, setting(identifier, value))


@case("http2/6.5.2 an unknown setting is ignored", Survives())
def _(c):
    c.send_raw(SETTINGS, 0, 0, setting(0xFF, 0))


@case("http2/6.5.3 of one setting twice the last holds", Answers())
def _(c):
    c.send_raw(SETTINGS, 0, 0, setting(INITIAL_WINDOW_SIZE, 100) + setting(INITIAL_WINDOW_SIZE, 1))
    stream = get(c)
    c.wait(lambda: any(isinstance(frame, DataFrame) for frame in c.frames), 4)
    assert len(next(frame for frame in c.frames if isinstance(frame, DataFrame)).data) == 1
    return stream


@case("http2/6.5.3 the header table size is taken over before the acknowledgement", Answers())
def _(c):
    c.send_raw(SETTINGS, 0, 0, setting(HEADER_TABLE_SIZE, 0))
    return get(c)


@case("http2/6.7 an acknowledging PING isn't answered", Survives())
def _(c):
    c.send_raw(PING, ACK, 0, b"invalid!")
    c.read_some(0.2)
    assert not any(isinstance(frame, PingFrame) and frame.opaque_data == b"invalid!" for frame in c.frames)


@case("http2/6.7 PING on a stream", Connection(PROTOCOL_ERROR))
def _(c):
    c.send_raw(PING, 0, 1, bytes(8))


@case("http2/6.7 PING of another length than 8", Connection(FRAME_SIZE_ERROR))
def _(c):
    c.send_raw(PING, 0, 0, bytes(6))


@case("http2/6.8 GOAWAY on a stream", Connection(PROTOCOL_ERROR))
def _(c):
    c.send_raw(GOAWAY, 0, 1, number(0) + number(0))


@case("http2/6.8 GOAWAY that is too short", Connection(FRAME_SIZE_ERROR))
def _(c):
    c.send_raw(GOAWAY, 0, 0, number(0))


@case("http2/6.9 WINDOW_UPDATE of 0 on the connection", Connection(PROTOCOL_ERROR))
def _(c):
    c.send_raw(WINDOW_UPDATE, 0, 0, number(0))


@case("http2/6.9 WINDOW_UPDATE of 0 on a stream", Stream(PROTOCOL_ERROR))
def _(c):
    stream = post(c)
    c.send_raw(WINDOW_UPDATE, 0, stream, number(0))
    return stream


@case("http2/6.9 WINDOW_UPDATE of another length than 4", Connection(FRAME_SIZE_ERROR))
def _(c):
    c.send_raw(WINDOW_UPDATE, 0, 0, b"\x00\x00\x01")


@case("http2/6.9.1 with a window of 1 a DATA frame of one octet comes", Answers())
def _(c):
    c.send_raw(SETTINGS, 0, 0, setting(INITIAL_WINDOW_SIZE, 1))
    stream = get(c)
    c.wait(lambda: any(isinstance(frame, DataFrame) for frame in c.frames), 4)
    assert len(next(frame for frame in c.frames if isinstance(frame, DataFrame)).data) == 1
    return stream


@case("http2/6.9.1 a connection window beyond 2^31-1", Connection(FLOW_CONTROL_ERROR))
def _(c):
    c.send_raw(WINDOW_UPDATE, 0, 0, number(EVERYTHING))
    c.send_raw(WINDOW_UPDATE, 0, 0, number(EVERYTHING))


@case("http2/6.9.1 a stream window beyond 2^31-1", Stream(FLOW_CONTROL_ERROR))
def _(c):
    stream = post(c)
    c.send_raw(WINDOW_UPDATE, 0, stream, number(EVERYTHING))
    c.send_raw(WINDOW_UPDATE, 0, stream, number(EVERYTHING))
    return stream


@case("http2/6.9.1 more DATA than the stream's window", Stream(FLOW_CONTROL_ERROR))
def _(c):
    # The upstream reads nothing, so that the window stays shut once the sockets between are full.
    stream = post(c, "/reads-nothing")
    frames = raw_frame(DATA, 0, stream, b"x" * 16384) * 64
    for _ in range(64):
        if c.closed or c.goaway or stream in c.responses:
            break
        c.send(frames)
        c.read_some(0)
    return stream


@case("http2/6.9.2 a changed INITIAL_WINDOW_SIZE applies to open streams", Answers())
def _(c):
    c.send_raw(SETTINGS, 0, 0, setting(INITIAL_WINDOW_SIZE, 0))
    stream = get(c)
    c.wait(lambda: stream in c.responses and c.responses[stream].status == 200, 4)
    assert c.responses[stream].body == b""
    c.send_raw(SETTINGS, 0, 0, setting(INITIAL_WINDOW_SIZE, 1))
    c.wait(lambda: any(isinstance(frame, DataFrame) for frame in c.frames), 4)
    assert len(next(frame for frame in c.frames if isinstance(frame, DataFrame)).data) == 1
    return stream


@case("http2/6.9.2 a window may become negative and is honoured", Answers(), automatic=False)
def _(c):
    c.send_raw(SETTINGS, 0, 0, setting(INITIAL_WINDOW_SIZE, 3))
    stream = get(c)
    c.wait(lambda: len(c.responses.get(stream, c._response(stream)).body) == 3, 4)
    c.send_raw(SETTINGS, 0, 0, setting(INITIAL_WINDOW_SIZE, 2))
    c.send_raw(WINDOW_UPDATE, 0, stream, number(1))
    c.read_some(0.3)
    assert len(c.responses[stream].body) == 3
    c.send_raw(WINDOW_UPDATE, 0, stream, number(1))
    c.wait(lambda: len(c.responses[stream].body) == 4, 4)
    assert len(c.responses[stream].body) == 4
    c.send_raw(WINDOW_UPDATE, 0, stream, number(65535))
    return stream


@case("http2/6.9.2 an INITIAL_WINDOW_SIZE beyond the maximum", Connection(FLOW_CONTROL_ERROR))
def _(c):
    c.send_raw(SETTINGS, 0, 0, setting(INITIAL_WINDOW_SIZE, 1 << 31))


@case("http2/6.9.2 an INITIAL_WINDOW_SIZE that overflows an open stream", Stream(FLOW_CONTROL_ERROR))
def _(c):
    stream = post(c)
    c.send_raw(WINDOW_UPDATE, 0, stream, number(EVERYTHING - 65535))
    c.send_raw(SETTINGS, 0, 0, setting(INITIAL_WINDOW_SIZE, EVERYTHING))
    return stream


@case("http2/6.10 CONTINUATION frames, then another frame", Connection(PROTOCOL_ERROR))
def _(c):
    data = block(c)
    headers(c, 1, END_STREAM, data[:3])
    c.send_raw(CONTINUATION, 0, 1, data[3:5])
    c.send_raw(DATA, END_STREAM, 1, b"test")


@case("http2/6.10 CONTINUATION on stream 0", Connection(PROTOCOL_ERROR))
def _(c):
    headers(c, 1, END_STREAM, block(c)[:3])
    c.send_raw(CONTINUATION, END_HEADERS, 0, b"\x82")


@case("http2/6.10 CONTINUATION of another stream", Connection(PROTOCOL_ERROR))
def _(c):
    headers(c, 1, END_STREAM, block(c)[:3])
    c.send_raw(CONTINUATION, END_HEADERS, 3, b"\x82")


@case("http2/6.10 CONTINUATION after HEADERS with END_HEADERS", Connection(PROTOCOL_ERROR, STREAM_CLOSED))
def _(c):
    headers(c, 1, END_HEADERS, block(c, "POST"))
    c.send_raw(CONTINUATION, END_HEADERS, 1, hp.literal("x-test", "ok"))


@case("http2/6.10 CONTINUATION after CONTINUATION with END_HEADERS", Connection(PROTOCOL_ERROR, STREAM_CLOSED))
def _(c):
    data = block(c, "POST")
    headers(c, 1, 0, data[:3])
    c.send_raw(CONTINUATION, END_HEADERS, 1, data[3:])
    c.send_raw(CONTINUATION, END_HEADERS, 1, hp.literal("x-test", "ok"))


@case("http2/6.10 CONTINUATION after DATA", Connection(PROTOCOL_ERROR))
def _(c):
    stream = post(c)
    c.send_raw(DATA, 0, stream, b"test")
    c.send_raw(CONTINUATION, END_HEADERS, stream, hp.literal("x-test", "ok"))


# http2/7: error codes

@case("http2/7 GOAWAY with an unknown code", Either(Survives(), Connection(NO_ERROR)))
def _(c):
    c.send_raw(GOAWAY, 0, 0, number(0) + number(0xFF))


@case("http2/7 RST_STREAM with an unknown code", Survives())
def _(c):
    c.send_raw(RST_STREAM, 0, post(c), number(0xFF))


# http2/8: requests

@case("http2/8.1 a second HEADERS frame that doesn't end the stream", Stream(PROTOCOL_ERROR))
def _(c):
    stream = post(c)
    c.send_data(stream, b"test", end_stream=False)
    return headers(c, stream, END_HEADERS, c.encode([("x-test", "ok")]))


MALFORMED = Either(Stream(PROTOCOL_ERROR), Answers(400))


def pseudo(c, **changes):
    fields = {":method": "GET", ":scheme": c.scheme, ":path": "/", ":authority": c.authority}
    return [(name, value) for name, value in fields.items() if name[1:] not in changes]


for text, make in (
    ("8.1.2 an upper-case name", lambda c: c.fields(extra=[("X-TEST", "ok")])),
    ("8.1.2 an empty name", lambda c: c.fields(extra=[("", "ok")])),
    ("8.1.2 a blank in a name", lambda c: c.fields(extra=[("x test", "ok")])),
    ("8.1.2 a line break in a value", lambda c: c.fields(extra=[("x-test", "ok\r\nx-evil: 1")])),
    ("8.1.2 a NUL in a value", lambda c: c.fields(extra=[("x-test", "o\0k")])),
    ("8.1.2.1 an unknown pseudo-header", lambda c: [*c.fields(), (":test", "ok")]),
    ("8.1.2.1 a response's pseudo-header", lambda c: [*c.fields(), (":status", "200")]),
    ("8.1.2.1 a pseudo-header after a field", lambda c: [*c.fields()[:3], ("x-test", "ok"), c.fields()[3]]),
    ("8.1.2.2 a connection-specific field", lambda c: c.fields(extra=[("connection", "keep-alive")])),
    ("8.1.2.2 transfer-encoding", lambda c: c.fields(extra=[("transfer-encoding", "chunked")])),
    ("8.1.2.2 upgrade", lambda c: c.fields(extra=[("upgrade", "websocket")])),
    ("8.1.2.2 keep-alive", lambda c: c.fields(extra=[("keep-alive", "timeout=5")])),
    ("8.1.2.2 TE with something else than trailers", lambda c: c.fields(extra=[("te", "trailers, deflate")])),
    ("8.1.2.3 an empty :path", lambda c: [*pseudo(c, path=1), (":path", "")]),
    ("8.1.2.3 a :path without its slash", lambda c: [*pseudo(c, path=1), (":path", "page")]),
    ("8.1.2.3 no :method", lambda c: pseudo(c, method=1)),
    ("8.1.2.3 no :scheme", lambda c: pseudo(c, scheme=1)),
    ("8.1.2.3 no :path", lambda c: pseudo(c, path=1)),
    ("8.1.2.3 two :method", lambda c: [(":method", "GET"), *c.fields()]),
    ("8.1.2.3 two :scheme", lambda c: [(":scheme", c.scheme), *c.fields()]),
    ("8.1.2.3 two :path", lambda c: [(":path", "/"), *c.fields()]),
    ("8.1.2.3 two :authority", lambda c: [(":authority", c.authority), *c.fields()]),
):
    @case(f"http2/{text}", MALFORMED)
    def _(c, make=make):
        return whole(c, make(c))


@case("http2/8.1.2.3 a user in :authority", Either(MALFORMED, Answers(404)))
def _(c):
    return whole(c, [*pseudo(c, authority=1), (":authority", f"user@{c.authority}")])


@case("http2/8.1.2.1 a pseudo-header in trailers", Stream(PROTOCOL_ERROR))
def _(c):
    stream = post(c)
    c.send_data(stream, b"test", end_stream=False)
    c.send_trailers(stream, [(":method", "POST"), ("x-test", "ok")])
    return stream


@case("http2/8.1.2.6 content-length unlike one DATA frame", MALFORMED)
def _(c):
    stream = post(c, extra=[("content-length", "1")])
    c.send_data(stream, b"test")
    return stream


@case("http2/8.1.2.6 content-length unlike the sum of DATA frames", MALFORMED)
def _(c):
    stream = post(c, extra=[("content-length", "1")])
    c.send_data(stream, b"te", end_stream=False)
    c.send_data(stream, b"st")
    return stream


@case("http2/8.1.2.6 less DATA than content-length", MALFORMED)
def _(c):
    stream = post(c, extra=[("content-length", "10")])
    c.send_data(stream, b"test")
    return stream


@case("http2/8.1.2.6 content-length without a body", MALFORMED)
def _(c):
    return get(c, extra=[("content-length", "10")])


for text, values in (("two that differ", ["4", "5"]), ("one that is no number", ["four"]), ("a negative one", ["-4"])):
    @case(f"http2/8.1.2.6 content-length, {text}", MALFORMED)
    def _(c, values=values):
        stream = post(c, extra=[("content-length", value) for value in values])
        c.send_data(stream, b"test")
        return stream


@case("http2/8.2 PUSH_PROMISE of a client", Connection(PROTOCOL_ERROR))
def _(c):
    c.send_raw(PUSH_PROMISE, END_HEADERS, get(c, "/slow-answer"), number(2) + block(c))


# hpack

@case("hpack/2.3.3 an index beyond both tables", Connection(COMPRESSION_ERROR))
def _(c):
    return coded(c, hp.indexed(70)) and None


@case("hpack/2.3.3 a literal whose name's index is beyond both tables", Connection(COMPRESSION_ERROR))
def _(c):
    return coded(c, hp.literal(70, "value", kind="incremental")) and None


@case("hpack/4.2 a table size update at the end of a header block", Connection(COMPRESSION_ERROR))
def _(c):
    return coded(c, hp.table_size(1)) and None


@case("hpack/5.1 an integer that never ends", Connection(COMPRESSION_ERROR))
def _(c):
    return coded(c, b"\xff" + b"\x80" * 20 + b"\x01") and None


@case("hpack/5.2 Huffman padding longer than 7 bits", Connection(COMPRESSION_ERROR))
def _(c):
    return coded(c, b"\x00" + hp.string("x-test") + hp.raw_huffman_string(b"\x1f\xff")) and None


@case("hpack/5.2 Huffman padding of zeros", Connection(COMPRESSION_ERROR))
def _(c):
    return coded(c, b"\x00" + hp.string("x-test") + hp.raw_huffman_string(b"\x18")) and None


@case("hpack/5.2 Huffman data with the EOS symbol", Connection(COMPRESSION_ERROR))
def _(c):
    return coded(c, b"\x00" + hp.string("x-test") + hp.raw_huffman_string(b"\xff\xff\xff\xff")) and None


@case("hpack/6.1 index 0", Connection(COMPRESSION_ERROR))
def _(c):
    return coded(c, hp.indexed(0)) and None


@case("hpack/6.3 a table size beyond SETTINGS_HEADER_TABLE_SIZE", Connection(COMPRESSION_ERROR))
def _(c):
    size = c.server_settings.get(HEADER_TABLE_SIZE, 4096) + 1
    headers(c, 1, END_HEADERS | END_STREAM, hp.table_size(size) + start(c))


# Floods: what is legal frame by frame, and an attack in numbers

@case("flood/ 100 000 PING frames", Either(Connection(ENHANCE_YOUR_CALM, PROTOCOL_ERROR), Survives()))
def _(c):
    for _ in range(100):
        c.send(raw_frame(PING, 0, 0, bytes(8)) * 1000)
        c.read_some(0)


@case("flood/ streams opened and reset at once", Connection(ENHANCE_YOUR_CALM, NO_ERROR, 2))
def _(c):
    for _ in range(5000):
        if c.closed or c.goaway:
            break
        c.send_raw(RST_STREAM, 0, get(c, "/slow-answer"), number(8))
        c.read_some(0)


@case("flood/ CONTINUATION frames without end", Connection(ENHANCE_YOUR_CALM, PROTOCOL_ERROR, 2))
def _(c):
    headers(c, 1, END_STREAM, start(c))
    for _ in range(2000):
        if c.closed or c.goaway:
            break
        c.send_raw(CONTINUATION, 0, 1, hp.literal("x-more", "a" * 200))
        c.read_some(0)


@case("flood/ SETTINGS frames without reading", Either(Connection(ENHANCE_YOUR_CALM, PROTOCOL_ERROR, 2), Survives()))
def _(c):
    for _ in range(20):
        c.send(raw_frame(SETTINGS, 0, 0, setting(INITIAL_WINDOW_SIZE, 65535)) * 500)
        c.read_some(0)


@case("flood/ a header list beyond the limit", Either(
    Answers(431), Stream(PROTOCOL_ERROR, REFUSED_STREAM, 8, ENHANCE_YOUR_CALM, 2), Connection(ENHANCE_YOUR_CALM)))
def _(c):
    return c.open_stream(c.fields(extra=[(f"x-{n}", "a" * 1000) for n in range(100)]))


@case("flood/ a header list that indexing makes huge", Either(
    Answers(431), Stream(PROTOCOL_ERROR, REFUSED_STREAM, 8, ENHANCE_YOUR_CALM, 2), Connection(ENHANCE_YOUR_CALM)))
def _(c):
    return coded(c, hp.literal("x-bomb", "a" * 4000, kind="incremental"), hp.indexed(62) * 4000)


@pytest.fixture(scope="module", autouse=True)
def answers(upstream):
    """Paths that the cases need: one that answers late enough for a stream to be half-closed, one that never reads."""
    import time

    def slow(exchange):
        time.sleep(1)
        exchange.reply(b"late")

    def reads_nothing(exchange):
        time.sleep(6)
        return False

    upstream.on("/slow-answer", slow)
    upstream.on("/reads-nothing", reads_nothing, streaming=True)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "_"))
def test_conformance(http2, case):
    with http2(**case.options) as connection:
        stream = case.send(connection)
        if stream is None and isinstance(case.expect, (Survives, Either)):
            outcome = pong(connection)
        else:
            outcome = connection.outcome(stream)
        case.expect.check(outcome)


def test_the_gateway_still_serves_after_all_of_this(ask):
    assert ask("acme").status_code == 200
