"""Portal sign-in by each vendor's own loop: out to a customer's login page, back with a token, on with a session."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qsl, unquote, urlencode, urljoin, urlsplit

import pytest

from harness.customer import PEOPLE
from harness.expect import STATUS, accepted, problem
from harness.gateway import eventually
from harness.portal import CALLBACK, START, THIRTY_DAYS, Portal
from harness.tokens import remember, secret, sign
from harness.visitor import Visitor

PAGE = "/ideas?sort=top&q=a%26b"

PORTALS = [(dialect, scheme, False) for dialect in CALLBACK for scheme in ("http", "https")]
PORTALS += [("sleekplan", scheme, True) for scheme in ("http", "https")]


def name_of(case) -> str:
    return "-".join([*case[:2], *(["form"] if case[2] else [])])


@pytest.fixture(scope="module", params=PORTALS, ids=name_of)
def portal(request, tmp_path_factory, upstream):
    dialect, scheme, by_form = request.param
    running = Portal(tmp_path_factory.mktemp("portal"), upstream.url, dialect, scheme, by_form=by_form)
    try:
        yield running.start()
        assert running.gateway.is_alive(), running.gateway.log()[-4000:]
    finally:
        running.close()


@pytest.fixture
def make_portal(tmp_path, upstream):
    """Portals with settings of a test's own."""
    made = []

    def make(dialect="productbridge", scheme="http", **options) -> Portal:
        directory = tmp_path / f"portal-{len(made)}"
        directory.mkdir()
        made.append(Portal(directory, upstream.url, dialect, scheme, **options))
        return made[-1].start()

    yield make
    for running in made:
        running.close()


@pytest.fixture
def make_visitor():
    opened = []

    def make(portal: Portal) -> Visitor:
        opened.append(portal.visitor())
        return opened[-1]

    yield make
    for visitor in opened:
        visitor.close()


@pytest.fixture
def visitor(portal, make_visitor):
    return make_visitor(portal)


# What visitors do

def log_in(visitor: Visitor, user="ada", fault=""):
    """Fills in the customer's form, and ends where the browser ends."""
    assert urlsplit(visitor.url).path == "/login", f"this isn't the login page: {visitor.last.response.text[:300]}"
    return visitor.submit(user=user, fault=fault)


def sign_in(visitor: Visitor, portal: Portal, user="ada", *, page=PAGE, fault=""):
    visitor.open(portal.origin + "/")
    visitor.open(portal.start_address(page), clicked=True)
    return log_in(visitor, user, fault)


def sign_out(visitor: Visitor, portal: Portal):
    """As a button of the portal does it: a form of its own."""
    visitor.open(portal.origin + "/")
    return visitor.post(portal.origin + "/_widget/logout", {})


def come_back(visitor: Visitor, portal: Portal, token: str, **more: str):
    """Opens what a customer's redirect would open, in a browser that may have begun nothing."""
    path, name = CALLBACK[portal.dialect]
    remember(token)
    return visitor.open(f"{portal.origin}{path or '/ideas'}?{urlencode({name: token} | more)}")


# What there is to see

def seen_by_upstream(response) -> dict[str, str]:
    """The headers that the portal's server got, each at most once."""
    headers: dict[str, str] = {}
    for name, value in accepted(response)["headers"]:
        assert name.lower() not in headers, f"{name} came twice"
        headers[name.lower()] = value
    return headers


def expect_signed_in(visitor: Visitor, portal: Portal, user="ada") -> dict[str, str]:
    headers = seen_by_upstream(visitor.open(portal.origin + "/whoami"))
    assert headers["x-widget-state"] == "identified"
    assert headers["x-widget-verified-by"] == "session"
    assert headers["x-widget-organization"] == "acme"
    assert headers["x-widget-user-id"] == PEOPLE[user]["id"]
    assert headers["x-widget-user-email"] == PEOPLE[user]["email"]
    assert unquote(headers["x-widget-user-name"]) == PEOPLE[user]["name"]
    state = accepted(visitor.fetch("/_widget/state"))
    assert state["state"] == "identified" and state["user"]["email"] == PEOPLE[user]["email"]
    return headers


def expect_nobody(visitor: Visitor, portal: Portal) -> None:
    headers = seen_by_upstream(visitor.open(portal.origin + "/whoami"))
    assert headers["x-widget-state"] == "anonymous"
    assert not {name for name in headers if name.startswith("x-widget-user") or name == "x-widget-verified-by"}
    assert accepted(visitor.fetch("/_widget/state"))["state"] == "anonymous"
    assert visitor.cookie(portal.session_cookie) is None


