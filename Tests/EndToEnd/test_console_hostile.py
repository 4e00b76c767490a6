"""The console in the hands of people who mean it harm: forged and foreign requests on every address that it has."""

import re
import sys
from html import unescape
from pathlib import Path
from urllib.parse import quote, urljoin, urlsplit

import httpx
import pytest

sys.path.append(str(Path(__file__).parents[1] / "Browser"))

from console_gateway import HOSTILE, ConsoleGateway  # noqa: E402

from harness.tokens import sign  # noqa: E402

USER = "hostile-1"
#: Addresses of one organization that take a change, though no page may show a form for them at the moment.
CHANGES = [
    *(f"users/{USER}/{deed}" for deed in (
        "block", "unblock", "sign-out", "role", "delete", "sessions/end", "sessions/0011223344556677/end")),
    "users/import/" + "A" * 22, "users/import/" + "A" * 22 + "/cancel",
]
#: Addresses of one organization that only show something.
PAGES = ["", "sso", "widget-auth", "portal", "keys", "users", f"users/{USER}", f"users/{USER}/data.json", "users.csv",
         "users/import", "users/import/sample.csv", "token-log", "token-checker", "audit", "settings"]


@pytest.fixture(scope="module")
def console(tmp_path_factory):
    running = ConsoleGateway(tmp_path_factory.mktemp("console"))
    for organization in ("acme", "lockd"):
        running.api("POST", f"/organizations/{organization}/users.csv", content=f"id,email\r\n{USER},h@x.test\r\n",
                    headers={"content-type": "text/csv"})
        running.api("POST", f"/organizations/{organization}/secrets", {})
    yield running
    running.close()


class Browser:
    """What a browser has after signing in: a cookie, and the token that the console's own forms carry."""

    def __init__(self, console: ConsoleGateway, by: str):
        self.client = httpx.Client(base_url=console.origin, timeout=20)
        answer = self.client.post("/console/sign-in", data={"token": console.tokens[by]})
        assert answer.status_code == 303, answer.text
        page = self.client.get("/console/admin-tokens").text
        self.csrf = unescape(re.search(r'name="csrf" value="([^"]+)"', page)[1])
        self.cookie = answer.headers["set-cookie"].split(";")[0]

    def forms(self, start: str) -> set[str]:
        """The addresses of all forms that post, on the pages that can be reached by links from `start`, and on those
        that ask before a change."""
        seen, waiting, found = set(), [start], set()
        while waiting and len(seen) < 60:
            address = waiting.pop()
            path = urlsplit(address).path
            if path in seen:
                continue
            seen.add(path)
            answer = self.client.get(address)
            if not answer.headers.get("content-type", "").startswith("text/html"):
                continue
            for form in re.findall(r"<form\b[^>]*>", answer.text):
                if 'method="post"' in form:
                    action = re.search(r'action="([^"]*)"', form)
                    found.add(urljoin(path, unescape(action[1])) if action else path)
            for link in re.findall(r'<a\b[^>]*href="([^"]+)"', answer.text):
                link = urlsplit(urljoin(address, unescape(link)))
                if link.path.startswith(start):
                    waiting.append(link.path)
        return {address for address in found if address.startswith(start)}


@pytest.fixture(scope="module")
def browsers(console):
    made = {name: Browser(console, name) for name in ("whole", "reading", "bound")}
    yield made
    for one in made.values():
        one.client.close()


@pytest.fixture(scope="module")
def changes(browsers):
    """Every address below an organization that takes a change, as far as pages show, and the others that are known."""
    def all_of(organization: str) -> list[str]:
        root = f"/console/organizations/{organization}"
        return sorted(browsers["whole"].forms(root) | {f"{root}/{path}" for path in CHANGES})

    found = {organization: all_of(organization) for organization in ("acme", "lockd")}
    assert len(found["acme"]) > len(CHANGES)
    return found


def post(browser: Browser, address: str, csrf: str | None, **headers) -> httpx.Response:
    """What the address expects, with this token; the answers' statuses are what matters."""
    if re.search(r"/users/import/[^/]+$", address):
        fields = {"content-type": "text/csv"} | ({"x-csrf-token": csrf} if csrf is not None else {})
        return browser.client.post(address, content="id\r\n1\r\n", headers=fields | headers)
    form = {"confirmed": "yes", "role": "owner", "name": "x", "typed": "acme"}
    return browser.client.post(address, data=form | ({"csrf": csrf} if csrf is not None else {}), headers=headers)


def standing(console) -> tuple:
    """What a change would leave a trace in."""
    entries = [entry for entry in console.audit() if not entry["action"].startswith("console.")]
    return (entries, [console.settings(name) for name in ("acme", "lockd")],
            [console.api("GET", f"/organizations/{name}/users/{USER}") for name in ("acme", "lockd")])


