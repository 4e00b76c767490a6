import sys
import uuid
from pathlib import Path

import httpx
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from harness.gateway import BINARY, Gateway, free_port  # noqa: E402
from harness.http1 import HTTP1Client  # noqa: E402
from harness.http2 import HTTP2Client  # noqa: E402
from harness.logs import (  # noqa: E402, F401
    pytest_runtest_makereport, pytest_runtest_setup, pytest_terminal_summary)
from harness.postgres import Postgres  # noqa: E402
from harness.tokens import secret, sign  # noqa: E402
from harness.upstream import RecordingUpstream  # noqa: E402

ACME, LOCKED, REPORTING, HASHED, PLAIN, KNOWN, IDS, LOOSE, STRICT, ROTATING = (secret(n) for n in range(10))


def organization(identifier: str, key: str, **settings) -> dict:
    """An organization on the host `<id>.test`."""
    return {
        "id": identifier, "name": identifier.title(), "dialect": "productbridge", "hosts": [f"{identifier}.test"],
        "secrets": [{"secret": key}],
    } | settings


ORGANIZATIONS = [
    organization("acme", ACME, allowed_origins=["https://app.acme.test", "https://*.wild.test"]),
    organization("locked", LOCKED, require_identify="enforce"),
    organization("reporting", REPORTING, require_identify="report", require_user_hash="report"),
    organization("hashed", HASHED, require_user_hash="enforce"),
    organization("plain", PLAIN, allow_plain_identity=True),
    organization("known", KNOWN, identify_mode="update_only"),
    organization("ids", IDS, match_by="id_then_email"),
    organization("loose", LOOSE, email_matching="ignore_case", max_token_lifetime_seconds=None),
    organization("strict", STRICT, require_expiry=True, clock_skew_seconds=5),
    organization("rotating", ROTATING, secrets=[{"secret": ROTATING}, {"secret": secret(90)}]),
]


@pytest.fixture(scope="session", autouse=True)
def binary_exists():
    if not BINARY.exists():
        pytest.exit(f"There is no {BINARY}: build first, or set WIDGET_GATEWAY_BINARY.", returncode=2)


@pytest.fixture(scope="session")
def upstream():
    server = RecordingUpstream()
    yield server
    server.close()


@pytest.fixture(scope="session")
def dead_port():
    return free_port()


@pytest.fixture(scope="session")
def gateway(tmp_path_factory, upstream, dead_port):
    """The gateway that most tests share: ten organizations, told apart by host."""
    running = Gateway(
        tmp_path_factory.mktemp("gateway"),
        organizations=ORGANIZATIONS,
        upstreams=[
            {"name": "widgets", "url": upstream.url},
            {"name": "signed", "url": upstream.url, "assertion": True, "profile": True},
            {"name": "dead", "url": f"http://127.0.0.1:{dead_port}"},
        ],
        routes=[
            {"path": "/", "access": "widget", "upstream": "widgets"},
            {"path": "/assets/", "access": "public", "upstream": "widgets"},
            {"path": "/assets/private/", "access": "widget", "upstream": "widgets"},
            {"path": "/signed/", "access": "widget", "upstream": "signed"},
            {"path": "/dead/", "access": "public", "upstream": "dead"},
        ],
        workers=2,
    )
    running.start()
    yield running
    running.close()


@pytest.fixture(autouse=True)
def still_alive(request):
    """No test may leave the shared gateway dead."""
    yield
    if "gateway" in request.fixturenames:
        running = request.getfixturevalue("gateway")
        assert running.is_alive(), f"the gateway died during this test:\n{running.log()[-4000:]}"


@pytest.fixture
def make_gateway(tmp_path, upstream):
    """Makes gateways of a test's own; they are ended and checked after it."""
    made = []

    def make(organizations=None, *, start=True, upstreams=None, routes=None, **settings) -> Gateway:
        directory = tmp_path / f"gateway-{len(made)}"
        directory.mkdir()
        running = Gateway(
            directory,
            organizations=organizations or [organization("acme", ACME)],
            upstreams=upstreams or [{"name": "widgets", "url": upstream.url}],
            routes=routes or [{"path": "/", "access": "widget", "upstream": "widgets"}],
            **{"workers": 1} | settings)
        made.append(running)
        return running.start() if start else running

    yield make
    for running in made:
        running.close()


@pytest.fixture(scope="module")
def database(tmp_path_factory, request):
    """A PostgreSQL of the module's own, with the server's settings that the module names in `POSTGRES_SETTINGS`."""
    settings = getattr(request.module, "POSTGRES_SETTINGS", ())
    running = Postgres(tmp_path_factory.mktemp("postgres") / "server", *settings).start()
    yield running
    running.kill()


@pytest.fixture
def client(gateway):
    """HTTP/2 over TLS, through httpx."""
    with gateway.client() as opened:
        yield opened


@pytest.fixture
def http1(gateway):
    """Opens raw HTTP/1.1 connections to the cleartext listener."""
    opened = []

    def connect(**options) -> HTTP1Client:
        opened.append(HTTP1Client(gateway.clear_port, **options))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.__exit__()


@pytest.fixture
def http2(gateway):
    """Opens raw HTTP/2 connections to the TLS listener."""
    opened = []

    def connect(**options) -> HTTP2Client:
        options.setdefault("authority", "acme.test")
        opened.append(HTTP2Client(gateway.tls_port, gateway.tls_context("h2"), **options))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.__exit__()


@pytest.fixture
def email():
    """An address that no other test uses."""
    return f"user-{uuid.uuid4().hex[:12]}@example.test"


@pytest.fixture
def ask(client):
    """`ask("acme", "/path", token=…)`: a request to an organization, as httpx's response."""

    def send(host: str, path: str = "/_widget/state", *, token: str | None = None, method: str = "GET",
             headers: dict | None = None, **options) -> httpx.Response:
        fields = {"Host": f"{host}.test"} | (headers or {})
        if token is not None:
            fields["Authorization"] = f"Bearer {token}"
        return client.request(method, path, headers=fields, **options)

    return send


@pytest.fixture
def acme_token(email):
    return sign({"email": email, "name": "Ada Lovelace", "id": "u-" + email[5:17]}, ACME)
