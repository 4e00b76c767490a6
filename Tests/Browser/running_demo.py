"""`widget-gateway demo` as a process of its own, on free loopback ports, in a directory of its own."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "EndToEnd"))

from harness import logs  # noqa: E402
from harness.gateway import free_port  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
PR_SET_PDEATHSIG = 1


def binary() -> Path:
    """The binary under test: what the environment names, else the release build, else the debug build."""
    named = os.environ.get("WIDGET_GATEWAY_BINARY")
    if named:
        return Path(named).resolve()
    built = [ROOT / ".build" / kind / "widget-gateway" for kind in ("release", "debug")]
    return next((path for path in built if path.exists()), built[0])


class Demo:
    def __init__(self, directory: Path):
        self.directory = directory
        self.gateway_port, self.tls_port, self.backend_port, self.app_port, self.admin_port = (
            free_port() for _ in range(5))
        self.gateway = f"http://localhost:{self.gateway_port}"
        self.gateway_tls = f"https://localhost:{self.tls_port}"
        # Browsers find names under localhost on this machine by themselves.
        self.acme = f"http://acme.localhost:{self.gateway_port}"
        self.acme_tls = f"https://acme.localhost:{self.tls_port}"
        self.lockd = f"http://lockd.localhost:{self.gateway_port}"
        self.backend = f"http://127.0.0.1:{self.backend_port}"
        self.app = f"http://localhost:{self.app_port}"
        self._log = directory / "demo.log"

    def start(self) -> Demo:
        logs.watch(self._log)
        kept = {key: value for key, value in os.environ.items() if not key.startswith("WIDGET_GATEWAY_")}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    str(binary()), "demo", "--data-directory", str(self.directory / "data"),
                    "--gateway-port", str(self.gateway_port), "--tls-port", str(self.tls_port),
                    "--backend-port", str(self.backend_port), "--app-port", str(self.app_port),
                    "--admin-port", str(self.admin_port),
                ],
                cwd=self.directory, env=kept, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                preexec_fn=lambda: ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL))
        for port in (self.gateway_port, self.tls_port, self.backend_port, self.app_port):
            self._wait_for(port)
        return self

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def close(self) -> int:
        """Ends it the polite way, and returns its exit code."""
        self._process.terminate()
        try:
            return self._process.wait(timeout=35)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise AssertionError(f"the demo didn't end when asked to:\n{self.log()[-4000:]}") from None

    def _wait_for(self, port: int, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise AssertionError(f"the demo ended with {self._process.returncode}:\n{self.log()[-4000:]}")
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise AssertionError(f"nothing listens on port {port}:\n{self.log()[-4000:]}")
