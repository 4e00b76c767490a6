"""Forwarding: what the upstream sees, what the client gets, and what happens when either misbehaves."""

import gzip
import json
import socket
import threading
import time
import urllib.parse

import pytest

from conftest import ACME, organization
from harness.expect import accepted, problem, upstream_headers
from harness.gateway import eventually, free_port
from harness.http1 import HTTP1Client
from harness.http2 import DATA, END_HEADERS, END_STREAM, HEADERS, raw_frame
from harness.tokens import sign
from harness.upstream import RecordingUpstream

IDENTITY = ["x-widget-state", "x-widget-organization", "x-widget-user", "x-widget-user-id", "x-widget-user-email",
            "x-widget-user-name", "x-widget-verified-by", "x-widget-profile", "x-widget-assertion"]


# Identity headers

def test_an_identified_request_carries_its_identity(ask, email, acme_token):
    seen = upstream_headers(ask("acme", "/page", token=acme_token))
    state = accepted(ask("acme", token=acme_token))
    assert seen["x-widget-state"] == ["identified"]
    assert seen["x-widget-organization"] == ["acme"]
    assert seen["x-widget-user"] == [state["user"]["id"]]
    assert seen["x-widget-user-id"] == [state["user"]["external_id"]]
    assert seen["x-widget-user-email"] == [email]
    assert [urllib.parse.unquote(value) for value in seen["x-widget-user-name"]] == ["Ada Lovelace"]
    assert seen["x-widget-verified-by"] == ["token"]


def test_an_anonymous_request_carries_only_state_and_organization(ask):
    seen = upstream_headers(ask("acme", "/page"))
    assert {name for name in seen if name.startswith("x-widget-")} == {"x-widget-state", "x-widget-organization"}


def test_names_are_percent_encoded_utf8(ask, email):
    name = "Zoë Ünsal 😀 50% \"quoted\""
    value, = upstream_headers(ask("acme", "/p", token=sign({"email": email, "name": name}, ACME)))["x-widget-user-name"]
    assert value.isascii() and urllib.parse.unquote(value) == name


@pytest.mark.parametrize("claim", ["name", "email", "id"])
def test_a_claim_cannot_smuggle_a_header(ask, upstream, email, claim):
    evil = {"email": email, claim: f"{email}\r\nX-Widget-State: identified\r\nX-Evil: 1"}
    response = ask("acme", f"/smuggle-{claim}", token=sign(evil, ACME))
    if response.status_code == 200:
        assert "x-evil" not in upstream_headers(response)
    else:
        assert response.json()["code"] == "token_claim_invalid"
    for exchange in upstream.seen(f"/smuggle-{claim}"):
        assert b"\r\nX-Evil" not in exchange.head


def disguises(name: str) -> list[str]:
    """A reserved name as a client might hide it."""
    return [name, name.upper(), name.title(), name.replace("-", "_"), name.replace("-", "_").upper(),
            name.replace("-", "_", 1), name[::-1].replace("-", "_", 1)[::-1]]


@pytest.mark.parametrize("name", IDENTITY)
@pytest.mark.parametrize("path", ["/page", "/assets/x"])
def test_forged_identity_headers_never_arrive_over_http1(http1, name, path):
    for disguise in disguises(name):
        with http1() as connection:
            response = connection.request("GET", path, [("Host", "acme.test"), (disguise, "forged")])
        if response.status == 200:
            assert "forged" not in response.body.decode(), disguise
        else:
            assert response.status == 400, disguise


@pytest.mark.parametrize("name", IDENTITY)
@pytest.mark.parametrize("path", ["/page", "/assets/x"])
def test_forged_identity_headers_never_arrive_over_http2(http2, name, path):
    with http2() as connection:
        for disguise in {disguise.lower() for disguise in disguises(name)}:
            # The organization's header is also a way to name the organization: name the right one.
            value = "acme" if disguise.replace("_", "-") == "x-widget-organization" else "forged"
            response = connection.request(path=path, headers=[(disguise, value)])
            assert response.status == 200, (disguise, response)
            seen = [(n.lower(), v) for n, v in response.json()["headers"] if n.lower().replace("_", "-") == name]
            assert ("forged" not in [v for _, v in seen]) and all(n == name for n, _ in seen), (disguise, seen)
            assert len(seen) <= 1


