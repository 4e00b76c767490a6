"""Request smuggling and header games, over HTTP/2 and HTTP/1.1 to an HTTP/1.1 upstream.

What the upstream gets is judged byte for byte by a reader that allows one reading only (`harness/wire.py`).
"""

import itertools

import pytest

from harness.http1 import HTTP1Client
from harness.http2 import CONTINUATION, END_HEADERS, END_STREAM, HEADERS, HTTP2Client
from harness.tokens import secret, sign
from harness.wire import IDENTITY, StrictReader, Unsound, WireUpstream

KEY = secret(700)
ANONYMOUS = {"x-widget-state": "anonymous", "x-widget-organization": "acme"}
marks = itertools.count()


@pytest.fixture(scope="module")
def wire():
    upstream = WireUpstream()
    yield upstream
    upstream.close()


@pytest.fixture(scope="module")
def fort(tmp_path_factory, wire):
    """A gateway of one worker, so that all of these share their upstream connections."""
    from harness.gateway import Gateway

    running = Gateway(
        tmp_path_factory.mktemp("fort"),
        organizations=[{"id": "acme", "name": "Acme", "dialect": "productbridge", "hosts": ["acme.test"],
                        "secrets": [{"secret": KEY}]}],
        upstreams=[{"name": "widgets", "url": wire.url}],
        routes=[{"path": "/", "access": "widget", "upstream": "widgets"},
                {"path": "/assets/", "access": "public", "upstream": "widgets"}],
        workers=1, log={"level": "info", "access": False})
    running.start()
    yield running
    running.close()


@pytest.fixture
def mark():
    """A path that no other test asks for."""
    return f"/case-{next(marks)}"


@pytest.fixture
def h1(fort):
    with HTTP1Client(fort.clear_port, timeout=10) as connection:
        yield connection


@pytest.fixture
def h2(fort):
    with HTTP2Client(fort.tls_port, fort.tls_context("h2"), authority="acme.test") as connection:
        yield connection


@pytest.fixture
def judge(fort, wire, mark):
    """`judge(n)`: exactly `n` requests of this test, or as many as a range allows, have arrived, all sound, and the
    upstream's connections still work."""
    wire.violations.clear()

    def verdict(arrived: int | range, identity: dict[str, str] | None = None) -> list:
        with HTTP1Client(fort.clear_port) as probe:
            for round in range(3):
                response = probe.request("GET", f"{mark}-probe-{round}", [("Host", "acme.test")])
                assert (response.status, response.body) == (200, b"ok"), response
        wire.settle()
        assert wire.violations == []
        assert wire.seen("evil") == [], "a smuggled request has arrived"
        assert len(wire.seen(f"{mark}-probe-")) == 3
        requests = [request for request in wire.seen(mark) if "-probe-" not in request.target]
        allowed = arrived if isinstance(arrived, range) else [arrived]
        assert len(requests) in allowed, [request.raw for request in requests]
        for request in requests:
            assert request.identity == (ANONYMOUS if identity is None else identity), request.raw
        return requests

    return verdict


# The judge itself


GOOD = b"GET / HTTP/1.1\r\nhost: a.test\r\n"
POST = b"POST / HTTP/1.1\r\nhost: a.test\r\n"


@pytest.mark.parametrize("raw", [
    GOOD + b"\r\n", POST + b"content-length: 2\r\n\r\nab",
    POST + b"transfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nx-fine: 1\r\n\r\n",
    GOOD + b"x-empty: \r\nx-widget-user: 1\r\n\r\n",
])
def test_the_judge_takes_what_is_sound(raw):
    reader = StrictReader()
    reader.buffer = raw
    assert reader.next().raw == raw and reader.buffer == b""


