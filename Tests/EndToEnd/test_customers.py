"""The customers' applications themselves, before a portal that is made of nothing but what vendors promise."""

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest

from harness.customer import PEOPLE, Customer
from harness.tokens import now, secret
from harness.visitor import Visitor

SECRET = secret(700)
PAGE = "/ideas?sort=top&q=a%26b"

#: What a portal adds to the address of the login page.
QUESTION = {
    "productbridge": lambda portal: {
        "redirect": f"{portal}/api/redirects/sso", "organizationId": "acme", "returnTo": portal + PAGE},
    "productlift": lambda portal: {"return_to": portal + PAGE},
    "sleekplan": lambda portal: {"return_to": portal + PAGE},
    "uservoice": lambda portal: {"return": "/login_success", "uv_login": "1", "uv_size": "window"},
    "userorbit": lambda portal: {"return_to": portal + PAGE, "teamId": "acme"},
}

#: What the browser brings back: the path, the token's name, and what comes with it.
ANSWER = {
    "productbridge": lambda portal: (
        "/api/redirects/sso", "ssoToken", {"organizationId": "acme", "returnTo": portal + PAGE}),
    "productlift": lambda portal: ("/ideas", "sso", {"sort": "top", "q": "a&b"}),
    "sleekplan": lambda portal: ("/ideas", "sso", {"sort": "top", "q": "a&b"}),
    "uservoice": lambda portal: ("/login_success", "sso", {}),
    "userorbit": lambda portal: (
        "/auth/subscriber/sso.callback", "jwt", {"teamId": "acme", "return_to": portal + PAGE}),
}

#: The names of a user's id, email address and name.
CLAIMS = {
    "productbridge": ("id", "email", "name"), "productlift": ("uid", "email", "name"),
    "sleekplan": ("id", "mail", "full_name"), "uservoice": ("guid", "email", "display_name"),
    "userorbit": ("id", "email", "name"),
}

CUSTOMERS = [(dialect, False) for dialect in QUESTION] + [("sleekplan", True)]


class StubPortal:
    """Notes whatever it is asked, and answers with a page."""

    def __init__(self):
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.answer("")

            def do_POST(self):
                self.answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

            def answer(self, body):
                parts = urlsplit(self.path)
                values = parse_qs(f"{parts.query}&{body}".strip("&"), keep_blank_values=True, strict_parsing=True)
                assert all(len(value) == 1 for value in values.values()), values
                stub.requests.append((self.command, parts.path, {key: value[0] for key, value in values.items()}))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://localhost:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="module")
def portal():
    stub = StubPortal()
    yield stub
    stub.close()


@pytest.fixture(scope="module", params=CUSTOMERS, ids=lambda case: case[0] + ("-form" if case[1] else ""))
def customer(request, portal, tmp_path_factory):
    dialect, by_form = request.param
    running = Customer(dialect, SECRET, tmp_path_factory.mktemp("customer") / "log", by_form=by_form)
    running.start(portal.origin)
    yield running
    running.stop()


@pytest.fixture
def visitor():
    opened = Visitor(ssl.create_default_context())
    yield opened
    opened.close()


def ask(customer, portal, **changes) -> str:
    """The address that the portal sends a visitor to."""
    return f"{customer.login_url}?{urlencode(QUESTION[customer.dialect](portal.origin) | changes)}"


def log_in(visitor, customer, portal, user="ada", fault=""):
    """Logs in and returns what came back to the portal: method, path, token and the rest."""
    del portal.requests[:]
    visitor.open(ask(customer, portal))
    visitor.submit(user=user, fault=fault)
    (method, path, values), = portal.requests
    name = ANSWER[customer.dialect](portal.origin)[1]
    return method, path, values.pop(name), values


def decode(token, key=SECRET):
    return jwt.decode(token, key, algorithms=["HS256"])


