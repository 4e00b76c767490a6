"""What an upstream may be asked at once is used up by responses that nobody reads: they make room for who reads."""

import socket
import threading
import time
import urllib.request

import pytest

from harness.gateway import eventually
from harness.http1 import HTTP1Client
from harness.http2 import INITIAL_WINDOW_SIZE, HTTP2Client
from harness.upstream import RecordingUpstream
from harness.upstream_h2 import H2Upstream

BIG = bytes(8 << 20)
#: As much as the gateway lets an upstream send on a stream before it is read.
WINDOW = bytes(64 << 10)
ROOM = 4


@pytest.fixture(params=["http/1.1", "h2c"])
def shared(request):
    if request.param == "http/1.1":
        server = RecordingUpstream()
        server.on("/big", lambda exchange: exchange.reply(BIG))
    else:
        server = H2Upstream()
        server.on("/big", lambda asked: (asked.head(200), asked.data(WINDOW)))
    yield server
    server.close()


def limited(make_gateway, server, **settings):
    return make_gateway(upstreams=[{"name": "widgets", "url": server.url, "max_requests": ROOM} | settings])


def taken_back(gateway) -> int:
    with urllib.request.urlopen(gateway.admin + "/metrics", timeout=5) as response:
        lines = response.read().decode().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("widget_upstream_taken_back_total{")))


def get(gateway, path="/x"):
    with HTTP1Client(gateway.clear_port) as connection:
        return connection.request("GET", path, [("Host", "acme.test")])


def unread(gateway) -> HTTP2Client:
    """A client whose windows are shut."""
    return HTTP2Client(
        gateway.tls_port, gateway.tls_context("h2"), authority="acme.test", settings={INITIAL_WINDOW_SIZE: 0})


def begun(client: HTTP2Client, count: int) -> list[int]:
    """Streams whose responses have begun, and wait."""
    streams = [client.open_stream(client.fields("GET", "/big")) for _ in range(count)]
    assert client.wait(lambda: all(client.responses.get(stream) for stream in streams))
    return streams


def resets(client: HTTP2Client) -> list[int]:
    client.settle()
    return [stream for stream, response in client.responses.items() if response.reset is not None]


def test_a_response_that_nobody_reads_makes_room(make_gateway, shared):
    gateway = limited(make_gateway, shared)
    with unread(gateway) as client:
        streams = begun(client, ROOM)
        assert get(gateway).status == 200
        first = resets(client)
        assert len(first) == 1 and first[0] in streams, "one waited, so one is broken off"
        assert get(gateway).status == 200
        assert resets(client) == first, "there is room again"
        assert taken_back(gateway) == 1


def test_nobody_is_broken_off_while_there_is_room(make_gateway, shared):
    gateway = limited(make_gateway, shared)
    with unread(gateway) as client:
        begun(client, ROOM - 1)
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline:
            assert get(gateway).status == 200
        assert resets(client) == []
        assert taken_back(gateway) == 0


def test_a_download_through_narrow_windows_goes_on(make_gateway, shared):
    gateway = limited(make_gateway, shared, queue_timeout_seconds=1.8)
    with unread(gateway) as client:
        streams = begun(client, ROOM)
        answers = []
        waiting = threading.Thread(target=lambda: answers.append(get(gateway).status))
        waiting.start()
        while waiting.is_alive():
            # A kilobyte a second, on each.
            for stream in streams:
                client.send_raw(8, 0, stream, (100).to_bytes(4, "big"))
            client.settle()
            time.sleep(0.1)
        assert answers == [503]
        assert resets(client) == []
        assert taken_back(gateway) == 0


def test_a_download_through_a_narrow_socket_goes_on(make_gateway):
    """The kernel holds megabytes for the client, and takes nothing from the gateway while they go."""
    server = RecordingUpstream()
    server.on("/big", lambda exchange: exchange.reply(BIG))
    gateway = limited(make_gateway, server, queue_timeout_seconds=1.8)
    clients = []
    try:
        for _ in range(ROOM):
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", gateway.clear_port))
            client.sendall(b"GET /big HTTP/1.1\r\nHost: acme.test\r\n\r\n")
            clients.append(client)
        eventually(lambda: len(server.seen("/big")) == ROOM, within=20)
        answers = []
        waiting = threading.Thread(target=lambda: answers.append(get(gateway).status))
        waiting.start()
        while waiting.is_alive():
            for client in clients:
                assert client.recv(2048)
            time.sleep(0.1)
        assert answers == [503]
        assert taken_back(gateway) == 0
        # And once they don't read any more:
        assert get(gateway).status == 200
        assert taken_back(gateway) == 1
    finally:
        for client in clients:
            client.close()
        server.close()
