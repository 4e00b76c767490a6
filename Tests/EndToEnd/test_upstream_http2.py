"""Upstreams over HTTP/2, with and without TLS: many requests on few connections, trailers, windows, and faults."""

import contextlib
import socket
import struct
import threading
import time

import h2.errors
import h2.settings
import pytest

from harness.gateway import eventually
from harness.http1 import HTTP1Client
from harness.http2 import CANCEL, INITIAL_WINDOW_SIZE, HTTP2Client
from harness.upstream_h2 import H2Upstream
from test_upstream_tls import Authority

HOST = {"Host": "acme.test"}
#: How much of a response may wait for its client, where not much waits on the worker.
ROOM = 64 << 10


@pytest.fixture
def upstream():
    server = H2Upstream()
    yield server
    server.close()


def relay_to(upstream, make_gateway, seconds: float):
    return make_gateway(
        upstreams=[{"name": "widgets", "url": upstream.url, "response_header_timeout_seconds": seconds,
                    "idle_timeout_seconds": seconds, "circuit_failures": 0}],
        routes=[{"path": "/", "access": "widget", "upstream": "widgets"}])


@pytest.fixture
def relaying(make_gateway, upstream):
    """Waits for longer than anything here takes, on whatever machine."""
    return relay_to(upstream, make_gateway, 30)


@pytest.fixture
def hasty(make_gateway, upstream):
    return relay_to(upstream, make_gateway, 1.5)


def over_http1(gateway, path="/x", method="GET", body=b"", headers=()):
    with HTTP1Client(gateway.clear_port) as connection:
        return connection.request(method, path, [("Host", "acme.test"), *headers], body)


def over_http2(gateway, **options):
    with HTTP2Client(gateway.tls_port, gateway.tls_context("h2"), authority="acme.test") as connection:
        return connection.request(**options)


def statuses_at_once(gateway, count):
    """What `count` requests to /x are answered with that are all open before the first answer is read.

    Not httpx, whose HTTP/2 connection isn't safe to use from several threads.
    """
    with HTTP2Client(gateway.tls_port, gateway.tls_context("h2"), authority="acme.test") as connection:
        streams = [connection.open_stream(connection.fields(path="/x")) for _ in range(count)]
        return {connection.response(stream).status for stream in streams}


def test_a_request_arrives_as_http2_has_it(relaying, upstream):
    response = over_http1(relaying, "/page?q=1", "POST", b"body", [("X-Custom", "Value"), ("Cookie", "a=b")])
    assert response.status == 200 and response.body.endswith(b"\n\nbody")
    request, = upstream.seen("/page")
    fields = dict(request.headers)
    assert {name: fields[name] for name in (":method", ":scheme", ":path", ":authority")} == {
        ":method": "POST", ":scheme": "http", ":path": "/page?q=1", ":authority": "acme.test"}
    assert fields["x-custom"] == "Value" and fields["cookie"] == "a=b" and fields["content-length"] == "4"
    assert fields["x-widget-state"] == "anonymous" and fields["via"] == "1.1 widget-gateway"
    assert not {"connection", "transfer-encoding", "host", "keep-alive"} & set(fields)
    assert [name for name, _ in request.headers[:4]] == [":method", ":scheme", ":path", ":authority"]


def test_many_requests_share_a_connection(relaying, upstream):
    assert statuses_at_once(relaying, 60) == {200}
    assert len(upstream.seen("/x")) == 60
    assert upstream.connections == 1


def test_the_upstreams_limit_of_streams_is_kept(make_gateway):
    upstream = H2Upstream(settings={h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: 2})
    gateway = make_gateway(upstreams=[{"name": "widgets", "url": upstream.url}])
    assert over_http1(gateway).status == 200
    assert statuses_at_once(gateway, 20) == {200}
    assert len(upstream.seen("/x")) == 21
    upstream.close()


def test_trailers_pass_both_ways(relaying, upstream):
    """As gRPC has them: fields behind the body, in both directions."""
    upstream.on("/svc/Call", lambda request: request.reply(
        b"\0\0\0\0\2ok", headers=[("content-type", "application/grpc")],
        trailers=[("grpc-status", "0"), ("grpc-message", "fine")]))
    response = over_http2(
        relaying, method="POST", path="/svc/Call", headers=[("te", "trailers"), ("content-type", "application/grpc")],
        body=b"\0\0\0\0\2hi", trailers=[("x-checksum", "abc"), ("x-widget-user", "forged")])
    assert response.status == 200 and response.body == b"\0\0\0\0\2ok"
    assert dict(response.trailers) == {"grpc-status": "0", "grpc-message": "fine"}
    request, = upstream.seen("/svc/Call")
    assert request.value("te") == "trailers"
    assert request.trailers == [("x-checksum", "abc")]


