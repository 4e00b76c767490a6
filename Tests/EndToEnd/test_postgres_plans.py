"""No statement that a gateway makes reads a whole table of users, sessions, used tokens, the audit log, the token log, or of
the figures and alerts that go with it.

PostgreSQL itself tells how it runs each statement (`auto_explain`), those within triggers and foreign keys too, over tables
that are large enough for it to care. The statements that the sources hold are looked for among them, so that one that is
added without being tried here is a failure.
"""

import json
import re
import subprocess
import time

import pytest

from conftest import organization
from harness.expect import accepted
from harness.gateway import ROOT, Gateway, eventually
from harness.portal import Portal
from harness.postgres import Postgres
from harness.tokens import secret, sign
from test_admin_api import AdminAPI, make_token
from test_portal_sso import expect_signed_in, sign_in, sign_out

KEY = secret(710)  # The portal's.
ORGANIZATIONS, USERS = 200, 50_000

#: Tables that grow with users and time. The others hold some rows for each organization.
LOG = ["log_entries", "log_repeats", "log_traffic", "log_outcomes", "log_refusals", "log_alerts"]
LARGE = re.compile(r"(users|sessions)_\d+|users|sessions|used_tokens|audit|" + "|".join(LOG))

FILL = f"""
INSERT INTO users (organization, id, external_id, email, email_folded, email_verified, name_folded, profile, facts,
    unverified, role, created_at, updated_at, blocked_at)
SELECT 'o' || n % {ORGANIZATIONS}, 'usr_' || n, 'x' || n, 'u' || n || '@x.test', 'u' || n || '@x.test', true, 'name ' || n,
    json_build_object('email', 'u' || n || '@x.test'),
    jsonb_build_object('status', 'trial' || n % 5, 'plan', 'p' || n % 7, 'mrr', n % 1000), '',
    CASE WHEN n % 500 = 0 THEN 'admin' ELSE 'user' END, n, n, CASE WHEN n % 300 = 0 THEN n END
FROM generate_series(1, {USERS}) AS n;
INSERT INTO sessions SELECT organization, sha256(id::bytea), id, 'key_' || seq % 50, created_at,
    CASE WHEN seq % 500 = 0 THEN 5 ELSE 4e9 END FROM users;
INSERT INTO used_tokens SELECT organization, sha256(id::bytea), CASE WHEN seq % 500 = 0 THEN 5 ELSE 4e9 END FROM users;
INSERT INTO audit SELECT (SELECT max(seq) FROM audit) + row_number() OVER (), created_at, 'token', 'a' || seq % 90, '', NULL,
    'user.block' || seq % 50, organization, id FROM users;
"""

#: A few rows of each table are as old as to be removed.
FILL_LOG = """
CREATE TEMP TABLE filling AS SELECT n, 'o' || n % 200 AS organization, CASE WHEN n % 500 = 0 THEN 3600 ELSE
    3600 * (extract(epoch FROM now())::bigint / 3600 - n % 500) END AS hour FROM generate_series(1, 50000) AS n;
INSERT INTO log_entries (time, organization, class, code, warnings, "user", key_id, address, origin, source, stands_for)
SELECT hour, organization, n % 3, (ARRAY['accepted', 'token_signature_mismatch', 'token_expired'])[1 + n % 3], '',
    CASE WHEN n % 3 = 0 THEN 'usr_' || n END, 'key_' || n % 50, '10.0.' || n % 256 || '.' || n % 199,
    'https://app' || n % 90 || '.test', 'header', 1 FROM filling;
INSERT INTO log_repeats SELECT organization, 'usr_' || n, hour, n FROM filling;
INSERT INTO log_traffic SELECT organization, hour + 60 * n, n, n, n, n, n FROM filling;
INSERT INTO log_outcomes SELECT organization, hour, 'code' || n, n FROM filling;
INSERT INTO log_refusals SELECT organization, hour, 'require_identify', 'code' || n, 'https://app' || n % 90 || '.test', n,
    sha256(n::text::bytea), '[]' FROM filling;
INSERT INTO log_alerts (kind, organization, subject, first_seen, last_seen, count)
SELECT 'bad_signatures', organization, '10.0.' || n % 256 || '.' || n % 199, hour, hour, n FROM filling;
"""


