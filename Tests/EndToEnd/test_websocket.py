"""WebSockets through the gateway: over HTTP/1.1 (RFC 6455) and HTTP/2 (RFC 8441), to an HTTP/1.1 upstream."""

import contextlib
import os
import re
import socket
import struct
import threading
import time

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from conftest import ACME, LOCKED, organization
from harness.gateway import eventually
from harness.http1 import HTTP1Client
from harness.http2 import CANCEL, HTTP2Client
from harness.tokens import secret, sign
from harness.upstream import RecordingUpstream
from harness.websocket import HTTP2WebSocket, WebSocketUpstream, accept_of, handshake, open_websocket
from test_operation import ending, started

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
PORTAL = secret(801)
ROUTES = [
    {"path": "/", "access": "widget", "upstream": "sockets", "websocket": True},
    {"path": "/plain/", "access": "widget", "upstream": "sockets"},
    {"path": "/open/", "access": "public", "upstream": "sockets", "websocket": True},
    {"path": "/raw/", "access": "widget", "upstream": "raw", "websocket": True},
    {"path": "/pages/", "access": "widget", "upstream": "raw"},
]
ORGANIZATIONS = [
    organization("acme", ACME, allowed_origins=["https://app.acme.test"]),
    organization("locked", LOCKED, require_identify="enforce"),
]


@pytest.fixture(scope="module")
def sockets():
    server = WebSocketUpstream()
    yield server
    server.close()


@pytest.fixture(scope="module")
def raw():
    server = RecordingUpstream()
    yield server
    server.close()


def settings(sockets, raw, **upstream) -> dict:
    return {"upstreams": [{"name": "sockets", "url": sockets.url} | upstream, {"name": "raw", "url": raw.url}],
            "routes": ROUTES}


@pytest.fixture(scope="module")
def running(tmp_path_factory, sockets, raw):
    """One gateway for the tests that leave it as it is. The organization `portal` is at localhost."""
    from harness.gateway import Gateway
    made = Gateway(tmp_path_factory.mktemp("websocket"), organizations=ORGANIZATIONS, workers=2,
                   **settings(sockets, raw))
    made.portal = f"localhost:{made.clear_port}"
    made.apply([*ORGANIZATIONS, organization(
        "portal", PORTAL, hosts=[made.portal], allowed_origins=["https://app.acme.test"],
        sso={"enabled": True, "login_url": "http://127.0.0.1:1/login"})])
    made.start()
    yield made
    made.close()


def user(name: str = "ann", key: str = ACME, **claims) -> dict[str, str]:
    return {"Authorization": f"Bearer {sign({'email': f'{name}@x.test'} | claims, key)}"}


@contextlib.contextmanager
def websocket(gateway, carrier: str, path: str = "/echo", *, headers=None, host: str = "acme.test"):
    """A WebSocket with `say`, `hear` and `end`, whatever carries it."""
    headers = user() if headers is None else headers
    if carrier == "h2":
        with HTTP2WebSocket(gateway, path, host=host, headers=[(k.lower(), v) for k, v in headers.items()]) as opened:
            assert opened.status == 200, opened.status
            yield OverHTTP2(opened)
    else:
        with open_websocket(gateway, path, tls=carrier == "tls", host=host, headers=headers) as opened:
            yield OverHTTP1(opened)


class OverHTTP1:
    def __init__(self, connection):
        self.connection = connection
        self.say = connection.send

    def hear(self):
        return self.connection.recv(timeout=30)

    def end(self, timeout: float = 30) -> tuple[int, str]:
        """Waits for the end: the code and the reason of the Close frame; 1006 where there was none."""
        with pytest.raises(ConnectionClosed) as found:
            self.connection.recv(timeout=timeout)
        received = found.value.rcvd
        return (received.code, received.reason) if received else (1006, "")


class OverHTTP2:
    def __init__(self, stream: HTTP2WebSocket):
        self.stream = stream
        self.hear = stream.receive

    def say(self, data) -> None:
        from wsproto.events import Message
        self.stream.send(Message(data=data))

    def end(self, timeout: float = 30) -> tuple[int, str]:
        self.stream.wait_end(timeout)
        return (self.stream.close_code or 1006, self.stream.close_reason or "")


