"""States in which a client stops, or nearly: each must come to an end by itself."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from .attacks import HalfHandshake, attacker_has_gone, client_hello, opened
from .wire import (
    CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PING, PREFACE, SETTINGS, WINDOW_UPDATE, Attacker, Target,
    field, frame, head, number, request, setting)


@dataclass(frozen=True)
class Stall:
    name: str
    begin: Callable[[Target], Attacker]
    #: What is sent once a second.
    drip: Callable[[Attacker, int], bytes] | None = None
    reads: bool = True


def http1(target: Target, data: bytes, **options) -> Attacker:
    attacker = Attacker(target, http1=True, **options)
    if data:
        attacker.send(data)
    return attacker


def http2(data: Callable[[Attacker], object] | None = None, **options) -> Callable[[Target], Attacker]:
    def begin(target):
        attacker = Attacker(target, **options)
        if data is not None:
            data(attacker)
        return attacker
    return begin


def silent(target: Target, port: int) -> Attacker:
    attacker = HalfHandshake(target, b"")
    attacker.socket.close()
    attacker.socket = socket.create_connection(("127.0.0.1", port), timeout=2)
    return attacker


def raw(data: bytes) -> Callable[[Target], Attacker]:
    def begin(target):
        attacker = Attacker(target, preface=False, acknowledges=False)
        if data:
            attacker.send(data)
        return attacker
    return begin


def half_frame(attacker: Attacker) -> None:
    attacker.send(frame(PING, 0, 0, bytes(8))[:12])


def unread(attacker: Attacker) -> None:
    attacker.send(frame(WINDOW_UPDATE, 0, 0, number(2**30)) + b"".join(
        request(attacker.next_stream(), path=b"/big") for _ in range(20)))


def bodies(attacker: Attacker) -> None:
    attacker.send(request(attacker.next_stream(), b"POST", more=field(b"content-length", b"1000"), ends=False))


POST = b"POST / HTTP/1.1\r\nHost: acme.test\r\nContent-Length: 1000\r\n\r\n"
STALLS = [
    Stall("silent TCP, TLS listener", lambda target: silent(target, target.tls_port)),
    Stall("silent TCP, cleartext listener", lambda target: silent(target, target.clear_port)),
    Stall("half a TLS hello", lambda target: HalfHandshake(target, client_hello(target)[:100])),
    Stall("TLS, then silence", raw(b"")),
    Stall("TLS with http/1.1, then silence", lambda target: http1(target, b"")),
    Stall("half a preface", raw(PREFACE[:10])),
    Stall("no SETTINGS", raw(PREFACE)),
    Stall("unacknowledged SETTINGS", http2(acknowledges=False)),
    Stall("unacknowledged SETTINGS, PING each second", http2(acknowledges=False),
          lambda a, _: frame(PING, 0, 0, bytes(8))),
    Stall("half a frame", http2(half_frame)),
    Stall("half a frame's header", http2(lambda a: a.send(b"\x00\x00"))),
    Stall("half a DATA frame", http2(lambda a: (bodies(a), a.send(frame(DATA, 0, 1, bytes(100))[:50])))),
    Stall("unfinished headers, h2", http2(lambda a: a.send(frame(HEADERS, END_STREAM, 1, head())))),
    Stall("dripping headers, h2", http2(lambda a: a.send(frame(HEADERS, END_STREAM, 1, head())[:12])),
          lambda a, second: frame(HEADERS, END_STREAM, 1, head())[12 + second:13 + second]),
    Stall("dripping CONTINUATION, h2", http2(lambda a: a.send(frame(HEADERS, END_STREAM, 1, head()))),
          lambda a, second: frame(CONTINUATION, 0, 1, b"") if second % 5 == 0 else b""),
    Stall("unfinished headers, HTTP/1.1", lambda target: http1(target, b"GET / HTTP/1.1\r\nHost: acme")),
    Stall("dripping headers, HTTP/1.1", lambda target: http1(target, b"GET / HTTP/1.1\r\nHost: acme.test\r\nX: "),
          lambda a, _: b"a"),
    Stall("unfinished body, h2", http2(bodies)),
    Stall("dripping body, h2", http2(bodies), lambda a, _: frame(DATA, 0, 1, b"x")),
    Stall("unfinished trailers, h2", http2(lambda a: (bodies(a), a.send(frame(HEADERS, END_STREAM, 1, b""))))),
    Stall("unfinished body, HTTP/1.1", lambda target: http1(target, POST + b"half")),
    Stall("dripping body, HTTP/1.1", lambda target: http1(target, POST), lambda a, _: b"x"),
    Stall("zero window", http2(lambda a: opened(a, 1, b"GET", b"/big"), settings=setting(4, 0))),
    Stall("zero window, PING each second", http2(lambda a: opened(a, 1, b"GET", b"/big"), settings=setting(4, 0)),
          lambda a, _: frame(PING, 0, 0, bytes(8))),
    Stall("dripping window", http2(lambda a: opened(a, 1, b"GET", b"/big"), settings=setting(4, 1)),
          lambda a, _: frame(WINDOW_UPDATE, 0, 1, number(1))),
    Stall("unread socket, h2", http2(unread, settings=setting(4, 2**30), receive_buffer=4096), reads=False),
    Stall("unread socket, h2, PING each second", http2(unread, settings=setting(4, 2**30), receive_buffer=4096),
          lambda a, _: frame(PING, 0, 0, bytes(8)), reads=False),
    Stall("unread socket, HTTP/1.1", lambda target: http1(
        target, b"GET /big HTTP/1.1\r\nHost: acme.test\r\n\r\n" * 20, receive_buffer=4096), reads=False),
    Stall("half a TLS record", http2(lambda a: send_beneath(a, b"\x17\x03\x03\x40\x00" + bytes(100)))),
]


def send_beneath(attacker: Attacker, data: bytes) -> None:
    """Sends bytes past TLS."""
    beneath = socket.socket(fileno=socket.dup(attacker.socket.fileno()))
    beneath.sendall(data)
    beneath.close()


def watch(target: Target, seconds: float) -> dict[str, tuple[float | None, str]]:
    """Begins all states at once; says after how many seconds each ended, None where it didn't, and how."""
    ended: dict[str, tuple[float | None, str]] = {}

    def one(stall: Stall) -> None:
        attacker = stall.begin(target)
        start = time.monotonic()
        second = 0
        while time.monotonic() - start < seconds:
            if stall.drip is not None and time.monotonic() - start > second:
                attacker.send(stall.drip(attacker, second))
                second += 1
            if stall.reads:
                attacker.read(0.1)
            else:
                time.sleep(0.1)
                attacker.closed = attacker.closed or attacker_has_gone(attacker)
            if attacker.is_over or getattr(attacker, "resets", None):
                end = attacker.end if attacker.is_over else f"stream reset ({attacker.resets[0][1]})"
                ended[stall.name] = time.monotonic() - start, end
                return attacker.close()
        ended[stall.name] = None, "goes on"
        attacker.close()

    threads = [threading.Thread(target=one, args=(stall,)) for stall in STALLS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ended
