"""The admin API as its clients meet it: over the admin listener, with admin tokens."""

import concurrent.futures
import json
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from conftest import ACME, organization
from harness import tokens
from harness.gateway import eventually
from harness.tokens import sign

HERE = Path(__file__).parent


class AdminAPI:
    def __init__(self, gateway, token: str | None):
        self.gateway = gateway
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.client = httpx.Client(base_url=gateway.admin + "/api/v1", headers=headers, timeout=20)

    def __call__(self, method: str, path: str, body=None, **options) -> httpx.Response:
        if body is not None:
            options["json"] = body
        return self.client.request(method, path, **options)

    def get(self, path: str, **parameters):
        response = self("GET", path, params=parameters)
        assert response.status_code == 200, response.text
        return response.json()


def make_token(gateway, name="tests", *options: str) -> str:
    result = gateway.cli("admin-token", "create", name, *options)
    assert result.returncode == 0, result.stderr
    token = result.stdout.strip()
    tokens.must_stay_secret.add(token)
    return token


@pytest.fixture(scope="module")
def running(tmp_path_factory, upstream):
    from harness.gateway import Gateway
    gateway = Gateway(
        tmp_path_factory.mktemp("admin"), organizations=[organization("acme", ACME), organization("beta", ACME)],
        upstreams=[{"name": "widgets", "url": upstream.url}],
        routes=[{"path": "/", "access": "widget", "upstream": "widgets"}], workers=2)
    gateway.start()
    yield gateway
    gateway.close()


@pytest.fixture(scope="module")
def token(running):
    return make_token(running)


@pytest.fixture(scope="module")
def api(running, token):
    return AdminAPI(running, token)


@pytest.fixture
def fresh(api):
    """An organization of a test's own, by its id; its host is `<id>.test`."""
    identifier = f"org-{time.monotonic_ns()}"
    response = api("POST", "/organizations", {"id": identifier, "hosts": [f"{identifier}.test"]})
    assert response.status_code == 201, response.text
    yield identifier
    api("DELETE", f"/organizations/{identifier}")