@pytest.mark.parametrize("raw", [
    GOOD.replace(b"\r\n", b"\n") + b"\n\r\n\r\n", b"GET  / HTTP/1.1\r\nhost: a.test\r\n\r\n",
    b"GET / HTTP/1.0\r\nhost: a.test\r\n\r\n", b"GET http://a.test/ HTTP/1.1\r\nhost: a.test\r\n\r\n",
    b"GET * HTTP/1.1\r\nhost: a.test\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", GOOD + b"host: a.test\r\n\r\n",
    b"GET / HTTP/1.1\r\nhost: u@a.test\r\n\r\n",
    GOOD + b"x : 1\r\n\r\n", GOOD + b"x: 1 \r\n\r\n", GOOD + b"x:  1\r\n\r\n",
    GOOD + b"x: 1\r\n y\r\n\r\n", GOOD + b"x: \0\r\n\r\n", GOOD + b"x: a\rb\r\n\r\n", GOOD + b"x: a\nb\r\n\r\n",
    GOOD + b"Upgrade: h2c\r\n\r\n", GOOD + b"connection: close\r\n\r\n", GOOD + b"te: trailers\r\n\r\n",
    POST + b"content-length: 1\r\ncontent-length: 1\r\n\r\na", POST + b"content-length: +1\r\n\r\na",
    POST + b"content-length: 01\r\n\r\na", POST + b"content_length: 1\r\n\r\n",
    POST + b"content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    POST + b"transfer-encoding: xchunked\r\n\r\n", POST + b"transfer-encoding: chunked\r\n\r\n1;x=y\r\na\r\n0\r\n\r\n",
    POST + b"transfer-encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
    POST + b"transfer-encoding: chunked\r\n\r\n0\r\nx-widget-user: 1\r\n\r\n",
    POST + b"transfer-encoding: chunked\r\n\r\n0\r\ncontent-length: 1\r\n\r\n",
    GOOD + b"x_widget_user: 1\r\n\r\n", GOOD + b"X-Widget-User: 1\r\n\r\n", GOOD + b"x.widget.user: 1\r\n\r\n",
    GOOD + b"x-widget-role: admin\r\n\r\n", GOOD + b"x-widget-user: 1\r\nx-widget-user: 2\r\n\r\n",
])
def test_the_judge_refuses_what_is_not(raw):
    reader = StrictReader()
    reader.buffer = raw
    with pytest.raises(Unsound):
        reader.next()


# HTTP/1.1


EVIL = b"GET /evil HTTP/1.1\r\nHost: acme.test\r\n\r\n"
EVIL_CHUNKED = b"0\r\n\r\n" + EVIL


def post(*fields: bytes, body: bytes = b"") -> bytes:
    lines = [b"POST MARK HTTP/1.1", b"Host: acme.test", *fields]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def get(*fields: bytes, line: bytes = b"GET MARK HTTP/1.1", host: bytes = b"Host: acme.test") -> bytes:
    return b"\r\n".join([line, *([host] if host else []), *fields]) + b"\r\n\r\n"