def test_an_answer_of_trailers_alone_passes(relaying, upstream):
    upstream.on("/svc/Fail", lambda request: request.head(
        200, [("content-type", "application/grpc"), ("grpc-status", "12")], end=True))
    response = over_http2(relaying, method="POST", path="/svc/Fail", headers=[("te", "trailers")], body=b"x")
    assert response.status == 200 and response.value("grpc-status") == "12" and response.complete


def test_grpc_web_passes_untouched(relaying, upstream):
    """Its trailers are a part of the body."""
    frame = b"\0\0\0\0\2ok" + b"\x80\0\0\0\x0fgrpc-status:0\r\n"
    upstream.on("/svc/Web", lambda request: request.reply(
        frame, headers=[("content-type", "application/grpc-web+proto")]))
    with relaying.client() as client:
        response = client.post("/svc/Web", content=b"\0\0\0\0\0", headers=HOST | {
            "content-type": "application/grpc-web+proto", "x-grpc-web": "1"})
    assert response.content == frame and response.headers["content-type"] == "application/grpc-web+proto"


def test_server_sent_events_pass_as_they_come(relaying, upstream):
    go_on = threading.Event()

    def script(request):
        request.head(200, [("content-type", "text/event-stream")])
        request.data(b"data: 1\n\n")
        go_on.wait(30)
        request.data(b"data: 2\n\n")
        request.finish()

    upstream.on("/events", script)
    with relaying.client() as client, client.stream("GET", "/events", headers=HOST) as response:
        parts = response.iter_bytes()
        assert next(parts) == b"data: 1\n\n"
        go_on.set()
        assert b"".join(parts) == b"data: 2\n\n"


def test_both_sides_may_talk_at_once(relaying, upstream):
    """A stream in both directions: each message is answered before the next is sent."""
    def script(request):
        request.head(200)
        answered = 0
        while not request.ended:
            request.connection.read()
            if len(request.body) > answered:
                request.data(b"<" + request.body[answered:] + b">")
                answered = len(request.body)
        request.finish([("grpc-status", "0")])

    upstream.on("/talk", script, streaming=True)
    with HTTP2Client(relaying.tls_port, relaying.tls_context("h2"), authority="acme.test") as connection:
        stream = connection.open_stream(connection.fields("POST", "/talk"), end_stream=False)
        for word in (b"one", b"two", b"three"):
            connection.send_data(stream, word, end_stream=False)
            connection.wait(lambda: stream in connection.responses
                            and connection.responses[stream].body.endswith(b"<" + word + b">"))
        connection.send_data(stream, b"")
        response = connection.response(stream)
    assert response.body == b"<one><two><three>" and dict(response.trailers) == {"grpc-status": "0"}


def test_big_bodies_pass_both_ways(relaying, upstream):
    body = bytes(range(256)) * 16_000
    upstream.on("/big", lambda request: request.reply(request.body[::-1]))
    with relaying.client() as client:
        response = client.post("/big", content=body, headers=HOST)
    assert response.content == body[::-1]


def test_a_client_that_does_not_read_stops_its_stream_and_no_other(relaying, upstream):
    sent = {"bytes": 0}

    def script(request):
        request.head(200)
        for _ in range(400):
            part = b"x" * 65536
            while part:
                size = min(request.connection.h2.local_flow_control_window(request.stream), 16384, len(part))
                if size == 0:
                    request.connection.read()
                    continue
                request.connection.h2.send_data(request.stream, part[:size])
                request.connection.flush()
                sent["bytes"] += size
                part = part[size:]
        request.finish()

    upstream.on("/endless", script)
    with HTTP2Client(relaying.tls_port, relaying.tls_context("h2"), authority="acme.test",
                     automatic=False) as stalled:
        stalled.open_stream(stalled.fields(path="/endless"))
        eventually(lambda: sent["bytes"] > 65_535, within=5, what="the beginning")
        time.sleep(0.5)
        assert sent["bytes"] < 1_000_000, "what the client doesn't take isn't taken from the upstream either"
        assert over_http1(relaying, "/other").status == 200, "another stream of the same connection"


@pytest.fixture
def crowded(make_gateway, upstream):
    """A gateway with one worker on which clients may leave any number of responses unread."""
    return make_gateway(
        workers=1, limits={"stalled_requests": 100_000, "stall_timeout_seconds": 100},
        upstreams=[{"name": "widgets", "url": upstream.url, "idle_timeout_seconds": 100}],
        routes=[{"path": "/", "access": "widget", "upstream": "widgets"}])