def expect_refused(visitor: Visitor, portal: Portal, code: str) -> None:
    """The browser has ended on the gateway's own page, which says why, and nothing was begun."""
    response = visitor.last.response
    assert visitor.last.url.startswith(portal.origin + "/"), visitor.last.url
    assert response.headers["content-type"].startswith("text/html"), response.text[:300]
    assert (response.status_code, code in response.text) == (STATUS[code], True), response.text[:2000]
    assert "no-store" in response.headers["cache-control"]
    assert not any(begins_session(hop, portal) for hop in visitor.hops)


def begins_session(hop, portal: Portal) -> bool:
    found = hop.cookie(portal.session_cookie)
    return found is not None and found[0] != "" and found[1].get("max-age") != "0"


# Out to the login page

def test_the_login_page_is_told_what_the_vendor_promises(visitor, portal):
    response = visitor.client.get(portal.start_address(PAGE), follow_redirects=False)
    assert response.status_code == 302
    assert "no-store" in response.headers["cache-control"]
    location = urlsplit(response.headers["location"])
    assert f"{location.scheme}://{location.netloc}{location.path}" == portal.customer.login_url
    told = parse_qsl(location.query, keep_blank_values=True, strict_parsing=True)
    page = portal.origin + PAGE
    if portal.dialect == "uservoice":
        assert dict(told) in ({"return": "/login_success", "uv_login": "1", "uv_size": size}
                              for size in ("window", "popup"))
    else:
        assert dict(told) == {
            "productbridge": {
                "redirect": f"{portal.origin}/api/redirects/sso", "organizationId": "acme", "returnTo": page},
            "userorbit": {"return_to": page, "teamId": "acme"},
            "productlift": {"return_to": page},
            "sleekplan": {"return_to": page},
        }[portal.dialect]
    assert len(told) == len(dict(told))


def expect_cookie_attributes(attributes: dict[str, str], portal: Portal, lifetime: int, same_site="lax") -> None:
    assert attributes["path"] == "/" and "domain" not in attributes
    assert "httponly" in attributes
    assert attributes["samesite"].lower() == same_site
    assert ("partitioned" in attributes) == (same_site == "none")
    assert ("secure" in attributes) == (portal.scheme == "https")
    assert attributes["max-age"] == str(lifetime)


def test_the_transaction_is_a_cookie_of_ten_minutes(visitor, portal):
    visitor.open(portal.start_address(PAGE))
    value, attributes = visitor.hop(START).cookie(portal.transaction_cookie)
    expect_cookie_attributes(attributes, portal, 600)
    other = visitor.client.get(portal.start_address(PAGE)).headers["set-cookie"]
    assert value and value not in other, "each transaction has a nonce of its own"


def test_without_a_page_it_comes_back_to_the_home_page(visitor, portal):
    visitor.open(portal.origin + START)
    log_in(visitor)
    assert visitor.url == portal.origin + "/"
    expect_signed_in(visitor, portal)


# Back with a token

def test_signing_in(visitor, portal, upstream):
    expect_nobody(visitor, portal)
    before = len(upstream.exchanges)
    response = sign_in(visitor, portal)
    assert visitor.url == portal.origin + PAGE, "the browser ends on the page where it was"
    headers = seen_by_upstream(response)
    assert headers["x-widget-state"] == "identified"
    assert response.json()["target"] == PAGE

    begun = [hop for hop in visitor.hops if begins_session(hop, portal)]
    assert len(begun) == 1
    value, attributes = begun[0].cookie(portal.session_cookie)
    expect_cookie_attributes(attributes, portal, THIRTY_DAYS)
    assert begun[0].response.status_code == 303 and begun[0].location == portal.origin + PAGE
    left = begun[0].cookie(portal.transaction_cookie)
    assert left is None or left[1]["max-age"] == "0"
    expect_signed_in(visitor, portal)

    for exchange in upstream.exchanges[before:]:
        text = exchange.head.decode("latin-1") + exchange.body.decode("latin-1")
        assert value not in text, "a session's id is between browser and gateway"
        assert "eyJ" not in text, "no token reaches the portal's server"


