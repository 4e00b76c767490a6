"""The launcher and the panel on a customer's page: every state, by mouse, keyboard and screen reader."""

import json

import pytest
from playwright.sync_api import Page, expect
from sdk_gateway import CUSTOMER, SCRIPT, STRICT, customer, widgets, write  # noqa: F401

INIT = SCRIPT + '<script nonce="abc">WidgetGateway.init({options}).catch(() => {})</script>'
ARABIC = {
    "launcher": "ملاحظات", "title": "شاركنا رأيك", "close": "إغلاق", "signedInAs": "مسجَّل باسم {name}",
    "label": "رأيك", "placeholder": "فكرة أو سؤال أو مشكلة", "send": "إرسال", "sent": "شكرًا لك!",
    "sentDetail": "وصلتنا ملاحظتك.", "another": "إرسال المزيد",
}


@pytest.fixture
def widget(widgets, customer):  # noqa: F811
    """A page with the widget on it, as somebody; the policy is the strictest that a page can have."""

    def opened(who: str | None = "ada", name: str = "productbridge", *, body: str = "", init=None, **options) -> Page:
        settings = {"organizationId": name} | (init or {})
        if who:
            settings["userToken"] = widgets.token(name, who, "Ada Lovelace")
        return customer(
            body + INIT, name, values={"options": json.dumps(settings)}, **{"policy": STRICT} | options)

    return opened


def launcher(page: Page):
    return page.get_by_role("button", name="Feedback", exact=True)


def panel(page: Page):
    return page.get_by_role("dialog", name="Share your feedback")


def at(page: Page, path: str, answer) -> None:
    page.route(f"**{path}", answer)


def failing(status: int = 500):
    return lambda route: route.continue_() if route.request.method == "OPTIONS" else route.fulfill(
        status=status, headers={"Access-Control-Allow-Origin": CUSTOMER}, body="")


def state_to_show(page: Page, state: str) -> None:
    """Brings the panel into a state."""
    if state == "closed":
        return expect(launcher(page)).to_be_visible()
    if state == "error":
        at(page, "/api/feedback", failing())
    if state == "waiting":
        at(page, "/api/feedback", lambda route: route.abort())
    if state == "sending":
        at(page, "/api/feedback", lambda route: None)
    launcher(page).click()
    if state in ("locked", "refused"):
        return expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    if state in ("form", "anonymous"):
        return expect(page.get_by_label("Your feedback", exact=True)).to_be_focused()
    write(page, "Dark mode, please. My eyes hurt after ten in the evening.")
    said = {"sending": "Sending…", "waiting": "No connection", "error": "Not sent", "sent": "Thank you!"}
    expect(panel(page).get_by_text(said[state])).to_be_visible()


STATES = ["closed", "form", "anonymous", "sending", "waiting", "error", "sent", "locked", "refused"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES)
def test_every_state_can_be_looked_at(widget, screenshot, state, scheme):
    name = "locked" if state == "locked" else "productbridge"
    init = {"userToken": "a.b.c"} if state == "refused" else {}
    who = None if state in ("locked", "anonymous", "refused") else "ada"
    page = widget(who, name, init=init, scheme=scheme, viewport=(620, 680))
    state_to_show(page, state)
    screenshot(page, f"widget-{state}-{scheme}")


@pytest.mark.parametrize("state", ["closed", "form", "sent"])
def test_narrow_screens_get_a_sheet(widget, screenshot, state):
    page = widget(viewport=(360, 640), reduced_motion="reduce")
    state_to_show(page, state)
    if state != "closed":
        box = panel(page).bounding_box()
        assert (box["x"], box["width"]) == (0, 360)
        assert box["y"] + box["height"] == pytest.approx(640, abs=1)
    screenshot(page, f"widget-{state}-phone")


def test_twice_as_large_is_still_all_there(widget, screenshot):
    # A browser's zoom of 200 % halves the page's own pixels: a window of 1280 × 720 shows 640 × 360 of them.
    page = widget(viewport=(640, 360), device_scale_factor=2)
    state_to_show(page, "form")
    page.get_by_role("button", name="Send feedback").scroll_into_view_if_needed()
    expect(page.get_by_role("button", name="Send feedback")).to_be_in_viewport()
    page.get_by_role("button", name="Close").scroll_into_view_if_needed()
    expect(page.get_by_role("button", name="Close")).to_be_in_viewport()
    screenshot(page, "widget-form-zoomed")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_right_to_left_with_other_words(widget, screenshot, scheme):
    page = widget(init={"texts": ARABIC}, dir="rtl", scheme=scheme, viewport=(620, 680))
    button = page.get_by_role("button", name="ملاحظات")
    assert button.bounding_box()["x"] < 100
    button.click()
    dialog = page.get_by_role("dialog", name="شاركنا رأيك")
    assert dialog.bounding_box()["x"] < 100
    screenshot(page, f"widget-form-rtl-{scheme}")
    page.get_by_label("رأيك", exact=True).fill("وضع داكن من فضلك")
    page.get_by_role("button", name="إرسال").click()
    expect(dialog).to_contain_text("شكرًا لك!")
    assert dialog.get_by_text("feedback").count() == 0, "every word can be replaced"
    screenshot(page, f"widget-sent-rtl-{scheme}")


