"""Starting, reloading, handing over and ending under load, and what the service manager is told."""

import contextlib
import os
import re
import resource
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path

import pytest

from conftest import ACME
from harness.gateway import BINARY, environment, eventually, make_certificate, _die_with_parent
from harness.http2 import HTTP2Client
from harness.tokens import secret, sign
from test_observability import ROOT, value


class Load:
    """Clients that ask without a pause, each as its function says, until the block ends; what went wrong is kept."""

    def __init__(self, *clients):
        self.stopped = threading.Event()
        self.failures: list[str] = []
        self.answered = 0
        self._threads = [threading.Thread(target=self._run, args=(client,)) for client in clients]

    def _run(self, client):
        try:
            for _ in client(self.stopped):
                self.answered += 1
        except Exception as error:  # noqa: BLE001: whatever a client couldn't bear is a failure
            self.failures.append(repr(error))

    def more(self, count: int):
        """Waits until so many further requests have been answered."""
        goal = self.answered + count
        eventually(lambda: self.answered >= goal or self.failures, within=60, what=f"{count} more answers")
        assert not self.failures, self.failures

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        self.more(20)
        return self

    def __exit__(self, *_):
        self.stopped.set()
        for thread in self._threads:
            thread.join(30)


def h2_client(gateway, path="/x", headers=()):
    """One connection after another; each is used until the server says GOAWAY, and then all its streams must end well."""

    def run(stopped):
        while not stopped.is_set():
            with HTTP2Client(gateway.tls_port, gateway.tls_context("h2"), timeout=40) as connection:
                while not stopped.is_set() and connection.goaway is None:
                    response = connection.request(path=path, headers=headers)
                    assert response.status == 200, response
                    yield

    return run


def connecting_client(gateway, path="/_widget/jwks.json"):
    """A new TLS connection for each request."""
    context = gateway.tls_context()

    def run(stopped):
        while not stopped.is_set():
            with socket.create_connection(("127.0.0.1", gateway.tls_port), timeout=40) as raw, \
                    context.wrap_socket(raw, server_hostname="localhost") as secure:
                secure.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
                answer = b""
                while chunk := secure.recv(65536):
                    answer += chunk
                assert answer.startswith(b"HTTP/1.1 200 "), answer[:200]
            yield

    return run


def started(gateway, *arguments: str, prefix=(), env=None, **options) -> subprocess.Popen:
    """Another process for the same configuration; its log goes to the same file."""
    with gateway.log_path.open("ab") as log:
        return subprocess.Popen([*prefix, str(BINARY), "serve", "--config", str(gateway.config_path), *arguments],
                                cwd=gateway.directory, env=environment(gateway.env | (env or {})), stdout=log,
                                stderr=log, stdin=subprocess.DEVNULL, preexec_fn=_die_with_parent, **options)


@contextlib.contextmanager
def ending(*processes):
    try:
        yield
    finally:
        for process in processes:
            if process.poll() is None:
                process.kill()
            process.wait(10)


# Drain

def is_open(port: int) -> bool:
    with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), timeout=10):
        return True
    return False


def test_a_drain_under_load_loses_no_request(make_gateway, email):
    """Whatever was asked before GOAWAY is answered."""
    gateway = make_gateway(workers=2)
    token = sign({"email": email}, ACME)
    fields = [("authorization", f"Bearer {token}")]

    def once(stopped):
        with HTTP2Client(gateway.tls_port, gateway.tls_context("h2"), timeout=40) as connection:
            while connection.goaway is None and not stopped.is_set():
                response = connection.request(path="/x", headers=fields)
                assert response.status == 200, response
                yield

    gateway.may_be_dead = True
    with Load(*[once] * 6) as load:
        load.more(100)
        gateway.signal(signal.SIGTERM)
        assert gateway.process.wait(30) == 0
    assert not load.failures, load.failures


