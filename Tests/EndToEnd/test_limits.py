"""Each limit on clients: at it everything is served, one past it the documented code comes and nothing else is lost."""

import contextlib
import select
import socket
import time
import urllib.request

import pytest

from conftest import ACME, organization
from harness.gateway import eventually
from harness.http1 import HTTP1Client
from harness.http2 import (
    END_HEADERS, END_STREAM, HEADERS, REFUSED_STREAM, HTTP2Client, raw_frame)
from harness.tokens import sign

LIMITS = {"header_list_bytes": 2048, "header_fields": 20, "body_bytes": 10_000, "streams": 10}


@pytest.fixture(scope="module")
def tight(tmp_path_factory, upstream):
    from harness.gateway import Gateway

    running = Gateway(
        tmp_path_factory.mktemp("tight"), organizations=[organization("acme", ACME)],
        upstreams=[{"name": "widgets", "url": upstream.url}],
        routes=[{"path": "/", "access": "widget", "upstream": "widgets"}], workers=1, limits=LIMITS)
    running.start()
    yield running
    running.close()


def connect(gateway, **options) -> HTTP2Client:
    return HTTP2Client(gateway.tls_port, gateway.tls_context("h2"), authority="acme.test", **options)


def list_size(fields) -> int:
    """As RFC 9113, 6.5.2, has it: names, values, and 32 bytes for each field line, pseudo-headers too."""
    return sum(len(name) + len(value) + 32 for name, value in fields)


# Heads


@pytest.mark.parametrize("past", [0, 1])
@pytest.mark.parametrize("where", ["a value", "a name", "the path", "many fields", "a cookie in crumbs"])
def test_header_list_over_http2(tight, past, where):
    with connect(tight) as h2:
        def fields(filler: int):
            path, extra = "/page", []
            if where == "a value":
                extra = [("x", "v" * filler)]
            elif where == "a name":
                extra = [("n" * filler, "")]
            elif where == "the path":
                path, extra = "/" + "p" * filler, [("x", "v")]
            elif where == "many fields":
                extra = [(f"x-{number}", "v" * 40) for number in range(12)] + [("x", "v" * filler)]
            else:
                extra = [("cookie", f"c{number}=" + "v" * 40) for number in range(12)] + [("cookie", "v" * filler)]
            return h2.fields("GET", path, extra)

        short = LIMITS["header_list_bytes"] - list_size(fields(1)) + 1
        request = fields(short + past)
        assert list_size(request) == LIMITS["header_list_bytes"] + past
        response = h2.response(h2.open_stream(request))
        if past:
            assert (response.status, response.code) == (431, "headers_too_large")
        else:
            assert response.status == 200
        assert h2.request(path="/page").status == 200, "the connection goes on"


@pytest.mark.parametrize("past", [0, 1])
@pytest.mark.parametrize("where", ["value", "name", "path"])
def test_head_over_http1(tight, past, where):
    def head(filler: int) -> bytes:
        path, field = "/page", "X: v"
        if where == "value":
            field = "X: " + "v" * filler
        elif where == "name":
            field = "N" * filler + ": v"
        else:
            path = "/" + "p" * filler
        return f"GET {path} HTTP/1.1\r\nHost: acme.test\r\n{field}\r\n\r\n".encode()

    filler = LIMITS["header_list_bytes"] - len(head(1)) + 1 + past
    assert len(head(filler)) == LIMITS["header_list_bytes"] + past
    with HTTP1Client(tight.clear_port) as h1:
        h1.send(head(filler))
        response = h1.read_response()
        if past:
            assert (response.status, response.code) == (431, "headers_too_large")
            assert h1.at_end(), "where the next request begins isn't known"
        else:
            assert response.status == 200
            assert h1.request("GET", "/page", [("Host", "acme.test")]).status == 200


@pytest.mark.parametrize("past", [0, 1])
def test_number_of_fields(tight, past):
    extra = [(f"x-{number}", "v") for number in range(LIMITS["header_fields"] + past)]
    with connect(tight) as h2:
        response = h2.request(path="/page", headers=extra)
        assert (response.status, response.code) == ((431, "headers_too_large") if past else (200, None))
        assert h2.request(path="/page").status == 200
    with HTTP1Client(tight.clear_port) as h1:
        # Over HTTP/1.1 the line with the host counts too.
        response = h1.request("GET", "/page", [("Host", "acme.test"), *extra[1:]])
        assert (response.status, response.code) == ((431, "headers_too_large") if past else (200, None))


@pytest.mark.parametrize("past", [0, 1])
def test_length_of_a_token(client, past, email):
    def token(filler: int, pad: int) -> str:
        claims = {"email": email, "meta": "v" * filler}
        return sign(claims, ACME, headers={"typ": "JWT" + "x" * pad})

    made = next(made for filler in range(5500, 6100) for pad in range(3)
                if len(made := token(filler, pad)) == 8192 + past)
    response = client.get("/_widget/state", headers={"Host": "acme.test", "Authorization": "Bearer " + made})
    if past:
        assert (response.status_code, response.json()["code"]) == (431, "token_too_large")
    else:
        assert response.json()["state"] == "identified"


