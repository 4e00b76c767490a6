"""The portal: sign-in through the customer's login page, what a session is good for, and who is turned away."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

# A token, wherever it stands: what base64url makes of '{"' at its front.
TOKEN = re.compile(r"eyJ[\w-]+\.")


def state(page: Page):
    return page.locator("#state")


def at_login(page: Page, app: str = "Acme"):
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{app} Workspace wants you to sign in")


def choose(page: Page, visitor: str) -> None:
    page.get_by_role("button", name=re.compile(f"^{visitor} ")).click()


def post(page: Page, text: str):
    page.get_by_label("Your idea").fill(text)
    page.get_by_role("button", name="Post").click()
    return page.locator("#posts li", has_text=text)


def session_cookies(page: Page) -> list:
    return [cookie for cookie in page.context.cookies() if "widget_session" in cookie["name"]]


@pytest.fixture
def signed_in(open_page):
    """Opens a portal, and signs in there as Ada."""

    def opened(address: str, **options) -> Page:
        page = open_page(address, **options)
        page.get_by_role("link", name="Sign in").click()
        choose(page, "Ada")
        expect(state(page)).to_have_text("Identified")
        return page

    return opened


def test_sign_in_post_sign_out_and_come_back(demo, open_page, screenshot):
    page = open_page(f"{demo.acme}/")
    expect(state(page)).to_have_text("Anonymous")
    screenshot(page, "portal-anonymous")

    page.get_by_role("link", name="Sign in").click()
    at_login(page)
    assert page.url.startswith(f"{demo.app}/login?")
    screenshot(page, "portal-login")
    choose(page, "Ada")

    expect(state(page)).to_have_text("Identified")
    assert page.url == f"{demo.acme}/"
    expect(page.locator("#account")).to_contain_text("Signed in as Ada Lovelace")
    expect(page.locator("#identity")).to_contain_text("session")
    written = post(page, "Written by Ada, who signed in")
    expect(written).to_contain_text("Ada Lovelace · verified")
    screenshot(page, "portal-signed-in")

    [cookie] = session_cookies(page)
    assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == ("widget_session", True, "Lax")
    page.goto(f"{demo.acme}/")
    expect(state(page)).to_have_text("Identified")

    page.get_by_role("button", name="Sign out").click()
    expect(state(page)).to_have_text("Anonymous")
    assert urlsplit(page.url).netloc == urlsplit(demo.acme).netloc
    assert session_cookies(page) == []
    expect(page.locator("#posts li", has_text="who signed in")).to_contain_text("Ada Lovelace")
    expect(post(page, "Written after Ada had left")).to_contain_text("A visitor")

    page.context.add_cookies([cookie])
    page.goto(f"{demo.acme}/")
    expect(state(page)).to_have_text("Anonymous")


def test_no_address_and_no_referrer_keeps_a_token(demo, open_page):
    page = open_page()
    referrers = []
    visited = []
    page.on("request", lambda request: referrers.append(request.headers.get("referer", "")))
    page.on("framenavigated", lambda frame: visited.append(frame.url))
    for portal in (demo.acme, demo.lockd):
        page.goto(f"{portal}/?page=1#ideas")
        if portal == demo.acme:
            page.get_by_role("link", name="Sign in").click()
        choose(page, "Ada")
        expect(state(page)).to_have_text("Identified")
        page.wait_for_load_state("networkidle")
        assert TOKEN.search(page.evaluate("document.referrer + document.cookie + location.href")) is None
    assert len(visited) >= 5
    assert [address for address in visited + referrers if TOKEN.search(address)] == []


def test_a_portal_that_needs_a_session_leads_to_sign_in_at_once(demo, open_page, screenshot):
    page = open_page(f"{demo.lockd}/?page=1")
    at_login(page, "Lockd")
    choose(page, "Ada")
    expect(state(page)).to_have_text("Identified")
    assert page.url == f"{demo.lockd}/?page=1"
    expect(page.locator("#identity")).to_contain_text("ada@lockd.test")
    expect(post(page, "Written in lockd's own portal")).to_contain_text("Ada Lovelace · verified")

    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("#state")).to_have_count(0)
    page.goto(f"{demo.lockd}/")
    at_login(page, "Lockd")
    screenshot(page, "portal-login-lockd")


def test_a_forged_user_hash_signs_nobody_in(demo, open_page, screenshot):
    page = open_page(f"{demo.acme}/")
    page.get_by_role("link", name="Sign in").click()
    with page.expect_navigation(url=f"{demo.acme}/**") as refused:
        choose(page, "Mallory")
    assert refused.value.status == 401
    expect(page.locator("body")).to_contain_text("user_hash_mismatch")
    assert session_cookies(page) == []
    screenshot(page, "portal-refused")
    page.goto(f"{demo.acme}/")
    expect(state(page)).to_have_text("Anonymous")


def test_a_new_user_is_refused_where_only_known_ones_sign_in(demo, open_page):
    page = open_page(f"{demo.lockd}/")
    with page.expect_navigation(url=f"{demo.lockd}/**") as refused:
        choose(page, "Grace")
    assert refused.value.status == 403
    expect(page.locator("body")).to_contain_text("user_unknown")
    assert session_cookies(page) == []
    page.goto(f"{demo.lockd}/")
    at_login(page, "Lockd")


@pytest.mark.parametrize("organization", ["acme", "lockd"])
def test_trying_sign_in_out_signs_nobody_in(demo, open_page, organization):
    portal = getattr(demo, organization)
    page = open_page(f"{portal}/_widget/sso/start?test=true")
    at_login(page, organization.capitalize())
    expect(page.get_by_text("This is a test of sign-in")).to_be_visible()
    choose(page, "Ada")
    expect(page.locator("body")).to_contain_text("SSO test passed")
    assert session_cookies(page) == []


def test_the_portals_own_login_is_closed(demo, open_page, screenshot):
    page = open_page(f"{demo.acme}/login")
    screenshot(page, "portal-native-login")
    page.get_by_role("link", name="Continue with Acme Workspace").click()
    at_login(page)


def test_it_works_where_the_address_names_the_organization(demo, signed_in):
    page = signed_in(f"{demo.gateway}/?organizationId=acme")
    assert page.url == f"{demo.gateway}/?organizationId=acme"
    expect(post(page, "Written under a common address")).to_contain_text("Ada Lovelace")
    page.get_by_role("button", name="Sign out").click()
    expect(state(page)).to_have_text("Anonymous")
    assert session_cookies(page) == []


def test_over_tls_the_cookie_is_bound_to_its_host(demo, signed_in):
    page = signed_in(f"{demo.acme_tls}/", ignore_https_errors=True)
    assert page.url == f"{demo.acme_tls}/"
    [cookie] = session_cookies(page)
    assert (cookie["name"], cookie["secure"], cookie["path"]) == ("__Host-widget_session", True, "/")
    page.get_by_role("button", name="Sign out").click()
    expect(state(page)).to_have_text("Anonymous")
    assert session_cookies(page) == []


def test_a_session_is_good_for_its_own_organization_alone(demo, signed_in):
    """Even under one address, where the browser sends its cookie to both."""
    page = signed_in(f"{demo.gateway}/?organizationId=acme")
    page.goto(f"{demo.gateway}/?organizationId=lockd")
    at_login(page, "Lockd")


def test_a_session_that_has_ended_elsewhere_posts_nothing(demo, signed_in):
    page = signed_in(f"{demo.acme}/")
    cookies = session_cookies(page)
    assert page.evaluate("async () => (await fetch('/_widget/logout', {method: 'POST'})).status") == 204
    page.context.add_cookies(cookies)
    written = post(page, "Written after the session had ended")
    expect(page.locator("#result")).to_contain_text("Not posted: your session has ended")
    expect(written).to_have_count(0)


def test_the_login_page_is_told_where_the_browser_came_from(demo, open_page):
    page = open_page(f"{demo.acme}/?page=1")
    page.get_by_role("link", name="Sign in").click()
    at_login(page)
    told = {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}
    assert told["redirect"] == f"{demo.acme}/api/redirects/sso"
    assert told["organizationId"] == "acme"


@pytest.mark.parametrize("asked", [
    "organizationId=acme&redirect=https://evil.example/api/redirects/sso",
    "organizationId=lockd&return_to=https://evil.example/",
])
def test_the_login_page_sends_nobody_elsewhere(demo, open_page, screenshot, asked):
    page = open_page()
    assert page.goto(f"{demo.app}/login?{asked}").status == 400
    expect(page.get_by_role("heading", level=1)).to_have_text("You would end up somewhere else")
    expect(page.get_by_role("button")).to_have_count(0)
    page.get_by_role("link", name="Acme’s portal").click()
    assert page.url == f"{demo.acme}/"


@pytest.mark.parametrize(("scheme", "viewport"), [("dark", (1200, 900)), ("light", (390, 844)), ("dark", (390, 844))])
def test_it_looks_right_elsewhere_too(demo, open_page, screenshot, scheme, viewport):
    kind = f"{scheme}-{viewport[0]}"
    page = open_page(f"{demo.acme}/", scheme=scheme, viewport=viewport)
    page.get_by_role("link", name="Sign in").click()
    at_login(page)
    screenshot(page, f"portal-login-{kind}")
    choose(page, "Ada")
    expect(page.locator("#posts li").first).to_be_visible()
    screenshot(page, f"portal-signed-in-{kind}")
