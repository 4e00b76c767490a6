"""The dialects: what docs/dialects shows runs and is accepted, and what reaches the upstream and the directory."""

import base64
import json
import os
import re
import shutil
import subprocess
import sys
from urllib.parse import quote

import pytest

from conftest import organization
from harness.expect import accepted, problem, upstream_headers
from harness.gateway import ROOT, eventually
from harness.tokens import must_stay_secret, secret, sign

PAGES = ROOT / "docs" / "dialects"
DIALECTS = ["productbridge", "productlift", "sleekplan", "uservoice", "userorbit"]
KEYS = {dialect: secret(400 + number) for number, dialect in enumerate(DIALECTS)}
PROGRAMS = {"python": [sys.executable, ".py"], "php": ["php", ".php"], "ruby": ["ruby", ".rb"], "js": ["node", ".mjs"]}


def samples():
    """Every block of code in the pages."""
    for dialect in DIALECTS:
        text = (PAGES / f"{dialect}.md").read_text()
        for language, code in re.findall(r"^```(\w+)\n(.*?)^```$", text, re.S | re.M):
            yield pytest.param(dialect, language, code, id=f"{dialect}-{language}")


@pytest.fixture(scope="module")
def many(tmp_path_factory, upstream):
    """A gateway with an organization of each dialect, called as the dialect is."""
    from harness.gateway import Gateway

    running = Gateway(
        tmp_path_factory.mktemp("dialects"), workers=2,
        organizations=[organization(dialect, KEYS[dialect], dialect=dialect) for dialect in DIALECTS],
        upstreams=[{"name": "widgets", "url": upstream.url, "profile": True}],
        routes=[{"path": "/", "access": "widget", "upstream": "widgets"}])
    running.start()
    yield running
    running.close()


@pytest.fixture
def visit(many):
    """Calls a page of the dialect's organization with a token of these claims."""
    with many.client() as client:
        def call(dialect, claims, **options):
            token = sign(claims, KEYS[dialect], **options)
            return client.get("/page", headers={"Host": f"{dialect}.test", "Authorization": f"Bearer {token}"})
        yield call


def profile_of(response) -> dict:
    [value] = upstream_headers(response)["x-widget-profile"]
    return json.loads(base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)))


def show(gateway, dialect, reference) -> dict:
    return json.loads(gateway.cli("user", "show", dialect, reference, "--json").stdout)


def test_every_page_has_a_sample():
    assert {sample.values[0] for sample in samples()} == set(DIALECTS)


@pytest.mark.parametrize("dialect, language, code", list(samples()))
def test_what_a_page_shows_signs_what_its_dialect_accepts(many, tmp_path, dialect, language, code):
    program, ending = PROGRAMS[language]
    if shutil.which(program) is None:
        pytest.skip(f"`{program}` isn't installed here")
    sample = tmp_path / f"sample{ending}"
    sample.write_text(code)
    result = subprocess.run([program, str(sample)], text=True, capture_output=True, timeout=60,
                            env=os.environ | {"API_SECRET": KEYS[dialect]})
    assert result.returncode == 0, result.stderr
    token = result.stdout.strip()
    must_stay_secret.add(token)
    said = json.loads(many.cli("token", "verify", "--organization", dialect, "--json", token).stdout)
    assert said["accepted"], said
    assert said["profile"]["email"] == "ada@example.com"
    assert said["profile"]["name"] == "Ada Lovelace"
    assert said["profile"]["external_id"].endswith("4711")
    assert "expires in" in str(said["steps"])


