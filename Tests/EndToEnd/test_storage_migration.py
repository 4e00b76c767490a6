"""Moving everything from SQLite to PostgreSQL and back: nothing lost, nothing twice, whenever it is broken off."""

import contextlib
import json
import re
import sqlite3
import subprocess

import pytest

from conftest import organization
from harness.expect import accepted, problem
from harness.gateway import BINARY, Gateway, _die_with_parent, environment, eventually, run_cli
from harness.portal import Portal
from harness.tokens import secret, sign
from test_admin_api import AdminAPI, make_token
from test_portal_sso import expect_refused, expect_signed_in, sign_in

KEY, REVOKED = secret(710), secret(720)

#: More than two batches, so that a migration can be broken off within the users.
BULK = 12_000
#: What a migration copies, in its order; the log's tables by what SQLite calls them in their file.
TABLES = ["organizations", "hosts", "secrets", "signing_keys", "users", "sessions", "used_tokens", "sign_in_tests",
          "admin_tokens", "audit", "admin_requests"]
LOG = {"log_entries": "entries", "log_repeats": "repeats", "log_traffic": "traffic", "log_outcomes": "outcomes",
       "log_refusals": "would_refuse", "log_alerts": "alerts"}
LOGGED = 11_000


@pytest.fixture
def target(database, request):
    """A database of the test's own."""
    name = "t_" + re.sub(r"\W", "_", request.node.name.lower())[:50]
    database.sql(f'CREATE DATABASE "{name}"')
    return database.of(name)


def migrate(folder, source: str, target: str, *options: str, **more) -> subprocess.CompletedProcess[str]:
    return run_cli("storage", "migrate", "--config", str(folder / "gateway.yaml"), "--from", source, "--to", target,
                   *options, cwd=folder, timeout=120, **more)


def make_tables(folder, target) -> None:
    """Opens the target once, as any command does."""
    listed = run_cli("organization", "list", cwd=folder, env={"WIDGET_GATEWAY_STORAGE_URL": target.url})
    assert listed.returncode == 0, listed.stderr


