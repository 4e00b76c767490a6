"""Whatever lasts ends with the identity that it was let through for: WebSockets, streams of events, long uploads."""

import contextlib
import re
import threading
import time
import uuid

import pytest

from conftest import ACME, organization
from harness.gateway import eventually
from harness.http1 import HTTP1Client
from harness.http2 import CANCEL, HTTP2Client
from harness.tokens import now, secret, sign
from harness.upstream import RecordingUpstream
from harness.upstream_h2 import H2Upstream
from harness.websocket import HTTP2WebSocket, WebSocketUpstream, open_websocket
from test_websocket import OverHTTP1, OverHTTP2, metric

SECOND = secret(811)
OTHER = secret(812)
#: From the command's end to the end of the stream: a second until this node knows, another until it looks, and what a
#: busy machine takes.
SOON = 20


@pytest.fixture(scope="module")
def upstreams():
    """One that speaks WebSocket, and one that sends events and takes uploads."""
    sockets, pages = WebSocketUpstream(), RecordingUpstream()
    stop = threading.Event()

    def events(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not stop.wait(0.1):
            exchange.send(b"9\r\ndata: x\n\n\r\n")
        return False

    def upload(exchange):
        for _ in exchange.body_chunks():
            pass
        exchange.reply(b"taken")

    pages.on("/events", events)
    pages.on("/upload", upload, streaming=True)
    yield sockets, pages
    stop.set()
    sockets.close()
    pages.close()


@pytest.fixture
def running(make_gateway, upstreams):
    """A gateway with the organizations `acme` (two secrets), `portal` (at localhost) and `other`."""
    sockets, pages = upstreams
    gateway = make_gateway([], start=False, workers=2, upstreams=[
        {"name": "sockets", "url": sockets.url}, {"name": "pages", "url": pages.url}], routes=[
        {"path": "/", "access": "widget", "upstream": "pages"},
        {"path": "/echo", "access": "widget", "upstream": "sockets", "websocket": True},
        {"path": "/open", "access": "public", "upstream": "sockets", "websocket": True}])
    gateway.portal = f"localhost:{gateway.clear_port}"
    gateway.listed = [
        organization("acme", ACME, secrets=[{"secret": ACME}, {"secret": SECOND}], clock_skew_seconds=0),
        organization("other", OTHER),
        organization("portal", secret(813), hosts=[gateway.portal],
                     sso={"enabled": True, "login_url": "http://127.0.0.1:1/login"}),
    ]
    gateway.apply(gateway.listed)
    return gateway.start()


class Stream:
    """Something that lasts, over one of the carriers: `goes_on()` is true while it does; `end()` waits for its end and
    says how it came."""

    def goes_on(self) -> bool:
        raise NotImplementedError

    def end(self, timeout: float):
        raise NotImplementedError


class Socket(Stream):
    def __init__(self, opened):
        self.opened = opened

    def goes_on(self) -> bool:
        self.opened.say("are you there?")
        return self.opened.hear() == "are you there?"

    def end(self, timeout: float):
        return self.opened.end(timeout)


class EventsOverHTTP1(Stream):
    def __init__(self, connection: HTTP1Client):
        self.connection = connection

    def goes_on(self) -> bool:
        return b"data" in self.connection._until(b"\n\n")

    def end(self, timeout: float):
        self.connection.socket.settimeout(timeout)
        rest = self.connection._rest()
        assert not rest.endswith(b"0\r\n\r\n"), "the stream looks whole"
        return "broken off"


class EventsOverHTTP2(Stream):
    def __init__(self, connection: HTTP2Client, stream: int):
        self.connection, self.stream = connection, stream

    @property
    def response(self):
        return self.connection.responses.get(self.stream)

    def goes_on(self) -> bool:
        before = len(self.response.body) if self.response else 0
        return self.connection.wait(lambda: self.response is not None and len(self.response.body) > before)

    def end(self, timeout: float):
        self.connection.wait(lambda: self.response.reset is not None or self.response.complete, timeout)
        assert self.response.reset == CANCEL, "the stream wasn't cancelled (RFC 9113, 7)"
        return "broken off"


class Upload(Stream):
    def __init__(self, connection: HTTP1Client):
        self.connection = connection

    def goes_on(self) -> bool:
        self.connection.send(b"3\r\nabc\r\n")
        return True

    def end(self, timeout: float):
        self.connection.socket.settimeout(timeout)
        response = self.connection.read_response()
        return response.status, response.code


KINDS = ["socket", "socket-h2", "events", "events-h2", "upload"]


@contextlib.contextmanager
def lasting(gateway, kind: str, headers: dict[str, str], host: str = "acme.test"):
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    fields = [(name.lower(), value) for name, value in headers.items()]
    with contextlib.ExitStack() as stack:
        if kind == "socket":
            made = Socket(OverHTTP1(stack.enter_context(open_websocket(gateway, host=host, headers=headers))))
        elif kind == "socket-h2":
            made = Socket(OverHTTP2(stack.enter_context(HTTP2WebSocket(gateway, host=host, headers=fields))))
        elif kind == "events-h2":
            client = stack.enter_context(HTTP2Client(gateway.tls_port, gateway.tls_context("h2"), authority=host))
            made = EventsOverHTTP2(client, client.open_stream(client.fields("GET", "/events", fields)))
        else:
            client = stack.enter_context(HTTP1Client(gateway.clear_port))
            if kind == "events":
                client.send(f"GET /events HTTP/1.1\r\nHost: {host}\r\n{lines}\r\n")
                client._until(b"\r\n\r\n")
                made = EventsOverHTTP1(client)
            else:
                client.send(f"POST /upload HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n{lines}\r\n")
                made = Upload(client)
        assert made.goes_on()
        yield made


def ends(stream: Stream, kind: str, code: str, status: int = 401, within: float = SOON) -> None:
    began = time.monotonic()
    how = stream.end(within + 5)
    took = time.monotonic() - began
    assert took < within, f"it took {took:.1f} s"
    expected = {"upload": (status, code), "socket": (1008, code), "socket-h2": (1008, code)}.get(kind, "broken off")
    assert how == expected


def bearer(name: str, key: str = ACME, **options) -> dict[str, str]:
    return {"Authorization": f"Bearer {sign({'email': f'{name}@x.test'}, key, **options)}"}


@pytest.mark.parametrize("kind", KINDS)
def test_it_ends_when_the_token_does(running, kind):
    expiry = now() + 6
    token = sign({"email": "exp@x.test", "exp": expiry}, ACME)
    with lasting(running, kind, {"Authorization": f"Bearer {token}"}) as stream:
        time.sleep(1.5)  # A look or two at it.
        assert stream.goes_on()
        ends(stream, kind, "token_expired", within=expiry - time.time() + SOON)
        assert time.time() >= expiry
    eventually(lambda: metric(running, "widget_streams_ended_total") == 1, what="the figure")


COMMANDS = {
    "block": ("user_blocked", 403, lambda g: ("user", "block", "acme", "ann@x.test")),
    "delete": ("user_unknown", 403, lambda g: ("user", "delete", "acme", "ann@x.test", "--yes")),
    "revoke": ("token_signature_mismatch", 401, lambda g: ("secret", "revoke", "acme", secret_id(g, SECOND))),
    "enforce": ("user_hash_missing", 401,
                lambda g: ("organization", "set", "acme", "require_user_hash=enforce", "--yes")),
}


def secret_id(gateway, text: str) -> str:
    import json
    listed = json.loads(gateway.cli("secret", "list", "acme", "--json").stdout)
    return next(entry["id"] for entry in listed if entry["last4"] == text[-4:])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("command", COMMANDS)
def test_it_ends_when_its_user_or_its_secret_does(running, kind, command):
    code, status, words = COMMANDS[command]
    with lasting(running, kind, bearer("ann", SECOND)) as stream, \
            lasting(running, "socket", bearer("bystander", OTHER), "other.test") as bystander:
        words = words(running)
        result = running.cli(*words)
        assert result.returncode == 0, result.stdout + result.stderr
        ends(stream, kind, code, status)
        assert bystander.goes_on()
    if command == "delete":
        assert "ann@x.test" not in [user["profile"]["email"] if "profile" in user else user["email"]
                                    for user in running.users("acme")]


@pytest.mark.parametrize("kind", ["socket", "socket-h2", "events"])
def test_it_goes_on_through_changes_that_dont_concern_it(running, kind):
    """A new name, another secret's end, another user's block: each makes the gateway look again, no more."""
    with lasting(running, kind, bearer("ann")) as stream:
        with running.client(cleartext=True) as client:
            headers = {"Host": "acme.test"} | bearer("bob")
            assert client.get("/page", headers=headers).status_code == 200
        for words in (("organization", "set", "acme", "name=Another"), ("secret", "revoke", "acme", secret_id(running, SECOND)),
                      ("user", "block", "acme", "bob@x.test")):
            assert running.cli(*words).returncode == 0
            deadline = time.monotonic() + 2.5
            while time.monotonic() < deadline:
                assert stream.goes_on()
                time.sleep(0.1)
    assert metric(running, "widget_streams_ended_total") == 0


def session(gateway, name: str) -> dict[str, str]:
    token = sign({"email": f"{name}@x.test", "jti": str(uuid.uuid4())}, secret(813))
    with gateway.client(cleartext=True) as client:
        response = client.get(f"/api/redirects/sso?organizationId=portal&ssoToken={token}",
                              headers={"Host": gateway.portal, "Accept": "text/html", "Sec-Fetch-Mode": "navigate"})
    assert response.status_code == 303, response.text
    return {"Cookie": re.search(r"widget_session=[^;]+", response.headers["set-cookie"])[0]}


@pytest.mark.parametrize("kind", ["socket", "events", "upload"])
@pytest.mark.parametrize("how", ["logout", "block", "setting"])
def test_it_ends_with_its_session_and_no_other(running, kind, how):
    cookie, other = session(running, "ann"), session(running, "ann")
    with lasting(running, kind, cookie, running.portal) as stream, \
            lasting(running, "socket", other, running.portal) as beside:
        if how == "logout":
            with running.client(cleartext=True) as client:
                client.post("/_widget/logout", headers={"Host": running.portal} | cookie)
            ends(stream, kind, "session_expired")
            assert beside.goes_on()
        elif how == "block":
            assert running.cli("user", "block", "portal", "ann@x.test").returncode == 0
            ends(stream, kind, "user_blocked", 403)
        else:
            assert running.cli("organization", "set", "portal", "name=Another").returncode == 0
            deadline = time.monotonic() + 2.5
            while time.monotonic() < deadline:
                assert stream.goes_on() and beside.goes_on()
                time.sleep(0.1)


@pytest.mark.parametrize("kind", KINDS)
def test_an_anonymous_one_ends_when_its_organization_begins_to_ask(running, kind):
    with lasting(running, kind, {}) as stream, lasting(running, "socket", bearer("ann")) as identified:
        assert running.cli("organization", "set", "acme", "require_identify=enforce", "--yes").returncode == 0
        ends(stream, kind, "identify_required")
        assert identified.goes_on()


def test_it_ends_with_its_organization(running):
    with lasting(running, "socket", bearer("ann")) as stream:
        assert running.cli("organization", "delete", "acme", "--yes").returncode == 0
        ends(stream, "socket", "organization_unknown")


def test_it_is_broken_off_within_a_frame(running, upstreams):
    """Where a Close frame can't be put in without breaking a message, there is none."""
    sockets, _ = upstreams
    with lasting(running, "socket-h2", bearer("ann")) as stream:
        connection = sockets.connections[-1]
        connection.socket.sendall(b"\x82\x7e\x01\x00half")
        assert stream.opened.stream._wait(lambda: stream.opened.stream.body.endswith(b"half"))
        assert running.cli("user", "block", "acme", "ann@x.test").returncode == 0
        stream.opened.stream.wait_end(SOON)
        assert (stream.opened.stream.close_code, stream.opened.stream.reset) == (None, 8)


def test_over_http2_the_upstream_hears_of_the_end_as_well(make_gateway):
    """By a CANCEL for the request whose identity has ended, before its response or within it, and for no other."""
    upstream = H2Upstream()
    upstream.on("/events", lambda request: (request.head(200), request.data(b"data: x\n\n")))
    upstream.on("/silent", lambda request: None)
    gateway = make_gateway(upstreams=[{"name": "pages", "url": upstream.url}],
                           routes=[{"path": "/", "access": "widget", "upstream": "pages"}])
    with HTTP2Client(gateway.tls_port, gateway.tls_context("h2"), authority="acme.test") as client:
        def ask(path: str, name: str) -> int:
            return client.open_stream(client.fields("GET", path, [
                (field.lower(), value) for field, value in bearer(name).items()]))

        events, silent, other = ask("/events", "ann"), ask("/silent", "ann"), ask("/events", "bob")
        assert client.wait(lambda: all(client.responses.get(s) and client.responses[s].body for s in (events, other)))
        eventually(lambda: len(upstream.seen("/silent")) == 1, within=5, what="the silent one")
        assert gateway.cli("user", "block", "acme", "ann@x.test").returncode == 0
        assert client.response(events, SOON + 2).reset == CANCEL
        response = client.response(silent, SOON + 2)
        assert (response.status, response.code) == (403, "user_blocked")
        asked = upstream.seen("/events") + upstream.seen("/silent")
        mine = [one for one in asked if one.value("x-widget-user-email") == "ann@x.test"]
        assert len(mine) == 2
        eventually(lambda: [one.reset for one in mine] == [CANCEL, CANCEL], within=5, what="both resets")
        assert [one.reset for one in asked if one not in mine] == [None]
        assert client.responses[other].reset is None
    upstream.close()