def test_motion_is_left_out_where_it_is_not_wanted(widget):
    moving = "() => getComputedStyle(document.querySelector('[data-widget-gateway]').shadowRoot.querySelector('dialog')).animationName"
    assert widget().evaluate(moving) == "rise"
    assert widget(reduced_motion="reduce").evaluate(moving) == "none"


def test_what_is_sent_arrives_as_the_user(widgets, widget):  # noqa: F811
    page = widget("ada")
    launcher(page).click()
    expect(panel(page)).to_contain_text("Signed in as Ada Lovelace")
    write(page, "Sent through the panel")
    expect(panel(page)).to_contain_text("Thank you!")
    assert widgets.posts("through the panel") == [("ada@customer.test", '{"text":"Sent through the panel"}')]
    page.get_by_role("button", name="Send more feedback").click()
    expect(page.get_by_label("Your feedback", exact=True)).to_be_focused()
    expect(page.get_by_label("Your feedback", exact=True)).to_have_value("")


def test_an_anonymous_visitor_sends_without_a_name(widgets, widget):  # noqa: F811
    page = widget(None)
    launcher(page).click()
    expect(panel(page)).not_to_contain_text("Signed in as")
    write(page, "Sent by nobody in particular")
    expect(panel(page)).to_contain_text("Thank you!")
    assert widgets.posts("nobody in particular") == [(None, '{"text":"Sent by nobody in particular"}')]


def test_the_keyboard_is_enough_and_focus_stays_inside(widget):
    page = widget(body="<p><a href='#'>A link of the page</a></p>")
    page.keyboard.press("Tab")
    expect(page.get_by_text("A link of the page")).to_be_focused()
    page.keyboard.press("Tab")
    expect(launcher(page)).to_be_focused()
    expect(launcher(page)).to_have_attribute("aria-haspopup", "dialog")
    expect(launcher(page)).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Your feedback", exact=True)).to_be_focused()
    seen = set()
    for _ in range(8):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("""() => {
            const active = document.activeElement;
            return active.shadowRoot ? active.shadowRoot.activeElement.tagName : active.tagName;
        }"""))
    assert "A" not in seen, "the page behind can't be reached"
    assert {"BUTTON", "TEXTAREA"} <= seen
    page.get_by_label("Your feedback", exact=True).focus()
    page.keyboard.type("Written without a mouse")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Thank you!")).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel(page)).to_be_hidden()
    expect(launcher(page)).to_be_focused()


def test_escape_keeps_what_was_typed(widget):
    page = widget()
    launcher(page).click()
    page.get_by_label("Your feedback", exact=True).fill("Half a thou")
    page.keyboard.press("Escape")
    expect(panel(page)).to_be_hidden()
    launcher(page).click()
    expect(page.get_by_label("Your feedback", exact=True)).to_have_value("Half a thou")
    page.mouse.click(5, 5)
    expect(panel(page)).to_be_hidden()


def test_a_failure_loses_nothing_and_shows_the_way_on(widgets, widget):  # noqa: F811
    page = widget()
    at(page, "/api/feedback", failing())
    launcher(page).click()
    write(page, "Written in bad weather")
    expect(panel(page).get_by_role("status")).to_have_text("Not sent. Your text is still here.")
    expect(page.get_by_label("Your feedback", exact=True)).to_have_value("Written in bad weather")
    page.unroute("**/api/feedback")
    page.get_by_role("button", name="Try again").click()
    expect(panel(page)).to_contain_text("Thank you!")
    assert len(widgets.posts("bad weather")) == 1


def test_a_lost_connection_is_waited_for(widgets, widget):  # noqa: F811
    page = widget()
    launcher(page).click()
    page.context.set_offline(True)
    write(page, "Written in a tunnel")
    expect(panel(page).get_by_role("status")).to_have_text("No connection. It will be sent once there is one.")
    expect(page.get_by_role("button", name="Sending…")).to_have_attribute("aria-disabled", "true")
    page.wait_for_timeout(3000)
    page.context.set_offline(False)
    expect(panel(page)).to_contain_text("Thank you!")
    assert len(widgets.posts("in a tunnel")) == 1