def test_forged_identity_headers_do_not_survive_beside_a_real_identity(ask, acme_token, email):
    forged = {name: "forged" for name in IDENTITY if name != "x-widget-organization"} | {"x_widget_user_email": "f@f"}
    response = ask("acme", "/page", token=acme_token, headers=forged)
    seen = upstream_headers(response)
    assert seen["x-widget-user-email"] == [email]
    assert "forged" not in response.text and "x_widget_user_email" not in seen


def test_a_connection_header_cannot_remove_the_identity(http1, acme_token):
    with http1() as connection:
        response = connection.request("GET", "/page", [
            ("Host", "acme.test"), ("Authorization", f"Bearer {acme_token}"),
            ("Connection", "x-widget-user, x-widget-state, x-custom, close"), ("X-Custom", "1")])
    names = [name.lower() for name, _ in response.json()["headers"]]
    assert "x-widget-user" in names and "x-widget-state" in names
    assert "x-custom" not in names


def test_identity_headers_in_trailers_are_stripped(http2, http1):
    trailers = [("x-widget-user", "forged"), ("x_widget_state", "forged"), ("x-fine", "kept")]
    with http2() as connection:
        response = connection.request("POST", "/trailers", headers=[("te", "trailers")], body=b"data",
                                      trailers=trailers)
        seen = response.json()["trailers"]
        assert "forged" not in [value for _, value in seen]
        assert ["x-fine", "kept"] in [[name.lower(), value] for name, value in seen]
    with http1() as connection:
        connection.send("POST /trailers HTTP/1.1\r\nHost: acme.test\r\nTransfer-Encoding: chunked\r\n\r\n"
                        "4\r\ndata\r\n0\r\nX-WIDGET-User: forged\r\nX-Widget_State: forged\r\nX-Fine: kept\r\n\r\n")
        seen = connection.read_response().json()["trailers"]
        assert "forged" not in [value for _, value in seen]


def test_a_profile_comes_where_the_upstream_wants_it(ask, email):
    import base64
    token = sign({"email": email, "id": "9", "name": "Ada", "company_name": "Engines", "company_mrr": "10.99",
                  "favourite": {"colour": "blue"}}, ACME)
    value, = upstream_headers(ask("acme", "/signed/x", token=token))["x-widget-profile"]
    profile = json.loads(base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)))
    assert profile["email"] == email and profile["external_id"] == "9"
    assert profile["company"]["name"] == "Engines"
    assert "x-widget-profile" not in upstream_headers(ask("acme", "/page", token=token))


# Authorization

def test_a_consumed_token_never_reaches_the_upstream(ask, acme_token):
    response = ask("acme", "/page", token=acme_token)
    assert acme_token not in response.text and "authorization" not in upstream_headers(response)


def test_other_schemes_pass_and_count_as_no_token(ask):
    seen = upstream_headers(ask("acme", "/page", headers={"Authorization": "Basic dXNlcjpwYXNz"}))
    assert seen["authorization"] == ["Basic dXNlcjpwYXNz"]
    assert seen["x-widget-state"] == ["anonymous"]


def test_public_routes_pass_authorization_as_it_came(ask):
    for value in ("Bearer anything.at.all", "Basic dXNlcjpwYXNz"):
        seen = upstream_headers(ask("acme", "/assets/x", headers={"Authorization": value}))
        assert seen["authorization"] == [value]


# Requests as they arrive

def test_method_target_and_query_arrive_unchanged(ask):
    target = "/a%20b/%C3%BC?q=1&q=2&empty=&%2F=%3F&plain"
    seen = accepted(ask("acme", target, method="PATCH", content=b"x"))
    assert (seen["method"], seen["target"]) == ("PATCH", target)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "REPORT"])
def test_methods_pass(ask, upstream, method):
    assert ask("acme", f"/method-{method}", method=method).status_code == 200
    assert upstream.seen(f"/method-{method}")[0].method == method


def test_bodies_arrive_with_their_length(ask):
    body = bytes(range(256)) * 100
    response = ask("acme", "/echo", method="POST", content=body)
    assert accepted(response)["body"].encode("latin-1") == body
    assert upstream_headers(response)["content-length"] == [str(len(body))]


def test_bodies_without_a_length_arrive_chunked(ask):
    response = ask("acme", "/echo", method="POST", content=(part for part in (b"one", b"two", b"three")))
    assert accepted(response)["body"] == "onetwothree"
    assert [v.lower() for v in upstream_headers(response)["transfer-encoding"]] == ["chunked"]


