"""Upstreams given by name: what the name stands for may change, or be unknown for a while.

The gateway runs in a mount namespace of its own, where the system's resolver finds a hosts file of the test's.
"""

import subprocess
import threading

import pytest

from harness.gateway import eventually
from harness.http1 import HTTP1Client
from harness.upstream import RecordingUpstream

NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount"]
FIELDS = [("Host", "acme.test")]


class Names:
    """The only names there are."""

    def __init__(self, directory):
        self.hosts, self.resolver = directory / "hosts", directory / "resolv.conf"
        # Nobody listens there: what isn't in the file is unknown at once.
        self.resolver.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        self.stand_for()

    def stand_for(self, *addresses: str) -> None:
        """In place: the file is mounted."""
        lines = ["127.0.0.1 localhost", *(f"{address} widgets.internal" for address in addresses)]
        self.hosts.write_text("\n".join(lines) + "\n")

    @property
    def wrapper(self) -> list[str]:
        script = 'mount --bind "$1" /etc/hosts && mount --bind "$2" /etc/resolv.conf && shift 2 && exec "$@"'
        return [*NAMESPACE, "sh", "-c", script, "sh", str(self.hosts), str(self.resolver)]


@pytest.fixture
def names(tmp_path):
    found = Names(tmp_path)
    tried = subprocess.run([*found.wrapper, "true"], capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"no mount namespaces here: {tried.stderr.strip()}")
    return found


@pytest.fixture
def servers():
    first = RecordingUpstream(host="127.0.0.2")
    second = RecordingUpstream(first.port, host="127.0.0.3")
    yield first, second
    first.close()
    second.close()


@pytest.fixture
def start(make_gateway, names, servers):
    def make():
        upstream = {"name": "widgets", "url": f"http://widgets.internal:{servers[0].port}", "dns_interval_seconds": 0.5}
        return make_gateway(upstreams=[upstream], wrapper=names.wrapper)
    return make


def get(gateway, path="/x"):
    with HTTP1Client(gateway.clear_port) as connection:
        return connection.request("GET", path, FIELDS)


def serves(server, gateway) -> bool:
    """Whether it is this one that is asked."""
    before = len(server.exchanges)
    assert get(gateway).status == 200
    return len(server.exchanges) > before


def test_requests_follow_a_name_to_its_new_address_and_none_is_lost(start, names, servers):
    first, second = servers
    names.stand_for("127.0.0.2")
    gateway = start()
    assert all(serves(first, gateway) for _ in range(3))
    release = threading.Event()
    first.on("/slow", lambda exchange: (release.wait(60), exchange.reply(b"from the first")) and None)
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(get(gateway, "/slow").body))
    waiting.start()
    eventually(lambda: first.seen("/slow"), within=3, what="the slow request")
    names.stand_for("127.0.0.3")
    eventually(lambda: serves(second, gateway), within=30, every=0.1, what="the new address")
    assert all(serves(second, gateway) for _ in range(10))
    release.set()
    waiting.join()
    assert answers == [b"from the first"]


def test_an_address_that_is_added_is_used_beside_the_other(start, names, servers):
    names.stand_for("127.0.0.2")
    gateway = start()
    assert serves(servers[0], gateway)
    names.stand_for("127.0.0.2", "127.0.0.3")
    eventually(lambda: serves(servers[1], gateway), within=30, every=0.1, what="the second address")
    assert sorted(serves(servers[0], gateway) for _ in range(10)) == [False] * 5 + [True] * 5


def test_a_name_that_nobody_knows_any_more_keeps_its_address(start, names, servers):
    names.stand_for("127.0.0.2")
    gateway = start()
    assert serves(servers[0], gateway)
    names.stand_for()
    # Several lookups later.
    for _ in range(3):
        done = threading.Event()
        threading.Timer(1, done.set).start()
        while not done.is_set():
            assert serves(servers[0], gateway)


def test_a_name_that_is_unknown_at_first_is_found_later(start, names, servers):
    gateway = start()
    assert get(gateway).status == 502
    names.stand_for("127.0.0.3")
    eventually(lambda: get(gateway).status == 200, within=30, every=0.1, what="an address")
    assert serves(servers[1], gateway)