def test_it_brings_the_token_back_as_the_vendor_says(visitor, customer, portal):
    method, path, token, rest = log_in(visitor, customer, portal)
    expected_path, _, expected_rest = ANSWER[customer.dialect](portal.origin)
    assert (method, path) == ("POST" if customer.by_form else "GET", expected_path)
    assert rest == expected_rest
    identifier, email, name = CLAIMS[customer.dialect]
    claims = decode(token)
    assert str(claims[identifier]) == PEOPLE["ada"]["id"]
    assert (claims[email], claims[name]) == (PEOPLE["ada"]["email"], PEOPLE["ada"]["name"])
    assert 0 < claims["exp"] - claims["iat"] <= 3600


def test_names_survive(visitor, customer, portal):
    claims = decode(log_in(visitor, customer, portal, "zoe")[2])
    assert claims[CLAIMS[customer.dialect][2]] == PEOPLE["zoe"]["name"]


def test_nobody_unknown_gets_in(visitor, customer, portal):
    del portal.requests[:]
    visitor.open(ask(customer, portal))
    assert visitor.submit(user="mallory").status_code == 401
    assert not portal.requests


def test_who_is_logged_in_goes_straight_back_until_logging_out(visitor, customer, portal):
    first = log_in(visitor, customer, portal)[2]
    visitor.open(ask(customer, portal))
    assert len(portal.requests) == 2
    second = portal.requests[1][2][ANSWER[customer.dialect](portal.origin)[1]]
    assert first != second, "each login has a token of its own, though they are in the same second"
    visitor.open(customer.logout_url)
    del portal.requests[:]
    visitor.open(ask(customer, portal))
    assert visitor.forms()[0].method == "POST" and not portal.requests


@pytest.mark.parametrize("fault, key", [("wrong-secret", "f" * 64), ("decoded-secret", bytes.fromhex(SECRET))])
def test_it_can_sign_with_another_key(visitor, customer, portal, fault, key):
    token = log_in(visitor, customer, portal, fault=fault)[2]
    assert decode(token, key)
    with pytest.raises(jwt.InvalidSignatureError):
        decode(token)


def test_it_can_send_an_expired_token(visitor, customer, portal):
    token = log_in(visitor, customer, portal, fault="expired")[2]
    with pytest.raises(jwt.ExpiredSignatureError):
        decode(token)
    claims = jwt.decode(token, SECRET, algorithms=["HS256"], options={"verify_exp": False})
    assert claims["exp"] < now() - 1800


def test_it_can_replay_a_token(visitor, customer, portal):
    first = log_in(visitor, customer, portal)[2]
    visitor.open(customer.logout_url)
    assert log_in(visitor, customer, portal, fault="replay")[2] == first
    visitor.open(customer.logout_url)
    assert log_in(visitor, customer, portal, "grace", fault="replay")[2] != first


def test_it_can_ask_for_a_hostile_return(visitor, customer, portal):
    rest = log_in(visitor, customer, portal, fault="hostile-return")[3]
    if customer.dialect in ("productlift", "sleekplan"):
        assert rest == ANSWER[customer.dialect](portal.origin)[2], "there is nothing to ask by"
    else:
        assert "https://evil.example/" in rest.values()


@pytest.mark.parametrize("elsewhere", [
    "https://evil.example/", "http://localhost.evil.example/", "http://localhost:1/", "//evil.example/", ""])
def test_its_tokens_go_to_the_portal_alone(visitor, customer, portal, elsewhere):
    del portal.requests[:]
    name = {"productbridge": "redirect", "uservoice": "return"}.get(customer.dialect, "return_to")
    visitor.open(ask(customer, portal, **{name: elsewhere}))
    visitor.submit(user="ada")
    assert all(hop.url.startswith((customer.origin, portal.origin + "/")) for hop in visitor.hops)
    if customer.dialect not in ("userorbit", "uservoice"):
        # These two know the portal's address themselves.
        assert visitor.last.response.status_code == 400 and not portal.requests


def test_a_log_in_page_is_what_its_own_query_says(visitor, customer, portal):
    """A fault by query, for who is logged in already."""
    log_in(visitor, customer, portal)
    del portal.requests[:]
    visitor.open(ask(customer, portal, fault="wrong-secret"))
    name = ANSWER[customer.dialect](portal.origin)[1]
    with pytest.raises(jwt.InvalidSignatureError):
        decode(portal.requests[0][2][name])
