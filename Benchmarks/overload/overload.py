"""What becomes of requests past capacity, behind an upstream that can do so many at once and no more.

The upstream answers each request after a fixed time; the gateway may have a fixed number of connections to it. So
capacity is known beforehand. Requests are offered at a steady rate, whether earlier ones are answered or not (h2load
--rps), at 1, 2 and 4 times of capacity, once with a bound on requests under way and once with the pool's own queue as
the only one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SECRET = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
CLIENTS = 16


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--milliseconds", type=int, default=50, help="how long the upstream takes for a request")
    parser.add_argument("--connections", type=int, default=32, help="connections to the upstream")
    parser.add_argument("--bound", type=int, default=64, help="overload.requests_in_flight of the bounded runs")
    parser.add_argument("--seconds", type=int, default=8, help="how long each load lasts")
    parser.add_argument("--json", action="store_true", help="print a JSON object a row")
    arguments = parser.parse_args()

    binary = Path(os.environ.get("WIDGET_GATEWAY_BINARY", ROOT / ".build/release/widget-gateway")).resolve()
    capacity = arguments.connections * 1000 // arguments.milliseconds
    port = free_port()
    upstream = multiprocessing.Process(target=serve, args=(port, arguments.milliseconds / 1000), daemon=True)
    upstream.start()
    if not arguments.json:
        print(f"Capacity: {arguments.connections} connections, {arguments.milliseconds} ms each: {capacity} a second\n")
        print("| under way at most | offered, × capacity | answered 200, a second | of capacity | p50 of those, ms "
              "| p99, ms | 503, a second | p99 of those, ms | other |")
        print("|---|---|---|---|---|---|---|---|---|")
    try:
        for bound in (arguments.bound, None):
            with Gateway(binary, port, arguments.connections, bound) as gateway:
                for factor in (1, 2, 4, 1):
                    row = offer(gateway, capacity, factor, arguments.seconds) | {"bound": bound or "default"}
                    print(json.dumps(row) if arguments.json else shown(row, capacity), flush=True)
    finally:
        upstream.kill()
        upstream.join()


def shown(row: dict, capacity: int) -> str:
    return (f"| {row['bound']} | {row['factor']} | {row['served']:.0f} | {row['served'] / capacity:.0%} "
            f"| {row['p50']:.0f} | {row['p99']:.0f} | {row['refused']:.0f} "
            f"| {row['refused_p99']:.1f} | {row['other']} |")


def offer(gateway: "Gateway", capacity: int, factor: int, seconds: int) -> dict:
    """Offers `factor` times of capacity; the figures are those of the last three quarters of the time."""
    log = gateway.directory / "requests.tsv"
    log.unlink(missing_ok=True)
    rate = capacity * factor // CLIENTS
    result = subprocess.run(
        ["h2load", "-D", str(seconds), "-c", str(CLIENTS), "-m", "1000", f"--rps={rate}", f"--log-file={log}",
         f"http://127.0.0.1:{gateway.port}/slow"], capture_output=True, text=True, timeout=seconds + 60)
    if result.returncode != 0:
        sys.exit(result.stdout + result.stderr)
    rows = [tuple(map(int, line.split("\t")[:3])) for line in log.read_text().splitlines()]
    begin = min(row[0] for row in rows)
    counted = [row for row in rows if begin + seconds * 250_000 <= row[0] < begin + seconds * 1_000_000]
    served = sorted(row[2] / 1000 for row in counted if row[1] == 200)
    refused = sorted(row[2] / 1000 for row in counted if row[1] == 503)
    time.sleep(4)  # What still waits is over by then.
    span = seconds * 0.75
    return {"factor": factor, "served": len(served) / span, "p50": quantile(served, 0.5), "p99": quantile(served, 0.99),
            "refused": len(refused) / span, "refused_p99": quantile(refused, 0.99),
            "other": len(counted) - len(served) - len(refused)}


def quantile(values: list[float], share: float) -> float:
    return values[min(len(values) - 1, int(len(values) * share))] if values else 0.0


class Gateway:
    """The gateway with one worker, in a directory of its own."""

    def __init__(self, binary: Path, upstream: int, connections: int, bound: int | None):
        self.binary, self.port = binary, free_port()
        self.admin = free_port()
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith("WIDGET_GATEWAY_")}
        self.directory = Path(tempfile.mkdtemp(prefix="widget-gateway-overload-"))
        overload = f"overload: {{ requests_in_flight: {bound} }}\n" if bound else ""
        (self.directory / "gateway.yaml").write_text(
            f"listen: [{{ address: 127.0.0.1:{self.port}, cleartext: true }}]\n"
            f"admin: {{ address: 127.0.0.1:{self.admin} }}\n"
            f"upstreams: [{{ name: slow, url: http://127.0.0.1:{upstream}, max_connections: {connections} }}]\n"
            "routes: [{ path: /, access: widget, upstream: slow }]\nworkers: 1\n"
            f"limits: {{ streams: 1000 }}\nlog: {{ access: false }}\n{overload}")
        (self.directory / "organizations.yaml").write_text(
            "organizations:\n  - { id: acme, name: Acme, dialect: productbridge, "
            f"secrets: [{{ secret: \"{SECRET}\" }}] }}\n")

    def __enter__(self) -> "Gateway":
        options = ["--config", str(self.directory / "gateway.yaml")]
        applied = subprocess.run(
            [self.binary, "organization", "apply", *options, self.directory / "organizations.yaml"], cwd=self.directory,
            capture_output=True, text=True, env=self.environment)
        if applied.returncode != 0:
            sys.exit(applied.stdout + applied.stderr)
        with (self.directory / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [self.binary, "serve", *options], cwd=self.directory, env=self.environment, stdout=log, stderr=log)
        for _ in range(200):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/readyz", timeout=1):
                    return self
            except OSError:
                time.sleep(0.05)
        sys.exit((self.directory / "log").read_text())

    def __exit__(self, *_) -> None:
        self.process.terminate()
        self.process.wait(40)
        shutil.rmtree(self.directory)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def serve(port: int, seconds: float) -> None:
    """An upstream that takes `seconds` for every request."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                await asyncio.sleep(seconds)
                writer.write(answer)
        except (asyncio.IncompleteReadError, OSError):
            writer.close()

    async def run() -> None:
        server = await asyncio.start_server(connection, "127.0.0.1", port, backlog=1024)
        await server.serve_forever()

    asyncio.run(run())


if __name__ == "__main__":
    main()