def test_a_screen_reader_is_told(widget):
    page = widget()
    launcher(page).click()
    dialog = page.locator("dialog")
    expect(dialog).to_have_role("dialog")
    expect(dialog).to_have_accessible_name("Share your feedback")
    expect(page.get_by_role("button", name="Close")).to_be_visible()
    expect(page.get_by_label("Your feedback", exact=True)).to_have_accessible_description("")
    at(page, "/api/feedback", failing())
    write(page, "x")
    expect(page.get_by_label("Your feedback", exact=True)).to_have_accessible_description("Not sent. Your text is still here.")
    expect(page.get_by_role("button", name="Try again")).to_be_focused()


def test_locked_opens_the_organizations_login_page(widgets, widget):  # noqa: F811
    page = widget(None, "locked")
    launcher(page).click()
    expect(panel(page)).to_contain_text("Sign in to send feedback")
    expect(page.get_by_label("Your feedback", exact=True)).to_be_hidden()
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Sign in").click()
    start = f"{widgets.url('locked')}/_widget/sso/start?"
    opened.value.wait_for_url(f"{start}**")
    assert "return_to=" in opened.value.url and "organizationId=locked" in opened.value.url
    assert opened.value.evaluate("() => window.opener") is None


def test_locked_leaves_the_sign_in_to_a_page_that_wants_it(widgets, widget):  # noqa: F811
    page = widget(None, "locked")
    token = widgets.token("locked", "grace", "Grace Hopper")
    page.evaluate("""(token) => WidgetGateway.on('sign-in', (request) => {
        request.preventDefault();
        setTimeout(() => WidgetGateway.identify(token), 50);
    })""", token)
    launcher(page).click()
    page.get_by_role("button", name="Sign in").click()
    expect(panel(page)).to_contain_text("Signed in as Grace Hopper")
    expect(page.get_by_label("Your feedback", exact=True)).to_be_focused()
    assert len(page.context.pages) == 1


def test_feedback_that_met_a_closed_door_goes_out_after_signing_in(widgets, widget):  # noqa: F811
    page = widget("ada", "locked")
    launcher(page).click()
    page.get_by_label("Your feedback", exact=True).fill("Held at the door")
    at(page, "/api/feedback", lambda route: route.continue_() if route.request.method == "OPTIONS" else route.fulfill(
        status=401, content_type="application/problem+json", headers={"Access-Control-Allow-Origin": CUSTOMER},
        body=json.dumps({"code": "identify_required", "status": 401, "detail": "sign in", "state": "locked"})))
    page.get_by_role("button", name="Send feedback").click()
    expect(panel(page)).to_contain_text("Sign in to send feedback")
    page.unroute("**/api/feedback")
    assert widgets.posts("at the door") == []
    page.evaluate("(token) => { WidgetGateway.identify(token) }", widgets.token("locked", "ada"))
    expect(panel(page)).to_contain_text("Thank you!")
    assert [user for user, _ in widgets.posts("at the door")] == ["ada@customer.test"]


def test_another_user_does_not_see_what_the_one_before_typed(widgets, widget):  # noqa: F811
    page = widget("ada")
    launcher(page).click()
    page.get_by_label("Your feedback", exact=True).fill("For my eyes only")
    page.evaluate("(token) => WidgetGateway.identify(token)", widgets.token(id="grace", full_name="Grace Hopper"))
    expect(panel(page)).to_contain_text("Signed in as Grace Hopper")
    expect(page.get_by_label("Your feedback", exact=True)).to_have_value("")
    page.get_by_label("Your feedback", exact=True).fill("For hers")
    page.evaluate("() => WidgetGateway.reset()")
    expect(page.get_by_label("Your feedback", exact=True)).to_have_value("")
    expect(panel(page)).not_to_contain_text("Grace")


def test_elements_of_the_page_open_it_and_get_the_focus_back(widget):
    page = widget(init={"launcher": False}, body="<p><button data-widget-gateway-open><b>Tell us</b></button></p>"
                  "<p><button data-widget-gateway-open='somebody-else'>Another’s</button></p>")
    expect(launcher(page)).to_be_hidden()
    page.get_by_text("Another’s").click()
    expect(panel(page)).to_be_hidden()
    page.get_by_text("Tell us").click()
    expect(panel(page)).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Tell us")).to_be_focused()


