"""The console's pages about tokens: overview, token log, token checker, codes."""

import csv
import io
import re
import sqlite3
import time
from contextlib import closing

import jwt
import pytest
from playwright.sync_api import expect

from console_gateway import HOSTILE, console, organization, sign_in, signed_in, three_looks  # noqa: F401
from harness import tokens
from harness.gateway import eventually

PAGE = "https://app.customer.test"
NUMBER = "\u2009"


def secret_of(console, organization):
    return console.api("POST", f"/organizations/{organization}/secrets", {"purpose": "api"})["secret"]


@pytest.fixture
def signing(console, organization):
    """The organization, and a function that signs for it."""
    key = secret_of(console, organization)
    tokens.must_stay_secret.add(key)
    return organization, key


@pytest.fixture(scope="session")
def telemetry(console):
    """Runs a statement in the file of the token log: for what takes days to come about."""
    path = console.gateway.directory / "data" / "widget-gateway-log.db"

    def run(statement: str, rows) -> None:
        with closing(sqlite3.connect(path, timeout=20)) as database, database:
            database.executemany(statement, rows)

    return run


def add_outcomes(telemetry, organization, rows) -> None:
    """Rows of hours ago, code, count."""
    hour = tokens.now() // 3600 * 3600
    telemetry("INSERT INTO outcomes VALUES (?, ?, ?, ?)",
              [(organization, hour - ago * 3600, code, count) for ago, code, count in rows])


def add_entries(telemetry, organization, entries) -> None:
    """Rows of the log, the oldest first."""
    telemetry(
        "INSERT INTO entries (time, organization, class, code, warnings, user, key_id, address, origin, source,"
        " stands_for) VALUES (:time, :organization, :class, :code, '', NULL, NULL, :address, :origin, 'header', :count)",
        [{"time": tokens.now(), "organization": organization, "code": "token_malformed", "address": "192.0.2.1",
          "origin": PAGE, "count": 1, "class": 0 if entry.get("code") == "accepted" else 1} | entry
         for entry in entries])


def add_alert(telemetry, organization, kind, address, count, seconds_ago=5) -> None:
    now = tokens.now()
    telemetry("INSERT INTO alerts (kind, organization, subject, first_seen, last_seen, count) VALUES (?,?,?,?,?,?)",
              [(kind, organization, address, now - seconds_ago - 60, now - seconds_ago, count)])


def rows_of(page):
    return page.locator("#log-rows > tr")


# Overview


def test_a_new_organization_is_led_through_what_is_missing(console, organization, signed_in, three_looks):
    console.api("PATCH", f"/organizations/{organization}", {"hosts": []})
    page = signed_in(f"organizations/{organization}")
    steps = page.locator(".steps > li")
    expect(steps).to_have_count(4)
    expect(page.locator(".steps > li.ok")).to_have_count(0)
    expect(page.get_by_text("No token came in the last 24 hours.")).to_be_visible()
    three_looks(page, "overview-new")
    steps.nth(0).get_by_role("link", name="API keys").click()
    expect(page).to_have_url(re.compile(f"/organizations/{organization}/keys$"))

    secret_of(console, organization)
    console.api("PATCH", f"/organizations/{organization}", {"hosts": [console.host(organization)]})
    page.goto(console.url(f"organizations/{organization}"))
    expect(page.locator(".steps > li.ok")).to_have_count(2)
    expect(page.get_by_text("2 of 4 done")).to_be_visible()