FULL = {
    "productlift": (
        {"email": "f@x.test", "uid": 7, "name": "Zoë", "avatar_url": "https://a.test/z.png", "company": "Acme",
         "mrr": "10.99", "arr": 131.88, "ltv": None, "segment_1": "developer", "segment_3": "beta", "odd": [1]},
        {"external_id": "7", "email": "f@x.test", "name": "Zoë", "avatar_url": "https://a.test/z.png",
         "company": {"name": "Acme", "mrr": "10.99", "arr": "131.88"}, "segments": ["developer", "", "beta"],
         "extra": {"odd": [1]}}),
    "sleekplan": (
        {"mail": "f@x.test", "id": "7", "name": "zoe7", "full_name": "Zoë", "img": "https://a.test/z.png",
         "weight": "4", "meta": {"plan": "pro"}},
        {"external_id": "7", "email": "f@x.test", "name": "Zoë", "username": "zoe7",
         "avatar_url": "https://a.test/z.png", "weight": 4, "meta": {"plan": "pro"}}),
    "uservoice": (
        {"guid": 7, "email": "f@x.test", "display_name": "Zoë", "locale": "sv-SE", "allow_forums": [1, "2"],
         "deny_forums": ["3"], "updates": "false", "comment_updates": True, "avatar_url": "https://a.test/z.png",
         "url": "https://a.test/zoe", "expires": "2099-12-31 23:59:59"},
        {"external_id": "7", "email": "f@x.test", "name": "Zoë", "avatar_url": "https://a.test/z.png",
         "locale": "sv-SE", "forums": {"allow": ["1", "2"], "deny": ["3"]},
         "preferences": {"updates": False, "comment_updates": True}, "extra": {"url": "https://a.test/zoe"}}),
    "userorbit": (
        {"email": "f@x.test", "id": "7", "name": "Zoë", "avatarUrl": "https://a.test/z.png", "company": "Acme",
         "plan": "pro", "role": "owner"},
        {"external_id": "7", "email": "f@x.test", "name": "Zoë", "avatar_url": "https://a.test/z.png",
         "company": {"name": "Acme", "plan": "pro"}, "role": "owner"}),
}


@pytest.mark.parametrize("dialect", FULL)
def test_every_claim_reaches_the_upstream_in_one_shape(visit, many, dialect):
    claims, profile = FULL[dialect]
    for _ in range(2):  # admitted, then remembered
        response = visit(dialect, claims, lifetime=None)
        assert profile_of(response) == profile
        headers = upstream_headers(response)
        assert headers["x-widget-user-id"] == ["7"]
        assert headers["x-widget-user-email"] == ["f@x.test"]
        assert headers["x-widget-user-name"] == [quote("Zoë")]
    assert show(many, dialect, "f@x.test")["role"] == "user"


REFUSED = [
    ("productlift", {"email": "r@x.test", "name": "R"}, "token_claim_missing", "uid"),
    ("productlift", {"email": "r@x.test", "uid": 1.5, "name": "R"}, "token_claim_invalid", "uid"),
    ("sleekplan", {"email": "r@x.test"}, "token_claim_missing", "mail"),
    ("sleekplan", {"mail": "r@x.test", "name": "Not A Handle"}, "token_claim_invalid", "name"),
    ("sleekplan", {"mail": "r@x.test", "weight": 11}, "token_claim_invalid", "weight"),
    ("uservoice", {"guid": "", "email": "r@x.test"}, "token_claim_missing", "guid"),
    ("uservoice", {"guid": 1, "email": "r@x.test", "locale": "en-US"}, "token_claim_invalid", "locale"),
    ("uservoice", {"guid": 1, "email": "r@x.test", "expires": "never"}, "token_claim_invalid", "expires"),
    ("uservoice", {"guid": 1, "email": "r@x.test", "expires": "2020-01-01 00:00:00"}, "token_expired", None),
    ("userorbit", {"email": None}, "token_claim_missing", "email"),
]


@pytest.mark.parametrize("dialect, claims, code, claim", REFUSED)
def test_a_wrong_claim_is_refused_and_named(visit, dialect, claims, code, claim):
    body = problem(visit(dialect, claims), code)
    assert claim is None or claim in body["detail"]


