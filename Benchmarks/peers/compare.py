"""Server CPU per verified request: Widget Gateway and HAProxy 2.6 with `jwt_verify`, on one core each, in turns.

What is compared: HTTP/2 over TLS 1.3 with the same certificate, the same HS256 token verified on every request, one
worker thread pinned to core 0. The load (h2load) and the backend run on core 1. "proxied" goes to that backend over
HTTP/1.1 keep-alive; "direct" is answered by the server itself. CPU is what the kernel's scheduler accounts to the
server's threads while h2load runs (/proc/PID/task/*/schedstat), so it doesn't matter what else the machine does, or how
fast the client is. Rounds are interleaved and the median counts.
"""

from __future__ import annotations

import argparse
import http.client
import os
import platform
import re
import shutil
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SERVER_CORE, LOAD_CORE = "0", "1"
SECRET = "".join(f"{byte:02x}" for byte in range(32))
BODY = '{"posts":[{"id":1,"title":"Dark mode","votes":12}]}'
# The gateway refuses variables of its own prefix that it doesn't know.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("WIDGET_GATEWAY_")}
SHAPES = [("10 × 10", ["-c", "10", "-m", "10"]), ("100 × 1", ["-c", "100", "-m", "1"])]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A process pinned to a core, and the CPU time of all its threads."""

    def __init__(self, name: str, core: str, command: list[str], directory: Path, ports: list[int]):
        self.name = name
        log = (directory / f"{name}.log").open("wb")
        self.process = subprocess.Popen(["taskset", "-c", core, *command], cwd=directory, stdout=log, stderr=log,
                                        env=ENVIRONMENT)
        for port in ports:
            self._wait(port, directory)

    def _wait(self, port: int, directory: Path) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        sys.exit(f"{self.name} didn't start:\n{(directory / f'{self.name}.log').read_text()[-2000:]}")

    def cpu_nanoseconds(self) -> int:
        tasks = Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)

    def resident_mib(self) -> float:
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()


def haproxy_backend(port: int) -> str:
    return f"""
global
    nbthread 1
    maxconn 4000
defaults
    mode http
    timeout client 60s
    timeout server 60s
    timeout connect 5s
    timeout http-keep-alive 60s
frontend backend
    bind 127.0.0.1:{port}
    http-request return status 200 content-type application/json string '{BODY}'
"""


def haproxy_peer(port: int, backend_port: int, certificate: Path) -> str:
    return f"""
global
    nbthread 1
    maxconn 4000
    ssl-default-bind-options ssl-min-ver TLSv1.3
    tune.ssl.default-dh-param 2048
defaults
    mode http
    timeout client 60s
    timeout server 60s
    timeout connect 5s
    timeout http-keep-alive 60s
    option forwardfor
    unique-id-format %{{+X}}o%ci%cp%fi%fp%Ts%rt%pid
frontend gateway
    bind 127.0.0.1:{port} ssl crt {certificate} alpn h2,http/1.1
    # The same work: algorithm, signature and expiry checked, the token taken off, forged identity headers stripped, the
    # claims handed on as identity headers, the request traced and its way recorded.
    http-request set-var(txn.token) http_auth_bearer
    http-request deny deny_status 401 unless {{ var(txn.token),jwt_header_query('$.alg') -m str HS256 }}
    http-request deny deny_status 401 unless {{ var(txn.token),jwt_verify("HS256","{SECRET}") -m int 1 }}
    http-request set-var(txn.exp) var(txn.token),jwt_payload_query('$.exp','int')
    http-request set-var(txn.left) date,neg,add(txn.exp)
    http-request deny deny_status 401 unless {{ var(txn.left) -m int gt 0 }}
    http-request del-header authorization
    http-request del-header x-widget- -m beg
    http-request set-header x-forwarded-proto https
    http-request set-header x-forwarded-host %[req.hdr(host)]
    http-request set-header forwarded for=%[src];proto=https;host="%[req.hdr(host)]"
    http-request set-header via "2 haproxy"
    http-request set-header x-request-id %[unique-id]
    http-request set-header traceparent 00-%[rand(999999999),hex,bytes(8,8)]%[rand(999999999),hex]0-%[rand(999999999),hex]-00
    http-request set-header x-widget-state identified
    http-request set-header x-widget-organization bench
    http-request set-header x-widget-user-id %[var(txn.token),jwt_payload_query('$.id')]
    http-request set-header x-widget-user-email %[var(txn.token),jwt_payload_query('$.email')]
    http-request set-header x-widget-user-name %[var(txn.token),jwt_payload_query('$.name'),url_enc]
    http-request set-header x-widget-verified-by token
    http-response set-header x-request-id %[unique-id]
    http-request return status 200 content-type application/json string '{BODY}' if {{ path /direct }}
    default_backend widgets