@pytest.mark.parametrize(("length", "code"), [(8192, "token_malformed"), (8193, "token_too_large")])
def test_length_of_what_is_no_token(client, length, code):
    response = client.get("/_widget/state", headers={"Host": "acme.test", "Authorization": "Bearer " + "a" * length})
    assert response.json()["code"] == code


# Bodies


@pytest.mark.parametrize("past", [0, 1])
@pytest.mark.parametrize("announced", [True, False])
def test_body_over_http2(tight, past, announced, upstream):
    path = f"/body-{past}-{announced}"
    body = b"b" * (LIMITS["body_bytes"] + past)
    with connect(tight) as h2:
        extra = [("content-length", str(len(body)))] if announced else []
        response = h2.request("POST", path, extra, body=body)
        if past:
            assert (response.status, response.code) == (413, "body_too_large")
        else:
            assert response.status == 200
        assert h2.request(path="/page").status == 200, "the connection goes on"
    whole = [exchange for exchange in upstream.seen(path) if exchange.body_error is None]
    assert [len(exchange.body) for exchange in whole] == ([] if past else [LIMITS["body_bytes"]])


@pytest.mark.parametrize("past", [0, 1])
@pytest.mark.parametrize("announced", [True, False])
def test_body_over_http1(tight, past, announced, upstream):
    path = f"/body1-{past}-{announced}"
    body = b"b" * (LIMITS["body_bytes"] + past)
    with HTTP1Client(tight.clear_port) as h1:
        head = f"POST {path} HTTP/1.1\r\nHost: acme.test\r\n"
        if announced:
            h1.send(head + f"Content-Length: {len(body)}\r\n\r\n")
            h1.send(body)
        else:
            h1.send(head + f"Transfer-Encoding: chunked\r\n\r\n{len(body):x}\r\n")
            h1.send(body + b"\r\n0\r\n\r\n")
        response = h1.read_response()
        if past:
            assert (response.status, response.code) == (413, "body_too_large")
        else:
            assert response.status == 200
            assert h1.request("GET", "/page", [("Host", "acme.test")]).status == 200
    whole = [exchange for exchange in upstream.seen(path) if exchange.body_error is None]
    assert [len(exchange.body) for exchange in whole] == ([] if past else [LIMITS["body_bytes"]])


@pytest.mark.parametrize("past", [0, 1])
@pytest.mark.parametrize("announced", [True, False])
def test_body_of_an_identify(gateway, http2, past, announced):
    """32 KiB, whatever `body_bytes` says: it is held in memory."""
    body = b'{"token": "x"}'.ljust(32_768 + past)
    with http2() as h2:
        extra = [("content-length", str(len(body)))] if announced else []
        response = h2.request("POST", "/_widget/identify", extra, body=body)
        assert (response.status, response.code) == ((413, "body_too_large") if past else (401, "token_malformed"))
        assert h2.request(path="/page").status == 200


# Streams and connections


def test_streams(tight, upstream):
    import threading
    release = threading.Event()
    upstream.on("/hold", lambda exchange: (release.wait(20), exchange.reply(b"held")))
    try:
        with connect(tight) as h2:
            assert h2.server_settings[3] == LIMITS["streams"]
            streams = [h2.open_stream(h2.fields("GET", "/hold")) for _ in range(LIMITS["streams"])]
            eventually(lambda: len(upstream.seen("/hold")) == LIMITS["streams"], within=10)
            release.set()
            assert [h2.response(stream).body for stream in streams] == [b"held"] * LIMITS["streams"]
            assert h2.request(path="/page").status == 200
        release.clear()
        with connect(tight) as h2:
            streams = [h2.open_stream(h2.fields("GET", "/hold")) for _ in range(LIMITS["streams"])]
            assert h2.outcome(h2.open_stream(h2.fields("GET", "/never"))) == ("reset", REFUSED_STREAM)
            assert upstream.seen("/never") == []
            release.set()
            # A stream counts until its end has been sent.
            assert [h2.response(stream).body for stream in streams] == [b"held"] * LIMITS["streams"]
            assert h2.request(path="/page").status == 200
    finally:
        release.set()
    with connect(tight) as h2:
        assert h2.request(path="/page").status == 200


def test_connections(make_gateway):
    gateway = make_gateway(limits={"connections": 3})

    def works(connection) -> bool:
        try:
            return connection.request("GET", "/page", [("Host", "acme.test")]).status == 200
        except (OSError, EOFError):
            return False

    held = [HTTP1Client(gateway.clear_port) for _ in range(3)]
    try:
        assert all(works(connection) for connection in held)
        with HTTP1Client(gateway.clear_port) as fourth:
            assert not works(fourth)
        assert all(works(connection) for connection in held), "those that were there go on"
        assert gateway.admin_status("/readyz") == 200, "operators aren't kept out"
        held.pop().__exit__()

        def let_in() -> bool:
            held.append(HTTP1Client(gateway.clear_port))
            if works(held[-1]):
                return True
            held.pop().__exit__()
            return False

        eventually(let_in, within=5, every=0.1, what="a place that is free again")
    finally:
        for connection in held:
            connection.__exit__()


