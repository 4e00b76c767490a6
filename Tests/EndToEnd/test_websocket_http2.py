"""WebSockets to upstreams over HTTP/2 (RFC 8441), for clients over HTTP/1.1 and over HTTP/2."""

import os
import struct
import socket
import threading
import time

import pytest

from conftest import ACME, organization
from harness.gateway import eventually
from harness.http1 import HTTP1Client
from harness.http2 import CANCEL
from harness.tokens import now
from harness.upstream_h2 import H2Upstream
from harness.websocket import HTTP2WebSocket, accept_of, handshake
from harness.websocket_upstream_h2 import H2WebSocketUpstream
from test_upstream_tls import Authority
from test_websocket import KEY, carriers, converse, metric, refusal, user, websocket

ORGANIZATIONS = [organization("acme", ACME, clock_skew_seconds=0)]
ROUTES = [{"path": "/", "access": "widget", "upstream": "sockets", "websocket": True}]


@pytest.fixture(scope="module")
def sockets():
    server = H2WebSocketUpstream()
    yield server
    server.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory, sockets):
    """One gateway, with one worker, for the tests that leave it as it is."""
    from harness.gateway import Gateway
    made = Gateway(tmp_path_factory.mktemp("websocket-http2"), organizations=ORGANIZATIONS, workers=1, routes=ROUTES,
                   upstreams=[{"name": "sockets", "url": sockets.url}])
    made.start()
    yield made
    made.close()


def gateway_to(make_gateway, upstream, **settings):
    return make_gateway(ORGANIZATIONS, workers=1, routes=ROUTES,
                        upstreams=[{"name": "sockets", "url": upstream.url} | settings])


@carriers
def test_messages_go_both_ways(running, carrier):
    with websocket(running, carrier) as opened:
        converse(opened)


@carriers
def test_the_upstream_is_asked_as_rfc_8441_has_it(running, sockets, carrier):
    path = f"/echo/{carrier}"
    forged = {"X-Widget-User-Email": "eve@x.test", "X_Widget_State": "identified", "X-Forwarded-For": "6.6.6.6",
              "Sec-WebSocket-Protocol": "chat"}
    with websocket(running, carrier, path + "?a=1", headers=user("bob") | forged) as opened:
        opened.say("x")
        assert opened.hear() == "x"
    request, = sockets.seen(path)
    fields = request.headers
    assert fields[:5] == [(":method", "CONNECT"), (":scheme", "http"), (":path", path + "?a=1"),
                          (":protocol", "websocket"), (":authority", "acme.test")]
    values = {name: [value for key, value in fields if key == name] for name, _ in fields}
    assert values["x-widget-user-email"] == ["bob@x.test"] and values["x-widget-state"] == ["identified"]
    assert values["x-forwarded-for"] == ["127.0.0.1"]
    assert values["sec-websocket-version"] == ["13"] and values["sec-websocket-protocol"] == ["chat"]
    assert "permessage-deflate" in values["sec-websocket-extensions"][0]
    assert not set(values) & {"x_widget_state", "authorization", "sec-websocket-key", "upgrade", "connection", "host", "te",
                              "content-length", "transfer-encoding"}


def test_the_answer_is_the_gateways_own(running):
    with HTTP1Client(running.clear_port) as connection:
        connection.send(handshake("/raw/answer", key=KEY, extra=["Sec-WebSocket-Protocol: chat, other"]))
        response = connection.read_response()
        assert response.status == 101
        assert response.values("sec-websocket-accept") == [accept_of(KEY)]
        assert response.values("sec-websocket-protocol") == ["chat"]
        assert (response.values("upgrade"), response.values("connection")) == (["websocket"], ["upgrade"])
        assert not response.values("content-length") and not response.values("transfer-encoding")


def test_requests_and_websockets_share_a_connection(make_gateway):
    upstream = H2WebSocketUpstream()
    gateway = gateway_to(make_gateway, upstream)
    with websocket(gateway, "clear") as first, websocket(gateway, "h2") as second, gateway.client() as client:
        for opened in (first, second):
            opened.say("x")
            assert opened.hear() == "x"
        assert client.get("/page", headers={"Host": "acme.test"}).status_code == 200
        assert metric(gateway, "widget_upstream_websockets") == 2
    eventually(lambda: metric(gateway, "widget_upstream_websockets") == 0, within=5, what="their ends")
    assert upstream.connections == 1
    upstream.close()


def test_over_tls(make_gateway, tmp_path):
    authority = Authority("Test Authority")
    upstream = H2WebSocketUpstream(context=authority.context(tmp_path, "localhost", alpn=("h2",)))
    gateway = gateway_to(make_gateway, upstream, http2=True, ca_file=str(authority.write(tmp_path / "authority.pem")))
    with websocket(gateway, "h2") as opened:
        opened.say("x" * 100_000)
        assert opened.hear() == "x" * 100_000
    assert upstream.seen("/echo")[0].value(":scheme") == "https"
    upstream.close()


