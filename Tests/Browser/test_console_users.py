"""The console's users: finding them among many, their pages, what is done to them, and files of them in and out."""

import csv
import io
import json
import re
import time

import httpx
import pytest
from playwright.sync_api import expect

from console_gateway import ACME_SECRET, HOSTILE, answer_yes, expect_notice
from harness import tokens
from harness.expect import problem
from harness.gateway import eventually
from harness.tokens import sign

PLANS = ["starter", "pro"]
STATUSES = ["active", "trial", "churned"]


def people(count: int, first: int = 0) -> str:
    """So many users as CSV."""
    lines = ["id,email,name,company_name,company_plan,company_mrr,segments,status,weight"]
    for n in range(first, first + count):
        lines.append(f"u{n},user{n}@example.test,Person {n},Company {n // 10},{PLANS[n % 2]},{n}.50,"
                     f"{'beta;eu' if n % 10 == 0 else ''},{STATUSES[n % 3]},{n % 7}")
    return "\r\n".join(lines) + "\r\n"


def import_users(console, organization: str, text: str) -> dict:
    report = console.api(
        "POST", f"/organizations/{organization}/users.csv", content=text.encode(), headers={"content-type": "text/csv"})
    assert report["mistake_count"] == 0, report
    return report


def user_of(console, organization: str, reference: str) -> dict:
    return console.api("GET", f"/organizations/{organization}/users/{reference}")


@pytest.fixture
def secret(console, organization):
    """An API secret of the test's own organization."""
    text = console.api("POST", f"/organizations/{organization}/secrets", {})["secret"]
    tokens.must_stay_secret.add(text)
    return text


@pytest.fixture
def ada(console, organization, secret):
    """Ada has come by a token. Returns her directory id."""
    assert console.present(organization, sign(ADA, secret)).status_code == 200
    return user_of(console, organization, "42")["id"]


ADA = {
    "email": "ada@acme.test", "id": "42", "name": "Ada Lovelace", "avatarURL": "https://pictures.test/ada.png",
    "company_name": "Analytical Engines", "company_id": "c-1", "company_mrr": 1200.5, "customer_status": "active",
    "renewal_date": "2027-01-31", "renewal_risk": "high", "account_owner_id": "o9",
    "account_owner_email": "owner@vendor.test", "favourite": {"colour": "green", "list": [1, {"deep": True}]},
}


def names(page) -> list[str]:
    return page.locator("tbody tr strong").all_inner_texts()


def nothing_ran(page) -> None:
    """What people wrote stands there as text: no element was made of it, and the page doesn't scroll sideways."""
    assert page.locator("main img, main script, main iframe, main svg:not(.avatar)").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


# Finding


def test_nobody_is_here_yet(signed_in, organization, three_looks):
    page = signed_in(f"organizations/{organization}/users")
    expect(page.get_by_text("Nobody is here yet.")).to_be_visible()
    expect(page.get_by_role("link", name="Export CSV")).to_have_count(0)
    three_looks(page, "users-empty")
    page.get_by_role("link", name="Import users").click()
    expect(page.get_by_role("heading", name="Import users")).to_be_visible()


def test_the_list_comes_in_pages(signed_in, console, organization, three_looks):
    import_users(console, organization, people(120))
    page = signed_in(f"organizations/{organization}/users")
    expect(page.get_by_text("120 users")).to_be_visible()
    seen = names(page)
    three_looks(page, "users")
    for _ in range(2):
        page.get_by_role("link", name="Next page").click()
        expect(page.get_by_role("link", name="First page")).to_be_visible()
        seen += names(page)
    assert seen == [f"Person {n}" for n in range(120)]
    expect(page.get_by_role("link", name="Next page")).to_have_count(0)
    page.get_by_role("link", name="First page").click()
    expect(page.locator("tbody tr")).to_have_count(50)