def test_chunked_bodies_over_http1_arrive(http1):
    with http1() as connection:
        connection.send("POST /echo HTTP/1.1\r\nHost: acme.test\r\nTransfer-Encoding: chunked\r\n\r\n"
                        "3;ext=1\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")
        assert connection.read_response().json()["body"] == "onetwo"


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: acme.test\r\nX-Widget-State: identified\r\n\r\n"


@pytest.mark.parametrize("length", [False, True])
@pytest.mark.parametrize("path", ["/at-once", "/assets/at-once"])
def test_a_body_that_comes_at_once_with_its_head_stays_a_body(http2, http1, upstream, length, path):
    """Head, body and end in one read: the body must not land behind a head that announces none."""
    for _ in range(2):
        with http2() as connection:
            extra = [("content-length", str(len(SMUGGLED)))] if length else []
            block = connection.encode(connection.fields("POST", path, extra))
            connection.send(raw_frame(HEADERS, END_HEADERS, 1, block) + raw_frame(DATA, END_STREAM, 1, SMUGGLED))
            response = connection.response(1)
            assert response.status == 200 and response.json()["body"].encode() == SMUGGLED, response
        with http1() as connection:
            head = f"POST {path} HTTP/1.1\r\nHost: acme.test\r\n".encode()
            if length:
                connection.send(head + b"Content-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED)
            else:
                connection.send(head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (
                    len(SMUGGLED), SMUGGLED))
            response = connection.read_response()
            assert response.status == 200 and response.json()["body"].encode() == SMUGGLED, response
    assert not upstream.seen("/smuggled")


def test_a_body_that_comes_at_once_with_a_new_users_head_stays_a_body(http2, upstream, email):
    """The same while the directory is being asked, which is when bytes have to wait."""
    token = sign({"email": email}, ACME)
    with http2() as connection:
        block = connection.encode(connection.fields("POST", "/new", [("authorization", f"Bearer {token}")]))
        connection.send(raw_frame(HEADERS, END_HEADERS, 1, block) + raw_frame(DATA, END_STREAM, 1, SMUGGLED))
        response = connection.response(1)
    assert response.status == 200 and response.json()["body"].encode() == SMUGGLED, response
    assert not upstream.seen("/smuggled")


@pytest.mark.parametrize("method", ["GET", "DELETE", "OPTIONS"])
def test_a_body_of_a_method_that_seldom_has_one_stays_a_body(http2, upstream, method):
    with http2() as connection:
        block = connection.encode(connection.fields(method, "/seldom"))
        connection.send(raw_frame(HEADERS, END_HEADERS, 1, block) + raw_frame(DATA, END_STREAM, 1, SMUGGLED))
        response = connection.response(1)
    assert response.status in (200, 400), response
    if response.status == 200:
        assert response.json()["body"].encode() == SMUGGLED
    assert not upstream.seen("/smuggled")


def test_an_empty_body_is_no_body(ask):
    seen = upstream_headers(ask("acme", "/page"))
    assert "content-length" not in seen and "transfer-encoding" not in seen


def test_expect_continue_is_answered(http1):
    with http1() as connection:
        connection.send("POST /echo HTTP/1.1\r\nHost: acme.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        time.sleep(0.05)
        connection.send("hello")
        response = connection.read_response()
    assert response.status == 200 and response.json()["body"] == "hello"


HOP_BY_HOP = [("Keep-Alive", "timeout=5"), ("Proxy-Connection", "keep-alive"), ("TE", "gzip"),
              ("Upgrade", "websocket"), ("Proxy-Authorization", "Basic x"), ("Connection", "keep-alive, x-named"),
              ("X-Named", "1")]


def test_hop_by_hop_headers_stop_here(http1):
    with http1() as connection:
        response = connection.request("GET", "/page", [("Host", "acme.test"), *HOP_BY_HOP])
    assert response.status == 200, response
    names = {name.lower() for name, _ in response.json()["headers"]}
    assert not names & {"keep-alive", "proxy-connection", "te", "upgrade", "proxy-authorization", "x-named"}


def test_an_upgrade_is_not_made(http1):
    with http1() as connection:
        response = connection.request("GET", "/page", [
            ("Host", "acme.test"), ("Connection", "Upgrade"), ("Upgrade", "websocket"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="), ("Sec-WebSocket-Version", "13")])
    assert response.status == 200


def test_an_upstream_that_switches_protocols_is_refused(ask, upstream):
    upstream.on("/101", lambda exchange: exchange.send(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nraw") or False)
    assert ask("acme", "/101").status_code == 502


def test_the_host_is_the_clients(ask):
    assert upstream_headers(ask("acme", "/page"))["host"] == ["acme.test"]


def test_forwarding_headers_are_the_gateways_own(ask):
    forged = {"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "gopher", "X-Forwarded-Host": "evil.test",
              "Forwarded": "for=6.6.6.6", "X-Real-IP": "6.6.6.6"}
    seen = upstream_headers(ask("acme", "/page", headers=forged))
    assert seen["x-forwarded-for"] == ["127.0.0.1"]
    assert seen["x-forwarded-proto"] == ["https"]
    assert seen["x-forwarded-host"] == ["acme.test"]
    assert "6.6.6.6" not in json.dumps(seen.get("forwarded", ""))
    assert "via" in seen


def test_forwarding_headers_of_trusted_proxies_are_continued(make_gateway):
    gateway = make_gateway(trusted_proxies=["127.0.0.1/32"])
    with gateway.client() as client:
        seen = upstream_headers(client.get("/page", headers={
            "Host": "acme.test", "X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https",
            "X-Request-Id": "from-the-proxy-1"}))
    assert [part.strip() for part in ", ".join(seen["x-forwarded-for"]).split(",")][0] == "192.0.2.7"
    assert seen["x-request-id"] == ["from-the-proxy-1"]


def test_the_scheme_of_the_cleartext_listener_is_http(gateway):
    with gateway.client(cleartext=True) as client:
        assert upstream_headers(client.get("/page", headers={"Host": "acme.test"}))["x-forwarded-proto"] == ["http"]


def test_every_request_has_an_id_of_its_own(ask):
    seen = {upstream_headers(ask("acme", "/page"))["x-request-id"][0] for _ in range(20)}
    assert len(seen) == 20
    assert upstream_headers(ask("acme", "/page", headers={"X-Request-Id": "client-made"}))["x-request-id"] != [
        "client-made"]


def test_traceparent_is_well_formed_and_starts_anew_for_strangers(ask):
    import re
    strange = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    value, = upstream_headers(ask("acme", "/page", headers={"traceparent": strange}))["traceparent"]
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]", value)


def test_cookies_split_over_http2_fields_arrive_as_one(http2):
    with http2() as connection:
        response = connection.request(path="/page", headers=[("cookie", "a=1"), ("cookie", "b=2")])
    cookies = [value for name, value in response.json()["headers"] if name.lower() == "cookie"]
    assert cookies == ["a=1; b=2"]


# Responses as they come back

def test_status_and_headers_come_back(ask, upstream):
    upstream.on("/teapot", lambda exchange: exchange.reply(
        b"short and stout", "418 I'm a teapot", ["X-One: 1", "X-Two: a", "X-Two: b", "Set-Cookie: a=1",
                                                "Set-Cookie: b=2", "Connection: keep-alive, X-Hop", "X-Hop: 1",
                                                "Keep-Alive: timeout=9"]))
    response = ask("acme", "/teapot")
    assert (response.status_code, response.content) == (418, b"short and stout")
    assert response.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert response.headers.get_list("x-two") == ["a", "b"]
    for name in ("connection", "keep-alive", "x-hop", "transfer-encoding"):
        assert name not in response.headers


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_statuses_without_a_body(ask, upstream, status):
    upstream.on("/bodyless", lambda exchange: exchange.send(f"HTTP/1.1 {status}\r\nETag: \"x\"\r\n\r\n".encode()))
    for _ in range(3):
        response = ask("acme", "/bodyless")
        assert response.status_code == int(status[:3]) and response.content == b""


def test_head_has_the_length_and_no_body(ask, upstream):
    upstream.on("/head", lambda exchange: exchange.reply(b"x" * 1234))
    for _ in range(3):
        response = ask("acme", "/head", method="HEAD")
        assert (response.status_code, response.headers["content-length"], response.content) == (200, "1234", b"")


def test_chunked_responses_and_trailers_come_back(http2, upstream):
    upstream.on("/chunked", lambda exchange: exchange.send(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
        b"5\r\nhello\r\n1;x=y\r\n \r\n5\r\nworld\r\n0\r\nX-Sum: 11\r\n\r\n"))
    with http2() as connection:
        response = connection.request(path="/chunked", headers=[("te", "trailers")])
    assert response.body == b"hello world"
    assert ("x-sum", "11") in response.trailers


def test_a_response_until_close_comes_back(ask, upstream):
    def script(exchange):
        exchange.send(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nto the end")
        return False
    upstream.on("/close", script)
    assert ask("acme", "/close").text == "to the end"


def test_informational_responses_are_not_taken_for_the_answer(ask, upstream):
    upstream.on("/103", lambda exchange: (
        exchange.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"), exchange.reply(b"done")) and None)
    response = ask("acme", "/103")
    assert (response.status_code, response.text) == (200, "done")


def test_compressed_bodies_pass_untouched(client, upstream):
    packed = gzip.compress(b"squeeze me" * 100)
    upstream.on("/gzip", lambda exchange: exchange.reply(packed, headers=["Content-Encoding: gzip"]))
    with client.stream("GET", "/gzip", headers={"Host": "acme.test"}) as response:
        assert b"".join(response.iter_raw()) == packed


def test_server_sent_events_pass_as_they_come(client, upstream):
    release = threading.Event()

    def script(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
                      b"d\r\ndata: first\n\n\r\n")
        release.wait(10)
        exchange.send(b"e\r\ndata: second\n\n\r\n0\r\n\r\n")
    upstream.on("/events", script)
    with client.stream("GET", "/events", headers={"Host": "acme.test"}) as response:
        parts = response.iter_raw()
        assert next(parts) == b"data: first\n\n"  # arrives although the response isn't finished
        release.set()
        assert b"".join(parts) == b"data: second\n\n"


def test_a_response_before_the_whole_request_arrives(http2, upstream):
    upstream.on("/early", lambda exchange: exchange.reply(b"no", "403 Forbidden") or False, streaming=True)
    with http2() as connection:
        stream = connection.open_stream(connection.fields("POST", "/early"), end_stream=False)
        connection.send_data(stream, b"x" * 1000, end_stream=False)
        assert connection.response(stream).status == 403


# Upstreams that misbehave

@pytest.mark.parametrize("answer", [
    b"", b"garbage\r\n\r\n", b"HTTP/1.1\r\n\r\n", b"HTTP/1.1 abc OK\r\n\r\n", b"HTTP/9.9 200 OK\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nBad Header: x\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX: a\x00b\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX: a\r\n folded\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n" + b"X: " + b"a" * 200_000 + b"\r\n\r\n",
])
def test_a_broken_answer_is_a_bad_gateway(ask, upstream, answer):
    def script(exchange):
        exchange.send(answer)
        return False
    upstream.on("/broken", script)
    response = ask("acme", "/broken", method="POST", content=b"x")
    problem(response, "upstream_unreachable")


@pytest.mark.parametrize("answer", [
    b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nonly this\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nonly",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nonly thisXX0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nonly this\r\nzz\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nonly this\r\n0\r\nX: 1",
])
def test_a_truncated_answer_never_looks_complete(http2, http1, upstream, answer):
    def script(exchange):
        exchange.send(answer)
        return False
    upstream.on("/truncated", script)
    with http2() as connection:
        stream = connection.open_stream(connection.fields(path="/truncated"))
        response = connection.response(stream)
        assert response.reset is not None or response.status == 502, response
    with http1() as connection:
        response = connection.request("GET", "/truncated", [("Host", "acme.test")])
        assert not response.complete or response.status == 502, response


def test_more_than_the_announced_length_never_poisons_the_next_answer(ask, upstream):
    upstream.on("/too-long", lambda exchange: exchange.send(
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\npoisoned"))
    for _ in range(5):
        assert ask("acme", "/too-long").text == "hello"
        assert "poisoned" not in ask("acme", "/after").text


def test_an_unreachable_upstream_is_a_bad_gateway(ask):
    problem(ask("acme", "/dead/x"), "upstream_unreachable")


def test_an_upstream_that_says_nothing_is_a_timeout(make_gateway, upstream):
    stop = threading.Event()
    upstream.on("/silent", lambda exchange: stop.wait(20) and None)
    gateway = make_gateway(upstreams=[{"name": "widgets", "url": upstream.url, "response_header_timeout_seconds": 1}])
    try:
        with gateway.client() as client:
            problem(client.get("/silent", headers={"Host": "acme.test"}), "upstream_timeout")
    finally:
        stop.set()


def test_an_upstream_that_does_not_accept_is_unreachable(make_gateway):
    """A full backlog: the connection never opens."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    fillers = []
    for _ in range(3):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
        fillers.append(filler)
    gateway = make_gateway(upstreams=[{"name": "widgets", "url": f"http://127.0.0.1:{listener.getsockname()[1]}"}])
    with gateway.client() as client:
        response = client.get("/x", headers={"Host": "acme.test"})
        assert response.json()["code"] in ("upstream_unreachable", "upstream_timeout")
    for filler in [*fillers, listener]:
        filler.close()


# Connections to the upstream

def test_connections_are_kept_and_used_again(make_gateway):
    upstream = RecordingUpstream()
    gateway = make_gateway(upstreams=[{"name": "widgets", "url": upstream.url}])
    with gateway.client() as client:
        for _ in range(20):
            accepted(client.get("/x", headers={"Host": "acme.test"}))
    assert upstream.connections == 1
    upstream.close()


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_an_idempotent_request_is_retried_once_on_a_dead_connection(make_gateway, method):
    upstream = RecordingUpstream()
    gateway = make_gateway(upstreams=[{"name": "widgets", "url": upstream.url}])
    deaths = []

    def dies_once(exchange):
        if not deaths:
            deaths.append(exchange.connection)
            return False
        exchange.reply(b"alive")

    upstream.on("/dies", dies_once)
    with gateway.client() as client:
        accepted(client.get("/warm", headers={"Host": "acme.test"}))
        assert client.request(method, "/dies", headers={"Host": "acme.test"}).status_code == 200
        assert len(upstream.seen("/dies")) == 2
        upstream.on("/dead-for-good", lambda exchange: False)
        problem_response = client.request(method, "/dead-for-good", headers={"Host": "acme.test"})
        assert problem_response.status_code == 502
        assert len(upstream.seen("/dead-for-good")) <= 2
    upstream.close()


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_request_that_is_not_idempotent_is_never_sent_twice(make_gateway, method):
    upstream = RecordingUpstream()
    gateway = make_gateway(upstreams=[{"name": "widgets", "url": upstream.url}])
    upstream.on("/dies", lambda exchange: False)
    with gateway.client() as client:
        accepted(client.get("/warm", headers={"Host": "acme.test"}))
        problem(client.request(method, "/dies", content=b"pay", headers={"Host": "acme.test"}), "upstream_unreachable")
    assert len(upstream.seen("/dies")) == 1
    upstream.close()


def test_a_connection_closed_while_idle_is_noticed(make_gateway):
    """Also for a POST: a connection that is known to be dead must not be used."""
    upstream = RecordingUpstream()
    gateway = make_gateway(upstreams=[{"name": "widgets", "url": upstream.url}])
    with gateway.client() as client:
        for _ in range(3):
            accepted(client.get("/warm", headers={"Host": "acme.test"}))
            upstream.drop_connections()
            time.sleep(0.1)
            accepted(client.post("/fresh", content=b"x", headers={"Host": "acme.test"}))
    upstream.close()


def test_connection_close_from_the_upstream_is_obeyed(make_gateway):
    upstream = RecordingUpstream()
    gateway = make_gateway(upstreams=[{"name": "widgets", "url": upstream.url}])
    upstream.on("/once", lambda exchange: exchange.reply(b"x", headers=["Connection: close"]) or False)
    with gateway.client() as client:
        for _ in range(5):
            assert client.post("/once", content=b"y", headers={"Host": "acme.test"}).status_code == 200
    assert upstream.connections == 5
    upstream.close()


def test_an_upstream_that_comes_back_is_used_again(make_gateway):
    port = free_port()
    gateway = make_gateway(upstreams=[{"name": "widgets", "url": f"http://127.0.0.1:{port}"}])
    with gateway.client() as client:
        for _ in range(10):
            assert client.get("/x", headers={"Host": "acme.test"}).status_code in (502, 503)
        upstream = RecordingUpstream(port)
        eventually(lambda: client.get("/x", headers={"Host": "acme.test"}).status_code == 200, within=15, every=0.2,
                   what="the upstream's return")
    upstream.close()


def test_a_client_that_goes_away_does_not_hold_an_upstream_connection(make_gateway):
    upstream = RecordingUpstream()
    gone = threading.Event()

    def script(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            while True:
                exchange.send(b"1\r\nx\r\n")
                time.sleep(0.02)
        except OSError:
            gone.set()
            return False

    upstream.on("/endless", script)
    gateway = make_gateway(upstreams=[{"name": "widgets", "url": upstream.url}])
    with HTTP1Client(gateway.clear_port) as connection:
        connection.send("GET /endless HTTP/1.1\r\nHost: acme.test\r\n\r\n")
        connection.socket.recv(100)
    assert gone.wait(20), "the upstream still sends to nobody"
    upstream.close()