def test_open_and_close_can_be_called(widget):
    page = widget(init={"launcher": False})
    page.evaluate("() => WidgetGateway.open()")
    expect(panel(page)).to_be_visible()
    page.evaluate("() => WidgetGateway.close()")
    expect(panel(page)).to_be_hidden()


def test_it_stays_on_top_when_the_page_starts_over_or_replaces_its_body(widget):
    page = widget()
    launcher(page).click()
    page.get_by_label("Your feedback", exact=True).fill("Kept")
    page.evaluate("() => WidgetGateway.init({organizationId: 'productbridge'})")
    assert page.locator("dialog").evaluate("(dialog) => dialog.matches(':modal')")
    page.evaluate("() => document.body.replaceChildren('Another view')")
    page.evaluate("() => WidgetGateway.open()")
    expect(panel(page)).to_be_visible()
    assert page.locator("dialog").evaluate("(dialog) => dialog.matches(':modal')")
    expect(page.get_by_label("Your feedback", exact=True)).to_have_value("Kept")


def test_a_page_cannot_restyle_it_by_accident_but_can_choose_its_colour(widget):
    page = widget(head="""<style nonce="abc">* { color: red !important; font-size: 40px; padding: 3em }
        div { display: none } :root { --widget-accent: rgb(0, 120, 60) }</style>""")
    expect(launcher(page)).to_be_visible()
    look = launcher(page).evaluate("(button) => [getComputedStyle(button).backgroundColor, getComputedStyle(button).fontSize]")
    assert look == ["rgb(0, 120, 60)", "16px"]


def test_what_a_user_is_called_is_never_markup(widgets, customer):  # noqa: F811
    name = "<img src=x onerror=alert(1)> $& Ada"
    page = customer(INIT, values={"options": json.dumps({"userToken": widgets.token(id="odd", full_name=name)})})
    launcher(page).click()
    expect(panel(page)).to_contain_text(f"Signed in as {name}")
    expect(page.locator("dialog img")).to_have_count(0)


def test_two_widgets_of_two_organizations_keep_apart(widgets, customer):  # noqa: F811
    page = customer(SCRIPT + """<script>
        const second = WidgetGateway.create();
        WidgetGateway.init({organizationId: 'productbridge', userToken: '{ada}'});
        second.init({endpoint: '{other}', organizationId: 'productlift', userToken: '{grace}', position: 'start',
                     texts: {launcher: 'Ideas'}});
        </script>""", values={
            "ada": widgets.token(), "other": widgets.url("productlift"),
            "grace": widgets.token("productlift", "grace", "Grace Hopper")})
    launcher(page).click()
    expect(panel(page)).to_contain_text("Signed in as Ada Lovelace")
    write(page, "By Ada at the first")
    expect(panel(page)).to_contain_text("Thank you!")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Ideas").click()
    expect(panel(page)).to_contain_text("Signed in as Grace Hopper")
    write(page, "By Grace at the second")
    expect(panel(page)).to_contain_text("Thank you!")
    said = {one.body: (one.value("x-widget-organization"), one.value("x-widget-user-email"))
            for one in widgets.upstream.seen("/api/feedback")}
    assert said[b'{"text":"By Ada at the first"}'] == ("productbridge", "ada@customer.test")
    assert said[b'{"text":"By Grace at the second"}'] == ("productlift", "grace@customer.test")


def test_it_adds_no_global_but_the_documented_ones(customer):  # noqa: F811
    page = customer("<script>window.before = Object.getOwnPropertyNames(window)</script>" + SCRIPT)
    added = page.evaluate("() => Object.getOwnPropertyNames(window).filter((name) => !before.includes(name))")
    assert set(added) - {"before"} == {"WidgetGateway", "ProductBridge"}


def test_it_may_come_late_early_and_twice(widgets, customer):  # noqa: F811
    page = customer("<p id='end'>.</p>", head=SCRIPT + SCRIPT + "<script>WidgetGateway.init({organizationId: 'productbridge'}); WidgetGateway.open()</script>")
    expect(panel(page)).to_be_visible()
    assert page.locator("[data-widget-gateway]").count() == 1

    late = customer("<p>Nothing yet</p>")
    late.evaluate("""(src) => new Promise((resolve) => {
        const script = document.createElement('script');
        script.src = src;
        script.onload = resolve;
        document.head.append(script);
    })""", widgets.url() + "/_widget/sdk.js")
    late.evaluate("() => WidgetGateway.init({organizationId: 'productbridge'})")
    expect(launcher(late)).to_be_visible()