@pytest.fixture(scope="module")
def statements(tmp_path_factory, upstream):
    """Every statement that PostgreSQL ran, with the plans that it had."""
    folder = tmp_path_factory.mktemp("plans")
    database = Postgres(
        folder / "server", "session_preload_libraries=auto_explain", "auto_explain.log_min_duration=0",
        "auto_explain.log_format=json", "auto_explain.log_nested_statements=on", "log_line_prefix=").start()
    try:
        drive(folder, database, upstream)
        return read(database.log())
    finally:
        database.kill()


def read(log: str) -> list[tuple[str, dict]]:
    found = []
    for match in re.finditer(r"^LOG:  duration: [\d.]+ ms  plan:\n((?:\t.*\n)+)", log, re.MULTILINE):
        entry = json.loads(match[1])
        found.append((" ".join(entry["Query Text"].split()), entry["Plan"]))
    return found


def drive(folder, database, upstream) -> None:
    """Has a gateway do all that it can do with its storage."""
    portal = Portal(folder, upstream.url, "productbridge", "http", sso={"sliding_sessions": True}, token_log={"rows": 49_000}, alerts={"bad_signatures": 4}, storage={
        "url": database.url, "master_key_file": str(folder / "master.key")})
    gateway = portal.gateway
    gateway.may_be_dead = True
    gateway.apply([portal.organization, *(
        organization(f"o{number}", KEY, hosts=[], match_by="id_then_email") for number in range(ORGANIZATIONS))])
    database.sql(FILL)
    database.sql(FILL_LOG)
    # Another gateway, so that it is asked what both have seen.
    database.sql("INSERT INTO gateways VALUES ('other', now() + interval '1 day')")
    database.sql("VACUUM ANALYZE")
    database.truncate_log()
    portal.start()
    visitor = portal.visitor()
    try:
        use(portal, gateway, visitor, database)
        # A session of ten days ago goes on for longer when it is used.
        database.sql("""UPDATE sessions SET created_at = created_at - 864000, expires_at = expires_at - 864000
                        WHERE organization = 'acme'""")
        gateway.start()
        expect_signed_in(visitor, portal)
        eventually(lambda: "UPDATE sessions SET expires_at" in database.log(), within=10, every=0.2,
                   what="that the session is extended")
        # So that all of them have gone, and the log is whole.
        assert gateway.stop() == 0
    finally:
        visitor.close()
        portal.close()


