"""Gateways that reach their database through PgBouncer in transaction mode, by fewer connections than they open."""

import concurrent.futures
import contextlib
import time

import httpx
import pytest

from conftest import organization
from harness.expect import accepted, problem
from harness.gateway import Gateway, eventually, run_cli
from harness.portal import Portal
from harness.postgres import PgBouncer
from harness.tokens import secret, sign
from test_admin_api import AdminAPI, make_token
from test_portal_sso import expect_nobody, expect_signed_in, sign_in, sign_out
from test_postgres import identify, state

KEY = secret(700)  # That of test_postgres.


@pytest.fixture(scope="module")
def pooler(tmp_path_factory, database):
    folder = tmp_path_factory.mktemp("pgbouncer")
    for path in (folder, folder.parent):
        path.chmod(0o755)
    running = PgBouncer(folder / "pgbouncer", database, connections=3).start()
    yield running
    running.kill()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, pooler, upstream):
    """Three gateways, after three programs that met an empty database at once: each would make the tables."""
    folder = tmp_path_factory.mktemp("cluster")

    def open_storage(_) -> int:
        return run_cli("organization", "list", cwd=folder, env={
            "WIDGET_GATEWAY_STORAGE_URL": pooler.url,
            "WIDGET_GATEWAY_STORAGE_MASTER_KEY_FILE": str(folder / "master.key")}).returncode

    def make(number: int) -> Gateway:
        directory = folder / f"gateway-{number}"
        directory.mkdir()
        return Gateway(
            directory, organizations=[organization("acme", KEY)],
            upstreams=[{"name": "widgets", "url": upstream.url}],
            routes=[{"path": "/", "access": "widget", "upstream": "widgets"}], workers=1,
            storage={"url": pooler.url, "master_key_file": str(folder / "master.key")})

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        assert list(pool.map(open_storage, range(3))) == [0, 0, 0]
    gateways = [make(number).start() for number in range(3)]
    yield gateways
    for gateway in gateways:
        gateway.close()


def test_a_burst_of_new_users(cluster, database, email):
    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        # Each of them three times, at three gateways.
        answers = list(pool.map(
            lambda number: accepted(identify(cluster[number % 3], f"{number // 3}-{email}")), range(300)))
    assert len({answer["user"]["id"] for answer in answers}) == 100
    assert sum(answer["created"] for answer in answers) == 100
    assert database.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'widget-gateway'") in "123"
    # What a session-level lock would have left behind; those of transactions under way come and go.
    eventually(lambda: database.sql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == "0",
               what="that nobody holds a lock")


def metric(gateway: Gateway, name: str) -> float:
    text = httpx.get(gateway.admin + "/metrics", timeout=20).text
    return float(next(line.split()[1] for line in text.splitlines() if line.startswith(name + " ")))


def test_no_gateway_takes_itself_for_a_listener(cluster, email):
    """`LISTEN` succeeds behind the pooler and hears nothing, so each asks: changes come in time for as long as that."""
    api = AdminAPI(cluster[0], make_token(cluster[0]))
    token = sign({"email": email}, KEY)
    accepted(identify(cluster[0], email))
    times = []
    for _ in range(3):
        for blocked in (True, False):
            action = "block" if blocked else "unblock"
            assert api("POST", f"/organizations/acme/users/{email}/{action}").status_code == 200
            begun = time.monotonic()
            for gateway in cluster:
                eventually(lambda: (state(gateway, token).status_code == 403) == blocked, within=10,
                           what=f"that each gateway knows of the {action}")
            times.append(time.monotonic() - begun)
        assert [metric(gateway, "widget_storage_listening") for gateway in cluster] == [0, 0, 0]
    # Not each of them: the machine may have something else to do.
    assert min(times) < 1, times
    for gateway in cluster:
        assert "storage announces its changes" not in gateway.log()


def test_operators_changes_reach_all(cluster, email):
    token = sign({"email": email}, KEY)
    for gateway in cluster:
        assert state(gateway, token).json()["state"] == "identified"
    api = AdminAPI(cluster[0], make_token(cluster[0]))
    assert api("POST", f"/organizations/acme/users/{email}/block").status_code == 200
    for gateway in cluster:
        eventually(lambda: state(gateway, token).status_code == 403, within=1.5, what="the block on each gateway")
    problem(state(cluster[2], token), "user_blocked")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        names = list(pool.map(lambda number: api(
            "POST", "/organizations", {"id": f"many-{number}", "name": "x"}).status_code, range(16)))
    assert names == [201] * 16
    assert {entry["action"] for entry in api.get("/audit")["entries"]} >= {"user.block", "organization.create"}
    for parameters in ({}, {"search": email}, {"blocked": "true"}, {"status": "x"}):
        api.get("/organizations/acme/users", **parameters)


def test_signing_in(tmp_path, database, pooler, upstream):
    database.sql("CREATE DATABASE portal")
    with contextlib.ExitStack() as stack:
        portal = Portal(tmp_path, upstream.url, "productbridge", "http", storage={
            "url": pooler.url.replace("/postgres", "/portal"), "master_key_file": str(tmp_path / "master.key")})
        stack.callback(portal.close)
        portal.start()
        visitor = portal.visitor()
        stack.callback(visitor.close)
        sign_in(visitor, portal)
        expect_signed_in(visitor, portal)
        sign_out(visitor, portal)
        expect_nobody(visitor, portal)


def test_the_pooler_goes_and_comes_back(cluster, pooler, email):
    known = sign({"email": f"known-{email}"}, KEY)
    assert state(cluster[0], known).json()["state"] == "identified"
    pooler.kill()
    assert state(cluster[0], known).json()["state"] == "identified"
    problem(identify(cluster[0], f"stranger-{email}"), "directory_unavailable")
    pooler.start()
    for gateway in cluster:
        eventually(lambda: identify(gateway, f"stranger-{email}").status_code == 200, within=40, every=0.2,
                   what="that the gateway finds the pooler again")
