"""The portal's sign-in against somebody who means harm: to its visitors, to its sessions, or to the gateway."""

import os
import sqlite3
import time
import uuid
from urllib.parse import urlencode, urlsplit

import httpx
import pytest
from hyperframe.frame import RstStreamFrame

from harness.customer import PEOPLE
from harness.expect import accepted
from harness.gateway import eventually
from harness.http1 import HTTP1Client
from harness.http2 import CANCEL, HTTP2Client
from harness.portal import CALLBACK, START, Portal
from harness.tokens import must_stay_secret, secret, sign

COMPLETE = "/_widget/sso/complete"
LOGOUT = "/_widget/logout"
NAVIGATION = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}

ROUTES = [
    {"path": "/", "access": "portal", "upstream": "portal"},
    {"path": "/assets/", "access": "public", "upstream": "portal"},
    {"path": "/account/", "access": "public", "upstream": "portal"},
]


@pytest.fixture(scope="module")
def portals(tmp_path_factory, upstream):
    """Portals by dialect and settings, started when first asked for. No customer: tests sign their tokens themselves."""
    made: dict[str, Portal] = {}

    def make(dialect="productbridge", scheme="http", **options) -> Portal:
        key = repr((dialect, scheme, sorted(options.items())))
        if key not in made:
            made[key] = Portal(
                tmp_path_factory.mktemp("hostile"), upstream.url, dialect, scheme,
                **{"routes": ROUTES} | options)
            made[key].gateway.start()
        return made[key]

    yield make
    for running in made.values():
        running.gateway.close()


@pytest.fixture
def own_portal(tmp_path, upstream):
    """Portals that a test may break."""
    made = []

    def make(dialect="productbridge", scheme="http", **options) -> Portal:
        directory = tmp_path / f"portal-{len(made)}"
        directory.mkdir()
        made.append(Portal(directory, upstream.url, dialect, scheme, **{"routes": ROUTES} | options))
        made[-1].gateway.start()
        return made[-1]

    yield make
    for running in made:
        running.gateway.close()


class Browser:
    """Cookies by name, sent in one field; redirects aren't followed."""

    def __init__(self, portal: Portal, cookies: dict[str, str] | None = None):
        self.portal, self.cookies = portal, dict(cookies or {})

    def ask(self, method: str, path: str, *, headers=None, cookies=None, **options) -> httpx.Response:
        sent = self.cookies if cookies is None else cookies
        fields = NAVIGATION | (headers or {})
        if sent:
            fields["Cookie"] = "; ".join(f"{name}={value}" for name, value in sent.items())
        with httpx.Client(verify=self.portal.gateway.tls_context(), timeout=20) as client:
            response = client.request(method, self.portal.origin + path, headers=fields, **options)
        for header in response.headers.get_list("set-cookie"):
            name, _, rest = header.partition("=")
            value = rest.partition(";")[0]
            if len(value) >= 16:
                must_stay_secret.add(value)
            if value:
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)
        return response

    def get(self, path: str, **options) -> httpx.Response:
        return self.ask("GET", path, **options)

    def post(self, path: str, data=None, *, headers=None, **options) -> httpx.Response:
        return self.ask("POST", path, data=data, headers={"Origin": self.portal.origin} | (headers or {}), **options)

    @property
    def session(self) -> str | None:
        return self.cookies.get(self.portal.session_cookie)

    def state(self, session: str | None = None) -> str:
        """Who the gateway takes this browser for, or whoever has `session`: an email, or `anonymous`."""
        cookies = None if session is None else {self.portal.session_cookie: session}
        answer = accepted(Browser(self.portal, self.cookies).get(
            "/_widget/state", cookies=cookies, headers={"Accept": "*/*", "Sec-Fetch-Mode": "cors"}))
        return answer["user"]["email"] if answer["state"] == "identified" else answer["state"]


def new_token(portal: Portal, user="ada", **claims) -> str:
    return portal.token(PEOPLE[user], jti=uuid.uuid4().hex, **claims)


