"""Several gateways on one PostgreSQL: what one is told holds on all, and the database may go and come back."""

import concurrent.futures
import contextlib
import json
import threading
import time
from pathlib import Path

import httpx
import pytest

from conftest import organization
from harness.expect import accepted, problem
from harness.gateway import Gateway, eventually, run_cli
from harness.http1 import HTTP1Client
from harness.tokens import secret, sign
from test_admin_api import AdminAPI, make_token

KEY = secret(700)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, database, upstream):
    """Three gateways with one master key."""
    folder = tmp_path_factory.mktemp("cluster")
    gateways = []
    for number in range(3):
        directory = folder / f"gateway-{number}"
        directory.mkdir()
        gateway = Gateway(
            directory, organizations=[organization("acme", KEY)],
            upstreams=[{"name": "widgets", "url": upstream.url}],
            routes=[{"path": "/", "access": "widget", "upstream": "widgets"}], workers=1,
            storage={"url": database.url, "master_key_file": str(folder / "master.key")})
        gateways.append(gateway.start())
    yield gateways
    for gateway in gateways:
        gateway.close()


def identify(gateway: Gateway, email: str, **claims) -> httpx.Response:
    with gateway.client(cleartext=True) as client:
        return client.post("/_widget/identify", json={"token": sign({"email": email} | claims, KEY)},
                           headers={"Host": "acme.test"})


def state(gateway: Gateway, token: str) -> httpx.Response:
    with gateway.client(cleartext=True) as client:
        return client.get("/_widget/state", headers={"Host": "acme.test", "Authorization": f"Bearer {token}"})


def test_a_user_is_the_same_on_every_gateway(cluster, email):
    ids = {accepted(identify(gateway, email, name="Ada"))["user"]["id"] for gateway in cluster}
    assert len(ids) == 1


def test_gateways_that_meet_the_same_new_user_at_once_make_one(cluster, database, email):
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda number: identify(cluster[number % 3], email), range(24)))
    assert len({accepted(answer)["user"]["id"] for answer in answers}) == 1
    assert sum(answer.json()["created"] for answer in answers) == 1
    assert database.sql(f"SELECT count(*) FROM users WHERE email = '{email}'") == "1"


def test_a_changed_setting_holds_on_all(cluster):
    def locked(gateway):
        with gateway.client(cleartext=True) as client:
            return client.get("/posts", headers={"Host": "acme.test"}).status_code == 401

    assert not any(locked(gateway) for gateway in cluster)
    assert cluster[0].cli("organization", "set", "acme", "require_identify=enforce", "--yes").returncode == 0
    try:
        for gateway in cluster:
            eventually(lambda: locked(gateway), within=1.5, what="the setting on each gateway")
    finally:
        cluster[1].cli("organization", "set", "acme", "require_identify=off")
    for gateway in cluster:
        eventually(lambda: not locked(gateway), within=1.5, what="the setting taken back on each gateway")


def test_a_blocked_user_is_refused_by_all(cluster, email):
    token = sign({"email": email}, KEY)
    for gateway in cluster:
        assert state(gateway, token).json()["state"] == "identified"
    assert cluster[2].cli("user", "block", "acme", email).returncode == 0
    for gateway in cluster:
        eventually(lambda: state(gateway, token).status_code == 403, within=1.5, what="the block on each gateway")
    problem(state(cluster[0], token), "user_blocked")


