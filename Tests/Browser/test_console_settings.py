"""API keys, widget auth, SSO redirect, portal and settings, as administrators use them."""

import datetime
import json
import os
import re
import subprocess
import sys

import httpx
import pytest
from playwright.sync_api import Page, expect

from console_gateway import ACME_SECRET, HOSTILE, answer_yes, expect_notice
from harness import tokens
from harness.customer import Customer
from harness.gateway import eventually
from harness.tokens import sign

TABS = ["keys", "widget-auth", "sso", "portal", "settings"]


def pages_of(organization: str) -> list[str]:
    return [f"organizations/{organization}/{tab}" for tab in TABS]


def press(page: Page, name: str | re.Pattern) -> None:
    page.get_by_role("main").get_by_role("button", name=name).first.click()


def shown_secret(page: Page) -> str:
    text = page.locator("#shown-secret").input_value()
    tokens.must_stay_secret.add(text)
    return text


def secrets_of(console, organization: str) -> list[dict]:
    return console.api("GET", f"/organizations/{organization}/secrets")["secrets"]


def state_with(console, organization: str, key: str, **claims) -> int:
    return console.present(organization, sign({"email": "ada@customer.test", "id": "1"} | claims, key)).status_code


def section(page: Page, heading: str):
    """The card or form with this heading."""
    return page.locator("section.card, form.card").filter(has=page.get_by_role("heading", name=heading, exact=True))


# API keys


def test_a_secret_is_generated_and_shown_once(signed_in, console, organization, three_looks):
    page = signed_in(f"organizations/{organization}/keys")
    expect(page.get_by_text("There is no active API secret.")).to_be_visible()
    three_looks(page, "keys-empty")
    press(page, "Generate API secret")
    expect_notice(page, "The secret was made.")
    key = shown_secret(page)
    assert re.fullmatch("[0-9a-f]{64}", key)
    assert state_with(console, organization, key) == 200
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("main > .notice").get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == key
    three_looks(page, "keys-shown")
    page.reload()
    assert key not in page.content()
    expect(page.get_by_role("row", name=f"…{key[-4:]}")).to_contain_text("active")
    assert [entry["action"] for entry in console.audit(organization)][0] == "secret.generate"


def test_four_at_most_are_active_and_the_page_says_so(signed_in, console, organization):
    for _ in range(4):
        console.api("POST", f"/organizations/{organization}/secrets", {})
    page = signed_in(f"organizations/{organization}/keys")
    card = section(page, "API secrets 4 of 4 active")
    expect(card.get_by_text("4 at most are active at once")).to_be_visible()
    expect(card.get_by_role("button", name="Generate API secret")).to_have_count(0)
    # Somebody else made the fourth while this page was open.
    other = signed_in(f"organizations/{console.make_organization()}/keys")
    for _ in range(4):
        console.api("POST", other.url.replace(console.url(), "/").removesuffix("/keys") + "/secrets", {})
    press(other, "Generate API secret")
    expect(other.get_by_role("alert")).to_contain_text("4")


@pytest.mark.parametrize("choice, days", [("1 day", 1), ("7 days", 7), ("30 days", 30), ("On a date", None)])
def test_rotation_lets_the_old_secret_go_on_until_it_ends(signed_in, console, organization, choice, days):
    old = console.api("POST", f"/organizations/{organization}/secrets", {})
    tokens.must_stay_secret.add(old["secret"])
    page = signed_in(f"organizations/{organization}/keys")
    page.get_by_role("link", name="Rotate…").first.click()
    page.get_by_label(choice).check()
    today = datetime.datetime.now(datetime.timezone.utc)
    day = (today + datetime.timedelta(days=100)).date()
    if days is None:
        page.get_by_label("Date", exact=True).fill(day.isoformat())
    press(page, "Rotate")
    expect_notice(page, "The new secret is in force.")
    new = shown_secret(page)
    assert new != old["secret"]
    assert [state_with(console, organization, key) for key in (new, old["secret"])] == [200, 200]
    end = next(one["valid_until"] for one in secrets_of(console, organization) if one["id"] == old["id"])
    wanted = (datetime.datetime(day.year, day.month, day.day, tzinfo=datetime.timezone.utc).timestamp()
              if days is None else today.timestamp() + days * 86400)
    assert abs(end - wanted) < (1 if days is None else 120)
    row = page.get_by_role("row", name=old["id"])
    expect(row).to_contain_text(re.compile(r"ends in \d+ "))
    row.get_by_role("button", name="Cancel end").click()
    expect_notice(page, "has no planned end any more")
    expect(page.get_by_role("row", name=old["id"])).to_contain_text("active")


