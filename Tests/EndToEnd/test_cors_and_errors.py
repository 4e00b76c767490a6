"""Cross-origin requests, and how refusals look to programs and to people."""

import pytest

from conftest import ACME
from harness.expect import accepted, problem, upstream_headers
from harness.tokens import secret, sign

ALLOWED = "https://app.acme.test"


@pytest.mark.parametrize("origin", [ALLOWED, "https://one.wild.test", "https://acme.test"])
def test_listed_and_own_origins_are_allowed(ask, origin):
    response = ask("acme", "/page", headers={"Origin": origin})
    assert response.status_code == 200
    if origin != "https://acme.test":
        assert response.headers["access-control-allow-origin"] == origin
        assert "origin" in response.headers["vary"].lower()


@pytest.mark.parametrize("origin", [
    "https://evil.test", "http://app.acme.test", "https://app.acme.test:8443", "https://app.acme.test.evil.test",
    "https://xapp.acme.test", "https://wild.test", "https://a.b.evilwild.test", "https://evilwild.test", "null",
    "https://app.acme.test/", "https://app.acme.test@evil.test", "file://", "",
])
def test_other_origins_are_refused(ask, upstream, origin):
    response = ask("acme", "/cross-origin", headers={"Origin": origin})
    problem(response, "origin_not_allowed")
    assert "access-control-allow-origin" not in response.headers
    assert not upstream.seen("/cross-origin")


@pytest.mark.parametrize("path", ["/_widget/state", "/_widget/identify", "/page"])
def test_preflights_are_answered_by_the_gateway(ask, upstream, path):
    response = ask("acme", path, method="OPTIONS", headers={
        "Origin": ALLOWED, "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type, x-widget-organization"})
    assert response.status_code in (200, 204)
    assert response.headers["access-control-allow-origin"] == ALLOWED
    assert "POST" in response.headers["access-control-allow-methods"]
    allowed = response.headers["access-control-allow-headers"].lower()
    assert "authorization" in allowed and "content-type" in allowed
    assert not [exchange for exchange in upstream.seen(path) if exchange.method == "OPTIONS"]


def test_a_preflight_from_elsewhere_is_refused(ask):
    problem(ask("acme", "/page", method="OPTIONS", headers={
        "Origin": "https://evil.test", "Access-Control-Request-Method": "POST"}), "origin_not_allowed")


def test_a_preflight_needs_no_identity(ask):
    response = ask("locked", "/page", method="OPTIONS", headers={
        "Origin": "https://locked.test", "Access-Control-Request-Method": "GET"})
    assert response.status_code in (200, 204)


def test_refusals_can_be_read_by_the_allowed_origin(ask):
    response = ask("acme", token=sign({"email": "a@b.test"}, secret(79)), headers={"Origin": ALLOWED})
    problem(response, "token_signature_mismatch")
    assert response.headers["access-control-allow-origin"] == ALLOWED


def test_an_upstreams_own_cors_headers_do_not_add_up(ask, upstream):
    upstream.on("/cors", lambda exchange: exchange.reply(b"x", headers=["Access-Control-Allow-Origin: *"]))
    response = ask("acme", "/cors", headers={"Origin": ALLOWED})
    assert response.headers.get_list("access-control-allow-origin") == [ALLOWED]


def test_a_request_without_origin_is_no_cross_origin_request(ask):
    assert ask("acme", "/page").status_code == 200


# Problems

def test_a_problem_says_what_it_is(ask):
    body = problem(ask("locked", "/page"), "identify_required")
    assert set(body) >= {"type", "title", "status", "detail", "code", "state"}
    assert body["state"] == "locked"


def test_unauthorized_responses_follow_rfc_6750(ask):
    refused = ask("acme", token=sign({"email": "a@b.test"}, secret(79)))
    assert 'error="invalid_token"' in refused.headers["www-authenticate"]


def test_a_problem_never_repeats_the_token(ask):
    for token in (sign({"email": "a@b.test"}, secret(79)), "<script>.alert.1", "a" * 9000):
        response = ask("acme", token=token)
        assert token not in response.text and response.status_code in (401, 431)


