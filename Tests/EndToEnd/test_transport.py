"""Transport: the clients that people use, the protocols they speak, and streaming under flow control."""

import concurrent.futures
import contextlib
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time

import pytest

from conftest import ACME, organization
from harness.expect import accepted
from harness.gateway import eventually
from harness.http1 import HTTP1Client
from harness.http2 import INITIAL_WINDOW_SIZE, HTTP2Client
from harness.tokens import sign
from harness.upstream import RecordingUpstream

MIB = 1 << 20


def run(*arguments: str, **options) -> str:
    if shutil.which(arguments[0]) is None:
        pytest.fail(f"{arguments[0]} isn't installed: run scripts/install-test-packages.sh")
    result = subprocess.run(arguments, capture_output=True, text=True, timeout=60, **options)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


# Negotiation

@pytest.mark.parametrize("offered, chosen", [
    (["h2", "http/1.1"], "h2"), (["http/1.1", "h2"], "h2"), (["h2"], "h2"), (["http/1.1"], "http/1.1"), ([], None),
])
def test_alpn_prefers_h2(gateway, offered, chosen):
    context = gateway.tls_context(*offered)
    with socket.create_connection(("127.0.0.1", gateway.tls_port)) as raw:
        with context.wrap_socket(raw, server_hostname="localhost") as secure:
            assert secure.selected_alpn_protocol() == chosen
            if chosen != "h2":
                secure.sendall(b"GET /_widget/state HTTP/1.1\r\nHost: acme.test\r\n\r\n")
                assert secure.recv(100).startswith(b"HTTP/1.1 200")


def test_an_unknown_protocol_alone_is_refused_or_http1(gateway):
    context = gateway.tls_context("spdy/3")
    with socket.create_connection(("127.0.0.1", gateway.tls_port)) as raw:
        try:
            with context.wrap_socket(raw, server_hostname="localhost") as secure:
                assert secure.selected_alpn_protocol() is None
        except ssl.SSLError as error:
            assert "NO_APPLICATION_PROTOCOL" in str(error).upper().replace(" ", "_")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_1_3_are_spoken(gateway, version):
    context = gateway.tls_context("h2")
    context.minimum_version = context.maximum_version = version
    with HTTP2Client(gateway.tls_port, context, authority="acme.test") as connection:
        assert connection.request(path="/_widget/state").status == 200


@pytest.mark.parametrize("option", ["-tls1", "-tls1_1"])
def test_older_tls_is_refused(gateway, option):
    result = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{gateway.tls_port}", option, "-cipher", "ALL:@SECLEVEL=0"],
        input="", capture_output=True, text=True, timeout=20)
    assert "Cipher is (NONE)" in result.stdout or "Cipher    : 0000" in result.stdout or result.returncode != 0


def test_tls_1_2_renegotiation_is_refused(gateway):
    result = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{gateway.tls_port}", "-tls1_2", "-alpn", "http/1.1"],
        input="R\n", capture_output=True, text=True, timeout=20)
    assert "RENEGOTIATING" in result.stdout + result.stderr
    assert "no renegotiation" in result.stderr or "error" in result.stderr.lower() or result.returncode != 0


def test_cleartext_to_the_tls_listener_is_no_harm(gateway, ask):
    for data in (b"GET / HTTP/1.1\r\n\r\n", b"\x00" * 100, b"\x16\x03\x01\xff\xff" + b"x" * 100):
        with socket.create_connection(("127.0.0.1", gateway.tls_port), timeout=5) as raw:
            try:
                raw.sendall(data)
                raw.shutdown(socket.SHUT_WR)
                while raw.recv(1000):
                    pass
            except ConnectionResetError:
                pass
    assert ask("acme").status_code == 200


# Clients

def test_curl_over_http2(gateway):
    output = run("curl", "--silent", "--show-error", "--http2", "--cacert", str(gateway.certificate),
                 "--header", "Host: acme.test", "--write-out", "\n%{http_version} %{http_code}",
                 f"https://localhost:{gateway.tls_port}/_widget/state", env={"no_proxy": "*"})
    assert output.endswith("\n2 200") and '"anonymous"' in output


