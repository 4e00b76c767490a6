"""A gateway under test: the real binary, in a directory of its own, on free loopback ports."""

from __future__ import annotations

import ctypes
import datetime
import ipaddress
import json
import os
import random
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import httpx
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from . import logs, tokens

ROOT = Path(__file__).resolve().parents[3]
BINARY = Path(os.environ.get("WIDGET_GATEWAY_BINARY", ROOT / ".build/debug/widget-gateway")).resolve()

PR_SET_PDEATHSIG = 1


_ports_given: set[int] = set()


def _ports_to_choose_from() -> range:
    """Below those that the kernel gives to connections: it might give one away before it is listened on."""
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    return range(10_000, first) if first > 12_000 else range(0, 1)


def free_port() -> int:
    """A port that nobody listens on, and that no other call has returned."""
    while True:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", random.choice(_ports_to_choose_from())))
            except OSError:
                continue
            port = probe.getsockname()[1]
        if port not in _ports_given:
            _ports_given.add(port)
            return port


def _die_with_parent() -> None:
    """Runs in the child: whatever happens to the test run, no gateway stays behind."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def environment(extra: dict[str, str] | None = None) -> dict[str, str]:
    """The tests' environment without anything that would configure the gateway."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("WIDGET_GATEWAY_", "LISTEN_"))}
    return kept | (extra or {})


def run_cli(*arguments: str, cwd: Path | None = None, env: dict[str, str] | None = None, stdin: str | None = None,
            timeout: float = 90) -> subprocess.CompletedProcess[str]:
    """Runs the command line to its end."""
    return subprocess.run(
        [str(BINARY), *arguments], cwd=cwd, env=environment(env), input=stdin, text=True, capture_output=True,
        timeout=timeout)