def test_figures_are_shown_for_each_span_and_lead_to_the_log(console, organization, telemetry, signed_in, three_looks):
    add_outcomes(telemetry, organization, [
        (1, "accepted", 1200), (1, "token_expired", 30), (2, "token_signature_mismatch", 10),
        (100, "accepted", 5000), (1000, "user_blocked", 7),
    ])
    page = signed_in(f"organizations/{organization}")
    main = page.get_by_role("main")
    values = page.locator(".stat .value")
    expect(values).to_have_text([f"1{NUMBER}240", f"1{NUMBER}200", "40", "96.8 %"])
    chart = page.get_by_role("img", name="Tokens per hour, the last 24 hours")
    expect(chart).to_be_visible()
    assert chart.locator(".bar-slot").count() == 24
    hints = chart.locator(".bar-slot > title").all_text_contents()
    assert sum(f"1{NUMBER}200 accepted, 30 refused" in hint for hint in hints) == 1
    page.get_by_text("The same as a table").click()
    table = page.get_by_role("region", name="Tokens per hour")
    expect(table.locator("tbody tr")).to_have_count(24)
    expect(table.get_by_role("cell", name=f"1{NUMBER}200")).to_be_visible()
    expect(main).to_contain_text("No active secret of this organization signed this token.")
    three_looks(page, "overview")

    for label, total, bars in (("7 days", f"6{NUMBER}240", 28), ("30 days", f"6{NUMBER}240", 30),
                               ("90 days", f"6{NUMBER}247", 90)):
        page.get_by_role("navigation", name="Time").get_by_role("link", name=label).click()
        expect(values.first).to_have_text(total)
        assert page.locator(".chart-wide .bar-slot").count() == bars
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator(".chart-narrow svg")).to_be_visible()
    expect(page.locator(".chart-wide svg")).to_be_hidden()
    page.set_viewport_size({"width": 1200, "height": 900})

    page.goto(console.url(f"organizations/{organization}"))
    page.get_by_role("link", name="Show them in the token log: token_expired").click()
    expect(page.get_by_label("Outcome")).to_have_value("token_expired")
    expect(page.get_by_label("Time", exact=True)).to_have_value("24h")


def test_alerts_stand_on_the_overview_and_among_the_organizations(
    console, organization, telemetry, signed_in, three_looks
):
    add_alert(telemetry, organization, "many_users", "203.0.113.8", 61)
    add_alert(telemetry, organization, "user_hash_mismatch", "2001:db8::8", 3, seconds_ago=7200)
    page = signed_in("")
    alert = page.locator("#alerts li").filter(has_text="203.0.113.8")
    expect(alert).to_contain_text("One address, many users")
    alert.get_by_role("link", name=organization).click()

    expect(page.get_by_text("Somebody may be passing for somebody else.")).to_be_visible()
    expect(page.locator("#alerts li")).to_have_count(2)
    expect(page.locator("#alerts .badge", has_text="going on")).to_have_count(1)
    three_looks(page, "overview-alerts")
    page.locator("#alerts").get_by_role("link", name="203.0.113.8").click()
    expect(page.get_by_label("Address")).to_have_value("203.0.113.8")


def test_a_rule_in_report_says_what_it_would_refuse(console, signing, signed_in):
    organization, key = signing
    console.api("PATCH", f"/organizations/{organization}", {"require_user_hash": "report"})
    for number in range(3):
        assert console.present(organization, tokens.sign({"email": f"u{number}@a.test"}, key)).status_code == 200
    page = signed_in()

    def would_refuse():
        page.goto(console.url(f"organizations/{organization}"))
        return "it would have refused 3 of 3 requests" in page.get_by_role("main").inner_text()

    eventually(would_refuse, within=20, every=0.5, what="the report")
    page.get_by_role("link", name="Whom, and why").click()
    expect(page).to_have_url(re.compile("/widget-auth$"))


# Token log