def test_curl_over_http1(gateway):
    output = run("curl", "--silent", "--show-error", "--http1.1", "--cacert", str(gateway.certificate),
                 "--header", "Host: acme.test", "--write-out", "\n%{http_version} %{http_code}",
                 f"https://localhost:{gateway.tls_port}/page", env={"no_proxy": "*"})
    assert output.endswith("\n1.1 200")


def test_curl_over_h2c_with_prior_knowledge(gateway):
    output = run("curl", "--silent", "--show-error", "--http2-prior-knowledge", "--header", "Host: acme.test",
                 "--write-out", "\n%{http_version} %{http_code}", gateway.http + "/page", env={"no_proxy": "*"})
    assert output.endswith("\n2 200")


def test_curl_uploads_a_file(gateway, tmp_path):
    path = tmp_path / "body"
    path.write_bytes(b"0123456789" * 50_000)
    output = run("curl", "--silent", "--show-error", "--http2", "--cacert", str(gateway.certificate), "--header",
                 "Host: acme.test", "--data-binary", f"@{path}", "--output", str(tmp_path / "answer"), "--write-out",
                 "%{http_code}", f"https://localhost:{gateway.tls_port}/up", env={"no_proxy": "*"})
    assert output == "200"


def test_an_upgrade_to_h2c_is_ignored(gateway):
    """Upgrade from HTTP/1.1 isn't offered (RFC 9113 dropped it): the request is answered over HTTP/1.1."""
    output = run("curl", "--silent", "--show-error", "--http2", "--header", "Host: acme.test", "--write-out",
                 "\n%{http_version} %{http_code}", gateway.http + "/page", env={"no_proxy": "*"})
    assert output.endswith("\n1.1 200")


def test_nghttp(gateway):
    output = run("nghttp", "--verbose", "--no-verify-peer", "--header", ":authority: acme.test",
                 f"https://127.0.0.1:{gateway.tls_port}/page")
    assert ":status: 200" in output


@pytest.mark.parametrize("arguments", [["-c", "10", "-m", "10"], ["-c", "50", "-m", "1"], ["-c", "2", "-m", "100"]])
def test_h2load(gateway, arguments, email):
    token = sign({"email": email}, ACME)
    output = run("h2load", "-n", "2000", *arguments, "--header", ":authority: acme.test", "--header",
                 f"authorization: Bearer {token}", f"https://127.0.0.1:{gateway.tls_port}/page")
    assert re.search(r"status codes: 2000 2xx, 0 3xx, 0 4xx, 0 5xx", output), output


def test_h2load_over_http1(gateway):
    output = run("h2load", "-n", "500", "-c", "10", "--h1",
                 f"http://127.0.0.1:{gateway.clear_port}/page?organizationId=acme")
    assert "status codes: 500 2xx" in output


def test_many_requests_at_once_over_one_connection(http2):
    with http2() as connection:
        for start in range(0, 400, 100):
            streams = {connection.open_stream(connection.fields(path=f"/many/{n}")): n for n in range(start, start + 100)}
            for stream, number in streams.items():
                assert connection.response(stream).json()["target"] == f"/many/{number}"


def test_every_worker_serves(gateway):
    for _ in range(50):
        with gateway.client() as client:
            assert client.get("/_widget/state", headers={"Host": "acme.test"}).status_code == 200


# Streaming

