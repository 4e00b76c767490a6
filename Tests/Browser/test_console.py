"""The console's doors: who comes in and how, what a foreign page can't do, and what is the same on every page."""

import re
import time

import httpx
import pytest
from playwright.sync_api import expect

from console_gateway import HOSTILE, ConsoleGateway, answer_yes, expect_notice, sign_in
from harness import tokens

SESSION = "widget_console"


def session_cookie(page) -> dict:
    return next(cookie for cookie in page.context.cookies() if cookie["name"].endswith(SESSION))


@pytest.fixture
def browser_of(console):
    """`browser_of(page)`: a client with the page's cookies that sends exactly what a test tells it to."""
    opened = []

    def make(page) -> httpx.Client:
        cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
        opened.append(httpx.Client(base_url=console.origin, cookies=cookies, timeout=20))
        return opened[-1]

    yield make
    for client in opened:
        client.close()


def csrf_of(page) -> str:
    return page.locator("input[name=csrf]").first.get_attribute("value")


# Coming in and going


def test_signing_in_and_out(signed_in, console):
    page = signed_in()
    expect(page.get_by_role("heading", name="Organizations")).to_be_visible()
    expect(page.get_by_role("link", name="Acme Inc")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("status")).to_have_text("You are signed out.")
    page.goto(console.url("audit"))
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_session_that_was_signed_out_is_of_no_use_to_who_kept_the_cookie(signed_in, browser_of):
    page = signed_in()
    kept = browser_of(page)
    assert kept.get("/console/audit").status_code == 200
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert kept.get("/console/audit").status_code == 303


@pytest.mark.parametrize("token", ["nonsense", "wga_" + "0" * 43, *HOSTILE[:5]])
def test_a_wrong_token_opens_nothing(open_page, console, token):
    page = open_page(console.url())
    sign_in(page, token)
    expect(page.get_by_role("alert")).to_have_text("This admin token is unknown, expired or revoked.")
    expect(page.get_by_label("Admin token")).to_have_value("")
    assert page.context.cookies() == []


@pytest.fixture
def own_console(tmp_path):
    """Makes a gateway of a test's own."""
    made = []

    def make(**options) -> ConsoleGateway:
        made.append(ConsoleGateway(tmp_path, **options))
        return made[-1]

    yield make
    for running in made:
        running.close()


def test_guessing_is_slowed_down_and_who_has_a_token_comes_in_all_the_same(own_console, open_page):
    console = own_console()
    with httpx.Client(base_url=console.origin) as guesser:
        answers = [guesser.post("/console/sign-in", data={"token": f"wga_{n:043}"}) for n in range(22)]
    assert [answer.status_code for answer in answers] == [401] * 20 + [429] * 2
    assert 0 < int(answers[-1].headers["retry-after"]) <= 60
    page = open_page(console.url())
    sign_in(page, "wga_" + "9" * 43)
    expect(page.get_by_role("alert")).to_contain_text(re.compile(r"Too many attempts.*in \d+ seconds"))
    sign_in(page, console.tokens["whole"])
    expect(page.get_by_role("heading", name="Organizations")).to_be_visible()


def test_sign_in_leads_to_the_page_that_was_asked_for(signed_in, console):
    page = signed_in("organizations/lockd/settings?x=1%202")
    expect(page).to_have_url(console.url("organizations/lockd/settings?x=1%202"))


@pytest.mark.parametrize("elsewhere", [
    "https://evil.test/", "//evil.test/", "/\\evil.test", "/console/\\evil", "/console/%0d%0aX: y",
    "javascript:alert(1)", "/console/sign-in?next=/console/audit", "/other",
])
def test_sign_in_leads_nowhere_else(open_page, console, elsewhere):
    page = open_page()
    page.goto(console.origin + "/console/sign-in?" + str(httpx.QueryParams({"next": elsewhere})))
    sign_in(page, console.tokens["whole"])
    expect(page.get_by_role("navigation", name="Instance")).to_be_visible()
    assert page.url.startswith(console.url()), page.url
    assert "evil" not in page.url


