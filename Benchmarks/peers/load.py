"""The load on the servers: h2load on the other core, and connections that do nothing."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from processes import LOAD_CORE, SERVER_CORE, CoreClock, Server, foreign_share

# What h2load says of a connection: encryption and key exchange must cost all servers the same.
SAME_TLS = ("TLS Protocol: TLSv1.3", "Cipher: TLS_AES_128_GCM_SHA256", "Server Temp Key: X25519")


@dataclass
class Round:
    """What one run of h2load against one server came to."""
    cpu: float  # µs of the server's CPU a request
    rate: float  # requests a second
    p99: float  # ms
    foreign: float  # the share of the server's core that others used meanwhile


def run_h2load(server: Server, url: str, shape: list[str], requests: int, token: str) -> Round:
    """Anything but 2xx ends the comparison."""
    with tempfile.NamedTemporaryFile("r", prefix="widget-gateway-h2load-") as log:
        clock = CoreClock(SERVER_CORE)
        before = server.cpu_nanoseconds()
        try:
            result = subprocess.run(
                ["taskset", "-c", LOAD_CORE, "h2load", "-t", "1", "-n", str(requests), *shape, "--log-file", log.name,
                 "-H", f"authorization: Bearer {token}", url], capture_output=True, text=True, timeout=300)
        except subprocess.TimeoutExpired:
            sys.exit(f"h2load against {server.name} took more than five minutes")
        used = server.cpu_nanoseconds() - before
        busy, total = clock.busy_seconds()
        if f"status codes: {requests} 2xx" not in result.stdout:
            sys.exit(f"h2load against {server.name} ({url}) failed:\n{result.stdout[-1500:]}{result.stderr}")
        if not all(part in result.stdout for part in SAME_TLS):
            sys.exit(f"{server.name} doesn't speak the same TLS as the others:\n{result.stdout[:1500]}")
        latencies = sorted(int(line.split()[2]) for line in log)
    p99 = latencies[min(len(latencies) - 1, len(latencies) * 99 // 100)] / 1000 if latencies else float("nan")
    rate = float(re.search(r", ([\d.]+) req/s", result.stdout)[1])
    return Round(used / requests / 1000, rate, p99, foreign_share(busy, total, used / 1e9))


def forged(token: str) -> str:
    """The same with one character of its signature changed."""
    return token[:-4] + ("A" if token[-4] != "A" else "B") + token[-3:]


def check_answers(url: str, token: str, verifies: bool) -> None:
    """Servers that claim to verify must: the genuine token passes, and the forged one doesn't."""
    context = ssl._create_unverified_context()
    host, _, path = url.removeprefix("https://").partition("/")
    for candidate, wanted in ((token, 200), (forged(token), 401 if verifies else 200)):
        connection = http.client.HTTPSConnection(host, context=context, timeout=10)
        connection.request("GET", "/" + path, headers={"Authorization": f"Bearer {candidate}"})
        status = connection.getresponse().status
        connection.close()
        if status != wanted:
            sys.exit(f"{url} answered {status} instead of {wanted}: the comparison would be worthless")


class IdleConnections:
    """HTTP/2 connections over TLS that have had one answer each, and then keep still."""

    def __init__(self, url: str, token: str, count: int):
        host, _, path = url.removeprefix("https://").partition("/")
        name, _, port = host.partition(":")
        context = ssl._create_unverified_context()
        context.set_alpn_protocols(["h2"])
        request = (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"")
                   + frame(1, 5, 1, b"\x82\x87" + literal(4, "/" + path) + literal(1, host)
                           + literal(23, f"Bearer {token}")))
        self.connections = []
        try:
            for _ in range(count):
                connection = context.wrap_socket(socket.create_connection((name, int(port)), timeout=10))
                self.connections.append(connection)
                connection.sendall(request)
                read_answer(connection)
        except OSError as error:
            self.close()
            sys.exit(f"{url} took {len(self.connections)} of {count} connections: {error}")

    def close(self) -> None:
        for connection in self.connections:
            connection.close()
        self.connections = []


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def literal(index: int, value: str) -> bytes:
    """A field whose name is in HPACK's static table, not to be indexed (RFC 7541, 6.2.2)."""
    return integer(index, 4) + integer(len(value), 7) + value.encode()


def integer(value: int, prefix: int) -> bytes:
    limit = (1 << prefix) - 1
    if value < limit:
        return bytes([value])
    rest, out = value - limit, [limit]
    while rest >= 128:
        out.append(rest % 128 | 128)
        rest //= 128
    return bytes(out + [rest])


def read_answer(connection: ssl.SSLSocket) -> None:
    """Reads until stream 1 has ended, and acknowledges the server's settings."""
    buffered = b""
    while True:
        while len(buffered) < 9 or len(buffered) < 9 + int.from_bytes(buffered[:3], "big"):
            more = connection.recv(16384)
            if not more:
                raise OSError("the connection was closed")
            buffered += more
        length, kind, flags = int.from_bytes(buffered[:3], "big"), buffered[3], buffered[4]
        stream = int.from_bytes(buffered[5:9], "big")
        buffered = buffered[9 + length:]
        if kind == 4 and not flags & 1:
            connection.sendall(frame(4, 1, 0, b""))
        if kind in (3, 7):
            raise OSError("the server refused the request")
        if kind in (0, 1) and stream == 1 and flags & 1:
            return
