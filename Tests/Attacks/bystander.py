"""The well-behaved client: asks 50 times a second over one HTTP/2 connection and tells how it was served.

    python bystander.py PORT CERTIFICATE SECONDS

A process of its own, so that what the attackers compute isn't taken for the gateway's time. Each request's time runs
from the moment at which it was due, not from when it could be sent. Prints one JSON object; ends early on SIGTERM.
"""

import json
import select
import signal
import socket
import ssl
import struct
import sys
import time

import hpack

RATE = 50
PATIENCE = 5.0
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def readable(waited_for: socket.socket, seconds: float) -> bool:
    """`select` without its limit of 1024 descriptors."""
    poll = select.poll()
    poll.register(waited_for, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


class Bystander:
    def __init__(self, port: int, certificate: str):
        self.port = port
        self.context = ssl.create_default_context(cafile=certificate)
        self.context.set_alpn_protocols(["h2"])
        self.latencies: list[float] = []
        #: With its latency, when a request was due, in seconds since the first.
        self.slow: list[tuple[float, float]] = []
        self.failures: list[str] = []
        self.pending: dict[int, float] = {}
        #: What is due while the server allows no more streams (RFC 9113, 5.1.2).
        self.held_back: list[float] = []
        self.socket: ssl.SSLSocket | None = None

    def connect(self) -> None:
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = self.context.wrap_socket(raw, server_hostname="localhost")
        self.decoder = hpack.Decoder()
        self.block = b"\x82\x87\x84\x01" + bytes([9]) + b"acme.test"  # GET, https, /, authority
        self.stream = 1
        self.buffer = b""
        self.statuses: dict[int, str] = {}
        self.most_streams = 100
        self.socket.sendall(PREFACE + frame(4, 0, 0))

    def ask(self, due: float) -> None:
        if self.socket is None:
            try:
                self.connect()
            except OSError as error:
                self.failures.append(f"connect: {error}")
                return
        if len(self.pending) >= self.most_streams:
            self.held_back.append(due)
            return
        self.pending[self.stream] = due
        stream, self.stream = self.stream, self.stream + 2
        try:
            self.socket.sendall(frame(1, 0x5, stream, self.block))
        except OSError as error:
            self.lost(str(error))

    def lost(self, why: str) -> None:
        self.failures += [why] * max(1, len(self.pending))
        self.pending.clear()
        if self.socket is not None:
            self.socket.close()
        self.socket = None

    def listen(self, until: float) -> None:
        while self.socket is not None:
            wait = until - time.monotonic()
            if not self.socket.pending() and not readable(self.socket, max(0, wait)):
                return
            try:
                data = self.socket.recv(65536)
            except OSError as error:
                return self.lost(str(error))
            if not data:
                return self.lost("closed")
            self.take(data)
            if wait <= 0:
                return

    def take(self, data: bytes) -> None:
        self.buffer += data
        while len(self.buffer) >= 9:
            length = int.from_bytes(self.buffer[:3])
            if len(self.buffer) < 9 + length:
                return
            kind, flags, stream = self.buffer[3], self.buffer[4], int.from_bytes(self.buffer[5:9])
            payload, self.buffer = self.buffer[9:9 + length], self.buffer[9 + length:]
            if kind == 1:
                self.statuses[stream] = dict(self.decoder.decode(payload)).get(":status", "")
            elif kind == 0 and length:
                self.socket.sendall(frame(8, 0, 0, struct.pack(">I", length)))
            elif kind == 4 and not flags & 1:
                settings = dict(struct.iter_unpack(">HI", payload))
                self.most_streams = settings.get(3, self.most_streams)
                self.socket.sendall(frame(4, 1, 0))
            elif kind == 3:
                self.end(stream, f"reset {int.from_bytes(payload)}")
            elif kind == 7:
                return self.lost(f"GOAWAY {int.from_bytes(payload[4:8])}")
            if kind in (0, 1) and flags & 1:
                status = self.statuses.pop(stream, "")
                self.end(stream, None if status == "200" else f"status {status}")

    def end(self, stream: int, failure: str | None) -> None:
        due = self.pending.pop(stream, None)
        if failure is not None:
            self.failures.append(failure)
        elif due is not None:
            self.latencies.append(time.monotonic() - due)
            if self.latencies[-1] > 0.05:
                self.slow.append((round(due - self.start, 3), round(self.latencies[-1], 4)))
        if self.held_back:
            self.ask(self.held_back.pop(0))

    def expire(self) -> None:
        now = time.monotonic()
        for stream in [stream for stream, due in self.pending.items() if now - due > PATIENCE]:
            self.end(stream, f"no answer in {PATIENCE} s")

    def run(self, seconds: float) -> None:
        start = self.start = time.monotonic()
        stopping = []
        signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
        print("ready", flush=True)
        for number in range(int(seconds * RATE)):
            due = start + number / RATE
            self.listen(due)
            # A socket that is gone mustn't make this loop spin.
            time.sleep(max(0, due - time.monotonic()))
            if stopping:
                break
            self.ask(due)
            self.expire()
        deadline = time.monotonic() + PATIENCE
        while (self.pending or self.held_back) and self.socket is not None and time.monotonic() < deadline:
            self.listen(min(deadline, time.monotonic() + 0.05))
        self.failures += ["unanswered"] * (len(self.pending) + len(self.held_back))


if __name__ == "__main__":
    bystander = Bystander(int(sys.argv[1]), sys.argv[2])
    bystander.connect()
    bystander.run(float(sys.argv[3]))
    ordered = sorted(bystander.latencies)
    print(json.dumps({
        "requests": len(ordered) + len(bystander.failures),
        "failures": bystander.failures[:20],
        "failed": len(bystander.failures),
        "p50": ordered[len(ordered) // 2] if ordered else None,
        "p99": ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))] if ordered else None,
        "slow": bystander.slow[:200],
        "worst": ordered[-1] if ordered else None,
    }))
