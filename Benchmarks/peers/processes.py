"""Servers as pinned processes, what the kernel accounts to them, and whether anything else disturbs them."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

SERVER_CORE, LOAD_CORE = "0", "1"
# The gateway refuses variables of its own prefix that it doesn't know.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("WIDGET_GATEWAY_")}
TICKS = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def end_with_parent() -> None:
    """Run in the child: however this script ends, no server is left behind."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


class Server:
    """A process pinned to a core, and the CPU time of all its threads."""

    def __init__(self, name: str, core: str, command: list[str], directory: Path, ports: list[int]):
        self.name = name
        self.directory = directory
        log = (directory / f"{name}.log").open("wb")
        self.process = subprocess.Popen(["taskset", "-c", core, *command], cwd=directory, stdin=subprocess.DEVNULL,
                                        stdout=log, stderr=log, env=ENVIRONMENT, preexec_fn=end_with_parent)
        for port in ports:
            self._wait(port)

    def _wait(self, port: int) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        self.stop()
        sys.exit(f"{self.name} didn't start:\n{(self.directory / f'{self.name}.log').read_text()[-2000:]}")

    def cpu_nanoseconds(self) -> int:
        tasks = Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)

    def resident_kib(self) -> int:
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text)[1])

    def stop(self) -> None:
        if self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)


class CoreClock:
    """How busy a core is, whoever makes it so."""

    def __init__(self, core: str):
        self.core = core
        self.before = self._read()

    def _read(self) -> tuple[float, float]:
        for line in Path("/proc/stat").read_text().splitlines():
            if line.startswith(f"cpu{self.core} "):
                fields = [int(field) for field in line.split()[1:9]]
                idle = fields[3] + fields[4]
                return (sum(fields) - idle) / TICKS, sum(fields) / TICKS
        sys.exit(f"there is no core {self.core}")

    def busy_seconds(self) -> tuple[float, float]:
        """Seconds of work, and seconds altogether, since this was made."""
        busy, total = self._read()
        return busy - self.before[0], max(total - self.before[1], 1e-9)


def foreign_share(core_busy: float, core_total: float, own: float) -> float:
    return max(0.0, core_busy - own) / core_total


def others_at_work(seconds: float = 3.0) -> tuple[float, str]:
    """The greatest share of a core that is in use while we do nothing, and by whom."""
    def usage() -> dict[int, tuple[int, str]]:
        found = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    fields = (entry / "stat").read_text().rsplit(")", 1)
                    ticks = sum(int(field) for field in fields[1].split()[11:13])
                    found[int(entry.name)] = ticks, fields[0].split("(", 1)[1]
                except (OSError, IndexError, ValueError):
                    continue
        return found

    clocks = [CoreClock(SERVER_CORE), CoreClock(LOAD_CORE)]
    before = usage()
    time.sleep(seconds)
    share = max(busy / total for busy, total in (clock.busy_seconds() for clock in clocks))
    used = {}
    for pid, (ticks, name) in usage().items():
        delta = ticks - before.get(pid, (0, ""))[0]
        if delta > 0 and pid != os.getpid():
            used[f"{name} ({pid})"] = delta
    top = sorted(used, key=used.get, reverse=True)[:4]
    return share, ", ".join(top)