def test_streams_of_a_blocked_user_end_on_all(cluster, upstream, email):
    stop = threading.Event()

    def events(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not stop.wait(0.1):
            exchange.send(b"9\r\ndata: x\n\n\r\n")
        return False

    upstream.on("/events-of-the-cluster", events)
    token = sign({"email": email}, KEY)
    with contextlib.ExitStack() as stack:
        stack.callback(stop.set)
        streams = [stack.enter_context(HTTP1Client(gateway.clear_port, timeout=20)) for gateway in cluster]
        for stream in streams:
            stream.send("GET /events-of-the-cluster HTTP/1.1\r\nHost: acme.test\r\n"
                        f"Authorization: Bearer {token}\r\n\r\n")
            assert stream._until(b"\r\n\r\n").startswith(b"HTTP/1.1 200 ")
        assert cluster[1].cli("user", "block", "acme", email).returncode == 0
        for stream in streams:
            assert not stream._rest().endswith(b"0\r\n\r\n"), "the stream looks whole"


def test_a_revoked_secret_verifies_nowhere(cluster, email):
    other = secret(701)
    added = cluster[0].cli("secret", "import", "acme", "--json", stdin=other)
    assert added.returncode == 0, added.stderr
    token = sign({"email": email}, other)
    for gateway in cluster:
        eventually(lambda: state(gateway, token).status_code == 200, within=1.5, what="the new secret")
    identifier = json.loads(added.stdout)["id"]
    assert cluster[1].cli("secret", "revoke", "acme", identifier).returncode == 0
    for gateway in cluster:
        eventually(lambda: state(gateway, token).status_code == 401, within=1.5, what="the revocation")


def test_the_database_goes_and_comes_back(cluster, database, email):
    """Remembered identities go on; everybody else is told to come again; what was acknowledged is still there."""
    known = sign({"email": f"known-{email}"}, KEY)
    for gateway in cluster:
        assert state(gateway, known).json()["state"] == "identified"
    acknowledged = []
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        burst = [pool.submit(identify, cluster[number % 3], f"burst-{number}-{email}") for number in range(120)]
        # Killed once some are acknowledged.
        burst[5].result()
        database.kill()
        for number, future in enumerate(burst):
            answer = future.result()
            if answer.status_code == 200:
                acknowledged.append((f"burst-{number}-{email}", answer.json()["user"]["id"]))
            else:
                problem(answer, "directory_unavailable")
                assert answer.headers["retry-after"]
    for gateway in cluster:
        assert state(gateway, known).json()["state"] == "identified", "a remembered identity goes on"
        problem(identify(gateway, f"stranger-{email}"), "directory_unavailable")
    database.start()
    for gateway in cluster:
        eventually(lambda: identify(gateway, f"stranger-{email}").status_code == 200, within=40, every=0.2,
                   what="that the gateway finds its database again")
    assert acknowledged, "nobody was admitted before the database went"
    for address, identifier in acknowledged:
        stored = database.sql(f"SELECT id FROM users WHERE organization = 'acme' AND email = '{address}'")
        assert stored == identifier, "an acknowledged user is gone"


def test_a_wrong_master_key_keeps_a_gateway_from_starting(cluster, database, tmp_path, upstream):
    gateway = cluster[0]
    (tmp_path / "other.key").write_text("ab" * 32 + "\n")
    (tmp_path / "other.key").chmod(0o600)
    settings = gateway.config_path.read_text().replace(
        gateway.settings["storage"]["master_key_file"], str(tmp_path / "other.key"))
    (tmp_path / "gateway.yaml").write_text(settings)
    result = run_cli("organization", "list", "--config", str(tmp_path / "gateway.yaml"), cwd=gateway.directory)
    assert result.returncode == 1
    assert "master key is not the one" in result.stderr


def test_a_dump_brings_everything_back(cluster, database, upstream, tmp_path, email):
    """As docs/operations.md says: pg_dump while gateways write, and the master key apart from it."""
    token = sign({"email": email, "name": "Ada"}, KEY)
    user = accepted(identify(cluster[0], email))["user"]["id"]
    blocked = f"blocked-{email}"
    assert identify(cluster[1], blocked).status_code == 200
    assert cluster[0].cli("user", "block", "acme", blocked).returncode == 0
    kept = AdminAPI(cluster[0], make_token(cluster[0]))
    written = kept.get("/audit")["entries"]

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        burst = [pool.submit(identify, cluster[number % 3], f"while-{number}-{email}") for number in range(60)]
        burst[10].result()
        database.dump(tmp_path / "widgets.dump")
        for future in burst:
            accepted(future.result())
    database.sql("CREATE DATABASE restored")
    restored = database.restore(tmp_path / "widgets.dump", "restored")
    (tmp_path / "master.key").write_bytes(Path(cluster[0].settings["storage"]["master_key_file"]).read_bytes())
    (tmp_path / "master.key").chmod(0o600)

    (tmp_path / "gateway").mkdir()
    gateway = Gateway(
        tmp_path / "gateway", organizations=[], upstreams=[{"name": "widgets", "url": upstream.url}],
        routes=[{"path": "/", "access": "widget", "upstream": "widgets"}], workers=1,
        storage={"url": restored.url, "master_key_file": str(tmp_path / "master.key")})
    try:
        gateway.start()
        assert state(gateway, token).json()["user"]["id"] == user
        problem(identify(gateway, blocked), "user_blocked")
        answer = accepted(identify(gateway, f"after-{email}"))
        assert answer["created"] is True
        api = AdminAPI(gateway, None)
        api.client.headers.update(kept.client.headers)
        entries = api.get("/audit")["entries"]
        assert [entry for entry in entries if entry in written] == written
        admitted = {item["profile"]["email"] for item in gateway.users("acme")}
        assert {f"while-{number}-{email}" for number in range(11)} & admitted, "none was in time for the dump"
    finally:
        gateway.close()


def test_the_address_is_never_shown(cluster, database):
    for gateway in cluster:
        assert database.url not in gateway.log()
