"""The SDK's own gateway: the real binary, an organization for each dialect, and customers' pages on another site."""

import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page

sys.path.append(str(Path(__file__).parents[1] / "EndToEnd"))

from harness.gateway import Gateway  # noqa: E402
from harness.tokens import secret, sign  # noqa: E402
from harness.upstream import RecordingUpstream  # noqa: E402

#: Where customers' pages are: nothing listens there, tests write the pages.
CUSTOMER = "https://app.customer.test"
STRICT = "default-src 'none'; script-src 'nonce-abc'; style-src 'nonce-abc'; connect-src {gateway}"

#: How each dialect says who somebody is.
CLAIMS = {
    "productbridge": lambda id, name: {"id": id, "email": f"{id}@customer.test", "name": name},
    "productlift": lambda id, name: {"uid": id, "email": f"{id}@customer.test", "name": name},
    "sleekplan": lambda id, name: {"id": id, "mail": f"{id}@customer.test", "full_name": name},
    "uservoice": lambda id, name: {"guid": id, "email": f"{id}@customer.test", "display_name": name},
}
#: Sleekplan's pages name their organization by a number.
IDENTIFIERS = {"sleekplan": "309272111"}


class Widgets:
    """A gateway in front of an upstream that keeps what it is sent."""

    def __init__(self, directory: Path):
        self.upstream = RecordingUpstream()
        self.keys = {name: secret(700 + number) for number, name in enumerate([*CLAIMS, "locked"])}
        organizations = [self._organization(name, name) for name in CLAIMS]
        organizations.append(self._organization("locked", "productbridge", require_identify="enforce"))
        self.gateway = Gateway(
            directory, organizations=organizations, workers=2,
            upstreams=[{"name": "widgets", "url": self.upstream.url}],
            routes=[{"path": "/", "access": "widget", "upstream": "widgets"}])
        # Hosts hold the port, which is known only now.
        port = self.gateway.clear_port
        self.gateway.apply([one | {"hosts": [f"{one['name']}.localhost:{port}"]} for one in organizations])
        self.gateway.start()

    def _organization(self, name: str, dialect: str, **settings) -> dict:
        return {
            "id": IDENTIFIERS.get(name, name), "name": name, "dialect": dialect,
            "secrets": [{"secret": self.keys[name]}], "allowed_origins": [CUSTOMER],
        } | settings

    def url(self, name: str = "productbridge") -> str:
        """The origin of an organization's gateway, as a browser reaches it."""
        return f"http://{name}.localhost:{self.gateway.clear_port}"

    def token(self, name: str = "productbridge", id: str = "ada", full_name: str = "Ada Lovelace", **options) -> str:
        claims = CLAIMS.get(name, CLAIMS["productbridge"])(id, full_name)
        return sign(claims, self.keys[name], **options)

    def posts(self, containing: str) -> list[tuple[str | None, str]]:
        """Who posted feedback with this text, as the upstream was told, and what exactly."""
        return [(one.value("x-widget-user-email"), one.body.decode()) for one in self.upstream.seen("/api/feedback")
                if one.method == "POST" and containing in one.body.decode()]

    def close(self) -> None:
        self.gateway.close()
        self.upstream.close()


@pytest.fixture(scope="session")
def widgets(tmp_path_factory):
    running = Widgets(tmp_path_factory.mktemp("widgets"))
    yield running
    running.close()


@pytest.fixture
def customer(widgets, open_page):
    """Opens a customer's page of this body; `{gateway}` and what is in `values` are filled in."""

    def opened(body: str, name: str = "productbridge", *, policy: str | None = None, head: str = "", dir: str = "ltr",
               before=None, values: dict[str, str] | None = None, **options) -> Page:
        page = open_page(**options)
        filled = {"gateway": widgets.url(name)} | (values or {})
        html = (f'<!doctype html><html lang="en" dir="{dir}"><meta charset="utf-8"><title>A customer</title>'
                f'<meta name="viewport" content="width=device-width">{head}<h1>A customer’s page</h1>{body}')
        for place, value in filled.items():
            html = html.replace("{" + place + "}", value)
        headers = {"Content-Security-Policy": policy.format(gateway=widgets.url(name))} if policy else {}
        page.route(f"{CUSTOMER}/**", lambda route: route.fulfill(
            content_type="text/html; charset=utf-8", headers=headers, body=html))
        if before:
            before(page)
        page.goto(f"{CUSTOMER}/")
        return page

    return opened


#: Loads the SDK the plain way.
SCRIPT = '<script nonce="abc" src="{gateway}/_widget/sdk.js"></script>'


def write(page: Page, text: str) -> None:
    """Sends feedback through the panel, which is open."""
    panel = page.get_by_role("dialog")
    panel.get_by_label("Your feedback", exact=True).fill(text)
    panel.get_by_role("button", name="Send feedback").click()
