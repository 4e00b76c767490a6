"""WebSockets of a real browser: over HTTP/2 on the TLS listener, over HTTP/1.1 on the cleartext one."""

import re
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page

sys.path.append(str(Path(__file__).parents[1] / "EndToEnd"))

from harness.gateway import Gateway, eventually  # noqa: E402
from harness.tokens import secret, sign  # noqa: E402
from harness.upstream import RecordingUpstream  # noqa: E402
from harness.websocket import WebSocketUpstream  # noqa: E402

KEY = secret(821)
#: The same site to browsers, which send cookies along, but another origin. Nothing listens there.
NEIGHBOUR = "https://localhost:4443"

#: Says something, waits for the echo, and tells what became of it.
TALK = """address => new Promise(done => {
    const socket = new WebSocket(address), heard = [];
    socket.onopen = () => socket.send('from the page');
    socket.onmessage = ({data}) => { heard.push(data); window.socket = socket; done({heard}); };
    socket.onclose = ({code}) => done({heard, code});
})"""
END = "() => new Promise(done => { window.socket.onclose = ({code, reason}) => done([code, reason]); })"


class Site:
    def __init__(self, directory: Path):
        self.pages, self.sockets = RecordingUpstream(), WebSocketUpstream()
        for path in ("/page", "/"):
            self.pages.on(path, lambda exchange: exchange.reply(
                b"<!doctype html><title>Live</title>", headers=["Content-Type: text/html"]))
        self.gateway = Gateway(
            directory, organizations=[], workers=2,
            upstreams=[{"name": "pages", "url": self.pages.url}, {"name": "sockets", "url": self.sockets.url}],
            routes=[{"path": "/", "access": "widget", "upstream": "pages"},
                    {"path": "/live", "access": "widget", "upstream": "sockets", "websocket": True}])
        self.hosts = {"https": f"localhost:{self.gateway.tls_port}", "http": f"localhost:{self.gateway.clear_port}"}
        self.gateway.apply([{
            "id": "acme", "name": "Acme", "dialect": "productbridge", "hosts": list(self.hosts.values()),
            "secrets": [{"secret": KEY}], "allowed_origins": [NEIGHBOUR],
            "sso": {"enabled": True, "login_url": "http://127.0.0.1:1/login"}}])
        self.gateway.start()

    def socket(self, scheme: str, query: str = "") -> str:
        return f"{'wss' if scheme == 'https' else 'ws'}://{self.hosts[scheme]}/live{query}"

    def opened(self, mark: str) -> str:
        """The access log's line of a WebSocket that has ended."""
        return eventually(lambda: next((line for line in self.gateway.log().splitlines() if mark in line), None),
                          within=5, what="the line in the log")

    def close(self) -> None:
        self.gateway.close()
        self.pages.close()
        self.sockets.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = Site(tmp_path_factory.mktemp("websocket"))
    yield made
    made.close()


@pytest.fixture
def page(browser):
    context = browser.new_context(ignore_https_errors=True)
    yield context.new_page()
    context.close()


def sign_in(page: Page, site: Site, scheme: str, name: str) -> None:
    token = sign({"email": f"{name}@x.test"}, KEY)
    page.goto(f"{scheme}://{site.hosts[scheme]}/api/redirects/sso?organizationId=acme&ssoToken={token}")


@pytest.mark.parametrize("scheme, method, status", [("https", "CONNECT", 200), ("http", "GET", 101)])
def test_a_page_talks_to_the_upstream_as_its_visitor(page, site, scheme, method, status):
    sign_in(page, site, scheme, scheme)
    page.goto(f"{scheme}://{site.hosts[scheme]}/page")
    assert page.evaluate(TALK, site.socket(scheme, f"/{scheme}")) == {"heard": ["from the page"]}
    assert site.sockets.seen(f"/live/{scheme}")[0].headers["X-Widget-User-Email"] == f"{scheme}@x.test"
    page.evaluate("() => window.socket.close()")
    line = site.opened(f"path=/live/{scheme} ")
    assert re.search(r"method=(\S+)", line)[1] == method and f"status={status}" in line


def test_a_token_in_the_address_does_without_a_session(page, site):
    page.goto(f"https://{site.hosts['https']}/page")
    token = sign({"email": "token@x.test"}, KEY)
    assert page.evaluate(TALK, site.socket("https", f"/token?sso={token}")) == {"heard": ["from the page"]}
    [request] = site.sockets.seen("/live/token")
    assert request.path == "/live/token" and request.headers["X-Widget-User-Email"] == "token@x.test"


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_the_page_hears_why_it_ends(page, site, scheme):
    sign_in(page, site, scheme, f"blocked-{scheme}")
    page.goto(f"{scheme}://{site.hosts[scheme]}/page")
    assert page.evaluate(TALK, site.socket(scheme, "/ends")) == {"heard": ["from the page"]}
    ended = page.evaluate_handle("() => { window.ended = (" + END + ")(); return 0; }")
    assert site.gateway.cli("user", "block", "acme", f"blocked-{scheme}@x.test").returncode == 0
    assert page.evaluate("() => window.ended") == [1008, "user_blocked"]
    ended.dispose()


def test_another_origins_page_gets_nothing_with_the_visitors_cookie(page, site):
    """Listed or not: that is for tokens."""
    sign_in(page, site, "https", "victim")
    page.route(NEIGHBOUR + "/", lambda route: route.fulfill(content_type="text/html", body="<title>Next door</title>"))
    page.goto(NEIGHBOUR + "/")
    assert page.evaluate(TALK, site.socket("https", "/next-door")) == {"heard": [], "code": 1006}
    assert "code=origin_not_allowed" in site.opened("path=/live/next-door ")
    assert not site.sockets.seen("/live/next-door")
    token = sign({"email": "guest@x.test"}, KEY)
    page.context.clear_cookies()
    assert page.evaluate(TALK, site.socket("https", f"/guest?sso={token}")) == {"heard": ["from the page"]}