@pytest.mark.parametrize("headers", [
    {"Sec-Fetch-Mode": "navigate", "Accept": "text/html"},
    {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
])
def test_a_navigation_gets_a_page(ask, headers):
    response = ask("locked", "/page", headers=headers)
    assert response.status_code == 401
    assert response.headers["content-type"].startswith("text/html")
    assert "identify_required" in response.text and "<html" in response.text.lower()
    assert "no-store" in response.headers["cache-control"]


@pytest.mark.parametrize("headers", [{}, {"Accept": "*/*"}, {"Accept": "application/json"},
                                     {"Sec-Fetch-Mode": "cors", "Accept": "*/*"}])
def test_a_program_gets_a_problem(ask, headers):
    problem(ask("locked", "/page", headers=headers), "identify_required")


def test_an_error_page_does_not_run_what_a_client_wrote(ask):
    response = ask("locked", "/%3Cscript%3Ealert(1)%3C/script%3E?<script>alert(2)</script>",
                   headers={"Accept": "text/html"})
    assert "<script>alert" not in response.text


def test_an_error_page_has_a_content_security_policy(ask):
    policy = ask("locked", "/page", headers={"Accept": "text/html"}).headers["content-security-policy"]
    assert "default-src 'none'" in policy


# Limits

def test_a_body_over_the_limit_is_too_large(make_gateway, upstream):
    gateway = make_gateway(limits={"body_bytes": 10_000})
    with gateway.client() as client:
        assert client.post("/ok", content=b"x" * 10_000, headers={"Host": "acme.test"}).status_code == 200
        problem(client.post("/announced", content=b"x" * 10_001, headers={"Host": "acme.test"}), "body_too_large")
        assert not upstream.seen("/announced")
        streamed = client.post("/streamed", content=(b"x" * 1000 for _ in range(20)), headers={"Host": "acme.test"})
        assert streamed.status_code == 413


def test_headers_over_the_limit_are_too_large(gateway, http1):
    with http1() as connection:
        response = connection.request("GET", "/x", [("Host", "acme.test"), ("X-Long", "a" * 40_000)])
        assert response.status == 431
    with gateway.client() as client:
        try:
            response = client.get("/x", headers={"Host": "acme.test", "X-Long": "a" * 40_000})
            assert response.status_code == 431
        except Exception as error:  # a reset of the stream or the connection is a refusal too
            assert "reset" in str(error).lower() or "terminated" in str(error).lower(), error


@pytest.mark.parametrize("raw", [
    "GET / HTTP/1.1\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: acme.test\r\nHost: locked.test\r\n\r\n",
    "GET / HTTP/1.1\r\nHost : acme.test\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: acme.test\r\nX: a\r\n b\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: acme.test\r\nBad Name: x\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: acme.test\r\nX: a\x00b\r\n\r\n",
    "GET  / HTTP/1.1\r\nHost: acme.test\r\n\r\n",
    "GET / HTTP/1.1 \r\nHost: acme.test\r\n\r\n",
    "GET /a b HTTP/1.1\r\nHost: acme.test\r\n\r\n",
    "G@T / HTTP/1.1\r\nHost: acme.test\r\n\r\n",
    "GET / HTTP/2.0\r\nHost: acme.test\r\n\r\n",
    "GET / HTTP/1.9x\r\nHost: acme.test\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: acme.test\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "POST / HTTP/1.1\r\nHost: acme.test\r\nContent-Length: 5, 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: acme.test\r\nContent-Length: +5\r\n\r\nhello",
    "POST / HTTP/1.1\r\nHost: acme.test\r\nContent-Length: 0x5\r\n\r\nhello",
    "POST / HTTP/1.1\r\nHost: acme.test\r\nContent-Length: 99999999999999999999\r\n\r\nhello",
    "POST / HTTP/1.1\r\nHost: acme.test\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: acme.test\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: acme.test\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: acme.test\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: acme.test\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.0\r\nHost: acme.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
])
def test_malformed_http1_requests_are_refused_and_the_connection_closed(http1, upstream, raw):
    before = len(upstream.exchanges)
    with http1() as connection:
        connection.send(raw)
        response = connection.read_response()
        assert response.status in (400, 431, 501, 505), response
        assert connection.at_end()
    assert len(upstream.exchanges) == before


@pytest.mark.parametrize("body", [
    "5\r\nhelloXX0\r\n\r\n", "-5\r\nhello\r\n0\r\n\r\n", "0x5\r\nhello\r\n0\r\n\r\n", "\r\nhello\r\n0\r\n\r\n",
    "fffffffffffffffff\r\nx", "5 \r\nhello\r\n0\r\n\r\n" + "x", "5\nhello\n0\n\n", "zz\r\n",
])
def test_malformed_chunks_never_become_a_second_request(http1, upstream, body):
    smuggled = "GET /smuggled HTTP/1.1\r\nHost: acme.test\r\n\r\n"
    with http1(timeout=3) as connection:
        connection.send("POST /chunks HTTP/1.1\r\nHost: acme.test\r\nTransfer-Encoding: chunked\r\n\r\n" + body + smuggled)
        try:
            assert connection.read_response().status in (400, 200, 502)
        except (EOFError, TimeoutError):
            pass
    if "5 \r\n" not in body:
        assert not upstream.seen("/smuggled")


def test_pipelined_requests_are_answered_in_order(http1):
    with http1() as connection:
        connection.send("".join(f"GET /{n} HTTP/1.1\r\nHost: acme.test\r\n\r\n" for n in range(5)))
        assert [connection.read_response().json()["target"] for _ in range(5)] == [f"/{n}" for n in range(5)]


def test_an_absolute_form_target_names_the_host(http1):
    with http1() as connection:
        connection.send("GET http://acme.test/absolute?x=1 HTTP/1.1\r\nHost: acme.test\r\n\r\n")
        response = connection.read_response()
    assert response.status in (200, 400)
    if response.status == 200:
        assert response.json()["target"] == "/absolute?x=1"


def test_connect_is_refused(http1, http2):
    with http1() as connection:
        connection.send("CONNECT acme.test:443 HTTP/1.1\r\nHost: acme.test\r\n\r\n")
        assert connection.read_response().status in (400, 405, 501)
    with http2() as connection:
        stream = connection.open_stream([(":method", "CONNECT"), (":authority", "acme.test:443")])
        response = connection.response(stream)
        assert response.reset is not None or response.status in (400, 405, 501)


def test_http2_authority_and_host_must_agree(http2):
    with http2() as connection:
        stream = connection.open_stream(connection.fields(extra=[("host", "locked.test")]))
        response = connection.response(stream)
    assert response.reset is not None or response.status == 400 or (
        response.status == 200 and [v for n, v in response.json()["headers"] if n.lower() == "host"] == ["acme.test"])