def test_a_session_ends_with_the_token_that_it_came_in_by(open_page, console):
    token = console.make_token("short-lived")
    page = open_page(console.url())
    sign_in(page, token)
    expect(page.get_by_role("heading", name="Organizations")).to_be_visible()
    identifier = next(one["id"] for one in console.api("GET", "/admin-tokens")["admin_tokens"]
                      if one["name"] == "short-lived")
    console.api("DELETE", f"/admin-tokens/{identifier}")
    page.get_by_role("link", name="Audit").click()
    expect(page.get_by_role("status")).to_have_text("Your admin token has ended, and your session with it.")


def test_a_session_that_somebody_planted_is_not_taken_over(open_page, console):
    page = open_page(console.url())
    planted = "A" * 43
    page.context.add_cookies([{"name": SESSION, "value": planted, "url": console.origin}])
    sign_in(page, console.tokens["whole"])
    expect(page.get_by_role("heading", name="Organizations")).to_be_visible()
    assert session_cookie(page)["value"] != planted


# What a browser is told


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(signed_in):
    page = signed_in()
    cookie = session_cookie(page)
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"], cookie["expires"]) == (True, "Strict", "/", -1)
    assert len(cookie["value"]) == 43
    assert page.evaluate("document.cookie") == ""
    assert page.evaluate("Object.keys(localStorage).length + Object.keys(sessionStorage).length") == 0


def test_over_tls_the_cookie_is_bound_to_the_host(own_console, open_page):
    console = own_console(tls=True)
    page = open_page(ignore_https_errors=True)
    page.goto(console.url())
    sign_in(page, console.tokens["whole"])
    expect(page.get_by_role("heading", name="Organizations")).to_be_visible()
    cookie = session_cookie(page)
    assert (cookie["name"], cookie["secure"], cookie["sameSite"]) == (f"__Host-{SESSION}", True, "Strict")


PAGES = ["sign-in", "", "organizations/new", "organizations/acme", "admin-tokens", "audit", "organizations/nobody", "nope"]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_locked_down(signed_in, browser_of, path):
    answer = browser_of(signed_in()).get(f"/console/{path}")
    assert answer.status_code == (404 if path in ("organizations/nobody", "nope") else 200)
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy == {
        "default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "img-src": "'self'",
        "connect-src": "'self'", "form-action": "'self'", "frame-ancestors": "'none'", "base-uri": "'none'"}
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"


def test_no_page_stands_in_a_frame(browser, signed_in, console):
    # The browser complains, as it should: not in a page of `open_page`, which fails then.
    context = browser.new_context(storage_state=signed_in().context.storage_state())
    page = context.new_page()
    page.route("https://evil.test/", lambda route: route.fulfill(
        content_type="text/html", body=f'<iframe src="{console.url("admin-tokens")}"></iframe>'))
    page.goto("https://evil.test/")
    frame = page.frames[1]
    frame.wait_for_load_state()
    assert frame.url.startswith("chrome-error:")
    context.close()


# Changes come from the console's own pages


def tokens_named(console, name: str) -> list[dict]:
    return [one for one in console.api("GET", "/admin-tokens")["admin_tokens"] if one["name"] == name]


@pytest.mark.parametrize("case", [
    "no csrf field", "wrong csrf field", "csrf field of another session", "other origin", "null origin",
    "other port", "two origins", "cross-site", "same-site", "not a form",
])
def test_a_forged_change_is_refused_and_changes_nothing(signed_in, browser_of, console, case):
    page = signed_in("admin-tokens")
    client = browser_of(page)
    form = {"name": f"forged by {case}", "days": "30", "csrf": csrf_of(page)}
    headers = [("Origin", console.origin)]
    status = 403
    match case:
        case "no csrf field": del form["csrf"]
        case "wrong csrf field": form["csrf"] = form["csrf"][:-1] + ("A" if form["csrf"][-1] != "A" else "B")
        case "csrf field of another session": form["csrf"] = csrf_of(signed_in("admin-tokens"))
        case "other origin": headers = [("Origin", "https://evil.test")]
        case "null origin": headers = [("Origin", "null")]
        case "other port": headers = [("Origin", "http://127.0.0.1:1")]
        case "two origins": headers = [("Origin", console.origin), ("Origin", "https://evil.test")]
        case "cross-site" | "same-site": headers = [("Sec-Fetch-Site", case)]
        case "not a form": status = 415
    if case == "not a form":
        answer = client.post("/console/admin-tokens", json=form, headers=headers)
    else:
        answer = client.post("/console/admin-tokens", data=form, headers=headers)
    assert answer.status_code == status, answer.text
    assert tokens_named(console, form["name"]) == []