@pytest.mark.parametrize("how_far", ["connected", "greeted", "asked before"])
def test_who_asks_as_a_drain_begins_is_answered(make_gateway, how_far):
    """The first request of a connection, or the next one of one that is kept alive, may be on its way."""
    gateway = make_gateway()
    gateway.may_be_dead = True

    def ask(connection, *fields) -> bytes:
        connection.sendall("\r\n".join(["GET /x HTTP/1.1", "Host: x", *fields, "", ""]).encode())
        return connection.recv(4096)

    def greet(raw):
        return gateway.tls_context().wrap_socket(raw, server_hostname="localhost")

    with socket.create_connection(("127.0.0.1", gateway.tls_port), timeout=10) as raw:
        eventually(lambda: value(gateway, "widget_connections") == 1, within=3, what="the connection")
        connection = raw if how_far == "connected" else greet(raw)
        if how_far == "asked before":
            assert b"connection: close" not in ask(connection).lower()
        gateway.signal(signal.SIGTERM)
        eventually(lambda: not is_open(gateway.tls_port), within=8, what="the drain")
        with greet(raw) if how_far == "connected" else connection as secure:
            assert ask(secure).startswith(b"HTTP/1.1 200 ")
    assert gateway.process.wait(30) == 0


# Handover

@pytest.mark.parametrize("workers", [1, 2, 3])
def test_a_restart_by_replacement_refuses_nobody(make_gateway, email, workers):
    gateway = make_gateway(workers=workers)
    gateway.may_be_dead = True
    token = sign({"email": email}, ACME)
    successors = []
    clients = [connecting_client(gateway) for _ in range(3)]
    clients += [h2_client(gateway, headers=[("authorization", f"Bearer {token}")]) for _ in range(2)]
    with Load(*clients) as load:
        old = gateway.process
        for _ in range(2):
            new = started(gateway, "--replace", str(old.pid))
            successors.append(new)
            assert old.wait(60) == 0
            load.more(50)
            old = new
    with ending(*successors):
        assert not load.failures, load.failures
        assert gateway.admin_status("/readyz") == 200
        assert gateway.log().count("handing over") == 2


def test_a_second_gateway_needs_to_be_told_that_it_replaces_the_first(make_gateway):
    gateway = make_gateway()
    second = started(gateway)
    with ending(second):
        assert second.wait(60) == 1
    assert str(gateway.tls_port) in gateway.log() and gateway.admin_status("/readyz") == 200


@pytest.mark.parametrize("process", ["1", "0", "-1", "{python}"])
def test_only_a_gateway_can_be_replaced(make_gateway, process):
    gateway = make_gateway()
    with subprocess.Popen(["sleep", "60"]) as other, ending(other):
        second = started(gateway, f"--replace={process.format(python=other.pid)}")
        with ending(second):
            assert second.wait(60) == 1
        assert other.poll() is None
    assert "isn't a gateway" in gateway.log()


def test_sockets_that_were_handed_in_survive_the_process(make_gateway):
    """As systemd's sockets do: who connects while no gateway runs waits for the next one."""
    gateway = make_gateway(start=False, workers=2)
    gateway.may_be_dead = True
    sockets = []
    for port in (gateway.tls_port, gateway.admin_port):
        sockets.append(socket.create_server(("127.0.0.1", port), backlog=128))

    def run():
        def hand_in():
            copies = [os.dup2(os.dup(entry.fileno()), 20 + index) for index, entry in enumerate(sockets)]
            for index, copy in enumerate(copies):
                os.dup2(copy, 3 + index, inheritable=True)
        with gateway.log_path.open("ab") as log:
            return subprocess.Popen(
                ["/bin/sh", "-c", f'LISTEN_PID=$$ LISTEN_FDS=2 exec "{BINARY}" serve --config "$1"', "sh",
                 str(gateway.config_path)], cwd=gateway.directory, env=environment(gateway.env), stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, preexec_fn=hand_in, close_fds=False)

    first = run()
    with ending(first):
        with Load(*[connecting_client(gateway)] * 3) as load:
            load.more(50)
            first.terminate()
            assert first.wait(30) == 0
            second = run()
            with ending(second):
                load.more(50)
                load.stopped.set()
                for thread in load._threads:
                    thread.join(30)
        assert not load.failures, load.failures
    for entry in sockets:
        entry.close()