def callback(portal: Portal, token: str, **more: str) -> str:
    path, name = CALLBACK[portal.dialect]
    return f"{path or '/ideas'}?{urlencode({name: token} | more)}"


def signed_in(portal: Portal, user="ada") -> Browser:
    browser = Browser(portal)
    response = browser.get(callback(portal, new_token(portal, user)))
    assert response.status_code == 303 and browser.session, response.text[:500]
    return browser


def email(user: str) -> str:
    return PEOPLE[user]["email"]


def refused(response: httpx.Response, *codes: str) -> None:
    assert any(code in response.text for code in codes), f"{response.status_code}: {response.text[:800]}"


# Sessions that have ended

def test_signing_out_counts_although_the_browser_has_gone(portals):
    """A page that is left behind breaks its requests off: the session has ended all the same, on every worker."""
    portal = portals()
    browser = signed_in(portal)
    assert browser.state() == email("ada"), "remembered from now on"
    with HTTP2Client(portal.gateway.clear_port, authority=portal.host) as client:
        cookie = ("cookie", f"{portal.session_cookie}={browser.session}")
        stream = client.open_stream(client.fields("POST", LOGOUT, [cookie]))
        client.settle()  # Reset together with its head, a request was never made.
        client.send_frame(RstStreamFrame(stream, error_code=CANCEL))
        eventually(lambda: browser.state() == "anonymous", what="the session's end")


def test_a_replaced_session_has_ended_although_the_browser_has_gone(portals):
    portal = portals()
    browser = signed_in(portal)
    assert browser.state() == email("ada")
    with HTTP2Client(portal.gateway.clear_port, authority=portal.host) as client:
        cookie = ("cookie", f"{portal.session_cookie}={browser.session}")
        stream = client.open_stream(client.fields("GET", callback(portal, new_token(portal)), [cookie]))
        client.settle()  # Reset together with its head, a request was never made.
        client.send_frame(RstStreamFrame(stream, error_code=CANCEL))
        eventually(lambda: browser.state() == "anonymous", what="the old session's end")


def test_signing_out_ends_every_session_that_the_browser_shows(portals):
    """After `embedded` was changed a browser has a cookie of each kind, and sends both."""
    portal = portals()
    first, second = signed_in(portal), signed_in(portal, "grace")
    for browser in (first, second):
        browser.state()
    both = f"{portal.session_cookie}={first.session}; {portal.session_cookie}={second.session}"
    response = Browser(portal).post(LOGOUT, headers={"Cookie": both})
    assert response.status_code == 303
    assert (first.state(), second.state()) == ("anonymous", "anonymous")


def test_a_session_ends_at_its_time_also_where_it_is_remembered(own_portal):
    portal = own_portal()
    browser = signed_in(portal)
    with sqlite3.connect(portal.gateway.directory / "data/widget-gateway.db") as database:
        database.execute("UPDATE sessions SET expires_at = ?", [time.time() + 6])
    assert browser.state() == email("ada")
    eventually(lambda: browser.state() == "anonymous", within=20, what="the session's end")


# What passes for a session, and what doesn't

@pytest.mark.parametrize("spelling", ["{}", "%00{}", "%2500{}"])
def test_a_session_is_no_token(portals, spelling):
    portal = portals()
    browser = signed_in(portal)
    browser.state()
    text = spelling.format(browser.session)
    for response in (
        Browser(portal).get(f"/ideas?sso={text}"),
        Browser(portal).get(f"/_widget/state?sso={text}"),
        Browser(portal).get("/_widget/state", headers={"Authorization": f"Bearer {browser.session}"}),
    ):
        assert response.status_code == 401, response.text[:300]
        refused(response, "token_malformed")


def test_a_token_is_no_session(portals):
    portal = portals()
    token = new_token(portal)
    headers = {"Authorization": f"Bearer {token}"}
    assert Browser(portal).get("/_widget/state", headers=headers).status_code == 200
    assert Browser(portal, {portal.session_cookie: token}).state() == "anonymous"