@pytest.mark.parametrize("search, found", [
    ("user11@", ["Person 11"]), ("USER11@", ["Person 11"]), ("u119", ["Person 119"]), ("U119", []),
    ("person 11", ["Person 11", *(f"Person {n}" for n in range(110, 120))]), ("erson", []), ("usr_", None),
    ("%", []), ("'", []), ("\\", []), ("*", []), ("é" * 320, []),
])
def test_search(signed_in, console, organization, search, found):
    import_users(console, organization, people(120))
    page = signed_in(f"organizations/{organization}/users")
    page.get_by_label("Search").fill(search)
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("link", name="Show all").first).to_be_visible()
    expect(page.get_by_label("Search")).to_have_value(search)
    if found == []:
        expect(page.get_by_text("Nobody fits.")).to_be_visible()
    assert len(names(page)) == 50 if found is None else names(page) == found


@pytest.mark.parametrize("fields, wanted", [
    ({"Status": "trial"}, lambda n: n % 3 == 1),
    ({"Segment": "eu"}, lambda n: n % 10 == 0),
    ({"Company's plan": "pro", "Status": "active"}, lambda n: n % 2 == 1 and n % 3 == 0),
    ({"MRR, at least": "10.5", "MRR, at most": "20"}, lambda n: 10 <= n < 20),
    ({"Role in the directory": "admin"}, lambda n: n == 3),
    ({"Blocked": "blocked"}, lambda n: n == 4),
    ({"Blocked": "may come in", "MRR, at most": "6"}, lambda n: n in (0, 1, 2, 3, 5)),
    ({"Another field": "weight", "… is exactly": "6"}, lambda n: n % 7 == 6),
    ({"Another field": "company's name", "… is exactly": "Company 2"}, lambda n: n // 10 == 2),
    ({"Status": "active' OR 1=1 --"}, lambda n: False),
])
def test_conditions(signed_in, console, organization, fields, wanted):
    import_users(console, organization, people(40))
    console.api("PUT", f"/organizations/{organization}/users/u3/role", {"role": "admin"})
    console.api("POST", f"/organizations/{organization}/users/u4/block")
    page = signed_in(f"organizations/{organization}/users")
    page.get_by_text("Conditions").click()
    for label, value in fields.items():
        control = page.get_by_label(label, exact=True)
        control.select_option(value) if control.evaluate("e => e.tagName") == "SELECT" else control.fill(value)
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("Conditions on")).to_be_visible()
    assert names(page) == [f"Person {n}" for n in range(40) if wanted(n)]
    for label, value in fields.items():
        expect(page.get_by_label(label, exact=True)).to_be_visible()


def test_badges(signed_in, console, three_looks):
    identifier = console.make_organization(allow_plain_identity=True)
    import_users(console, identifier, people(3))
    console.api("PUT", f"/organizations/{identifier}/users/u0/role", {"role": "owner"})
    console.api("POST", f"/organizations/{identifier}/users/u1/block")
    key = console.api("POST", f"/organizations/{identifier}/secrets", {})["secret"]
    tokens.must_stay_secret.add(key)
    with console.gateway.client() as client:
        answer = client.post("/_widget/identify", headers={"Host": console.host(identifier)}, json={"user": {
            "id": "plain", "email": "plain@x.test", "name": "Plain", "user_hash": tokens.user_hash(key, "plain")}})
    assert answer.status_code == 200, answer.text
    page = signed_in(f"organizations/{identifier}/users")
    for name, badge in (("Person 0", "owner"), ("Person 1", "blocked"), ("Plain", "unverified")):
        expect(page.get_by_role("row", name=name).locator(".badge", has_text=badge)).to_be_visible()
    page.get_by_role("link", name="Plain").click()
    expect(page.locator("dt:has-text('Email') + dd .badge")).to_have_text("unverified")
    expect(page.locator("dt:has-text('Own id') + dd .badge")).to_have_count(0)


# One user