def problem(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json", response.text
    body = response.json()
    assert body["status"] == response.status_code
    assert body["title"] and body["detail"] and body["type"]
    return response.status_code, body["code"]


def state(gateway, host: str, token: str) -> int:
    with gateway.client() as client:
        return client.get(
            "/_widget/state", headers={"Host": f"{host}.test", "Authorization": f"Bearer {token}"}).status_code


# The first start


def test_the_first_start_prints_a_token_once_and_it_ends_with_the_next(make_gateway):
    gateway = make_gateway()
    lines = [line for line in gateway.log().splitlines() if "Admin token" in line]
    assert len(lines) == 1
    first = lines[0].rsplit(" ", 1)[1]
    assert first.startswith("wga_") and len(first) == 47
    assert AdminAPI(gateway, first).get("/self")["name"] == "first start"
    gateway.stop()
    gateway.start()
    assert gateway.log().count("Admin token, shown this once") == 1
    own = make_token(gateway)
    assert AdminAPI(gateway, own).get("/self")["name"] == "tests"
    assert problem(AdminAPI(gateway, first)("GET", "/self")) == (401, "admin_token_invalid")


# Tokens and scopes


def test_tokens_on_the_command_line(running, api):
    token = make_token(running, "reader", "--read-only", "--organization", "acme")
    reader = AdminAPI(running, token)
    me = reader.get("/self")
    assert (me["name"], me["organization"], me["read_only"]) == ("reader", "acme", True)
    assert [entry["id"] for entry in reader.get("/organizations")["organizations"]] == ["acme"]
    assert problem(reader("GET", "/organizations/beta")) == (404, "organization_unknown")
    assert problem(reader("POST", "/organizations/acme/secrets", {})) == (403, "scope_insufficient")
    listed = json.loads(running.cli("admin-token", "list", "--json").stdout)
    assert any(entry["id"] == me["id"] and entry["read_only"] for entry in listed)
    assert token not in running.cli("admin-token", "list").stdout
    assert running.cli("admin-token", "revoke", me["id"]).returncode == 0
    assert problem(reader("GET", "/self")) == (401, "admin_token_invalid")
    assert running.cli("admin-token", "revoke", me["id"]).returncode == 1
    assert running.cli("admin-token", "create", "x", "--organization", "none").returncode == 1


def test_a_revoked_token_is_refused_on_the_very_next_request(running, api):
    for _ in range(5):
        made = api("POST", "/admin-tokens", {"name": "short-lived"})
        assert made.status_code == 201 and made.json()["token"].startswith("wga_")
        other = AdminAPI(running, made.json()["token"])
        assert other("GET", "/self").status_code == 200
        assert api("DELETE", f"/admin-tokens/{made.json()['id']}").status_code == 204
        assert problem(other("GET", "/self")) == (401, "admin_token_invalid")
        assert problem(api("DELETE", f"/admin-tokens/{made.json()['id']}")) == (404, "admin_token_unknown")


def test_what_is_stored_of_a_token_is_not_the_token(running, token):
    for name in ("widget-gateway.db", "widget-gateway.db-wal"):
        path = running.directory / "data" / name
        if path.exists():
            assert token.encode() not in path.read_bytes()


# Requests that aren't what they should be


@pytest.mark.parametrize("method, path, options, expected", [
    ("GET", "/nothing", {}, (404, "not_found")),
    ("GET", "/organizations/none", {}, (404, "organization_unknown")),
    ("GET", "/organizations/none/users", {}, (404, "organization_unknown")),
    ("GET", "/organizations/none/users.csv", {}, (404, "organization_unknown")),
    ("POST", "/organizations/acme", {"json": {}}, (405, "method_not_allowed")),
    ("TRACE", "/organizations", {}, (405, "method_not_allowed")),
    ("GET", "/organizations?limit=0", {}, (422, "request_invalid")),
    ("GET", "/organizations?limit=x", {}, (422, "request_invalid")),
    ("GET", "/organizations?limt=1", {}, (422, "request_invalid")),
    ("GET", "/organizations?limit=1&limit=2", {}, (422, "request_invalid")),
    ("GET", "/organizations?cursor=%zz", {}, (400, "request_malformed")),
    ("GET", "/organizations/acme/users?mrr_min=NaN", {}, (422, "request_invalid")),
    ("GET", "/organizations/acme/users?blocked=yes", {}, (422, "request_invalid")),
    ("GET", "/organizations/acme/users?cursor=usr_none", {}, (422, "cursor_invalid")),
    ("GET", "/organizations/acme/users/nobody", {}, (404, "user_unknown")),
    ("GET", "/organizations/acme/users?renewal_risk=none", {}, (422, "request_invalid")),
    ("GET", "/organizations/acme/sessions?cursor=x", {}, (422, "cursor_invalid")),
    ("GET", "/organizations/acme/sessions?cursor=7ff0000000000000" + "0" * 16, {}, (422, "cursor_invalid")),
    ("GET", "/organizations/none/token-log", {}, (404, "organization_unknown")),
    ("GET", "/organizations/acme/token-log?code=fine", {}, (422, "request_invalid")),
    ("GET", "/token-log?since=1e308", {}, (422, "request_invalid")),
    ("GET", "/organizations/acme/outcomes?until=1e308", {}, (422, "request_invalid")),
    ("GET", "/organizations/none/enforcement", {}, (404, "organization_unknown")),
    ("GET", "/organizations/none/alerts", {}, (404, "organization_unknown")),
    ("POST", "/organizations/none/token-check", {"json": {"token": "x"}}, (404, "organization_unknown")),
    ("POST", "/organizations/acme/token-check", {"json": {}}, (422, "request_invalid")),
    ("POST", "/organizations/acme/token-check", {"json": {"token": "x" * 17000}}, (422, "request_invalid")),
    ("POST", "/organizations", {"content": b"{", "headers": {"content-type": "application/json"}},
     (400, "request_malformed")),
    ("POST", "/organizations", {"content": b'{"id":"a","id":"b"}', "headers": {"content-type": "application/json"}},
     (400, "request_malformed")),
    ("POST", "/organizations", {"content": b'{"id":"a"}', "headers": {"content-type": "text/plain"}},
     (415, "media_type_unsupported")),
    ("POST", "/organizations", {"json": []}, (422, "request_invalid")),
    ("POST", "/organizations", {"json": {"id": "UPPER"}}, (422, "request_invalid")),
    ("POST", "/organizations", {"json": {"id": "x", "hostz": []}}, (422, "request_invalid")),
    ("POST", "/organizations", {"json": {"id": "acme"}}, (409, "organization_exists")),
    ("POST", "/organizations", {"json": {"id": "thief", "hosts": ["acme.test"]}}, (409, "host_taken")),
    ("POST", "/organizations", {"json": {"id": "x", "sso": {"enabled": True, "login_url": "https://x.test/"}}},
     (409, "sso_untested")),
    ("POST", "/organizations", {"content": b" " * (1 << 20) + b"{}", "headers": {"content-type": "application/json"}},
     (413, "body_too_large")),
    ("PATCH", "/organizations/acme", {"json": {}}, (428, "precondition_required")),
    ("PUT", "/organizations/acme", {"json": {}, "headers": {"if-match": '"0"'}}, (412, "precondition_failed")),
    ("PATCH", "/organizations/acme", {"json": {"id": "other"}, "headers": {"if-match": "*"}}, (422, "request_invalid")),
    ("POST", "/organizations/acme/secrets/import", {"json": {"secret": "short"}}, (422, "request_invalid")),
    ("POST", "/organizations/acme/secrets/rotate", {"json": {"old_valid_until": 1}}, (422, "request_invalid")),
    ("PATCH", "/organizations/acme/secrets/key_none", {"json": {"valid_until": None}}, (404, "secret_unknown")),
    ("PATCH", "/organizations/acme/secrets/key_none", {"json": {}}, (422, "request_invalid")),
    ("DELETE", "/organizations/acme/secrets/key_none", {}, (404, "secret_unknown")),
    ("DELETE", "/organizations/acme/sessions/0123456789abcdef", {}, (404, "session_unknown")),
    ("POST", "/organizations/acme/users.csv", {"content": b"colour\n", "headers": {"content-type": "text/csv"}},
     (422, "request_invalid")),
    ("POST", "/organizations/acme/users.csv", {"json": {}}, (415, "media_type_unsupported")),
    ("POST", "/admin-tokens", {"json": {"name": "x", "expires_at": 1}}, (422, "request_invalid")),
])
def test_every_refusal_says_what_is_wrong(api, method, path, options, expected):
    response = api(method, path, **options)
    assert problem(response) == expected
    if expected[0] == 405:
        assert response.headers["allow"]


def test_an_unknown_key_is_named(api):
    errors = api("POST", "/organizations/acme/secrets", {"purposes": "api"}).json()["errors"]
    assert errors == [{"path": "purposes", "message": "unknown key"}]


def test_without_a_token(running):
    anonymous = AdminAPI(running, None)
    response = anonymous("GET", "/organizations")
    assert problem(response) == (401, "admin_token_missing")
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert anonymous("GET", "/openapi.json").json()["openapi"] == "3.1.0"


# Organizations


def test_two_admins_do_not_overwrite_each_other(api, fresh):
    path = f"/organizations/{fresh}"
    etag = api("GET", path).headers["etag"]

    def change(number: int) -> httpx.Response:
        return api("PATCH", path, {"name": f"name {number}"}, headers={"If-Match": etag})

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(change, range(8)))
    winners = [answer for answer in answers if answer.status_code == 200]
    assert len(winners) == 1
    assert all(problem(answer) == (412, "precondition_failed") for answer in answers if answer not in winners)
    present = api("GET", path)
    assert present.json()["name"] == winners[0].json()["name"]
    assert present.headers["etag"] == winners[0].headers["etag"] != etag


