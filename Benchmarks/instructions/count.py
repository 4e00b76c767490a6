"""How many instructions a request costs the gateway: counted by callgrind, so that it's the same on a busy machine.

A token that is known, the log off, HTTP/2 over TLS. The worker's thread counts, and no other: what goes on beside it by the
clock would seem to cost the more, the slower requests are. What a run costs beyond its requests (connections, handshakes) is
the same for 1,000 as for 5,000, so that the difference is what 4,000 requests cost.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))

from processes import ENVIRONMENT, LOAD_CORE, Server  # noqa: E402
from servers import make_certificate, sign_token, start_backend, start_gateway  # noqa: E402

CASES = [("proxied", "100 × 1", ["-c", "100", "-m", "1"]), ("proxied", "10 × 10", ["-c", "10", "-m", "10"]),
         ("direct", "100 × 1", ["-c", "100", "-m", "1"])]
FEW, MANY = 1_000, 5_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=Path, help="built with --static-swift-stdlib: see run.sh")
    parser.add_argument("--profiles", type=Path, help="keeps callgrind's profiles there, for callgrind_annotate")
    arguments = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="widget-gateway-instructions-"))
    servers: list[Server] = []
    try:
        make_certificate(directory)
        backend, backend_port = start_backend(directory)
        servers.append(backend)
        token = sign_token(arguments.binary.resolve(), directory)
        gateway = start_gateway(
            # Callgrind is some fifty times slower than a processor, which isn't to be taken for overload.
            arguments.binary.resolve(), directory, backend_port, "overload: { lag_seconds: 60 }",
            under=["valgrind", "--tool=callgrind", "--quiet", "--separate-threads=yes",
                   f"--callgrind-out-file={directory}/profile"])
        servers.append(gateway.server)
        print("| way | connections × streams | instructions |\n| --- | --- | --- |", flush=True)
        for way, label, shape in CASES:
            run(gateway.urls[way], shape, FEW, token)
            dump(gateway.server)
            counts = []
            for requests in (FEW, MANY):
                run(gateway.urls[way], shape, requests, token)
                profile = dump(gateway.server)
                counts.append(instructions(profile))
                if arguments.profiles:
                    arguments.profiles.mkdir(parents=True, exist_ok=True)
                    shutil.copy(profile, arguments.profiles / f"{way}-{label.replace(' × ', 'x')}-{requests}")
            print(f"| {way} | {label} | {(counts[1] - counts[0]) / (MANY - FEW):,.0f} |", flush=True)
    finally:
        for server in reversed(servers):
            server.stop()
        shutil.rmtree(directory, ignore_errors=True)


def run(url: str, shape: list[str], requests: int, token: str) -> None:
    """Anything but 2xx ends the count."""
    result = subprocess.run(
        ["taskset", "-c", LOAD_CORE, "h2load", "-t", "1", "-n", str(requests), *shape,
         "-H", f"authorization: Bearer {token}", url], capture_output=True, text=True, timeout=300)
    if f"status codes: {requests} 2xx" not in result.stdout:
        sys.exit(f"h2load failed:\n{result.stdout[-1500:]}{result.stderr}")


def dump(server: Server) -> Path:
    """Writes what has been counted since the last time, and counts from zero: the busiest thread's profile."""
    before = set(server.directory.glob("profile.*"))
    subprocess.run(["callgrind_control", "--dump", str(server.process.pid)], check=True, capture_output=True, timeout=120,
                   env=ENVIRONMENT)
    written = set(server.directory.glob("profile.*")) - before
    if not written:
        sys.exit("callgrind wrote no profile")
    return max(written, key=instructions)


def instructions(profile: Path) -> int:
    """What all of a profile's functions took together; 0 where it is a summary of other profiles."""
    found = re.search(r"^totals: (\d+)", profile.read_text(), re.MULTILINE)
    return int(found[1]) if found else 0


if __name__ == "__main__":
    main()