@pytest.mark.parametrize("date", ["", "2020-01-01", "2400-01-01", "2027-02-30", "soon"])
def test_a_date_that_is_none_is_refused_at_its_field(signed_in, console, organization, date):
    console.api("POST", f"/organizations/{organization}/secrets", {})
    page = signed_in(f"organizations/{organization}/keys/rotate?purpose=api")
    page.get_by_label("On a date").check()
    field = page.get_by_label("Date", exact=True)
    page.evaluate("document.getElementById('date').type = 'text'")
    field.fill(date)
    press(page, "Rotate")
    expect(page.get_by_label("Date", exact=True)).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("On a date")).to_be_checked()
    assert len(secrets_of(console, organization)) == 1


def test_regenerating_asks_and_ends_the_old_ones_at_once(signed_in, console, organization, screenshot):
    old = console.api("POST", f"/organizations/{organization}/secrets", {})["secret"]
    tokens.must_stay_secret.add(old)
    assert state_with(console, organization, old) == 200
    page = signed_in(f"organizations/{organization}/keys")
    press(page, "Regenerate…")
    expect(page.get_by_text("from the very next request on")).to_be_visible()
    screenshot(page, "console-keys-regenerate")
    assert state_with(console, organization, old) == 200
    answer_yes(page, "Regenerate")
    new = shown_secret(page)
    assert [state_with(console, organization, key) for key in (new, old)] == [200, 401]


def test_an_end_is_planned_and_a_secret_revoked(signed_in, console, organization, three_looks):
    made = console.api("POST", f"/organizations/{organization}/secrets", {})
    key = made["secret"]
    tokens.must_stay_secret.add(key)
    page = signed_in(f"organizations/{organization}/keys")
    page.get_by_role("link", name="Plan end…").click()
    page.get_by_label("30 days").check()
    three_looks(page, "keys-plan")
    press(page, "Plan end")
    expect_notice(page, "ends in 29 days")
    press(page, "Revoke…")
    expect(page.get_by_label("Also end the sessions that its tokens began")).to_be_visible()
    three_looks(page, "keys-revoke")
    page.get_by_role("link", name="Cancel").click()
    assert state_with(console, organization, key) == 200
    press(page, "Revoke…")
    page.get_by_label("Also end the sessions that its tokens began").check()
    press(page, "Revoke secret")
    expect_notice(page, "and the sessions that it began are ended")
    assert state_with(console, organization, key) == 401
    page.get_by_text("1 revoked or ended").click()
    expect(page.get_by_role("row", name=made["id"])).to_contain_text("revoked")


def test_a_weak_secret_is_imported_only_after_a_warning(signed_in, console, organization):
    page = signed_in(f"organizations/{organization}/keys")
    page.get_by_role("link", name="Import…").first.click()
    expect(page.get_by_label("Take it although it is weak")).to_have_count(0)
    page.get_by_label("Secret", exact=True).fill("short secret")
    press(page, "Import secret")
    expect(page.get_by_label("Secret", exact=True)).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("12 bytes")).to_be_visible()
    assert secrets_of(console, organization) == []
    page.get_by_label("Take it although it is weak").check()
    press(page, "Import secret")
    expect_notice(page, "The secret was taken over")
    # PyJWT warns of short keys; the token is good all the same.
    assert state_with(console, organization, "short secret") == 200
    assert "short secret" not in page.content()


def test_a_good_secret_is_imported_as_it_is(signed_in, console, organization):
    key = "  spaces count, and so does ünïcödé: ✓ <b>{{layout.csrf}}  "
    page = signed_in(f"organizations/{organization}/keys/import?purpose=api")
    page.get_by_label("Secret", exact=True).fill(key)
    press(page, "Import secret")
    expect_notice(page, "The secret was taken over")
    assert state_with(console, organization, key) == 200