# Reload

def test_reloads_of_routes_and_limits_under_load_lose_no_request(make_gateway, email):
    gateway = make_gateway(workers=2)
    token = sign({"email": email}, ACME)
    clients = [h2_client(gateway, headers=[("authorization", f"Bearer {token}")]) for _ in range(2)]
    clients += [connecting_client(gateway, "/x") for _ in range(2)]
    reloads = "widget_configuration_reloads_total"
    with Load(*clients) as load:
        for number in range(5):
            gateway.settings["routes"][1:] = [{"path": f"/r{number}/", "access": "public", "upstream": "widgets"}]
            gateway.settings["limits"] = {"streams": 100 + number, "header_fields": 100 + number}
            gateway.write_config()
            gateway.signal(signal.SIGHUP)
            eventually(lambda: value(gateway, reloads, result="succeeded") >= number + 1, within=5, what="the reload")
            load.more(20)
        before = value(gateway, reloads, result="failed")
        gateway.config_path.write_text("routes: none at all\n")
        gateway.signal(signal.SIGHUP)
        eventually(lambda: value(gateway, reloads, result="failed") > before, within=5, what="the refusal")
        load.more(20)
    assert not load.failures, load.failures


def test_a_new_certificate_under_load_loses_no_request(make_gateway):
    gateway = make_gateway()
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    seen = set()

    def client(stopped):
        while not stopped.is_set():
            with socket.create_connection(("127.0.0.1", gateway.tls_port), timeout=10) as raw, \
                    context.wrap_socket(raw, server_hostname="localhost") as secure:
                seen.add(secure.getpeercert(binary_form=True))
                secure.sendall(b"GET /_widget/jwks.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                assert secure.recv(65536).startswith(b"HTTP/1.1 200 ")
            yield

    with Load(client, client) as load:
        for number in range(3):
            make_certificate(gateway.directory)
            gateway.signal(signal.SIGHUP)
            eventually(lambda: len(seen) == number + 2, within=10, what="the new certificate")
    assert not load.failures, load.failures


# The service manager

class ServiceManager:
    def __init__(self, directory):
        self.path = directory / "notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.socket.settimeout(20)

    def next(self) -> dict[str, str]:
        return dict(line.split("=", 1) for line in self.socket.recv(4096).decode().splitlines())

    def until(self, key: str) -> dict[str, str]:
        while key not in (message := self.next()):
            pass
        return message


def test_the_service_manager_hears_of_every_change(make_gateway, tmp_path):
    manager = ServiceManager(tmp_path)
    gateway = make_gateway(start=False)
    gateway.may_be_dead = True
    gateway.env |= {"NOTIFY_SOCKET": str(manager.path), "WATCHDOG_USEC": "30000000"}
    gateway.start()
    ready = manager.next()
    assert ready["READY"] == "1" and ready["STATUS"] == "1 workers, 1 organizations"
    assert manager.until("WATCHDOG") == {"WATCHDOG": "1"}
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    gateway.signal(signal.SIGHUP)
    reloading = manager.until("RELOADING")
    assert before <= int(reloading["MONOTONIC_USEC"]) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    assert manager.until("READY")["READY"] == "1"
    gateway.signal(signal.SIGTERM)
    assert manager.until("STOPPING")["STOPPING"] == "1"
    assert gateway.process.wait(30) == 0


def test_a_worker_that_hangs_silences_the_watchdog(make_gateway, tmp_path):
    """Its thread is stopped from outside: the others go on, but nobody says any more that all is well."""
    manager = ServiceManager(tmp_path)
    gateway = make_gateway(start=False, core_dumps=True)
    gateway.may_be_dead = True
    gateway.env |= {"NOTIFY_SOCKET": str(manager.path), "WATCHDOG_USEC": "30000000"}
    gateway.start()
    manager.until("WATCHDOG")
    threads = {(entry / "comm").read_text().strip(): int(entry.name)
               for entry in (Path(f"/proc/{gateway.pid}/task")).iterdir()}
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    seize, interrupt, detach = 0x4206, 0x4207, 17
    worker = threads["worker-0"]
    if libc.ptrace(seize, worker, None, None) != 0:
        pytest.skip("this machine lets nobody stop a thread")
    libc.ptrace(interrupt, worker, None, None)
    os.waitpid(worker, 0x40000000)
    try:
        manager.socket.settimeout(4)
        with pytest.raises(TimeoutError):
            for _ in range(4):  # Two may have been under way.
                manager.until("WATCHDOG")
    finally:
        libc.ptrace(detach, worker, None, None)
        gateway.kill()


# Secrets in memory

def test_nobody_else_sees_the_memory(make_gateway):
    master = secret(300)
    gateway = make_gateway(start=False)
    gateway.settings["storage"]["master_key_file"] = None
    gateway.env |= {"WIDGET_GATEWAY_MASTER_KEY": master}
    shutil.rmtree(gateway.directory / "data")
    (gateway.directory / "data").mkdir()
    gateway.write_config()
    gateway.apply(gateway.organizations)
    gateway.start()
    process = f"/proc/{gateway.pid}"
    assert master not in open(f"{process}/environ", errors="replace").read()
    limits = open(f"{process}/limits").read()
    assert re.search(r"^Max core file size +0 +0 ", limits, re.MULTILINE)
    # What isn't dumpable belongs to root, whoever runs it.
    assert os.stat(f"{process}/mem").st_uid == 0
    dump = run_as_nobody(["cat", f"{process}/environ"])
    assert dump.returncode != 0


def test_core_dumps_can_be_allowed(make_gateway):
    gateway = make_gateway(core_dumps=True)
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    limits = open(f"/proc/{gateway.pid}/limits").read()
    assert re.search(rf"^Max core file size +\S+ +{'unlimited' if hard == -1 else hard} ", limits, re.MULTILINE)


def run_as_nobody(command):
    return subprocess.run(command, user="nobody", group="nogroup", capture_output=True, text=True)


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


@as_root
def test_it_becomes_another_user_for_good(make_gateway):
    import pwd
    nobody = pwd.getpwnam("nobody")
    gateway = make_gateway(start=False, user="nobody")
    for entry in [gateway.directory, *gateway.directory.rglob("*")]:
        shutil.chown(entry, "nobody", "nogroup")
    parents = list(gateway.directory.parents)[:3]
    modes = [parent.stat().st_mode for parent in parents]
    for parent in parents:
        parent.chmod(0o755)
    try:
        gateway.start()
        # Each thread has an identity of its own; the process is what the least careful of them is.
        for thread in Path(f"/proc/{gateway.pid}/task").iterdir():
            status = (thread / "status").read_text()
            assert re.search(rf"^Uid:(\t{nobody.pw_uid}){{4}}$", status, re.MULTILINE), status
            assert re.search(rf"^Gid:(\t{nobody.pw_gid}){{4}}$", status, re.MULTILINE), status
            for kind in ("CapPrm", "CapEff", "CapInh"):
                assert re.search(rf"^{kind}:\t0+$", status, re.MULTILINE), status
        with gateway.client() as client:
            assert client.get("/_widget/state").status_code == 200
    finally:
        for parent, mode in zip(parents, modes):
            parent.chmod(mode)


@as_root
def test_an_unknown_user_is_an_error(make_gateway):
    gateway = make_gateway(start=False, user="nobody-by-this-name")
    gateway.may_be_dead = True
    with pytest.raises(AssertionError, match="there is no nobody-by-this-name"):
        gateway.start()


# Backup

def test_a_backup_brings_everything_back(make_gateway, email):
    """As docs/operations.md says: a copy of the database while it runs, and the master key."""
    gateway = make_gateway()
    token = sign({"email": email, "name": "Ada"}, ACME)
    with gateway.client() as client:
        assert client.get("/x", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    copies = gateway.directory / "backup"
    copies.mkdir()
    import sqlite3
    with contextlib.closing(sqlite3.connect(gateway.directory / "data/widget-gateway.db")) as live, \
            contextlib.closing(sqlite3.connect(copies / "widget-gateway.db")) as copy:
        live.backup(copy)
    shutil.copy(gateway.directory / "data/master.key", copies / "master.key")
    gateway.kill()
    shutil.rmtree(gateway.directory / "data")
    (gateway.directory / "data").mkdir(mode=0o700)
    for name in ("widget-gateway.db", "master.key"):
        shutil.copy(copies / name, gateway.directory / "data" / name)
        (gateway.directory / "data" / name).chmod(0o600)
    gateway.start()
    assert [user["profile"]["email"] for user in gateway.users("acme")] == [email]
    with gateway.client() as client:
        assert client.get("/x", headers={"Authorization": f"Bearer {token}"}).status_code == 200


# Package

def test_the_unit_leaves_little_open():
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd here")
    checked = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager",
         str(ROOT / "scripts/packaging/debian/widget-gateway.service")], capture_output=True, text=True, timeout=60)
    assert checked.returncode == 0, checked.stdout[-2000:] + checked.stderr
    level = re.search(r"exposure level for \S+: ([0-9.]+)", checked.stdout)[1]
    assert level in (ROOT / "docs/operations.md").read_text()