def test_what_was_presented_is_in_the_log_with_who_and_why(console, signing, signed_in, three_looks):
    organization, key = signing
    console.api("PATCH", f"/organizations/{organization}", {"allowed_origins": [PAGE]})
    console.present(organization, tokens.sign({"email": "ada@a.test"}, key), headers={"Origin": PAGE})
    console.present(organization, tokens.sign({"email": "ada@a.test", "iat": 1, "exp": 2}, key))
    console.present(organization, tokens.sign({"email": "ada@a.test"}, tokens.secret(801)))
    page = signed_in()

    def are_written():
        page.goto(console.url(f"organizations/{organization}/token-log"))
        return rows_of(page).count() == 3

    eventually(are_written, within=10, every=0.3, what="three rows")
    accepted = rows_of(page).filter(has_text="Accepted")
    expect(accepted).to_contain_text("Authorization header")
    expect(accepted).to_contain_text(PAGE)
    expect(rows_of(page).filter(has_text="token_expired")).to_contain_text("nobody")
    three_looks(page, "token-log")

    page.get_by_label("Outcome").select_option("token_expired")
    page.get_by_role("button", name="Filter").click()
    expect(rows_of(page)).to_have_count(1)
    page.get_by_role("link", name="token_expired").click()
    expect(page).to_have_url(re.compile("/console/codes#token_expired$"))
    page.go_back()
    page.get_by_role("link", name="Show all").first.click()
    expect(rows_of(page)).to_have_count(3)

    page.get_by_label("User").fill("ada@a.test")
    page.get_by_role("button", name="Filter").click()
    expect(rows_of(page)).to_have_count(1)
    rows_of(page).get_by_role("link", name="ada@a.test").click()
    expect(page).to_have_url(re.compile(f"/organizations/{organization}/users/"))


def test_filters_hold_across_pages_and_in_the_download(console, organization, telemetry, signed_in):
    add_entries(telemetry, organization, [{"time": tokens.now() - 200 + number} for number in range(120)])
    add_entries(telemetry, organization, [
        {"code": "token_expired", "address": "192.0.2.9"},
        {"origin": "=1+1", "address": "192.0.2.9", "time": tokens.now() - 90000, "count": 41},
    ])
    page = signed_in(f"organizations/{organization}/token-log?address=192.0.2.1&within=1h")
    expect(rows_of(page)).to_have_count(50)
    seen = set()
    for _ in range(2):
        seen |= set(rows_of(page).evaluate_all("rows => rows.map(row => row.dataset.row)"))
        page.get_by_role("link", name="Next page").click()
    seen |= set(rows_of(page).evaluate_all("rows => rows.map(row => row.dataset.row)"))
    assert len(seen) == 120
    expect(page.get_by_role("link", name="Next page")).to_have_count(0)
    expect(page.get_by_role("button", name="Follow live")).to_have_count(0)

    with page.expect_download() as started:
        page.get_by_role("link", name="Download CSV").click()
    assert started.value.suggested_filename == f"token-log-{organization}.csv"
    rows = list(csv.DictReader(io.StringIO(started.value.path().read_text())))
    assert len(rows) == 120
    assert {row["address"] for row in rows} == {"192.0.2.1"}

    page.goto(console.url(f"organizations/{organization}/token-log?address=192.0.2.9"))
    expect(rows_of(page)).to_have_count(2)
    expect(rows_of(page).filter(has_text="stands for 41")).to_have_count(1)
    with page.expect_download() as started:
        page.get_by_role("link", name="Download CSV").click()
    rows = list(csv.DictReader(io.StringIO(started.value.path().read_text())))
    assert [(row["outcome"], row["origin"], row["stands_for"]) for row in rows] == [
        ("token_malformed", "'=1+1", "41"), ("token_expired", PAGE, "1")]

    day = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(tokens.now() - 86400))
    page.get_by_text("Exact times").click()
    page.get_by_label("Until (UTC)").fill(day)
    page.get_by_role("button", name="Filter").click()
    expect(rows_of(page)).to_have_count(1)
    expect(page.get_by_label("Until (UTC)")).to_have_value(day)
    page.goto(console.url(f"organizations/{organization}/token-log?since=yesterday"))
    expect(page.get_by_role("alert")).to_contain_text("isn't a date and time")


