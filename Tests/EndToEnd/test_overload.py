"""More than can be taken on, and a world that fails: clear answers, no crash, nothing that was acknowledged is lost,
and all is well again when the cause is gone."""

import contextlib
import os
import resource
import sqlite3
import struct
import subprocess
import threading
import time
from pathlib import Path

import pytest

from conftest import ACME, organization
from harness.gateway import eventually
from harness.http1 import HTTP1Client
from harness.http2 import END_HEADERS, END_STREAM, HEADERS, HTTP2Client, raw_frame
from harness.preload import preload
from harness.tokens import now, sign


def connect(gateway, **options) -> HTTP2Client:
    return HTTP2Client(gateway.tls_port, gateway.tls_context("h2"), authority="acme.test", **options)


def token(name: str, **claims) -> str:
    return sign({"email": f"{name}@example.test"} | claims, ACME)


def identify(client, made: str, **options):
    return client.get("/_widget/state", headers={"Host": "acme.test", "Authorization": f"Bearer {made}"}, **options)


def is_identified(response) -> bool:
    return response.status_code == 200 and response.json()["state"] == "identified"


def emails(gateway) -> set[str]:
    return {user["profile"]["email"] for user in gateway.users("acme")}


# Load


def test_requests_in_flight(make_gateway, upstream):
    gateway = make_gateway(overload={"requests_in_flight": 5})
    release = threading.Event()
    upstream.on("/slow", lambda exchange: (release.wait(60), exchange.reply(b"slow")))
    try:
        with connect(gateway) as busy, connect(gateway) as other:
            streams = [busy.open_stream(busy.fields("GET", "/slow")) for _ in range(5)]
            eventually(lambda: len(upstream.seen("/slow")) == 5, within=10)
            refused = other.request(path="/page")
            assert (refused.status, refused.code, refused.value("retry-after")) == (503, "overloaded", "1")
            assert not release.is_set() and len(upstream.seen("/slow")) == 5, "early, and before it costs anything"
            assert other.request(path="/_widget/state").status == 200, "what waits for nobody is answered"
            assert other.request(path="/_widget/sdk.js").status == 200
            assert gateway.admin_status("/healthz") == 200
            release.set()
            assert [busy.response(stream).body for stream in streams] == [b"slow"] * 5, "what was taken on is finished"
            assert other.request(path="/page").status == 200
            assert busy.request(path="/page").status == 200
        # Requests that were refused, reset or broken off aren't under way any more.
        with connect(gateway) as leaver:
            for _ in range(20):
                stream = leaver.open_stream(leaver.fields("POST", "/page"), end_stream=False)
                leaver.send_raw(3, 0, stream, b"\0\0\0\x08")
            leaver.settle()
        with connect(gateway) as last:
            assert [last.request(path="/page").status for _ in range(5)] == [200] * 5
    finally:
        release.set()


def test_a_worker_that_is_late_refuses_and_goes_on(make_gateway):
    gateway = make_gateway(overload={"lag_seconds": 0.005}, limits={"streams": 5000})
    with contextlib.ExitStack() as stack:
        # What one connection's requests may hold in memory is bounded, too.
        crowd = [stack.enter_context(connect(gateway)) for _ in range(4)]
        sent = {}
        for h2 in crowd:
            eventually(lambda: h2.request(path="/_widget/state").status == 200, within=5)
            block = h2.encode(h2.fields("GET", "/_widget/state"))
            streams = range(h2.next_stream, h2.next_stream + 1500, 2)
            sent[h2] = (streams, b"".join(raw_frame(HEADERS, END_STREAM | END_HEADERS, at, block) for at in streams))
        for h2, (_, frames) in sent.items():
            h2.send(frames)
        answers = [h2.response(stream) for h2, (streams, _) in sent.items() for stream in streams]
        # On a machine that is busy with other things all of them may be late.
        assert 503 in {answer.status for answer in answers} <= {200, 503}
        assert {answer.code for answer in answers if answer.status == 503} == {"overloaded"}
        for h2, (streams, _) in sent.items():
            h2.next_stream = streams[-1] + 2
            eventually(lambda: h2.request(path="/_widget/state").status == 200, within=5)


def test_descriptors_run_out(make_gateway):
    gateway = make_gateway()
    with gateway.client(cleartext=True, http2=False) as client:
        assert client.get("/page", headers={"Host": "acme.test"}).status_code == 200
        soft, hard = resource.prlimit(gateway.pid, resource.RLIMIT_NOFILE)
        used = len(os.listdir(f"/proc/{gateway.pid}/fd"))
        resource.prlimit(gateway.pid, resource.RLIMIT_NOFILE, (used + 6, hard))
        crowd = []
        try:
            for _ in range(40):
                crowd.append(HTTP1Client(gateway.clear_port, timeout=5))
            time.sleep(0.5)
            before = gateway.cpu_seconds()
            # Who is in is served over the upstream connection that is open; without one it is told so.
            for _ in range(20):
                assert client.get("/page", headers={"Host": "acme.test"}).status_code == 200
                time.sleep(0.1)
            assert gateway.cpu_seconds() - before < 1.0, "it doesn't turn in circles"
            # Nor does the process end when libdispatch, whose threads work on these, looks at them once a second.
            for number in range(20):
                assert identify(client, token(f"nobody-{number}")).status_code in (200, 503)
                time.sleep(0.1)
        finally:
            for connection in crowd:
                connection.__exit__()
        # Without anybody's help, and even before there are more descriptors.
        eventually(lambda: serves_a_newcomer(gateway), within=10, every=0.2, what="newcomers are served again")
        resource.prlimit(gateway.pid, resource.RLIMIT_NOFILE, (soft, hard))
        assert is_identified(identify(client, token("after")))