def test_a_hash_secret_is_a_secret_of_its_own(signed_in, console, organization):
    api_key = console.api("POST", f"/organizations/{organization}/secrets", {})["secret"]
    tokens.must_stay_secret.add(api_key)
    page = signed_in(f"organizations/{organization}/keys")
    press(page, "Generate hash secret")
    hash_key = shown_secret(page)
    fits = tokens.user_hash(hash_key, "1")
    assert state_with(console, organization, api_key, user_hash=fits) == 200
    assert state_with(console, organization, api_key, user_hash=tokens.user_hash(api_key, "1")) == 401


@pytest.mark.parametrize("dialect", ["productbridge", "productlift", "sleekplan", "uservoice", "userorbit"])
@pytest.mark.parametrize("language", ["node", "python"])
@pytest.mark.parametrize("hashes", ["none", "api", "separate"])
def test_the_samples_do_what_they_say(signed_in, console, tmp_path, dialect, language, hashes):
    identifier = console.make_organization(
        dialect=dialect, require_user_hash="off" if hashes == "none" else "enforce", require_expiry=True)
    keys = {"API_SECRET": console.api("POST", f"/organizations/{identifier}/secrets", {})["secret"]}
    if hashes == "separate":
        made = console.api("POST", f"/organizations/{identifier}/secrets", {"purpose": "user_hash"})
        keys["HASH_SECRET"] = made["secret"]
    tokens.must_stay_secret.update(keys.values())
    page = signed_in(f"organizations/{identifier}/keys")
    code = page.locator(f"#sample-{language}").text_content()
    user = json.dumps({"id": 42, "email": "zoe@customer.test", "name": "Zoë O’Brien"})
    if language == "node":
        path = tmp_path / "sample.mjs"
        path.write_text(code + f"\nconsole.log(userToken({user}));\n")
        command = ["node", str(path)]
    else:
        path = tmp_path / "sample.py"
        path.write_text(code + f"\nprint(user_token({user}))\n")
        command = [sys.executable, str(path)]
    result = subprocess.run(command, env=os.environ | keys, capture_output=True, text=True, timeout=30)
    assert result.returncode == 0, result.stderr
    answer = console.present(identifier, tokens.remember(result.stdout.strip()))
    assert (answer.status_code, answer.json()["state"]) == (200, "identified"), answer.text


# Widget auth


def test_a_rule_is_enforced_where_nothing_would_be_refused(signed_in, console, organization):
    page = signed_in(f"organizations/{organization}/widget-auth")
    card = section(page, "Require identify")
    card.get_by_label("Report").check()
    card.get_by_role("button", name="Save").click()
    expect_notice(page, "Require identify is saved")
    expect(card.locator(".badge").first).to_have_text("report")
    assert console.settings(organization)["require_identify"] == "report"
    card.get_by_label("Enforce").check()
    card.get_by_role("button", name="Save").click()
    expect_notice(page, "Require identify is saved")
    assert console.settings(organization)["require_identify"] == "enforce"
    assert console.present(organization, path="/anything").status_code == 401


@pytest.fixture
def busy(console):
    """An organization with traffic that rules would refuse. Returns its id."""
    identifier = console.make_organization(
        name="Busy Inc", require_identify="report", require_user_hash="report",
        allowed_origins=["https://app.busy.test"])
    key = console.api("POST", f"/organizations/{identifier}/secrets", {})["secret"]
    tokens.must_stay_secret.add(key)
    origin = {"Origin": "https://app.busy.test"}
    for number in range(3):
        token = sign({"email": f"user{number}@customer.test", "id": str(number)}, key)
        console.present(identifier, token, path="/api/feedback", headers=origin)
    hashed = sign({"email": "good@customer.test", "id": "g", "user_hash": tokens.user_hash(key, "g")}, key)
    console.present(identifier, hashed, path="/api/feedback", headers=origin)
    for _ in range(2):
        console.present(identifier, path="/api/feedback")
    report = f"/organizations/{identifier}/enforcement"

    def is_counted() -> bool:
        rules = {rule["rule"]: rule["last_day"] for rule in console.api("GET", report)["rules"]}
        return rules["require_user_hash"]["would_refuse"] == 3 and rules["require_identify"]["would_refuse"] == 2

    eventually(is_counted, within=20, every=0.2, what="the traffic is in the report")
    return identifier