backend widgets
    http-reuse always
    server widgets 127.0.0.1:{backend_port}
"""


GATEWAY = """
listen:
  - address: 127.0.0.1:{port}
    tls: {{ certificate: cert.pem, key: key.pem }}
admin: {{ address: 127.0.0.1:{admin_port} }}
storage: {{ url: sqlite:gateway.db, master_key_file: master.key }}
upstreams:
  - {{ name: widgets, url: http://127.0.0.1:{backend_port} }}
routes:
  - {{ path: /, access: widget, upstream: widgets }}
workers: 1
log: {{ level: warning, access: false }}
"""

ORGANIZATIONS = f"""
organizations:
  - id: acme
    secrets: [{{ secret: "{SECRET}" }}]
    require_identify: enforce
"""


def quiet(*command: str, directory: Path) -> str:
    result = subprocess.run(command, cwd=directory, capture_output=True, text=True, env=ENVIRONMENT)
    if result.returncode:
        sys.exit(f"{' '.join(command[:3])} failed:\n{result.stdout}{result.stderr}")
    return result.stdout.strip()


def make_certificate(directory: Path) -> Path:
    quiet("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
          "key.pem", "-out", "cert.pem", "-days", "2", "-subj", "/CN=localhost", directory=directory)
    both = directory / "both.pem"
    both.write_text((directory / "cert.pem").read_text() + (directory / "key.pem").read_text())
    return both


def load(url: str, shape: list[str], requests: int, token: str) -> float:
    """Runs h2load on the other core; returns requests a second. Anything but 2xx ends the comparison."""
    result = subprocess.run(
        ["taskset", "-c", LOAD_CORE, "h2load", "-t", "1", "-n", str(requests), *shape, "-H",
         f"authorization: Bearer {token}", url], capture_output=True, text=True)
    if f"status codes: {requests} 2xx" not in result.stdout:
        sys.exit(f"h2load against {url} failed:\n{result.stdout[-1500:]}{result.stderr}")
    return float(re.search(r", ([\d.]+) req/s", result.stdout)[1])


def check_verifies(url: str, token: str) -> None:
    """Both servers must really verify: the genuine token passes, and with one character changed it doesn't."""
    context = ssl._create_unverified_context()
    host, _, path = url.removeprefix("https://").partition("/")
    forged = token[:-2] + ("A" if token[-2] != "A" else "B") + token[-1]
    for candidate, wanted in ((token, 200), (forged, 401)):
        connection = http.client.HTTPSConnection(host, context=context, timeout=10)
        connection.request("GET", "/" + path, headers={"Authorization": f"Bearer {candidate}"})
        status = connection.getresponse().status
        connection.close()
        if status != wanted:
            sys.exit(f"{url} answered {status} instead of {wanted}: the comparison would be worthless")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=100_000, help="requests a round and server")
    parser.add_argument("--only", choices=["gateway", "haproxy"], help="measure one server alone")
    parser.add_argument("--keep", action="store_true", help="keep the servers' folder, with their logs")
    arguments = parser.parse_args()
    if (os.cpu_count() or 1) < 2:
        sys.exit("This needs two cores: one for the server, one for the load.")

    binary = Path(os.environ.get("WIDGET_GATEWAY_BINARY", ROOT / ".build/release/widget-gateway")).resolve()
    haproxy = shutil.which("haproxy") or "/usr/sbin/haproxy"
    directory = Path(tempfile.mkdtemp(prefix="widget-gateway-peers-"))
    servers: list[Server] = []
    try:
        both = make_certificate(directory)
        backend_port, peer_port, port, admin_port = (free_port() for _ in range(4))
        (directory / "backend.cfg").write_text(haproxy_backend(backend_port))
        servers.append(Server("backend", LOAD_CORE, [haproxy, "-db", "-f", "backend.cfg"], directory, [backend_port]))

        measured: list[tuple[Server, dict[str, str]]] = []
        if arguments.only != "haproxy":
            (directory / "gateway.yaml").write_text(
                GATEWAY.format(port=port, admin_port=admin_port, backend_port=backend_port))
            (directory / "organizations.yaml").write_text(ORGANIZATIONS)
            quiet(str(binary), "organization", "apply", "--config", "gateway.yaml", "organizations.yaml",
                  directory=directory)
            gateway = Server("gateway", SERVER_CORE, [str(binary), "serve", "--config", "gateway.yaml"], directory,
                             [port, admin_port])
            servers.append(gateway)
            base = f"https://127.0.0.1:{port}"
            measured.append((gateway, {"proxied": base + "/posts", "direct": base + "/_widget/state"}))
        if arguments.only != "gateway":
            (directory / "haproxy.cfg").write_text(haproxy_peer(peer_port, backend_port, both))
            peer = Server("haproxy", SERVER_CORE, [haproxy, "-db", "-f", "haproxy.cfg"], directory, [peer_port])
            servers.append(peer)
            base = f"https://127.0.0.1:{peer_port}"
            measured.append((peer, {"proxied": base + "/posts", "direct": base + "/direct"}))

        (directory / "secret").write_text(SECRET)
        token = quiet(
            str(binary), "token", "sign", "--secret-file", "secret", "--expires-in", "3600", "--claims",
            '{"email":"ada@example.test","id":"42","name":"Ada Lovelace","company_name":"Analytical Engines"}',
            directory=directory)
        for _, urls in measured:
            for url in urls.values():
                check_verifies(url, token)
        report(measured, arguments, token)
        print("Resident memory after the load: " + ", ".join(
            f"{server.name} {server.resident_mib():.0f} MiB" for server, _ in measured))
    finally:
        for server in servers:
            server.stop()
        if arguments.keep:
            print(f"Kept: {directory}")
        else:
            shutil.rmtree(directory, ignore_errors=True)


def report(measured, arguments, token: str) -> None:
    version = quiet(shutil.which("haproxy") or "/usr/sbin/haproxy", "-v", directory=ROOT).splitlines()[0]
    print(f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}; {version}")
    print(f"{arguments.rounds} rounds of {arguments.requests} requests; a token of {len(token)} bytes")
    print("CPU µs per request: median (lowest–highest); requests a second as a side note\n", flush=True)
    names = [server.name for server, _ in measured]
    print("| way | connections × streams | " + " | ".join(names) + (" | gateway ÷ haproxy |" if len(names) == 2 else " |"))
    print("| --- | --- |" + " --- |" * (len(names) + (len(names) == 2)))
    for way in ("proxied", "direct"):
        for label, shape in SHAPES:
            costs: dict[str, list[float]] = {name: [] for name in names}
            rates: dict[str, list[float]] = {name: [] for name in names}
            for server, urls in measured:  # warm: connections to the backend, caches, the directory
                load(urls[way], shape, max(1000, arguments.requests // 10), token)
            for _ in range(arguments.rounds):
                for server, urls in measured:
                    before = server.cpu_nanoseconds()
                    rates[server.name].append(load(urls[way], shape, arguments.requests, token))
                    costs[server.name].append((server.cpu_nanoseconds() - before) / arguments.requests / 1000)
            cells = []
            for name in names:
                middle = statistics.median(costs[name])
                cells.append(f"{middle:.1f} ({min(costs[name]):.1f}–{max(costs[name]):.1f}) · "
                             f"{statistics.median(rates[name]):,.0f}/s")
            if len(names) == 2:
                cells.append(f"{statistics.median(costs[names[0]]) / statistics.median(costs[names[1]]):.2f}")
            print(f"| {way} | {label} | " + " | ".join(cells) + " |", flush=True)
    print()


if __name__ == "__main__":
    main()