def rows(path) -> dict[str, list]:
    """All that a SQLite file holds, as Python's own library reads it; the sealed sample of the master key aside."""
    with contextlib.closing(sqlite3.connect(path)) as file:
        names = [name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        return {name: sorted(file.execute(f'SELECT * FROM "{name}"' + (
            " WHERE key <> 'key_check'" if name == "meta" else "")), key=repr) for name in names}


def bulk(path, count: int, name="bulk") -> None:
    """Users who differ in all that can differ, some of it hard to write down."""
    with contextlib.closing(sqlite3.connect(path)) as file, file:
        file.execute("""
            INSERT INTO users (id, organization, external_id, email, email_folded, email_verified, name_folded, profile,
                unverified, role, created_at, updated_at, blocked_at, tokens_valid_after)
            WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count)
            SELECT printf('usr_%s%08d', :name, n), 'acme', CASE WHEN n % 3 THEN 'x-' || n END,
                printf('Ünï.%d\\"@%s.test', n, :name), printf('ünï.%d\\"@%s.test', n, :name), n % 2,
                CASE WHEN n % 5 THEN 'a' || char(9) || 'b' || char(10) || '\\N' || n END,
                json_object('email', printf('Ünï.%d\\"@%s.test', n, :name), 'name', 'A' || char(9) || char(10),
                    'status', CASE WHEN n % 7 = 0 THEN 'trial' END, 'company', json_object('mrr', '10.5')),
                CASE WHEN n % 2 THEN '' ELSE 'email,name' END, CASE WHEN n % 100 THEN 'user' ELSE 'admin' END,
                1700000000.1 + n / 3.0, 1700000000.7 + n / 7.0, CASE WHEN n % 50 = 0 THEN 1700000123.456 END,
                CASE WHEN n % 60 = 0 THEN 1e9 END
            FROM numbers
            """, {"count": count, "name": name})


def stored(path) -> dict[str, list]:
    """What a migration copies, by the names that it gives it."""
    found, log = rows(path), rows(path.with_name(path.stem + "-log.db"))
    return {name: found[name] for name in TABLES} | {name: log[place] for name, place in LOG.items()}


def fill_log(path) -> None:
    """A gateway's own rows, those of a flood, and figures of which each row differs."""
    with contextlib.closing(sqlite3.connect(path)) as file, file:
        file.execute("CREATE TEMP TABLE n AS WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers "
                     f"WHERE n < {LOGGED}) SELECT n FROM numbers")
        file.execute("""INSERT INTO entries SELECT 3 * n, 1700000000.25 + n / 3.0, 'acme', n % 3,
            CASE n % 3 WHEN 0 THEN 'accepted' ELSE 'token_expired' END, CASE WHEN n % 7 THEN '' ELSE 'weak,old' END,
            CASE n % 3 WHEN 0 THEN 'usr_' || n END, CASE WHEN n % 2 THEN 'key_1' END, '10.0.0.' || n % 200,
            CASE WHEN n % 5 THEN 'https://app.test' END, 'header', n FROM n""")
        file.execute("INSERT INTO repeats SELECT 'acme', 'usr_' || n, 3600 * n, n FROM n WHERE n < 300")
        file.execute("INSERT INTO traffic SELECT 'acme', 3600 * n, n, n + 1, n + 2, n + 3, n + 4 FROM n WHERE n < 300")
        file.execute("INSERT INTO outcomes SELECT 'acme', 3600 * n, 'accepted', n FROM n WHERE n < 300")
        file.execute("""INSERT INTO would_refuse SELECT 'acme', 3600 * n, 'require_identify', 'c', 'https://ü.test', n,
            randomblob(64), '[]' FROM n WHERE n < 300""")
        file.execute("""INSERT INTO alerts SELECT 2 * n, 'many_users', 'acme', '10.0.0.1', n / 7.0, n / 3.0, n FROM n
            WHERE n < 300""")


@pytest.fixture
def storage(tmp_path, upstream):
    """A SQLite file with some of everything in it, that nobody has open."""
    gateway = Gateway(
        tmp_path, organizations=[organization("acme", KEY), organization("beta", KEY)],
        upstreams=[{"name": "widgets", "url": upstream.url}],
        routes=[{"path": "/", "access": "widget", "upstream": "widgets"}], workers=1)
    path = tmp_path / "data/widget-gateway.db"
    bulk(path, BULK)
    with contextlib.closing(sqlite3.connect(path)) as file, file:
        # The last user was deleted: the next one must not get the same place.
        file.execute("DELETE FROM users WHERE seq = (SELECT max(seq) FROM users)")
        file.execute("""
            INSERT INTO sessions SELECT randomblob(32), organization, id, 'key_a', created_at, created_at + 2592000
            FROM users WHERE seq % 4 = 0""")
        file.execute("INSERT INTO used_tokens SELECT 'acme', randomblob(32), 2e9 + seq FROM users WHERE seq % 10 = 0")
        file.execute("INSERT INTO sign_in_tests VALUES ('acme', 0, 'f', 1.5, 'token_expired')")
        file.execute("INSERT INTO sign_in_tests VALUES ('acme', 1, 'f', 2.5, NULL)")
        file.execute("INSERT INTO signing_keys VALUES ('kid', randomblob(90), 1.25)")
        file.execute("INSERT INTO admin_requests VALUES ('a', 'k', x'00ff', 201, '{}', 1700000000)")
    make_token(gateway)
    assert gateway.cli("log", "acme").returncode == 0  # Makes the log's file.
    fill_log(tmp_path / "data/widget-gateway-log.db")
    return gateway


def test_everything_goes_on_after_a_move(tmp_path, database, target, upstream):
    """Tokens, sessions, secrets, admin tokens and the audit log: served from SQLite, moved, served from PostgreSQL."""
    portal = Portal(tmp_path, upstream.url, "productbridge", "http").start()
    gateway = portal.gateway
    visitor = portal.visitor()
    try:
        sign_in(visitor, portal)
        callback = next(hop.url for hop in visitor.hops if "ssoToken=" in hop.url)
        signed_in = expect_signed_in(visitor, portal)
        added = gateway.cli("secret", "import", "acme", "--json", stdin=REVOKED)
        assert gateway.cli("secret", "revoke", "acme", json.loads(added.stdout)["id"]).returncode == 0
        blocked = sign({"email": "blocked@acme.test"}, KEY)

        def identify(token):
            with gateway.client(cleartext=True) as client:
                return client.post("/_widget/identify", json={"token": token}, headers={"Host": portal.host})

        accepted(identify(blocked))
        assert gateway.cli("user", "block", "acme", "blocked@acme.test").returncode == 0
        api = AdminAPI(gateway, make_token(gateway))
        keys = gateway.client(cleartext=True).get("/_widget/jwks.json", headers={"Host": portal.host}).json()

        used = migrate(tmp_path, "sqlite:data/widget-gateway.db", target.url)
        assert used.returncode == 1, "a gateway has it open"
        assert "is in use: stop every gateway" in used.stderr
        assert gateway.stop() == 0

        moved = migrate(tmp_path, "sqlite:data/widget-gateway.db", target.url)
        assert moved.returncode == 0, moved.stderr
        assert target.url not in moved.stdout + moved.stderr
        gateway.settings["storage"] = {"url": target.url, "master_key_file": "data/master.key"}
        gateway.write_config()
        gateway.start()

        assert expect_signed_in(visitor, portal)["x-widget-user"] == signed_in["x-widget-user"]
        eventually(lambda: identify(blocked).status_code == 403, within=2, what="the block")
        problem(identify(blocked), "user_blocked")
        problem(identify(sign({"email": "new@acme.test"}, REVOKED)), "token_signature_mismatch")
        assert accepted(identify(sign({"email": "new@acme.test"}, KEY)))["created"] is True
        assert gateway.client(cleartext=True).get("/_widget/jwks.json", headers={"Host": portal.host}).json() == keys
        assert api("GET", "/self").status_code == 200
        assert "user.block" in {entry["action"] for entry in api.get("/audit")["entries"]}
        other = portal.visitor()
        try:
            other.open(callback)
            expect_refused(other, portal, "token_replayed")
        finally:
            other.close()
    finally:
        visitor.close()
        portal.close()


def test_there_and_back_nothing_has_changed(tmp_path, storage, target):
    """What comes back is row for row what went, as another program reads both files."""
    there = migrate(tmp_path, "sqlite:data/widget-gateway.db", target.url, "--json")
    assert there.returncode == 0, there.stderr
    before = rows(tmp_path / "data/widget-gateway.db")
    source = stored(tmp_path / "data/widget-gateway.db")
    counted = {table["name"]: table["rows"] for table in json.loads(there.stdout)["tables"]}
    assert counted == {name: len(found) for name, found in source.items()}
    assert min(counted.values()) > 0, "a table was empty, and so its copy proves nothing"
    for name in source:
        assert target.sql(f'SELECT count(*) FROM "{name}"') == str(counted[name])
    assert target.sql("SELECT count(*) FROM users WHERE facts->>'status' = 'trial'") == str(BULK // 7)

    back = migrate(tmp_path, target.url, "sqlite:data/back.db", "--json")
    assert back.returncode == 0, back.stderr
    assert json.loads(back.stdout) == json.loads(there.stdout), "the same checksums"
    after = rows(tmp_path / "data/back.db")
    assert before.keys() == after.keys()
    for name in before.keys() - {"grdb_migrations"}:
        assert before[name] == after[name], name
    copied = stored(tmp_path / "data/back.db")
    for name in source:
        assert source[name] == copied[name], name


def test_the_log_goes_on_where_it_was(tmp_path, storage, target):
    """What is written after a move comes after what was moved, and all is shown."""
    assert migrate(tmp_path, "sqlite:data/widget-gateway.db", target.url).returncode == 0
    target.sql("DELETE FROM signing_keys")  # That of the fixture is none.
    storage.settings["storage"] = {"url": target.url, "master_key_file": "data/master.key"}
    storage.write_config()
    storage.start()
    with storage.client(cleartext=True) as client:
        accepted(client.post("/_widget/identify", json={"token": sign({"email": "new@acme.test"}, KEY)},
                             headers={"Host": "acme.test"}))
    api = AdminAPI(storage, make_token(storage))
    # Rows of 2023 are older than the log is kept for, so the gateway may have removed them already.
    eventually(lambda: [entry for entry in api.get("/organizations/acme/token-log", limit=5)["entries"]
                        if int(entry["id"]) > 3 * LOGGED], within=10, every=0.2, what="the row after those of before")
    assert storage.stop() == 0


def test_a_source_without_a_log_is_moved(tmp_path, storage, target):
    log = tmp_path / "data/widget-gateway-log.db"
    for path in log.parent.glob(log.name + "*"):
        path.unlink()
    moved = migrate(tmp_path, "sqlite:data/widget-gateway.db", target.url, "--json")
    assert moved.returncode == 0, moved.stderr
    assert {table["name"]: table["rows"] for table in json.loads(moved.stdout)["tables"]}["log_entries"] == 0
    assert not log.exists(), "the source stays as it is"


#: Where to break off: the first row of a table, one within, or the statement that sets what is counted.
POINTS = [("hosts", "true"), ("users", "true"), ("users", "NEW.seq = 7001"), ("sessions", "true"), ("audit", "true"),
          ("log_entries", "NEW.id = 18003"), ("log_alerts", "true"), ("meta", "true")]


@pytest.mark.parametrize("table, row", POINTS, ids=[f"{table} {row}" for table, row in POINTS])
def test_a_migration_that_is_killed_goes_on(tmp_path, storage, target, table, row):
    make_tables(tmp_path, target)
    # The row waits in the server until the test lets it go on.
    target.sql(f"""
        CREATE FUNCTION wait_for_test() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN PERFORM pg_advisory_lock(42); PERFORM pg_advisory_unlock(42); RETURN NEW; END $$;
        CREATE TRIGGER wait BEFORE {"UPDATE" if table == "meta" else "INSERT"} ON {table}
            FOR EACH ROW WHEN ({row}) EXECUTE FUNCTION wait_for_test()""")
    with target.session("SELECT pg_advisory_lock(42)"):
        process = subprocess.Popen(
            [str(BINARY), "storage", "migrate", "--config", str(tmp_path / "gateway.yaml"), "--to", target.url],
            cwd=tmp_path, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, preexec_fn=_die_with_parent)
        eventually(lambda: target.sql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted "
                                      "AND objid = 42") == "1",
                   within=60, every=0.1, what=f"that the migration reaches {table}")
        process.kill()
        process.wait(10)
    target.sql(f"DROP TRIGGER wait ON {table}")

    storage.settings["storage"] = {"url": target.url, "master_key_file": "data/master.key"}
    storage.write_config()
    served = storage.cli("organization", "list")
    assert served.returncode == 1 and "isn't finished" in served.stderr, "half a directory is served from"
    again = migrate(tmp_path, "sqlite:data/widget-gateway.db", target.url, "--json")
    assert again.returncode == 0, again.stderr
    assert "Going on with a migration" in again.stderr
    if row == "NEW.seq = 7001":
        assert f"5000 of {BULK - 1} users copied so far" in again.stderr, "it began the users anew"
    before = rows(tmp_path / "data/widget-gateway.db")
    source = stored(tmp_path / "data/widget-gateway.db")
    assert {table["name"]: table["rows"] for table in json.loads(again.stdout)["tables"]} == {
        name: len(found) for name, found in source.items()}
    back = migrate(tmp_path, target.url, "sqlite:data/back.db")
    assert back.returncode == 0, back.stderr
    after = rows(tmp_path / "data/back.db")
    for name in ["meta", "sqlite_sequence"]:
        assert before[name] == after[name], name
    assert source == stored(tmp_path / "data/back.db")


def test_a_migration_into_a_file_that_is_killed_goes_on(tmp_path, storage, target):
    """Into two files, of which one may have what the other doesn't know of."""
    assert migrate(tmp_path, "sqlite:data/widget-gateway.db", target.url).returncode == 0
    for table in ("users", "log_entries", "log_repeats", "log_alerts"):
        process = subprocess.Popen(
            [str(BINARY), "storage", "migrate", "--config", str(tmp_path / "gateway.yaml"), "--from", target.url, "--to",
             "sqlite:data/back.db"], cwd=tmp_path, env=environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, preexec_fn=_die_with_parent)
        for line in process.stderr:
            if f" {table} copied so far" in line:
                break
        process.kill()
        process.wait(10)
        process.stderr.close()
    again = migrate(tmp_path, target.url, "sqlite:data/back.db")
    assert again.returncode == 0, again.stderr
    assert "Going on with a migration" in again.stderr
    assert stored(tmp_path / "data/widget-gateway.db") == stored(tmp_path / "data/back.db")


def test_a_target_that_isnt_empty_is_refused(tmp_path, storage, target):
    assert migrate(tmp_path, "sqlite:data/widget-gateway.db", target.url).returncode == 0
    refused = migrate(tmp_path, "sqlite:data/widget-gateway.db", target.url)
    assert (refused.returncode, "isn't empty: there are organizations" in refused.stderr) == (1, True), refused.stderr


def test_a_row_that_isnt_the_same_is_noticed(tmp_path, storage, target):
    make_tables(tmp_path, target)
    target.sql("""
        CREATE FUNCTION falsify() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN NEW.updated_at := NEW.updated_at + 0.0000005; RETURN NEW; END $$;
        CREATE TRIGGER falsify BEFORE INSERT ON users FOR EACH ROW WHEN (NEW.seq = 6000) EXECUTE FUNCTION falsify()""")
    refused = migrate(tmp_path, "sqlite:data/widget-gateway.db", target.url)
    assert refused.returncode == 1
    assert f"users: the source has {BULK - 1} rows" in refused.stderr, refused.stderr
    assert target.sql("SELECT count(*) FROM storage_migration") == "1", "nobody may serve from it"


def test_another_source_cannot_go_on_with_it(tmp_path, storage, target):
    make_tables(tmp_path, target)
    progress = json.dumps({"identity": "0" * 64, "table": "users", "rows": 3})
    target.sql(f"CREATE TABLE storage_migration (progress TEXT NOT NULL); "
               f"INSERT INTO storage_migration VALUES ('{progress}')")
    refused = migrate(tmp_path, "sqlite:data/widget-gateway.db", target.url)
    assert (refused.returncode, "from another source" in refused.stderr) == (1, True), refused.stderr


def test_a_wrong_master_key_moves_nothing(tmp_path, storage, target):
    refused = migrate(tmp_path, "sqlite:data/widget-gateway.db", target.url,
                      env={"WIDGET_GATEWAY_MASTER_KEY": "ab" * 32})
    assert (refused.returncode, "master key is not the one" in refused.stderr) == (1, True), refused.stderr
    assert target.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == "0"


def test_a_dry_run_counts_and_touches_nothing(tmp_path, storage, target):
    counted = migrate(tmp_path, "sqlite:data/widget-gateway.db", target.url, "--dry-run", "--json")
    assert counted.returncode == 0, counted.stderr
    assert {table["name"]: table["rows"] for table in json.loads(counted.stdout)["tables"]}["users"] == BULK - 1
    assert target.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == "0"


@pytest.mark.parametrize("arguments, code, words", [
    (["--from", "mysql:x", "--to", "sqlite:b.db"], 2, "--from must be"),
    (["--from", "sqlite:a.db", "--to", "http://u:hidden@h/"], 2, "--to must be"),
    (["--from", "sqlite:a.db"], 2, "--to"),
    (["--from", "sqlite:none.db", "--to", "sqlite:b.db"], 1, "there is no file none.db"),
    (["--from", "sqlite:a.db", "--to", "sqlite:a.db"], 1, "the same"),
    (["--from", "sqlite:data/widget-gateway.db", "--to", "postgres://u:hidden@127.0.0.1:1/x"], 1, "unavailable"),
])
def test_wrong_use_is_said(tmp_path, storage, arguments, code, words):
    result = run_cli("storage", "migrate", "--config", str(tmp_path / "gateway.yaml"), *arguments, cwd=tmp_path)
    assert (result.returncode, words in result.stderr) == (code, True), result.stderr
    assert "hidden" not in result.stderr