@as_root
@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="not a Debian system")
def test_the_package_holds_all_that_it_needs(tmp_path):
    """Packed from the program under test, unpacked elsewhere, and run without any library of the toolchain."""
    made = subprocess.run([str(ROOT / "scripts/package-debian.sh"), "--binary", str(BINARY)], capture_output=True,
                          text=True, timeout=300)
    assert made.returncode == 0, made.stderr
    package = ROOT / made.stdout.strip()
    fields = subprocess.run(["dpkg-deb", "--field", str(package)], capture_output=True, text=True).stdout
    for dependency in ("libc6", "libssl3", "libnghttp2-14", "libuv1", "libsqlite3-0"):
        assert re.search(rf"^Depends: .*\b{re.escape(dependency)}\b", fields, re.MULTILINE), fields
    assert "/etc/widget-gateway/gateway.yaml" in subprocess.run(
        ["dpkg-deb", "--info", str(package), "conffiles"], capture_output=True, text=True).stdout
    root = tmp_path / "root"
    subprocess.run(["dpkg-deb", "--extract", str(package), str(root)], check=True)
    program = (root / "usr/bin/widget-gateway").resolve()
    libraries = subprocess.run(["ldd", str(program)], capture_output=True, text=True).stdout
    assert "not found" not in libraries
    # A machine without the toolchain: nothing but Debian's libraries, and what is in the package.
    for path in re.findall(r"(?:=> |^\t)(/\S+)", libraries, re.MULTILINE):
        if "/swift/" not in path:
            (root / path[1:]).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, root / path[1:])
    (root / "proc").mkdir()
    inside = 'mount -t proc proc "$1/proc" && exec chroot "$@"'
    ran = subprocess.run(
        ["unshare", "--mount", "/bin/sh", "-c", inside, "sh", str(root), "/usr/bin/widget-gateway", "check-config",
         "--config", "/etc/widget-gateway/gateway.yaml"], capture_output=True, text=True, timeout=60,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    assert ran.returncode == 0 and "OK" in ran.stdout, ran.stdout + ran.stderr
