"""The SDK in a real browser, against the real gateway."""

import json

import pytest
from playwright.sync_api import Page, expect
from running_demo import ROOT

IDENTIFIED = "() => WidgetGateway.status().state === 'identified'"


def calls_to(page: Page, origin: str) -> list:
    calls = []
    page.on("request", lambda request: calls.append(request) if request.url.startswith(origin) else None)
    return calls


def write(page: Page, text: str) -> dict:
    return page.evaluate(
        """async (text) => {
            const response = await WidgetGateway.fetch('/api/feedback', {
                method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({text}),
            });
            return {status: response.status, body: await response.json()};
        }""", text)


def test_the_token_is_in_no_address_and_in_no_storage(demo, open_page):
    page = open_page()
    calls = calls_to(page, "http")
    tokens = []
    page.on("response", lambda response: tokens.append(response.json()["token"])
            if response.url.endswith("/token") else None)
    page.goto(f"{demo.app}/?visitor=ada")
    page.wait_for_function(IDENTIFIED)
    assert write(page, "A token travels with this")["status"] == 201
    [token] = tokens
    with_token = [call for call in calls if call.all_headers().get("authorization") == f"Bearer {token}"]
    assert any(call.url == f"{demo.gateway}/api/feedback" for call in with_token)
    signature = token.rsplit(".", 1)[1]
    assert [call.url for call in calls if signature in call.url] == []
    kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, document.referrer])")
    assert signature not in kept
    assert page.context.cookies() == []


def test_a_call_that_met_an_expired_token_is_repeated_with_a_fresh_one(demo, open_page):
    page = open_page(f"{demo.app}/?visitor=ada")
    page.wait_for_function(IDENTIFIED)
    page.wait_for_load_state("networkidle")
    old = {}

    def expire(route):
        """The gateway's own answer to an expired token, for the token that the page has now."""
        carried = route.request.header_value("authorization")
        if route.request.method == "OPTIONS" or carried != old.setdefault("token", carried):
            return route.continue_()
        return route.fulfill(
            status=401, content_type="application/problem+json", headers={"Access-Control-Allow-Origin": demo.app},
            body=json.dumps({"code": "token_expired", "status": 401, "detail": "the token has expired"}))

    # A fresh token differs from the old one by its second of issue.
    page.wait_for_timeout(1100)
    page.route(f"{demo.gateway}/api/feedback", expire)
    signed = calls_to(page, f"{demo.app}/token")
    answers = page.evaluate(
        """() => Promise.all([1, 2, 3, 4].map(async (number) => {
            const response = await WidgetGateway.fetch('/api/feedback', {
                method: 'POST', headers: {'Content-Type': 'application/json'},
                body: JSON.stringify({text: 'Repeated ' + number}),
            });
            return [response.status, (await response.json()).text];
        }))""")
    assert answers == [[201, f"Repeated {number}"] for number in (1, 2, 3, 4)]
    assert len(signed) == 1
    page.unroute(f"{demo.gateway}/api/feedback")
    listed = page.evaluate("async () => (await (await WidgetGateway.fetch('/api/feedback')).json()).posts")
    assert sum(post["text"].startswith("Repeated ") for post in listed) == 4


def test_the_loader_works_under_a_strict_policy_and_drops_no_call(demo, open_page):
    loader = (ROOT / "widget-sdk/dist/loader.js").read_text().replace("GATEWAY", demo.gateway)
    page = open_page()
    page.route(f"{demo.app}/loader", lambda route: route.fulfill(
        content_type="text/html",
        headers={"Content-Security-Policy":
                 f"default-src 'none'; script-src 'nonce-abc' 'strict-dynamic'; connect-src 'self' {demo.gateway}"},
        body=f"""<!doctype html><title>loader</title><script nonce="abc">{loader}</script><script nonce="abc">
            window.heard = [];
            WidgetGateway.on('identified', (status) => heard.push(status.user.email));
            window.sent = WidgetGateway.fetch('/api/feedback', {{
                method: 'POST', headers: {{'Content-Type': 'application/json'}},
                body: JSON.stringify({{text: 'Sent before the SDK was there'}}),
            }}).then((response) => response.json());
            fetch('/token', {{
                method: 'POST', headers: {{'Content-Type': 'application/json'}},
                body: JSON.stringify({{visitor: 'ada', organization: 'acme'}}),
            }}).then((response) => response.json()).then(({{token}}) => {{
                WidgetGateway.identify(token);
                WidgetGateway.init({{organizationId: 'acme'}});
            }});
        </script>"""))
    page.goto(f"{demo.app}/loader")
    sent = page.evaluate("() => sent")
    assert sent["text"] == "Sent before the SDK was there"
    assert sent["author"] == {"name": "Ada Lovelace", "verified": True}
    assert page.evaluate("() => heard") == ["ada@acme.test"]


def test_the_immutable_address_loads_with_its_integrity(demo, open_page):
    swift = (ROOT / "Sources/WidgetSDK/SDKBundle.swift").read_text()
    digest = swift.split('let hash = "')[1].split('"')[0]
    integrity = swift.split('let integrity = "')[1].split('"')[0]
    page = open_page()
    page.route(f"{demo.app}/pinned", lambda route: route.fulfill(
        content_type="text/html",
        body=f'<!doctype html><title>pinned</title><script src="{demo.gateway}/_widget/sdk-{digest}.js" '
             f'integrity="{integrity}" crossorigin="anonymous"></script>'))
    page.goto(f"{demo.app}/pinned")
    assert page.evaluate("() => WidgetGateway.init({organizationId: 'acme'})")["state"] == "anonymous"


def test_a_site_that_is_not_listed_gets_nothing(demo, open_page):
    page = open_page()
    page.route("http://elsewhere.test/", lambda route: route.fulfill(
        content_type="text/html",
        body=f'<!doctype html><title>elsewhere</title><script src="{demo.gateway}/_widget/sdk.js"></script>'))
    page.goto("http://elsewhere.test/")
    outcome = page.evaluate(
        "() => WidgetGateway.init({organizationId: 'acme'}).then(() => 'let in', (error) => error.code)")
    assert outcome in ("network_error", "origin_not_allowed")


@pytest.mark.parametrize("token", ["", "not a token", "a.b.c", "é", "x" * 9000])
def test_garbage_is_refused_without_harm(demo, open_page, token):
    page = open_page(f"{demo.app}/")
    expect(page.locator("#state")).to_have_text("Anonymous")
    outcome = page.evaluate(
        "(token) => WidgetGateway.identify(token).then(() => 'let in', (error) => error.code || error.name)", token)
    assert outcome in ("token_malformed", "token_too_large", "TypeError")
    page.evaluate("() => WidgetGateway.reset()")
    assert write(page, f"After garbage of {len(token)}")["status"] == 201