def make_certificate(directory: Path, *names: str, common_name: str = "localhost") -> tuple[Path, Path]:
    """A self-signed certificate for loopback and `names`, and its key, as PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    today = datetime.datetime.now(datetime.timezone.utc)
    alternatives = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    alternatives += [x509.DNSName(entry) for entry in names]
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(days=1)).not_valid_after(today + datetime.timedelta(days=7))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256()))
    cert_path, key_path = directory / "cert.pem", directory / "key.pem"
    cert_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    key_path.chmod(0o600)
    return cert_path, key_path


class Gateway:
    """Writes the configuration, applies the organizations, starts `serve`, and waits until it is ready."""

    def __init__(self, directory: Path, *, organizations: list[dict], upstreams: list[dict], routes: list[dict],
                 env: dict[str, str] | None = None, wrapper: list[str] | None = None, **settings):
        self.directory = directory
        #: What `serve` is started by; it must replace itself with it.
        self.wrapper = wrapper or []
        self.env = env or {}
        self.tls_port, self.clear_port, self.admin_port = free_port(), free_port(), free_port()
        self.certificate, _ = make_certificate(directory)
        self.organizations = organizations
        self.settings = {
            "listen": [
                {"address": f"127.0.0.1:{self.tls_port}", "tls": {"certificate": "cert.pem", "key": "key.pem"}},
                {"address": f"127.0.0.1:{self.clear_port}", "cleartext": True},
            ],
            "admin": {"address": f"127.0.0.1:{self.admin_port}"},
            "storage": {"url": "sqlite:data/widget-gateway.db", "master_key_file": "data/master.key"},
            "upstreams": upstreams,
            "routes": routes,
            "log": {"level": "debug", "format": "text", "access": True},
        } | settings
        self.config_path = directory / "gateway.yaml"
        self.log_path = directory / "gateway.log"
        self.process: subprocess.Popen | None = None
        self.may_be_dead = False
        (directory / "data").mkdir(exist_ok=True)
        self.write_config()
        self.apply(organizations)

    # Addresses

    @property
    def https(self) -> str:
        return f"https://127.0.0.1:{self.tls_port}"

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.clear_port}"

    @property
    def admin(self) -> str:
        scheme = "https" if "tls" in self.settings["admin"] else "http"
        return f"{scheme}://127.0.0.1:{self.admin_port}"

    # Configuration

    def write_config(self) -> None:
        """Writes the whole file at once: a running gateway may look at it any time."""
        draft = self.config_path.with_suffix(".draft")
        draft.write_text(yaml.safe_dump(self.settings, sort_keys=False))
        draft.replace(self.config_path)

    def apply(self, organizations: list[dict]) -> subprocess.CompletedProcess[str]:
        path = self.directory / "organizations.yaml"
        path.write_text(yaml.safe_dump({"organizations": organizations}, sort_keys=False))
        result = self.cli("organization", "apply", str(path))
        assert result.returncode == 0, f"organization apply failed:\n{result.stdout}{result.stderr}"
        return result

    def cli(self, *arguments: str, **options) -> subprocess.CompletedProcess[str]:
        """Runs a command of the command line against this gateway's configuration.

        Commands are one or two words (`demo`, `organization set`); `--config` goes after them.
        """
        words = 1 if arguments[0] in ("alerts", "audit", "check-config", "demo", "log", "serve") else 2
        command, rest = arguments[:words], arguments[words:]
        return run_cli(*command, "--config", str(self.config_path), *rest, cwd=self.directory, env=self.env, **options)

    # Life

    def start(self, timeout: float = 60) -> "Gateway":
        logs.watch(self.log_path)
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.wrapper, str(BINARY), "serve", "--config", str(self.config_path)], cwd=self.directory,
                env=environment(self.env), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=_die_with_parent)
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"the gateway ended with {self.process.returncode} at start:\n{self.log()}")
            if self.admin_status("/readyz") == 200:
                return self
            time.sleep(0.05)
        raise AssertionError(f"the gateway wasn't ready after {timeout} s:\n{self.log()}")

    def admin_status(self, path: str) -> int | None:
        """The status of an admin path, or None where nobody answers."""
        try:
            with urllib.request.urlopen(self.admin + path, timeout=10, context=self.tls_context()) as response:
                return response.status
        except urllib.error.HTTPError as error:
            return error.code
        except (OSError, ValueError):
            return None

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """kill -9, as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(60)

    def stop(self) -> int:
        """SIGTERM and wait: returns the exit status."""
        assert self.process is not None
        self.process.terminate()
        try:
            return self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(60)
            raise AssertionError(f"the gateway didn't end after SIGTERM:\n{self.log()[-4000:]}")

    def close(self) -> None:
        """Ends the process and checks what must hold after every test: it lived, and its log gives nothing away."""
        died = None
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(60)
        elif self.process is not None and not self.may_be_dead:
            died = self.process.returncode
        logs.unwatch(self.log_path)
        log = self.log()
        leaks = [text for text in tokens.must_stay_secret if text in log]
        assert died is None, f"the gateway died with {died}:\n{log[-6000:]}"
        assert not leaks, f"the log shows {len(leaks)} secrets or tokens"

    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def log(self) -> str:
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def log_lines(self) -> list[str]:
        """Its whole lines: it may be writing another just now."""
        return self.log().rpartition("\n")[0].splitlines()

    def resident_bytes(self) -> int:
        """Resident memory now."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmRSS")

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    # Clients

    def tls_context(self, *alpn: str) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.certificate))
        if alpn:
            context.set_alpn_protocols(list(alpn))
        return context

    def client(self, *, http2: bool = True, cleartext: bool = False, **options) -> httpx.Client:
        """An httpx client; over TLS with HTTP/2 unless told otherwise. Redirects aren't followed."""
        context = self.tls_context()
        base = self.http if cleartext else self.https
        options.setdefault("timeout", 20)
        return httpx.Client(base_url=base, http2=http2 and not cleartext, http1=not http2 or cleartext,
                            verify=context, **options)

    def users(self, organization: str) -> list[dict]:
        """Every user of an organization, as the command line lists them."""
        result = self.cli("user", "list", organization, "--json")
        assert result.returncode == 0, result.stderr
        listed = json.loads(result.stdout)
        return listed if isinstance(listed, list) else listed["users"]


#: What has to come in the end may take this long at least, in seconds.
PATIENCE = 6.0


def eventually(condition, *, within: float = PATIENCE, every: float = 0.02, what: str = "the condition"):
    """Polls until `condition()` is truthy and returns its value.

    The bound says that something comes, not how fast it is: a machine that is busy with other things must not break a
    test. So it is `PATIENCE` at least, and is counted in the pauses between polls, which such a machine makes rarer.
    """
    limit = max(within, PATIENCE)
    paused, begun = 0.0, time.monotonic()
    while True:
        value = condition()
        if value:
            return value
        late = paused >= limit or time.monotonic() - begun > max(5 * limit, 60)
        assert not late, f"{what} didn't come true within {time.monotonic() - begun:.1f} s"
        time.sleep(every)
        paused += every