REFUSED_HEADS = {
    "content-length and chunked": post(b"Content-Length: 5", b"Transfer-Encoding: chunked", body=EVIL_CHUNKED),
    "chunked and content-length": post(b"Transfer-Encoding: chunked", b"Content-Length: 48", body=EVIL_CHUNKED),
    "two content-lengths": post(b"Content-Length: 0", b"Content-Length: 44", body=EVIL),
    "a list of content-lengths": post(b"Content-Length: 0, 44", body=EVIL),
    "a list of equal content-lengths": post(b"Content-Length: 44, 44", body=EVIL),
    "a signed content-length": post(b"Content-Length: +44", body=EVIL),
    "a negative content-length": post(b"Content-Length: -1", body=EVIL),
    "a hexadecimal content-length": post(b"Content-Length: 0x2c", body=EVIL),
    "a content-length that overflows": post(b"Content-Length: 18446744073709551616", body=EVIL),
    "an empty content-length": post(b"Content-Length:", body=EVIL),
    "a content-length of blanks": post(b"Content-Length: 4 4", body=EVIL),
    "a blank before a colon": post(b"Content-Length : 44", body=EVIL),
    "a folded content-length": post(b"Content-Length:", b" 44", body=EVIL),
    "chunked, identity": post(b"Transfer-Encoding: chunked, identity", body=EVIL_CHUNKED),
    "identity, chunked": post(b"Transfer-Encoding: identity, chunked", body=EVIL_CHUNKED),
    "identity": post(b"Transfer-Encoding: identity", body=EVIL_CHUNKED),
    "xchunked": post(b"Transfer-Encoding: xchunked", body=EVIL_CHUNKED),
    "chunked twice": post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=EVIL_CHUNKED),
    "chunked, chunked": post(b"Transfer-Encoding: chunked, chunked", body=EVIL_CHUNKED),
    "chunked and something": post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: x", body=EVIL_CHUNKED),
    "something and chunked": post(b"Transfer-Encoding: x", b"Transfer-Encoding: chunked", body=EVIL_CHUNKED),
    "gzip, chunked": post(b"Transfer-Encoding: gzip, chunked", body=EVIL_CHUNKED),
    "a vertical tab before chunked": post(b"Transfer-Encoding: \x0bchunked", body=EVIL_CHUNKED),
    "a NUL after chunked": post(b"Transfer-Encoding: chunked\0", body=EVIL_CHUNKED),
    "quoted chunked": post(b'Transfer-Encoding: "chunked"', body=EVIL_CHUNKED),
    "chunked with a parameter": post(b"Transfer-Encoding: chunked;a=b", body=EVIL_CHUNKED),
    "a blank before chunked's colon": post(b"Transfer-Encoding : chunked", body=EVIL_CHUNKED),
    "a tab before chunked's colon": post(b"Transfer-Encoding\t: chunked", body=EVIL_CHUNKED),
    "a folded chunked": post(b"Transfer-Encoding:", b" chunked", body=EVIL_CHUNKED),
    "a line feed in a value": post(b"X: y\nTransfer-Encoding: chunked", body=EVIL_CHUNKED),
    "a carriage return in a value": post(b"X: y\rTransfer-Encoding: chunked", body=EVIL_CHUNKED),
    "chunked in HTTP/1.0": post(b"Transfer-Encoding: chunked", body=EVIL_CHUNKED).replace(b"HTTP/1.1", b"HTTP/1.0", 1),
    "a folded field": get(b"X: y", b" z"),
    "a field that begins with a blank": get(b" X-Widget-User: forged"),
    "a first field that begins with a blank": get(host=b" Host: acme.test"),
    "a field without a colon": get(b"X-Nothing"),
    "a field without a name": get(b": x"),
    "a NUL in a name": get(b"X\0Y: z"),
    "a NUL in a value": get(b"X: a\0b"),
    "a delete in a value": get(b"X: a\x7fb"),
    "a byte above ASCII in a name": get(b"X\xadY: z"),
    "a slash in a name": get(b"X/Y: z"),
    "line feeds alone": get().replace(b"\r\n", b"\n"),
    "two hosts": get(b"Host: acme.test"),
    "two different hosts": get(b"Host: evil.test"),
    "no host": get(host=b""),
    "an empty host": get(host=b"Host:"),
    "a host with a user": get(host=b"Host: user@acme.test"),
    "a host with a path": get(host=b"Host: acme.test/evil"),
    "a list of hosts": get(host=b"Host: acme.test, evil.test"),
    "a host with a tab": get(host=b"Host: acme.test\tevil.test"),
    "a blank before the host's colon": get(host=b"Host : acme.test"),
    "an absolute target with a user": get(line=b"GET http://user@acme.testMARK HTTP/1.1"),
    "an absolute target of another scheme": get(line=b"GET ftp://acme.testMARK HTTP/1.1"),
    "an absolute target without a host": get(line=b"GET http://MARK HTTP/1.1"),
    "an authority for a target": get(line=b"GET acme.test:80 HTTP/1.1"),
    "an asterisk for a target": get(line=b"GET * HTTP/1.1"),
    "a blank in the target": get(line=b"GET MARK/a b HTTP/1.1"),
    "two blanks": get(line=b"GET  MARK HTTP/1.1"),
    "a tab for a blank": get(line=b"GET\tMARK HTTP/1.1"),
    "a fragment": get(line=b"GET MARK#evil HTTP/1.1"),
    "a byte above ASCII in the target": get(line=b"GET MARK\xff HTTP/1.1"),
    "a request line in a target": get(line=b"GET MARK HTTP/1.1 HTTP/1.1"),
    "HTTP/0.9": b"GET MARK\r\n\r\n",
    "HTTP/1.2": get(line=b"GET MARK HTTP/1.2"),
    "HTTP/2.0": get(line=b"GET MARK HTTP/2.0"),
    "http/1.1": get(line=b"GET MARK http/1.1"),
    "HTTP/1.10": get(line=b"GET MARK HTTP/1.10"),
    "CONNECT": get(line=b"CONNECT acme.test:443 HTTP/1.1"),
    "a method that is no token": get(line=b"G@T MARK HTTP/1.1"),
    "Connection that is no list of tokens": get(b"Connection: close, (x)"),
}


@pytest.mark.parametrize("case", REFUSED_HEADS)
def test_a_head_that_can_be_read_two_ways_is_refused_over_http1(h1, judge, mark, case):
    h1.send(REFUSED_HEADS[case].replace(b"MARK", mark.encode()))
    response = h1.read_response()
    assert (response.status, response.code) == (400, "request_malformed")
    assert h1.at_end(), "what follows such a head must not be read as a request"
    judge(0)


