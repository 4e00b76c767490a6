"""The four kinds of visitors at the customer's app, as a person sees them."""

import json

import pytest
from playwright.sync_api import Page, expect


def state(page: Page):
    return page.locator("#state")


def send(page: Page, text: str) -> None:
    page.get_by_label("Your idea").fill(text)
    page.get_by_role("button", name="Send").click()


def post(page: Page, text: str):
    return page.locator("#posts li", has_text=text)


def test_nobody_is_anonymous_and_may_write(visit, screenshot):
    page = visit("nobody")
    expect(state(page)).to_have_text("Anonymous")
    send(page, "Written by nobody in particular")
    expect(page.locator("#result")).to_contain_text("filed it under A visitor")
    expect(post(page, "Written by nobody in particular")).to_contain_text("A visitor")
    expect(post(page, "Written by nobody in particular")).not_to_contain_text("verified")
    screenshot(page, "anonymous")


def test_a_known_user_is_identified_and_the_backend_learns_who_it_is(visit, screenshot):
    page = visit("ada")
    expect(state(page)).to_have_text("Identified")
    expect(page.locator("#facts")).to_contain_text("ada@acme.test")
    expect(page.locator("#sentence")).to_contain_text("the directory knows this user")
    send(page, "Written by Ada herself")
    expect(page.locator("#result")).to_contain_text("filed it under Ada Lovelace")
    expect(post(page, "Written by Ada herself")).to_contain_text("verified")
    screenshot(page, "identified")


def test_a_new_user_is_created_once(visit, screenshot):
    page = visit("grace")
    expect(state(page)).to_have_text("Identified")
    expect(page.locator("#sentence")).to_contain_text("didn’t know this user until now")
    screenshot(page, "created")
    page.reload()
    expect(page.locator("#sentence")).to_contain_text("the directory knows this user")


def test_a_forged_user_hash_is_refused_and_writes_nothing(visit, screenshot):
    page = visit("mallory")
    expect(state(page)).to_have_text("Refused")
    expect(page.locator("#code")).to_have_text("user_hash_mismatch")
    send(page, "Written in the name of Ada by somebody else")
    expect(page.locator("#result")).to_contain_text("Not sent: user_hash_mismatch")
    screenshot(page, "refused")

    other = visit("nobody")
    expect(other.locator("#posts li").first).to_be_visible()
    expect(post(other, "in the name of Ada")).to_have_count(0)


def test_a_locked_organization_asks_for_a_sign_in_first(visit, screenshot):
    page = visit("nobody", "lockd")
    expect(state(page)).to_have_text("Locked")
    expect(page.get_by_label("Your idea")).to_be_hidden()
    expect(page.locator("#closed")).to_be_visible()
    screenshot(page, "locked")

    page.get_by_role("button", name="Sign in as Ada").click()
    expect(state(page)).to_have_text("Identified")
    expect(page.locator("#facts")).to_contain_text("ada@lockd.test")
    send(page, "Written after signing in")
    expect(post(page, "Written after signing in")).to_contain_text("Ada Lovelace")


def test_a_new_user_is_refused_where_only_known_ones_are_admitted(visit, screenshot):
    page = visit("grace", "lockd")
    expect(state(page)).to_have_text("Refused")
    expect(page.locator("#code")).to_have_text("user_unknown")
    screenshot(page, "refused-unknown")


def test_organizations_do_not_see_each_other(visit):
    page = visit("ada", "acme")
    send(page, "For acme alone")
    expect(post(page, "For acme alone")).to_be_visible()
    page.get_by_label("lockd").check()
    expect(page.locator("#facts")).to_contain_text("ada@lockd.test")
    expect(post(page, "A calendar view")).to_be_visible()
    expect(post(page, "For acme alone")).to_have_count(0)


def test_changing_the_visitor_changes_who_writes(visit):
    page = visit("ada")
    expect(state(page)).to_have_text("Identified")
    page.get_by_label("Nobody").check()
    expect(state(page)).to_have_text("Anonymous")
    send(page, "Ada has signed out")
    expect(post(page, "Ada has signed out")).to_contain_text("A visitor")


def test_the_keyboard_is_enough(visit):
    page = visit("nobody")
    expect(state(page)).to_have_text("Anonymous")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    page.get_by_label("Nobody").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("A user whom the directory knows")).to_be_checked()
    expect(state(page)).to_have_text("Identified")
    page.keyboard.press("Tab")  # the organizations
    page.keyboard.press("Tab")  # the text
    expect(page.get_by_label("Your idea")).to_be_focused()
    page.keyboard.type("Written without a mouse")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(post(page, "Written without a mouse")).to_be_visible()


@pytest.mark.parametrize(
    ("name", "visitor", "organization", "scheme", "viewport"),
    [
        ("identified-dark", "ada", "acme", "dark", (1200, 900)),
        ("refused-dark", "mallory", "acme", "dark", (1200, 900)),
        ("locked-phone", "nobody", "lockd", "light", (390, 844)),
        ("identified-phone-dark", "ada", "acme", "dark", (390, 844)),
    ])
def test_it_looks_right_elsewhere_too(visit, screenshot, name, visitor, organization, scheme, viewport):
    page = visit(visitor, organization, scheme=scheme, viewport=viewport)
    expect(state(page)).not_to_have_text("Asking")
    page.wait_for_load_state("networkidle")
    screenshot(page, name)


def test_what_a_visitor_writes_is_never_markup(visit):
    page = visit("nobody")
    text = "<img src=x onerror=\"document.title='broken'\"><b>bold</b> " + json.dumps({"a": "\u2028"})
    send(page, text)
    expect(post(page, "<b>bold</b>")).to_be_visible()
    expect(page.locator("#posts img")).to_have_count(0)
    assert "broken" not in page.title()