def test_the_answer_to_a_token_leaves_no_trace_of_it(visitor, portal):
    sign_in(visitor, portal)
    with_token = [hop for hop in visitor.hops if hop.url.startswith(portal.origin) and portal.token_name in hop.query]
    assert len(with_token) == (0 if portal.by_form else 1)
    for hop in with_token + [hop for hop in visitor.hops if hop.method == "POST" and hop.url.startswith(portal.origin)]:
        assert hop.response.status_code == 303
        assert hop.response.headers["referrer-policy"] == "no-referrer"
        assert "no-store" in hop.response.headers["cache-control"]
        assert "eyJ" not in hop.location


@pytest.mark.parametrize("user", ["grace", "zoe"])
def test_everybody_is_who_they_are(visitor, portal, user):
    sign_in(visitor, portal, user)
    expect_signed_in(visitor, portal, user)


def test_posting(visitor, portal):
    sign_in(visitor, portal)
    text = f"An idea, {uuid.uuid4()}"
    answer = visitor.fetch("/api/posts", "POST", json={"text": text})
    headers = seen_by_upstream(answer)
    assert headers["x-widget-user-email"] == PEOPLE["ada"]["email"]
    assert json.loads(answer.json()["body"]) == {"text": text}


def test_an_ordinary_form_is_the_portals(visitor, portal):
    """Also where a form may bring a token."""
    sign_in(visitor, portal)
    response = visitor.post(portal.origin + "/posts", {"text": "ein Vorschlag ä"})
    assert seen_by_upstream(response)["x-widget-state"] == "identified"
    assert response.json()["body"] == urlencode({"text": "ein Vorschlag ä"})
    large = {"text": "x" * 300_000}
    assert accepted(visitor.post(portal.origin + "/posts", large))["body"] == urlencode(large)


def test_forged_identity_headers_are_stripped_from_a_session_too(visitor, portal):
    sign_in(visitor, portal)
    response = visitor.client.get(portal.origin + "/whoami", headers={
        "X-Widget-User-Email": "mallory@evil.example", "x_widget_user": "u_1", "X-Widget-Verified-By": "token"})
    headers = seen_by_upstream(response)
    assert headers["x-widget-user-email"] == PEOPLE["ada"]["email"]
    assert headers["x-widget-verified-by"] == "session" and "x_widget_user" not in headers


def test_the_directory_has_the_user_once(visitor, portal, make_visitor):
    for browser in (visitor, make_visitor(portal)):
        sign_in(browser, portal)
    listed = [user for user in portal.gateway.users("acme") if user["profile"]["email"] == PEOPLE["ada"]["email"]]
    assert len(listed) == 1


# Out again, and in again

def test_signing_out(visitor, portal):
    sign_in(visitor, portal)
    kept = visitor.cookie(portal.session_cookie)
    sign_out(visitor, portal)
    hop = visitor.hops[0]
    assert hop.response.status_code == 303 and hop.location.startswith(portal.origin + "/")
    assert hop.cookie(portal.session_cookie)[1]["max-age"] == "0"
    expect_nobody(visitor, portal)

    stolen = {"Cookie": f"{portal.session_cookie}={kept}"}
    answer = visitor.client.get(portal.origin + "/_widget/state", headers=stolen)
    assert answer.status_code == 401 or answer.json()["state"] == "anonymous", "the id is worthless from now on"
    problem(visitor.client.post(portal.origin + "/api/posts", headers=stolen, json={}), "session_expired")


def test_a_link_signs_nobody_out(visitor, portal):
    """A picture on somebody else's page is a GET."""
    sign_in(visitor, portal)
    visitor.open(portal.origin + "/_widget/logout")
    expect_signed_in(visitor, portal)


def test_coming_back_in_the_same_browser(visitor, portal):
    sign_in(visitor, portal)
    visitor.restart()
    expect_signed_in(visitor, portal)


def test_coming_back_after_signing_out(visitor, portal):
    """Who is still logged in at the customer needs no password again."""
    sign_in(visitor, portal)
    sign_out(visitor, portal)
    expect_nobody(visitor, portal)
    visitor.open(portal.start_address("/roadmap"))
    assert visitor.url == portal.origin + "/roadmap"
    expect_signed_in(visitor, portal)


def test_signing_in_as_somebody_else(visitor, portal):
    sign_in(visitor, portal, "ada")
    visitor.open(portal.customer.logout_url)
    sign_in(visitor, portal, "grace")
    assert visitor.url == portal.origin + PAGE, "this browser asked for it: there is nothing to ask back"
    expect_signed_in(visitor, portal, "grace")