def converse(opened) -> None:
    """Messages of all kinds and lengths, to an upstream that says each again."""
    for message in ("hello", "", "ü" * 1000, b"\0\xff" * 40, os.urandom(3_000_000), "last"):
        opened.say(message)
        assert opened.hear() == message


CARRIERS = ["clear", "tls", "h2"]
carriers = pytest.mark.parametrize("carrier", CARRIERS)


# What it is for

@carriers
def test_messages_go_both_ways(running, carrier):
    with websocket(running, carrier) as opened:
        converse(opened)


@carriers
def test_the_upstream_learns_who_is_calling_and_nothing_forged(running, sockets, carrier):
    path = f"/echo/{carrier}"
    forged = {"X-Widget-User-Email": "eve@x.test", "X_Widget_State": "identified", "X-Widget-Verified-By": "token",
              "X-Forwarded-For": "6.6.6.6", "Sec-WebSocket-Protocol": "chat"}
    with websocket(running, carrier, path + "?a=1", headers=user("bob") | forged) as opened:
        opened.say("x")
        assert opened.hear() == "x"
    [request] = sockets.seen(path)
    assert request.path == path + "?a=1"
    headers = request.headers
    assert headers.get_all("X-Widget-User-Email") == ["bob@x.test"]
    assert headers.get_all("X-Widget-State") == ["identified"] and "X_Widget_State" not in headers
    assert headers.get_all("X-Widget-Verified-By") == ["token"]
    assert headers.get_all("X-Forwarded-For") == ["127.0.0.1"]
    assert "Authorization" not in headers
    assert (headers.get_all("Upgrade"), headers.get_all("Connection")) == (["websocket"], ["upgrade"])
    assert headers.get_all("Sec-WebSocket-Version") == ["13"] and len(headers.get_all("Sec-WebSocket-Key")) == 1
    assert headers.get_all("Sec-WebSocket-Protocol") == ["chat"]


def test_an_anonymous_visitor_may_have_one_too(running, sockets):
    with websocket(running, "clear", "/echo/anonymous", headers={}) as opened:
        opened.say("x")
        assert opened.hear() == "x"
    assert sockets.seen("/echo/anonymous")[0].headers["X-Widget-State"] == "anonymous"


def test_a_token_in_the_address_doesnt_go_on(running, sockets):
    token = sign({"email": "cut@x.test"}, ACME)
    with websocket(running, "clear", f"/echo/cut?a=1&sso={token}&b=2", headers={}) as opened:
        opened.say("x")
        assert opened.hear() == "x"
    [request] = sockets.seen("/echo/cut")
    assert request.path == "/echo/cut?a=1&b=2" and request.headers["X-Widget-User-Email"] == "cut@x.test"


@carriers
def test_the_upstreams_goodbye_arrives(running, carrier):
    with websocket(running, carrier, "/leave") as opened:
        assert opened.end() == (4321, "bye")


def test_the_clients_goodbye_arrives(running, sockets):
    before = len(sockets.ended)
    with open_websocket(running, headers=user()) as opened:
        opened.close(4100, "enough")
    eventually(lambda: len(sockets.ended) > before, within=5, what="the end upstream")
    assert sockets.ended[-1] == 4100


def test_the_answer_is_the_gateways_own(running):
    with HTTP1Client(running.clear_port) as connection:
        connection.send(handshake(key=KEY, extra=[f"Authorization: {user()['Authorization']}"]))
        response = connection.read_response()
        assert response.status == 101
        assert response.values("sec-websocket-accept") == [accept_of(KEY)]
        assert (response.values("upgrade"), response.values("connection")) == (["websocket"], ["upgrade"])
        assert not response.values("content-length") and not response.values("transfer-encoding")


@pytest.mark.parametrize("carrier", ["clear", "h2"])
def test_a_refusal_of_the_upstream_is_passed_on(running, sockets, carrier):
    if carrier == "h2":
        with HTTP2WebSocket(running, "/refuse", headers=[("authorization", user()["Authorization"])]) as opened:
            opened.wait_end()
            assert (opened.status, opened.body, dict(opened.headers)["x-own"]) == (418, b"short", "yes")
        return
    with HTTP1Client(running.clear_port) as connection:
        connection.send(handshake("/refuse", extra=[f"Authorization: {user()['Authorization']}"]))
        response = connection.read_response()
        assert (response.status, response.body, response.value("x-own")) == (418, b"short", "yes")
        assert response.value("connection") == "close" and connection.at_end()


