"""A limit on the gateway's memory: past it, it says so, takes nothing new on, ends what only waits, loses nothing that
was acknowledged, and is well again by itself."""

import os
import signal
import socket
import time
import urllib.error
import urllib.request

import pytest

from conftest import ACME, organization
from harness.gateway import eventually
from harness.http2 import END_HEADERS, END_STREAM, HEADERS, INITIAL_WINDOW_SIZE, HTTP2Client, raw_frame
from harness.tokens import sign

pytestmark = pytest.mark.memory

MIB = 1 << 20
#: What there is room for beyond what the gateway takes at rest.
ROOM = 40 * MIB
#: Of one head: a connection may hold a mebibyte of them.
HEAD = 24_000
STREAMS = 36
HOLDERS = 120


@pytest.fixture
def hanging():
    """An upstream that takes connections and requests, as far as the kernel does, and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(4096)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def limited(make_gateway, upstream, hanging):
    gateway = make_gateway(
        [organization("acme", ACME)],
        upstreams=[
            {"name": "widgets", "url": upstream.url},
            {"name": "hanging", "url": hanging, "response_header_timeout_seconds": 120, "max_connections": 20000},
        ],
        routes=[
            {"path": "/", "access": "widget", "upstream": "widgets"},
            {"path": "/hang", "access": "public", "upstream": "hanging"},
        ],
        limits={"memory_bytes": 0, "stall_timeout_seconds": 60, "idle_timeout_seconds": 120})
    with good(gateway) as client:
        for _ in range(50):
            assert client.request(path="/page").status == 200
    limit = gateway.resident_bytes() + ROOM
    gateway.settings["limits"]["memory_bytes"] = limit
    gateway.write_config()
    gateway.signal(signal.SIGHUP)
    eventually(lambda: metric(gateway, "widget_memory_limit_bytes") == limit, within=10)
    return gateway


def good(gateway) -> HTTP2Client:
    return HTTP2Client(gateway.tls_port, gateway.tls_context("h2"), authority="acme.test")


def metric(gateway, name: str) -> int:
    with urllib.request.urlopen(gateway.admin + "/metrics", timeout=5) as response:
        lines = response.read().decode().splitlines()
    return int(float(next(line.rsplit(" ", 1)[1] for line in lines if line.startswith(name + " "))))


def relief(gateway, action: str) -> int:
    return metric(gateway, f'widget_memory_relief_total{{action="{action}"}}')


def readiness(gateway) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(gateway.admin + "/readyz", timeout=5) as response:
            return response.status, response.read().decode().strip()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode().strip()


class Holders:
    """Clients that have the gateway hold large heads, whose upstream doesn't answer."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.clients: list[HTTP2Client] = []

    def __enter__(self) -> "Holders":
        return self

    def __exit__(self, *_) -> None:
        for client in self.clients:
            client.__exit__()

    def add(self) -> None:
        if len(self.clients) >= HOLDERS:
            return
        try:
            client = HTTP2Client(self.gateway.clear_port, authority="acme.test", timeout=2)
        except OSError:
            return
        self.clients.append(client)
        filler = os.urandom(HEAD // 2).hex()
        # Literals that no table keeps: each head comes whole.
        block = client.encode(client.fields("GET", "/hang")) + b"\x00\x01a\x7f" + number(len(filler) - 127) \
            + filler.encode()
        for stream in range(1, 2 * STREAMS, 2):
            parts = [block[start:start + 16000] for start in range(0, len(block), 16000)]
            client.send(b"".join(
                raw_frame(
                    HEADERS if not index else 9,
                    (END_STREAM if not index else 0) | (END_HEADERS if index == len(parts) - 1 else 0), stream, part)
                for index, part in enumerate(parts)))
            # Later blocks can't refer to what the first one has put into the table.
            block = client.encode(client.fields("GET", "/hang")) + block[block.index(b"\x00\x01a\x7f"):]

    def add_until_exhausted(self, client: HTTP2Client) -> None:
        """Adds holders until `client` is refused, and readiness says why."""

        def is_exhausted() -> bool:
            if readiness(self.gateway) == (503, "memory"):
                refused = client.request(path="/page")
                return (refused.status, refused.code, refused.value("retry-after")) == (503, "overloaded", "1")
            self.add()
            return False

        eventually(is_exhausted, within=60, what="exhausted memory")


def number(value: int) -> bytes:
    """What follows a full prefix in HPACK's integers (RFC 7541, 5.1)."""
    result = b""
    while value >= 128:
        result += bytes([value % 128 + 128])
        value //= 128
    return result + bytes([value])


def test_past_the_limit_nothing_new_is_taken_on_and_it_recovers(limited):
    acknowledged = []

    def identified(client: HTTP2Client, name: str) -> bool:
        made = client.request(
            path="/_widget/state",
            headers=[("authorization", "Bearer " + sign({"email": f"{name}@example.test"}, ACME))])
        if made.status == 200:
            acknowledged.append(f"{name}@example.test")
        return made.status == 200

    with good(limited) as client, Holders(limited) as holders:
        assert identified(client, "before")
        holders.add_until_exhausted(client)
        assert limited.admin_status("/healthz") == 200, "it lives"
        assert metric(limited, "widget_memory_bytes") > 0.8 * metric(limited, "widget_memory_limit_bytes")
        assert "memory is exhausted" in limited.log()
        assert metric(limited, "process_resident_memory_bytes") < metric(limited, "widget_memory_limit_bytes") + 32 * MIB
        for attempt in range(20):
            identified(client, f"during-{attempt}")
    eventually(lambda: readiness(limited) == (200, "ready"), within=60, every=0.2, what="readiness")
    with good(limited) as newcomer:
        assert newcomer.request(path="/page").status == 200
        assert identified(newcomer, "after")
    assert metric(limited, "widget_memory_level") < 2
    limited.kill()
    limited.start()
    assert set(acknowledged) <= {user["profile"]["email"] for user in limited.users("acme")}


def test_past_the_limit_who_only_waits_is_ended(limited, upstream):
    upstream.on("/big", lambda exchange: exchange.reply(bytes(1 << 20)))
    idle = good(limited)
    unread = HTTP2Client(
        limited.tls_port, limited.tls_context("h2"), authority="acme.test", settings={INITIAL_WINDOW_SIZE: 0})
    with idle, unread, good(limited) as client, Holders(limited) as holders:
        stream = unread.open_stream(unread.fields("GET", "/big"))
        assert unread.wait(lambda: stream in unread.responses and unread.responses[stream].status == 200, 5)
        holders.add_until_exhausted(client)
        began = time.monotonic()
        assert unread.wait(lambda: unread.responses[stream].reset is not None or unread.closed, 30), "a minute else"
        assert idle.wait(lambda: idle.goaway is not None or idle.closed, 30), "two minutes else"
        assert time.monotonic() - began < 30
        assert relief(limited, "connection_ended") >= 1