def use(portal: Portal, gateway: Gateway, visitor, database: Postgres) -> None:
    def identify(claims: dict, whose="o3"):
        with gateway.client(cleartext=True) as client:
            return accepted(client.post("/_widget/identify", json={"token": sign(claims, KEY)},
                                        headers={"Host": "127.0.0.1", "X-Widget-Organization": whose}))

    identify({"email": "new@x.test", "id": "new"})
    identify({"email": "new@x.test", "id": "new", "name": "Renamed"})
    identify({"email": "u203@x.test", "id": "x203"})
    api = AdminAPI(gateway, make_token(gateway))
    # An alert, and one that goes on.
    for count in (1, 2):
        with gateway.client(cleartext=True) as client:
            refused = client.post("/_widget/identify", headers={"Host": "127.0.0.1", "X-Widget-Organization": "o3"}, json={
                "token": sign({"email": "u203@x.test", "id": "x203", "n": count, "user_hash": "0" * 64}, KEY)})
            assert refused.status_code == 401, refused.text
        eventually(lambda: any(alert["count"] == count and alert["kind"] == "user_hash_mismatch"
                               for alert in api.get("/organizations/o3/alerts")["alerts"]), within=10, every=0.2,
                   what="the alert")
    with gateway.client(cleartext=True) as client:
        for count in range(3):
            forged = sign({"email": "u203@x.test", "n": count}, secret(711))
            client.get("/_widget/state", headers={"Host": "127.0.0.1", "X-Widget-Organization": "o3",
                                                  "Authorization": f"Bearer {forged}"})
    eventually(lambda: "asked.place" in database.log(), within=15, every=0.2, what="the question to the log")
    known = sign({"email": "u203@x.test", "id": "x203"}, KEY)

    def comes_again() -> bool:
        with gateway.client(cleartext=True) as client:
            for _ in range(200):
                client.get("/_widget/state", headers={"Host": "127.0.0.1", "X-Widget-Organization": "o3",
                                                      "Authorization": f"Bearer {known}"})
        return "INSERT INTO log_repeats" in database.log()

    eventually(comes_again, within=60, every=0.2, what="that a remembered token is counted")
    sign_in(visitor, portal)
    expect_signed_in(visitor, portal)
    sign_out(visitor, portal)
    visitor.open(portal.start_address("/"), clicked=True)
    expect_signed_in(visitor, portal)

    base = "/organizations/o3"
    users = base + "/users"
    filters = [
        {}, {"search": "u20"}, {"search": "x203"}, {"status": "trial3"}, {"status": "none"}, {"plan": "p1"},
        {"company": "x"}, {"segment": "x"}, {"owner": "x"}, {"locale": "en"}, {"renewal_risk": "low"},
        {"role": "admin"}, {"role": "user"}, {"blocked": "true"}, {"blocked": "false"}, {"mrr_min": 990},
        {"field": "username", "value": "x"}, {"search": "u", "status": "trial3", "blocked": "false"},
    ]
    for parameters in filters:
        page = api.get(users, limit=5, **parameters)
        if page.get("next_cursor"):
            api.get(users, limit=5, cursor=page["next_cursor"], **parameters)
    for action in ("block", "unblock", "sign-out"):
        assert api("POST", f"{users}/u203@x.test/{action}").status_code == 200
    assert api("PUT", f"{users}/x403/role", {"role": "admin"}).status_code == 200
    for path in (f"{users}/usr_203", f"{users}/usr_203/data", f"{users}.csv", base + "/sessions", base + "/sso",
                 base + "/enforcement", base + "/outcomes", base + "/token-log", base + "/alerts", base + "/secrets"):
        assert api("GET", path).status_code == 200, path
    assert api("DELETE", f"{users}/usr_203").status_code == 204
    csv = "id,email,name\nx603,u603@x.test,Imported\nz1,z1@x.test,New\n"
    assert api("POST", f"{users}.csv", content=csv, headers={"Content-Type": "text/csv"}).status_code == 200
    assert api.get(base + "/sessions", user="usr_1003")["sessions"]
    session = api.get(base + "/sessions", limit=2)["sessions"][0]["id"]
    assert api("DELETE", f"{base}/sessions/{session}").status_code == 204
    for selection in ({"of": "user", "id": "usr_1003"}, {"of": "secret", "id": "key_3"}, {"of": "all"}):
        assert api("POST", base + "/sessions/end", selection).status_code == 200
    for parameters in ({}, {"organization": "o3"}, {"action": "user.block"}, {"actor": "a3"}, {"subject": "usr_3"},
                       {"since": 5, "until": 40_000}, {"cursor": 1000}):
        api.get("/audit", limit=20, **parameters)
    for filters in ({}, {"code": "token_expired"}, {"accepted": "true"}, {"accepted": "false"}, {"user": "usr_3"},
                    {"address": "10.0.3.3"}, {"origin": "app3"}, {"since": 1e9}, {"until": 2e9},
                    {"since": 1e9, "until": 2e9, "code": "accepted"}):
        for path in ("/token-log", base + "/token-log"):
            page = api.get(path, limit=5, **filters)
            if page.get("next_cursor"):
                api.get(path, limit=5, cursor=page["next_cursor"], **filters)
    for path in ("/alerts", base + "/alerts"):
        for filters in ({}, {"since": 1e9}):
            api.get(path, limit=5, **filters)
    api.get("/organizations", limit=5)
    assert gateway.cli("organization", "set", "o3", "name=Changed").returncode == 0
    with pytest.raises(subprocess.TimeoutExpired):
        gateway.cli("log", "o3", "--follow", timeout=10)
    added = api("POST", base + "/secrets", {}).json()
    assert api("PATCH", f"{base}/secrets/{added['id']}", {"valid_until": time.time() + 100}).status_code == 200
    assert api("DELETE", f"{base}/secrets/{added['id']}").status_code == 204
    made = api("POST", "/organizations", {"id": "gone", "name": "Gone"}, headers={"Idempotency-Key": "k"})
    assert made.status_code == 201, made.text
    assert gateway.cli("organization", "delete", "o5", "--yes").returncode == 0
    assert api("GET", "/admin-tokens").status_code == 200
    token = api("POST", "/admin-tokens", {"name": "x"}).json()
    assert api("DELETE", f"/admin-tokens/{token['id']}").status_code == 204
    for command in (["user", "list", "o7", "--search", "u2"], ["user", "export", "o7"], ["session", "list", "o7"],
                    ["organization", "list"], ["secret", "list", "o7"], ["admin-token", "list"], ["audit"]):
        assert gateway.cli(*command).returncode == 0, command
    assert gateway.client(cleartext=True).get("/_widget/jwks.json", headers={"Host": portal.host}).status_code == 200
    assert gateway.stop() == 0
    rotated = gateway.cli("storage", "rotate-master-key")
    assert rotated.returncode == 0, rotated.stderr


