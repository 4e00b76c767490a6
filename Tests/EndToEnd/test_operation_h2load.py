"""Ending, handing over and reloading while h2load asks: an independent client, which counts for itself what fails.

After GOAWAY h2load sends nothing more on that connection, and it opens no other. What
waited to be sent at that moment it counts as failed, and its own log tells it from what was sent. The gateway's access
log is the second account of the same requests.
"""

import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from conftest import ACME, organization
from harness.gateway import eventually, make_certificate
from harness.http2 import HTTP2Client
from harness.tokens import sign
from test_lifecycle import certificate_of
from test_observability import value
from test_operation import ending, started

pytestmark = pytest.mark.skipif(shutil.which("h2load") is None, reason="there is no h2load (nghttp2-client)")

STATE, PAGE = "/_widget/state", "/page"


class H2Load:
    """A running h2load; `succeeded()` waits for its end."""

    def __init__(self, gateway, log: Path, *options: str, paths=(STATE, PAGE)):
        self.log = log
        self.process = subprocess.Popen(
            ["h2load", "-t", "1", "-H", f"authorization: Bearer {sign({'email': 'load@example.test'}, ACME)}",
             f"--log-file={log}", *options, *[gateway.https + path for path in paths]],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def counts(self) -> dict[str, int]:
        self.output = self.process.communicate(timeout=150)[0]
        found = re.search(r"^requests: (.*)$", self.output, re.MULTILINE)
        assert found, self.output
        counts = {name: int(count) for count, name in re.findall(r"(\d+) (\w+)", found[1])}
        # When it began, the status or -1, how long it took. What hasn't gone out never began.
        lines = [line.split("\t") for line in self.log.read_text().splitlines()]
        counts["unsent"] = sum(1 for began, status, _ in lines if status == "-1" and int(began) <= 0)
        return counts

    def succeeded(self) -> int:
        """All that it sent: nothing failed, nothing is missing."""
        counts = self.counts()
        assert counts["failed"] == counts["errored"] == counts["unsent"] and counts["timeout"] == 0, (counts, self.output)
        assert counts["done"] == counts["succeeded"] + counts["unsent"] > 0, (counts, self.output)
        self.unsent = counts["unsent"]
        assert f"status codes: {counts['succeeded']} 2xx, 0 3xx, 0 4xx, 0 5xx" in self.output, self.output
        return counts["succeeded"]

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)


@pytest.fixture
def h2load(tmp_path):
    running = []

    def start(gateway, *options: str, **more) -> H2Load:
        running.append(H2Load(gateway, tmp_path / f"h2load-{len(running)}.log", *options, **more))
        return running[-1]

    yield start
    for load in running:
        load.close()


def answered(gateway) -> int:
    return value(gateway, "widget_requests_total", outcome="answered") + value(
        gateway, "widget_requests_total", outcome="forwarded")


def log_lines(gateway) -> list[str]:
    return [line for line in gateway.log_lines() if line.startswith("access ")]


@pytest.mark.parametrize("protocol", [(), ("--h1",)], ids=["h2", "http/1.1"])
def test_a_drain_under_h2load_fails_no_request(make_gateway, h2load, protocol):
    gateway = make_gateway(workers=2)
    gateway.may_be_dead = True
    streams = () if protocol else ("-m", "10")
    load = h2load(gateway, *protocol, "-c", "8", *streams, "-D", "4", "--rps", "40")
    eventually(lambda: len(log_lines(gateway)) > 200, within=30, what="load")
    gateway.signal(signal.SIGTERM)
    assert gateway.process.wait(30) == 0
    succeeded, lines = load.succeeded(), log_lines(gateway)
    fine = [line for line in lines if re.search(r" status=200 .*outcome=(answered|forwarded)$", line)]
    assert fine == lines, "the gateway itself saw one that didn't end well"
    # What has been answered has arrived, and nobody waits for an answer that the gateway never gave.
    assert succeeded == len(lines) > 200, load.output


def test_h2load_notices_a_gateway_that_does_not_drain(make_gateway, h2load):
    """The check above can fail: without a drain the two accounts differ, or requests are counted as failed."""
    gateway = make_gateway(workers=2, routes=[{"path": "/", "access": "public", "upstream": "widgets"}])
    gateway.may_be_dead = True
    load = h2load(gateway, "-c", "8", "-m", "50", "-D", "10", paths=[PAGE])
    eventually(lambda: len(log_lines(gateway)) > 50, within=30, what="load")
    gateway.kill()
    counts = load.counts()
    assert counts["failed"] > counts["unsent"] or counts["succeeded"] != len(log_lines(gateway)), load.output