def test_a_sign_in_never_takes_over_a_session_id(visitor, portal):
    """Whoever plants a cookie must not know the session that comes of it."""
    sign_in(visitor, portal, "eve")
    planted = visitor.cookie(portal.session_cookie)
    sign_in_again = visitor.open(portal.start_address(PAGE))
    assert sign_in_again.status_code == 200
    assert visitor.cookie(portal.session_cookie) not in (planted, None)
    answer = visitor.client.get(
        portal.origin + "/_widget/state", headers={"Cookie": f"{portal.session_cookie}={planted}"})
    assert answer.status_code == 401 or answer.json()["state"] == "anonymous"


@pytest.mark.parametrize("value", ["x", "A" * 43, "..", "%00", "A" * 5000])
def test_a_made_up_session_is_nobody(portal, make_visitor, value):
    visitor = make_visitor(portal)
    cookie = {"Cookie": f"{portal.session_cookie}={value}"}
    page = visitor.client.get(portal.origin + "/whoami", headers=cookie | {"Accept": "text/html"})
    headers = seen_by_upstream(page)
    assert headers["x-widget-state"] == "anonymous" and "cookie" not in headers
    script = visitor.client.post(portal.origin + "/api/posts", headers=cookie, json={})
    problem(script, "session_expired")


def test_a_session_is_not_shared_between_the_names_of_its_cookie(visitor, portal):
    """On https only the name with the prefix counts: a sister domain can set the other one."""
    sign_in(visitor, portal)
    value = visitor.cookie(portal.session_cookie)
    other = "widget_session" if portal.scheme == "https" else "__Host-widget_session"
    answer = visitor.client.get(portal.origin + "/_widget/state", headers={"Cookie": f"{other}={value}"})
    assert accepted(answer)["state"] == "anonymous"


# What must not sign in

@pytest.mark.parametrize("fault, code", [
    ("wrong-secret", "token_signature_mismatch"), ("decoded-secret", "token_signature_mismatch"),
    ("expired", "token_expired"),
])
def test_a_bad_token_signs_nobody_in(visitor, portal, fault, code):
    sign_in(visitor, portal, fault=fault)
    expect_refused(visitor, portal, code)
    expect_nobody(visitor, portal)


def test_a_bad_token_ends_no_session(visitor, portal):
    sign_in(visitor, portal, "ada")
    visitor.open(portal.customer.logout_url)
    sign_in(visitor, portal, "grace", fault="wrong-secret")
    expect_refused(visitor, portal, "token_signature_mismatch")
    expect_signed_in(visitor, portal, "ada")


def test_a_token_signs_in_once(visitor, portal):
    sign_in(visitor, portal)
    sign_out(visitor, portal)
    visitor.open(portal.customer.logout_url)
    sign_in(visitor, portal, fault="replay")
    expect_refused(visitor, portal, "token_replayed")
    expect_nobody(visitor, portal)


def test_a_token_that_signed_in_is_worth_nothing_elsewhere(visitor, portal, make_visitor):
    sign_in(visitor, portal)
    thief = make_visitor(portal)
    thief.open(portal.origin + "/")
    sign_in(thief, portal, "ada", fault="replay")
    expect_refused(thief, portal, "token_replayed")
    expect_nobody(thief, portal)
    expect_signed_in(visitor, portal, "ada")


HOSTILE = [
    "https://evil.example/", "//evil.example/", "///evil.example/", "/\\evil.example/", "\\\\evil.example/",
    "https:evil.example", "javascript:alert(1)", "data:text/html,x", "ftp://{host}/", "{scheme}://user@{host}/",
    "{scheme}://{host}@evil.example/", "{scheme}://{host}.evil.example/", "{scheme}://{host}\\@evil.example/",
    "/ideas\r\nSet-Cookie: a=b", "/ideas\tx", "/\t/evil.example/", "{scheme}://evil.example\\.{host}/", "/%0d%0a\x00",
    "{scheme}://localhost:1/",
]


def test_a_hostile_page_begins_nothing(visitor, portal):
    for address in HOSTILE:
        visitor.open(portal.start_address(address.format(host=portal.host, scheme=portal.scheme)))
        assert len(visitor.hops) == 1, f"{address!r} leads on to {visitor.url}"
        expect_refused(visitor, portal, "return_to_not_allowed")
        assert visitor.cookie(portal.transaction_cookie) is None, address


