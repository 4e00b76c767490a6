"""A PostgreSQL of a test's own: on a free port of loopback, durable, and ready to be killed."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import time
from pathlib import Path

from .gateway import free_port


def _binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    assert found, "there is no PostgreSQL: scripts/install-test-packages.sh"
    return found[-1]


class Postgres:
    def __init__(self, directory: Path):
        self.directory = directory
        self.data = directory / "data"
        self.port = free_port()
        self.process: subprocess.Popen | None = None
        # The server refuses to run as root.
        self.user = pwd.getpwnam("postgres") if os.getuid() == 0 else None
        directory.mkdir(parents=True, exist_ok=True)
        if self.user:
            os.chown(directory, self.user.pw_uid, self.user.pw_gid)
            for parent in directory.parents:
                if parent.stat().st_uid == 0 and parent != Path("/") and parent != Path("/tmp"):
                    parent.chmod(parent.stat().st_mode | 0o011)
        self._run("initdb", "-D", str(self.data), "-U", "tests", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
                  "--no-sync")

    @property
    def url(self) -> str:
        return f"postgres://tests@127.0.0.1:{self.port}/postgres"

    def _as_postgres(self) -> dict:
        if not self.user:
            return {}
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run([_binaries() / program, *arguments], check=True, capture_output=True, cwd=self.directory,
                       **self._as_postgres())

    def start(self) -> "Postgres":
        self.process = subprocess.Popen(
            [_binaries() / "postgres", "-D", str(self.data), "-p", str(self.port), "-c", "listen_addresses=127.0.0.1",
             "-c", "unix_socket_directories=", "-c", "shared_buffers=32MB"],
            cwd=self.directory, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True, **self._as_postgres())
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            ready = subprocess.run([_binaries() / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)])
            if ready.returncode == 0:
                return self
            time.sleep(0.05)
        raise AssertionError("PostgreSQL didn't start")

    def kill(self) -> None:
        """kill -9 of all its processes at once, as a power cut would."""
        if self.process is None:
            return
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(20)
        self.process = None

    def psql(self, database: str = "postgres") -> list[str]:
        """A command line to which a statement is to be added."""
        return [str(_binaries() / "psql"), "-h", "127.0.0.1", "-p", str(self.port), "-U", "tests", "-d", database,
                "-Atc"]

    def sql(self, statement: str) -> str:
        result = subprocess.run([*self.psql(), statement], capture_output=True, text=True, check=True)
        return result.stdout.strip()