# Tokens

@pytest.mark.parametrize("dialect", CALLBACK)
def test_a_parameter_that_comes_twice_is_a_conflict(portals, dialect):
    portal = portals(dialect)
    path, name = CALLBACK[dialect]
    mine, theirs = new_token(portal, "ada"), new_token(portal, "grace")
    response = Browser(portal).get(f"{path or '/ideas'}?{name}={mine}&{name}={theirs}")
    refused(response, "token_conflict")
    response = Browser(portal).get(f"{path or '/ideas'}?{name}={mine}&%{ord(name[0]):02x}{name[1:]}={theirs}")
    refused(response, "token_conflict")


@pytest.mark.parametrize("dialect", ["productlift", "sleekplan", "uservoice"])
def test_a_field_that_comes_twice_is_a_conflict(portals, dialect):
    portal = portals(dialect)
    mine, theirs = new_token(portal, "ada"), new_token(portal, "grace")
    response = Browser(portal).ask("POST", "/ideas", content=f"sso={mine}&sso={theirs}", headers=FORM)
    refused(response, "token_conflict")


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_only_a_get_of_the_callback_uses_a_token_up(portals, method):
    portal = portals()
    token = new_token(portal)
    response = Browser(portal).ask(method, callback(portal, token))
    assert response.status_code == 405 and "set-cookie" not in response.headers
    assert Browser(portal).get(callback(portal, token)).status_code == 303


def test_one_of_many_sign_ins_with_the_same_token_wins(portals):
    """On several connections, and so on several workers, at the same moment."""
    portal = portals()
    token = new_token(portal)
    clients = [HTTP2Client(portal.gateway.clear_port, authority=portal.host) for _ in range(8)]
    try:
        streams = [[client.open_stream(client.fields("GET", callback(portal, token), [("accept", "text/html")]))
                    for _ in range(4)] for client in clients]
        answers = [client.response(stream) for client, opened in zip(clients, streams) for stream in opened]
    finally:
        for client in clients:
            client.__exit__()
    assert sorted(answer.status for answer in answers) == [303] + [401] * 31
    assert sum(bool(answer.values("set-cookie")) and "Max-Age=0" not in answer.values("set-cookie")[-1]
               for answer in answers) == 1


# Whose wish it was

@pytest.mark.parametrize("site, asks", [("cross-site", True), ("same-site", True), ("same-origin", False),
                                        ("none", False)])
def test_a_sign_in_that_another_site_began_replaces_nobody_silently(portals, site, asks):
    """A page elsewhere opens the portal's start address, and before the login page has answered, the callback with its
    own token: the visitor would go on as the attacker."""
    portal = portals()
    browser = signed_in(portal, "ada")
    assert browser.get(START, headers={"Sec-Fetch-Site": site}).status_code == 302
    response = browser.get(callback(portal, new_token(portal, "eve")))
    assert response.status_code == 303
    if asks:
        page = browser.get(urlsplit(response.headers["location"]).path)
        assert (page.status_code, page.headers["content-type"][:9]) == (200, "text/html"), page.text[:300]
    assert browser.state() == email("ada" if asks else "eve")


def test_a_link_on_another_site_begins_a_sign_in_all_the_same(portals):
    portal = portals(sso={"allow_unsolicited": False})
    browser = Browser(portal)
    browser.get(START, headers={"Sec-Fetch-Site": "cross-site"})
    assert browser.get(callback(portal, new_token(portal))).status_code == 303
    assert browser.state() == email("ada")


def test_what_a_browser_keeps_signs_in_once(portals):
    """A form's token waits in the browser, sealed, until it comes back from this site."""
    portal = portals("sleekplan")
    browser = Browser(portal)
    assert browser.ask("POST", "/ideas", data={"sso": new_token(portal)}).headers["location"] == COMPLETE
    kept = dict(browser.cookies)
    assert browser.get(COMPLETE).status_code == 303 and browser.state() == email("ada")
    browser.post(LOGOUT)
    thief = Browser(portal, kept)
    refused(thief.get(COMPLETE), "token_replayed", "session_expired")
    assert thief.session is None