def test_a_hostile_return_makes_no_session(visitor, portal):
    sign_in(visitor, portal, fault="hostile-return")
    if portal.dialect in ("productbridge", "userorbit"):
        expect_refused(visitor, portal, "return_to_not_allowed")
        expect_nobody(visitor, portal)
    else:
        # These vendors' callbacks have no return address: whatever else is said there leads nowhere.
        assert visitor.url == portal.origin + PAGE
        expect_signed_in(visitor, portal)


def test_a_hostile_return_of_an_unsolicited_sign_in_leads_nowhere(visitor, portal):
    for address in HOSTILE:
        address = address.format(host=portal.host, scheme=portal.scheme)
        token = portal.token(PEOPLE["ada"], jti=uuid.uuid4().hex)
        if portal.dialect in ("productbridge", "userorbit"):
            name = "returnTo" if portal.dialect == "productbridge" else "return_to"
            come_back(visitor, portal, token, **{name: address})
            assert len(visitor.hops) == 1, f"{address!r} leads on to {visitor.url}"
            expect_refused(visitor, portal, "return_to_not_allowed")
            expect_nobody(visitor, portal)
        else:
            # Without a return address of its own, the callback takes none.
            come_back(visitor, portal, token, return_to=address, **{"return": address})
            assert all(hop.url.startswith(portal.origin + "/") for hop in visitor.hops), visitor.url
            expect_signed_in(visitor, portal)


def test_two_tokens_are_a_conflict(visitor, portal):
    token, other = (portal.token(PEOPLE[user], jti=uuid.uuid4().hex) for user in ("ada", "grace"))
    path, name = CALLBACK[portal.dialect]
    response = visitor.client.get(
        f"{portal.origin}{path or '/ideas'}?{name}={token}",
        headers={"Authorization": f"Bearer {other}", "Accept": "text/html", "Sec-Fetch-Mode": "navigate"})
    assert (response.status_code, "token_conflict" in response.text) == (400, True)
    expect_nobody(visitor, portal)


def test_a_callback_without_a_token_signs_nobody_in(visitor, portal):
    path, name = CALLBACK[portal.dialect]
    for query, is_page in (("", True), (f"?{name}=", True), (f"?{name}=x", False)):
        response = visitor.open(f"{portal.origin}{path or '/ideas'}{query}")
        # Where any page takes a token, one without it is just that page.
        expected = (200,) if is_page and path is None else (400, 401)
        assert response.status_code in expected, (query, response.text[:300])
        expect_nobody(visitor, portal)


def test_callbacks_of_other_vendors_are_the_portals(visitor, portal):
    for dialect, (path, _) in CALLBACK.items():
        if path and dialect != portal.dialect:
            response = visitor.open(f"{portal.origin}{path}?x=1")
            assert accepted(response)["target"] == f"{path}?x=1"
    if portal.dialect != "uservoice":
        assert accepted(visitor.open(portal.origin + "/logout.js"))["target"] == "/logout.js"


def test_a_blocked_user_is_out_at_once_and_stays_out(visitor, portal):
    sign_in(visitor, portal, "eve")
    expect_signed_in(visitor, portal, "eve")
    assert portal.gateway.cli("user", "block", "acme", PEOPLE["eve"]["email"]).returncode == 0
    try:
        eventually(lambda: "user_blocked" in visitor.fetch("/api/posts", "POST", json={}).text, what="the block")
        visitor.open(portal.customer.logout_url)
        sign_in(visitor, portal, "eve")
        expect_refused(visitor, portal, "user_blocked")
    finally:
        # Other tests of this portal know her too.
        assert portal.gateway.cli("user", "delete", "acme", PEOPLE["eve"]["email"]).returncode == 0


# Sign-ins that this browser didn't start

def test_an_unsolicited_token_signs_in_a_stranger(visitor, portal):
    come_back(visitor, portal, portal.token(PEOPLE["ada"], jti=uuid.uuid4().hex))
    assert visitor.url.startswith(portal.origin + "/")
    assert "eyJ" not in visitor.url
    expect_signed_in(visitor, portal, "ada")


