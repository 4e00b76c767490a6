"""How often a gateway waits for its database: what counts where that is a millisecond away."""

import pytest

from conftest import organization
from harness.expect import accepted
from harness.gateway import Gateway
from harness.relay import Relay
from harness.tokens import now, secret
from test_postgres import identify

KEY = secret(700)  # That of test_postgres.

#: What a gateway asks by itself, several times a second.
BACKGROUND = (b"FROM meta", b"leaves", b"gateways", b"log_", b"max(step)")


@pytest.fixture(scope="module")
def relay(database):
    running = Relay(database.port)
    yield running
    running.close()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory, relay, upstream):
    folder = tmp_path_factory.mktemp("gateway")
    running = Gateway(
        folder, organizations=[organization("acme", KEY)], upstreams=[{"name": "widgets", "url": upstream.url}],
        routes=[{"path": "/", "access": "widget", "upstream": "widgets"}], workers=1,
        storage={"url": f"postgres://tests@127.0.0.1:{relay.port}/postgres?sslmode=disable&gssencmode=disable",
                 "master_key_file": str(folder / "master.key")}).start()
    yield running
    running.close()


@pytest.fixture
def round_trips(gateway, relay, email):
    """Counts what one identify takes, once the gateway's connections are open.

    Something of the gateway's own may fall into that time; it doesn't each time.
    """
    def count(who=email, **claims) -> int:
        before = len(relay.round_trips)
        accepted(identify(gateway, who, **claims))
        seen = [sent for sent in relay.round_trips[before:] if not any(name in sent for name in BACKGROUND)]
        assert seen, "the relay saw nothing"
        return len(seen)

    for number in range(20):
        accepted(identify(gateway, f"{number}-{email}"))
    return count


def test_a_new_user_takes_four(round_trips, email):
    """Who is there, in a reading transaction, and its end; who is there under the lock; the user, with the commit."""
    assert min(round_trips(f"new-{number}-{email}", name="Ada") for number in range(5)) == 4


def test_who_is_stored_takes_two(round_trips):
    round_trips(name="Ada", id="1")
    # Other tokens that say the same.
    assert min(round_trips(name="Ada", id="1", iat=now() - 5 - number, exp=now() + 300) for number in range(5)) == 2