def test_what_a_browser_keeps_is_for_its_organization_and_purpose(portals):
    portal = portals("sleekplan")
    browser = Browser(portal)
    browser.ask("POST", "/ideas", data={"sso": new_token(portal)})
    pending = browser.cookies["widget_pending"]
    thief = Browser(portal, {"widget_signin": pending, "widget_session": pending})
    assert thief.state() == "anonymous"
    refused(thief.get(COMPLETE), "session_expired")
    other = portals("sleekplan", settings={"id": "other"})
    refused(Browser(other, {"widget_pending": pending}).get(COMPLETE), "session_expired")


@pytest.mark.parametrize("command, code", [
    (("user", "sign-out"), "token_revoked"), (("user", "block"), "user_blocked"), (("user", "delete"), "session_expired")])
def test_nobody_goes_on_who_was_put_out_while_a_sign_in_waited(own_portal, command, code):
    portal = own_portal("sleekplan")
    browser = Browser(portal)
    browser.ask("POST", "/ideas", data={"sso": new_token(portal)})
    assert portal.gateway.cli(*command, "acme", email("ada")).returncode == 0
    refused(browser.get(COMPLETE), code)
    assert browser.session is None


# Whose portal it is

@pytest.fixture(scope="module")
def two(tmp_path_factory, upstream):
    """A portal whose gateway has another organization too, on a host of its own."""
    portal = Portal(tmp_path_factory.mktemp("two"), upstream.url, "userorbit", "http", routes=ROUTES,
                    settings={"allowed_origins": ["https://app.acme.test"]})
    other = {"id": "other", "name": "Other", "dialect": "userorbit", "hosts": ["other.test"],
             "secrets": [{"secret": secret(720)}],
             "sso": {"enabled": True, "login_url": portal.customer.login_url}}
    portal.gateway.apply([portal.organization, other])
    portal.gateway.start()
    yield portal
    portal.gateway.close()


@pytest.mark.parametrize("headers, query", [
    ({"X-Widget-Organization": "other"}, ""), ({}, "&teamId=other"), ({}, "&organizationId=other"),
    ({}, "&teamId=acme&teamId=other"), ({"X-Widget-Organization": "other"}, "&teamId=other")])
def test_a_callback_names_no_other_organization_than_its_hosts(two, headers, query):
    token = new_token(two)
    response = Browser(two).get(callback(two, token) + query, headers=headers)
    assert response.status_code == 400 and "organization_mismatch" in response.text
    assert Browser(two).get(callback(two, token)).status_code == 303, "the token isn't used up"


def test_a_token_of_another_organization_signs_nobody_in(two):
    token = sign(two.claims(PEOPLE["ada"]), secret(720))
    refused(Browser(two).get(callback(two, token)), "token_signature_mismatch")
    response = Browser(two).get(callback(two, token), headers={"Host": "other.test"})
    assert response.status_code == 303 and response.headers["set-cookie"].count("__Host-widget_session=") == 1


def test_a_sign_in_begun_at_one_organization_is_not_begun_at_another(two):
    started = Browser(two).get(START, headers={"Host": "other.test"})
    sealed = started.headers["set-cookie"].partition("=")[2].partition(";")[0]
    victim = signed_in(two, "ada")
    victim.cookies["widget_signin"] = sealed
    assert victim.get(callback(two, new_token(two, "eve"))).headers["location"] == COMPLETE
    assert victim.state() == email("ada")


