"""A portal: a gateway of one organization, whose visitors sign in at that organization's own application."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from . import tokens
from .customer import Customer
from .gateway import Gateway
from .visitor import Visitor

#: Where a dialect's customers send the browser back to, and the token's name; without a path it is the page itself.
CALLBACK = {
    "productbridge": ("/api/redirects/sso", "ssoToken"),
    "productlift": (None, "sso"),
    "sleekplan": (None, "sso"),
    "uservoice": ("/login_success", "sso"),
    "userorbit": ("/auth/subscriber/sso.callback", "jwt"),
}
START = "/_widget/sso/start"
THIRTY_DAYS = 30 * 24 * 3600


class Portal:
    """`scheme` says which of the gateway's listeners visitors come by: http, as on a developer's machine, or https."""

    def __init__(self, directory: Path, upstream_url: str, dialect: str, scheme: str, *, by_form: bool = False,
                 settings: dict | None = None, sso: dict | None = None, routes: list[dict] | None = None,
                 **options):
        self.dialect, self.scheme, self.by_form = dialect, scheme, by_form
        self.secret = tokens.secret(710)
        self.customer = Customer(dialect, self.secret, directory / "customer.log", by_form=by_form)
        self.gateway = Gateway(
            directory, organizations=[], workers=2, upstreams=[{"name": "portal", "url": upstream_url}],
            routes=routes or [
                {"path": "/", "access": "portal", "upstream": "portal"},
                {"path": "/assets/", "access": "public", "upstream": "portal"},
            ], **options)
        port = self.gateway.tls_port if scheme == "https" else self.gateway.clear_port
        self.host = f"localhost:{port}"
        self.origin = f"{scheme}://{self.host}"
        prefix = "__Host-" if scheme == "https" else ""
        self.session_cookie, self.transaction_cookie = prefix + "widget_session", prefix + "widget_signin"
        self.callback_path, self.token_name = CALLBACK[dialect]
        self.organization = {
            "id": "acme", "name": "Acme", "dialect": dialect, "hosts": [self.host],
            "secrets": [{"secret": self.secret}],
            "sso": {"enabled": True, "login_url": self.customer.login_url} | (sso or {}),
        } | (settings or {})
        self.gateway.apply([self.organization])

    def start(self) -> "Portal":
        self.customer.start(self.origin)
        self.gateway.start()
        return self

    def close(self) -> None:
        self.customer.stop()
        self.gateway.close()

    def visitor(self) -> Visitor:
        return Visitor(self.gateway.tls_context())

    def start_address(self, page: str) -> str:
        """Where a 'Sign in' link on one of the portal's pages leads."""
        return f"{self.origin}{START}?return_to={quote(page, safe='')}"

    def claims(self, person: dict[str, str]) -> dict:
        """This dialect's names for a person."""
        identifier, email, name = {
            "productbridge": ("id", "email", "name"), "productlift": ("uid", "email", "name"),
            "sleekplan": ("id", "mail", "full_name"), "uservoice": ("guid", "email", "display_name"),
            "userorbit": ("id", "email", "name")}[self.dialect]
        return {identifier: person["id"], email: person["email"], name: person["name"]}

    def token(self, person: dict[str, str], **claims) -> str:
        """A token as the customer's server would sign it."""
        return tokens.sign(self.claims(person) | claims, self.secret)