@pytest.mark.parametrize("button, user", [("stay", "ada"), ("grace", "grace")])
def test_an_unsolicited_token_never_silently_replaces_somebody(visitor, portal, button, user):
    sign_in(visitor, portal, "ada")
    response = come_back(visitor, portal, portal.token(PEOPLE["grace"], jti=uuid.uuid4().hex))
    assert response.status_code == 200 and response.headers["content-type"].startswith("text/html")
    assert "ada" in response.text.lower() and "grace" in response.text.lower()
    assert "eyJ" not in visitor.url, "nobody is asked on a page whose address has the token"
    asked = vars(visitor).copy()
    expect_signed_in(visitor, portal, "ada")
    vars(visitor).update(asked)
    visitor.submit(button=button)
    assert visitor.last.response.status_code == 200 and visitor.url.startswith(portal.origin + "/")
    expect_signed_in(visitor, portal, user)


def test_somebody_elses_page_cannot_answer_for_the_visitor(visitor, portal):
    sign_in(visitor, portal, "ada")
    come_back(visitor, portal, portal.token(PEOPLE["grace"], jti=uuid.uuid4().hex))
    form, asked = visitor.forms()[0], visitor.url
    (name, value, _), = (button for button in form.buttons if "grace" in button[2].lower())
    guesses = {key: "A" * len(hidden) for key, hidden in form.fields.items()}
    assert guesses, "the form holds something that nobody can guess"
    for fields, page in ((guesses, asked), ({}, asked), (form.fields, portal.customer.origin + "/")):
        visitor.post(urljoin(asked, form.action), fields | {name: value}, on=page)
        assert not any(begins_session(hop, portal) for hop in visitor.hops)
        expect_signed_in(visitor, portal, "ada")


def test_an_unsolicited_token_of_the_same_user_goes_through(visitor, portal):
    sign_in(visitor, portal, "ada")
    come_back(visitor, portal, portal.token(PEOPLE["ada"], jti=uuid.uuid4().hex))
    expect_signed_in(visitor, portal, "ada")


def test_a_made_up_transaction_counts_for_nothing(visitor, portal):
    """Somebody else is signed in, so that only a sign-in begun here may go through without asking."""
    sign_in(visitor, portal, "ada")
    visitor.client.cookies.set(portal.transaction_cookie, "A" * 80, domain="localhost.local", path="/")
    response = come_back(visitor, portal, portal.token(PEOPLE["grace"], jti=uuid.uuid4().hex))
    assert visitor.forms(), response.text[:300]
    expect_signed_in(visitor, portal, "ada")


# Settings

@pytest.mark.parametrize("dialect", CALLBACK)
def test_unsolicited_sign_ins_can_be_turned_off(make_portal, make_visitor, dialect):
    portal = make_portal(dialect, sso={"allow_unsolicited": False})
    visitor = make_visitor(portal)
    token = portal.token(PEOPLE["ada"], jti=uuid.uuid4().hex)
    come_back(visitor, portal, token)
    assert visitor.last.response.status_code in (401, 403), visitor.last.response.text[:300]
    assert not any(begins_session(hop, portal) for hop in visitor.hops)
    expect_nobody(visitor, portal)
    sign_in(visitor, portal)
    expect_signed_in(visitor, portal)


def test_a_form_counts_as_solicited_where_this_browser_began_it(make_portal, make_visitor):
    """The form of another site brings no cookie, so that this shows only on the way on."""
    portal = make_portal("sleekplan", by_form=True, sso={"allow_unsolicited": False})
    visitor = make_visitor(portal)
    sign_in(visitor, portal)
    expect_signed_in(visitor, portal)


def test_sign_in_that_is_not_enabled_is_refused(make_portal, make_visitor):
    portal = make_portal(sso={"enabled": False})
    visitor = make_visitor(portal)
    visitor.open(portal.start_address(PAGE))
    expect_refused(visitor, portal, "sso_disabled")
    come_back(visitor, portal, portal.token(PEOPLE["ada"]))
    expect_refused(visitor, portal, "sso_disabled")
    expect_nobody(visitor, portal)


@pytest.mark.parametrize("dialect, by_form", [*((dialect, False) for dialect in CALLBACK), ("sleekplan", True)])
def test_a_test_takes_the_whole_loop_and_signs_nobody_in(make_portal, make_visitor, dialect, by_form):
    portal = make_portal(dialect, by_form=by_form, sso={"enabled": False})

    def enable() -> bool:
        return portal.gateway.cli("organization", "set", "acme", "sso.enabled=true").returncode == 0

    def test(fault=""):
        visitor = make_visitor(portal)
        visitor.open(f"{portal.origin}{START}?test=true")
        told = dict(parse_qsl(urlsplit(visitor.hops[0].location).query))
        assert told["test"] == "true" and (dialect != "uservoice" or told["uv_size"] == "popup")
        response = log_in(visitor, fault=fault)
        assert response.headers["content-type"].startswith("text/html"), response.text[:300]
        assert not any(begins_session(hop, portal) for hop in visitor.hops), "a test makes no session"
        expect_nobody(visitor, portal)
        return response.text

    assert not enable(), "nothing was tested"
    assert "token_signature_mismatch" in test("wrong-secret")
    assert not enable(), "the test failed"
    assert "token_" not in test()
    assert enable()
    visitor = make_visitor(portal)
    eventually(lambda: visitor.client.get(portal.start_address(PAGE)).status_code == 302, what="sign-in")
    sign_in(visitor, portal)
    expect_signed_in(visitor, portal)