def test_enforcing_asks_where_traffic_would_be_refused(signed_in, console, busy, three_looks):
    page = signed_in(f"organizations/{busy}/widget-auth")
    card = section(page, "Require user hash")
    expect(card.get_by_text("would refuse 3 of 4 requests")).to_be_visible()
    row = card.get_by_role("row", name="Last 7 days")
    expect(row.get_by_role("cell")).to_have_text(["4", "25 %", "3", "3"])
    card.get_by_text("Why, and from where").click()
    reasons = card.get_by_role("region", name="Reasons of Require user hash")
    expect(reasons).to_contain_text("user_hash_missing")
    expect(reasons).to_contain_text("https://app.busy.test")
    expect(reasons).to_contain_text("/api/feedback")
    three_looks(page, "widget-auth")
    card.get_by_label("Enforce").check()
    card.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Enforce it though requests would be refused?")).to_be_visible()
    expect(page.get_by_text("would have refused 3 of 4 requests of the last day, of 3 users")).to_be_visible()
    three_looks(page, "widget-auth-confirm")
    page.get_by_role("link", name="Cancel").click()
    assert console.settings(busy)["require_user_hash"] == "report"
    card.get_by_label("Enforce").check()
    card.get_by_role("button", name="Save").click()
    answer_yes(page, "Enforce all the same")
    expect_notice(page, "Require user hash is saved")
    assert console.settings(busy)["require_user_hash"] == "enforce"


def test_update_only_is_tried_against_the_directory(signed_in, console, busy):
    page = signed_in(f"organizations/{busy}/widget-auth")
    card = section(page, "Identify mode")
    expect(card.get_by_text("The directory knows 4 users")).to_be_visible()
    card.get_by_label("Update only").check()
    card.get_by_role("button", name="Save").click()
    expect(page.get_by_text(re.compile(r"Update only would have refused \d of \d requests"))).to_be_visible()
    answer_yes(page, "Enforce all the same")
    assert console.settings(busy)["identify_mode"] == "update_only"


def test_two_administrators_do_not_overwrite_each_other(signed_in, console, organization):
    first = signed_in(f"organizations/{organization}/widget-auth")
    second = signed_in(f"organizations/{organization}/widget-auth")
    card = section(first, "Require user hash")
    card.get_by_label("Report").check()
    card.get_by_role("button", name="Save").click()
    expect_notice(first, "Require user hash is saved")
    card = section(second, "Require user hash")
    card.get_by_label("Enforce").check()
    card.get_by_role("button", name="Save").click()
    expect(second.get_by_role("alert")).to_contain_text("Somebody else has changed the settings meanwhile")
    expect(second.get_by_role("alert")).to_contain_text('require_user_hash is "report"')
    expect(card.get_by_label("Enforce")).to_be_checked()
    assert console.settings(organization)["require_user_hash"] == "report"
    card.get_by_role("button", name="Save").click()
    expect_notice(second, "Require user hash is saved")
    assert console.settings(organization)["require_user_hash"] == "enforce"


def test_a_change_between_question_and_answer_is_not_overwritten(signed_in, console, busy):
    page = signed_in(f"organizations/{busy}/widget-auth")
    card = section(page, "Require user hash")
    card.get_by_label("Enforce").check()
    card.get_by_role("button", name="Save").click()
    console.api("PATCH", f"/organizations/{busy}", {"name": "Busier Inc"})
    answer_yes(page, "Enforce all the same")
    expect(page.get_by_role("alert")).to_contain_text("Somebody else has changed the settings meanwhile")
    assert console.settings(busy)["require_user_hash"] == "report"