def test_the_same_change_from_the_console_itself_is_made(signed_in, browser_of, console):
    page = signed_in("admin-tokens")
    form = {"name": "not forged", "days": "30", "csrf": csrf_of(page)}
    answer = browser_of(page).post("/console/admin-tokens", data=form, headers={"Origin": console.origin})
    assert answer.status_code == 303
    assert len(tokens_named(console, "not forged")) == 1


def test_another_sites_form_is_refused_in_a_browser(signed_in, console):
    page = signed_in("admin-tokens")
    csrf = csrf_of(page)
    page.route("https://evil.test/", lambda route: route.fulfill(content_type="text/html", body=f"""
        <form method="post" action="{console.url('admin-tokens')}">
        <input name="name" value="from evil"><input name="csrf" value="{csrf}"><button>Win a prize</button></form>"""))
    page.goto("https://evil.test/")
    page.get_by_role("button", name="Win a prize").click()
    page.wait_for_url(console.origin + "/**")
    assert tokens_named(console, "from evil") == []


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(console, method):
    assert httpx.request(method, console.url("admin-tokens")).status_code == 405


# Who may do what


def test_who_is_bound_to_an_organization_sees_that_one_alone(signed_in, console):
    page = signed_in(by="bound")
    expect(page).to_have_url(console.url("organizations/acme"))
    for path in ("organizations/lockd", "organizations/lockd/keys", "organizations/nobody"):
        answer = page.goto(console.url(path))
        assert answer.status == 404
        expect(page.get_by_role("heading", name="Not found")).to_be_visible()
    page.goto(console.url("audit"))
    expect(page.get_by_role("cell", name="lockd")).to_have_count(0)
    assert page.goto(console.url("organizations/new")).status == 403
    page.goto(console.url("admin-tokens"))
    expect(page.get_by_role("cell", name=re.compile("^bound "))).to_be_visible()
    expect(page.get_by_role("cell", name=re.compile("^whole "))).to_have_count(0)


@pytest.mark.parametrize("path", ["", "organizations/new", "admin-tokens", "audit"])
def test_who_may_only_read_gets_no_controls(signed_in, path):
    page = signed_in(path, by="reading")
    expect(page.get_by_text("read-only").first).to_be_visible()
    assert page.locator("main form[method=post]").count() == 0
    expect(page.get_by_role("link", name="New organization")).to_have_count(0)


def test_who_may_only_read_is_refused_whatever_they_send(signed_in, browser_of, console):
    page = signed_in(by="reading")
    answer = browser_of(page).post(
        "/console/admin-tokens", data={"name": "by a reader", "days": "30", "csrf": csrf_of(page)})
    assert answer.status_code == 403
    assert tokens_named(console, "by a reader") == []


# Admin tokens and the audit log


def test_an_admin_token_is_made_shown_once_and_revoked(signed_in, open_page, console, three_looks):
    page = signed_in("admin-tokens")
    page.get_by_label("Name").fill("Grace's laptop")
    page.get_by_label("Bound to organization").fill("lockd")
    page.get_by_label("Ends after").select_option("30 days")
    page.get_by_role("button", name="Make token").click()
    expect_notice(page, "The admin token Grace's laptop was made.")
    text = page.get_by_label("Admin token", exact=True).input_value()
    tokens.must_stay_secret.add(text)
    assert re.fullmatch(r"wga_[A-Za-z0-9_-]{43}", text)
    assert text not in page.url
    three_looks(page, "admin-tokens")
    page.reload()
    assert text not in page.content()

    theirs = open_page(console.url())
    sign_in(theirs, text)
    expect(theirs).to_have_url(console.url("organizations/lockd"))

    row = page.get_by_role("row", name="Grace's laptop")
    expect(row).to_contain_text("organization lockd")
    row.get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("heading", name="Revoke Grace's laptop?")).to_be_visible()
    page.get_by_role("link", name="Cancel").click()
    expect(page.get_by_role("row", name="Grace's laptop")).to_contain_text("active")
    page.get_by_role("row", name="Grace's laptop").get_by_role("button", name="Revoke").click()
    answer_yes(page, "Revoke token")
    expect_notice(page, "The admin token Grace's laptop is revoked.")
    expect(page.get_by_role("row", name="Grace's laptop")).to_contain_text("revoked")
    theirs.reload()
    expect(theirs.get_by_role("heading", name="Sign in")).to_be_visible()