def serves_a_newcomer(gateway) -> bool:
    try:
        with HTTP1Client(gateway.clear_port, timeout=2) as connection:
            return connection.request("GET", "/page", [("Host", "acme.test")]).status == 200
    except (OSError, EOFError):
        return False


# Storage


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 4 MiB of its own. Only who may mount can have one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m,mode=700", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("mounting isn't allowed here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def storage_on(folder: Path) -> dict:
    return {"url": f"sqlite:{folder}/gateway.db", "master_key_file": f"{folder}/master.key"}


def fill(folder: Path) -> Path:
    """Takes up all room on the disk."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        size = 65536
        while size:
            try:
                file.write(b"x" * size)
            except OSError:
                size //= 2
    return filler


def test_a_full_disk(make_gateway, small_disk):
    gateway = make_gateway(storage=storage_on(small_disk))
    known, acknowledged, refused = token("known"), [], 0
    with gateway.client() as client:
        assert is_identified(identify(client, known))
        filler = fill(small_disk)
        for number in range(200):
            made = identify(client, token(f"user-{number}"))
            if is_identified(made):
                acknowledged.append(f"user-{number}@example.test")
                continue
            assert (made.status_code, made.json()["code"]) == (503, "directory_unavailable")
            assert int(made.headers["retry-after"]) >= 1
            refused += 1
            if refused == 20:
                break
        assert refused == 20, "the disk isn't full"
        assert is_identified(identify(client, known)), "who has been admitted goes on"
        assert client.get("/page", headers={"Host": "acme.test"}).status_code == 200
        assert gateway.admin_status("/healthz") == 200
        filler.unlink()
        eventually(lambda: is_identified(identify(client, token("again"))), within=10, every=0.2, what="room again")
    gateway.kill()
    gateway.start()
    assert {"known@example.test", "again@example.test", *acknowledged} <= emails(gateway), "what was acknowledged"


def test_a_disk_that_cannot_be_written_to(make_gateway, small_disk):
    gateway = make_gateway(storage=storage_on(small_disk))
    with gateway.client() as client:
        assert is_identified(identify(client, token("known")))
    assert gateway.stop() == 0
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    gateway.may_be_dead = True
    with pytest.raises(AssertionError, match="ended with 1 at start"):
        gateway.start()
    assert "the store is unavailable" in gateway.log().splitlines()[-1]
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    gateway.may_be_dead = False
    gateway.start()
    assert emails(gateway) == {"known@example.test"}


def test_a_database_that_somebody_has_locked(make_gateway):
    gateway = make_gateway()
    known = token("known")
    with gateway.client() as client, gateway.client() as late:
        assert is_identified(identify(client, known))
        locker = sqlite3.connect(gateway.directory / "data/widget-gateway.db", isolation_level=None, timeout=10)
        locker.execute("BEGIN IMMEDIATE")
        try:
            answers = []
            waiting = threading.Thread(target=lambda: answers.append(identify(late, token("late"), timeout=30)))
            waiting.start()
            time.sleep(0.3)
            took = []
            for _ in range(20):
                began = time.monotonic()
                assert is_identified(identify(client, known))
                assert client.get("/page", headers={"Host": "acme.test"}).status_code == 200
                took.append(time.monotonic() - began)
            assert sorted(took)[10] < 1, "nobody else waits"
            waiting.join(60)
            assert (answers[0].status_code, answers[0].json()["code"]) == (503, "directory_unavailable")
        finally:
            locker.execute("ROLLBACK")
            locker.close()
        eventually(lambda: is_identified(identify(client, token("late"))), within=10, every=0.1)
    assert emails(gateway) == {"known@example.test", "late@example.test"}


# Time


@pytest.fixture
def clock(tmp_path):
    """The wall clock of processes that are started with `clock.env`: `clock.jump(seconds)` sets it so far ahead."""

    class Clock:
        file = tmp_path / "clock"
        env = {"LD_PRELOAD": preload("clock.c", tmp_path), "TEST_CLOCK": str(file)}

        def jump(self, seconds: int) -> None:
            with self.file.open("r+b") as file:
                file.write(struct.pack("@q", seconds))

    Clock.file.write_bytes(bytes(8))
    return Clock()


def test_the_clock_jumps(make_gateway, clock):
    gateway = make_gateway(start=False)
    gateway.env |= clock.env
    gateway.start()
    hour = 3600
    today, later = token("today"), token("later", iat=now() + 2 * hour, exp=now() + 2 * hour + 600)
    with gateway.client() as client, connect(gateway) as held:
        assert is_identified(identify(client, today))
        assert identify(client, later).json()["code"] == "token_issued_in_future"
        clock.jump(2 * hour)
        assert identify(client, today).json()["code"] == "token_expired", "also where it is remembered"
        assert is_identified(identify(client, later))
        clock.jump(-2 * hour)
        assert identify(client, token("yesterday")).json()["code"] == "token_issued_in_future"
        clock.jump(0)
        assert is_identified(identify(client, today))
        for seconds in (365 * 24 * hour, -365 * 24 * hour, 0):
            clock.jump(seconds)
            # No connection is idle, and no upstream late, because the wall clock says so.
            for _ in range(3):
                assert held.request(path="/page").status == 200
                time.sleep(0.7)
        assert is_identified(identify(client, token("tomorrow")))
    gateway.kill()
    gateway.start()
    assert emails(gateway) == {f"{name}@example.test" for name in ("today", "later", "tomorrow")}
