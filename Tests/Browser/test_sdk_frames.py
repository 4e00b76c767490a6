"""A page of the portal in a frame of a customer's page: who says what to whom, and who is not listened to."""

from playwright.sync_api import Page, expect
from sdk_gateway import CUSTOMER, SCRIPT, customer, widgets  # noqa: F401

#: A page of the portal, which the upstream would serve; the widget's script is its own site's.
PORTAL = """<!doctype html><title>The portal</title><p id="who">nobody</p><div id="tall"></div>
    <script src="/_widget/sdk.js"></script><script>
    for (const event of ['identified', 'anonymous']) WidgetGateway.on(event, ({user}) => {
        document.getElementById('who').textContent = user ? user.email : 'nobody';
    });
    addEventListener('message', ({data, origin}) => (window.heard = window.heard || []).push([origin, data.type]));
    WidgetGateway.init({organizationId: 'productbridge', launcher: false, parentOrigin: '%s'});
    </script>"""
PAGE = SCRIPT + """<div id="place"></div><script>
    window.said = [];
    WidgetGateway.on('portal', ({type}) => said.push(type));
    WidgetGateway.init({organizationId: 'productbridge', userToken: '{token}', launcher: false});
    WidgetGateway.embed(document.getElementById('place'), {path: '/portal', title: 'The portal'});
    </script>"""


def portal(widgets, parent: str = CUSTOMER):  # noqa: F811
    def routed(page: Page) -> None:
        page.route(f"{widgets.url()}/portal**", lambda route: route.fulfill(
            content_type="text/html; charset=utf-8", body=PORTAL % parent))
    return routed


def test_the_frame_has_the_pages_user_and_its_own_height(widgets, customer):  # noqa: F811
    page = customer(PAGE, values={"token": widgets.token()}, before=portal(widgets))
    inside = page.frame_locator("iframe[title='The portal']")
    expect(inside.locator("#who")).to_have_text("ada@customer.test")
    assert page.locator("iframe").get_attribute("src") == f"{widgets.url()}/portal?organizationId=productbridge"
    frame = page.frame(url=f"{widgets.url()}/portal**")
    frame.evaluate("() => { document.getElementById('tall').style.height = '700px' }")
    page.wait_for_function("() => document.querySelector('iframe').offsetHeight >= 700")
    assert {"ready", "identified", "height"} <= set(page.evaluate("() => said"))


def test_the_frame_follows_the_pages_user(widgets, customer):  # noqa: F811
    page = customer(PAGE, values={"token": widgets.token()}, before=portal(widgets))
    who = page.frame_locator("iframe").locator("#who")
    expect(who).to_have_text("ada@customer.test")
    page.evaluate("(token) => WidgetGateway.identify(token)", widgets.token(id="grace"))
    expect(who).to_have_text("grace@customer.test")
    page.evaluate("() => WidgetGateway.reset()")
    expect(who).to_have_text("nobody")
    page.wait_for_function("() => said.includes('signed-out')")


def test_a_frame_that_expects_another_page_says_and_hears_nothing(widgets, customer):  # noqa: F811
    page = customer(PAGE, values={"token": widgets.token()}, before=portal(widgets, "https://other.test"))
    page.wait_for_timeout(1000)
    expect(page.frame_locator("iframe").locator("#who")).to_have_text("nobody")
    assert page.evaluate("() => said") == []


def test_what_comes_from_elsewhere_is_not_listened_to(widgets, customer):  # noqa: F811
    page = customer(PAGE, values={"token": widgets.token()}, before=portal(widgets))
    expect(page.frame_locator("iframe").locator("#who")).to_have_text("ada@customer.test")
    page.wait_for_function("() => said.includes('identified')")
    # How tall the page is may be said any time.
    events = "() => said.filter((type) => type !== 'height').length"
    before = page.evaluate(events)
    page.evaluate("() => postMessage({from: 'widget-gateway', type: 'ready'}, '*')")
    frame = page.frame(url=f"{widgets.url()}/portal**")
    frame.evaluate("() => postMessage({from: 'widget-gateway', type: 'signed-out'}, '*')")
    page.wait_for_timeout(300)
    assert page.evaluate(events) == before
    expect(page.frame_locator("iframe").locator("#who")).to_have_text("ada@customer.test")


def test_a_frame_that_has_gone_elsewhere_gets_no_token(widgets, customer):  # noqa: F811
    page = customer(PAGE, values={"token": widgets.token()}, before=portal(widgets))
    expect(page.frame_locator("iframe").locator("#who")).to_have_text("ada@customer.test")
    page.route("https://elsewhere.test/", lambda route: route.fulfill(
        content_type="text/html",
        body="<script>window.got = []; addEventListener('message', ({data}) => got.push(data)); "
             "parent.postMessage({from: 'widget-gateway', type: 'ready'}, '*')</script>"))
    page.evaluate("() => { document.querySelector('iframe').src = 'https://elsewhere.test/' }")
    page.wait_for_function("() => document.querySelector('iframe').src === 'https://elsewhere.test/'")
    while not (frame := page.frame(url="https://elsewhere.test/")):
        page.wait_for_timeout(50)
    frame.wait_for_function("() => window.got !== undefined")
    page.evaluate("(token) => WidgetGateway.identify(token)", widgets.token(id="grace"))
    page.wait_for_timeout(300)
    assert frame.evaluate("() => got") == []
