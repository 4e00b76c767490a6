"""What many users cost the gateway: a million tokens in rotation beside one token, and a burst of first-seen users.

The gateway runs with one worker, pinned to core 0 with all its threads, those of the directory too; the load test and the
backend run on core 1. Four questions are answered:

- what a token's first request costs (verification, admission, a durable record of the user);
- what a later request costs when a million tokens take turns, against one token's;
- how much memory a token takes;
- what a burst of first-seen users does to the latency of everybody else.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))
from processes import LOAD_CORE, Server, end_with_parent, others_at_work  # noqa: E402
from servers import Measured, SECRET, make_certificate, start_backend, start_gateway  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
ROTATION_TARGET, BYTES_TARGET = 1.5, 400


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=1_000_000, help="in rotation")
    parser.add_argument("--burst", type=int, default=100_000, help="first-seen users at once")
    parser.add_argument("--rate", type=int, default=5000, help="requests a second of everybody else during the burst")
    parser.add_argument("--megabytes", type=int, default=1024, help="the cache's size")
    parser.add_argument("--seconds", type=int, default=15, help="how long each way is measured")
    parser.add_argument("--anyway", action="store_true", help="measure on a busy machine too; the figures say little")
    arguments = parser.parse_args()
    share, names = others_at_work()
    if share > 0.10:
        words = f"A core is {share:.0%} busy before anything has begun, with {names}."
        if not arguments.anyway:
            sys.exit(words + " Run this when the machine is quiet (or with --anyway).")
        print(words + "\n")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))

    binary = Path(os.environ.get("WIDGET_GATEWAY_BINARY", ROOT / ".build/release/widget-gateway")).resolve()
    load = ROOT / "Benchmarks/.build/release/widget-load"
    directory = Path(tempfile.mkdtemp(prefix="widget-gateway-tokens-"))
    servers: list[Server] = []
    try:
        make_certificate(directory)
        (directory / "secret").write_text(SECRET)
        backend, port = start_backend(directory)
        servers.append(backend)
        gateway = start_gateway(binary, directory, port, more=f"cache: {{ megabytes: {arguments.megabytes} }}\n")
        servers.append(gateway.server)
        rotate(load, directory, gateway, arguments)
        gateway.server.stop()
        for file in directory.glob("gateway.db*"):
            file.unlink()
        gateway = start_gateway(binary, directory, port, more=f"cache: {{ megabytes: {arguments.megabytes} }}\n")
        servers.append(gateway.server)
        burst(load, directory, gateway, arguments)
    finally:
        for server in reversed(servers):
            server.stop()
        shutil.rmtree(directory, ignore_errors=True)


def start_load(load: Path, directory: Path, gateway: Measured, name: str, *options: str) -> subprocess.Popen:
    target, _, path = gateway.urls["direct"].removeprefix("https://").partition("/")
    return subprocess.Popen(
        ["taskset", "-c", LOAD_CORE, str(load), "--target", f"https://{target}", "--secret-file",
         str(directory / "secret"), "--pid", str(gateway.server.process.pid), "--json", str(directory / f"{name}.json"),
         "--path", "/" + path, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        preexec_fn=end_with_parent)


def finish(process: subprocess.Popen, directory: Path, name: str, patience: float) -> dict:
    try:
        output, _ = process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        sys.exit(f"the load ({name}) took more than {patience:.0f} seconds")
    if process.returncode:
        sys.exit(f"the load ({name}) failed:\n{output[-2000:]}")
    return json.loads((directory / f"{name}.json").read_text())


def rotate(load: Path, directory: Path, gateway: Measured, arguments: argparse.Namespace) -> None:
    seconds = str(arguments.seconds)
    one = finish(start_load(load, directory, gateway, "one", "--warm-up", "--duration", seconds), directory, "one", 300)
    name = "many"
    many = finish(start_load(load, directory, gateway, name, "--warm-up", "--tokens", str(arguments.tokens),
                             "--duration", seconds), directory, name, 1800)
    first = many["firstSeen"]
    cost, base = (report["gateway"]["cpuMicrosecondsPerRequest"] for report in (many, one))
    grown = (first["gateway"]["residentGrowthMiB"] + many["gateway"]["residentGrowthMiB"]) * 1024 * 1024
    each = grown / arguments.tokens
    headers = header_bytes()
    print(f"{arguments.tokens:,} tokens of {many['tokenBytes']} bytes, a cache of {arguments.megabytes} MiB\n")
    print("| what | measured | target |")
    print("| --- | --- | --- |")
    print(f"| a request of one token, CPU µs | {base:.2f} | |")
    print(f"| a request, all tokens in rotation, CPU µs | {cost:.2f} | {ROTATION_TARGET} × one token's: "
          f"{cost / base:.2f}, {'reached' if cost / base <= ROTATION_TARGET else 'missed'} |")
    print(f"| a first-seen token, CPU µs | {first['gateway']['cpuMicrosecondsPerRequest']:.1f} | |")
    print(f"| first-seen tokens a second; p99, ms | {first['latency']['count'] / first['seconds']:,.0f}; "
          f"{first['latency']['p99']:.1f} | |")
    print(f"| memory a token, bytes | {each:.0f}, of which headers need {headers} | {BYTES_TARGET} beyond the headers: "
          f"{'reached' if each - headers <= BYTES_TARGET else 'missed'} |")
    print(flush=True)


def header_bytes() -> int:
    """What the identity headers of the load test's users take, as lines."""
    values = {"x-widget-state": "identified", "x-widget-organization": "acme", "x-widget-user": "usr_" + "u" * 26,
              "x-widget-user-id": "0000001", "x-widget-user-email": "user-0000001@load.test",
              "x-widget-user-name": "User%200000001", "x-widget-verified-by": "token"}
    return sum(len(name) + len(value) + 4 for name, value in values.items())


def burst(load: Path, directory: Path, gateway: Measured, arguments: argparse.Namespace) -> None:
    quiet_before = 5
    steady = start_load(load, directory, gateway, "steady", "--warm-up", "--tokens", "1000", "--rate",
                        str(arguments.rate), "--duration", "40s")
    # The tokens' first requests and the connections take a moment.
    time.sleep(quiet_before + 1)
    crowd = start_load(load, directory, gateway, "crowd", "--warm-up", "--tokens", str(arguments.burst), "--duration",
                       "100ms")
    begun = time.monotonic()
    crowded = finish(crowd, directory, "crowd", 300)
    took = time.monotonic() - begun
    report = finish(steady, directory, "steady", 300)
    seconds = report["perSecond"]
    calm = [second["p99"] for second in seconds[:quiet_before - 1]]
    after = quiet_before - 1
    during = [second["p99"] for second in seconds[after:after + int(took) + 2]]
    rest = [second["p99"] for second in seconds[after + int(took) + 3:]]
    first = crowded["firstSeen"]
    print(f"A burst of {arguments.burst:,} first-seen users ({first['seconds']:.1f} s) beside {arguments.rate:,} requests a "
          "second of 1,000 known ones: p99 of the latter, ms, by the second\n")
    print("| before | in the burst: median, worst second | afterwards |")
    print("| --- | --- | --- |")
    print(f"| {middle(calm)} | {middle(during)}, {max(during, default=0):.2f} | {middle(rest)} |")
    print(f"\nErrors of the known users: {report['errors']}; of the new ones: {first['errors']}.")


def middle(values: list[float]) -> str:
    return f"{sorted(values)[len(values) // 2]:.2f}" if values else "–"


if __name__ == "__main__":
    main()