@pytest.mark.parametrize("workers", [1, 2])
def test_a_replacement_under_h2load_refuses_and_fails_nobody(make_gateway, h2load, workers):
    """Twice in a row: new connections all the time, connections that stay until they are told to go, and both protocols."""
    gateway = make_gateway(workers=workers)
    gateway.may_be_dead = True
    successors = []
    loads = [
        h2load(gateway, "-c", "960", "-n", "960", "-r", "80", paths=[STATE]),  # Twelve seconds of new connections.
        h2load(gateway, "--h1", "-c", "960", "-n", "960", "-r", "80", paths=[STATE]),
        h2load(gateway, "--h1", "-c", "4", "-D", "12", "--rps", "20"),
        h2load(gateway, "-c", "4", "-m", "10", "-D", "12", "--rps", "20"),
    ]
    eventually(lambda: len(log_lines(gateway)) > 100, within=30, what="load")
    old = gateway.process
    for number in range(2):
        new = started(gateway, "--replace", str(old.pid))
        successors.append(new)
        assert old.wait(60) == 0
        # A slow machine may need all the time that is left for the second.
        assert number > 0 or loads[-1].process.poll() is None, "the load was over"
        old = new
    with ending(*successors):
        succeeded = [load.succeeded() for load in loads]
        # Whoever had connected as the drain began may have been told to go before it asked.
        taken = [succeeded[0] + loads[0].unsent, succeeded[1]]
        assert taken == [960, 960], "each connection was taken, and its request answered"
        assert sum(succeeded) == len(log_lines(gateway))
        assert gateway.log().count("handing over") == 2


def test_reloads_under_h2load_fail_no_request(make_gateway, h2load):
    """Certificates, routes and limits, all at once and again and again; each takes effect, and nobody notices."""
    gateway = make_gateway([organization("acme", ACME, require_identify="enforce")], workers=2)
    loads = [
        h2load(gateway, "-c", "4", "-m", "10", "-D", "8", "--rps", "40"),
        h2load(gateway, "--h1", "-c", "4", "-D", "8", "--rps", "40"),
        h2load(gateway, "-c", "400", "-n", "400", "-r", "50", paths=[STATE]),
    ]
    eventually(lambda: answered(gateway) > 100, within=30, what="load")
    reloads, seen = "widget_configuration_reloads_total", {certificate_of(gateway)}
    for number in range(6):
        if any(load.process.poll() is not None for load in loads):
            assert number > 1, "next to nothing happened under load"
            break
        done = value(gateway, reloads, result="succeeded")
        make_certificate(gateway.directory)
        gateway.settings["routes"][1:] = [{"path": f"/open{number}/", "access": "public", "upstream": "widgets"}]
        gateway.settings["limits"] = {"streams": 100 + number, "header_list_bytes": 16384 - 1024 * number}
        gateway.write_config()
        gateway.signal(signal.SIGHUP)
        eventually(lambda: value(gateway, reloads, result="succeeded") > done, within=5, what="the reload")
        assert (certificate := certificate_of(gateway)) not in seen, "the new certificate"
        seen.add(certificate)
        with HTTP2Client(gateway.tls_port, gateway.tls_context("h2"), authority="acme.test") as client:
            assert client.request(path=f"/open{number}/x").status == 200, "the new route"
            assert client.request(path=f"/open{number - 1}/x").status == 401, "the old one"
            room = 16384 - 1024 * number
            assert client.request(path=STATE, headers=[("x-filler", "x" * (room - 1000))]).status == 200
            assert client.request(path=STATE, headers=[("x-filler", "x" * (room + 100))]).status == 431, "the new limit"
    refused = gateway.config_path.read_text()
    gateway.config_path.write_text("limits: { streams: many }\n")
    gateway.signal(signal.SIGHUP)
    eventually(lambda: value(gateway, reloads, result="failed") >= 1, within=5, what="the refusal")
    gateway.config_path.write_text(refused)
    assert [load.succeeded() > 100 for load in loads] == [True] * 3
