"""Upstreams over TLS: who is believed, and who isn't."""

import datetime
import ipaddress
import ssl
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from harness.gateway import eventually, run_cli
from harness.http1 import HTTP1Client
from harness.upstream import RecordingUpstream

NOW = datetime.datetime.now(datetime.timezone.utc)


class Authority:
    """A certificate authority of the test's own."""

    def __init__(self, name: str):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = (
            x509.CertificateBuilder().subject_name(self.name).issuer_name(self.name).public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - datetime.timedelta(days=9)).not_valid_after(NOW + datetime.timedelta(days=9))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self.key, hashes.SHA256()))

    def write(self, path):
        path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        return path

    def context(self, directory, *names: str, common: str | None = None, expired: bool = False,
                alpn: tuple[str, ...] = ()) -> ssl.SSLContext:
        """A server's context with a certificate for `names`: DNS names and addresses. Without any it has no
        subjectAltName; `common` is its subject's common name."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = []
        for name in names:
            try:
                alternatives.append(x509.IPAddress(ipaddress.ip_address(name)))
            except ValueError:
                alternatives.append(x509.DNSName(name))
        until = NOW - datetime.timedelta(days=1) if expired else NOW + datetime.timedelta(days=5)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)] if common else [])
        builder = (
            x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - datetime.timedelta(days=5)).not_valid_after(until))
        if alternatives:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=common is None)
        certificate = builder.sign(self.key, hashes.SHA256())
        chain = directory / f"server-{x509.random_serial_number()}.pem"
        chain.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                serialization.NoEncryption()))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
        if alpn:
            context.set_alpn_protocols(list(alpn))
        return context


class TLSUpstream(RecordingUpstream):
    """The recording upstream behind TLS; remembers which name was asked for."""

    def __init__(self, context: ssl.SSLContext):
        self.names: list[str | None] = []
        self.protocols: list[str | None] = []
        context.sni_callback = lambda _socket, name, _context: self.names.append(name)
        self.context = context
        super().__init__()
        self.url = f"https://localhost:{self.port}"

    def _serve(self, connection, number):
        try:
            secure = self.context.wrap_socket(connection, server_side=True)
        except (OSError, ssl.SSLError):
            return connection.close()
        self.protocols.append(secure.selected_alpn_protocol())
        with self._lock:
            self._open.discard(connection)
            self._open.add(secure)
        super()._serve(secure, number)


@pytest.fixture(scope="module")
def authority():
    return Authority("Test Authority")


@pytest.fixture
def serve(make_gateway, tmp_path, authority):
    """`serve("localhost")`: an upstream with a certificate for these names, and a gateway before it."""
    made = []

    def make(*names: str, issuer: Authority | None = None, url_host: str = "localhost", expired: bool = False,
             common: str | None = None, alpn: tuple[str, ...] = (), **settings):
        upstream = TLSUpstream(
            (issuer or authority).context(tmp_path, *names, common=common, expired=expired, alpn=alpn))
        made.append(upstream)
        gateway = make_gateway(upstreams=[{
            "name": "widgets", "url": f"https://{url_host}:{upstream.port}",
            "ca_file": str(authority.write(tmp_path / "authority.pem"))} | settings])
        return upstream, gateway

    yield make
    for upstream in made:
        upstream.close()


def get(gateway, path="/x", method="GET", body=b""):
    with HTTP1Client(gateway.clear_port) as connection:
        return connection.request(method, path, [("Host", "acme.test")], body)


def test_a_verified_upstream_serves(serve):
    upstream, gateway = serve("localhost", alpn=("h2", "http/1.1"))
    for _ in range(5):
        assert get(gateway).status == 200
    assert get(gateway, "/form", "POST", b"a" * 300_000).json()["body"] == "a" * 300_000
    assert upstream.connections == 1, "connections are kept"
    assert upstream.names == ["localhost"] and upstream.protocols == ["http/1.1"]


def test_big_bodies_pass_both_ways(serve):
    upstream, gateway = serve("localhost")
    upstream.on("/big", lambda exchange: exchange.reply(exchange.body[::-1]))
    body = bytes(range(256)) * 20_000
    response = get(gateway, "/big", "POST", body)
    assert response.status == 200 and response.body == body[::-1]


def test_an_address_is_verified_as_one(serve):
    upstream, gateway = serve("127.0.0.1", url_host="127.0.0.1")
    assert get(gateway).status == 200
    assert upstream.names in ([], [None]), "an address isn't sent as a name (RFC 6066, 3)"


@pytest.mark.parametrize("what", ["another-name", "another-address", "a-strangers", "expired", "a-partial-wildcard",
                                  "a-common-name", "a-common-name-beside-others"])
def test_who_cannot_prove_to_be_the_upstream_gets_no_request(serve, what):
    names, options = {
        "another-name": (("other.test",), {}),
        "another-address": (("127.0.0.2",), {"url_host": "127.0.0.1"}),
        "a-strangers": (("localhost",), {"issuer": Authority("Somebody Else")}),
        "expired": (("localhost",), {"expired": True}),
        "a-partial-wildcard": (("local*",), {}),
        "a-common-name": ((), {"common": "localhost"}),
        "a-common-name-beside-others": (("127.0.0.1",), {"common": "localhost"}),
    }[what]
    upstream, gateway = serve(*names, **options)
    response = get(gateway, "/secret", "POST", b"card")
    assert (response.status, response.code) == (502, "upstream_unreachable")
    assert upstream.exchanges == []
    for _ in range(6):
        get(gateway)
    eventually(lambda: "shut out" in gateway.log(), within=3, what="the log's line")
    line, = [line for line in gateway.log().splitlines() if "shut out" in line][:1]
    expected = {"another-name": "name", "another-address": "IP address", "a-partial-wildcard": "name",
                "expired": "expired", "a-common-name": "no subjectAltName", "a-common-name-beside-others": "name"}
    assert expected.get(what, "certificate").lower() in line.lower(), line


def test_the_systems_authorities_do_not_know_a_tests_own(make_gateway, tmp_path, authority):
    upstream = TLSUpstream(authority.context(tmp_path, "localhost"))
    gateway = make_gateway(upstreams=[{"name": "widgets", "url": upstream.url}])
    assert get(gateway).code == "upstream_unreachable"
    assert upstream.exchanges == []
    upstream.close()


def test_cleartext_where_tls_is_expected_is_unreachable(make_gateway, tmp_path, authority):
    upstream = RecordingUpstream()
    gateway = make_gateway(upstreams=[{
        "name": "widgets", "url": f"https://localhost:{upstream.port}", "connect_timeout_seconds": 1,
        "ca_file": str(authority.write(tmp_path / "authority.pem"))}])
    assert get(gateway).code in ("upstream_unreachable", "upstream_timeout")
    assert upstream.exchanges == []
    upstream.close()


def test_an_end_without_a_goodbye_does_not_end_a_body(serve):
    """Without close_notify anybody on the way could have cut the connection."""
    upstream, gateway = serve("localhost")
    upstream.on("/cut", lambda exchange: exchange.send(b"HTTP/1.1 200 OK\r\n\r\nhalf") or False)

    def cut(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\n\r\nhalf")
        threading.Event().wait(0.2)
        # Closes the socket under TLS.
        import socket as sockets
        sockets.socket(fileno=exchange.stream.socket.detach()).close()
        return False

    upstream.on("/cut", cut)
    response = get(gateway, "/cut")
    assert response.status == 200 and not response.complete


def test_settings_of_tls_belong_to_tls(tmp_path):
    def problems(upstream: str) -> str:
        (tmp_path / "gateway.yaml").write_text(f"upstreams: [{upstream}]\n")
        return run_cli("check-config", "--config", "gateway.yaml", cwd=tmp_path).stderr
    assert "has no meaning without https" in problems("{ name: a, url: http://b, ca_file: c.pem }")
    assert "needs https" in problems("{ name: a, url: http://b, http2: true }")
    assert "unknown key" in problems("{ name: a, url: https://b, insecure: true }")
    assert "same scheme" in problems("{ name: a, urls: [http://b, https://c] }")
    assert "not both" in problems("{ name: a, url: http://b, urls: [http://c] }")
    assert "is missing" in problems("{ name: a }")