def test_who_revokes_their_own_token_is_told_and_signed_out(open_page, console):
    page = open_page(console.url("admin-tokens"))
    sign_in(page, console.make_token("own"))
    page.get_by_role("row", name="own this one").get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("will be signed out")).to_be_visible()
    answer_yes(page, "Revoke token")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_names_are_shown_as_text(signed_in, console, three_looks):
    for name in HOSTILE:
        console.api("POST", "/admin-tokens", {"name": name[:100]})
    page = signed_in("admin-tokens")
    for name in HOSTILE:
        expect(page.locator("td strong", has_text=name[:100].strip()).first).to_be_visible()
    assert page.locator("main img, main script, main svg").count() == 0
    three_looks(page, "admin-tokens-hostile")


def test_the_audit_log_tells_who_changed_what(signed_in, console, organization, three_looks):
    console.api("PATCH", f"/organizations/{organization}", {"name": HOSTILE[0], "require_identify": "report"})
    page = signed_in(f"organizations/{organization}/audit")
    row = page.get_by_role("row", name="organization.update")
    row.get_by_text("Details").click()
    expect(row).to_contain_text('"require_identify": "off"')
    expect(row).to_contain_text('"require_identify": "report"')
    expect(row).to_contain_text("whole")
    expect(row).to_contain_text("127.0.0.1")
    expect(row).to_contain_text(HOSTILE[0])
    three_looks(page, "audit")
    page.get_by_label("Action").fill("organization.create")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_label("Action").fill("no.such")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_text("No entry fits.")).to_be_visible()


def test_coming_and_going_is_in_the_audit_log(signed_in, console):
    page = signed_in()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    actions = [entry["action"] for entry in console.audit()]
    assert {"console.sign_in", "console.sign_out"} <= set(actions[:6]), actions[:6]


# Organizations


def test_an_organization_is_made(signed_in, console, three_looks):
    page = signed_in("organizations/new")
    identifier = f"made-{time.monotonic_ns()}"
    page.get_by_label("Id").fill(identifier)
    page.get_by_label("Name").fill("Made Here")
    page.get_by_label("Dialect").select_option("userorbit")
    page.get_by_label("Hosts").fill("not a host!")
    page.get_by_role("button", name="Make organization").click()
    expect(page.get_by_label("Hosts")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Name")).to_have_value("Made Here")
    three_looks(page, "organization-new-error")
    page.get_by_label("Hosts").fill(f"{identifier}.test\nwww.{identifier}.test")
    page.get_by_role("button", name="Make organization").click()
    expect(page).to_have_url(console.url(f"organizations/{identifier}/keys"))
    made = console.settings(identifier)
    assert (made["name"], made["dialect"], made["hosts"]) == (
        "Made Here", "userorbit", [f"{identifier}.test", f"www.{identifier}.test"])


@pytest.mark.parametrize("name", HOSTILE)
def test_an_organizations_name_is_shown_as_text(signed_in, console, name, screenshot):
    identifier = console.make_organization(name=name)
    page = signed_in(f"organizations/{identifier}/audit")
    expect(page.locator(".side-head strong")).to_have_text(name)
    assert page.locator("aside img, aside script, aside svg, main img, main script").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.goto(console.url() + f"?search={identifier}")
    expect(page.get_by_role("row").nth(1)).to_contain_text(identifier)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_every_page_can_be_used_by_keyboard(signed_in, console):
    page = signed_in("admin-tokens")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Name")).to_be_focused()
