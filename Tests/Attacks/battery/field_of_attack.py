"""The gateway with one worker, its backend, and what is measured while somebody attacks."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "Tests/EndToEnd"))

from harness.compiler import compiled  # noqa: E402
from harness.gateway import Gateway, _die_with_parent, free_port  # noqa: E402
from harness.tokens import secret  # noqa: E402

from .attacks import Attack, Course  # noqa: E402
from .wire import Target  # noqa: E402

HERE = Path(__file__).resolve().parents[1]
MIB = 1 << 20


@dataclass
class Result:
    """What an attack did, and what became of it."""

    attack: Attack
    course: Course
    #: What `bystander.py` tells.
    bystander: dict
    #: Bytes of resident memory, at most and before.
    grown: int
    #: Requests that reached the backend less the bystander's, and its connections open at once, at most.
    backend_requests: int
    backend_connections: int
    #: Connections that were opened to the backend meanwhile.
    backend_opened: int
    alive: bool


class FieldOfAttack:
    """Everything that runs. Use as a context manager."""

    def __init__(self, directory: Path, **limits):
        self.backend_port = free_port()
        backend = compiled(HERE / "backend.c", directory / "backend", "-O2")
        self.backend = subprocess.Popen([str(backend), str(self.backend_port)], preexec_fn=_die_with_parent)
        self.gateway = Gateway(
            directory,
            organizations=[{"id": "acme", "name": "Acme", "dialect": "productbridge", "hosts": ["acme.test"],
                            "secrets": [{"secret": secret(0)}]}],
            upstreams=[{"name": "backend", "url": f"http://127.0.0.1:{self.backend_port}"}],
            routes=[{"path": "/", "access": "public", "upstream": "backend"}],
            workers=1, limits=limits, log={"level": "warning", "access": False})

    def __enter__(self) -> "FieldOfAttack":
        deadline = time.monotonic() + 60
        while True:
            try:
                self.statistics()
                break
            except OSError:
                assert time.monotonic() < deadline, "the backend didn't start"
                time.sleep(0.05)
        self.gateway.start()
        return self

    def __exit__(self, *_) -> None:
        self.backend.kill()
        self.backend.wait(10)
        self.gateway.close()

    @property
    def target(self) -> Target:
        return Target(self.gateway.tls_port, self.gateway.clear_port, str(self.gateway.certificate))

    def statistics(self) -> dict:
        url = f"http://127.0.0.1:{self.backend_port}/_statistics"
        with urllib.request.urlopen(url, timeout=5) as response:
            return json.load(response)

    def suffer(self, attack: Attack, seconds: float) -> Result:
        """Runs one attack beside the well-behaved client."""
        before, resident = self.statistics(), self.gateway.resident_bytes()
        bystander = subprocess.Popen(
            [sys.executable, str(HERE / "bystander.py"), str(self.gateway.tls_port), str(self.gateway.certificate),
             str(seconds + 60)],
            stdout=subprocess.PIPE, text=True, preexec_fn=_die_with_parent)
        assert bystander.stdout is not None and bystander.stdout.readline() == "ready\n"
        peaks, most_open, watched = [resident], [0], [1]  # Each look at the backend is a connection of its own.
        stop = threading.Event()

        def watch():
            while not stop.wait(0.1):
                if self.gateway.is_alive():
                    peaks.append(self.gateway.resident_bytes())
                watched[0] += 1
                try:
                    most_open.append(self.statistics()["open"])
                except OSError:
                    pass

        watcher = threading.Thread(target=watch)
        watcher.start()
        course = Course(time.monotonic() + seconds, self.target)
        try:
            attack.run(course)
        finally:
            stop.set()
            watcher.join()
            bystander.terminate()
            output, _ = bystander.communicate(timeout=30)
        told = json.loads(output)
        after = self.statistics()
        return Result(
            attack, course, told, max(peaks) - resident,
            after["requests"] - before["requests"] - told["requests"], max(most_open) - 2,
            after["connections"] - before["connections"] - watched[0], self.gateway.is_alive())
