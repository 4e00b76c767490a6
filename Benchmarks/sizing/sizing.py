"""What first-seen users cost with PostgreSQL: how many a second, whose processor time, how many bytes each.

One gateway, then three at once, admit users whom nobody has seen; the database is durable, with the settings that it has
by default. Then one gateway does it over a line of some milliseconds, with statements pipelined as they are, and with the
same statements one by one, each for a round trip (`link.py`): what pipelining brings.

The load test, the gateways and the database share the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/EndToEnd"))

from harness.gateway import Gateway  # noqa: E402
from harness.postgres import Postgres  # noqa: E402
from harness.tokens import secret  # noqa: E402

from link import Link  # noqa: E402

KEY = secret(741)
LOAD = Path(os.environ.get("WIDGET_LOAD", ROOT / "Benchmarks/.build/release/widget-load"))
TICKS = os.sysconf("SC_CLK_TCK")
#: Organizations of which each burst takes one of its own, so that all users are new.
ORGANIZATIONS = 20


@dataclass
class Burst:
    users: int
    seconds: float
    p50: float
    p99: float
    gateway_cpu: float
    database_cpu: float

    @property
    def rate(self) -> float:
        return self.users / self.seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=60_000, help="of a burst at the gateways")
    parser.add_argument("--line-users", type=int, default=10_000, help="of a burst over a line")
    parser.add_argument("--line", type=float, default=1.0, help="there and back, in milliseconds")
    parser.add_argument("--table", type=Path, help="a file that takes what is measured")
    arguments = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="widget-gateway-sizing-"))
    directory.chmod(0o711)
    # 128 MB is PostgreSQL's default; the tests' own server has less.
    database = Postgres(directory / "postgres", "shared_buffers=128MB").start()
    trial = Trial(directory, database)
    lines: list[str] = []

    def say(line: str = "") -> None:
        lines.append(line)
        print(line, flush=True)

    try:
        measure_gateways(trial, arguments, say)
        measure_size(trial, say)
        measure_lines(trial, arguments, say)
        if arguments.table:
            arguments.table.write_text("\n".join(lines) + "\n")
    finally:
        trial.close()
        database.kill()
        shutil.rmtree(directory, ignore_errors=True)


# What is measured

def measure_gateways(trial: "Trial", arguments: argparse.Namespace, say) -> None:
    say("| first-seen users | a second | p50, ms | p99, ms | gateways' CPU, µs each | database's CPU, µs each |")
    say("| --- | ---: | ---: | ---: | ---: | ---: |")
    for count in (1, 3):
        gateways = [trial.gateway(trial.database.url) for _ in range(count)]
        trial.burst(gateways, arguments.users // 20, "widely known")  # Connections, caches, the database's files.
        burst = trial.burst(gateways, arguments.users, "burst")
        say(f"| {count} gateway{'s' if count > 1 else ''}, {burst.users:,} users, 1,000 at a time | {burst.rate:,.0f} | "
            f"{burst.p50:.1f} | {burst.p99:.1f} | {burst.gateway_cpu:.0f} | {burst.database_cpu:.0f} |")
        trial.end_gateways()
    say()


def measure_size(trial: "Trial", say) -> None:
    trial.database.sql("VACUUM ANALYZE")
    users = int(trial.database.sql("SELECT count(*) FROM users"))
    rows, indexes = (int(trial.database.sql(
        f"SELECT sum({function}(inhrelid)) FROM pg_inherits WHERE inhparent = 'users'::regclass"))
        for function in ("pg_table_size", "pg_indexes_size"))
    say(f"{users:,} users take {(rows + indexes) / users:.0f} bytes each in PostgreSQL: {rows / users:.0f} of rows, "
        f"{indexes / users:.0f} of indexes.")
    say()


def measure_lines(trial: "Trial", arguments: argparse.Namespace, say) -> None:
    say("| the line, there and back | statements | alone: p50, ms | 1,000 at a time: a second | p50, ms | p99, ms |")
    say("| --- | --- | ---: | ---: | ---: | ---: |")
    for delay in (0.0, arguments.line / 1000):
        for one_by_one in (True, False):
            link = Link(trial.database.port, delay=delay, one_by_one=one_by_one)
            try:
                real = link.measured_round_trip() * 1000
                gateway = trial.gateway(link.url)
                trial.burst([gateway], 2000, "acquainted")
                alone = trial.burst([gateway], 300, "alone", connections=1, streams=1)
                burst = trial.burst([gateway], arguments.line_users, "burst")
                say(f"| {real:.2f} ms | {'one by one' if one_by_one else 'pipelined'} | {alone.p50:.1f} | "
                    f"{burst.rate:,.0f} | {burst.p50:.1f} | {burst.p99:.1f} |")
            finally:
                trial.end_gateways()
                link.close()


# How

class Trial:
    def __init__(self, directory: Path, database: Postgres):
        self.directory, self.database = directory, database
        self.gateways: list[Gateway] = []
        self.made = 0
        self.organizations = iter(range(ORGANIZATIONS))
        (directory / "secret").write_text(KEY)

    def gateway(self, address: str) -> Gateway:
        folder = self.directory / f"gateway-{self.made}"
        folder.mkdir()
        self.made += 1
        gateway = Gateway(
            folder, upstreams=[{"name": "widgets", "url": "http://127.0.0.1:9"}],
            organizations=[{"id": f"o{number}", "secrets": [{"secret": KEY}]} for number in range(ORGANIZATIONS)],
            routes=[{"path": "/", "access": "widget", "upstream": "widgets"}],
            storage={"url": address, "master_key_file": str(self.directory / "master.key")},
            log={"level": "warning", "format": "text", "access": False})
        self.gateways.append(gateway)
        return gateway.start()

    def end_gateways(self) -> None:
        for gateway in self.gateways:
            gateway.stop()
        self.gateways.clear()

    def close(self) -> None:
        for gateway in self.gateways:
            gateway.close()

    def burst(self, gateways: list[Gateway], users: int, name: str, *, connections: int = 20,
              streams: int = 50) -> Burst:
        """Users of whom none is known, shared by the gateways, each of which has an organization for its own."""
        share = users // len(gateways)
        connections = max(1, connections // len(gateways))
        reports = [self.directory / f"{name}-{number}.json" for number in range(len(gateways))]
        before = sum(gateway.cpu_seconds() for gateway in gateways), self.database_cpu()
        loads = [subprocess.Popen(
            [str(LOAD), "--target", gateway.http, "--secret-file", str(self.directory / "secret"), "--organization",
             f"o{next(self.organizations)}", "--connections", str(connections), "--streams", str(streams), "--tokens",
             str(share), "--warm-up", "--duration", "1s", "--rate", "1", "--json", str(report)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for gateway, report in zip(gateways, reports)]
        for load in loads:
            said, _ = load.communicate(timeout=170)
            if load.returncode:
                sys.exit(f"the load test failed:\n{said[-2000:]}")
        after = sum(gateway.cpu_seconds() for gateway in gateways), self.database_cpu()
        first = [json.loads(report.read_text())["firstSeen"] for report in reports]
        if any(part["errors"] for part in first):
            sys.exit(f"users were refused: {first}")
        return Burst(
            users=share * len(gateways), seconds=max(part["seconds"] for part in first),
            p50=max(part["latency"]["p50"] for part in first), p99=max(part["latency"]["p99"] for part in first),
            gateway_cpu=(after[0] - before[0]) / users * 1e6, database_cpu=(after[1] - before[1]) / users * 1e6)

    def database_cpu(self) -> float:
        """Of all its processes, those that have ended too, in seconds."""
        total = 0
        for process in self.database._processes():
            try:
                fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            # Its own; of the first process, those of its children that have ended as well.
            total += sum(map(int, fields[11:15 if process == self.database.process.pid else 13]))
        return total / TICKS


if __name__ == "__main__":
    main()
