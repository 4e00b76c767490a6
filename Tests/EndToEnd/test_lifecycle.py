"""Start, reload, drain, and what goes on meanwhile."""

import signal
import socket
import ssl
import threading
import time

import httpx
import pytest

from conftest import ACME, organization
from harness.expect import accepted
from harness.gateway import eventually, make_certificate
from harness.http1 import HTTP1Client
from harness.http2 import HTTP2Client
from harness.tokens import sign
from harness.upstream import RecordingUpstream


def certificate_of(gateway) -> bytes:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", gateway.tls_port)) as raw, context.wrap_socket(raw) as secure:
        return secure.getpeercert(binary_form=True)


def test_health_and_readiness(gateway):
    assert gateway.admin_status("/healthz") == 200
    assert gateway.admin_status("/readyz") == 200
    assert gateway.admin_status("/nothing-here") == 404


def test_the_admin_paths_are_not_on_the_data_listener(ask, upstream):
    """There they are ordinary paths, and go to the upstream."""
    assert accepted(ask("acme", "/readyz"))["target"] == "/readyz"


def test_a_listener_without_a_certificate_makes_its_own_and_warns(make_gateway):
    gateway = make_gateway(start=False)
    gateway.settings["listen"] = [{"address": f"127.0.0.1:{gateway.tls_port}"},
                                  {"address": f"127.0.0.1:{gateway.clear_port}", "cleartext": True}]
    gateway.write_config()
    gateway.start()
    assert certificate_of(gateway)
    assert "self-signed" in gateway.log().lower()


def test_a_taken_port_is_an_error_that_names_it(make_gateway):
    gateway = make_gateway(start=False)
    gateway.may_be_dead = True
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        gateway.settings["listen"][1]["address"] = f"127.0.0.1:{port}"
        gateway.write_config()
        with pytest.raises(AssertionError, match=str(port)):
            gateway.start()
    assert gateway.process.returncode == 1


# Reload

def test_sighup_reloads_routes_without_dropping_a_connection(make_gateway, upstream):
    gateway = make_gateway([organization("acme", ACME, require_identify="enforce")])
    with gateway.client() as client:
        assert client.get("/open/x").status_code == 401
        gateway.settings["routes"].append({"path": "/open/", "access": "public", "upstream": "widgets"})
        gateway.write_config()
        gateway.signal(signal.SIGHUP)
        eventually(lambda: client.get("/open/x").status_code == 200, within=2, what="the new route")
        assert len(client._transport._pool.connections) == 1  # still the first connection


def test_a_changed_file_is_reloaded_without_a_signal(make_gateway):
    gateway = make_gateway([organization("acme", ACME, require_identify="enforce")])
    with gateway.client() as client:
        assert client.get("/open/x").status_code == 401
        gateway.settings["routes"].append({"path": "/open/", "access": "public", "upstream": "widgets"})
        gateway.write_config()
        eventually(lambda: client.get("/open/x").status_code == 200, within=6, every=0.1, what="the new route")


def test_sighup_reloads_the_certificate(make_gateway):
    gateway = make_gateway()
    before = certificate_of(gateway)
    make_certificate(gateway.directory)
    gateway.signal(signal.SIGHUP)
    eventually(lambda: certificate_of(gateway) != before, within=2, what="the new certificate")


def test_an_invalid_file_keeps_the_old_configuration_and_says_so(make_gateway):
    gateway = make_gateway()
    with gateway.client() as client:
        accepted(client.get("/x"))
        gateway.config_path.write_text(gateway.config_path.read_text() + "\nworkers: many\n")
        gateway.signal(signal.SIGHUP)
        eventually(lambda: "workers" in gateway.log(), within=3, what="the complaint")
        accepted(client.get("/x"))
    assert gateway.is_alive()


def test_many_reloads_under_load_lose_no_request(make_gateway, email):
    gateway = make_gateway(workers=2)
    token = sign({"email": email}, ACME)
    stop, failures, answered = threading.Event(), [], []

    def load():
        with gateway.client() as client:
            while not stop.is_set():
                response = client.get("/x", headers={"Authorization": f"Bearer {token}"})
                answered.append(1)
                if response.status_code != 200:
                    failures.append(response.text)

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for number in range(10):
            gateway.settings["routes"][1:] = [{"path": f"/r{number}/", "access": "public", "upstream": "widgets"}]
            gateway.write_config()
            gateway.signal(signal.SIGHUP)
            goal = len(answered) + 10
            eventually(lambda: len(answered) >= goal or failures, within=30, what="answers under each configuration")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not failures


# Drain

def test_sigterm_without_traffic_exits_with_0_at_once(make_gateway):
    gateway = make_gateway()
    gateway.may_be_dead = True
    start = time.monotonic()
    assert gateway.stop() == 0
    assert time.monotonic() - start < 15, "it has waited for somebody: drain_timeout_seconds is 30"