@pytest.mark.parametrize("origin, status", [("https://app.acme.test", 303), ("https://evil.test", 403), ("null", 403)])
def test_scripts_of_other_origins_get_no_session(two, origin, status):
    token = new_token(two)
    script = {"Origin": origin, "Accept": "*/*", "Sec-Fetch-Mode": "cors"}
    response = Browser(two).get(callback(two, token), headers=script)
    assert response.status_code == status
    assert "access-control-allow-credentials" not in response.headers, "browsers drop the cookie"
    if status == 403:
        assert "set-cookie" not in response.headers
        assert Browser(two).get(callback(two, token)).status_code == 303, "the token isn't used up"
    browser = signed_in(two)
    assert browser.ask("POST", LOGOUT, headers=script).status_code == (204 if status == 303 else 403)
    assert browser.ask("GET", COMPLETE, headers=script).status_code == (401 if status == 303 else 403)


def test_where_everybody_must_be_identified_signing_in_is_open(portals):
    portal = portals(settings={"require_identify": "enforce"}, sso={"require": True})
    browser = Browser(portal)
    step = browser.get("/ideas")
    assert (step.status_code, urlsplit(step.headers["location"]).path) == (302, START)
    assert browser.get(step.headers["location"]).status_code == 302
    assert browser.get(callback(portal, new_token(portal))).headers["location"] == "/ideas"
    assert browser.state() == email("ada")
    for method, headers in (("POST", {}), ("GET", {"Accept": "*/*", "Sec-Fetch-Mode": "cors"})):
        refused(Browser(portal).ask(method, "/ideas", headers=headers), "identify_required")


# Closed doors

