"""Portal sign-in as people go through it: a portal's page, the customer's login page, and back."""

import uuid
from urllib.parse import quote, urlencode, urlsplit

import pytest
from playwright.sync_api import Page, expect

from portal_pages import PortalPages
from harness.customer import PEOPLE
from harness.portal import CALLBACK, Portal

IDEAS = "/ideas?sort=top&q=a%26b"

PORTALS = [(dialect, scheme, False) for dialect in CALLBACK for scheme in ("http", "https")]
PORTALS += [("sleekplan", scheme, True) for scheme in ("http", "https")]
#: Each dialect once, and each scheme with callbacks, passed tokens and forms.
SOME_PORTALS = [
    ("productbridge", "https", False), ("productlift", "http", False), ("sleekplan", "https", True),
    ("uservoice", "https", False), ("userorbit", "http", False),
]


def name_of(case) -> str:
    return "-".join([*case[:2], *(["form"] if case[2] else [])])


@pytest.fixture(scope="module")
def pages():
    served = PortalPages()
    yield served
    served.close()


@pytest.fixture(scope="module")
def portal(request, pages, tmp_path_factory):
    dialect, scheme, by_form = request.param
    running = Portal(tmp_path_factory.mktemp("portal"), pages.url, dialect, scheme, by_form=by_form)
    try:
        yield running.start()
        assert running.gateway.is_alive(), running.gateway.log()[-4000:]
    finally:
        running.close()


@pytest.fixture
def page(portal, open_page):
    return open_page(portal.origin + IDEAS, ignore_https_errors=True)


def who(page: Page):
    return page.locator("#who")


def log_in(page: Page, user: str, fault: str = "") -> None:
    page.get_by_label("User").fill(user)
    page.get_by_label("Fault").select_option(fault)
    page.get_by_role("button", name="Log in").click()


def sign_in(page: Page, user: str = "ada", fault: str = "") -> None:
    page.get_by_role("link", name="Sign in").click()
    expect(page).to_have_title("Customer: log in")
    log_in(page, user, fault)


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out").click()
    expect(who(page)).to_have_text("Nobody")


def expect_refused(page: Page, portal: Portal, code: str) -> None:
    expect(page.locator("body")).to_contain_text(code)
    assert page.url.startswith(portal.origin + "/")


def session(page: Page, portal: Portal) -> dict | None:
    return next((cookie for cookie in page.context.cookies() if cookie["name"] == portal.session_cookie), None)


def come_back(portal: Portal, user: str) -> str:
    """What a customer's redirect would open, in a browser that has begun nothing."""
    path, name = CALLBACK[portal.dialect]
    return f"{portal.origin}{path or '/ideas'}?" + urlencode({name: portal.token(PEOPLE[user], jti=uuid.uuid4().hex)})


some_portals = pytest.mark.parametrize("portal", SOME_PORTALS, ids=name_of, indirect=True)


@pytest.mark.parametrize("portal", PORTALS, ids=name_of, indirect=True)
def test_in_post_out_and_back(page, portal, pages):
    shown = []
    page.on("framenavigated", lambda frame: shown.append(frame.url))
    expect(who(page)).to_have_text("Nobody")
    sign_in(page)
    expect(page).to_have_url(portal.origin + IDEAS)
    expect(who(page)).to_have_text("Ada Lovelace")
    assert shown and not any("eyJ" in address for address in shown), "no page with a token is left to go back to"
    cookie = session(page, portal)
    assert (cookie["httpOnly"], cookie["secure"], cookie["sameSite"], cookie["path"]) == (
        True, portal.scheme == "https", "Lax", "/")
    assert page.evaluate("document.cookie") == ""

    text = f"An idea {uuid.uuid4()}"
    page.get_by_label("Your idea").fill(text)
    page.get_by_role("button", name="Post").click()
    expect(page.locator("#posts li", has_text=text)).to_have_text(f"{text}, by Ada Lovelace")

    sign_out(page)
    assert session(page, portal) is None
    page.goto(portal.origin + "/roadmap")
    expect(who(page)).to_have_text("Nobody")

    page.get_by_role("link", name="Sign in").click()
    expect(page).to_have_url(portal.origin + "/roadmap")
    expect(who(page)).to_have_text("Ada Lovelace")
    assert not pages.saw(cookie["value"]) and not pages.saw("eyJ")


@some_portals
def test_a_name_with_everything_in_it(page, portal):
    sign_in(page, "zoe")
    expect(who(page)).to_have_text(PEOPLE["zoe"]["name"])


@some_portals
def test_a_browser_that_was_closed_is_still_signed_in(page, portal, open_page):
    sign_in(page, "grace")
    expect(who(page)).to_have_text("Grace Hopper")
    kept = [cookie for cookie in page.context.cookies() if cookie["expires"] > 0]
    again = open_page(ignore_https_errors=True)
    again.context.add_cookies(kept)
    again.goto(portal.origin + "/roadmap")
    expect(who(again)).to_have_text("Grace Hopper")