BROKEN_BODIES = {
    "a chunk size with a sign": b"+5\r\nhello\r\n0\r\n\r\n",
    "a chunk size with a prefix": b"0x5\r\nhello\r\n0\r\n\r\n",
    "a chunk size with a blank before": b" 5\r\nhello\r\n0\r\n\r\n",
    "a chunk size with a blank after": b"5 \r\nhello\r\n0\r\n\r\n",
    "an empty chunk size": b"\r\nhello\r\n0\r\n\r\n",
    "a chunk size that is none": b"five\r\nhello\r\n0\r\n\r\n",
    "a negative chunk size": b"-1\r\nhello\r\n0\r\n\r\n",
    "a chunk size that overflows": b"10000000000000005\r\nhello\r\n0\r\n\r\n",
    "a chunk size that is nearly too large": b"ffffffffffffffff\r\nhello\r\n0\r\n\r\n",
    "a chunk size with a line feed alone": b"5\nhello\r\n0\r\n\r\n",
    "a chunk size with a carriage return alone": b"5\rhello\r\n0\r\n\r\n",
    "a NUL in an extension": b"5;a=\0\r\nhello\r\n0\r\n\r\n",
    "a line feed in an extension": b"5;a=b\nx\r\nhello\r\n0\r\n\r\n",
    "an extension of 64 KiB": b"5;" + b"a" * 65536 + b"\r\nhello\r\n0\r\n\r\n",
    "a chunk that is longer than it said": b"5\r\nhello evil\r\n0\r\n\r\n",
    "a chunk that is shorter than it said": b"a\r\nhello\r\n0\r\n\r\n" + EVIL,
    "a chunk that ends with a line feed alone": b"5\r\nhello\n0\r\n\r\n",
    "a last chunk of many zeros": b"5\r\nhello\r\n" + b"0" * 40 + b"\r\n\r\n",
    "a folded trailer": b"5\r\nhello\r\n0\r\nX: y\r\n z\r\n\r\n",
    "a trailer without a colon": b"5\r\nhello\r\n0\r\nX\r\n\r\n",
    "a NUL in a trailer": b"5\r\nhello\r\n0\r\nX: \0\r\n\r\n",
    "a length in a trailer": b"5\r\nhello\r\n0\r\nContent-Length: 44\r\n\r\n" + EVIL,
    "a coding in a trailer": b"5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n" + EVIL,
    "a host in a trailer": b"5\r\nhello\r\n0\r\nHost: evil.test\r\n\r\n",
    "trailers of 64 KiB": b"5\r\nhello\r\n0\r\n" + b"X: " + b"a" * 65536 + b"\r\n\r\n",
    "a thousand trailers": b"5\r\nhello\r\n0\r\n" + b"X: y\r\n" * 1000 + b"\r\n",
}


@pytest.mark.parametrize("case", BROKEN_BODIES)
def test_a_body_that_can_be_read_two_ways_is_never_a_whole_request(h1, judge, mark, case):
    h1.send(post(b"Transfer-Encoding: chunked").replace(b"MARK", mark.encode()) + BROKEN_BODIES[case])
    h1.socket.shutdown(1)
    try:
        response = h1.read_response()
    except (EOFError, OSError):
        response = None
    assert response is None or response.status == 400, response
    judge(0)


