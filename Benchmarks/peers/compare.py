"""What a request costs the server: Widget Gateway beside HAProxy, nginx and Envoy, on one core each, in turns.

All get the same: HTTP/2 over TLS 1.3 with one certificate, cipher suite and key exchange, and one HS256 token on every request. Each has one
worker thread pinned to core 0; the load (h2load) and the backend, which is reached over HTTP/1.1 keep-alive, run on core
1. HAProxy verifies with `jwt_verify`, Envoy with `jwt_authn` and its token cache; Debian's nginx can't verify, and shows
what the rest costs. "direct" is answered by the server itself; "handshake" is one request a connection.

CPU is what the kernel's scheduler accounts to all threads of the server while h2load runs, so it depends neither on the
client's speed nor on what else the machine does, within limits: rounds in which others take more than a small share of
the server's core are repeated, and when that doesn't help, there are no figures. Rounds of all servers alternate, and
the median counts.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path

from load import IdleConnections, Round, check_answers, run_h2load
from processes import Server, others_at_work
from servers import (Measured, make_certificate, sign_token, start_backend, start_envoy, start_gateway, start_haproxy,
                     start_nginx, versions)

ROOT = Path(__file__).resolve().parents[2]
SHAPES = [("10 × 10", ["-c", "10", "-m", "10"]), ("100 × 1", ["-c", "100", "-m", "1"])]
NAMES = ["gateway", "haproxy", "nginx", "envoy"]
# The gateway's cost divided by the peer's must not be above this.
TARGETS = {("proxied", "haproxy"): 0.65, ("proxied", "envoy"): 0.30, ("direct", "haproxy"): 0.65,
           ("handshake", "haproxy"): 1.0}
IDLE_TARGET_KIB = 24
# The share of the server's core that others may use.
QUIET = 0.10


def main() -> None:
    arguments = parse()
    if (os.cpu_count() or 1) < 2:
        sys.exit("This needs two cores: one for the server, one for the load.")
    refuse_if_busy(arguments.anyway)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit[1], limit[1]))

    binary = Path(os.environ.get("WIDGET_GATEWAY_BINARY", ROOT / ".build/release/widget-gateway")).resolve()
    directory = Path(tempfile.mkdtemp(prefix="widget-gateway-peers-"))
    servers: list[Server] = []
    try:
        make_certificate(directory)
        backend, backend_port = start_backend(directory)
        servers.append(backend)
        token = sign_token(binary, directory)
        measured = []
        for name in arguments.servers:
            match name:
                case "gateway": peer = start_gateway(binary, directory, backend_port)
                case "haproxy": peer = start_haproxy(directory, backend_port)
                case "nginx": peer = start_nginx(directory, backend_port)
                case _: peer = start_envoy(arguments.envoy, directory, backend_port)
            servers.append(peer.server)
            measured.append(peer)
        for peer in measured:
            for url in peer.urls.values():
                check_answers(url, token, peer.verifies)
        print(f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}; "
              + versions(arguments.servers, arguments.envoy))
        print(f"{arguments.rounds} rounds of {arguments.requests} requests; a token of {len(token)} bytes\n", flush=True)
        # Memory first: afterwards no server is fresh.
        results = {"memory": compare_memory(measured, token, arguments.idle)} if arguments.idle else {}
        results["load"] = compare_load(measured, arguments, token)
        if arguments.json:
            Path(arguments.json).write_text(json.dumps(results, indent=2) + "\n")
    finally:
        for server in reversed(servers):
            server.stop()
        if arguments.keep:
            print(f"Kept: {directory}")
        else:
            shutil.rmtree(directory, ignore_errors=True)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=100_000, help="requests a round and server")
    parser.add_argument("--handshakes", type=int, default=1000, help="connections a round and server; 0: none")
    parser.add_argument("--idle", type=int, default=1000, help="idle connections for the memory; 0: none")
    parser.add_argument("--servers", default=",".join(NAMES), help="which to measure, of " + ", ".join(NAMES))
    parser.add_argument("--ways", default="proxied,direct,handshake", help="which of proxied, direct, handshake")
    parser.add_argument("--envoy", type=Path, default=os.environ.get("ENVOY_BINARY"), help="the Envoy binary")
    parser.add_argument("--json", metavar="FILE", help="writes every round there")
    parser.add_argument("--anyway", action="store_true", help="measure on a busy machine too; the figures say little")
    parser.add_argument("--keep", action="store_true", help="keep the servers' folder, with their logs")
    arguments = parser.parse_args()
    arguments.servers = arguments.servers.split(",")
    arguments.ways = arguments.ways.split(",")
    if not arguments.servers or set(arguments.servers) - set(NAMES):
        parser.error("--servers takes " + ", ".join(NAMES))
    if "envoy" in arguments.servers and not arguments.envoy:
        parser.error("--envoy names the binary; run.sh installs one, or leave envoy out of --servers")
    if set(arguments.ways) - {"proxied", "direct", "handshake"}:
        parser.error("--ways takes proxied, direct and handshake")
    if min(arguments.rounds, arguments.requests) < 1:
        parser.error("--rounds and --requests are at least 1")
    return arguments


def refuse_if_busy(anyway: bool) -> None:
    share, names = others_at_work()
    if share > QUIET:
        words = f"A core is {share:.0%} busy before anything has begun" + (f", with {names}" if names else "") + "."
        if not anyway:
            sys.exit(f"{words} Figures would say nothing: run this when the machine is quiet (or with --anyway).")
        print(words + "\n")


def compare_load(measured: list[Measured], arguments: argparse.Namespace, token: str) -> list[dict]:
    print("CPU µs per request (handshake: per connection): median (lowest–highest)\n")
    print("| way | connections × streams | server | CPU µs | gateway ÷ it | requests/s | p99, ms |")
    print("| --- | --- | --- | --- | --- | --- | --- |", flush=True)
    results = []
    cases = [(way, label, way, shape, arguments.requests)
             for way in ("proxied", "direct") if way in arguments.ways for label, shape in SHAPES]
    if "handshake" in arguments.ways and arguments.handshakes:
        count = arguments.handshakes
        cases.append(("handshake", f"{count} × 1", "direct", ["-c", str(count), "-m", "1"], count))
    for way, label, path, shape, requests in cases:
        rounds: dict[str, list[Round]] = {peer.name: [] for peer in measured}
        for peer in measured:  # warm: connections to the backend, caches, the directory
            run_h2load(peer.server, peer.urls[path], shape, max(1000, requests // 10, requests if way == "handshake" else 0),
                       token)
        for _ in range(arguments.rounds):
            for peer in measured:
                rounds[peer.name].append(quiet_round(peer, peer.urls[path], shape, requests, token, arguments.anyway))
        ours = statistics.median([one.cpu for one in rounds["gateway"]]) if "gateway" in rounds else None
        for peer in measured:
            results.append({"way": way, "shape": label, "server": peer.name, "verifies": peer.verifies,
                            "rounds": [vars(one) for one in rounds[peer.name]]})
            print(row(way, label, peer, rounds[peer.name], ours), flush=True)
    print()
    return results


def quiet_round(peer: Measured, url: str, shape: list[str], requests: int, token: str, anyway: bool) -> Round:
    """A round that nobody disturbed."""
    for attempt in range(4):
        one = run_h2load(peer.server, url, shape, requests, token)
        if one.foreign <= QUIET or anyway:
            return one
        time.sleep(2 * (attempt + 1))
    sys.exit(f"\nOthers took {one.foreign:.0%} of the server's core in four rounds in a row: the machine is too busy to "
             "say anything. Run this when it is quiet (or with --anyway).")


def row(way: str, label: str, peer: Measured, rounds: list[Round], ours: float | None) -> str:
    costs = [one.cpu for one in rounds]
    middle = statistics.median(costs)
    ratio = ""
    if ours is not None and peer.name != "gateway":
        ratio = f"{ours / middle:.2f}"
        target = TARGETS.get((way, peer.name))
        if target:
            ratio += f" (target {target:.2f}: {'reached' if ours / middle <= target else 'missed'})"
    name = peer.name + ("" if peer.verifies else ", no verification")
    return (f"| {way} | {label} | {name} | {middle:.1f} ({min(costs):.1f}–{max(costs):.1f}) | {ratio} | "
            f"{statistics.median([one.rate for one in rounds]):,.0f} | "
            f"{statistics.median([one.p99 for one in rounds]):.1f} |")


def compare_memory(measured: list[Measured], token: str, count: int) -> list[dict]:
    print(f"Memory of an idle HTTP/2 connection over TLS, by {count} of them after one answer each\n")
    print("| server | resident before, MiB | a connection, KiB |")
    print("| --- | --- | --- |", flush=True)
    results = []
    for peer in measured:
        # What a server allocates once, it has allocated after these.
        IdleConnections(peer.urls["direct"], token, 50).close()
        time.sleep(1)
        before = peer.server.resident_kib()
        connections = IdleConnections(peer.urls["direct"], token, count)
        time.sleep(1)
        each = (peer.server.resident_kib() - before) / count
        connections.close()
        target = ""
        if peer.name == "gateway":
            target = f" (target {IDLE_TARGET_KIB}: {'reached' if each <= IDLE_TARGET_KIB else 'missed'})"
        results.append({"server": peer.name, "resident_before_kib": before, "connection_kib": each})
        print(f"| {peer.name} | {before / 1024:.0f} | {each:.1f}{target} |", flush=True)
    print()
    return results


if __name__ == "__main__":
    main()