def test_a_users_page_shows_all_that_is_known(signed_in, console, organization, ada, three_looks):
    page = signed_in(f"organizations/{organization}/users/{ada}")
    expect(page.get_by_role("heading", name="Ada Lovelace")).to_be_visible()
    expect(page.locator("svg.avatar text")).to_have_text("AL")
    for text in (ada, "42", "ada@acme.test", "https://pictures.test/ada.png", "Analytical Engines", "c-1", "1200.5",
                 "2027-01-31", "high", "o9", "owner@vendor.test"):
        expect(page.locator("dd", has_text=text).first).to_be_visible()
    extra = json.loads(page.get_by_role("region", name="Extra").inner_text())
    assert extra == {"favourite": {"colour": "green", "list": [1, {"deep": True}]}}
    tokens_table = page.get_by_role("region", name="Recent tokens")
    eventually(lambda: page.reload() and tokens_table.count() == 1, within=10, every=0.5, what="the token's row")
    expect(tokens_table.get_by_text("accepted")).to_be_visible()
    expect(tokens_table.get_by_text("127.0.0.1")).to_be_visible()
    expect(page.get_by_text("Not signed in to the portal in any browser.")).to_be_visible()
    expect(page.get_by_text("No administrator changed anything here.")).to_be_visible()
    three_looks(page, "user")


@pytest.mark.parametrize("reference", ["42", "ada%40acme.test", "ADA%40ACME.TEST"])
def test_whatever_names_a_user_leads_to_their_page(signed_in, console, organization, ada, reference):
    page = signed_in(f"organizations/{organization}/users/{reference}")
    expect(page).to_have_url(console.url(f"organizations/{organization}/users/{ada}"))


@pytest.mark.parametrize("reference", ["nobody", "usr_none", "%00", "..%2f..%2faudit", "%ff", "a" * 3000])
def test_nobody_there(signed_in, console, organization, reference):
    page = signed_in()
    answer = page.goto(console.url(f"organizations/{organization}/users/{reference}"))
    assert answer.status == 404
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()