def test_uservoice_gives_and_takes_roles(visit, many):
    def call(**claims):
        return visit("uservoice", {"guid": "boss", "email": "boss@x.test", **claims})

    def role():
        return show(many, "uservoice", "boss@x.test")["role"]

    accepted(call())
    assert role() == "user"
    accepted(call(admin="accept"))
    assert role() == "admin"
    # The first token is remembered, as a user's, until the gateway hears of the change.
    eventually(lambda: call().status_code == 403, what="the end of what was remembered")
    problem(call(), "admin_identity_untrusted")
    problem(call(admin="deny"), "admin_identity_untrusted")
    assert role() == "admin"
    accepted(call(trusted=True))
    accepted(call(owner="accept"))
    assert role() == "owner"
    accepted(call(trusted="true", owner="deny"))
    assert role() == "admin"
    accepted(call(trusted=True, admin="deny"))
    assert role() == "user"
    accepted(call())


def test_an_identity_remembered_from_before_a_promotion_is_asked_about_again(visit, many):
    plain = {"guid": "late", "email": "late@x.test", "iat": 1_750_000_000}
    accepted(visit("uservoice", plain, lifetime=None))
    accepted(visit("uservoice", plain, lifetime=None))
    accepted(visit("uservoice", plain | {"admin": "accept"}))
    eventually(lambda: visit("uservoice", plain, lifetime=None).status_code == 403)
    problem(visit("uservoice", plain, lifetime=None), "admin_identity_untrusted")


def test_productlift_lets_no_admin_in(visit, many):
    claims = {"email": "chief@x.test", "uid": "chief", "guid": "chief", "name": "Chief", "admin": "accept"}
    accepted(visit("productlift", claims))
    assert show(many, "productlift", "chief@x.test")["role"] == "user"
    assert many.cli("organization", "set", "productlift", "dialect=uservoice").returncode == 0
    eventually(lambda: visit("productlift", claims).status_code == 200
               and show(many, "productlift", "chief@x.test")["role"] == "admin")
    assert many.cli("organization", "set", "productlift", "dialect=productlift").returncode == 0
    eventually(lambda: visit("productlift", claims).status_code == 403)
    problem(visit("productlift", claims), "admin_sso_forbidden")


def test_a_new_user_of_uservoice_is_anonymous_until_a_token_names_them(visit, many):
    claims = {"guid": "nn", "email": "nn@x.test"}
    accepted(visit("uservoice", claims))
    user = show(many, "uservoice", "nn@x.test")["profile"]
    assert user["name"] == "anonymous"
    assert user["preferences"] == {"updates": True, "comment_updates": False}
    accepted(visit("uservoice", claims | {"display_name": "Nora", "updates": False}))
    accepted(visit("uservoice", claims))
    user = show(many, "uservoice", "nn@x.test")["profile"]
    assert user["name"] == "Nora"
    assert user["preferences"] == {"updates": True, "comment_updates": False}


def test_the_upstream_sees_what_holds_and_not_only_what_the_token_says(visit):
    claims = {"guid": "hold", "email": "hold@x.test"}
    assert upstream_headers(visit("uservoice", claims))["x-widget-user-name"] == ["anonymous"]
    accepted(visit("uservoice", claims | {"display_name": "Hal"}))
    response = visit("uservoice", claims | {"updates": False, "comment_updates": True})
    assert upstream_headers(response)["x-widget-user-name"] == ["Hal"]
    assert profile_of(response)["preferences"] == {"updates": True, "comment_updates": False}
    assert profile_of(visit("productbridge", {"email": "hold@x.test", "id": 1}))["external_id"] == "1"
    assert profile_of(visit("productbridge", {"email": "hold@x.test"}))["external_id"] == "1"


@pytest.mark.parametrize("dialect", ["sleekplan", "uservoice"])
def test_an_id_and_an_email_of_two_users_are_a_conflict(visit, dialect):
    names = ("id", "mail") if dialect == "sleekplan" else ("guid", "email")
    for number in (1, 2):
        accepted(visit(dialect, dict(zip(names, (f"c{number}", f"c{number}@x.test")))))
    problem(visit(dialect, dict(zip(names, ("c1", "C2@X.TEST")))), "identity_conflict")