@pytest.mark.parametrize("dialect", CALLBACK)
def test_required_sign_in_leads_every_page_through_it(make_portal, make_visitor, dialect):
    portal = make_portal(dialect, sso={"require": True})
    visitor = make_visitor(portal)
    visitor.open(portal.origin + PAGE)
    assert [hop.response.status_code for hop in visitor.hops[:2]] == [302, 302]
    assert visitor.hops[1].path == START and visitor.url.startswith(portal.customer.login_url)
    script = visitor.client.get(portal.origin + "/api/posts", headers={"Accept": "application/json"})
    assert problem(script, "identify_required")["state"] == "locked"
    assert accepted(visitor.client.get(portal.origin + "/assets/app.css"))["target"] == "/assets/app.css"
    log_in(visitor)
    assert visitor.url == portal.origin + PAGE
    expect_signed_in(visitor, portal)


def test_signing_out_goes_where_the_customer_says(make_portal, make_visitor):
    portal = make_portal(sso={"logout_url": "http://127.0.0.1:9/bye"})
    visitor = make_visitor(portal)
    sign_in(visitor, portal)
    response = visitor.client.post(
        portal.origin + "/_widget/logout",
        headers={"Accept": "text/html", "Sec-Fetch-Mode": "navigate", "Origin": portal.origin})
    assert (response.status_code, response.headers["location"]) == (303, "http://127.0.0.1:9/bye")
    expect_nobody(visitor, portal)


def test_nobody_new_gets_in_where_users_are_only_updated(make_portal, make_visitor, tmp_path):
    """And a token that was refused for it isn't used up."""
    portal = make_portal(settings={"sso_identify_mode": "update_only"})
    visitor = make_visitor(portal)
    sign_in(visitor, portal)
    expect_refused(visitor, portal, "user_unknown")
    expect_nobody(visitor, portal)
    assert portal.gateway.users("acme") == []
    (tmp_path / "users.csv").write_text(f"id,email,name\n1,{PEOPLE['ada']['email']},Ada\n")
    assert portal.gateway.cli("user", "import", "acme", str(tmp_path / "users.csv")).returncode == 0
    visitor.open(portal.customer.logout_url)
    sign_in(visitor, portal, fault="replay")
    expect_signed_in(visitor, portal)


def test_a_revoked_key_ends_the_sessions_that_it_began(make_portal, make_visitor):
    portal = make_portal()
    visitor = make_visitor(portal)
    sign_in(visitor, portal)
    listed = json.loads(portal.gateway.cli("secret", "list", "acme", "--json").stdout)
    key, = listed if isinstance(listed, list) else listed["secrets"]
    assert portal.gateway.cli("secret", "revoke", "acme", key["id"], "--end-sessions").returncode == 0
    eventually(lambda: accepted(visitor.fetch("/_widget/state"))["state"] == "anonymous", what="the sessions' end")


def test_embedded_portals_have_cookies_that_frames_may_use(make_portal, make_visitor):
    portal = make_portal(scheme="https", sso={"embedded": True, "session_days": 1})
    visitor = make_visitor(portal)
    sign_in(visitor, portal)
    begun, = (hop for hop in visitor.hops if begins_session(hop, portal))
    expect_cookie_attributes(begun.cookie(portal.session_cookie)[1], portal, 24 * 3600, same_site="none")
    expect_signed_in(visitor, portal)


def test_a_session_outlives_a_restart(make_portal, make_visitor):
    portal = make_portal()
    visitor = make_visitor(portal)
    sign_in(visitor, portal)
    portal.gateway.stop()
    portal.gateway.start()
    expect_signed_in(visitor, portal)


