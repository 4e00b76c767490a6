"""A portal in a frame of its customer's page: who may show it, and that its visitors can sign in there."""

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from portal_pages import PortalPages
from harness.portal import Portal

#: Nothing listens there: tests write the pages.
CUSTOMER, STRANGER = "https://app.customer.test", "https://stranger.test"


@pytest.fixture(scope="module")
def pages():
    served = PortalPages()
    yield served
    served.close()


@pytest.fixture(scope="module")
def make_portal(pages, tmp_path_factory):
    running = []

    def make(embedded: bool) -> Portal:
        portal = Portal(
            tmp_path_factory.mktemp("portal"), pages.url, "productbridge", "https",
            settings={"allowed_origins": [CUSTOMER]}, sso={"embedded": embedded})
        running.append(portal)
        return portal.start()

    yield make
    for portal in running:
        portal.close()


@pytest.fixture(scope="module")
def embedded(make_portal):
    return make_portal(True)


def framing(page: Page, site: str, portal: Portal) -> FrameLocator:
    """Opens a page of `site` that shows the portal in a frame."""
    page.route(site + "/", lambda route: route.fulfill(
        content_type="text/html", body=f'<!doctype html><title>Around</title><iframe src="{portal.origin}/ideas" '
        'width="900" height="700"></iframe>'))
    page.goto(site + "/")
    return page.frame_locator("iframe")


@pytest.fixture
def page(browser):
    # Not `open_page`: a frame that is refused complains, as it should.
    context = browser.new_context(ignore_https_errors=True)
    yield context.new_page()
    context.close()


def test_visitors_sign_in_inside_the_customers_page_and_stay_signed_in(page, embedded):
    frame = framing(page, CUSTOMER, embedded)
    expect(frame.locator("#who")).to_have_text("Nobody")
    frame.get_by_role("link", name="Sign in").click()
    frame.get_by_label("User").fill("ada")
    frame.get_by_role("button", name="Log in").click()
    expect(frame.locator("#who")).to_have_text("Ada Lovelace")

    cookie, = (cookie for cookie in page.context.cookies() if cookie["name"] == embedded.session_cookie)
    assert cookie["sameSite"] == "None" and cookie["secure"] and cookie["httpOnly"]
    page.reload()
    expect(page.frame_locator("iframe").locator("#who")).to_have_text("Ada Lovelace")
    assert page.url == CUSTOMER + "/"


def test_a_session_in_a_frame_is_that_sites_alone(page, embedded):
    frame = framing(page, CUSTOMER, embedded)
    frame.get_by_role("link", name="Sign in").click()
    frame.get_by_label("User").fill("ada")
    frame.get_by_role("button", name="Log in").click()
    expect(frame.locator("#who")).to_have_text("Ada Lovelace")
    page.goto(embedded.origin + "/ideas")
    expect(page.locator("#who")).to_have_text("Nobody")


@pytest.mark.parametrize("site", [STRANGER, "https://app.customer.test.stranger.test"])
def test_no_other_site_can_frame_it(page, embedded, site):
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    frame = framing(page, site, embedded)
    expect(frame.locator("#who")).to_have_count(0)
    assert any("frame-ancestors" in text for text in complaints)


def test_a_portal_that_is_not_embedded_is_framed_by_nobody_else(page, make_portal):
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    frame = framing(page, CUSTOMER, make_portal(False))
    expect(frame.locator("#who")).to_have_count(0)
    assert any("frame-ancestors" in text for text in complaints)