# Who says no

@pytest.mark.parametrize("carrier", ["clear", "h2"])
def test_an_upstream_that_announces_none_isnt_asked(make_gateway, carrier):
    """RFC 8441, 3: nobody may ask before the setting has come."""
    upstream = H2Upstream()
    gateway = gateway_to(make_gateway, upstream)
    for _ in range(2):  # While the connection is made, and on one that is there.
        assert refusal(gateway, carrier, "/echo") == (502, "websocket_unsupported")
    with gateway.client() as client:
        assert client.get("/page", headers={"Host": "acme.test"}).status_code == 200
    assert [request.path for request in upstream.requests] == ["/page"] and upstream.connections == 1
    upstream.close()


@pytest.mark.parametrize("carrier", ["clear", "h2"])
def test_a_refusal_of_the_upstream_is_passed_on(running, carrier):
    if carrier == "h2":
        with HTTP2WebSocket(running, "/refuse") as opened:
            opened.wait_end()
            assert (opened.status, opened.body, dict(opened.headers)["x-own"]) == (418, b"short", "yes")
        return
    with HTTP1Client(running.clear_port) as connection:
        connection.send(handshake("/refuse"))
        response = connection.read_response()
        assert (response.status, response.body, response.value("x-own")) == (418, b"short", "yes")
        assert response.value("connection") == "close" and connection.at_end()


def test_a_length_in_an_agreement_counts_for_nothing(running, sockets):
    """RFC 9110, 9.3.6: and nobody else is told of it, who might count on it."""
    with HTTP2WebSocket(running, "/raw/lengthy") as opened:
        assert opened.status == 200 and "content-length" not in dict(opened.headers)
        opened.send_bytes(b"more than that")
        opened.end()
        opened.wait_end()
        assert opened.body == b"heard more than that" and opened.ended
    with HTTP1Client(running.clear_port) as connection:
        connection.send(handshake("/raw/lengthy"))
        response = connection.read_response()
        assert response.status == 101 and not response.values("content-length")


@pytest.mark.parametrize("carrier", ["clear", "h2"])
def test_an_upstream_that_doesnt_answer_is_a_timeout(make_gateway, sockets, carrier):
    gateway = gateway_to(make_gateway, sockets, response_header_timeout_seconds=1)
    before = len(sockets.seen("/silent"))
    assert refusal(gateway, carrier, "/silent") == (504, "upstream_timeout")
    request = sockets.seen("/silent")[before]
    eventually(lambda: request.reset == CANCEL, within=3, what="the stream's reset")


def test_there_are_so_many(make_gateway, sockets):
    gateway = gateway_to(make_gateway, sockets, max_websockets=2, max_requests=1)
    with websocket(gateway, "clear"), websocket(gateway, "h2"), gateway.client() as client:
        for carrier in ("clear", "h2"):
            assert refusal(gateway, carrier, "/echo") == (503, "overloaded")
        assert client.get("/page", headers={"Host": "acme.test"}).status_code == 200
    eventually(lambda: metric(gateway, "widget_websockets") == 0, within=5, what="the end of both")
    with websocket(gateway, "clear") as opened:
        opened.say("room again")
        assert opened.hear() == "room again"


# Ends

@carriers
def test_the_upstreams_goodbye_arrives(running, carrier):
    with websocket(running, carrier, "/leave") as opened:
        assert opened.end() == (4321, "bye")


def test_the_clients_goodbye_arrives(running, sockets):
    with websocket(running, "clear", "/echo/goodbye") as opened:
        opened.connection.close(4100, "enough")
    eventually(lambda: sockets.tunnel("/echo/goodbye").closed == 4100, within=5, what="the Close frame")


def test_a_client_that_has_said_everything_still_hears_the_answer(running, sockets):
    with HTTP1Client(running.clear_port) as connection:
        # All of it comes before the upstream has agreed.
        connection.send(handshake("/raw/half") + b"all of it")
        assert connection.read_response().status == 101
        connection.socket.shutdown(socket.SHUT_WR)
        assert connection._rest() == b"heard all of it"
    with HTTP2WebSocket(running, "/raw/half") as opened:
        opened.send_bytes(b"all of it")
        opened.end()
        opened.wait_end()
        assert opened.body == b"heard all of it" and opened.ended and opened.reset is None
    assert sockets.tunnel("/raw/half").request.reset is None


def test_an_upstream_that_ends_ends_the_tunnel_in_good_order(running, sockets):
    sockets.script = lambda tunnel: tunnel.send_bytes(b"bye", end=True)
    with HTTP1Client(running.clear_port) as connection:
        connection.send(handshake("/raw/end"))
        assert connection.read_response().status == 101
        assert connection._rest() == b"bye"
    with HTTP2WebSocket(running, "/raw/end") as opened:
        opened.wait_end()
        assert opened.body == b"bye" and opened.ended
    eventually(lambda: sockets.tunnel("/raw/end").ended, within=5, what="the end of the other side")
    assert sockets.tunnel("/raw/end").request.reset is None
    sockets.script = lambda tunnel: None


