"""A disk that fails under a running gateway, in any way that the system can report: whoever has been admitted goes on,
nobody is acknowledged whom the disk hasn't got, and all is well again when the disk is. No test here needs root."""

import errno
import json
import re
import resource
import signal
import struct
import threading
from pathlib import Path

import pytest

from conftest import ACME
from harness.gateway import eventually
from harness.preload import preload
from harness.tokens import sign


def token(name: str) -> str:
    return sign({"email": f"{name}@example.test"}, ACME)


def identify(client, made: str):
    return client.get("/_widget/state", headers={"Host": "acme.test", "Authorization": f"Bearer {made}"})


def is_identified(response) -> bool:
    return response.status_code == 200 and response.json()["state"] == "identified"


def emails(gateway) -> set[str]:
    listed = gateway.cli("user", "list", "acme", "--json", "--limit", "10000")
    assert listed.returncode == 0, listed.stderr
    return {user["profile"]["email"] for user in json.loads(listed.stdout)}


class Account:
    """Asks for new users all the time, and keeps who was acknowledged."""

    def __init__(self, first: int = 0):
        self.acknowledged: list[str] = []
        self.refused = 0
        self.next = first

    def one_more(self, client) -> bool:
        self.next += 1
        name = f"user-{self.next}"
        answer = identify(client, token(name))
        if is_identified(answer):
            self.acknowledged.append(f"{name}@example.test")
            return True
        assert (answer.status_code, answer.json()["code"]) == (503, "directory_unavailable"), answer.text
        assert int(answer.headers["retry-after"]) >= 1
        self.refused += 1
        return False


def goes_on(gateway, client, known: str) -> None:
    """Who has been admitted, what is proxied, and what the operator looks at."""
    assert is_identified(identify(client, known))
    assert client.get("/page", headers={"Host": "acme.test"}).status_code == 200
    assert gateway.admin_status("/healthz") == gateway.admin_status("/metrics") == 200


@pytest.fixture
def disk(tmp_path):
    """The disk of processes that are started with `disk.env`: `disk.fails(errno.EIO)` until `disk.works()`."""

    class Disk:
        file = tmp_path / "disk"
        env = {"LD_PRELOAD": preload("disk.c", tmp_path), "TEST_DISK": str(file)}

        def fails(self, number: int, *, at_sync: bool = False) -> None:
            with self.file.open("r+b") as file:
                file.write(struct.pack("@ii", number, 2 if at_sync else 1))

        def works(self) -> None:
            self.fails(0)

    Disk.file.write_bytes(bytes(8))
    return Disk()


@pytest.mark.parametrize("number, at_sync", [
    pytest.param(errno.ENOSPC, False, id="full"),
    pytest.param(errno.EROFS, False, id="read-only"),
    pytest.param(errno.EIO, False, id="broken"),
    pytest.param(errno.EIO, True, id="broken at sync"),
])
def test_a_disk_that_fails_while_running(make_gateway, disk, number, at_sync):
    gateway = make_gateway(start=False)
    gateway.env |= disk.env | {"TEST_DISK_FOLDER": str(gateway.directory / "data")}
    gateway.start()
    known, account = token("known"), Account()
    with gateway.client() as client:
        assert is_identified(identify(client, known))
        assert account.one_more(client)
        for _ in range(2):  # A second time is no different.
            disk.fails(number, at_sync=at_sync)
            assert not any(account.one_more(client) for _ in range(5)), "nothing can be durable now"
            goes_on(gateway, client, known)
            disk.works()
            eventually(lambda: account.one_more(client), within=10, every=0.2, what="the disk is noticed to work again")
    gateway.kill()
    gateway.start()
    stored = emails(gateway)
    assert {"known@example.test", *account.acknowledged} <= stored, "what was acknowledged is there"
    assert account.refused >= 10 and len(account.acknowledged) >= 3


def test_no_file_may_grow(make_gateway):
    """As by LimitFSIZE, and by a quota: what is written past it is refused, and a signal comes with it."""
    gateway = make_gateway()
    known, account = token("known"), Account()
    with gateway.client() as client:
        assert is_identified(identify(client, known))
        ignored = re.search(r"^SigIgn:\t([0-9a-f]+)$", Path(f"/proc/{gateway.pid}/status").read_text(), re.MULTILINE)[1]
        assert int(ignored, 16) >> (signal.SIGXFSZ - 1) & 1, "which thread writes is chance, and so is whom it would end"
        soft, hard = resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE, (1, hard))
        assert not any(account.one_more(client) for _ in range(10))
        goes_on(gateway, client, known)
        resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE, (soft, hard))
        eventually(lambda: account.one_more(client), within=10, every=0.2, what="files grow again")
    gateway.kill()
    gateway.start()
    assert {"known@example.test", *account.acknowledged} <= emails(gateway)


def test_killed_in_the_middle_of_admissions(make_gateway):
    """Whoever was told that they are known is known to the next process, whenever the first one ended."""
    gateway = make_gateway(workers=2)
    accounts = [Account(first=index * 1_000_000) for index in range(4)]

    def newcomers(index: int):
        account = accounts[index]
        try:
            with gateway.client() as client:
                while True:
                    account.one_more(client)
        except Exception:  # noqa: BLE001: the process is gone
            return

    for _ in range(3):
        threads = [threading.Thread(target=newcomers, args=(index,)) for index in range(4)]
        before = [len(account.acknowledged) for account in accounts]
        for thread in threads:
            thread.start()
        eventually(lambda: all(len(account.acknowledged) > count + 20 for account, count in zip(accounts, before)),
                   within=20, what="newcomers of all four")
        gateway.signal(signal.SIGKILL)
        gateway.process.wait(10)
        for thread in threads:
            thread.join(30)
        gateway.start()
        assert {email for account in accounts for email in account.acknowledged} <= emails(gateway)
