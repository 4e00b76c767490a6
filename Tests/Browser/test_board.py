"""The backend's page through the gateway: what an upstream learns, and what nobody can make it believe."""

from playwright.sync_api import expect

FORGED = {
    "X-Widget-State": "identified",
    "X-Widget-User": "u_1",
    "X-WIDGET-USER-NAME": "Mallory",
    "x_widget_user_email": "mallory@evil.test",
    "X-Widget-Verified-By": "token",
}


def test_a_visitor_without_a_token_is_anonymous(demo, open_page, screenshot):
    page = open_page(f"{demo.gateway}/?organizationId=acme")
    expect(page.locator("#state")).to_have_text("Anonymous")
    page.get_by_label("Your idea").fill("Written on the board itself")
    page.get_by_role("button", name="Post").click()
    expect(page.locator("#result")).to_contain_text("Thank you")
    expect(page.locator("#posts li", has_text="on the board itself")).to_contain_text("A visitor")
    screenshot(page, "board")


def test_forged_identity_headers_never_arrive(demo, open_page):
    page = open_page(extra_http_headers=FORGED)
    page.goto(f"{demo.gateway}/?organizationId=acme")
    expect(page.locator("#state")).to_have_text("Anonymous")
    expect(page.locator("#identity")).not_to_contain_text("Mallory")
    assert page.request.get(f"{demo.gateway}/api/whoami?organizationId=acme").json()["user"] is None


def test_a_locked_organizations_board_is_refused_to_programs(demo, open_page):
    page = open_page(f"{demo.app}/")
    for path in ("/", "/api/feedback", "/api/whoami"):
        response = page.request.get(f"{demo.gateway}{path}?organizationId=lockd", headers={"Accept": "application/json"})
        assert (response.status, response.json()["code"]) == (401, "identify_required")


def test_public_files_need_no_organization(demo, open_page):
    page = open_page(f"{demo.app}/")
    assert page.request.get(f"{demo.gateway}/assets/base.css").status == 200


def test_it_works_over_tls_and_http2(demo, open_page):
    page = open_page(ignore_https_errors=True)
    page.goto(f"{demo.gateway_tls}/?organizationId=acme")
    expect(page.locator("#state")).to_have_text("Anonymous")
    expect(page.locator("#posts li").first).to_be_visible()
    assert page.evaluate("performance.getEntriesByType('navigation')[0].nextHopProtocol") == "h2"


def test_on_a_phone_in_the_dark(demo, open_page, screenshot):
    page = open_page(f"{demo.gateway}/?organizationId=acme", viewport=(390, 844), scheme="dark")
    expect(page.locator("#posts li").first).to_be_visible()
    screenshot(page, "board-phone-dark")


def test_the_backend_says_so_where_the_gateway_was_passed_by(demo, open_page):
    page = open_page(f"{demo.backend}/")
    expect(page.locator("body")).to_contain_text("didn’t come through the gateway")