def test_token_policy_and_origins(signed_in, console, organization, three_looks):
    page = signed_in(f"organizations/{organization}/widget-auth")
    page.get_by_label("Longest life of a token, in seconds").fill("an hour")
    page.get_by_label("Clock skew, in seconds").fill("9999")
    page.get_by_label("Allowed origins").fill("https://app.acme.test\napp.acme.test/x\n" + HOSTILE[0])
    page.get_by_label("Require an expiry").check()
    press(page, "Save tokens and origins")
    for label in ("Longest life of a token, in seconds", "Clock skew, in seconds", "Allowed origins"):
        expect(page.get_by_label(label)).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Require an expiry")).to_be_checked()
    expect(page.get_by_label("Allowed origins")).to_have_value(re.compile("app.acme.test/x"))
    three_looks(page, "widget-auth-errors")
    assert console.settings(organization)["require_expiry"] is False
    page.get_by_label("Longest life of a token, in seconds").fill("")
    page.get_by_label("Clock skew, in seconds").fill("30")
    page.get_by_label("Allowed origins").fill("https://app.acme.test\n\n https://*.wild.test ")
    page.get_by_label("Allow plain identities").check()
    press(page, "Save tokens and origins")
    expect_notice(page, "Saved")
    settings = console.settings(organization)
    assert settings["max_token_lifetime_seconds"] is None
    assert (settings["clock_skew_seconds"], settings["require_expiry"], settings["allow_plain_identity"]) == (
        30, True, True)
    assert settings["allowed_origins"] == ["https://app.acme.test", "https://*.wild.test"]
    page.get_by_label("Allowed origins").fill("https://*.wild.test")
    press(page, "Save tokens and origins")
    expect(page.get_by_text("https://app.acme.test are refused")).to_be_visible()
    answer_yes(page, "Save")
    assert console.settings(organization)["allowed_origins"] == ["https://*.wild.test"]


# SSO redirect


@pytest.fixture
def customer(console, tmp_path):
    """An organization whose own application, with its login page, runs. Returns its id and the application."""
    identifier = console.make_organization(name="Signs Itself Inc")
    key = console.api("POST", f"/organizations/{identifier}/secrets", {})["secret"]
    tokens.must_stay_secret.add(key)
    running = Customer("productbridge", key, tmp_path / "customer.log")
    running.start(f"https://{console.host(identifier)}")
    yield identifier, running
    running.stop()


