"""What a client sees when an upstream misbehaves: the documented code, never half an answer that looks whole."""

import os
import socket
import struct
import threading
import time

import pytest

from conftest import ACME, organization
from harness.gateway import Gateway, eventually, free_port
from harness.http1 import HTTP1Client
from harness.http2 import HTTP2Client
from harness.upstream import RecordingUpstream

HOST = {"Host": "acme.test"}


@pytest.fixture(scope="module")
def faulty():
    server = RecordingUpstream()
    yield server
    server.close()


def relaying(folder, faulty, **timeouts) -> Gateway:
    """One that never shuts an address out."""
    return Gateway(
        folder, organizations=[organization("acme", ACME)], workers=1,
        upstreams=[{"name": "faulty", "url": faulty.url, "idle_timeout_seconds": 1.5, "circuit_failures": 0} | timeouts],
        routes=[{"path": "/", "access": "public", "upstream": "faulty"}]).start()


@pytest.fixture(scope="module")
def hasty(tmp_path_factory, faulty):
    """A gateway that waits about a second for everything."""
    running = relaying(tmp_path_factory.mktemp("hasty"), faulty, connect_timeout_seconds=1,
                       response_header_timeout_seconds=1.5)
    yield running
    running.close()


@pytest.fixture(scope="module")
def patience(tmp_path_factory, faulty):
    """A gateway that waits for answers for longer than any of them takes, on whatever machine."""
    running = relaying(tmp_path_factory.mktemp("patience"), faulty, response_header_timeout_seconds=40)
    yield running
    running.close()


def reset(exchange) -> None:
    """Makes the coming close a reset."""
    exchange.stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def answering(data: bytes, *, then: str = "close", pause: float = 0.0):
    """A script that sends `data` and then closes, resets, or stays and says nothing more."""
    def script(exchange):
        exchange.send(data)
        if pause:
            time.sleep(pause)
        if then == "reset":
            reset(exchange)
        if then == "stay":
            exchange.stream.socket.settimeout(60)
            exchange.stream.socket.recv(1)
        return False
    return script


def over_http1(gateway, path, method="GET", body=b""):
    with HTTP1Client(gateway.clear_port) as connection:
        return connection.request(method, path, [("Host", "acme.test")], body)


def over_http2(gateway, path):
    with HTTP2Client(gateway.tls_port, gateway.tls_context("h2"), authority="acme.test") as connection:
        return connection.request(path=path)


OK = b"HTTP/1.1 200 OK\r\n"