def test_a_used_token_stays_used_after_a_restart(make_portal, make_visitor):
    portal = make_portal()
    visitor = make_visitor(portal)
    sign_in(visitor, portal)
    portal.gateway.stop()
    portal.gateway.start()
    thief = make_visitor(portal)
    sign_in(thief, portal, fault="replay")
    expect_refused(thief, portal, "token_replayed")


@pytest.mark.parametrize("dialect", ["productbridge", "sleekplan"])
def test_of_many_browsers_with_one_token_one_gets_in(make_portal, make_visitor, dialect):
    portal = make_portal(dialect)
    visitors = [make_visitor(portal) for _ in range(12)]
    token = portal.token(PEOPLE["ada"])
    for visitor in visitors:
        visitor.open(portal.origin + "/")
    with ThreadPoolExecutor(len(visitors)) as pool:
        list(pool.map(lambda visitor: come_back(visitor, portal, token), visitors))
    ends = [visitor.last.response.status_code for visitor in visitors]
    assert sorted(ends) == [200] + [401] * (len(visitors) - 1)
    assert sum(visitor.cookie(portal.session_cookie) is not None for visitor in visitors) == 1


def test_a_session_does_not_speak_for_another_organization(make_portal, make_visitor):
    portal = make_portal()
    visitor = make_visitor(portal)
    sign_in(visitor, portal)
    other = {"id": "other", "name": "Other", "hosts": ["other.test"], "secrets": [{"secret": secret(711)}]}
    portal.gateway.apply([portal.organization, other])

    def state():
        return visitor.client.get(portal.origin + "/_widget/state", headers={
            "Host": "other.test", "Cookie": f"{portal.session_cookie}={visitor.cookie(portal.session_cookie)}"})

    token = sign({"email": "x@other.test"}, secret(711))
    headers = {"Host": "other.test", "Authorization": f"Bearer {token}"}
    eventually(lambda: visitor.client.get(portal.origin + "/whoami", headers=headers).status_code == 200,
               what="the new organization")
    answer = state()
    assert answer.status_code == 401 or answer.json()["state"] == "anonymous"
    expect_signed_in(visitor, portal)


def test_a_users_other_sessions_go_on_when_one_is_signed_out(make_portal, make_visitor):
    portal = make_portal()
    first, second = make_visitor(portal), make_visitor(portal)
    for browser in (first, second):
        sign_in(browser, portal)
    sign_out(first, portal)
    expect_nobody(first, portal)
    expect_signed_in(second, portal)


def test_uservoice_signs_out_by_script(make_portal, make_visitor):
    portal = make_portal("uservoice")
    visitor = make_visitor(portal)
    sign_in(visitor, portal)
    script = visitor.client.get(portal.origin + "/logout.js", headers={
        "Accept": "*/*", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script", "Sec-Fetch-Site": "same-site"})
    assert script.status_code == 200 and "javascript" in script.headers["content-type"]
    assert "no-store" in script.headers["cache-control"]
    expect_nobody(visitor, portal)


def test_a_token_beside_a_session_speaks_for_its_own_user(make_portal, make_visitor):
    """Widgets on the portal may be handed a token: it is that user's request, and the session stays what it was."""
    portal = make_portal()
    visitor = make_visitor(portal)
    sign_in(visitor, portal, "ada")
    token = portal.token(PEOPLE["grace"])
    headers = seen_by_upstream(visitor.client.get(
        portal.origin + "/api/posts", headers={"Authorization": f"Bearer {token}"}))
    assert (headers["x-widget-user-email"], headers["x-widget-verified-by"]) == (PEOPLE["grace"]["email"], "token")
    expect_signed_in(visitor, portal, "ada")


def test_a_failed_callback_shows_nothing_of_the_token(make_portal, make_visitor):
    portal = make_portal()
    visitor = make_visitor(portal)
    token = sign(portal.claims(PEOPLE["ada"]), secret(712))
    response = come_back(visitor, portal, token, returnTo="/ideas")
    assert response.status_code == 401
    assert token not in response.text and token.rsplit(".", 1)[1] not in response.text


def test_a_token_that_is_made_again_byte_for_byte_signs_in_again(make_portal, make_visitor):
    portal = make_portal("productlift")
    timeless = sign({"email": "ada@customer.test", "uid": "7", "name": "Ada Lovelace"}, portal.secret, lifetime=None)
    for _ in range(2):
        visitor = make_visitor(portal)
        come_back(visitor, portal, timeless)
        assert accepted(visitor.fetch("/_widget/state"))["verified_by"] == "session"