@some_portals
@pytest.mark.parametrize("fault, code", [("wrong-secret", "token_signature_mismatch"), ("expired", "token_expired")])
def test_a_bad_token_signs_nobody_in(page, portal, fault, code, screenshot):
    sign_in(page, fault=fault)
    expect_refused(page, portal, code)
    screenshot(page, f"sso-{code}")
    assert session(page, portal) is None
    page.goto(portal.origin + IDEAS)
    expect(who(page)).to_have_text("Nobody")


@some_portals
def test_a_token_signs_in_once(page, portal, screenshot):
    sign_in(page)
    expect(who(page)).to_have_text("Ada Lovelace")
    sign_out(page)
    page.goto(portal.customer.logout_url)
    page.goto(portal.origin + IDEAS)
    sign_in(page, fault="replay")
    expect_refused(page, portal, "token_replayed")
    screenshot(page, "sso-token_replayed")
    page.goto(portal.origin + IDEAS)
    expect(who(page)).to_have_text("Nobody")


@some_portals
def test_a_hostile_return_leads_nowhere(page, portal):
    sign_in(page, fault="hostile-return")
    if portal.dialect in ("productbridge", "userorbit"):
        expect_refused(page, portal, "return_to_not_allowed")
        assert session(page, portal) is None
    else:
        expect(page).to_have_url(portal.origin + IDEAS)

    page.goto(portal.start_address("https://evil.example/"))
    expect_refused(page, portal, "return_to_not_allowed")


@some_portals
def test_a_foreign_link_asks_before_it_changes_the_user(page, portal, screenshot):
    sign_in(page)
    expect(who(page)).to_have_text("Ada Lovelace")

    def follow_link():
        # From another site's page, as such links are.
        page.goto(portal.customer.origin + "/")
        page.evaluate("url => { location.href = url }", come_back(portal, "grace"))
        expect(page.get_by_role("button", name="grace")).to_be_visible()

    follow_link()
    assert "eyJ" not in page.url
    screenshot(page, "sso-change-user")
    page.get_by_role("button", name="Stay").click()
    expect(who(page)).to_have_text("Ada Lovelace")
    follow_link()
    page.get_by_role("button", name="grace").click()
    expect(who(page)).to_have_text("Grace Hopper")


@some_portals
def test_a_link_signs_in_who_is_nobody_yet(page, portal):
    page.goto(portal.customer.origin + "/")
    page.evaluate("url => { location.href = url }", come_back(portal, "grace"))
    expect(who(page)).to_have_text("Grace Hopper")
    assert "eyJ" not in page.url


# Settings and single vendors

@pytest.fixture
def make_portal(tmp_path, pages):
    made = []

    def make(dialect: str, **options) -> Portal:
        made.append(Portal(tmp_path, pages.url, dialect, "http", **options))
        return made[-1].start()

    yield make
    for running in made:
        running.close()


@pytest.mark.parametrize("dialect", CALLBACK)
def test_required_sign_in_takes_a_page_and_gives_it_back(make_portal, open_page, dialect):
    portal = make_portal(dialect, sso={"require": True})
    page = open_page(portal.origin + IDEAS)
    expect(page).to_have_title("Customer: log in")
    log_in(page, "ada")
    expect(page).to_have_url(portal.origin + IDEAS)
    expect(who(page)).to_have_text("Ada Lovelace")


def test_uservoices_customer_signs_its_user_out_of_the_portal(make_portal, open_page):
    portal = make_portal("uservoice")
    page = open_page(portal.origin + IDEAS)
    sign_in(page)
    expect(who(page)).to_have_text("Ada Lovelace")
    # The customer's pages are on the portal's site, as app.customer.test and feedback.customer.test are.
    with page.expect_response(lambda response: urlsplit(response.url).path == "/logout.js") as script:
        page.goto(f"http://localhost:{portal.customer.port}/logout")
    assert script.value.status == 200
    page.goto(portal.origin + IDEAS)
    expect(who(page)).to_have_text("Nobody")


def test_a_closed_login_of_the_portal_is_the_gateways_own_sign_in_page(make_portal, open_page, screenshot):
    portal = make_portal("productbridge", sso={
        "button_label": "Continue with Acme", "disable_native_login": True, "native_login_paths": ["/login"]})
    page = open_page(f"{portal.origin}/login?return_to={quote(IDEAS, safe='')}", scheme="dark")
    button = page.get_by_role("link", name="Continue with Acme")
    expect(button).to_be_visible()
    screenshot(page, "sso-sign-in-dark")
    button.click()
    log_in(page, "ada")
    expect(page).to_have_url(portal.origin + IDEAS)