def test_a_stalled_reader_stalls_only_its_own_stream(make_gateway):
    upstream = RecordingUpstream()
    sent = []

    def endless(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
        for _ in range(1024):
            exchange.send(b"x" * MIB)
            sent.append(1)

    upstream.on("/endless", endless)
    gateway = make_gateway(upstreams=[{"name": "widgets", "url": upstream.url}])
    idle = gateway.resident_bytes()
    # A window for the connection as large as can be; the stream's stays at 64 KiB and is never raised.
    with HTTP2Client(gateway.tls_port, gateway.tls_context("h2"), automatic=False) as connection:
        connection.send_raw(8, 0, 0, (2**31 - 1 - 65535).to_bytes(4, "big"))
        stalled = connection.open_stream(connection.fields(path="/endless"))
        connection.wait(lambda: len(connection._response(stalled).body) >= 65535)
        progress = at_rest(sent)
        for number in range(20):
            response = connection.request(path=f"/other-{number}")
            assert response.status == 200 and response.json()["target"] == f"/other-{number}"
        assert len(connection.responses[stalled].body) == 65535
        with gateway.client() as other:
            assert other.get("/elsewhere").status_code == 200
        assert at_rest(sent) == progress, "the upstream is still being read"
        assert progress < 64
        assert gateway.resident_bytes() < idle + 32 * MIB
    upstream.close()


def at_rest(sent: list) -> int:
    """How much an upstream has got rid of once it is held back."""
    seen = []

    def rests() -> bool:
        seen.append(len(sent))
        return len(seen) > 10 and len(set(seen[-10:])) == 1

    eventually(rests, within=30, every=0.1, what="an upstream that is held back")
    return seen[-1]


def test_a_stalled_http1_reader_is_bounded(make_gateway):
    upstream = RecordingUpstream()
    sent = []

    def endless(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
        for _ in range(1024):
            exchange.send(b"x" * MIB)
            sent.append(1)

    upstream.on("/endless", endless)
    gateway = make_gateway(upstreams=[{"name": "widgets", "url": upstream.url}])
    idle = gateway.resident_bytes()
    with HTTP1Client(gateway.clear_port) as connection:
        connection.send("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
        assert at_rest(sent) < 64
        assert gateway.resident_bytes() < idle + 32 * MIB
    upstream.close()


def test_a_slow_upstream_holds_back_an_upload(make_gateway):
    upstream = RecordingUpstream()
    release = threading.Event()
    total = []

    def slow(exchange):
        release.wait(60)
        total.append(sum(len(chunk) for chunk in exchange.body_chunks()))
        exchange.reply(b"")

    upstream.on("/slow", slow, streaming=True)
    upstream.on("/held", lambda exchange: release.wait(60) and False, streaming=True)
    gateway = make_gateway(upstreams=[{"name": "widgets", "url": upstream.url}], limits={"body_bytes": 0})
    idle = gateway.resident_bytes()
    size = 100 * MIB

    def parts():
        for _ in range(size // MIB):
            yield b"y" * MIB

    # httpx may miss that there is room again where two threads share a connection: what goes on beside is another's.
    with gateway.client(timeout=90) as client, concurrent.futures.ThreadPoolExecutor(1) as pool, \
            HTTP2Client(gateway.tls_port, gateway.tls_context("h2")) as beside:
        upload = pool.submit(lambda: client.post("/slow", content=parts()))
        time.sleep(1.5)
        assert gateway.resident_bytes() < idle + 32 * MIB
        held = beside.open_stream(beside.fields("POST", "/held"), end_stream=False)
        beside.send_data(held, b"y" * beside.server_settings.get(INITIAL_WINDOW_SIZE, 65535), end_stream=False)
        assert beside.request(path="/meanwhile").status == 200
        release.set()
        assert upload.result(120).status_code == 200
    assert total == [size]
    upstream.close()


def resident_peak(gateway, stop: threading.Event, peaks: list[int]) -> None:
    while not stop.is_set():
        peaks.append(gateway.resident_bytes())
        time.sleep(0.02)


@pytest.mark.memory
@pytest.mark.timeout(300)
@pytest.mark.parametrize("size", [64 * MIB, 1 << 30])
@pytest.mark.parametrize("protocol", ["--http2", "--http1.1"])
@pytest.mark.parametrize("direction", ["up", "down"])
def test_large_transfers_keep_memory_small(make_gateway, tmp_path, size, protocol, direction):
    upstream = RecordingUpstream()
    received = []

    def download(exchange):
        exchange.send(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode())
        block = bytes(MIB)
        for _ in range(size // MIB):
            exchange.send(block)

    def upload(exchange):
        received.append(sum(len(chunk) for chunk in exchange.body_chunks()))
        exchange.reply(b"")

    upstream.on("/down", download)
    upstream.on("/up", upload, streaming=True)
    gateway = make_gateway([organization("acme", ACME)], upstreams=[{"name": "widgets", "url": upstream.url}],
                           limits={"body_bytes": 0})
    with gateway.client() as client:
        assert client.get("/warm").status_code == 200
    idle = gateway.resident_bytes()
    stop, peaks = threading.Event(), [idle]
    watcher = threading.Thread(target=resident_peak, args=(gateway, stop, peaks))
    watcher.start()
    try:
        url = f"https://localhost:{gateway.tls_port}/{direction}"
        common = ["curl", "--silent", "--show-error", protocol, "--cacert", str(gateway.certificate), "--max-time", "250"]
        if direction == "up":
            source = tmp_path / "source"
            with source.open("wb") as file:
                file.truncate(size)
            command = [*common, "--upload-file", str(source), "--output", "/dev/null", "--write-out", "%{http_code}", url]
        else:
            command = [*common, "--output", "/dev/null", "--write-out", "%{http_code} %{size_download}", url]
        result = subprocess.run(command, capture_output=True, text=True, timeout=280, env={"no_proxy": "*"})
        assert result.returncode == 0, result.stderr
    finally:
        stop.set()
        watcher.join()
    if direction == "up":
        assert result.stdout == "200" and received == [size]
    else:
        assert result.stdout == f"200 {size}"
    assert max(peaks) < idle + 64 * MIB, f"{(max(peaks) - idle) / MIB:.1f} MiB above idle"
    upstream.close()


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("data", [
    b"", b"GET / HTTP/1.1\r\nHo", b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HT", b"PRI * HTTP/2.0\r\n", b"\x16\x03\x01\x02\x00",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf",
])
def test_a_client_that_leaves_in_the_middle_costs_nothing(make_gateway, data, tls):
    """The worker must not go on for somebody who is gone."""
    gateway = make_gateway()
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", gateway.tls_port if tls else gateway.clear_port)) as raw:
            raw.sendall(data)
    with gateway.client() as client:
        assert client.get("/x").status_code == 200
    eventually(lambda: cpu_seconds(gateway, 0.5) < 0.25, within=20, what="that the processor is left alone")


@pytest.mark.memory
def test_a_long_connection_keeps_little_of_what_is_over(make_gateway):
    """Streams that are over are remembered, but not many more of them than may be open."""
    gateway = make_gateway()
    context = gateway.tls_context("h2")

    def ask(connection):
        streams = [connection.open_stream(connection.fields(path="/_widget/state")) for _ in range(100)]
        assert all(connection.response(stream).status == 200 for stream in streams)
        connection.frames.clear()
        connection.responses.clear()

    with contextlib.ExitStack() as stack:
        connections = [
            stack.enter_context(HTTP2Client(gateway.tls_port, context, authority="acme.test")) for _ in range(20)]
        for connection in connections:
            ask(connection)
        before = gateway.resident_bytes()
        for _ in range(11):
            for connection in connections:
                ask(connection)
        grown = (gateway.resident_bytes() - before) / len(connections)
    assert grown < 120 * 1024, f"{grown / 1024:.0f} KiB a connection"


@pytest.mark.memory
def test_connections_leave_nothing_behind(make_gateway):
    """500 connections that come and go, some in the middle of things: memory and descriptors return."""
    import os
    gateway = make_gateway()

    def churn(count: int):
        for number in range(count):
            if number % 4 == 0:
                with gateway.client() as client:
                    client.get("/x")
            else:
                raw = socket.create_connection(("127.0.0.1", gateway.tls_port if number % 2 else gateway.clear_port))
                raw.sendall((b"\x16\x03\x01\x02\x00", b"GET / HTTP/1.1\r\nHo", b"PRI * HTTP/2.0\r\n")[number % 3])
                raw.close()

    churn(100)
    time.sleep(0.3)
    descriptors = len(os.listdir(f"/proc/{gateway.pid}/fd"))
    memory = gateway.resident_bytes()
    churn(400)
    eventually(lambda: len(os.listdir(f"/proc/{gateway.pid}/fd")) <= descriptors + 3, within=30, what="closed descriptors")
    assert gateway.resident_bytes() < memory + 16 * MIB


def test_an_idle_gateway_uses_no_processor(make_gateway):
    gateway = make_gateway(workers=2)
    with gateway.client() as client:
        client.get("/x")
        eventually(lambda: cpu_seconds(gateway, 2) < 0.3, within=20, what="that the processor is left alone")


def cpu_seconds(gateway, seconds: float) -> float:
    """What it takes of the processor in so long a time."""
    before = gateway.cpu_seconds()
    time.sleep(seconds)
    return gateway.cpu_seconds() - before