NO_ANSWER = {
    "nothing": (b"", "close"),
    "nothing-reset": (b"", "reset"),
    "head-cut-short": (OK + b"Content-Le", "close"),
    "head-cut-before-its-end": (OK + b"Content-Length: 0\r\n", "close"),
    "head-reset": (OK + b"Content-Length: 2\r\n", "reset"),
    "nul-in-value": (OK + b"X-A: a\0b\r\nContent-Length: 0\r\n\r\n", "close"),
    "nul-in-name": (OK + b"X-\0A: b\r\nContent-Length: 0\r\n\r\n", "close"),
    "cr-in-value": (OK + b"X-A: a\rb\r\nContent-Length: 0\r\n\r\n", "close"),
    "bare-line-feeds": (b"HTTP/1.1 200 OK\nContent-Length: 0\n\n", "close"),
    "folded": (OK + b"X-A: a\r\n b\r\nContent-Length: 0\r\n\r\n", "close"),
    "space-before-colon": (OK + b"X-A : a\r\nContent-Length: 0\r\n\r\n", "close"),
    "no-colon": (OK + b"nonsense\r\nContent-Length: 0\r\n\r\n", "close"),
    "two-lengths": (OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", "close"),
    "list-of-lengths": (OK + b"Content-Length: 1, 1\r\n\r\na", "close"),
    "length-and-chunked": (OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "close"),
    "negative-length": (OK + b"Content-Length: -1\r\n\r\n", "close"),
    "signed-length": (OK + b"Content-Length: +2\r\n\r\nok", "close"),
    "length-past-integers": (OK + b"Content-Length: 18446744073709551617\r\n\r\na", "close"),
    "unknown-coding": (OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "close"),
    "coding-in-disguise": (OK + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "close"),
    "chunked-on-1.0": (b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "close"),
    "wrong-version": (b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", "close"),
    "status-of-two-digits": (b"HTTP/1.1 99 Low\r\n\r\n", "close"),
    "status-of-four-digits": (b"HTTP/1.1 2000 High\r\n\r\n", "close"),
    "switching-protocols-unasked": (b"HTTP/1.1 101 Up\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nbytes", "close"),
    "interim-flood": (b"HTTP/1.1 103 Hints\r\nLink: </a>\r\n\r\n" * 1000 + OK + b"Content-Length: 0\r\n\r\n", "stay"),
    "huge-head": (OK + b"X-A: " + b"a" * 100_000 + b"\r\nContent-Length: 0\r\n\r\n", "close"),
    "a-thousand-fields": (OK + b"X-A: a\r\n" * 1000 + b"Content-Length: 0\r\n\r\n", "close"),
    "garbage": (bytes(range(256)) * 4, "close"),
    "another-protocol": (b"\0\0\x12\4\0\0\0\0\0\0\3\0\0\0\x64\0\4\0\x10\0\0", "stay"),
    "a-tls-alert": (b"\x15\x03\x01\0\2\2\x16", "stay"),
    "html-alone": (b"<html>oops</html>", "close"),
}


@pytest.mark.parametrize("name", NO_ANSWER)
def test_what_is_no_answer_is_a_bad_gateway(patience, faulty, name):
    data, then = NO_ANSWER[name]
    faulty.on(f"/{name}", answering(data, then=then))
    begun = time.monotonic()
    response = over_http1(patience, f"/{name}")
    assert (response.status, response.code) == (502, "upstream_unreachable"), response
    assert over_http2(patience, f"/{name}").status == 502
    assert time.monotonic() - begun < 15, "it waited although it could have known"
    assert len(faulty.seen(f"/{name}")) == 2, "a broken answer on a new connection is no reason to ask again"


def test_a_head_that_never_ends_is_given_up(patience, faulty):
    def script(exchange):
        try:
            exchange.send(OK)
            for _ in range(100_000):
                exchange.send(b"X-Filler: " + b"y" * 100 + b"\r\n")
        except OSError:
            return False
    faulty.on("/endless-head", script)
    assert over_http1(patience, "/endless-head").code == "upstream_unreachable"


@pytest.mark.parametrize("piece", [b"", OK, b"HTTP/1.1 103 Early\r\n\r\n"], ids=["silent", "half-a-head", "interim"])
def test_an_answer_that_does_not_come_is_a_timeout(hasty, faulty, piece):
    faulty.on("/late", answering(piece, then="stay"))
    begun = time.monotonic()
    response = over_http1(hasty, "/late")
    assert (response.status, response.code) == (504, "upstream_timeout")
    assert 1.2 < time.monotonic() - begun


def test_a_head_that_drips_has_no_more_time_than_one_that_does_not_come(hasty, faulty):
    def script(exchange):
        try:
            for byte in OK + b"X-Slow: " + b"z" * 1000:
                exchange.send(bytes([byte]))
                time.sleep(0.1)
        except OSError:
            return False
    faulty.on("/drip", script)
    # The whole of it would take 100 seconds.
    assert over_http1(hasty, "/drip").code == "upstream_timeout"


CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"

HALF_ANSWERS = {
    "short-close": (OK + b"Content-Length: 10\r\n\r\nhalf!", "close"),
    "short-reset": (OK + b"Content-Length: 10\r\n\r\nhalf!", "reset"),
    "until-close-reset": (OK + b"\r\nhalf!", "reset"),
    "no-last-chunk": (CHUNKED + b"5\r\nhalf!\r\n", "close"),
    "last-chunk-without-its-end": (CHUNKED + b"5\r\nhalf!\r\n0\r\n", "close"),
    "partial-chunk": (CHUNKED + b"a\r\nhalf!", "close"),
    "chunk-without-its-line-end": (CHUNKED + b"5\r\nhalf!X0\r\n\r\n", "close"),
    "bad-chunk-size": (CHUNKED + b"5\r\nhalf!\r\nzz\r\n", "close"),
    "negative-chunk-size": (CHUNKED + b"5\r\nhalf!\r\n-1\r\n", "close"),
    "prefixed-chunk-size": (CHUNKED + b"5\r\nhalf!\r\n0x1\r\na\r\n0\r\n\r\n", "close"),
    "chunk-size-past-integers": (CHUNKED + b"5\r\nhalf!\r\nfffffffffffffffff\r\n", "close"),
    "bare-line-feed-after-size": (CHUNKED + b"5\r\nhalf!\r\n0\n\n", "close"),
    "endless-chunk-extension": (CHUNKED + b"5\r\nhalf!\r\n1;" + b"x" * 20_000 + b"\r\na\r\n0\r\n\r\n", "close"),
    "nul-in-a-trailer": (CHUNKED + b"5\r\nhalf!\r\n0\r\nX-T: a\0\r\n\r\n", "close"),
    "length-in-a-trailer": (CHUNKED + b"5\r\nhalf!\r\n0\r\nContent-Length: 5\r\n\r\n", "close"),
    "endless-trailers": (CHUNKED + b"5\r\nhalf!\r\n0\r\n" + b"X-T: aaaaaaaaaaaaaaaa\r\n" * 2000 + b"\r\n", "close"),
    "stalled": (OK + b"Content-Length: 10\r\n\r\nhalf!", "stay"),
    "stalled-in-a-chunk": (CHUNKED + b"a\r\nhalf!", "stay"),
}


@pytest.mark.parametrize("name", HALF_ANSWERS)
def test_half_an_answer_never_looks_whole(patience, faulty, name):
    data, then = HALF_ANSWERS[name]
    head, body = data.split(b"\r\n\r\n", 1)
    has_begun = threading.Event()

    def script(exchange):
        # The head is with the client before anything is wrong with the body.
        exchange.send(head + b"\r\n\r\n")
        assert has_begun.wait(20)
        exchange.send(body)
        time.sleep(0.1)
        return answering(b"", then=then)(exchange)

    faulty.on(f"/half-{name}", script)
    with HTTP1Client(patience.clear_port) as connection:
        connection.send(f"GET /half-{name} HTTP/1.1\r\nHost: acme.test\r\n\r\n")
        response = connection.read_response(at_head=has_begun.set)
    assert response.status == 200 and not response.complete, response
    has_begun.clear()
    with HTTP2Client(patience.tls_port, patience.tls_context("h2"), authority="acme.test") as connection:
        stream = connection.open_stream(connection.fields(path=f"/half-{name}"))
        connection.wait_for_head(stream)
        has_begun.set()
        response = connection.response(stream)
    assert response.status == 200 and response.reset is not None, response
    assert len(faulty.seen(f"/half-{name}")) == 2


def test_an_http10_client_can_tell_that_an_answer_broke_off(patience, faulty):
    def script(exchange):
        exchange.send(CHUNKED + b"5\r\nhalf!\r\n")
        assert has_begun.wait(20)
        return False

    has_begun = threading.Event()
    faulty.on("/half-for-1.0", script)
    with HTTP1Client(patience.clear_port) as connection:
        connection.send("GET /half-for-1.0 HTTP/1.0\r\nHost: acme.test\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            while connection.socket.recv(4096):
                has_begun.set()


@pytest.mark.parametrize("extra", [
    OK + b"Content-Length: 4\r\n\r\nevil", b"\0", b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"],
    ids=["an-answer", "a-byte", "a-timeout"])
@pytest.mark.parametrize("at_once", [True, False])
def test_what_comes_behind_an_answer_is_nobodys_answer(patience, faulty, extra, at_once):
    def script(exchange):
        answer = OK + b"Content-Length: 4\r\n\r\nmine"
        exchange.send(answer + extra if at_once else answer)
        if not at_once:
            assert has_ended.wait(20)
            exchange.send(extra)
        is_sent.set()

    has_ended, is_sent = threading.Event(), threading.Event()
    faulty.on("/more", script)
    faulty.on("/next", lambda exchange: exchange.reply(b"next"))
    for method in ("GET", "POST"):
        for _ in range(3):
            assert over_http1(patience, "/more").body == b"mine"
            # It comes while nobody asks, which no server could tell from an answer otherwise.
            has_ended.set()
            assert is_sent.wait(20)
            has_ended.clear()
            is_sent.clear()
            for _ in range(3):
                assert over_http1(patience, "/next", method).body == b"next"


def test_fields_that_connection_names_stop_here(patience, faulty):
    faulty.on("/hop", lambda exchange: exchange.send(
        OK + b"Connection: X-Secret, x-other\r\nX-SECRET: 1\r\nX-Other: 2\r\nX-Kept: 3\r\nKeep-Alive: timeout=5\r\n"
        b"Proxy-Authenticate: Basic\r\nTrailer: X-T\r\nContent-Length: 2\r\n\r\nok"))
    for response in (over_http1(patience, "/hop"), over_http2(patience, "/hop")):
        names = {name.lower() for name, _ in response.headers}
        assert "x-kept" in names and response.body == b"ok"
        assert not names & {"x-secret", "x-other", "keep-alive", "proxy-authenticate", "trailer"}, names


def test_interim_answers_pass_and_are_bounded(patience, faulty):
    faulty.on("/hints", lambda exchange: exchange.send(
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: x-a\r\nX-A: 1\r\n\r\n" * 3 + OK
        + b"Content-Length: 2\r\n\r\nok"))
    response = over_http1(patience, "/hints")
    assert (response.status, response.body, response.informational) == (200, b"ok", [103, 103, 103])


# Asking again

def kill_the_first(upstream, path, *, when: str = "close"):
    """The connection that brings the second request to `path` dies without an answer, once."""
    state = {"asked": 0}

    def script(exchange):
        state["asked"] += 1
        if state["asked"] == 1:
            exchange.reply(b"first")
            return None
        if state["asked"] == 2:
            if when == "reset":
                reset(exchange)
            return False
        exchange.reply(b"again")
        return None
    upstream.on(path, script)
    return state


@pytest.mark.parametrize("when", ["close", "reset"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_a_harmless_request_is_asked_again_once(make_gateway, method, when):
    upstream = RecordingUpstream()
    gateway = make_gateway(upstreams=[{"name": "widgets", "url": upstream.url}])
    kill_the_first(upstream, "/x", when=when)
    assert over_http1(gateway, "/x").status == 200
    assert over_http1(gateway, "/x", method).status == 200
    assert [exchange.method for exchange in upstream.seen("/x")] == ["GET", method, method]
    upstream.close()


@pytest.mark.parametrize("when", ["close", "reset"])
@pytest.mark.parametrize("method,body", [("POST", b""), ("POST", b"pay"), ("PATCH", b"x"), ("PUT", b"whole")])
def test_a_request_that_may_do_harm_is_not_asked_again(make_gateway, method, body, when):
    upstream = RecordingUpstream()
    gateway = make_gateway(upstreams=[{"name": "widgets", "url": upstream.url}])
    kill_the_first(upstream, "/x", when=when)
    assert over_http1(gateway, "/x").status == 200
    response = over_http1(gateway, "/x", method, body)
    assert response.code == "upstream_unreachable", "not sent twice, and not lost silently"
    assert len(upstream.seen("/x")) == 2
    upstream.close()


def test_a_post_is_not_lost_to_a_connection_that_had_ended_before(make_gateway):
    """The upstream closes its idle connections; what the gateway sends afterwards goes over new ones."""
    upstream = RecordingUpstream()
    gateway = make_gateway(upstreams=[{"name": "widgets", "url": upstream.url}])
    with HTTP1Client(gateway.clear_port) as connection:
        for number in range(30):
            upstream.drop_connections()
            response = connection.request("POST", "/form", [("Host", "acme.test")], b"n=%d" % number)
            assert response.status == 200, number
    assert [exchange.body for exchange in upstream.seen("/form")] == [b"n=%d" % number for number in range(30)]
    upstream.close()


def test_asking_again_keeps_to_a_budget(make_gateway):
    """An upstream that drops every kept connection gets a fifth more requests at most, and a floor."""
    upstream = RecordingUpstream()
    gateway = make_gateway(upstreams=[{"name": "widgets", "url": upstream.url, "circuit_failures": 0}])
    served = {}

    def script(exchange):
        # Each connection serves one request, and dies at its second.
        served[exchange.connection] = served.get(exchange.connection, 0) + 1
        if served[exchange.connection] > 1:
            return False
        exchange.reply(b"ok")

    upstream.on("/x", script)
    asked, statuses = 400, []
    with HTTP1Client(gateway.clear_port) as connection:
        for _ in range(asked):
            statuses.append(connection.request("GET", "/x", [("Host", "acme.test")]).status)
    again = len(upstream.seen("/x")) - asked
    assert again <= asked * 0.2 + 30, f"{again} of {asked} were asked again"
    assert again >= 20 and set(statuses) == {200, 502}
    upstream.close()


# Early answers, and ends

def test_an_early_answer_ends_an_upload_cleanly(make_gateway):
    upstream = RecordingUpstream()
    gateway = make_gateway(upstreams=[{"name": "widgets", "url": upstream.url}])
    upstream.on("/early", lambda exchange: exchange.reply(b"too much", "413 Content Too Large"), streaming=True)
    for _ in range(3):
        with HTTP1Client(gateway.clear_port) as connection:
            connection.send("POST /early HTTP/1.1\r\nHost: acme.test\r\nContent-Length: 1000000\r\n\r\n" + "x" * 1000)
            response = connection.read_response()
            assert (response.status, response.body) == (413, b"too much")
        assert over_http1(gateway, "/next").status == 200
    # What was left of the upload never became a request.
    assert {exchange.path for exchange in upstream.exchanges} == {"/early", "/next"}
    upstream.close()


def test_an_early_answer_to_a_big_upload_arrives_although_the_upstream_stops_reading(make_gateway):
    upstream = RecordingUpstream()
    gateway = make_gateway(upstreams=[{"name": "widgets", "url": upstream.url}])

    def script(exchange):
        exchange.reply(b"no", "403 Forbidden", ["Connection: close"])
        # What it hasn't read makes its end a reset, which takes an answer with it that is still on its way.
        time.sleep(2)
        return False

    upstream.on("/early", script, streaming=True)
    with gateway.client() as client:
        response = client.post("/early", content=b"x" * 5_000_000, headers=HOST)
        assert (response.status_code, response.content) == (403, b"no")
    upstream.close()


def test_an_upstream_that_does_not_read_the_request_is_a_timeout(hasty, faulty):
    done = threading.Event()
    faulty.on("/deaf", lambda exchange: done.wait(90) and False, streaming=True)
    with hasty.client() as client:
        response = client.post("/deaf", content=b"x" * 9_000_000, headers=HOST)
        assert response.json()["code"] == "upstream_timeout"
    done.set()


def test_nobody_there_is_a_bad_gateway_at_once(make_gateway):
    gateway = make_gateway(upstreams=[{"name": "widgets", "url": f"http://127.0.0.1:{free_port()}"}])
    begun = time.monotonic()
    for _ in range(20):
        assert over_http1(gateway, "/x").code == "upstream_unreachable"
    assert time.monotonic() - begun < 15, "each has waited for a while"


def test_a_black_hole_is_a_timeout_after_the_connect_timeout(make_gateway):
    """A listener whose queue is full: the kernel drops what comes, as a firewall does."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    fillers = []
    for _ in range(4):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
        fillers.append(filler)
    time.sleep(0.2)
    gateway = make_gateway(upstreams=[{"name": "widgets", "url": f"http://127.0.0.1:{listener.getsockname()[1]}",
                                       "connect_timeout_seconds": 1}])
    begun = time.monotonic()
    response = over_http1(gateway, "/x")
    assert (response.status, response.code) == (504, "upstream_timeout")
    assert 0.9 < time.monotonic() - begun
    for opened in [*fillers, listener]:
        opened.close()


def connecting(port: int) -> int:
    """How many connections to `port` of this machine are being made."""
    lines = [line.split() for line in open("/proc/net/tcp").read().splitlines()[1:]]
    return sum(int(line[2].split(":")[1], 16) == port and line[3] == "02" for line in lines)


def descriptors(gateway) -> int:
    return len(os.listdir(f"/proc/{gateway.pid}/fd"))


def test_faults_leave_no_connection_behind(patience, faulty):
    for name, (data, then) in NO_ANSWER.items():
        faulty.on(f"/{name}", answering(data, then=then))
    eventually(lambda: not faulty._open, within=20, what="the idle connections' end")
    before = descriptors(patience)
    threads = []
    for round in range(3):
        for name in NO_ANSWER:
            threads.append(threading.Thread(target=over_http1, args=(patience, f"/{name}")))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    eventually(lambda: not faulty._open, within=60, what="all upstream connections' end")
    eventually(lambda: descriptors(patience) <= before + 2, within=60, what="the descriptors' return")


def test_a_client_that_goes_away_while_connecting_leaves_nothing_behind(make_gateway):
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    fillers = []
    for _ in range(4):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
        fillers.append(filler)
    gateway = make_gateway(upstreams=[{"name": "widgets", "url": f"http://127.0.0.1:{listener.getsockname()[1]}",
                                       "connect_timeout_seconds": 30}])
    time.sleep(0.2)
    port = listener.getsockname()[1]
    before = connecting(port)
    with HTTP2Client(gateway.tls_port, gateway.tls_context("h2"), authority="acme.test") as connection:
        connection.open_stream(connection.fields(path="/x"))
        eventually(lambda: connecting(port) == before + 1, within=3, what="the connection's beginning")
    eventually(lambda: connecting(port) == before, within=3, what="its end")
    for opened in [*fillers, listener]:
        opened.close()