def test_the_log_can_be_followed_live(console, organization, telemetry, signed_in):
    page = signed_in(f"organizations/{organization}/token-log?outcome=refused")
    expect(page.get_by_text("No token fits.")).to_be_visible()
    follow = page.get_by_role("button", name="Follow live")
    follow.click()
    stop = page.get_by_role("button", name="Stop following")
    expect(stop).to_have_attribute("aria-pressed", "true")
    add_entries(telemetry, organization, [
        {"code": "accepted"}, {"origin": HOSTILE[0]}, {"origin": HOSTILE[1], "code": "token_expired"}])
    expect(rows_of(page)).to_have_count(2)
    expect(page.get_by_text("No token fits.")).to_have_count(0)
    # The newest is on top, and what a page's address says is text.
    expect(rows_of(page).first).to_contain_text(HOSTILE[1])
    expect(rows_of(page).last).to_contain_text(HOSTILE[0])
    assert page.locator("#log-rows").locator("img, script").count() == 0
    expect(page.locator("#log-status")).to_have_text("Following: 2 new rows.")
    stop.click()
    expect(follow).to_have_attribute("aria-pressed", "false")
    add_entries(telemetry, organization, [{}])
    follow.click()
    expect(rows_of(page)).to_have_count(3)


def test_following_ends_with_the_session(console, organization, signed_in):
    page = signed_in(f"organizations/{organization}/token-log")
    page.context.clear_cookies()
    page.get_by_role("button", name="Follow live").click()
    expect(page.locator("#log-status")).to_have_text("Following has ended. Reload this page to go on.")


# Token checker


def check(page, console, organization, token):
    page.goto(console.url(f"organizations/{organization}/token-checker"))
    page.locator("#token").fill(token)
    page.get_by_role("button", name="Check token").click()
    expect(page.locator("#verdict")).to_be_visible()


def test_a_good_token_is_explained_step_by_step(console, signing, signed_in, three_looks):
    organization, key = signing
    token = tokens.sign(
        {"id": "u1", "email": "ada@a.test", "name": HOSTILE[0], "company_name": "Engines", "team": {"a": [1]},
         "user_hash": tokens.user_hash(key, "u1")}, key)
    page = signed_in(by="reading")
    sent = []
    page.on("request", lambda request: sent.append(request.url))
    check(page, console, organization, token)
    expect(page.locator("#verdict")).to_contain_text("Accepted")
    expect(page.locator(".steps > li.ok")).to_have_count(9)
    claims = page.get_by_role("region", name="Claims")
    for text in ("ada@a.test", HOSTILE[0], "Engines", '"team"'):
        expect(claims).to_contain_text(text)
    expect(page.get_by_role("region", name="Times")).to_contain_text("in 9 minutes")
    three_looks(page, "token-checker-accepted")
    # It stands in no address, and doesn't come back.
    assert not any(token[-20:] in url for url in sent)
    assert token[-20:] not in page.content()


