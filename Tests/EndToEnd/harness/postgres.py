"""A PostgreSQL of a test's own: on a free port of loopback, durable, and ready to be killed."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import time
from pathlib import Path

from . import logs
from .gateway import ROOT, eventually, free_port


def _binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    assert found, "there is no PostgreSQL: scripts/install-test-packages.sh"
    return found[-1]


def _send(process: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, number)


def _state(process: int) -> str:
    """A letter, as in `/proc/<pid>/stat`; `-` where there is no such process."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return "-"


class Postgres:
    """`settings` are the server's own, such as `max_connections=20`."""

    def __init__(self, directory: Path, *settings: str, copy_of: "Postgres | None" = None):
        self.directory = directory
        self.settings = settings
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
        if copy_of:
            # `-R`: it begins as a standby that follows, by the name that the other waits for.
            self._run("pg_basebackup", "-D", str(self.data), "-R", "-c", "fast", "-d",
                      f"host=127.0.0.1 port={copy_of.port} user=tests application_name=standby")
        else:
            self._run("initdb", "-D", str(self.data), "-U", "tests", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
                      "--no-sync")

    @property
    def url(self) -> str:
        return self.of("postgres").url

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
             "-c", "unix_socket_directories=", "-c", "shared_buffers=32MB",
             *(word for setting in self.settings for word in ("-c", setting))],
            cwd=self.directory, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=self.log_path.open("ab"), start_new_session=True, **self._as_postgres())
        logs.watch(self.log_path)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"PostgreSQL ended at its start:\n{self.log()[-2000:]}"
            ready = subprocess.run([_binaries() / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)])
            if ready.returncode == 0:
                return self
            time.sleep(0.05)
        raise AssertionError("PostgreSQL didn't start")

    def kill(self) -> None:
        """kill -9 of all its processes at once, as a power cut would."""
        if self.process is None:
            return
        # One that has been stopped makes no more processes, which nobody would end; and while one of them lives, no
        # other server starts here.
        self.process.send_signal(signal.SIGSTOP)
        eventually(lambda: self.process.poll() is not None or _state(self.process.pid) in "tTZ", what="its standstill")
        processes = self._processes()
        for process in processes:
            _send(process, signal.SIGKILL)
        self.process.wait(60)
        eventually(lambda: all(_state(process) in "-ZX" for process in processes), within=30, what="their end")
        self.process = None
        logs.unwatch(self.log_path)

    @property
    def log_path(self) -> Path:
        return self.directory / "server.log"

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def truncate_log(self) -> None:
        os.truncate(self.log_path, 0)

    def pause(self) -> None:
        """Stops all its processes where they are: connections stay open, and nobody answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        for process in self._processes():
            _send(process, number)

    def _processes(self) -> list[int]:
        assert self.process is not None
        found = [self.process.pid]
        for status in Path("/proc").glob("[0-9]*/status"):
            with contextlib.suppress(OSError):
                if f"\nPPid:\t{self.process.pid}\n" in status.read_text():
                    found.append(int(status.parent.name))
        return found

    def promote(self) -> None:
        """Makes a standby a server of its own."""
        assert self.sql("SELECT pg_promote()") == "t"

    def dump(self, path: Path) -> None:
        self._tool("pg_dump", "-Fc", "-f", str(path), self.url)

    def restore(self, path: Path, name: str) -> "Database":
        self._tool("pg_restore", "--exit-on-error", "-d", self.of(name).url, str(path))
        return self.of(name)

    def _tool(self, program: str, *arguments: str) -> None:
        result = subprocess.run([_binaries() / program, *arguments], capture_output=True, text=True)
        assert result.returncode == 0, result.stderr

    def psql(self, database: str = "postgres") -> list[str]:
        """A command line to which a statement is to be added."""
        return [str(_binaries() / "psql"), "-h", "127.0.0.1", "-p", str(self.port), "-U", "tests", "-d", database,
                "-Atc"]

    def sql(self, statement: str) -> str:
        return self.of("postgres").sql(statement)

    def of(self, name: str) -> "Database":
        """One of its databases."""
        return Database(self.port, name)


class PgBouncer:
    """A pooler in transaction mode before a server: each transaction may get another of its few connections."""

    def __init__(self, directory: Path, server: Postgres, *, connections: int):
        self.port, self.name = free_port(), "postgres"
        directory.mkdir()
        program = shutil.which("pgbouncer") or str(ROOT / ".tools" / "pgbouncer")
        assert Path(program).exists(), "there is no pgbouncer: run scripts/install-test-packages.sh"
        # It refuses to run as root, too, and its user may not see where it lies.
        self.program = Path(shutil.copy(program, directory))
        (directory / "pgbouncer.ini").write_text(f"""
[databases]
* = host=127.0.0.1 port={server.port} user=tests
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {self.port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {connections}
max_client_conn = 200
""")
        self.directory, self.server = directory, server
        self.process: subprocess.Popen | None = None
        for path in (directory, *directory.iterdir()):
            path.chmod(0o755)

    @property
    def url(self) -> str:
        return f"postgres://tests@127.0.0.1:{self.port}/{self.name}"

    def start(self) -> "PgBouncer":
        with (self.directory / "pgbouncer.log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.program, str(self.directory / "pgbouncer.ini")], cwd=self.directory, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, **self.server._as_postgres())
        eventually(lambda: self._answers(), within=20, what="that pgbouncer answers")
        return self

    def _answers(self) -> bool:
        return subprocess.run([_binaries() / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
                              ).returncode == 0

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None


class Database:
    """A database by its name, which must exist by the time it is used."""

    def __init__(self, port: int, name: str):
        self.port, self.name = port, name

    @property
    def url(self) -> str:
        return f"postgres://tests@127.0.0.1:{self.port}/{self.name}"

    def _psql(self, *arguments: str) -> list:
        return [_binaries() / "psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "tests", "-d", self.name, "-qAt",
                "-v", "ON_ERROR_STOP=1", *arguments]

    def sql(self, statement: str) -> str:
        result = subprocess.run(self._psql("-c", statement), capture_output=True, text=True)
        assert result.returncode == 0, result.stderr
        return result.stdout.strip()

    @contextlib.contextmanager
    def conversation(self):
        """A session that stays open: a function that runs a statement in it and returns what it said."""
        process = subprocess.Popen(self._psql(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)

        def say(statement: str) -> str:
            process.stdin.write(statement + ";\nSELECT 'done';\n")
            process.stdin.flush()
            said = []
            while (line := process.stdout.readline()).strip() != "done":
                assert line, "psql ended: " + "".join(said)
                said.append(line)
            return "".join(said).strip()

        try:
            yield say
        finally:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
            process.wait(20)
            process.stdout.close()

    @contextlib.contextmanager
    def session(self, statement: str):
        """A session that has run a statement, and stays open with what the statement locked."""
        with self.conversation() as say:
            say(statement)
            yield