@pytest.mark.parametrize("carrier", ["clear", "h2"])
def test_a_client_that_breaks_off_is_a_cancel_upstream(running, sockets, carrier):
    path = f"/raw/gone-{carrier}"
    if carrier == "h2":
        with HTTP2WebSocket(running, path) as opened:
            assert opened.status == 200
            opened.cancel()
            eventually(lambda: sockets.tunnel(path).request.reset == CANCEL, within=5, what="the reset")
        return
    connection = HTTP1Client(running.clear_port)
    connection.send(handshake(path))
    assert connection.read_response().status == 101
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.socket.close()
    eventually(lambda: sockets.tunnel(path).request.reset == CANCEL, within=5, what="the reset")


@pytest.mark.parametrize("code", [CANCEL, 2], ids=["cancel", "internal-error"])
def test_an_upstream_that_breaks_off_is_a_reset_for_the_client(running, sockets, code):
    def script(tunnel):
        def later():
            if told.wait(5):
                # From the connection's own thread it would wait for itself.
                tunnel.request.connection.socket.sendall(
                    b"\0\0\x04\x03\0" + tunnel.request.stream.to_bytes(4, "big") + code.to_bytes(4, "big"))
        threading.Thread(target=later, daemon=True).start()

    sockets.script = script
    told = threading.Event()
    with HTTP2WebSocket(running, "/raw/resets") as opened:
        assert opened.status == 200
        told.set()
        opened.wait_end()
        assert opened.reset == CANCEL
    told = threading.Event()
    with HTTP1Client(running.clear_port) as connection:
        connection.send(handshake("/raw/resets"))
        assert connection.read_response().status == 101
        told.set()
        with pytest.raises(ConnectionResetError):
            connection.socket.recv(10)
    sockets.script = lambda tunnel: None


@carriers
def test_it_ends_with_its_identity(running, sockets, carrier):
    path = f"/echo/expires-{carrier}"
    with websocket(running, carrier, path, headers=user("exp", exp=now() + 5)) as opened, \
            websocket(running, carrier, path + "-not") as other:
        opened.say("x")
        assert opened.hear() == "x"
        assert opened.end() == (1008, "token_expired")
        request, = sockets.seen(path)
        eventually(lambda: request.reset == CANCEL, within=3, what="the reset upstream")
        other.say("y")
        assert other.hear() == "y"


@carriers
def test_one_without_a_word_for_too_long_is_ended(make_gateway, sockets, carrier):
    gateway = gateway_to(make_gateway, sockets, websocket_idle_timeout_seconds=2, idle_timeout_seconds=100)
    with websocket(gateway, carrier) as opened:
        opened.say("x")
        assert opened.hear() == "x"
        assert opened.end() == (1001, "idle")


def test_a_quiet_one_outlives_every_other_timeout(make_gateway, sockets):
    gateway = gateway_to(make_gateway, sockets, idle_timeout_seconds=1, response_header_timeout_seconds=2)
    with websocket(gateway, "clear") as first, websocket(gateway, "h2") as second:
        time.sleep(4)  # What isn't to happen has had the time for it.
        for opened in (first, second):
            opened.say("still here")
            assert opened.hear() == "still here"


# Flow control

def test_whoever_doesnt_read_holds_a_window_and_no_other_back(running, sockets):
    with HTTP2WebSocket(running, "/flood/unread", reads=False) as unread:
        assert unread.status == 200
        flood, = sockets.seen("/flood/unread")
        # Beside what its own window took: more is asked for when a quarter of what may wait is left.
        eventually(lambda: flood.flooded > 65_535 + (16 << 10), within=10, what="both windows")
        with websocket(running, "h2") as opened:
            opened.say(os.urandom(1_000_000))
            assert len(opened.hear()) == 1_000_000
        assert flood.flooded <= 65_535 + (64 << 10)
    eventually(lambda: flood.reset == CANCEL, within=5, what="its end")


def test_an_upstream_that_doesnt_read_gets_a_window_and_no_more(running, sockets):
    with HTTP2WebSocket(running, "/mute/x", timeout=1) as opened:
        assert opened.status == 200
        sent = 0
        while opened._wait(lambda: opened.h2.local_flow_control_window(opened.stream) > 0):
            room = min(opened.h2.local_flow_control_window(opened.stream), 16384)
            opened.send_bytes(b"x" * room)
            sent += room
            assert sent < 1 << 20, "there is no end to the credit"
        with websocket(running, "h2") as other:
            other.say("x")
            assert other.hear() == "x"