MISTAKES = {
    "expired": (lambda key: tokens.sign({"email": "a@a.test", "iat": 1, "exp": 1_700_000_000}, key),
                "token_expired", "Make a new one for each visit"),
    "milliseconds": (lambda key: tokens.sign({"email": "a@a.test", "exp": tokens.now() * 1000}, key),
                     "token_lifetime_exceeded", "Divide it by 1000"),
    "decoded key": (lambda key: jwt.encode({"email": "a@a.test"}, bytes.fromhex(key), algorithm="HS256"),
                    "token_signature_mismatch", "hex2bin"),
    "another dialect": (lambda key: tokens.sign({"mail": "a@a.test"}, key), "token_claim_missing", "'mail'"),
    "wrong hash": (lambda key: tokens.sign({"id": "1", "email": "a@a.test", "user_hash": "0" * 64}, key),
                   "user_hash_mismatch", "user_hash"),
    "no token": (lambda key: HOSTILE[0], "token_malformed", "segments"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_with_how_to_mend_it(mistake, console, signing, signed_in, screenshot):
    organization, key = signing
    make, code, words = MISTAKES[mistake]
    page = signed_in()
    check(page, console, organization, make(key))
    expect(page.locator("#verdict").get_by_role("link", name=code)).to_be_visible()
    expect(page.locator(".steps > li.failed")).to_have_count(1)
    expect(page.get_by_role("main")).to_contain_text(words)
    screenshot(page, f"console-token-checker-{mistake.replace(' ', '-')}")


def test_another_organizations_token_is_recognised_by_those_who_may_know(console, signing, signed_in):
    _, key = signing
    token = tokens.sign({"email": "ada@a.test"}, key)
    page = signed_in()
    check(page, console, "acme", token)
    expect(page.get_by_role("main")).to_contain_text(f"A secret of the organization {signing[0]} signed it.")
    page.get_by_role("link", name="Check it there").click()
    expect(page).to_have_url(re.compile(f"/organizations/{signing[0]}/token-checker$"))

    bound = signed_in(by="bound")
    check(bound, console, "acme", token)
    expect(bound.locator("#verdict")).to_contain_text("token_signature_mismatch")
    expect(bound.get_by_role("main")).not_to_contain_text(signing[0])


def test_what_stands_around_a_token_is_taken_off_and_told(console, signing, signed_in):
    organization, key = signing
    page = signed_in()
    check(page, console, organization, "Bearer " + tokens.sign({"email": "ada@a.test"}, key))
    expect(page.locator("#verdict")).to_contain_text("Accepted")
    expect(page.get_by_role("main")).to_contain_text("the word 'Bearer'")


def test_nothing_and_far_too_much_are_told_at_the_field(console, organization, signed_in):
    page = signed_in(f"organizations/{organization}/token-checker")
    page.locator("#token").fill("   ")
    page.get_by_role("button", name="Check token").click()
    expect(page.get_by_role("alert")).to_have_text("Paste a token first.")
    page.locator("#token").fill("a" * 70_000)
    page.get_by_role("button", name="Check token").click()
    expect(page.get_by_role("alert")).to_contain_text("64 KiB")


def test_uservoice_rights_and_their_warning_are_shown(console, signed_in, three_looks):
    organization = console.make_organization(name="Voices", dialect="uservoice")
    key = secret_of(console, organization)
    tokens.must_stay_secret.add(key)
    page = signed_in()
    check(page, console, organization, tokens.sign(
        {"guid": "1", "email": "a@a.test", "admin": "deny", "allow_forums": [1, 2]}, key, lifetime=None))
    expect(page.get_by_role("region", name="Rights")).to_contain_text("deny")
    expect(page.get_by_role("main")).to_contain_text("A 'deny' of a role was ignored")
    expect(page.get_by_role("region", name="Claims")).to_contain_text("1, 2")
    three_looks(page, "token-checker-uservoice")


# Codes, reach, hostile texts


def test_every_code_of_the_log_has_its_explanation(console, signed_in, three_looks):
    page = signed_in("organizations/acme/token-log")
    codes = page.locator("#outcome optgroup option").evaluate_all("all => all.map(one => one.value)")
    assert len(codes) > 20
    page.goto(console.url("codes"))
    for code in codes:
        assert page.locator(f"#{code} dd").inner_text()
    three_looks(page, "codes")


@pytest.mark.parametrize("tab", ["", "/token-log", "/token-log/rows", "/token-log.csv", "/token-checker"])
def test_who_is_bound_to_one_organization_sees_no_other(tab, console, organization, signed_in):
    page = signed_in(by="bound")
    assert page.goto(console.url("organizations/acme" + tab.replace(".csv", ""))).status == 200
    assert page.goto(console.url(f"organizations/{organization}{tab}")).status in (403, 404)


def test_what_users_are_called_is_text(console, signing, signed_in, screenshot):
    organization, key = signing
    console.api("PATCH", f"/organizations/{organization}", {"name": HOSTILE[1]})
    for text in HOSTILE:
        console.present(organization, tokens.sign({"email": f"{text}@a.test", "name": text}, key))
    page = signed_in()

    def are_written():
        page.goto(console.url(f"organizations/{organization}/token-log"))
        return rows_of(page).count() == len(HOSTILE)

    eventually(are_written, within=10, every=0.3, what="rows")
    for text in HOSTILE[:3]:
        expect(rows_of(page).filter(has_text=text)).to_have_count(1)
    screenshot(page, "console-token-log-hostile")
    page.set_viewport_size({"width": 390, "height": 844})
    screenshot(page, "console-token-log-hostile-phone")
    check(page, console, organization, tokens.sign({"email": "W" * 2000, "name": HOSTILE[5], "x": "y" * 900}, key))
    screenshot(page, "console-token-checker-long-phone")
