"""Who calls are made as, in a real browser against the real gateway: switches, sessions, waiting."""

import time
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, expect
from sdk_gateway import CUSTOMER, SCRIPT, customer, widgets  # noqa: F401

INIT = SCRIPT + """<script>
    WidgetGateway.init({organizationId: 'productbridge', userToken: '{ada}'});
    const post = (text) => WidgetGateway.fetch('/api/feedback', {
        method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({text}),
    }).then((response) => response.status, (error) => error.code);
    </script>"""
PORTAL = """<!doctype html><title>The portal</title><script src="/_widget/sdk.js"></script>
    <script>WidgetGateway.init({organizationId: 'locked'});</script>"""


def on_the_portal(widgets, open_page) -> Page:  # noqa: F811
    page = open_page()
    page.route(f"{widgets.url('locked')}/portal", lambda route: route.fulfill(content_type="text/html", body=PORTAL))
    page.goto(f"{widgets.url('locked')}/portal")
    return page


def test_a_switch_of_users_never_mixes_their_calls(widgets, customer):  # noqa: F811
    page = customer(INIT, values={"ada": widgets.token()})
    page.evaluate(
        """async (tokens) => {
            const users = Object.keys(tokens);
            const outcomes = [];
            for (let round = 0; round < 30; round++) {
                const user = users[round % users.length];
                WidgetGateway.identify(tokens[user]).catch(() => {});
                for (let call = 0; call < 3; call++) outcomes.push(post('a switch, by ' + user));
                if (round % 4 === 0) await Promise.all(outcomes.slice(-3));
            }
            await Promise.all(outcomes);
        }""", {user: widgets.token(id=user) for user in ("ada", "grace", "edsger")})
    posts = widgets.posts("a switch, by ")
    assert len(posts) >= 24, "every fourth round was let through"
    assert [post for post in posts if f'by {post[0].split("@")[0]}"' not in post[1]] == []


def test_an_overloaded_gateway_is_asked_again_when_it_said(widgets, customer):  # noqa: F811
    page = customer(INIT, values={"ada": widgets.token()})
    asked = []

    def overloaded(route):
        if route.request.method == "OPTIONS":
            return route.continue_()
        asked.append((time.monotonic(), route.request.header_value("idempotency-key")))
        if len(asked) > 1:
            return route.continue_()
        return route.fulfill(
            status=503, content_type="application/problem+json", body='{"code": "overloaded", "status": 503}', headers={
                "Access-Control-Allow-Origin": CUSTOMER, "Access-Control-Expose-Headers": "retry-after",
                "Retry-After": "2"})

    page.route("**/api/feedback", overloaded)
    assert page.evaluate("() => post('in the rush hour')") == 200
    (first, key), (second, same) = asked
    assert second - first >= 1.9
    assert key and key == same
    assert len(widgets.posts("in the rush hour")) == 1


def test_reset_ends_the_session_from_the_portal(widgets, open_page):  # noqa: F811
    page = on_the_portal(widgets, open_page)
    page.context.add_cookies([{"name": "a-session", "value": "of-this-browser", "url": widgets.url("locked")}])
    with page.expect_response("**/_widget/logout**") as answered:
        page.evaluate("() => WidgetGateway.reset()")
    request = answered.value.request
    assert (request.method, answered.value.status) == ("POST", 204)
    assert "a-session=of-this-browser" in request.all_headers()["cookie"]


def test_reset_is_heard_from_a_customers_page_too(widgets, customer):  # noqa: F811
    page = customer(INIT, values={"ada": widgets.token()})
    page.wait_for_function("() => WidgetGateway.status().state === 'identified'")
    with page.expect_response("**/_widget/logout**") as answered:
        page.evaluate("() => WidgetGateway.reset()")
    assert (answered.value.request.method, answered.value.status) == ("POST", 204)
    assert answered.value.request.headers["origin"] == CUSTOMER
    page.wait_for_function("() => WidgetGateway.status().state === 'anonymous'")


def test_on_the_portal_itself_signing_in_leaves_the_page_and_comes_back(widgets, open_page):  # noqa: F811
    page = on_the_portal(widgets, open_page)
    page.get_by_role("button", name="Feedback", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("Sign in to send feedback")
    with page.expect_request("**/_widget/sso/start**") as asked:
        page.get_by_role("button", name="Sign in").click()
    address = urlsplit(asked.value.url)
    assert f"{address.scheme}://{address.netloc}" == widgets.url("locked")
    assert parse_qs(address.query)["return_to"] == [f"{widgets.url('locked')}/portal"]
    assert len(page.context.pages) == 1


def test_a_visitor_who_signed_in_elsewhere_is_found_on_coming_back(widgets, customer):  # noqa: F811
    page = customer(SCRIPT + """<script>
        window.token = null;
        WidgetGateway.init({organizationId: 'locked', getToken: () => window.token});
        </script>""", "locked")
    page.get_by_role("button", name="Feedback", exact=True).click()
    with page.context.expect_page():
        page.get_by_role("button", name="Sign in").click()
    page.evaluate("(token) => { window.token = token; dispatchEvent(new Event('focus')) }", widgets.token("locked"))
    expect(page.get_by_role("dialog")).to_contain_text("Signed in as Ada Lovelace")