# Changes that the console's own page didn't send


@pytest.mark.parametrize("token", ["none", "empty", "another browser's", "one letter off"])
def test_no_change_is_made_without_this_browsers_own_token(console, browsers, changes, token):
    before = standing(console)
    browser = browsers["whole"]
    csrf = {"none": None, "empty": "", "another browser's": browsers["reading"].csrf,
            "one letter off": browser.csrf[:-1] + ("A" if browser.csrf[-1] != "A" else "B")}[token]
    for address in [*changes["acme"], "/console/organizations/new", "/console/admin-tokens", "/console/sign-out"]:
        assert post(browser, address, csrf).status_code == 403, address
    assert standing(console) == before
    assert browser.client.get("/console/audit").status_code == 200


@pytest.mark.parametrize("headers", [
    {"origin": "https://evil.test"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"}, {"origin": "http://127.0.0.1"},
], ids=str)
def test_no_change_is_made_for_another_site(console, browsers, changes, headers):
    before = standing(console)
    for address in changes["acme"]:
        assert post(browsers["whole"], address, browsers["whole"].csrf, **headers).status_code == 403, address
    assert standing(console) == before


def test_a_change_needs_a_session(console, changes):
    before = standing(console)
    with httpx.Client(base_url=console.origin) as nobody:
        for address in changes["acme"]:
            answer = nobody.post(address, data={"confirmed": "yes"})
            assert (answer.status_code, answer.headers["location"]) == (303, "/console/sign-in"), address
    assert standing(console) == before


def test_no_change_is_made_by_asking(console, browsers, changes):
    """A link that somebody is made to follow changes nothing."""
    before = standing(console)
    for address in changes["acme"]:
        answer = browsers["whole"].client.get(address + "?confirmed=yes&csrf=" + browsers["whole"].csrf)
        assert answer.status_code in (200, 303, 404), address
        for method in ("PUT", "PATCH", "DELETE", "OPTIONS"):
            assert browsers["whole"].client.request(method, address).status_code == 405, (method, address)
    assert standing(console) == before


# Who may do what


def test_who_may_only_read_changes_nothing(console, browsers, changes):
    before = standing(console)
    for address in changes["acme"]:
        status = post(browsers["reading"], address, browsers["reading"].csrf).status_code
        # A form may be refused for what it says, before anybody asks who sent it; a check changes nothing.
        assert status in (403, 404, 422) or address.endswith("/token-checker"), (address, status)
    assert standing(console) == before


def test_who_is_bound_to_one_organization_reaches_nothing_of_another(console, browsers, changes):
    before = standing(console)
    browser = browsers["bound"]
    for address in changes["lockd"]:
        assert post(browser, address, browser.csrf).status_code == 404, address
    for page in PAGES:
        answer = browser.client.get(f"/console/organizations/lockd/{page}")
        assert answer.status_code == 404, page
        assert "h@x.test" not in answer.text and "Lockd Ltd" not in answer.text, page
        assert browser.client.get(f"/console/organizations/acme/{page}").status_code in (200, 303), page
    theirs = console.api("GET", f"/organizations/lockd/users/{USER}")["id"]
    for path in (f"users/{theirs}", f"users/{theirs}/data.json", f"token-log?user={theirs}", f"audit?subject={theirs}"):
        assert "h@x.test" not in browser.client.get(f"/console/organizations/acme/{path}").text, path
    assert standing(console) == before


# Addresses


@pytest.mark.parametrize("path", [
    "organizations/acme%2f..%2flockd/users", "organizations/%2e%2e/acme", "organizations/acme/users/%2e%2e%2f%2e%2e",
    "organizations/acme%00/users", "organizations/acme/users/%00", "organizations/acme/users/%ff%fe",
    "organizations/acme/users/%", "organizations/acme/users/%zz", "organizations//users", "//organizations/acme",
    "organizations/acme//users", "assets/../organizations/acme", "assets/%2e%2e/console.css", "assets/console.css",
    "organizations/acme/users/" + "a" * 8000, "organizations/" + "%F0%9F%92%A9" * 500 + "/users",
    "organizations/acme/users/import/" + quote("<script>"), "organizations/acme/users/x/data.json/y",
])
def test_odd_addresses_lead_nowhere(console, browsers, path):
    answer = browsers["whole"].client.send(httpx.Request(
        "GET", console.origin, headers={"cookie": browsers["whole"].cookie},
        extensions={"target": f"/console/{path}".encode()}))
    assert answer.status_code in (400, 404), (answer.status_code, answer.text[:200])
    assert "<script>" not in answer.text.replace('<script src="/console/assets/', "")


@pytest.mark.parametrize("page", ["", "audit", "admin-tokens", *(f"organizations/acme/{page}" for page in PAGES)])
def test_odd_queries_are_harmless(browsers, page):
    client = browsers["whole"].client
    for query in ("search=%00&cursor=%00", "search=%ff&user=%ff", "cursor=nonsense", "cursor=-1", "cursor=" + "9" * 40,
                  "search=" + "a" * 20_000, "&".join(["search=x"] * 3000), "mrr_min=nan&mrr_max=inf", "since=1e999",
                  "search=" + quote("' OR 1=1 --"), "search=" + quote("\u202e<script>alert(1)</script>"),
                  "field=role&value=x&role=owner&blocked=maybe", "%3Cscript%3E", "=&=&&;"):
        answer = client.get(f"/console/{page}?{query}")
        assert answer.status_code < 500, (query[:60], answer.status_code, answer.text[-300:])
        assert "<script>" not in answer.text, query[:60]


@pytest.mark.parametrize("page", [*(f"organizations/acme/{page}" for page in PAGES), "audit", "nope", "sign-in"])
def test_head_is_get_without_the_body(browsers, page):
    client = browsers["whole"].client
    head, get = client.head(f"/console/{page}"), client.get(f"/console/{page}")
    assert head.status_code == get.status_code
    assert head.content == b""
    assert head.headers.get("content-type") == get.headers.get("content-type")


# What users bring


@pytest.mark.parametrize("text", [*HOSTILE, "a\r\nx-injected: yes", 'a"; filename="evil.html'], ids=range(11))
def test_downloads_are_named_by_the_console_alone(console, browsers, text):
    identifier = "".join(letter for letter in text if letter not in "\r\n")[:100]
    quoted = '"' + identifier.replace('"', '""') + '"'
    console.api("POST", "/organizations/acme/users.csv", content=f"id,name\r\n{quoted},{quoted}\r\n".encode(),
                headers={"content-type": "text/csv"})
    for path, name in ((f"users/{quote(text[:100], safe='')}/data.json", r"user-usr_[0-9a-z]{26}\.json"),
                       (f"users.csv?search={quote(text)}", r"users-acme\.csv")):
        answer = browsers["whole"].client.get(f"/console/organizations/acme/{path}")
        if answer.status_code == 404 and "\r" in text:
            continue
        assert answer.status_code == 200, path
        assert re.fullmatch(rf'attachment; filename="{name}"', answer.headers["content-disposition"])
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "x-injected" not in answer.headers
        assert not answer.headers["content-type"].startswith("text/html")


# Sessions


def test_each_browser_has_a_session_of_its_own(console):
    first, second = Browser(console, "whole"), Browser(console, "whole")
    assert first.cookie != second.cookie and first.csrf != second.csrf
    assert post(first, "/console/admin-tokens", second.csrf).status_code == 403
    assert first.client.post("/console/sign-out", data={"csrf": first.csrf}).status_code == 303
    for browser, status in ((first, 303), (second, 200)):
        answer = httpx.get(console.url("audit"), headers={"cookie": browser.cookie})
        assert answer.status_code == status
        browser.client.close()


def test_signing_in_never_takes_over_a_session_that_is_there(console):
    first = Browser(console, "reading")
    answer = httpx.post(console.url("sign-in"), data={"token": console.tokens["whole"]}, headers={"cookie": first.cookie})
    assert answer.status_code == 303
    assert answer.headers["set-cookie"].split(";")[0] != first.cookie
    # Whoever planted the old one has nothing of the new one's.
    assert httpx.get(console.url("audit"), headers={"cookie": first.cookie}).status_code == 303
    first.client.close()


@pytest.mark.parametrize("cookie", [
    "widget_console=", "widget_console=" + "A" * 43, "widget_console=" + "A" * 5000, "widget_console=\u00ff" * 2,
    "__Host-widget_console=" + "A" * 43, "widget_console",
])
def test_made_up_cookies_are_nobodys(console, cookie):
    answer = httpx.get(console.url("audit"), headers={"cookie": cookie.encode("latin-1")})
    assert answer.status_code == 303 and answer.headers["location"].startswith("/console/sign-in")


def test_the_same_cookie_twice_is_nobodys(console, browsers):
    cookie = browsers["whole"].cookie
    for value in (f"{cookie}; {cookie}", f"widget_console={'A' * 43}; {cookie}"):
        assert httpx.get(console.url("audit"), headers={"cookie": value}).status_code == 303


def test_a_hostile_origin_is_text_in_the_token_log(console, browsers):
    origin = "https://a.test/<script>alert(1)</script>"
    console.present("acme", sign({"email": "o@x.test"}, "x" * 32), headers={"Origin": origin})
    answer = browsers["whole"].client.get("/console/organizations/acme/token-log")
    assert answer.status_code == 200 and "<script>alert" not in answer.text