def test_sigint_ends_it_too(make_gateway):
    gateway = make_gateway()
    gateway.may_be_dead = True
    gateway.signal(signal.SIGINT)
    assert gateway.process.wait(30) == 0


@pytest.mark.parametrize("protocol", ["h2", "http/1.1"])
def test_sigterm_finishes_streams_in_flight(make_gateway, protocol):
    upstream = RecordingUpstream()
    arrived, release = threading.Event(), threading.Event()

    def slow(exchange):
        arrived.set()
        release.wait(60)
        exchange.reply(b"finished")

    upstream.on("/slow", slow)
    gateway = make_gateway(upstreams=[{"name": "widgets", "url": upstream.url}])
    gateway.may_be_dead = True
    result = {}

    def one():
        # Not httpx for HTTP/2: it gives up its streams on any GOAWAY.
        if protocol == "h2":
            with HTTP2Client(gateway.tls_port, gateway.tls_context("h2"), timeout=20) as connection:
                result["body"] = connection.request(path="/slow").body
        else:
            with gateway.client(http2=False) as client:
                result["body"] = client.get("/slow").content

    thread = threading.Thread(target=one)
    thread.start()
    assert arrived.wait(20)
    gateway.signal(signal.SIGTERM)
    eventually(lambda: gateway.admin_status("/readyz") != 200, within=2, what="readiness to fail")

    def turns_away() -> bool:
        try:
            with gateway.client() as late:
                return late.get("/late").status_code == 503
        except (httpx.TransportError, OSError):
            return True

    # It has said that it isn't ready, and goes on to close its listeners.
    eventually(turns_away, what="that nobody else is let in")
    assert gateway.is_alive(), "it ended with a stream in flight"
    release.set()
    thread.join(30)
    assert result["body"] == b"finished"
    assert gateway.process.wait(30) == 0
    upstream.close()


def test_sigterm_says_goaway_to_idle_connections(make_gateway):
    gateway = make_gateway()
    gateway.may_be_dead = True
    with HTTP2Client(gateway.tls_port, gateway.tls_context("h2")) as connection:
        assert connection.request(path="/_widget/state").status == 200
        gateway.signal(signal.SIGTERM)
        connection.wait(lambda: connection.goaway is not None)
        assert connection.goaway is not None and connection.goaway.error_code == 0
    assert gateway.process.wait(30) == 0


def test_sigterm_gives_up_after_the_drain_timeout(make_gateway):
    upstream = RecordingUpstream()
    release = threading.Event()
    upstream.on("/hang", lambda exchange: release.wait(60) and None)
    gateway = make_gateway(upstreams=[{"name": "widgets", "url": upstream.url}], limits={"drain_timeout_seconds": 1})
    gateway.may_be_dead = True
    with HTTP1Client(gateway.clear_port) as connection:
        connection.send("GET /hang HTTP/1.1\r\nHost: x\r\n\r\n")
        eventually(lambda: upstream.seen("/hang"), within=3, what="the request")
        start = time.monotonic()
        gateway.signal(signal.SIGTERM)
        assert gateway.process.wait(30) == 0
        assert 0.5 < time.monotonic() - start < 20
    release.set()
    upstream.close()


# Logs

@pytest.mark.parametrize("form", ["text", "json"])
def test_the_access_log_names_the_request_and_gives_nothing_away(make_gateway, email, form):
    import json
    gateway = make_gateway(log={"level": "debug", "format": form, "access": True})
    token = sign({"email": email}, ACME)
    with gateway.client() as client:
        seen = client.get(f"/logged?a=1&sso={token}", headers={"Cookie": "__Host-widget_session=very-secret-cookie"})
        request_id = next(value for name, value in accepted(seen)["headers"] if name.lower() == "x-request-id")
        client.post("/_widget/identify", json={"token": token})
        client.get("/x", headers={"Authorization": f"Bearer {token}"})
        client.get("/y", headers={"Authorization": "Bearer " + token[:-2] + "xx"})
    line = eventually(lambda: next((line for line in gateway.log_lines() if request_id in line), None), within=2,
                      what="the access log line")
    assert "/logged" in line and "200" in line
    log = "\n".join(gateway.log_lines())
    for part in (token, token.rsplit(".", 1)[1], token.split(".")[1], "very-secret-cookie", ACME):
        assert part not in log
    if form == "json":
        for entry in log.splitlines():
            json.loads(entry)


def test_a_request_cannot_forge_a_log_line(make_gateway):
    gateway = make_gateway()
    with HTTP2Client(gateway.tls_port, gateway.tls_context("h2")) as connection:
        connection.request(path="/x%0aFORGED%20LINE", headers=[("user-agent", "a\tb\x1b[31mred")])
    # Its line is in the log once that of a later request is.
    with gateway.client() as client:
        client.get("/later")
    eventually(lambda: "/later" in gateway.log(), what="the access log")
    assert not any(line.startswith("FORGED") for line in gateway.log().splitlines())
    assert "\x1b[31m" not in gateway.log()
