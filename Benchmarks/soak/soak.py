"""Does the gateway stay as small as it was, whatever goes wrong around it? At least five million requests with faults.

The load test sends valid, expired, forged and missing tokens over connections that come and go, and judges every answer.
Meanwhile clients break off in the middle of things, the backend behind the proxied routes answers badly or not at all,
the configuration is reloaded, settings change and users are blocked. Memory and descriptors are read all along.

Fails where an answer was wrong, the process died, descriptors stayed open, or memory grew in the second half.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))
from processes import ENVIRONMENT, Server, end_with_parent  # noqa: E402
from servers import SECRET, make_certificate, quiet, sign_token, start_gateway  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
MIB = 1024 * 1024
GROWTH_ALLOWED = 8 * MIB
SLICE_SECONDS = 30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=5_000_000, help="of the load test, at least")
    parser.add_argument("--table", type=Path, help="a file for the table of what was measured, as Markdown")
    parser.add_argument("--tokens", type=int, default=20_000, help="users in rotation")
    parser.add_argument("--longest", type=int, default=3600, help="seconds after which it ends, whatever was reached")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    binary = Path(os.environ.get("WIDGET_GATEWAY_BINARY", ROOT / ".build/release/widget-gateway")).resolve()
    load = ROOT / "Benchmarks/.build/release/widget-load"
    directory = Path(tempfile.mkdtemp(prefix="widget-gateway-soak-"))
    backend = FaultyBackend()
    gateway = None
    stop = threading.Event()
    try:
        make_certificate(directory)
        (directory / "secret").write_text(SECRET)
        gateway = start_gateway(binary, directory, backend.port, more="cache: { megabytes: 16 }\n").server
        host, port = "127.0.0.1", int((directory / "gateway.yaml").read_text().split("127.0.0.1:")[1].split()[0])
        token = sign_token(binary, directory)
        time.sleep(2)
        watch = Watch(gateway.process.pid)
        faults = Faults(host, port, token, binary, directory, gateway, stop)
        threads = [threading.Thread(target=work, daemon=True) for work in (watch.run(stop), *faults.all())]
        for thread in threads:
            thread.start()
        totals = run_load(load, directory, gateway, port, arguments)
        stop.set()
        for thread in threads:
            thread.join(timeout=20)
        time.sleep(15)
        watch.take()
        report(watch, totals, faults, backend, gateway, arguments.table)
    finally:
        stop.set()
        if gateway is not None:
            gateway.stop()
        backend.stop()
        shutil.rmtree(directory, ignore_errors=True)


def run_load(load: Path, directory: Path, gateway: Server, port: int, arguments: argparse.Namespace) -> dict[str, float]:
    totals: dict[str, float] = {"requests": 0, "seconds": 1}
    begun = time.monotonic()
    while totals["requests"] < arguments.requests and time.monotonic() - begun < arguments.longest:
        process = subprocess.run(
            [str(load), "--target", f"https://127.0.0.1:{port}", "--secret-file", str(directory / "secret"), "--pid",
             str(gateway.process.pid), "--json", str(directory / "load.json"), "--tokens", str(arguments.tokens),
             "--connections", "20", "--streams", "10", "--reconnect", "5000", "--duration", f"{SLICE_SECONDS}s",
             "--mix", "valid=85,expired=5,forged=5,anonymous=5"],
            capture_output=True, text=True, timeout=SLICE_SECONDS * 6, env=ENVIRONMENT, preexec_fn=end_with_parent)
        if process.returncode:
            sys.exit(f"the load test found something wrong:\n{process.stdout[-3000:]}{process.stderr[-1000:]}")
        totals["seconds"] = time.monotonic() - begun
        totals["requests"] += json.loads((directory / "load.json").read_text())["latency"]["count"]
        print(f"{totals['requests']:,} requests, {time.monotonic() - begun:.0f} s", flush=True)
    return totals


class Watch:
    """Memory and descriptors of a process, every few seconds."""

    def __init__(self, pid: int):
        self.pid = pid
        self.samples: list[tuple[float, int, int]] = []
        self.begun = time.monotonic()

    def take(self) -> None:
        status = Path(f"/proc/{self.pid}/status").read_text()
        resident = int(status.split("VmRSS:")[1].split()[0]) * 1024
        descriptors = len(os.listdir(f"/proc/{self.pid}/fd"))
        self.samples.append((time.monotonic() - self.begun, resident, descriptors))

    def run(self, stop: threading.Event):
        def work() -> None:
            self.take()
            while not stop.wait(5):
                self.take()
        return work


class FaultyBackend:
    """Answers well half of the time; else badly, late, in part, or not at all."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        self.answers = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        self.listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        kinds = [self.well] * 6 + [self.reset, self.half_head, self.half_body, self.garbage, self.late, self.silent]
        with connection:
            connection.settimeout(20)
            try:
                while True:
                    head = b""
                    while b"\r\n\r\n" not in head:
                        data = connection.recv(65536)
                        if not data:
                            return
                        head += data
                    self.answers += 1
                    if not random.choice(kinds)(connection):
                        return
            except OSError:
                return

    def well(self, connection: socket.socket) -> bool:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + b"x" * 2000)
        return True

    def reset(self, connection: socket.socket) -> bool:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        return False

    def half_head(self, connection: socket.socket) -> bool:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")
        return False

    def half_body(self, connection: socket.socket) -> bool:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n400\r\nabc")
        return False

    def garbage(self, connection: socket.socket) -> bool:
        connection.sendall(os.urandom(200))
        return False

    def late(self, connection: socket.socket) -> bool:
        time.sleep(0.5)
        return self.well(connection)

    def silent(self, connection: socket.socket) -> bool:
        time.sleep(3)
        return False