TAKEN = {
    "Chunked": (post(b"Transfer-Encoding: Chunked", body=b"5\r\nhello\r\n0\r\n\r\n"), b"hello"),
    "tabs around chunked": (post(b"Transfer-Encoding: \tchunked\t", body=b"5\r\nhello\r\n0\r\n\r\n"), b"hello"),
    "two equal content-lengths": (post(b"Content-Length: 5", b"Content-Length: 5", body=b"hello"), b"hello"),
    "a content-length with zeros": (post(b"Content-Length: 0005", body=b"hello"), b"hello"),
    "chunk extensions": (
        post(b"Transfer-Encoding: chunked", body=b"5;a=b;c\r\nhello\r\n000;x=\"y\"\r\n\r\n"), b"hello"),
    "a chunk size with zeros": (post(b"Transfer-Encoding: chunked", body=b"0005\r\nhello\r\n0\r\n\r\n"), b"hello"),
    "trailers": (post(b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"), b"hello"),
    "absolute form": (get(line=b"GET http://acme.testMARK HTTP/1.1"), b""),
    "absolute form and another host": (get(line=b"GET http://acme.testMARK HTTP/1.1", host=b"Host: other.test"), b""),
    "a value with blanks around it": (get(b"X:  \t a  b \t "), b""),
    "an empty value": (get(b"X:"), b""),
    "bytes above ASCII in a value": (get(b"X: \xc3\xa9\xff"), b""),
    "underscores": (get(b"Content_Length: 44", b"Transfer_Encoding: chunked", b"A_b: c"), b""),
    "dots": (get(b"Content.Length: 44", b"Transfer.Encoding: chunked"), b""),
    "empty lines ahead": (b"\r\n\r\n" + get(), b""),
    "hop-by-hop fields": (get(b"Connection: keep-alive, x-private, TE", b"Keep-Alive: timeout=5", b"TE: trailers",
                              b"Proxy-Connection: keep-alive", b"Upgrade: h2c", b"X-Private: 1",
                              b"Proxy-Authorization: Basic eA==", b"Trailer: x"), b""),
    "an unknown expectation": (post(b"Content-Length: 5", b"Expect: something", body=b"hello"), b"hello"),
}


@pytest.mark.parametrize("case", TAKEN)
def test_a_head_that_everybody_reads_alike_arrives_once(h1, judge, mark, case):
    raw, body = TAKEN[case]
    h1.send(raw.replace(b"MARK", mark.encode()))
    response = h1.read_response()
    assert (response.status, response.body) == (200, b"ok"), response
    request, = judge(1)
    assert request.body == body
    assert request.values("host") == ["acme.test"]
    assert "x-private" not in dict(request.fields)


def test_a_pipelined_request_is_judged_by_itself(h1, wire, judge, mark):
    token = sign({"email": "ada@example.test", "id": "1"}, KEY)
    one = f"GET {mark}/1 HTTP/1.1\r\nHost: acme.test\r\nAuthorization: Bearer {token}\r\n\r\n"
    two = f"GET {mark}/2 HTTP/1.1\r\nHost: acme.test\r\nX-Widget-User: forged\r\n\r\n"
    h1.send(one + two)
    assert [h1.read_response().status, h1.read_response().status] == [200, 200]
    wire.settle()
    assert wire.violations == []
    first, = wire.seen(f"{mark}/1")
    second, = wire.seen(f"{mark}/2")
    assert first.identity["x-widget-user-email"] == "ada@example.test"
    assert second.identity == ANONYMOUS


def test_trace_is_refused_and_the_connection_goes_on(h1, judge, mark):
    h1.send(get(line=b"TRACE MARK HTTP/1.1").replace(b"MARK", mark.encode()))
    assert h1.read_response().code == "request_malformed"
    assert h1.request("GET", mark, [("Host", "acme.test")]).status == 200
    judge(1)


# HTTP/2


def fields(connection, path, *extra, method="GET", without=()):
    return [field for field in connection.fields(method, path) if field[0] not in without] + list(extra)


REFUSED_FIELDS = {
    "an upper-case name": [("X-Test", "1")],
    "an upper-case identity header": [("X-Widget-User", "forged")],
    "a line feed in a value": [("x", "a\nx-widget-user: forged")],
    "a carriage return in a value": [("x", "a\rx-widget-user: forged")],
    "a whole field in a value": [("x", "a\r\nx-widget-user: forged\r\nx: ")],
    "a whole request in a value": [("x", "a\r\n\r\nGET /evil HTTP/1.1\r\nhost: acme.test\r\n\r\n")],
    "a NUL in a value": [("x", "a\0b")],
    "a delete in a value": [("x", "a\x7fb")],
    "a blank before a value": [("x", " a")],
    "a blank after a value": [("x", "a ")],
    "a tab before a value": [("x", "\ta")],
    "a tab after a value": [("x", "a\t")],
    "a blank in a name": [("x y", "1")],
    "a blank before a name": [(" x", "1")],
    "a blank after a name": [("x-widget-user ", "forged")],
    "a tab after a name": [("x-widget-user\t", "forged")],
    "a colon after a name": [("x-widget-user:", "forged")],
    "a whole field in a name": [("x: y\r\nx-widget-user", "forged")],
    "a request in a name": [("x: y\r\n\r\nGET /evil HTTP/1.1\r\nhost", "acme.test")],
    "a colon in a name": [("transfer-encoding: chunked\r\nx", "1")],
    "a NUL in a name": [("x\0y", "1")],
    "a byte above ASCII in a name": [("x\u00e9", "1")],
    "an empty name": [("", "1")],
    "transfer-encoding": [("transfer-encoding", "chunked")],
    "connection": [("connection", "x-widget-user")],
    "keep-alive": [("keep-alive", "1")],
    "proxy-connection": [("proxy-connection", "keep-alive")],
    "upgrade": [("upgrade", "h2c")],
    "te of gzip": [("te", "gzip")],
    "te of trailers and more": [("te", "trailers, gzip")],
    "another host": [("host", "evil.test")],
    "two hosts": [("host", "acme.test"), ("host", "evil.test")],
    "two content-lengths": [("content-length", "0"), ("content-length", "5")],
    "a content-length that is none": [("content-length", "x")],
    "a signed content-length": [("content-length", "+0")],
    "a list of content-lengths": [("content-length", "0, 0")],
    "an empty content-length": [("content-length", "")],
    "a second :path": [(":path", "/evil")],
    "a second :method": [(":method", "POST")],
    "a second :authority": [(":authority", "evil.test")],
    "a :status": [(":status", "200")],
    "an unknown pseudo-header": [(":evil", "1")],
    ":protocol without leave": [(":protocol", "websocket")],
    "an empty pseudo-header name": [(":", "1")],
}


def refusal(h2, stream) -> bool:
    """Whether a stream was refused: by a 400, a reset, or the connection's end."""
    kind, detail = h2.outcome(stream)
    return kind in ("reset", "goaway", "closed") or (kind, detail) == ("response", 400)


@pytest.mark.parametrize("case", REFUSED_FIELDS)
def test_a_field_that_has_no_place_in_http1_is_refused_over_http2(h2, judge, mark, case):
    stream = h2.open_stream(fields(h2, mark, *REFUSED_FIELDS[case]))
    assert refusal(h2, stream), h2.responses
    judge(0)


REFUSED_PSEUDO = {
    "no :path": ({":path"}, []), "no :method": ({":method"}, []), "no :scheme": ({":scheme"}, []),
    "an empty :path": ({":path"}, [(":path", "")]),
    "a :path without a slash": ({":path"}, [(":path", "MARK"[1:] + "x")]),
    "an absolute :path": ({":path"}, [(":path", "http://acme.testMARK")]),
    "an asterisk": ({":path"}, [(":path", "*")]),
    "a blank in :path": ({":path"}, [(":path", "MARK HTTP/1.1")]),
    "a request in :path": ({":path"}, [(":path", "MARK HTTP/1.1\r\nhost: acme.test\r\n\r\nGET /evil")]),
    "a tab in :path": ({":path"}, [(":path", "MARK\tx")]),
    "a NUL in :path": ({":path"}, [(":path", "MARK\0")]),
    "a fragment in :path": ({":path"}, [(":path", "MARK#evil")]),
    "a byte above ASCII in :path": ({":path"}, [(":path", "MARK\u00e9")]),
    "a user in :authority": ({":authority"}, [(":authority", "user@acme.test")]),
    "a path in :authority": ({":authority"}, [(":authority", "acme.test/evil")]),
    "a blank in :authority": ({":authority"}, [(":authority", "acme.test evil")]),
    "a field in :authority": ({":authority"}, [(":authority", "acme.test\r\nx-widget-user: forged")]),
    "a comma in :authority": ({":authority"}, [(":authority", "acme.test,evil.test")]),
    "a blank in :method": ({":method"}, [(":method", "GET /evil")]),
    "a request in :method": ({":method"}, [(":method", "GET /evil HTTP/1.1\r\nhost: acme.test\r\n\r\nGET")]),
    "an empty :method": ({":method"}, [(":method", "")]),
    "CONNECT": ({":method"}, [(":method", "CONNECT")]),
    "TRACE": ({":method"}, [(":method", "TRACE")]),
    "a line in :scheme": ({":scheme"}, [(":scheme", "https\r\nx: y")]),
}


@pytest.mark.parametrize("case", REFUSED_PSEUDO)
def test_a_pseudo_header_that_cannot_be_a_request_line_is_refused(h2, judge, mark, case):
    without, added = REFUSED_PSEUDO[case]
    added = [(name, value.replace("MARK", mark)) for name, value in added]
    stream = h2.open_stream(added + fields(h2, mark, without=without))
    assert refusal(h2, stream), h2.responses
    judge(0)


def test_a_pseudo_header_after_a_field_is_refused(h2, judge, mark):
    stream = h2.open_stream(fields(h2, mark, ("x", "1"), (":path", mark), without={":path"}))
    assert refusal(h2, stream)
    judge(0)


def test_less_data_than_content_length_is_never_a_whole_request(h2, judge, mark):
    stream = h2.open_stream(fields(h2, mark, ("content-length", "9"), method="POST"), end_stream=False)
    h2.send_data(stream, b"hello")
    assert refusal(h2, stream), h2.responses
    judge(0)


LENGTHS = {
    "more in one frame": ("3", [b"hello"]), "some where none was announced": ("0", [b"hello"]),
    "a request where nothing was announced": ("0", [EVIL]), "a request behind the body": ("5", [b"hello", EVIL]),
}


@pytest.mark.parametrize("case", LENGTHS)
def test_more_data_than_content_length_never_arrives(h2, judge, mark, case):
    announced, parts = LENGTHS[case]
    stream = h2.open_stream(fields(h2, mark, ("content-length", announced), method="POST"), end_stream=False)
    for index, part in enumerate(parts, 1):
        h2.send_data(stream, part, end_stream=index == len(parts))
    h2.outcome(stream)
    # Bodies aren't held back: as much as was announced may have gone on before the contradiction came.
    for request in judge(range(2)):
        assert request.body == b"hello"[:int(announced)]


def test_a_length_without_a_body_is_refused(h2, judge, mark):
    stream = h2.open_stream(fields(h2, mark, ("content-length", "5"), method="POST"))
    assert refusal(h2, stream), h2.responses
    judge(0)


@pytest.mark.parametrize(("extra", "body"), [
    ([("content-length", "5")], b"hello"),
    ([], b"hello"),
    ([], EVIL_CHUNKED),
    ([], b"5\r\nhello\r\n0\r\n\r\n"),
    ([("content-length", "0")], b""),
    ([("content_length", "1"), ("transfer_encoding", "chunked"), ("transfer.encoding", "chunked")], b"hello"),
    ([("host", "acme.test")], b"hello"),
    ([("te", "trailers"), ("trailer", "x"), ("expect", "100-continue")], b"hello"),
], ids=str)
def test_a_body_arrives_with_one_length(h2, judge, mark, extra, body):
    response = h2.request("POST", mark, extra, body=body)
    assert (response.status, response.body) == (200, b"ok"), response
    request, = judge(1)
    assert request.body == body


TRAILERS = {
    "a length": [("content-length", "44")], "a coding": [("transfer-encoding", "chunked")],
    "a host": [("host", "evil.test")], "credentials": [("authorization", "Bearer x")], "a cookie": [("cookie", "a=b")],
    "an identity header": [("x-widget-user", "forged")], "a disguise": [("x_widget_user", "forged")],
    "a pseudo-header": [(":path", "/evil")], "a request in a value": [("x", "a\r\n\r\n" + EVIL.decode())],
    "a request in a name": [("x: y\r\n\r\nGET /evil HTTP/1.1\r\nhost", "acme.test")],
    "upper case": [("X-Widget-User", "forged")], "connection": [("connection", "x-widget-user")],
    "forwarding": [("x-forwarded-for", "1.2.3.4"), ("forwarded", "for=1.2.3.4")],
    "a chunk": [("x", "0\r\n\r\n")], "blanks": [("x", " y ")],
}


@pytest.mark.parametrize("case", TRAILERS)
def test_trailers_bring_nothing_that_steers_the_upstream(h2, wire, judge, mark, case):
    stream = h2.open_stream(fields(h2, mark, method="POST"), end_stream=False)
    h2.send_data(stream, b"hello", end_stream=False)
    h2.send_trailers(stream, [("x-fine", "1"), *TRAILERS[case]])
    kind, detail = h2.outcome(stream)
    wire.settle()
    arrived = len(wire.seen(mark))
    assert arrived == (1 if (kind, detail) == ("response", 200) else 0), (kind, detail)
    for request in judge(arrived):
        assert request.body == b"hello"
        assert {name for name, _ in request.trailers} <= {"x-fine"}


def test_a_whole_request_in_data_stays_data(h2, judge, mark):
    stream = h2.open_stream(fields(h2, mark, method="POST"), end_stream=False)
    for part in (b"0\r\n", b"\r\n", EVIL, b"0\r\n\r\n", b""):
        h2.send_data(stream, part, end_stream=False)
    h2.send_data(stream, b"", end_stream=True)
    assert h2.response(stream).status == 200
    request, = judge(1)
    assert request.body == b"0\r\n\r\n" + EVIL + b"0\r\n\r\n"


def test_a_request_that_is_broken_off_poisons_no_connection(h2, judge, mark):
    stream = h2.open_stream(fields(h2, mark, ("content-length", "100"), method="POST"), end_stream=False)
    h2.send_data(stream, b"GET /evil HTTP/1.1\r\n", end_stream=False)
    h2.send_raw(3, 0, stream, b"\0\0\0\x08")
    judge(0)


def test_fields_split_over_continuations_are_whole_fields(h2, judge, mark):
    block = h2.encode(fields(h2, mark, ("x-long", "v" * 300), ("x-widget-user", "forged")))
    h2.send_raw(HEADERS, END_STREAM, 1, block[:7])
    step = len(block) // 5
    for index in range(7, len(block), step):
        last = index + step >= len(block)
        h2.send_raw(CONTINUATION, END_HEADERS if last else 0, 1, block[index:index + step])
    assert h2.response(1).status == 200
    request, = judge(1)
    assert ("x-long", "v" * 300) in request.fields


# Identity headers, in every disguise


def spellings(name: str) -> list[str]:
    """`name` with other separators, cases, and both."""
    words = name.split("-")
    joined = {separator.join(words) for separator in ("-", "_", ".", "!", "~", "|", "+", "'", "`", "^", "*", "&", "%",
                                                       "$", "#")}
    for mask in range(1, 2 ** (len(words) - 1)):
        text = words[0]
        for position, word in enumerate(words[1:]):
            text += ("_" if mask >> position & 1 else "-") + word
        joined.add(text)
    return sorted(joined)


@pytest.mark.parametrize("name", sorted(IDENTITY - {"x-widget-organization"}) + ["x-widget-role", "x-widget-anything"])
@pytest.mark.parametrize("path", ["", "/assets"], ids=["widget", "public"])
def test_no_spelling_of_an_identity_header_arrives(fort, h1, h2, judge, mark, name, path):
    target = path + mark
    forged = spellings(name)
    response = h2.request(path=target, headers=[(text, "forged") for text in forged])
    assert response.status == 200
    cased = [style(text) for text in forged for style in (str.upper, str.title, str.swapcase)]
    response = h1.request("GET", target, [("Host", "acme.test"), *((text, "forged") for text in cased)])
    assert response.status == 200
    for request in judge(2, identity={} if path else ANONYMOUS):
        assert b"forged" not in request.raw


@pytest.mark.parametrize("version", ["1.1", "2"])
def test_beside_a_real_identity_only_that_arrives(h1, h2, judge, mark, version):
    token = sign({"email": "grace@example.test", "id": "7", "name": "Grace"}, KEY)
    forged = [(text, "forged") for name in sorted(IDENTITY - {"x-widget-organization"}) for text in spellings(name)[:6]]
    headers = [("authorization", f"Bearer {token}"), *forged, *forged]
    if version == "2":
        response = h2.request(path=mark, headers=headers)
    else:
        names = ", ".join(sorted(IDENTITY)[:20])
        response = h1.request("GET", mark, [("Host", "acme.test"), *headers, ("Connection", names),
                                            ("Connection", "x-widget-user, host, x-forwarded-for, via, close")])
    assert response.status == 200
    request, = [r for r in judge_any(judge, 1)]
    assert b"forged" not in request.raw
    identity = request.identity
    assert identity.pop("x-widget-user")
    assert identity == {"x-widget-state": "identified", "x-widget-organization": "acme", "x-widget-user-id": "7",
                        "x-widget-user-email": "grace@example.test", "x-widget-user-name": "Grace",
                        "x-widget-verified-by": "token"}
    assert {"host", "x-forwarded-for", "via"} <= {name for name, _ in request.fields}


def judge_any(judge, count):
    """The judge's verdict where the identity is looked at by the test."""
    class Anything(dict):
        __eq__ = lambda self, other: True  # noqa: E731
        __hash__ = None
    return judge(count, identity=Anything())


@pytest.mark.parametrize("named", ["x-widget-user", "X-Widget-State", "host", "content-length", "transfer-encoding",
                                   "x-forwarded-for, forwarded, via", "cookie", "authorization", "*", "x_widget_user"])
def test_connection_names_away_nothing_of_the_gateways(h1, judge, mark, named):
    h1.send(f"POST {mark} HTTP/1.1\r\nHost: acme.test\r\nContent-Length: 5\r\nConnection: {named}\r\n\r\nhello")
    assert h1.read_response().status == 200
    request, = judge(1)
    assert request.body == b"hello"
    assert {"x-forwarded-for", "forwarded", "via", "x-request-id"} <= {name for name, _ in request.fields}


@pytest.mark.parametrize("version", ["1.1", "2"])
def test_many_crumbs_and_headers_are_still_served(h1, h2, judge, mark, version):
    crumbs = [f"crumb-{number}=value-{number}" for number in range(90)]
    others = [(f"x-header-{number}", f"value {number}") for number in range(15)]
    if version == "2":
        response = h2.request(path=mark, headers=[*(("cookie", crumb) for crumb in crumbs), *others])
    else:
        response = h1.request("GET", mark, [("Host", "acme.test"), ("Cookie", "; ".join(crumbs)), *others])
    assert response.status == 200
    request, = judge(1)
    assert request.values("cookie") == ["; ".join(crumbs)]
    assert [field for field in request.fields if field[0].startswith("x-header-")] == others