def metric(gateway, name: str) -> float:
    with urllib.request.urlopen(gateway.admin + "/metrics", timeout=5) as response:
        lines = response.read().decode().splitlines()
    return float(next(line for line in lines if line.startswith(name + " ")).split()[1])


@pytest.mark.parametrize("trusted", [False, True], ids=["a client", "a trusted proxy"])
def test_connections_of_a_client(make_gateway, trusted):
    proxies = {"trusted_proxies": ["127.0.0.1"]} if trusted else {}
    gateway = make_gateway(limits={"connections_per_client": 3}, **proxies)
    with contextlib.ExitStack() as held:
        clients = [held.enter_context(HTTP1Client(gateway.clear_port)) for _ in range(3)]
        for client in clients:
            assert client.request("GET", "/page", [("Host", "acme.test")]).status == 200
        fourth = held.enter_context(HTTP1Client(gateway.clear_port))
        if trusted:
            assert fourth.request("GET", "/page", [("Host", "acme.test")]).status == 200
            return
        with pytest.raises((OSError, EOFError)):
            fourth.request("GET", "/page", [("Host", "acme.test")])
        eventually(lambda: metric(gateway, "widget_connections_refused_of_clients_total") == 1, within=5)
        with HTTP1Client(gateway.clear_port, source="127.0.0.2") as another:
            assert another.request("GET", "/page", [("Host", "acme.test")]).status == 200, "others have their own"
        for client in clients:
            assert client.request("GET", "/page", [("Host", "acme.test")]).status == 200, "those there go on"


# Time


@pytest.fixture(scope="module")
def hasty(tmp_path_factory, upstream):
    from harness.gateway import Gateway

    running = Gateway(
        tmp_path_factory.mktemp("hasty"), organizations=[organization("acme", ACME)],
        upstreams=[{"name": "widgets", "url": upstream.url}],
        routes=[{"path": "/", "access": "widget", "upstream": "widgets"}], workers=1,
        limits={"header_timeout_seconds": 4, "idle_timeout_seconds": 4})
    running.start()
    yield running
    running.close()


def is_closed_after(connection: socket.socket, seconds: float, began: float) -> bool:
    """Whether the peer closes, and no sooner than so long after `began`. How much later is its machine's business."""
    while select.select([connection], [], [], began + seconds + 30 - time.monotonic())[0]:
        try:
            is_closed = connection.recv(65536) == b""
        except OSError:
            is_closed = True
        if is_closed:
            return time.monotonic() - began >= seconds
    return False


UNFINISHED = {
    "nothing": b"", "half a request line": b"GET /pa",
    "a head without an end": b"GET / HTTP/1.1\r\nHost: acme.test\r\n",
    "half a preface": b"PRI * HTTP/2.0\r\n",
}


@pytest.mark.parametrize("case", UNFINISHED)
def test_a_head_has_to_be_finished_in_time(hasty, case):
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", hasty.clear_port)) as connection:
        connection.sendall(UNFINISHED[case])
        assert is_closed_after(connection, 3.9, began)


def test_a_tls_handshake_has_to_be_finished_in_time(hasty):
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", hasty.tls_port)) as connection:
        assert is_closed_after(connection, 3.9, began)


def test_a_head_over_http2_has_to_be_finished_in_time(hasty):
    with connect(hasty) as h2:
        block = h2.encode(h2.fields("GET", "/page"))
        began = time.monotonic()
        h2.send(raw_frame(HEADERS, END_STREAM, 1, block))  # No END_HEADERS.
        assert is_closed_after(h2.socket, 3.0, began)


def test_a_head_that_takes_nearly_as_long_is_served(hasty):
    with HTTP1Client(hasty.clear_port) as h1:
        h1.send("GET /page HTTP/1.1\r\n")
        time.sleep(2)
        h1.send("Host: acme.test\r\n\r\n")
        assert h1.read_response().status == 200
    with connect(hasty) as h2:
        block = h2.encode(h2.fields("GET", "/page"))
        h2.send(raw_frame(HEADERS, END_STREAM, 1, block[:10]))
        time.sleep(2)
        h2.send(raw_frame(9, END_HEADERS, 1, block[10:]))
        assert h2.response(1).status == 200


def test_an_idle_connection_is_closed_and_a_busy_one_isnt(hasty):
    with connect(hasty) as idle, connect(hasty) as busy, HTTP1Client(hasty.clear_port) as idle1:
        assert idle.request(path="/page").status == 200
        assert idle1.request("GET", "/page", [("Host", "acme.test")]).status == 200
        began = time.monotonic()
        while not idle.closed and time.monotonic() - began < 40:
            idle.read_some(0.3)
            assert busy.request(path="/page").status == 200
        assert idle.closed and idle.goaway is not None and idle.goaway.error_code == 0
        assert idle1.at_end()