def test_put_replaces_and_patch_changes(api, fresh):
    path = f"/organizations/{fresh}"
    etag = api("GET", path).headers["etag"]
    patched = api("PATCH", path, {"sso": {"session_days": 3}, "identify_mode": "update_only"}, headers={"If-Match": etag})
    assert patched.json()["sso"]["session_days"] == 3 and patched.json()["hosts"] == [f"{fresh}.test"]
    replaced = api("PUT", path, {"name": "New"}, headers={"If-Match": patched.headers["etag"]})
    assert replaced.json()["identify_mode"] == "upsert" and replaced.json()["hosts"] == []
    entry = api.get("/audit", organization=fresh, limit=1)["entries"][0]
    assert entry["action"] == "organization.update"
    assert entry["before"] == {
        "name": fresh, "hosts": [f"{fresh}.test"], "identify_mode": "update_only", "sso": {"session_days": 3}}
    assert entry["after"] == {"name": "New", "hosts": [], "identify_mode": "upsert", "sso": {"session_days": 30}}


def test_the_same_creation_twice_is_one(api):
    identifier = f"once-{time.monotonic_ns()}"
    key = {"Idempotency-Key": identifier}

    def create(_) -> httpx.Response:
        return api("POST", "/organizations", {"id": identifier}, headers=key)

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(create, range(6)))
    assert {answer.status_code for answer in answers} == {201}
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    assert len({answer.text for answer in answers}) == 1
    other = api("POST", "/organizations", {"id": identifier + "x"}, headers=key)
    assert problem(other) == (422, "idempotency_key_reused")
    secret = [api("POST", f"/organizations/{identifier}/secrets", {}, headers=key | {"Idempotency-Key": "s" + identifier})
              for _ in range(2)]
    assert secret[0].json()["id"] == secret[1].json()["id"]
    assert len(secret[0].json()["secret"]) == 64 and "secret" not in secret[1].json()
    assert api("DELETE", f"/organizations/{identifier}").status_code == 204