# Who may

@pytest.mark.parametrize("carrier", ["clear", "h2"])
@pytest.mark.parametrize("path", ["/plain/x", "/_widget/state", "/_widget/sdk.js"])
def test_only_routes_that_allow_it_have_any(running, sockets, carrier, path):
    assert refusal(running, carrier, path) == (403, "websocket_not_allowed")
    assert not sockets.seen(path)


def refusal(gateway, carrier: str, path: str, host: str = "acme.test", headers: dict[str, str] | None = None):
    """The status and the code of a request for a WebSocket that is refused."""
    headers = user() if headers is None else headers
    if carrier == "h2":
        fields = [(name.lower(), value) for name, value in headers.items()]
        with HTTP2WebSocket(gateway, path, host=host, headers=fields) as opened:
            opened.wait_end()
            import json
            return opened.status, json.loads(opened.body)["code"]
    with HTTP1Client(gateway.clear_port) as connection:
        connection.send(handshake(path, host, extra=[f"{name}: {value}" for name, value in headers.items()]))
        response = connection.read_response()
        assert connection.at_end()
        return response.status, response.code


@pytest.mark.parametrize("carrier", ["clear", "h2"])
@pytest.mark.parametrize("headers, host, expected", [
    ({}, "locked.test", (401, "identify_required")),
    ({"Authorization": "Bearer a.b.c"}, "acme.test", (401, "token_malformed")),
    (user(exp=1), "acme.test", (401, "token_expired")),
    (user(key=LOCKED), "acme.test", (401, "token_signature_mismatch")),
    (user() | {"Origin": "https://evil.test"}, "acme.test", (403, "origin_not_allowed")),
    (user() | {"Origin": "null"}, "acme.test", (403, "origin_not_allowed")),
    ({}, "unknown.test", (404, "organization_unknown")),
], ids=["locked", "malformed", "expired", "mismatch", "origin", "null-origin", "organization"])
def test_it_is_decided_as_any_request(running, sockets, carrier, headers, host, expected):
    assert refusal(running, carrier, "/echo/refused", host, headers) == expected
    assert not sockets.seen("/echo/refused")


def session_of(gateway, name: str) -> str:
    """Signs a visitor in to the portal at localhost; returns the cookie."""
    token = sign({"email": f"{name}@x.test"}, PORTAL)
    with gateway.client(cleartext=True) as client:
        response = client.get(f"/api/redirects/sso?organizationId=portal&ssoToken={token}",
                              headers={"Host": gateway.portal, "Accept": "text/html", "Sec-Fetch-Mode": "navigate"})
    assert response.status_code == 303, response.text
    return re.search(r"widget_session=[^;]+", response.headers["set-cookie"])[0]


def test_a_session_speaks_for_its_own_pages_and_for_no_others(running, sockets):
    """Cross-site WebSocket hijacking: browsers send cookies along, and let any page read what comes."""
    cookie = {"Cookie": session_of(running, "sid")}
    own = cookie | {"Origin": f"http://{running.portal}"}
    for path, headers in (("/echo/own", own), ("/echo/program", cookie)):
        with websocket(running, "clear", path, host=running.portal, headers=headers) as opened:
            opened.say("x")
            assert opened.hear() == "x"
        assert sockets.seen(path)[0].headers["X-Widget-User-Email"] == "sid@x.test"
    for origin in ("https://app.acme.test", "https://evil.test", f"http://{running.portal}.evil.test", "null"):
        answer = refusal(running, "clear", "/echo/foreign", running.portal, cookie | {"Origin": origin})
        assert answer == (403, "origin_not_allowed"), origin
    assert not sockets.seen("/echo/foreign")


def test_a_listed_origin_comes_in_by_token(running, sockets):
    with websocket(running, "clear", "/echo/listed", headers=user("lea") | {"Origin": "https://app.acme.test"}) as opened:
        opened.say("x")
        assert opened.hear() == "x"
    assert sockets.seen("/echo/listed")[0].headers["X-Widget-User-Email"] == "lea@x.test"


# Hostile clients

BASE = "Host: acme.test\r\n"
UP = "Connection: Upgrade\r\nUpgrade: websocket\r\n"
WHOLE = UP + f"Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n"