def test_the_three_steps(signed_in, console, customer, three_looks):
    identifier, application = customer
    page = signed_in(f"organizations/{identifier}/sso", ignore_https_errors=True)
    expect(page.get_by_text("not tested yet").first).to_be_visible()
    expect(page.get_by_role("button", name="Enable SSO redirect")).to_be_disabled()
    expect(page.get_by_role("link", name="Test at")).to_have_count(0)
    three_looks(page, "sso-empty")

    page.get_by_label("Address of the login page").fill("http://elsewhere.test/login")
    press(page, "Save")
    expect(page.get_by_label("Address of the login page")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Address of the login page").fill(application.login_url)
    press(page, "Save")
    expect_notice(page, "The login page is saved.")

    # A test that goes wrong says why, and how to mend it.
    with page.context.expect_page() as popup:
        page.get_by_role("link", name="Test at").click()
    expect(page.get_by_text("Waiting for the test")).to_be_visible()
    other = popup.value
    other.get_by_label("User").fill("ada")
    fault = other.get_by_label("Fault")
    fault.select_option(index=1)
    other.get_by_role("button", name="Log in").click()
    expect(page.get_by_text("test failed").first).to_be_visible()
    expect(page.get_by_role("button", name="Enable SSO redirect")).to_be_disabled()
    three_looks(page, "sso-failed")
    assert other.evaluate("window.opener") is None
    other.close()

    # The application knows its user by now, and sends the browser straight back.
    with page.context.expect_page() as popup:
        page.get_by_role("link", name="Test at").click()
    other = popup.value
    expect(page.get_by_text("SSO tested").first).to_be_visible()
    other.close()
    assert console.settings(identifier)["sso"]["enabled"] is False
    three_looks(page, "sso-tested")

    press(page, "Enable SSO redirect")
    expect_notice(page, "SSO redirect is enabled")
    assert console.settings(identifier)["sso"]["enabled"] is True
    three_looks(page, "sso-enabled")

    # Locking people out asks; what can't be without SSO goes with it.
    page.get_by_label("Require SSO").check()
    page.get_by_label("Native login paths").fill("/login")
    press(page, "Save options")
    expect(page.get_by_text("Who can’t sign in there can’t come in.")).to_be_visible()
    answer_yes(page, "Save options")
    expect_notice(page, "The options are saved")
    assert console.settings(identifier)["sso"]["require"] is True
    assert console.settings(identifier)["sso"]["native_login_paths"] == ["/login"]

    # A login page in use isn't changed for one that nobody has tried.
    page.get_by_label("Address of the login page").fill("https://other.test/login")
    press(page, "Save")
    expect(page.get_by_role("alert")).to_contain_text("Disable it in step 3 first")
    page.goto(console.url(f"organizations/{identifier}/sso"))
    press(page, "Disable…")
    answer_yes(page, "Disable")
    expect_notice(page, "SSO redirect is disabled.")
    sso = console.settings(identifier)["sso"]
    assert (sso["enabled"], sso["require"]) == (False, False)

    # Another login page wants another test.
    page.get_by_label("Address of the login page").fill("https://other.test/login")
    press(page, "Save")
    expect(page.get_by_text("test again").first).to_be_visible()
    expect(page.get_by_role("button", name="Enable SSO redirect")).to_be_disabled()


def test_enabling_untested_is_refused_whatever_the_button_looks_like(signed_in, console, organization):
    page = signed_in(f"organizations/{organization}/sso")
    page.get_by_label("Address of the login page").fill("https://app.acme.test/login")
    press(page, "Save")
    expect_notice(page, "The login page is saved.")
    page.evaluate("document.querySelector('[action$=enable] button').disabled = false")
    press(page, "Enable SSO redirect")
    expect(page.get_by_role("alert")).to_contain_text("has not been tested")
    assert console.settings(organization)["sso"]["enabled"] is False


def test_sign_in_options(signed_in, console, organization):
    page = signed_in(f"organizations/{organization}/sso")
    page.get_by_label("Require SSO").check()
    page.get_by_label("Days that a session lasts").fill("400")
    page.get_by_label("Logout page").fill("http://elsewhere.test/")
    press(page, "Save options")
    expect(page.get_by_label("Days that a session lasts")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Logout page")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("Require SSO needs enabled: true")).to_be_visible()
    page.get_by_label("Require SSO").uncheck()
    page.get_by_label("Days that a session lasts").fill("14")
    page.get_by_label("Logout page").fill("https://app.acme.test/logout")
    page.get_by_label("Label of the sign-in button").fill(HOSTILE[1])
    page.get_by_label("Accept sign-ins that this browser didn’t begin").uncheck()
    page.get_by_label("Count the days from the last visit").check()
    page.get_by_label("The portal is embedded in pages of other sites").check()
    page.get_by_label("Update only").check()
    press(page, "Save options")
    expect(page.get_by_text("can’t sign in to the portal any more")).to_be_visible()
    answer_yes(page, "Save options")
    expect_notice(page, "The options are saved")
    settings = console.settings(organization)
    assert settings["sso_identify_mode"] == "update_only"
    expected = {
        "session_days": 14, "logout_url": "https://app.acme.test/logout", "button_label": HOSTILE[1],
        "allow_unsolicited": False, "sliding_sessions": True, "embedded": True, "require": False}
    assert {name: settings["sso"][name] for name in expected} == expected
    expect(page.get_by_label("Label of the sign-in button")).to_have_value(HOSTILE[1])


# Portal


def test_hosts_are_changed_and_taking_one_out_asks(signed_in, console, organization, three_looks):
    host = console.host(organization)
    page = signed_in(f"organizations/{organization}/portal")
    expect(page.get_by_label("Portal", exact=True)).to_have_value(f"https://{host}/")
    expect(page.get_by_label("Callback", exact=True)).to_have_value(
        f"https://{host}/api/redirects/sso")
    field = page.get_by_label("Host names, one a line")
    field.fill(f"{host}\nnot a host")
    press(page, "Save hosts")
    expect(field).to_have_attribute("aria-invalid", "true")
    field.fill(f"{host}\n{console.host('acme')}")
    press(page, "Save hosts")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(page.locator("main")).to_contain_text("belongs to another organization")
    three_looks(page, "portal-errors")
    field.fill(f"{host}\nfeedback-{organization}.test")
    press(page, "Save hosts")
    expect_notice(page, "The hosts are saved")
    field.fill(f"feedback-{organization}.test")
    press(page, "Save hosts")
    expect(page.get_by_text(host)).to_be_visible()
    answer_yes(page, "Save hosts")
    assert console.settings(organization)["hosts"] == [f"feedback-{organization}.test"]


def test_forums_are_uservoices(signed_in, console):
    identifier = console.make_organization(dialect="uservoice")
    page = signed_in(f"organizations/{identifier}/portal")
    page.get_by_label("Forum ids, one a line").fill("12\nthirteen")
    press(page, "Save forums")
    expect(page.get_by_label("Forum ids, one a line")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Forum ids, one a line").fill("12\n13")
    page.get_by_label("Authorize all who signed in by SSO").check()
    press(page, "Save forums")
    expect_notice(page, "The forums are saved")
    sso = console.settings(identifier)["sso"]
    assert (sso["private_forums"], sso["authorize_all_sso_users"]) == (["12", "13"], True)
    page.goto(console.url("organizations/acme/portal"))
    expect(page.get_by_label("Forum ids, one a line")).to_have_count(0)


@pytest.fixture
def visited(console):
    """A portal where people are signed in. Returns its organization's id and a function that says who still is."""
    identifier = "visited"
    key = tokens.secret(801)
    # From a file nothing has to be tested.
    console.gateway.apply([{
        "id": identifier, "dialect": "productlift", "hosts": [console.host(identifier)], "secrets": [{"secret": key}],
        "sso": {"enabled": True, "login_url": "https://app.visited.test/login"}}])
    eventually(lambda: console.present(identifier).status_code == 200, within=5, what="the organization is in force")
    browsers = []
    for number, name in enumerate(["Ada Lovelace", *HOSTILE[:3]]):
        token = sign({"uid": str(number), "email": f"p{number}@customer.test", "name": name}, key)
        client = console.gateway.client(headers={"Host": console.host(identifier)})
        navigation = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
        assert client.get("/ideas", params={"sso": token}, headers=navigation).status_code == 303
        browsers.append(client)

    def signed_in_now() -> list[bool]:
        return [client.get("/_widget/state").json()["state"] == "identified" for client in browsers]

    yield identifier, signed_in_now
    for client in browsers:
        client.close()


def test_sessions_are_listed_and_ended(signed_in, console, visited, three_looks):
    identifier, signed_in_now = visited
    page = signed_in(f"organizations/{identifier}/portal")
    if not any(signed_in_now()):
        pytest.fail("nobody is signed in to the portal: the test shows nothing")
    for name in HOSTILE[:3]:
        expect(page.get_by_role("link", name=name)).to_be_visible()
    three_looks(page, "portal-sessions")
    row = page.get_by_role("row", name="Ada Lovelace")
    row.get_by_role("button", name="End…").click()
    answer_yes(page, "End session")
    expect_notice(page, "The session is ended.")
    expect(page.get_by_role("row", name="Ada Lovelace")).to_have_count(0)
    assert signed_in_now() == [False, True, True, True]
    press(page, "End all…")
    expect(page.get_by_text("has to sign in again")).to_be_visible()
    answer_yes(page, "End all sessions")
    expect_notice(page, "3 sessions are ended.")
    expect(page.get_by_text("Nobody is signed in.")).to_be_visible()
    assert signed_in_now() == [False] * 4


# Settings


def test_name_and_matching(signed_in, console, organization, three_looks):
    page = signed_in(f"organizations/{organization}/settings")
    three_looks(page, "settings")
    page.get_by_label("Name", exact=True).fill(HOSTILE[0])
    press(page, "Save name")
    expect_notice(page, "The name is saved.")
    expect(page.locator(".side-head strong")).to_have_text(HOSTILE[0])
    page.get_by_label("Id, then email address").check()
    page.get_by_label("Ignoring letter case").check()
    press(page, "Save matching")
    expect_notice(page, "How users are matched is saved")
    settings = console.settings(organization)
    assert (settings["name"], settings["match_by"], settings["email_matching"]) == (
        HOSTILE[0], "id_then_email", "ignore_case")


def test_another_dialect_asks_and_brings_its_defaults(signed_in, console, organization):
    page = signed_in(f"organizations/{organization}/settings")
    page.get_by_label("UserVoice").check()
    press(page, "Change dialect…")
    expect(page.get_by_text("guid and email are required")).to_be_visible()
    expect(page.get_by_text("found by id, then by email address")).to_be_visible()
    page.get_by_role("link", name="Cancel").click()
    assert console.settings(organization)["dialect"] == "productbridge"
    page.get_by_label("UserVoice").check()
    press(page, "Change dialect…")
    answer_yes(page, "Change dialect")
    expect_notice(page, "The dialect is uservoice now.")
    settings = console.settings(organization)
    assert (settings["dialect"], settings["match_by"], settings["email_matching"]) == (
        "uservoice", "id_then_email", "ignore_case")


def test_settings_are_downloaded_without_secrets(signed_in, console):
    page = signed_in("organizations/acme/settings")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as JSON").click()
    assert download.value.suggested_filename == "acme-settings.json"
    text = open(download.value.path()).read()
    assert json.loads(text) == console.settings("acme")
    assert ACME_SECRET not in text


def test_deleting_an_organization_wants_its_id(signed_in, console, organization):
    page = signed_in(f"organizations/{organization}/settings")
    press(page, "Delete organization…")
    page.get_by_label(f"Type {organization} to go on").fill("acme")
    answer_yes(page, "Delete organization")
    expect(page.get_by_role("alert")).to_contain_text("isn’t the organization’s id")
    assert console.settings(organization)
    page.get_by_label(f"Type {organization} to go on").fill(organization)
    answer_yes(page, "Delete organization")
    expect_notice(page, "is deleted")
    with pytest.raises(AssertionError, match="404"):
        console.settings(organization)


# All of them


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("by", ["reading", "bound-reading"])
def test_who_may_only_read_gets_no_controls(signed_in, tab, by):
    page = signed_in(f"organizations/acme/{tab}", by=by)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    buttons = [text for text in page.locator("main button").all_text_contents() if not text.startswith("Copy")]
    assert buttons == []
    assert page.locator("main").get_by_role("link", name=re.compile("Rotate|Import|Plan end|Test at")).count() == 0
    enabled = page.locator("main input:not([type=hidden]):not([readonly]), main textarea, main select")
    for field in enabled.all():
        assert field.is_disabled(), field.get_attribute("name")


CHANGES = [
    "keys/generate", "keys/regenerate", "keys/import", "keys/rotate", "widget-auth/require-identify",
    "widget-auth/require-user-hash", "widget-auth/identify-mode", "widget-auth/tokens", "sso/login", "sso/enable",
    "sso/disable", "sso/options", "portal/hosts", "portal/forums", "portal/sessions/end", "settings/general",
    "settings/dialect", "settings/matching", "settings/delete",
]


@pytest.mark.parametrize("path", CHANGES)
def test_who_may_only_read_is_refused_whatever_they_send(signed_in, console, path):
    page = signed_in("organizations/acme/settings", by="reading")
    form = {
        "csrf": page.locator("input[name=csrf]").first.get_attribute("value"), "confirmed": "yes", "typed": "acme",
        "name": "X", "dialect": "uservoice", "hosts": "x.test", "ends": "7", "secret": "s" * 40,
        "require_identify": "enforce", "version": page.locator("input[name=version]").first.get_attribute("value")}
    before = (console.settings("acme"), secrets_of(console, "acme"))
    cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    answer = httpx.post(console.url(f"organizations/acme/{path}"), data=form, cookies=cookies)
    assert answer.status_code == 403, answer.text
    assert (console.settings("acme"), secrets_of(console, "acme")) == before


@pytest.mark.parametrize("tab", TABS)
def test_who_is_bound_elsewhere_is_refused(signed_in, console, tab):
    page = signed_in(by="bound")
    assert page.goto(console.url(f"organizations/lockd/{tab}")).status == 404


@pytest.mark.parametrize("tab", TABS)
def test_a_narrow_page_with_hostile_names_holds(signed_in, console, tab):
    identifier = console.make_organization(
        name="W" * 200, dialect="uservoice", hosts=["w" * 60 + "." + "w" * 60 + f".{tab}.test"],
        allowed_origins=["https://" + "w" * 60 + "." + "w" * 60 + ".test"])
    page = signed_in(f"organizations/{identifier}/{tab}", viewport=(390, 844))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    # As at 200 % zoom on a laptop.
    page.set_viewport_size({"width": 640, "height": 450})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("tab", TABS)
def test_fields_are_labelled_and_in_reach(signed_in, console, tab):
    page = signed_in(f"organizations/lockd/{tab}")
    unlabelled = page.evaluate("""[...document.querySelectorAll(
        'main input:not([type=hidden]), main textarea, main select')].filter((field) => !field.labels.length)
        .map((field) => field.name)""")
    assert unlabelled == []
    nameless = page.evaluate("""[...document.querySelectorAll('main button, main a')]
        .filter((one) => !one.textContent.trim()).length""")
    assert nameless == 0
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((one) => one.id)")
    assert len(ids) == len(set(ids))