def test_organizations_come_in_pages(api):
    ids = [entry["id"] for entry in api.get("/organizations")["organizations"]]
    paged, cursor = [], None
    while True:
        page = api.get("/organizations", limit=1, **({"cursor": cursor} if cursor else {}))
        paged += [entry["id"] for entry in page["organizations"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert paged == ids == sorted(ids)


def test_a_change_is_in_force_on_the_very_next_request(running, api, fresh):
    key = api("POST", f"/organizations/{fresh}/secrets", {}).json()
    tokens.must_stay_secret.add(key["secret"])
    token = sign({"email": "ann@x.test"}, key["secret"])
    for _ in range(5):
        assert state(running, fresh, token) == 200
        assert api("POST", f"/organizations/{fresh}/users/ann@x.test/block").json()["blocked_at"]
        assert state(running, fresh, token) == 403
        assert api("POST", f"/organizations/{fresh}/users/ann@x.test/unblock").json()["blocked_at"] is None
    assert api("DELETE", f"/organizations/{fresh}/secrets/{key['id']}").status_code == 204
    assert state(running, fresh, token) == 401


# Secrets


def test_a_rotated_secret_ends_when_it_was_planned_to(running, api, fresh):
    old = api("POST", f"/organizations/{fresh}/secrets", {}).json()
    end = time.time() + 6
    new = api("POST", f"/organizations/{fresh}/secrets/rotate", {"old_valid_until": end}).json()
    signed = {name: sign({"email": "ann@x.test"}, secret["secret"]) for name, secret in (("old", old), ("new", new))}
    assert state(running, fresh, signed["old"]) == state(running, fresh, signed["new"]) == 200
    listed = {secret["id"]: secret for secret in api.get(f"/organizations/{fresh}/secrets")["secrets"]}
    assert listed[old["id"]]["valid_until"] == pytest.approx(end) and listed[new["id"]]["valid_until"] is None
    # Cached by now: the end must reach the cache too.
    eventually(lambda: state(running, fresh, signed["old"]) == 401, within=30, what="the end")
    assert time.time() >= end
    assert state(running, fresh, signed["new"]) == 200
    states = {secret["id"]: secret["state"] for secret in api.get(f"/organizations/{fresh}/secrets")["secrets"]}
    assert states == {old["id"]: "ended", new["id"]: "active"}


def test_regenerated_secrets_die_at_once(running, api, fresh):
    old = api("POST", f"/organizations/{fresh}/secrets", {}).json()
    token = sign({"email": "ann@x.test"}, old["secret"])
    assert state(running, fresh, token) == 200
    new = api("POST", f"/organizations/{fresh}/secrets/regenerate", {}).json()
    assert state(running, fresh, token) == 401
    assert state(running, fresh, sign({"email": "ann@x.test"}, new["secret"])) == 200
    audit = api.get("/audit", organization=fresh, action="secret.regenerate")["entries"]
    assert len(audit) == 1 and old["secret"] not in json.dumps(audit) and new["secret"] not in json.dumps(audit)


def test_four_secrets_at_most(api, fresh):
    path = f"/organizations/{fresh}/secrets"
    made = [api("POST", path, {}).json()["id"] for _ in range(4)]
    assert problem(api("POST", path, {})) == (409, "too_many_secrets")
    assert problem(api("POST", path + "/rotate", {})) == (409, "too_many_secrets")
    assert api("POST", path, {"purpose": "user_hash"}).status_code == 201
    assert api("PATCH", f"{path}/{made[0]}", {"valid_until": time.time() + 100}).json()["valid_until"]
    assert api("PATCH", f"{path}/{made[0]}", {"valid_until": None}).json()["valid_until"] is None
    assert api("DELETE", f"{path}/{made[0]}?end_sessions=true").status_code == 204
    assert api("POST", path + "/import", {"secret": "i" * 32}).status_code == 201
    assert all("secret" not in secret for secret in api.get(path)["secrets"])


# Users


def import_csv(api, identifier: str, text: str, **parameters) -> dict:
    response = api("POST", f"/organizations/{identifier}/users.csv", content=text.encode(), params=parameters,
                   headers={"content-type": "text/csv"})
    assert response.status_code == 200, response.text
    return response.json()


def test_users_come_and_go_as_csv(api, fresh):
    rows = [f"user{number}@x.test,{'pro' if number % 2 else 'free'},{number}" for number in range(2500)]
    rows[1200] = "bad,row"
    header = "email,company_plan,company_mrr"
    trial = import_csv(api, fresh, "\n".join([header, *rows]), dry_run="true")
    assert (trial["read"], trial["created"], trial["mistake_count"]) == (2500, 0, 1)
    report = import_csv(api, fresh, "\n".join([header, *rows]))
    assert (report["read"], report["created"], report["refused"]) == (2500, 1500, 1000)
    assert report["mistakes"] == [{"line": 1202, "message": "2 cells instead of 3"}]
    rows[1200] = "user1200@x.test,free,1200"
    again = import_csv(api, fresh, "\n".join([header, *rows]))
    assert (again["created"], again["updated"], again["refused"]) == (1000, 0, 0)
    exported = api("GET", f"/organizations/{fresh}/users.csv")
    assert exported.headers["content-type"].startswith("text/csv")
    assert len(exported.text.splitlines()) == 2501
    cheap = api.get(f"/organizations/{fresh}/users", plan="pro", mrr_min=1, mrr_max=5)
    assert [user["profile"]["email"] for user in cheap["users"]] == ["user1@x.test", "user3@x.test", "user5@x.test"]
    seen, cursor = [], None
    while True:
        page = api.get(f"/organizations/{fresh}/users", limit=200, plan="free", **({"cursor": cursor} if cursor else {}))
        seen += [user["id"] for user in page["users"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 1250


def test_one_user(api, fresh):
    import_csv(api, fresh, "id,email,name,status\nu/1,ann@x.test,<script>,active\n")
    base = f"/organizations/{fresh}/users"
    user = api.get(f"{base}/u%2F1")
    assert user["profile"] == {"email": "ann@x.test", "external_id": "u/1", "name": "<script>", "status": "active"}
    assert api("PUT", f"{base}/{user['id']}/role", {"role": "admin"}).json()["role"] == "admin"
    assert problem(api("PUT", f"{base}/{user['id']}/role", {"role": "god"})) == (422, "request_invalid")
    assert api("POST", f"{base}/ann@x.test/sign-out").json()["tokens_valid_after"]
    assert [entry["id"] for entry in api.get(base, role="admin")["users"]] == [user["id"]]
    data = api.get(f"{base}/{user['id']}/data")
    assert data["user"]["id"] == user["id"] and data["sessions"] == []
    assert [entry["action"] for entry in data["changes"]] == ["user.sign_out", "user.set_role"]
    assert api("DELETE", f"{base}/{user['id']}").status_code == 204
    assert problem(api("GET", f"{base}/{user['id']}")) == (404, "user_unknown")
    assert "ann@x.test" not in json.dumps(api.get("/audit", organization=fresh))


def test_sessions_of_nobody(api, fresh):
    assert api.get(f"/organizations/{fresh}/sessions") == {"sessions": [], "next_cursor": None}
    assert api("POST", f"/organizations/{fresh}/sessions/end", {"of": "all"}).json() == {"ended": 0}
    assert problem(api("POST", f"/organizations/{fresh}/sessions/end", {"of": "user", "id": "x"})) \
        == (404, "user_unknown")
    assert problem(api("POST", f"/organizations/{fresh}/sessions/end", {"of": "all", "id": "x"})) \
        == (422, "request_invalid")


def test_sign_in_is_enabled_only_when_it_was_tested(api, fresh):
    path = f"/organizations/{fresh}"
    standing = api.get(path + "/sso")
    assert (standing["state"], standing["may_be_enabled"]) == ("untested", False)
    assert standing["hosts"][0]["test_url"] == f"https://{fresh}.test/_widget/sso/start?test=true"
    change = {"sso": {"login_url": "https://x.test/login"}}
    assert api("PATCH", path, change, headers={"If-Match": "*"}).status_code == 200
    refused = api("PATCH", path, {"sso": {"enabled": True}}, headers={"If-Match": "*"})
    assert problem(refused) == (409, "sso_untested")
    assert api.get(path)["sso"]["enabled"] is False


# The token log, reports and the token checker


def rows(api, path: str, count: int, **parameters) -> list[dict]:
    """The rows of a log, when there are `count` of them: they are written a moment after their answers."""
    found = []

    def there():
        nonlocal found
        found = api.get(path, **parameters)["entries"]
        return len(found) >= count

    eventually(there, within=20, what=f"{count} rows of {path}")
    return found


def test_tokens_are_listed(running, api, fresh):
    key = api("POST", f"/organizations/{fresh}/secrets", {}).json()
    tokens.must_stay_secret.add(key["secret"])
    for email in ("ann@x.test", "bob@x.test"):
        assert state(running, fresh, sign({"email": email}, key["secret"])) == 200
    assert state(running, fresh, sign({"email": "ann@x.test"}, ACME)) == 401
    path = f"/organizations/{fresh}/token-log"
    found = rows(api, path, 3)
    assert sorted(row["code"] for row in found) == ["accepted", "accepted", "token_signature_mismatch"]
    assert [row["id"] for row in found] == sorted((row["id"] for row in found), reverse=True)
    refused = api.get(path, accepted="false")["entries"]
    assert [(row["code"], row["user"], row["secret"], row["accepted"]) for row in refused] \
        == [("token_signature_mismatch", None, None, False)]
    ann = api.get(path, user="ann@x.test")["entries"]
    assert [(row["code"], row["secret"]) for row in ann] == [("accepted", key["id"])]
    assert ann[0]["user"].startswith("usr_") and ann[0]["address"] and ann[0]["stands_for"] == 1
    assert api.get(path, code="token_expired")["entries"] == []
    assert api.get(path, until=time.time() - 60)["entries"] == []
    assert api.get(path, origin="nowhere")["entries"] == []
    assert len(api.get(path, address=ann[0]["address"])["entries"]) == 3
    first = api.get(path, limit=2)
    second = api.get(path, limit=2, cursor=first["next_cursor"])
    assert first["entries"] + second["entries"] == found and second["next_cursor"] is None
    assert any(row["organization"] == fresh for row in api.get("/token-log")["entries"])

    data = api.get(f"/organizations/{fresh}/users/ann@x.test/data")
    assert data["tokens"] == ann and data["complete"] is True and data["repeats"] == []

    def counted() -> dict:
        counts = {}
        for outcome in api.get(f"/organizations/{fresh}/outcomes")["outcomes"]:
            counts[outcome["code"]] = counts.get(outcome["code"], 0) + outcome["count"]
        return counts

    eventually(
        lambda: counted().get("token_signature_mismatch") == 1 and counted().get("accepted", 0) >= 2, within=20,
        what="the figures")
    assert api.get(f"/organizations/{fresh}/outcomes", until=time.time() - 7200)["outcomes"] == []


def test_rules_are_enforced_only_when_it_is_known_what_they_refuse(running, api, fresh):
    key = api("POST", f"/organizations/{fresh}/secrets", {}).json()
    tokens.must_stay_secret.add(key["secret"])
    path = f"/organizations/{fresh}"
    assert api("PATCH", path, {"require_user_hash": "report"}, headers={"If-Match": "*"}).status_code == 200
    assert state(running, fresh, sign({"email": "ann@x.test", "id": "1"}, key["secret"])) == 200

    def counted() -> dict:
        rules = {rule["rule"]: rule for rule in api.get(path + "/enforcement")["rules"]}
        return rules["require_user_hash"]

    eventually(lambda: counted()["last_hour"]["would_refuse"] > 0, within=20, what="the report")
    rule = counted()
    assert (rule["setting"], rule["value"]) == ("require_user_hash", "report")
    assert rule["last_week"]["users"] == 1 and rule["last_week"]["reasons"][0]["code"] == "user_hash_missing"
    assert api.get(path + "/enforcement")["update_only_directory"] == {"known": 1, "created_last_week": 1}
    change = {"require_user_hash": "enforce"}
    refused = api("PATCH", path, change, headers={"If-Match": "*"})
    assert problem(refused) == (409, "enforcement_unconfirmed")
    assert refused.json()["errors"][0]["path"] == "require_user_hash"
    assert api("PATCH", path + "?confirmed=true", change, headers={"If-Match": "*"}).status_code == 200


def test_alerts_are_listed(running, api, fresh):
    key = api("POST", f"/organizations/{fresh}/secrets", {}).json()
    tokens.must_stay_secret.add(key["secret"])
    hashed = sign({"email": "ann@x.test", "id": "1", "user_hash": "0" * 64}, key["secret"])
    assert state(running, fresh, hashed) == 401
    eventually(lambda: api.get(f"/organizations/{fresh}/alerts")["alerts"], within=20, what="an alert")
    alert = api.get(f"/organizations/{fresh}/alerts")["alerts"][0]
    assert (alert["kind"], alert["organization"], alert["count"]) == ("user_hash_mismatch", fresh, 1)
    assert alert in api.get("/alerts", since=time.time() - 60)["alerts"]
    assert api.get(f"/organizations/{fresh}/alerts", since=time.time() + 60)["alerts"] == []


def check(api, organization_id: str, token: str) -> dict:
    response = api("POST", f"/organizations/{organization_id}/token-check", {"token": token})
    assert response.status_code == 200, response.text
    return response.json()


def test_a_token_is_explained(running, api, fresh):
    key = api("POST", f"/organizations/{fresh}/secrets", {}).json()
    tokens.must_stay_secret.add(key["secret"])
    good = check(api, fresh, "  " + sign({"email": "ann@x.test", "name": "Ann"}, key["secret"]) + "\r\n")
    assert (good["accepted"], good["code"], good["secret"], good["trimmed"]) == (True, None, key["id"], True)
    assert good["profile"] == {"email": "ann@x.test", "name": "Ann"} and good["header"]["alg"] == "HS256"
    assert all(step["outcome"] == "ok" and step["remedy"] is None for step in good["steps"])

    late = check(api, fresh, sign({"email": "ann@x.test", "exp": 1, "iat": 2}, key["secret"]))
    assert (late["accepted"], late["code"], late["profile"]) == (False, "token_expired", {"email": "ann@x.test"})
    assert [(claim["name"], claim["written"], claim["moment"]) for claim in late["times"]] \
        == [("exp", "1", 1), ("iat", "2", 2)]

    foreign = check(api, fresh, sign({"email": "ann@x.test"}, ACME))
    assert foreign["code"] == "token_signature_mismatch" and foreign["signed_by"] in ("acme", "beta")
    failed = [step for step in foreign["steps"] if step["outcome"] == "failed"]
    assert [step["name"] for step in failed] == ["signature"] and foreign["signed_by"] in failed[0]["remedy"]
    # Whose key it is concerns nobody who is bound to another organization.
    bound = AdminAPI(running, make_token(running, "bound", "--organization", fresh, "--read-only"))
    assert check(bound, fresh, sign({"email": "ann@x.test"}, ACME))["signed_by"] is None
    # Nothing of it was written down, and nobody was made.
    assert api.get(f"/organizations/{fresh}/token-log")["entries"] == []
    assert api.get(f"/organizations/{fresh}/users")["users"] == []


def test_users_are_found_by_their_profile(api, fresh):
    import_csv(
        api, fresh,
        "id,email,company_id,company_name,locale,renewal_risk,owner_id,owner_email\n"
        "1,ann@x.test,c1,Initech,de,high,o1,\n2,bob@x.test,c2,Globex,en,low,,owner@x.test\n3,cy@x.test,,,,,,\n")
    for filters, expected in [
        ({"company": "Initech"}, ["1"]), ({"company": "c2"}, ["2"]), ({"locale": "de"}, ["1"]),
        ({"renewal_risk": "low"}, ["2"]), ({"owner": "o1"}, ["1"]), ({"owner": "owner@x.test"}, ["2"]),
        ({"company": "Initech", "owner": "owner@x.test"}, []), ({"search": "ann", "locale": "de"}, ["1"]),
    ]:
        found = api.get(f"/organizations/{fresh}/users", **filters)["users"]
        assert [user["profile"]["external_id"] for user in found] == expected, filters


# The master key


def test_the_master_key_is_rotated(make_gateway):
    gateway = make_gateway()
    token = sign({"email": "ann@x.test"}, ACME)
    assert state(gateway, "acme", token) == 200
    assert gateway.stop() == 0
    key_file = gateway.directory / "data/master.key"
    old = key_file.read_text()
    result = gateway.cli("storage", "rotate-master-key")
    assert result.returncode == 0, result.stderr
    assert key_file.read_text() != old and key_file.stat().st_mode & 0o777 == 0o600
    assert not key_file.with_suffix(".key.new").exists()
    gateway.start()
    assert state(gateway, "acme", token) == 200
    gateway.may_be_dead = True
    assert gateway.stop() == 0
    key_file.write_text(old)
    refused = gateway.cli("organization", "list")
    assert refused.returncode == 1 and "master key" in refused.stderr
    key_file.unlink()
    assert "master key" in gateway.cli("organization", "list").stderr


# The document


def test_the_document_is_true_to_the_server(running, api, fresh):
    token = make_token(running, "schemathesis")
    # It tries ids that it was shown: revoking its own token would leave all the rest behind a closed door.
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(HERE / "schemathesis.toml"), "run",
        running.admin + "/api/v1/openapi.json", "--header", f"Authorization: Bearer {token}", "--max-examples", "10",
        "--phases", "examples,coverage,fuzzing", "--workers", "1", "--request-timeout", "10", "--no-color",
        "--seed", "1", "--generation-database", "none", "--exclude-operation-id", "revokeAdminToken",
    ]
    result = subprocess.run(command, cwd=running.directory, capture_output=True, text=True, timeout=110)
    assert result.returncode == 0, result.stdout[-8000:] + result.stderr[-2000:]
    # It got behind the door, not just to it.
    me = AdminAPI(running, token).get("/self")["id"]
    for action in ("secret.generate", "secret.rotate", "admin_token.create"):
        assert api.get("/audit", actor=me, action=action, limit=1)["entries"], action