def test_ids_are_copied(signed_in, console, organization, ada):
    page = signed_in(f"organizations/{organization}/users/{ada}", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy Directory id").click()
    eventually(lambda: page.evaluate("navigator.clipboard.readText()") == ada, within=5, what="the copy")


def test_blocking(signed_in, console, organization, secret, ada, three_looks):
    page = signed_in(f"organizations/{organization}/users/{ada}")
    token = sign(ADA, secret)
    assert console.present(organization, token).status_code == 200
    page.get_by_role("button", name="Block…").click()
    expect(page.get_by_role("heading", name="Block Ada Lovelace?")).to_be_visible()
    assert console.present(organization, token).status_code == 200
    three_looks(page, "user-block")
    answer_yes(page, "Block user")
    expect_notice(page, "Ada Lovelace is blocked.")
    problem(console.present(organization, token), "user_blocked")
    expect(page.get_by_role("region", name="Changes by administrators").get_by_text("user.block")).to_be_visible()
    page.get_by_role("button", name="Unblock").click()
    expect_notice(page, "Ada Lovelace may come in again.")
    assert console.present(organization, token).status_code == 200
    assert [entry["action"] for entry in console.audit(organization)][:2] == ["user.unblock", "user.block"]


def test_no_is_no(signed_in, console, organization, ada):
    page = signed_in(f"organizations/{organization}/users/{ada}")
    before = user_of(console, organization, ada)
    for button in ("Block…", "Sign out everywhere…", "Delete…"):
        page.get_by_role("button", name=button).click()
        page.get_by_role("link", name="Cancel").click()
        expect(page.get_by_role("heading", name="Ada Lovelace")).to_be_visible()
    assert user_of(console, organization, ada) == before


def test_signing_out_everywhere(signed_in, console, organization, secret, ada):
    token = sign(ADA, secret)
    assert console.present(organization, token).status_code == 200
    page = signed_in(f"organizations/{organization}/users/{ada}")
    page.get_by_role("button", name="Sign out everywhere…").click()
    answer_yes(page, "Sign out everywhere")
    expect_notice(page, "Ada Lovelace is signed out everywhere.")
    problem(console.present(organization, token), "token_revoked")
    assert console.present(organization, sign(ADA | {"iat": time.time()}, secret)).status_code == 200


def test_roles(signed_in, console, organization, ada):
    page = signed_in(f"organizations/{organization}/users/{ada}")
    page.get_by_label("Role in the directory").select_option("admin")
    page.get_by_role("button", name="Change role…").click()
    expect(page.get_by_role("heading", name="Make Ada Lovelace an admin?")).to_be_visible()
    answer_yes(page, "Change role")
    expect_notice(page, "Ada Lovelace is an admin now.")
    assert user_of(console, organization, ada)["role"] == "admin"
    expect(page.locator(".page-head .badge")).to_have_text("admin")


def test_deleting(signed_in, console, organization, secret, ada, three_looks):
    page = signed_in(f"organizations/{organization}/users/{ada}")
    page.get_by_role("button", name="Delete…").click()
    expect(page.get_by_text("A valid token makes them anew.")).to_be_visible()
    three_looks(page, "user-delete")
    answer_yes(page, "Delete user")
    expect_notice(page, "Ada Lovelace is deleted, with everything.")
    expect(page.get_by_text("Nobody is here yet.")).to_be_visible()
    assert page.goto(console.url(f"organizations/{organization}/users/{ada}")).status == 404
    assert console.present(organization, sign(ADA | {"n": 2}, secret)).status_code == 200
    assert user_of(console, organization, "42")["id"] != ada


def test_sessions_are_ended(signed_in, console, three_looks):
    identifier = "signing"
    console.gateway.apply([{
        "id": identifier, "hosts": ["signing.localhost"], "secrets": [{"secret": ACME_SECRET}],
        "sso": {"enabled": True, "login_url": "https://login.example/"}}])
    cookies = []
    with console.gateway.client() as client:
        def visit(path, **options):
            return client.get(path, headers={"Host": "signing.localhost"} | options)
        eventually(lambda: visit("/_widget/state").status_code == 200, within=3, what="the new organization")
        for n in range(3):
            client.cookies.clear()
            answer = visit(f"/api/redirects/sso?organizationId={identifier}&ssoToken={sign(ADA | {'n': n}, ACME_SECRET)}")
            assert answer.status_code == 303, answer.text
            cookies.append("; ".join(f"{name}={value}" for name, value in answer.cookies.items()))
        client.cookies.clear()

        def states():
            return [visit("/_widget/state", Cookie=cookie).json()["state"] for cookie in cookies]

        assert states() == ["identified"] * 3
        page = signed_in(f"organizations/{identifier}/users/42")
        rows = page.get_by_role("region", name="Sessions").locator("tbody tr")
        expect(rows).to_have_count(3)
        three_looks(page, "user-sessions")
        rows.first.get_by_role("button", name="End").click()
        answer_yes(page, "End session")
        expect_notice(page, "The session has ended.")
        expect(rows).to_have_count(2)
        assert sorted(states()) == ["anonymous", "identified", "identified"]
        page.get_by_role("button", name="End all").click()
        answer_yes(page, "End sessions")
        expect_notice(page, "2 sessions have ended.")
        assert states() == ["anonymous"] * 3


# Files


def test_one_users_data(signed_in, console, organization, ada):
    page = signed_in(f"organizations/{organization}/users/{ada}")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Export data").click()
    assert waiting.value.suggested_filename == f"user-{ada}.json"
    data = json.loads(open(waiting.value.path()).read())
    from_api = console.api("GET", f"/organizations/{organization}/users/{ada}/data")
    assert data["user"] == from_api["user"] and data["user"]["profile"]["email"] == "ada@acme.test"
    assert set(data) == set(from_api)


def test_all_users_as_csv_and_those_that_were_searched_for(signed_in, console, organization):
    import_users(console, organization, people(1203))
    page = signed_in(f"organizations/{organization}/users")
    for query, link, wanted in (
        ("", "Export CSV", range(1203)), ("?segment=beta", "Export these as CSV", range(0, 1203, 10)),
        ("?search=person+12", "Export these as CSV", [12, *range(120, 130), *range(1200, 1203)]),
        ("?status=none", "Export these as CSV", []),
    ):
        page.goto(console.url(f"organizations/{organization}/users{query}"))
        with page.expect_download() as waiting:
            page.get_by_role("link", name=link).click()
        assert waiting.value.suggested_filename == f"users-{organization}.csv"
        rows = list(csv.DictReader(open(waiting.value.path(), newline="")))
        assert [row["id"] for row in rows] == [f"u{n}" for n in wanted]


def choose(page, text: str | bytes, name="users.csv", *, write=False) -> None:
    page.get_by_label("CSV file").set_input_files(
        {"name": name, "mimeType": "text/csv", "buffer": text.encode() if isinstance(text, str) else text})
    if write:
        page.get_by_text("Writes in batches").click()
    page.get_by_role("button", name="Start").click()


def figures(page) -> dict[str, int]:
    expect(page.locator(".stat").first).to_be_visible(timeout=60_000)
    expect(page.locator("[data-import-watch]")).to_have_count(0, timeout=60_000)
    return {stat.locator("dt").inner_text(): int(re.sub(r"\D", "", stat.locator("dd").inner_text()))
            for stat in page.locator(".stat").all()}


def test_an_import_is_tried_and_then_made(signed_in, console, organization, three_looks):
    page = signed_in(f"organizations/{organization}/users/import")
    three_looks(page, "user-import")
    choose(page, people(2500))
    assert figures(page) == {"Rows read": 2500, "Would be left out": 0, "Bad rows": 0}
    expect(page.get_by_role("heading", name="Dry run of users.csv")).to_be_visible()
    expect(page.get_by_text("Every row is good.")).to_be_visible()
    assert console.api("GET", f"/organizations/{organization}/users")["users"] == []
    page.get_by_role("link", name="Import now").click()
    choose(page, people(2500), write=True)
    assert figures(page) == {
        "Rows read": 2500, "Created": 2500, "Updated": 0, "Were so already": 0, "Left out": 0, "Bad rows": 0}
    three_looks(page, "user-import-good")
    page.get_by_role("link", name="Import another file").click()
    choose(page, people(2501).replace("Person 7,", "Person Seven,"), write=True)
    assert figures(page) == {
        "Rows read": 2501, "Created": 1, "Updated": 1, "Were so already": 2499, "Left out": 0, "Bad rows": 0}


def test_bad_rows_are_named_with_their_lines(signed_in, console, organization, three_looks):
    lines = people(2500).split("\r\n")
    lines[10] = lines[10].replace(",2", ",two") if lines[10].endswith(",2") else lines[10][:-1] + "heavy"
    lines[11] = "only,three,cells"
    lines[2200] = ",,nobody,,,,,,"
    page = signed_in(f"organizations/{organization}/users/import")
    choose(page, "\r\n".join(lines), write=True)
    assert figures(page) == {
        "Rows read": 2500, "Created": 1000, "Updated": 0, "Were so already": 0, "Left out": 1500, "Bad rows": 3}
    assert page.locator("tbody tr td.number").all_inner_texts() == ["11", "12", "2\u2009201"]
    expect(page.get_by_role("row", name="11 'weight' is not valid")).to_be_visible()
    three_looks(page, "user-import-bad")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download as CSV").click()
    rows = list(csv.reader(open(waiting.value.path(), newline="")))
    assert [row[0] for row in rows] == ["line", "11", "12", "2201"]
    assert rows[2][1] == "3 cells instead of 9"


@pytest.mark.parametrize("text, reason", [
    ("", "the file has no header line"), ("name,colour\r\na,b\r\n", "unknown column 'name,colour'|'colour'"),
    ("name\r\nx\r\n", "there must be a column 'id' or 'email'"), (b"\xff\xfe\x00i\x00d", "isn't UTF-8 text"),
    ("<script>alert(1)</script>,id\r\n1,2\r\n", re.escape("'<script>alert(1)</script>'")),
])
def test_a_file_that_is_none(signed_in, organization, text, reason):
    page = signed_in(f"organizations/{organization}/users/import")
    choose(page, text, "<img src=x onerror=alert(1)>.csv")
    assert figures(page)["Rows read"] == 0
    expect(page.get_by_role("alert")).to_contain_text(re.compile(reason, re.IGNORECASE))
    nothing_ran(page)


def test_fifty_thousand_rows_and_bounded_memory(signed_in, console, organization):
    import_users(console, organization, people(1000))
    before = console.gateway.resident_bytes()
    page = signed_in(f"organizations/{organization}/users/import")
    choose(page, people(50_000), write=True)
    expect(page.locator("[data-import-status]")).to_contain_text(re.compile(r"[1-9]\d* % of .* kB, [\s\d]+ rows"), timeout=60_000)
    assert figures(page) == {
        "Rows read": 50_000, "Created": 49_000, "Updated": 0, "Were so already": 1000, "Left out": 0, "Bad rows": 0}
    assert console.gateway.resident_bytes() - before < 60_000_000
    page.goto(console.url(f"organizations/{organization}/users"))
    expect(page.get_by_text("50\u2009000 users")).to_be_visible()


def test_a_cancelled_import_keeps_whole_batches(signed_in, console, organization):
    page = signed_in(f"organizations/{organization}/users/import")
    choose(page, people(60_000), write=True)
    expect(page.locator("[data-import-status]")).to_contain_text(re.compile(r"[1-9][\s\d]* rows"), timeout=60_000)
    page.get_by_role("button", name="Cancel").click()
    made = figures(page)["Created"]
    expect(page.get_by_role("alert")).to_contain_text("It was cancelled, or the connection broke.")
    expect(page.get_by_text("Send the same file again to go on")).to_be_visible()
    assert 0 < made < 60_000 and made % 1000 == 0
    page.goto(console.url(f"organizations/{organization}/users"))
    expect(page.get_by_text(f"{made:,} users".replace(",", "\u2009"))).to_be_visible()


def test_a_sample_can_be_imported(signed_in, organization):
    page = signed_in(f"organizations/{organization}/users/import")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download a sample").click()
    choose(page, open(waiting.value.path(), "rb").read(), write=True)
    assert figures(page)["Created"] == 2


def test_without_a_script_there_is_another_way(signed_in, browser, console, organization):
    page = signed_in()
    context = browser.new_context(storage_state=page.context.storage_state(), java_script_enabled=False)
    plain = context.new_page()
    plain.goto(console.url(f"organizations/{organization}/users/import"))
    expect(plain.get_by_text(f"widget-gateway user import {organization} users.csv")).to_be_visible()
    expect(plain.get_by_role("button", name="Start")).to_be_hidden()
    context.close()


# Who may do what


def test_who_may_only_read_sees_everything_and_changes_nothing(signed_in, console):
    import_users(console, "acme", "id,email,name\r\nreader-1,reader@x.test,Reader One\r\n")
    page = signed_in("organizations/acme/users?search=reader", by="reading")
    expect(page.get_by_role("link", name="Import CSV")).to_have_count(0)
    expect(page.get_by_role("link", name="Export these as CSV")).to_be_visible()
    page.get_by_role("link", name="Reader One").click()
    expect(page.get_by_role("link", name="Export data")).to_be_visible()
    assert page.locator("main form[method=post]").count() == 0
    assert page.goto(console.url("organizations/acme/users/import")).status == 403


@pytest.mark.parametrize("by, organization, status", [("reading", "acme", 403), ("bound", "lockd", 404)])
def test_what_they_may_not_is_refused_whatever_they_send(signed_in, console, by, organization, status):
    import_users(console, organization, "id,email\r\nsafe,safe@x.test\r\n")
    before = user_of(console, organization, "safe")
    page = signed_in(by=by)
    csrf = page.locator("input[name=csrf]").first.get_attribute("value")
    cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    with httpx.Client(base_url=console.origin, cookies=cookies) as client:
        root = f"/console/organizations/{organization}/users"
        for path in ("block", "unblock", "sign-out", "role", "delete", "sessions/end", "sessions/00/end"):
            form = {"csrf": csrf, "confirmed": "yes", "role": "owner"}
            assert client.post(f"{root}/safe/{path}", data=form).status_code == status, path
        assert client.post(f"{root}/import/{'A' * 22}/cancel", data={"csrf": csrf}).status_code == status
        answer = client.post(f"{root}/import/{'A' * 22}", content="id\r\n1\r\n",
                             headers={"content-type": "text/csv", "x-csrf-token": csrf})
        assert answer.status_code == status
        if status == 404:
            for path in ("", ".csv", "/safe", "/safe/data.json", "/import", "/import/sample.csv"):
                assert client.get(root + path).status_code == 404, path
    assert user_of(console, organization, "safe") == before


def test_an_import_is_one_organizations_alone(signed_in, console, organization):
    page = signed_in(f"organizations/{organization}/users/import")
    choose(page, people(3), write=True)
    figures(page)
    identifier = page.url.rsplit("/", 1)[1]
    for path in (identifier, identifier + "/mistakes.csv", "A" * 22):
        assert page.request.get(console.url(f"organizations/acme/users/import/{path}")).status == 404


# Hostile people


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_whatever_a_user_says_is_shown_as_text(signed_in, console, organization, secret, number):
    text = HOSTILE[number]
    claims = {key: text for key in ADA if key not in (
        "email", "account_owner_email", "renewal_date", "renewal_risk", "company_mrr")}
    claims |= {"email": f"{number}@x.test", "favourite": {text: [text]}, text[:60]: text}
    answer = console.present(organization, sign(claims, secret), headers={"Origin": f"https://{console.host(organization)}"})
    assert answer.status_code == 200, answer.text
    page = signed_in(f"organizations/{organization}/users")
    nothing_ran(page)
    page.locator("tbody a").click()
    expect(page.locator("dt:text-is('Name') + dd bdi").first).to_have_text(text)
    expect(page.locator("dt:text-is('Own id') + dd bdi")).to_have_text(text)
    nothing_ran(page)
    assert page.get_by_role("region", name="Extra").inner_text().count("\n") >= 3
    for button in ("Block…", "Sign out everywhere…", "Delete…"):
        page.get_by_role("button", name=button).click()
        nothing_ran(page)
        page.get_by_role("link", name="Cancel").click()
    page.get_by_role("button", name="Block…").click()
    answer_yes(page, "Block user")
    expect(page.locator("main > .notice")).to_contain_text("is blocked.")
    nothing_ran(page)
    page.set_viewport_size({"width": 390, "height": 844})
    nothing_ran(page)
    for path in ("audit", "token-log"):
        page.goto(console.url(f"organizations/{organization}/{path}"))
        nothing_ran(page)


def test_whatever_a_file_says_is_shown_as_text(signed_in, console, organization, three_looks):
    out = io.StringIO()
    columns = ["id", "email", "name", "username", "avatar_url", "locale", "company_name", "company_plan", "segments",
               "status", "renewal_risk", "owner_id", "role"]
    writer = csv.writer(out)
    writer.writerow(columns)
    for n, text in enumerate([*HOSTILE, "long " + "x" * 10_000, "Z" + "\u0301" * 2000]):
        writer.writerow([f"{n}{text}", f"{n}{text}@x.test", *[text] * (len(columns) - 2)])
    import_users(console, organization, out.getvalue())
    page = signed_in(f"organizations/{organization}/users")
    expect(page.locator("tbody tr")).to_have_count(len(HOSTILE) + 2)
    nothing_ran(page)
    three_looks(page, "users-hostile")
    for n in range(len(HOSTILE) + 2):
        page.goto(console.url(f"organizations/{organization}/users"))
        page.locator("tbody a").nth(n).click()
        expect(page.get_by_role("heading", name="Who they are")).to_be_visible()
        nothing_ran(page)
    three_looks(page, "user-hostile")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Export data").click()
    assert re.fullmatch(r"user-usr_\w+\.json", waiting.value.suggested_filename)