def unread(gateway, count: int, path: str = "/flood") -> HTTP2Client:
    """A client with so many streams whose responses have begun, and whose windows are shut."""
    client = HTTP2Client(gateway.tls_port, gateway.tls_context("h2"), authority="acme.test", automatic=False,
                         settings={INITIAL_WINDOW_SIZE: 0})
    streams = [client.open_stream(client.fields(path=path)) for _ in range(count)]
    assert client.wait(lambda: all(client.responses.get(stream) for stream in streams))
    return client


def test_responses_that_nobody_reads_hold_little_each_and_no_other_back(crowded, upstream):
    """RFC 9113, 5.2: an upstream gets credit for what its clients have taken."""
    upstream.on("/flood", lambda request: (request.head(200), request.flood()))
    upstream.on("/big", lambda request: request.reply(bytes(3 << 20)))
    with unread(crowded, 20):
        floods = upstream.seen("/flood")
        assert len(floods) == 20
        eventually(lambda: all(flood.flooded == ROOM for flood in floods), within=10, what="a window for each")
        # More than the connection's window, and all of it behind what nobody reads.
        assert len(over_http2(crowded, path="/big").body) == 3 << 20
        assert upstream.connections == 1
        assert {flood.flooded for flood in floods} == {ROOM}


def test_a_response_goes_on_when_its_client_reads_on(crowded, upstream):
    upstream.on("/flood", lambda request: (request.head(200), request.flood()))
    with unread(crowded, 1) as client:
        flood, = upstream.seen("/flood")
        eventually(lambda: flood.flooded == ROOM, within=5, what="a window")
        (stream, response), = client.responses.items()
        client.send_raw(8, 0, 0, (8 << 20).to_bytes(4, "big"))
        for taken in range(100_000, 3_000_001, 100_000):
            client.send_raw(8, 0, stream, (100_000).to_bytes(4, "big"))
            assert client.wait(lambda: len(response.body) == taken)
            # More is asked for when a quarter is left.
            eventually(lambda: flood.flooded > taken + ROOM // 4, within=5, what="more of it")
            assert flood.flooded <= taken + ROOM


@pytest.mark.parametrize("carrier", ["http1", "http2"])
def test_a_response_that_its_client_reads_takes_any_length(crowded, upstream, carrier):
    body = bytes(range(256)) * 40_000
    upstream.on("/big", lambda request: request.reply(body))
    response = over_http1(crowded, "/big") if carrier == "http1" else over_http2(crowded, path="/big")
    assert response.complete and response.body == body


def test_where_much_waits_for_clients_streams_begin_with_less(crowded, upstream):
    """As over HTTP/1.1: 16 KiB each where megabytes wait on the worker; and as much as ever when those have gone."""
    upstream.on("/flood", lambda request: (request.head(200), request.flood()))

    def granted() -> int:
        """What a new stream may send whose client takes nothing."""
        with unread(crowded, 1):
            flood = upstream.seen("/flood")[-1]
            eventually(lambda: flood.flooded >= 16384, within=5, what="the beginning")
            assert over_http2(crowded, path="/x").status == 200
            return flood.flooded

    with unread(crowded, 100), unread(crowded, 100):
        floods = upstream.seen("/flood")
        eventually(lambda: granted() == 16384, within=20, what="less room")
        assert max(flood.flooded for flood in floods) <= ROOM
    eventually(lambda: all(flood.reset == CANCEL for flood in floods), within=10, what="their ends")
    with unread(crowded, 1):
        last = upstream.seen("/flood")[-1]
        eventually(lambda: last.flooded == ROOM, within=5, what="a whole window again")


def test_an_upstream_that_gives_no_window_holds_the_upload_back(relaying, upstream):
    upstream.credits = False
    asked = threading.Event()
    upstream.on("/sink", lambda request: asked.set(), streaming=True)
    before = relaying.resident_bytes()
    with HTTP1Client(relaying.clear_port, timeout=20) as connection:
        connection.send("POST /sink HTTP/1.1\r\nHost: acme.test\r\nContent-Length: 9000000\r\n\r\n")
        connection.socket.settimeout(1)
        sent = 0
        try:
            while sent < 9_000_000:
                sent += connection.socket.send(b"x" * 65536)
        except TimeoutError:
            pass
        assert sent < 9_000_000, "all of it was taken"
    assert relaying.resident_bytes() - before < 16 << 20


# Faults

@pytest.mark.parametrize("code", [h2.errors.ErrorCodes.INTERNAL_ERROR, h2.errors.ErrorCodes.CANCEL,
                                  h2.errors.ErrorCodes.ENHANCE_YOUR_CALM, h2.errors.ErrorCodes.HTTP_1_1_REQUIRED])
def test_a_reset_before_the_head_is_a_bad_gateway(relaying, upstream, code):
    upstream.on("/reset", lambda request: request.rst(code))
    response = over_http1(relaying, "/reset", "POST", b"pay")
    assert (response.status, response.code) == (502, "upstream_unreachable")
    assert len(upstream.seen("/reset")) == 1
    assert over_http1(relaying).status == 200 and upstream.connections == 1


def test_a_reset_after_the_head_never_looks_whole(relaying, upstream):
    def script(request):
        request.head(200)
        request.data(b"half")
        assert has_begun.wait(20)
        request.rst(h2.errors.ErrorCodes.INTERNAL_ERROR)

    has_begun = threading.Event()
    upstream.on("/half", script)
    with HTTP1Client(relaying.clear_port) as connection:
        connection.send("GET /half HTTP/1.1\r\nHost: acme.test\r\n\r\n")
        response = connection.read_response(at_head=has_begun.set)
    assert response.status == 200 and not response.complete
    has_begun.clear()
    with HTTP2Client(relaying.tls_port, relaying.tls_context("h2"), authority="acme.test") as connection:
        stream = connection.open_stream(connection.fields(path="/half"))
        connection.wait_for_head(stream)
        has_begun.set()
        response = connection.response(stream)
    assert response.status == 200 and response.reset is not None


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_refused_stream_is_asked_again_whatever_it_is(relaying, upstream, method):
    def script(request):
        if len(upstream.seen("/refused")) == 1:
            request.rst(h2.errors.ErrorCodes.REFUSED_STREAM)
        else:
            request.reply(b"ok")

    upstream.on("/refused", script)
    assert over_http1(relaying, "/refused", method).status == 200
    assert len(upstream.seen("/refused")) == 2


def test_after_goaway_a_new_connection_is_used_and_nothing_is_lost(relaying, upstream):
    def script(request):
        request.reply(b"last")
        request.connection.h2.close_connection()
        request.connection.flush()

    upstream.on("/last", script)
    for _ in range(5):
        assert over_http1(relaying, "/last").body == b"last"
        assert over_http1(relaying, "/next").status == 200
    assert len(upstream.seen("/next")) == 5


def test_requests_under_way_finish_after_goaway(relaying, upstream):
    def script(request):
        request.head(200)
        # A GOAWAY that names this stream as the last: it goes on.
        request.connection.socket.sendall(
            b"\0\0\x08\x07\0\0\0\0\0" + request.stream.to_bytes(4, "big") + b"\0\0\0\0")
        time.sleep(0.2)
        request.data(b"still here")
        request.finish()

    upstream.on("/going", script)
    assert over_http1(relaying, "/going").body == b"still here"
    assert over_http1(relaying).status == 200
    assert upstream.connections == 2


def test_a_connection_that_dies_ends_what_was_under_way(relaying, upstream):
    def script(request):
        request.connection.socket.close()

    upstream.on("/dies", script)
    assert over_http1(relaying, "/dies", "POST", b"pay").code == "upstream_unreachable"
    assert len(upstream.seen("/dies")) == 1
    assert over_http1(relaying, "/dies").code == "upstream_unreachable"
    assert len(upstream.seen("/dies")) == 3, "a harmless request is asked again once"
    assert over_http1(relaying).status == 200


def test_silence_is_a_timeout_and_others_go_on(hasty, upstream):
    upstream.on("/silent", lambda request: None)
    response = over_http1(hasty, "/silent")
    assert (response.status, response.code) == (504, "upstream_timeout")
    eventually(lambda: upstream.seen("/silent")[0].reset is not None, within=3, what="the stream's reset")
    assert over_http1(hasty).status == 200 and upstream.connections == 1


def test_a_stalled_body_is_ended(hasty, upstream):
    def script(request):
        request.head(200)
        request.data(b"half")

    upstream.on("/stalled", script)
    response = over_http1(hasty, "/stalled")
    assert response.status == 200 and not response.complete


@pytest.mark.parametrize("headers", [
    [("connection", "close")], [("transfer-encoding", "chunked")], [("X-Upper", "a")], [("x-nul", "a\0b")],
    [("x-line", "a\r\nb: c")], [("content-length", "5")]],
    ids=["connection", "transfer-encoding", "upper-case", "nul", "line-feed", "wrong-length"])
def test_what_http2_forbids_is_a_bad_gateway_or_broken(relaying, upstream, headers):
    def script(request):
        request.connection.h2.config.validate_outbound_headers = False
        request.connection.h2.config.normalize_outbound_headers = False
        request.head(200, headers)
        request.data(b"abc")
        request.finish()

    upstream.on("/forbidden", script)
    response = over_http1(relaying, "/forbidden")
    assert response.status == 502 or not response.complete, response
    assert over_http1(relaying).status == 200


def test_an_interim_answer_that_comes_together_with_the_final_one(relaying, upstream):
    def answer(request):
        request.connection.h2.send_headers(request.stream, [(":status", "103"), ("link", "</a.css>; rel=preload")])
        request.head(200, [("x-final", "yes")], end=True)

    upstream.on("/early", answer)
    response = over_http2(relaying, path="/early")
    assert response.status == 200 and response.complete and response.informational == [103]
    assert response.value("x-final") == "yes" and response.value("link") is None


def test_a_flood_of_interim_answers_is_given_up(relaying, upstream):
    def script(request):
        for _ in range(200):
            request.connection.h2.send_headers(request.stream, [(":status", "103"), ("link", "</a>")])
        request.connection.flush()

    upstream.on("/hints", script)
    assert over_http1(relaying, "/hints").code == "upstream_unreachable"


def test_a_flood_of_pings_ends_the_connection(relaying, upstream):
    def script(request):
        for _ in range(20_000):
            request.connection.h2.ping(b"flooding")
        try:
            request.connection.flush()
            while True:
                request.connection.read()
        except (EOFError, OSError):
            raise EOFError

    upstream.on("/pings", script)
    assert over_http1(relaying, "/pings").code == "upstream_unreachable"
    assert over_http1(relaying).status == 200


@pytest.mark.parametrize("carrier", ["http1", "http2"])
def test_a_client_that_goes_away_cancels_its_stream_alone(relaying, upstream, carrier):
    def script(request):
        request.head(200)
        request.data(b"more to come")

    upstream.on("/left", script)
    if carrier == "http1":
        with HTTP1Client(relaying.clear_port) as connection:
            connection.send("GET /left HTTP/1.1\r\nHost: acme.test\r\n\r\n")
            connection.socket.recv(1000)
            # By a reset: one that only says that it has asked everything may still want the answer.
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    else:
        with HTTP2Client(relaying.tls_port, relaying.tls_context("h2"), authority="acme.test") as connection:
            stream = connection.open_stream(connection.fields(path="/left"))
            assert connection.wait(lambda: stream in connection.responses)
            connection.send_raw(3, 0, stream, CANCEL.to_bytes(4, "big"))
            connection.settle()
    eventually(lambda: upstream.seen("/left")[0].reset is not None, within=3, what="the stream's reset")
    assert upstream.seen("/left")[0].reset == CANCEL
    assert over_http1(relaying).status == 200 and upstream.connections == 1


def test_an_upstream_that_does_not_speak_http2_is_a_bad_gateway(make_gateway):
    from harness.upstream import RecordingUpstream
    server = RecordingUpstream()
    gateway = make_gateway(upstreams=[{"name": "widgets", "url": server.url.replace("http:", "h2c:"),
                                       "response_header_timeout_seconds": 1}])
    assert over_http1(gateway).code in ("upstream_unreachable", "upstream_timeout")
    server.close()


def test_http2_over_tls(make_gateway, tmp_path):
    authority = Authority("Test Authority")
    upstream = H2Upstream(authority.context(tmp_path, "localhost", alpn=("h2",)))
    gateway = make_gateway(upstreams=[{
        "name": "widgets", "url": upstream.url, "http2": True,
        "ca_file": str(authority.write(tmp_path / "authority.pem"))}])
    body = bytes(range(256)) * 4000
    upstream.on("/big", lambda request: request.reply(request.body[::-1], trailers=[("grpc-status", "0")]))
    response = over_http2(gateway, method="GET", path="/x")
    assert response.status == 200 and b":scheme: https" in response.body
    with gateway.client() as client:
        assert client.post("/big", content=body, headers=HOST).content == body[::-1]
    assert upstream.connections == 1
    upstream.close()


def test_a_tls_upstream_that_offers_no_http2_is_a_bad_gateway(make_gateway, tmp_path):
    authority = Authority("Test Authority")
    upstream = H2Upstream(authority.context(tmp_path, "localhost", alpn=("http/1.1",)))
    gateway = make_gateway(upstreams=[{
        "name": "widgets", "url": upstream.url, "http2": True,
        "ca_file": str(authority.write(tmp_path / "authority.pem"))}])
    assert over_http1(gateway).code == "upstream_unreachable"
    upstream.close()