#: Bounded by `token_log.rows`, and run while there are more than that: how many rows each organization has.
WHOLE = "SELECT organization, class, count(*) FROM log_entries GROUP BY organization, class"


def nodes(plan: dict):
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def test_no_large_table_is_read_as_a_whole(statements):
    found = {
        f"{node['Node Type']} on {node['Relation Name']}: {text}"
        for text, plan in statements if text != WHOLE for node in nodes(plan)
        if node["Node Type"] in ("Seq Scan", "Sample Scan") and LARGE.fullmatch(node["Relation Name"])}
    assert not found, "\n".join(sorted(found))


def test_the_check_can_fail(statements):
    """Plans are there, of large tables, by their indexes, and within foreign keys."""
    scans = {(node["Node Type"], re.sub(r"_\d+$", "", node["Relation Name"]))
             for _, plan in statements for node in nodes(plan) if "Relation Name" in node}
    assert {name for kind, name in scans if "Index" in kind or "Bitmap" in kind} >= {
        "users", "sessions", "used_tokens", "audit", *LOG}
    assert ("Seq Scan", "organizations") in scans, "PostgreSQL didn't weigh what is cheaper"
    assert any(text.startswith("DELETE FROM ONLY") for text, _ in statements), "no cascade was seen"


# That no statement was forgotten

SOURCES = ROOT / "Sources/DirectoryPostgres"

#: The store can do it, and no part of the gateway asks for it.
UNUSED = ["SELECT … FROM users WHERE organization = $1 AND seq > $2 AND seq IN"]


def texts(source: str):
    """The string literals of a Swift source."""
    for match in re.finditer(r'"""\n(.*?)\n\s*"""|"((?:[^"\\\n]|\\.)*)"', source, re.DOTALL):
        yield match[1] if match[1] is not None else match[2]


def constant_parts(text: str) -> list[str]:
    """What stands between the interpolations, with single blanks."""
    parts, depth, part, place = [], 0, "", 0
    while place < len(text):
        if depth:
            depth += (text[place] == "(") - (text[place] == ")")
        elif text.startswith("\\(", place):
            parts.append(part)
            part, depth, place = "", 1, place + 1
        else:
            part += text[place]
        place += 1
    return [" ".join(part.replace('\\"', '"').split()) for part in [*parts, part]]


def written_statements() -> list[tuple[str, re.Pattern]]:
    found = []
    for path in sorted(SOURCES.rglob("*.swift")):
        if path.name.startswith(("Schema", "OnlineIndex")) or "Migration" in path.parts:
            continue
        for text in texts(path.read_text()):
            if not re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\s", text):
                continue
            parts = constant_parts(text)
            if any(re.search(r"\b(users|sessions|used_tokens|audit)\b|\blog_", part) for part in parts):
                found.append((f"{path.name}: {' … '.join(parts)}", re.compile(".*".join(map(re.escape, parts)))))
    return found


def test_every_statement_of_the_sources_was_seen(statements):
    written = written_statements()
    assert len(written) > 25, "the sources' statements aren't found any more"
    seen = {text for text, _ in statements}
    missing = [name for name, pattern in written
               if not any(pattern.search(text) for text in seen) and not any(unused in name for unused in UNUSED)]
    assert not missing, "never run by this test:\n" + "\n".join(missing)