@pytest.mark.parametrize("path", ["/login", "/account/login"])
@pytest.mark.parametrize("spelling", [
    "{}", "{}/", "{}/x", "{};x", "{}?next=/", "/{}", "{}?organizationId=other", "{}?teamId=nobody"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_closed_login_page_stays_closed_in_every_spelling(portals, path, spelling, method):
    """Also on a public route, and for who names another organization than the host's."""
    portal = portals(sso={"require": True, "native_login_paths": ["/login", "/account/login"]})
    for written in (path, path.upper().replace("/ACCOUNT", "/account"), path.replace("l", "%6c"), path + "%2f"):
        with HTTP1Client(portal.gateway.clear_port) as client:
            answer = client.request(method, spelling.format(written), [("Host", portal.host), ("Accept", "text/html")])
        assert b'"target"' not in answer.body, f"{written}: {answer.status}"
    with HTTP1Client(portal.gateway.clear_port) as client:
        answer = client.request(
            method, path, [("Host", portal.host), ("X-Widget-Organization", "other"), ("Accept", "text/html")])
    assert b'"target"' not in answer.body


def test_assets_are_served_whatever_organization_is_named(portals):
    portal = portals(sso={"require": True, "native_login_paths": ["/login", "/account/login"]})
    assert accepted(Browser(portal).get("/assets/app.css?teamId=7"))["target"] == "/assets/app.css?teamId=7"


@pytest.mark.parametrize("path", [
    "/forums/7", "/forums/7-general", "/Forums/7", "/forums/007", "//forums//7", "/forums/%37", "/forums;x/7",
    "/forums;/7", "/forums/;x/7", "/forums/7;x", "/%66orums/7/suggestions", "/forums/7.json"])
def test_a_private_forum_is_closed_in_every_spelling(portals, path):
    portal = portals("uservoice", sso={"private_forums": ["7"]})
    with HTTP1Client(portal.gateway.clear_port) as client:
        answer = client.request("GET", path, [("Host", portal.host)])
    assert answer.status == 403, answer.body[:200]


# Answers

def test_every_answer_of_sign_in_is_for_one_browser_alone(portals):
    """No cache may keep it, and no page that is opened next may learn its address."""
    portal = portals("sleekplan")
    bridge = portals()
    browser = signed_in(bridge)
    asked = browser.get(callback(bridge, new_token(bridge, "grace")))
    formed = Browser(portal).ask("POST", "/ideas", data={"sso": new_token(portal)})
    answers = {
        "start": Browser(bridge).get(START + "?return_to=/ideas"),
        "start, refused": Browser(bridge).get(START + "?return_to=//evil.test"),
        "sign-in page": Browser(bridge).get("/_widget/sso/sign-in"),
        "callback": Browser(bridge).get(callback(bridge, new_token(bridge))),
        "callback, refused": Browser(bridge).get(callback(bridge, "a.b.c")),
        "callback, to be asked": asked,
        "question": browser.get(COMPLETE),
        "complete, refused": Browser(bridge).get(COMPLETE),
        "passive": Browser(portal).get(callback(portal, new_token(portal))),
        "form": formed,
        "form, refused": Browser(portal).ask("POST", "/ideas", data={"sso": "a.b.c"}),
        "sign-out": signed_in(bridge).post(LOGOUT),
        "405": Browser(bridge).ask("PUT", START),
    }
    for name, answer in answers.items():
        assert "no-store" in answer.headers["cache-control"], name
        assert answer.headers.get("referrer-policy") == "no-referrer" or name == "405", name
        assert "eyJ" not in answer.headers.get("location", ""), name
        if answer.headers.get("content-type", "").startswith("text/html"):
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy and "frame-ancestors 'self'" in policy, name
            assert "base-uri 'none'" in policy and "unsafe" not in policy, name


def test_only_listed_sites_frame_the_pages_of_an_embedded_portal(portals):
    portal = portals(
        scheme="https", sso={"embedded": True}, settings={"allowed_origins": ["https://app.acme.test"]})
    browser = signed_in(portal)
    browser.get(callback(portal, new_token(portal, "grace")))
    for path in ("/_widget/sso/sign-in", COMPLETE):
        policy = browser.get(path).headers["content-security-policy"]
        assert "frame-ancestors 'self' https://app.acme.test" in policy, path


def test_a_page_that_carries_a_session_is_kept_by_no_cache(own_portal, upstream):
    """Where sessions slide, any answer of the portal may bring the cookie anew."""
    upstream.on("/cacheable", lambda exchange: exchange.reply(
        b"{}", headers=["Cache-Control: public, max-age=3600", "Expires: Thu, 01 Jan 2037 00:00:00 GMT"]))
    portal = own_portal(sso={"sliding_sessions": True})
    browser = signed_in(portal)
    with sqlite3.connect(portal.gateway.directory / "data/widget-gateway.db") as database:
        database.execute("UPDATE sessions SET expires_at = expires_at - 5 * 86400")
    response = browser.get("/cacheable")
    assert response.headers["set-cookie"].startswith(portal.session_cookie + "=")
    assert response.headers.get_list("cache-control") == ["no-store"] and "expires" not in response.headers
    response = browser.get("/cacheable")
    assert "set-cookie" not in response.headers
    assert response.headers["cache-control"] == "public, max-age=3600"


# Bodies

FILLER = "x=" + "y" * 33_000


@pytest.mark.parametrize("form", ["a=1&b=2", "a=" + "z" * 20_000, FILLER, f"{FILLER}&sso=a.b.c", "sso=&x=1"])
@pytest.mark.parametrize("framing", ["length", "chunked", "pieces", "expect", "h2", "h2 without length"])
def test_a_form_that_signs_nobody_in_reaches_the_portal_byte_for_byte(portals, form, framing):
    portal = portals("sleekplan")
    body = form.encode()
    headers = [("Accept", "text/html"), *FORM.items()]
    if framing.startswith("h2"):
        length = [] if "without" in framing else [("content-length", str(len(body)))]
        with HTTP2Client(portal.gateway.clear_port, authority=portal.host) as client:
            answer = client.request(
                "POST", "/posts", [(name.lower(), value) for name, value in headers] + length, body)
    else:
        with HTTP1Client(portal.gateway.clear_port) as client:
            lines = ["POST /posts HTTP/1.1", f"Host: {portal.host}", *(f"{name}: {value}" for name, value in headers)]
            chunked = framing in ("chunked", "pieces")
            lines += ["Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(body)}"]
            lines += ["Expect: 100-continue"] if framing == "expect" else []
            client.send("\r\n".join(lines) + "\r\n\r\n")
            if framing == "expect":
                assert client._until(b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")
            size = 997 if framing == "pieces" else len(body)
            for start in range(0, len(body), size):
                piece = body[start:start + size]
                client.send((f"{len(piece):x}\r\n".encode() + piece + b"\r\n") if chunked else piece)
            client.send(b"0\r\n\r\n" if chunked else b"")
            answer = client.read_response()
    assert answer.status == 200, answer.body[:300]
    assert answer.json()["body"].encode("latin-1") == body


def test_a_form_waits_whole_for_a_session_that_storage_is_asked_for(portals):
    portal = portals("sleekplan")
    browser = signed_in(portal)
    cookie = ("cookie", f"{portal.session_cookie}={browser.session}")
    with HTTP2Client(portal.gateway.clear_port, authority=portal.host) as client:
        for size in (10, 32_768, 32_769, 60_000):
            stream = client.open_stream(
                client.fields("POST", "/posts", [cookie, ("accept", "text/html"), ("content-type", FORM["Content-Type"])]),
                end_stream=False)
            body = b"a=" + os.urandom(size // 2).hex().encode()
            client.send_data(stream, body)
            answer = client.response(stream)
            assert answer.json()["body"].encode() == body


def test_a_form_that_never_ends_costs_no_more_than_its_beginning(portals):
    portal = portals("sleekplan")
    with HTTP2Client(portal.gateway.clear_port, authority=portal.host) as client:
        opened = [client.open_stream(
            client.fields("POST", "/posts", [("accept", "text/html"), ("content-type", FORM["Content-Type"])]),
            end_stream=False) for _ in range(50)]
        for stream in opened:
            client.send_data(stream, b"a=" + b"x" * 1000, end_stream=False)
        assert client.request("GET", "/whoami").status == 200
        for stream in opened:
            client.send_frame(RstStreamFrame(stream, error_code=CANCEL))
        assert client.request("GET", "/whoami").status == 200


# Requests that are broken off

@pytest.mark.parametrize("protocol", ["h1", "h2"])
def test_requests_that_break_off_while_storage_is_asked(portals, protocol):
    """Their objects serve others by the time the answer comes."""
    portal = portals()
    browser = signed_in(portal)
    cookie = ("cookie", f"{portal.session_cookie}={browser.session}")
    made_up = ("cookie", f"{portal.session_cookie}={'B' * 42}A")
    for attempt in range(30):
        targets = [("GET", callback(portal, new_token(portal, "eve")), made_up), ("GET", "/whoami", made_up),
                   ("POST", LOGOUT, made_up), ("GET", START + "?test=true", made_up),
                   ("GET", callback(portal, "a.b.c"), cookie)]
        if protocol == "h2":
            with HTTP2Client(portal.gateway.clear_port, authority=portal.host) as client:
                for method, path, field in targets:
                    stream = client.open_stream(client.fields(method, path, [field]))
                    if attempt % 2:
                        client.settle()  # Else the two frames may be read at once, and the request isn't begun.
                    client.send_frame(RstStreamFrame(stream, error_code=CANCEL))
                answer = client.request("GET", "/whoami", [cookie])
                assert dict(answer.json()["headers"])["x-widget-user-email"] == email("ada")
                for method, path, field in targets:
                    client.open_stream(client.fields(method, path, [field]))
        else:
            for method, path, field in targets:
                with HTTP1Client(portal.gateway.clear_port) as client:
                    client.send(f"{method} {path} HTTP/1.1\r\nHost: {portal.host}\r\nCookie: {field[1]}\r\n"
                                f"Content-Length: 0\r\n\r\n")
    assert browser.state() == email("ada")


def test_requests_behind_one_another_get_their_own_answers(portals):
    """HTTP/1.1 pipelining, with storage asked in between."""
    portal = portals()
    ada, grace = signed_in(portal, "ada"), signed_in(portal, "grace")
    requests = b""
    for browser in (ada, grace, None, ada, None, grace):
        cookie = f"Cookie: {portal.session_cookie}={browser.session}\r\n" if browser else ""
        requests += f"GET /whoami HTTP/1.1\r\nHost: {portal.host}\r\n{cookie}\r\n".encode()
    with HTTP1Client(portal.gateway.clear_port) as client:
        client.send(requests)
        seen = [dict(client.read_response().json()["headers"]).get("x-widget-user-email") for _ in range(6)]
    assert seen == [email("ada"), email("grace"), None, email("ada"), None, email("grace")]


def test_a_cookie_in_crumbs_is_one_cookie(portals):
    portal = portals()
    browser = signed_in(portal)
    crumbs = [("cookie", "a=1"), ("cookie", f"{portal.session_cookie}={browser.session}"), ("cookie", "b=2")]
    with HTTP2Client(portal.gateway.clear_port, authority=portal.host) as client:
        headers = dict(client.request("GET", "/whoami", crumbs).json()["headers"])
    assert (headers["x-widget-user-email"], headers["cookie"]) == (email("ada"), "a=1; b=2")


# When storage fails

def lock(portal: Portal) -> sqlite3.Connection:
    database = sqlite3.connect(portal.gateway.directory / "data/widget-gateway.db", isolation_level=None)
    database.execute("BEGIN IMMEDIATE")
    return database


def test_what_storage_could_not_settle_can_be_tried_again(own_portal):
    portal = own_portal(sso={"allow_unsolicited": False})
    browser = signed_in_by_start(portal)
    leaving = dict(browser.cookies)
    browser.get(START)
    token = new_token(portal, "grace")
    database = lock(portal)
    try:
        response = browser.get(callback(portal, token))
        assert response.status_code == 503 and "directory_unavailable" in response.text
        assert response.headers["retry-after"]
        assert "set-cookie" not in response.headers, "the browser may still come back with it"
        response = browser.post(LOGOUT)
        assert response.status_code == 503 and "set-cookie" not in response.headers, "nobody has been signed out"
        assert browser.state() == email("ada"), "who is remembered goes on"
    finally:
        database.close()
    assert browser.get(callback(portal, token)).status_code == 303
    assert browser.state() == email("grace")
    assert Browser(portal, leaving).state() == "anonymous"


def signed_in_by_start(portal: Portal, user="ada") -> Browser:
    browser = Browser(portal)
    browser.get(START)
    browser.get(callback(portal, new_token(portal, user)))
    assert browser.state() == email(user)
    return browser


@pytest.mark.memory
def test_made_up_sessions_cost_a_look_and_no_memory(own_portal):
    portal = own_portal()
    browser = signed_in(portal)

    def flood(count: int) -> None:
        with HTTP2Client(portal.gateway.clear_port, authority=portal.host, timeout=60) as client:
            for _ in range(count // 100):
                streams = [client.open_stream(client.fields("GET", "/_widget/state", [
                    ("cookie", f"{portal.session_cookie}={(uuid.uuid4().hex * 2)[:42]}A")])) for _ in range(100)]
                assert {client.response(stream).status for stream in streams} <= {200, 401, 503}
                client.frames.clear()
                client.responses.clear()

    flood(1000)
    before = portal.gateway.resident_bytes()
    flood(4000)
    if "ASAN_OPTIONS" not in os.environ:  # AddressSanitizer keeps what is freed, to catch who still uses it.
        assert portal.gateway.resident_bytes() - before < 6 << 20
    assert browser.state() == email("ada")


def test_a_drain_lets_sign_ins_finish(own_portal):
    portal = own_portal()
    token = new_token(portal)
    database = lock(portal)
    with HTTP2Client(portal.gateway.clear_port, authority=portal.host) as client:
        stream = client.open_stream(client.fields("GET", callback(portal, token), [("accept", "text/html")]))
        client.request("GET", "/assets/x")
        portal.gateway.may_be_dead = True
        portal.gateway.process.terminate()
        client.wait(lambda: client.goaway is not None)
        database.close()
        answer = client.response(stream)
    assert answer.status == 303 and answer.values("set-cookie")
    assert portal.gateway.process.wait(20) == 0
