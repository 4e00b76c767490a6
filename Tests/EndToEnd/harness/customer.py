"""A customer's own application with its login page, as a process on a free loopback port."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from .gateway import _die_with_parent, free_port

APPLICATIONS = Path(__file__).resolve().parents[1] / "customers"

#: The people whom every application knows, by the name they log in with.
PEOPLE = {
    "ada": {"id": "1", "email": "ada@customer.test", "name": "Ada Lovelace"},
    "grace": {"id": "2", "email": "grace@customer.test", "name": "Grace Hopper"},
    "zoe": {"id": "3", "email": "zoe@customer.test", "name": 'Zoë "Zed" O’Brien <b>'},
    "eve": {"id": "4", "email": "eve@customer.test", "name": "Eve"},
}


class Customer:
    """Has its address from the beginning, and runs from `start` to `stop`."""

    def __init__(self, dialect: str, secret: str, log_path: Path, *, by_form: bool = False):
        self.dialect = dialect
        self.secret = secret
        self.by_form = by_form
        self.port = free_port()
        # Another host than the portal's `localhost`: to a browser, another site.
        self.origin = f"http://127.0.0.1:{self.port}"
        self.login_url = f"{self.origin}/login"
        self.logout_url = f"{self.origin}/logout"
        self.log_path = log_path
        self.process: subprocess.Popen | None = None

    def start(self, portal: str, timeout: float = 20) -> "Customer":
        """Starts the application for the portal with this origin, and waits until it answers."""
        source = next(path for path in APPLICATIONS.glob(f"{self.dialect}.*") if path.suffix in (".py", ".mjs"))
        command = ["node", str(source)] if source.suffix == ".mjs" else [sys.executable, str(source)]
        environment = os.environ | {
            "PORT": str(self.port), "PORTAL": portal, "API_SECRET": self.secret,
            "ANSWER_BY": "form" if self.by_form else "", "PYTHONDONTWRITEBYTECODE": "1"}
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=_die_with_parent)
        deadline = time.monotonic() + timeout
        while True:
            assert self.process.poll() is None, f"the customer's application ended:\n{self.log()}"
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return self
            except OSError:
                assert time.monotonic() < deadline, f"nothing listens on {self.origin}:\n{self.log()}"
                time.sleep(0.02)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")[-4000:]