class Faults:
    """What goes wrong around the gateway, each on a thread of its own."""

    def __init__(self, host: str, port: int, token: str, binary: Path, directory: Path, gateway: Server,
                 stop: threading.Event):
        self.address = (host, port)
        self.token = token
        self.binary, self.directory, self.gateway, self.stop = binary, directory, gateway, stop
        self.counts = {"broken-off requests": 0, "half handshakes": 0, "proxied requests": 0, "reloads": 0, "changes": 0}
        self.tls = ssl.create_default_context()
        self.tls.check_hostname = False
        self.tls.verify_mode = ssl.CERT_NONE

    def all(self):
        return [self.break_off, self.half_handshakes, self.proxied, self.proxied, self.reload, self.change]

    def _connect(self) -> ssl.SSLSocket:
        return self.tls.wrap_socket(socket.create_connection(self.address, timeout=10))

    def _head(self, path: str) -> bytes:
        return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.token}\r\n".encode()

    def break_off(self) -> None:
        while not self.stop.wait(0.02):
            try:
                with self._connect() as connection:
                    head = self._head("/posts") + b"\r\n"
                    connection.sendall(head[: random.randrange(1, len(head) + 1)])
                    self.counts["broken-off requests"] += 1
            except OSError:
                pass

    def half_handshakes(self) -> None:
        while not self.stop.wait(0.02):
            try:
                with socket.create_connection(self.address, timeout=5) as connection:
                    connection.sendall(b"\x16\x03\x01\x02\x00\x01"[: random.randrange(0, 7)])
                    self.counts["half handshakes"] += 1
            except OSError:
                pass

    def proxied(self) -> None:
        while not self.stop.is_set():
            try:
                with self._connect() as connection:
                    connection.sendall(self._head("/posts") + b"Connection: close\r\n\r\n")
                    while connection.recv(65536):
                        pass
                    self.counts["proxied requests"] += 1
            except OSError:
                pass

    def reload(self) -> None:
        while not self.stop.wait(5):
            self.gateway.process.send_signal(signal.SIGHUP)
            self.counts["reloads"] += 1

    def change(self) -> None:
        number = 0
        while not self.stop.wait(7):
            number += 1
            quiet(str(self.binary), "organization", "set", "--config", "gateway.yaml", "acme", f"name=Acme {number}",
                  directory=self.directory)
            self.counts["changes"] += 1


def report(watch: Watch, totals: dict[str, float], faults: Faults, backend: FaultyBackend, gateway: Server,
           table: Path | None) -> None:
    if gateway.process.poll() is not None:
        sys.exit(f"the gateway ended with {gateway.process.returncode}")
    loaded = watch.samples[1:-1]
    half = len(loaded) // 2
    first, second = (max(sample[1] for sample in part) for part in (loaded[:half], loaded[half:]))
    begin, end = watch.samples[0], watch.samples[-1]
    rows = [
        ("requests of the load test, every answer right", f"{totals['requests']:,}"),
        *((name, f"{count:,}") for name, count in faults.counts.items()),
        ("answers of the faulty backend, good and bad", f"{backend.answers:,}"),
        ("seconds", f"{end[0]:.0f}"),
        ("requests a second", f"{totals['requests'] / totals['seconds']:,.0f}"),
        ("memory before, MiB", f"{begin[1] / MIB:.1f}"),
        ("most in the first half, MiB", f"{first / MIB:.1f}"),
        ("most in the second half, MiB", f"{second / MIB:.1f}"),
        ("15 s after the end, MiB", f"{end[1] / MIB:.1f}"),
        ("descriptors before; most; 15 s after the end",
         f"{begin[2]}; {max(sample[2] for sample in watch.samples)}; {end[2]}"),
    ]
    text = "| what | measured |\n| --- | --: |\n" + "".join(f"| {name} | {value} |\n" for name, value in rows)
    print("\n" + text)
    if table:
        made = f"<!-- Made by `make soak`: not to be edited by hand. -->\n\nMeasured on {date.today()}, on " \
            f"{os.cpu_count()} cores that the gateway (pinned to one) shares with all the rest.\n\n"
        table.write_text(made + text)
    if second > first + GROWTH_ALLOWED:
        sys.exit(f"memory grew by {(second - first) / MIB:.1f} MiB in the second half")
    # Connections to the backend may be kept for a while.
    if end[2] > begin[2] + 16:
        sys.exit(f"{end[2] - begin[2]} descriptors stayed open")


if __name__ == "__main__":
    main()
