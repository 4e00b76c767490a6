"""A PostgreSQL that is read-only, full, slow, silent or another one: who is known goes on, the rest comes again."""

import concurrent.futures
import contextlib
import time

import pytest

from conftest import organization
from harness.expect import accepted, problem
from harness.gateway import Gateway, eventually
from harness.postgres import Postgres
from harness.tokens import secret, sign
from test_postgres import identify, state

KEY = secret(700)  # That of test_postgres.

#: Of the database.
POSTGRES_SETTINGS = ("max_connections=30",)

#: The longest that a request waits for a database that doesn't answer, in seconds.
LONGEST = 18


def make(folder, upstream, url: str) -> Gateway:
    folder.mkdir(exist_ok=True)
    return Gateway(
        folder, organizations=[organization("acme", KEY)], upstreams=[{"name": "widgets", "url": upstream.url}],
        routes=[{"path": "/", "access": "widget", "upstream": "widgets"}], workers=1,
        storage={"url": url, "master_key_file": str(folder / "master.key")}).start()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory, database, upstream):
    running = make(tmp_path_factory.mktemp("trouble"), upstream, database.url)
    yield running
    running.close()


@pytest.fixture
def known(gateway, email):
    token = sign({"email": f"known-{email}"}, KEY)
    assert state(gateway, token).json()["state"] == "identified"
    return token


def expect_refusal(gateway, address: str) -> None:
    begun = time.monotonic()
    answer = identify(gateway, address)
    problem(answer, "directory_unavailable")
    assert answer.headers["retry-after"]
    assert time.monotonic() - begun < LONGEST


def expect_recovery(gateway, address: str) -> None:
    eventually(lambda: identify(gateway, address).status_code == 200, within=40, every=0.2, what="the recovery")


def test_read_only(gateway, database, known, email):
    database.sql("ALTER SYSTEM SET default_transaction_read_only = on")
    database.sql("SELECT pg_reload_conf()")
    try:
        eventually(lambda: identify(gateway, f"{time.monotonic()}-{email}").status_code == 503, within=5,
                   what="that the database is read-only")
        expect_refusal(gateway, f"stranger-{email}")
        assert state(gateway, known).json()["state"] == "identified"
        returning = sign({"email": f"known-{email}", "name": ""}, KEY)
        assert state(gateway, returning).status_code == 200, "who is stored already needs nothing written"
    finally:
        database.sql("ALTER SYSTEM RESET default_transaction_read_only")
        database.sql("SELECT pg_reload_conf()")
    expect_recovery(gateway, f"stranger-{email}")


def test_out_of_connections(gateway, database, known, email):
    with contextlib.ExitStack() as others:
        # One that was there before ends the gateway's, and the others take their places.
        administrator = database.of("template1")
        keeper = others.enter_context(administrator.conversation())
        full = False
        while not full:
            try:
                others.enter_context(database.of("template1").session("SELECT 1"))
            except (AssertionError, BrokenPipeError):
                keeper("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'postgres'")
                try:
                    others.enter_context(database.of("template1").session("SELECT 1"))
                except (AssertionError, BrokenPipeError):
                    full = keeper("SELECT count(*) FROM pg_stat_activity WHERE datname = 'postgres'") == "0"
        expect_refusal(gateway, f"stranger-{email}")
        assert state(gateway, known).json()["state"] == "identified"
    expect_recovery(gateway, f"stranger-{email}")


def test_slow(gateway, database, known, email):
    """Somebody has locked the users: their readers and writers end after their time, and nobody waits behind them."""
    with database.of("postgres").session("BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE"):
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            begun = time.monotonic()
            waiting = [pool.submit(expect_refusal, gateway, f"{number}-{email}") for number in range(20)]
            assert state(gateway, known).json()["state"] == "identified"
            assert time.monotonic() - begun < 3.5, "who is known waited"
            for one in waiting:
                one.result()
    expect_recovery(gateway, f"0-{email}")


def test_silent(gateway, database, known, email):
    """Connections that stay open, and nobody at the other end who answers."""
    database.pause()
    try:
        expect_refusal(gateway, f"stranger-{email}")
        begun = time.monotonic()
        assert state(gateway, known).json()["state"] == "identified"
        assert time.monotonic() - begun < 3.5, "who is known waited"
    finally:
        database.resume()
    expect_recovery(gateway, f"stranger-{email}")


@pytest.fixture
def pair(tmp_path):
    """A server, and a standby that has every acknowledged commit."""
    primary = Postgres(tmp_path / "primary").start()
    standby = Postgres(tmp_path / "standby", copy_of=primary).start()
    primary.sql("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
    primary.sql("SELECT pg_reload_conf()")
    eventually(lambda: primary.sql("SELECT sync_state FROM pg_stat_replication") == "sync", within=20, every=0.1,
               what="the synchronous standby")
    yield primary, standby
    primary.kill()
    standby.kill()


def both(primary: Postgres, standby: Postgres) -> str:
    return (f"postgres://tests@127.0.0.1:{primary.port},127.0.0.1:{standby.port}/postgres"
            "?target_session_attrs=read-write")


def test_failing_over(tmp_path, pair, upstream, email):
    """`kill -9` of the server in a burst; its standby takes over; all that was acknowledged is there."""
    primary, standby = pair
    gateway = make(tmp_path / "gateway", upstream, both(*pair))
    try:
        known = sign({"email": f"known-{email}"}, KEY)
        assert state(gateway, known).json()["state"] == "identified"
        acknowledged = {}
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            burst = [pool.submit(identify, gateway, f"{number}-{email}") for number in range(120)]
            # Killed once some are acknowledged.
            burst[5].result()
            primary.kill()
            for number, future in enumerate(burst):
                answer = future.result()
                if answer.status_code == 200:
                    acknowledged[f"{number}-{email}"] = answer.json()["user"]["id"]
                else:
                    problem(answer, "directory_unavailable")
        assert state(gateway, known).json()["state"] == "identified"
        standby.promote()
        expect_recovery(gateway, f"stranger-{email}")
        assert acknowledged
        for address, identifier in acknowledged.items():
            assert accepted(identify(gateway, address))["user"]["id"] == identifier, "an acknowledged user is gone"
    finally:
        gateway.close()


def test_a_primary_that_was_put_aside(tmp_path, pair, upstream, email):
    """The old server lives on, read-only: the gateway leaves it for the one that takes writes."""
    primary, standby = pair
    gateway = make(tmp_path / "gateway", upstream, both(*pair))
    try:
        assert identify(gateway, f"first-{email}").status_code == 200
        standby.promote()
        primary.sql("ALTER SYSTEM SET default_transaction_read_only = on")
        primary.sql("SELECT pg_reload_conf()")
        expect_recovery(gateway, f"stranger-{email}")
        assert standby.sql(f"SELECT count(*) FROM users WHERE email = 'stranger-{email}'") == "1"
    finally:
        gateway.close()