MALFORMED = {
    "no-key": UP + "Sec-WebSocket-Version: 13\r\n",
    "short-key": UP + "Sec-WebSocket-Key: dGhlIHNhbXBsZQ==\r\nSec-WebSocket-Version: 13\r\n",
    "long-key": UP + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZWRkZGRkZA==\r\nSec-WebSocket-Version: 13\r\n",
    "key-of-17-bytes": UP + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZWQ=\r\nSec-WebSocket-Version: 13\r\n",
    "stray-bits-in-key": UP + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==\r\nSec-WebSocket-Version: 13\r\n",
    "no-base64": UP + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j*Q==\r\nSec-WebSocket-Version: 13\r\n",
    "two-keys": WHOLE + f"Sec-WebSocket-Key: {KEY}\r\n",
    "no-version": UP + f"Sec-WebSocket-Key: {KEY}\r\n",
    "version-8": UP + f"Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 8\r\n",
    "two-versions": WHOLE + "Sec-WebSocket-Version: 13\r\n",
    "a-body": WHOLE + "Content-Length: 5\r\n",
    "an-empty-body": WHOLE + "Content-Length: 0\r\n",
    "chunks": WHOLE + "Transfer-Encoding: chunked\r\n",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_request_is_refused_and_ends_the_connection(running, sockets, name):
    """What follows its head may be a tunnel's or a request's: it is neither."""
    path = f"/echo/malformed-{name}"
    with HTTP1Client(running.clear_port) as connection:
        connection.send(f"GET {path} HTTP/1.1\r\n" + BASE + MALFORMED[name] + "\r\n"
                        + f"GET {path} HTTP/1.1\r\n{BASE}\r\n")
        response = connection.read_response()
        assert (response.status, response.code) == (400, "request_malformed")
        assert response.value("sec-websocket-version") == "13"
        assert connection.at_end()
    assert not sockets.seen(path)


IGNORED = {
    "h2c": "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n",
    "not-named-by-connection": WHOLE.replace("Connection: Upgrade\r\n", ""),
    "nearly": WHOLE.replace("Upgrade: websocket", "Upgrade: websocket/13"),
    "tls": "Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n",
}


@pytest.mark.parametrize("name", IGNORED)
def test_any_other_upgrade_is_ignored(running, raw, name):
    with HTTP1Client(running.clear_port) as connection:
        for _ in range(2):  # The connection goes on.
            connection.send("GET /raw/ignored HTTP/1.1\r\n" + BASE + IGNORED[name] + "\r\n")
            assert connection.read_response().status == 200
    names = {field.lower() for exchange in raw.seen("/raw/ignored") for field in exchange.names()}
    assert "upgrade" not in names and "http2-settings" not in names


def test_another_method_and_an_older_version_ask_for_nothing(running, raw):
    for line in ("POST /raw/method HTTP/1.1\r\nContent-Length: 0\r\n", "GET /raw/method HTTP/1.0\r\n"):
        with HTTP1Client(running.clear_port) as connection:
            connection.send(line + BASE + WHOLE + "\r\n")
            assert connection.read_response().status == 200
    assert all("upgrade" not in exchange.names() for exchange in raw.seen("/raw/method"))


def test_what_comes_early_is_kept_until_the_upstream_agrees(running, raw):
    """Else it would read it as its next request."""
    agrees = threading.Event()

    def script(exchange):
        exchange.stream.socket.settimeout(0.3)
        with contextlib.suppress(TimeoutError):
            exchange.early = exchange.stream.socket.recv(100)
        exchange.stream.socket.settimeout(10)
        agrees.set()
        exchange.send(f"HTTP/1.1 101 Up\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      f"Sec-WebSocket-Accept: {accept_of(exchange.value('sec-websocket-key'))}\r\n\r\nfirst".encode())
        exchange.late = exchange.stream.socket.recv(100)
        exchange.send(b"second")
        return False

    raw.on("/raw/early", script)
    with HTTP1Client(running.clear_port) as connection:
        connection.send(handshake("/raw/early") + b"GET /raw/smuggled HTTP/1.1\r\n")
        assert connection.read_response().status == 101
        assert connection._exactly(11) == b"firstsecond"
    [exchange] = raw.seen("/raw/early")
    assert (getattr(exchange, "early", None) or exchange.stream.buffer) == b""
    assert exchange.late == b"GET /raw/smuggled HTTP/1.1\r\n"
    assert not raw.seen("/raw/smuggled")


def test_what_comes_early_is_nobodys_where_the_upstream_refuses(running, raw):
    for carrier in ("clear", "h2"):
        raw.exchanges.clear()
        if carrier == "clear":
            with HTTP1Client(running.clear_port) as connection:
                connection.send(handshake("/raw/no") + b"GET /raw/smuggled HTTP/1.1\r\nHost: acme.test\r\n\r\n")
                assert connection.read_response().status == 200 and connection.at_end()
        else:
            with HTTP2Client(running.tls_port, running.tls_context("h2"), authority="acme.test") as connection:
                stream = connection.open_stream([
                    (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "https"), (":path", "/raw/no"),
                    (":authority", "acme.test"), ("sec-websocket-version", "13")], end_stream=False)
                connection.send_data(stream, b"GET /raw/smuggled HTTP/1.1\r\nHost: acme.test\r\n\r\n", end_stream=False)
                assert connection.response(stream).status == 200
        assert [exchange.path for exchange in raw.exchanges] == ["/raw/no"]


@pytest.mark.memory
def test_early_bytes_are_bounded(running, raw):
    """A client that goes on sending before the upstream has agreed isn't read any more."""
    answer = threading.Event()
    raw.on("/raw/slow", lambda exchange: answer.wait(60) and exchange.reply(b"no") or False)
    before = running.resident_bytes()
    connections = []
    try:
        for _ in range(8):
            connection = socket.create_connection(("127.0.0.1", running.clear_port))
            connections.append(connection)
            connection.sendall(handshake("/raw/slow"))
            connection.settimeout(0.3)
            with contextlib.suppress(TimeoutError):
                while True:
                    connection.sendall(b"x" * 65536)
        assert running.resident_bytes() - before < 8 << 20
    finally:
        answer.set()
        for connection in connections:
            connection.close()


# Hostile upstreams

def accepted(exchange) -> str:
    return accept_of(exchange.value("sec-websocket-key"))


FALSE_AGREEMENTS = {
    "wrong-accept": lambda e: f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept_of(KEY)}",
    "no-accept": lambda e: "Upgrade: websocket\r\nConnection: Upgrade",
    "two-accepts": lambda e: "Upgrade: websocket\r\nConnection: Upgrade" + f"\r\nSec-WebSocket-Accept: {accepted(e)}" * 2,
    "no-upgrade": lambda e: f"Connection: Upgrade\r\nSec-WebSocket-Accept: {accepted(e)}",
    "another-upgrade": lambda e: f"Upgrade: h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accepted(e)}",
    "two-upgrades": lambda e: "Upgrade: websocket, h2c\r\nConnection: Upgrade\r\n"
                              f"Sec-WebSocket-Accept: {accepted(e)}",
    "no-connection": lambda e: f"Upgrade: websocket\r\nSec-WebSocket-Accept: {accepted(e)}",
    "a-length": lambda e: "Upgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 5\r\n"
                          f"Sec-WebSocket-Accept: {accepted(e)}",
    "chunks": lambda e: "Upgrade: websocket\r\nConnection: Upgrade\r\nTransfer-Encoding: chunked\r\n"
                        f"Sec-WebSocket-Accept: {accepted(e)}",
}


@pytest.mark.parametrize("carrier", ["clear", "h2"])
@pytest.mark.parametrize("name", FALSE_AGREEMENTS)
def test_an_upstream_that_agrees_to_something_else_is_a_bad_gateway(running, raw, carrier, name):
    raw.on("/raw/false", lambda exchange: exchange.send(
        f"HTTP/1.1 101 Up\r\n{FALSE_AGREEMENTS[name](exchange)}\r\n\r\nbytes".encode()) or False)
    assert refusal(running, carrier, "/raw/false") == (502, "upstream_unreachable")


def test_a_101_that_nobody_asked_for_stays_a_bad_gateway(running, raw):
    raw.on("/pages/unasked", lambda exchange: exchange.send(
        f"HTTP/1.1 101 Up\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept_of(KEY)}\r\n\r\nbytes".encode()) or False)
    with HTTP1Client(running.clear_port) as connection:
        response = connection.request("GET", "/pages/unasked", [("Host", "acme.test"), ("Sec-WebSocket-Key", KEY)])
    assert (response.status, response.code) == (502, "upstream_unreachable")


def open_raw(gateway, raw, path: str, after):
    """A WebSocket to a raw upstream, which then goes on with `after(exchange)`."""

    def script(exchange):
        exchange.send(f"HTTP/1.1 101 Up\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      f"Sec-WebSocket-Accept: {accepted(exchange)}\r\n\r\n".encode())
        after(exchange)
        return False

    raw.on(path, script)
    connection = HTTP1Client(gateway.clear_port)
    connection.send(handshake(path))
    assert connection.read_response().status == 101
    return connection


# Ends

def reset(connection: socket.socket) -> None:
    """Closes with a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def test_a_client_that_has_said_everything_still_hears_the_answer(running, raw):
    def after(exchange):
        received = b""
        while part := exchange.stream.socket.recv(65536):
            received += part
        exchange.send(b"heard " + received)

    with open_raw(running, raw, "/raw/half", after) as connection:
        connection.send(b"all of it")
        connection.socket.shutdown(socket.SHUT_WR)
        assert connection._rest() == b"heard all of it"


def test_an_upstream_that_ends_ends_the_tunnel(running, raw):
    with open_raw(running, raw, "/raw/end", lambda exchange: exchange.send(b"bye")) as connection:
        assert connection._rest() == b"bye"


def test_a_reset_is_a_reset_on_the_other_side(running, raw):
    found = []

    def hears(exchange):
        try:
            found.append(exchange.stream.socket.recv(10))
        except ConnectionResetError:
            found.append("reset")

    connection = open_raw(running, raw, "/raw/reset", hears)
    reset(connection.socket)
    eventually(lambda: found, within=5, what="the reset upstream")
    assert found == ["reset"]
    connection = open_raw(running, raw, "/raw/resets", lambda exchange: reset(exchange.stream.socket))
    with connection, pytest.raises(ConnectionResetError):
        connection.socket.recv(10)


def test_a_reset_is_a_reset_over_http2(running, raw):
    found = []

    def script(after):
        def answer(exchange):
            exchange.send(f"HTTP/1.1 101 Up\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          f"Sec-WebSocket-Accept: {accepted(exchange)}\r\n\r\n".encode())
            after(exchange)
            return False
        return answer

    def hears(exchange):
        try:
            found.append(exchange.stream.socket.recv(10))
        except ConnectionResetError:
            found.append("reset")

    raw.on("/raw/cancel", script(hears))
    with HTTP2WebSocket(running, "/raw/cancel") as opened:
        assert opened.status == 200
        opened.cancel()
        eventually(lambda: found, within=5, what="the reset upstream")
    assert found == ["reset"]
    told = threading.Event()
    raw.on("/raw/cancels", script(lambda exchange: told.wait(30) and reset(exchange.stream.socket)))
    with HTTP2WebSocket(running, "/raw/cancels") as opened:
        assert opened.status == 200
        told.set()
        opened.wait_end()
        assert opened.reset == CANCEL


def test_the_end_of_a_stream_is_the_end_of_the_connection(running, raw):
    ends = []

    def answer(exchange):
        exchange.send(f"HTTP/1.1 101 Up\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      f"Sec-WebSocket-Accept: {accepted(exchange)}\r\n\r\n".encode())
        while part := exchange.stream.socket.recv(100):
            ends.append(part)
        ends.append("end")
        exchange.send(b"\x81\x02ok")
        return False

    raw.on("/raw/fin", answer)
    with HTTP2WebSocket(running, "/raw/fin") as opened:
        opened.send_bytes(b"whatever")
        opened.end()
        opened.wait_end()
        assert (opened.receive(), opened.reset) == ("ok", None)
    assert b"".join(ends[:-1]) == b"whatever" and ends[-1] == "end"


@pytest.mark.parametrize("protocol, expected", [("webtransport", (501, "protocol_unsupported")),
                                                ("connect-udp", (501, "protocol_unsupported"))])
def test_another_protocol_isnt_known(running, protocol, expected):
    import json
    with HTTP2WebSocket(running, "/echo", protocol=protocol) as opened:
        opened.wait_end()
        assert (opened.status, json.loads(opened.body)["code"]) == expected


def test_an_ordinary_connect_stays_refused(running):
    with HTTP2Client(running.tls_port, running.tls_context("h2"), authority="acme.test") as connection:
        stream = connection.open_stream([(":method", "CONNECT"), (":authority", "acme.test:443")], end_stream=False)
        kind, value = connection.outcome(stream)
    assert (kind, value) in {("response", 400), ("reset", 1)}


# Patience

@pytest.mark.memory
def test_whoever_doesnt_read_holds_a_bounded_amount_and_is_ended(make_gateway, sockets, raw):
    gateway = make_gateway(ORGANIZATIONS, limits={"stall_timeout_seconds": 2, "idle_timeout_seconds": 5},
                           **settings(sockets, raw))
    before = gateway.resident_bytes()
    sockets.sent = 0
    ended = len(sockets.ended)
    with HTTP1Client(gateway.clear_port) as connection:
        connection.send(handshake("/flood"))
        assert connection.read_response().status == 101
        with HTTP2WebSocket(gateway, "/flood", reads=False) as opened:
            assert opened.status == 200
            eventually(lambda: len(sockets.ended) >= ended + 2, within=60, what="the end of both")
    # The kernel's buffers on the way, not the gateway's.
    assert sockets.sent < 64 << 20
    assert gateway.resident_bytes() - before < 16 << 20


@pytest.mark.memory
@pytest.mark.parametrize("carrier", ["clear", "h2"])
def test_an_upstream_that_doesnt_read_holds_a_bounded_amount(running, raw, carrier):
    done = threading.Event()

    def answer(exchange):
        exchange.send(f"HTTP/1.1 101 Up\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      f"Sec-WebSocket-Accept: {accepted(exchange)}\r\n\r\n".encode())
        done.wait(90)
        return False

    raw.on("/raw/mute", answer)
    before = running.resident_bytes()
    try:
        if carrier == "clear":
            with HTTP1Client(running.clear_port) as connection:
                connection.send(handshake("/raw/mute"))
                assert connection.read_response().status == 101
                connection.socket.settimeout(1)
                with pytest.raises(TimeoutError):
                    for _ in range(2000):
                        connection.send(b"x" * 65536)
        else:
            with HTTP2WebSocket(running, "/raw/mute") as opened:
                assert opened.status == 200
                deadline = time.monotonic() + 60
                while time.monotonic() < deadline:
                    room = min(opened.h2.local_flow_control_window(opened.stream), 16384)
                    if room == 0:
                        if not opened._wait(lambda: opened.h2.local_flow_control_window(opened.stream) > 0, 1):
                            break
                        continue
                    opened.send_bytes(b"x" * room)
                else:
                    pytest.fail("there was no end to the credit")
        assert running.resident_bytes() - before < 4 << 20
    finally:
        done.set()


def test_a_quiet_one_outlives_every_other_timeout(make_gateway, sockets, raw):
    gateway = make_gateway(ORGANIZATIONS, limits={"stall_timeout_seconds": 2, "idle_timeout_seconds": 2},
                           **settings(sockets, raw, idle_timeout_seconds=2, response_header_timeout_seconds=2))
    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(websocket(gateway, carrier)) for carrier in CARRIERS]
        time.sleep(5)  # What isn't to happen has had the time for it.
        for one in opened:
            one.say("still here")
            assert one.hear() == "still here"


@carriers
def test_one_without_a_word_for_too_long_is_ended(make_gateway, sockets, raw, carrier):
    gateway = make_gateway(ORGANIZATIONS, **settings(sockets, raw, websocket_idle_timeout_seconds=3))
    with websocket(gateway, carrier) as opened:
        opened.say("x")
        assert opened.hear() == "x"
        assert opened.end() == (1001, "idle")


def test_there_are_so_many_and_they_take_no_connection_from_requests(make_gateway, sockets, raw):
    gateway = make_gateway(ORGANIZATIONS, upstreams=[
        {"name": "sockets", "url": sockets.url, "max_websockets": 2, "max_connections": 1, "max_requests": 1},
        {"name": "raw", "url": raw.url}], routes=ROUTES)
    with websocket(gateway, "clear"), websocket(gateway, "h2"):
        assert refusal(gateway, "clear", "/echo") == (503, "overloaded")
        assert refusal(gateway, "h2", "/echo") == (503, "overloaded")
        with gateway.client(cleartext=True) as client:
            # Not a WebSocket's: the upstream has another opinion of it, but it has been asked.
            assert client.get("/echo", headers={"Host": "acme.test"}).status_code == 426
    eventually(lambda: metric(gateway, "widget_websockets") == 0, within=5, what="the end of both")
    with websocket(gateway, "clear") as opened:
        opened.say("room again")
        assert opened.hear() == "room again"


# Operation

def metric(gateway, name: str) -> float:
    text = httpx.get(f"{gateway.admin}/metrics").text
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if re.match(name + r"[ {]", line))


def test_they_are_counted_and_written_down(make_gateway, sockets, raw):
    gateway = make_gateway(ORGANIZATIONS, **settings(sockets, raw))
    with websocket(gateway, "clear", "/echo/logged"), websocket(gateway, "h2", "/echo/logged") as opened:
        opened.say("x" * 1000)
        opened.hear()
        eventually(lambda: metric(gateway, "widget_websockets") == 2, within=5, what="two open ones")
        assert metric(gateway, "widget_requests_in_flight") == 2
    eventually(lambda: metric(gateway, "widget_websockets") == 0, within=5, what="none open")
    assert metric(gateway, "widget_websockets_total") == 2
    lines = eventually(lambda: (found := [line for line in gateway.log_lines() if "/echo/logged" in line])
                       and len(found) == 2 and found, within=5, what="the access log")
    by_method = {re.search(r"method=(\S+)", line)[1]: line for line in lines}
    assert "status=101" in by_method["GET"] and "status=200" in by_method["CONNECT"]
    received = int(re.search(r" received=(\d+)", by_method["CONNECT"])[1])
    assert received > 6 and "total_ms=" in by_method["CONNECT"] and "state=identified" in by_method["CONNECT"]


@pytest.mark.parametrize("carrier", ["clear", "tls"])
def test_a_drain_ends_them_with_a_reason(make_gateway, sockets, raw, carrier):
    gateway = make_gateway(ORGANIZATIONS, limits={"drain_timeout_seconds": 6}, **settings(sockets, raw))
    with websocket(gateway, carrier) as opened:
        opened.say("x")
        assert opened.hear() == "x"
        gateway.may_be_dead = True
        gateway.process.terminate()
        opened.say("while it drains")
        assert opened.hear() == "while it drains"
        assert opened.end() == (1001, "draining")
    assert gateway.process.wait(30) == 0


def test_a_drain_ends_a_stream_with_a_reason(make_gateway, sockets, raw):
    """By a client of our own: `h2` takes a connection for closed that has been said goodbye to."""
    gateway = make_gateway(ORGANIZATIONS, limits={"drain_timeout_seconds": 6}, **settings(sockets, raw))
    with HTTP2Client(gateway.tls_port, gateway.tls_context("h2"), authority="acme.test") as connection:
        stream = connection.open_stream([
            (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "https"), (":path", "/echo"),
            (":authority", "acme.test"), ("sec-websocket-version", "13")], end_stream=False)
        assert connection.wait(lambda: stream in connection.responses)
        gateway.may_be_dead = True
        gateway.process.terminate()
        assert connection.wait(lambda: connection.goaway is not None)
        connection.send_data(stream, b"\x81\x82\0\0\0\0ok", end_stream=False)
        assert connection.wait(lambda: connection.responses[stream].body == b"\x81\x02ok")
        response = connection.response(stream)
        assert response.complete and response.body[4:] == b"\x88\x0a\x03\xe9draining"
    assert gateway.process.wait(30) == 0


def test_a_replacement_takes_new_ones_and_lets_the_old_ones_end(make_gateway, sockets, raw):
    gateway = make_gateway(ORGANIZATIONS, limits={"drain_timeout_seconds": 8}, **settings(sockets, raw))
    gateway.may_be_dead = True
    with websocket(gateway, "clear") as old:
        old.say("before")
        assert old.hear() == "before"
        successor = started(gateway, "--replace", str(gateway.pid))
        with ending(successor):
            eventually(lambda: "handing over" in gateway.log(), within=10, what="the handover")
            old.say("after")
            assert old.hear() == "after"
            assert old.end() == (1001, "draining")
            assert gateway.process.wait(30) == 0
            with websocket(gateway, "clear") as new:
                new.say("new")
                assert new.hear() == "new"
