"""The console's own gateway: the real binary with two organizations, and administrators who may do different things."""

import itertools
import re
import sys
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

sys.path.append(str(Path(__file__).parents[1] / "EndToEnd"))

from harness import tokens  # noqa: E402
from harness.gateway import Gateway  # noqa: E402
from harness.upstream import RecordingUpstream  # noqa: E402

#: What people send to see whether a page takes it for something else than text.
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror="alert(2)">',
    "'; alert(3); //",
    "{{layout.csrf}}{{#page}}{{/page}}",
    "</textarea></title></select><svg onload=alert(4)>",
    "\u202egnp.exe\u2066 \u200b",
    "👩🏽‍🚀 Zoë ʇxǝʇ 漢字 العربية",
    "&lt;b&gt; &amp; %3Cb%3E \\u003cb\\u003e",
    "W" * 180,
]

#: Administrators by name, with the options of `admin-token create` that say what they may do.
ADMINISTRATORS = {
    "whole": (),
    "reading": ("--read-only",),
    "bound": ("--organization", "acme"),
    "bound-reading": ("--organization", "acme", "--read-only"),
}

ACME_SECRET = tokens.secret(800)


class ConsoleGateway:
    """`acme` (productbridge) and `lockd` (uservoice), each on the host `<id>.localhost` with the TLS listener's port."""

    def __init__(self, directory: Path, *, tls: bool = False):
        self.upstream = RecordingUpstream()
        self.gateway = Gateway(
            directory, organizations=[], workers=2, upstreams=[{"name": "widgets", "url": self.upstream.url}],
            routes=[
                {"path": "/", "access": "widget", "upstream": "widgets"},
                {"path": "/ideas", "access": "portal", "upstream": "widgets"},
            ])
        if tls:
            self.gateway.settings["admin"]["tls"] = {"certificate": "cert.pem", "key": "key.pem"}
            self.gateway.write_config()
        self.gateway.apply([
            {"id": "acme", "name": "Acme Inc", "dialect": "productbridge", "hosts": [self.host("acme")],
             "secrets": [{"secret": ACME_SECRET}]},
            {"id": "lockd", "name": "Lockd Ltd", "dialect": "uservoice", "hosts": [self.host("lockd")]},
        ])
        self.tokens = {name: self.make_token(name, *options) for name, options in ADMINISTRATORS.items()}
        self.gateway.start()
        self.origin = self.gateway.admin
        self._numbers = itertools.count(1)
        self._client = httpx.Client(
            base_url=self.origin, headers={"Authorization": f"Bearer {self.tokens['whole']}"}, timeout=20,
            verify=self.gateway.tls_context())

    def host(self, organization: str) -> str:
        return f"{organization}.localhost:{self.gateway.tls_port}"

    def url(self, path: str = "") -> str:
        """The address of a page: `admin-tokens`, `organizations/acme/keys`."""
        return f"{self.origin}/console/{path}"

    def make_token(self, name: str, *options: str) -> str:
        result = self.gateway.cli("admin-token", "create", name, *options)
        assert result.returncode == 0, result.stderr
        token = result.stdout.strip()
        tokens.must_stay_secret.add(token)
        return token

    def api(self, method: str, path: str, body=None, **options):
        """The admin API as an administrator of the whole instance: what a test needs to be there, and what came of it.

        Returns the answer's JSON.
        """
        if body is not None:
            options["json"] = body
        if method in ("PUT", "PATCH"):
            options.setdefault("headers", {"If-Match": "*"})
        response = self._client.request(method, "/api/v1" + path, **options)
        assert response.is_success, f"{method} {path}: {response.status_code} {response.text}"
        return response.json() if response.content else None

    def make_organization(self, **settings) -> str:
        """An organization of a test's own. Returns its id; its host is `<id>.localhost` with the TLS listener's port."""
        identifier = f"org-{next(self._numbers)}"
        self.api("POST", "/organizations", {"id": identifier, "hosts": [self.host(identifier)]} | settings)
        return identifier

    def settings(self, organization: str) -> dict:
        return self.api("GET", f"/organizations/{organization}")

    def audit(self, organization: str | None = None) -> list[dict]:
        """The latest entries of the audit log, the newest first."""
        parameters = {"organization": organization} if organization else {}
        return self.api("GET", "/audit", params=parameters)["entries"]

    def present(self, organization: str, token: str | None = None, *, path: str = "/_widget/state",
                headers: dict[str, str] | None = None) -> httpx.Response:
        """A visitor's request to an organization."""
        fields = {"Host": self.host(organization)} | (headers or {})
        if token:
            fields["Authorization"] = f"Bearer {token}"
        with self.gateway.client() as client:
            return client.get(path, headers=fields)

    def close(self) -> None:
        self._client.close()
        self.gateway.close()
        self.upstream.close()


@pytest.fixture(scope="session")
def console(tmp_path_factory):
    """One gateway for all tests of the console: each makes organizations of its own for what it changes."""
    running = ConsoleGateway(tmp_path_factory.mktemp("console"))
    yield running
    running.close()


@pytest.fixture
def organization(console):
    """The id of an organization of the test's own, of dialect productbridge."""
    return console.make_organization(name="Fresh Inc")


def sign_in(page: Page, token: str) -> None:
    """Fills in the sign-in page that `page` shows."""
    page.get_by_label("Admin token").fill(token)
    page.get_by_role("button", name="Sign in").click()


@pytest.fixture
def signed_in(console, open_page):
    """`signed_in("organizations/acme/keys", by="reading")`: a page in a browser of its own, signed in."""

    def opened(path: str = "", *, by: str = "whole", **options) -> Page:
        page = open_page(console.url(path), **options)
        sign_in(page, console.tokens[by])
        expect(page).not_to_have_url(re.compile("/console/sign-in"))
        return page

    return opened


@pytest.fixture(scope="session")
def three_looks(screenshot):
    """Saves what a page looks like light, dark and on a phone; fails where it scrolls sideways."""

    def save(page: Page, name: str) -> None:
        before = page.viewport_size
        for look, scheme, size in (
            ("light", "light", before), ("dark", "dark", before), ("phone", "light", {"width": 390, "height": 844}),
        ):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size(size)
            screenshot(page, f"console-{name}-{look}")
        page.emulate_media(color_scheme="light")
        page.set_viewport_size(before)

    return save


def answer_yes(page: Page, button: str) -> None:
    """Presses the button of the page that asks before a change, after checking that it is such a page."""
    expect(page.get_by_role("link", name="Cancel")).to_be_visible()
    page.get_by_role("main").get_by_role("button", name=button).click()


def expect_notice(page: Page, text: str) -> None:
    expect(page.locator("main > .notice").filter(has_text=text)).to_be_visible()
