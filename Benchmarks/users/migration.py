"""A million users moved from SQLite to a PostgreSQL of this script's own, and back: how long, and how much memory.

    swift build -c release --product widget-gateway
    WIDGET_GATEWAY_BINARY=.build/release/widget-gateway .venv/bin/python Benchmarks/users/migration.py
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Tests/EndToEnd"))

from conftest import organization  # noqa: E402
from harness.gateway import BINARY, Gateway, environment  # noqa: E402
from harness.postgres import Postgres  # noqa: E402
from harness.tokens import secret  # noqa: E402
from test_storage_migration import bulk  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--back", action="store_true", help="the way back, too")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="widget-gateway-migration-"))
    folder.chmod(0o711)
    # 128 MB is PostgreSQL's default; the tests' own server has less.
    database = Postgres(folder / "server", "shared_buffers=128MB").start()
    try:
        Gateway(folder, organizations=[organization("acme", secret(1))],
                upstreams=[{"name": "w", "url": "http://127.0.0.1:1"}],
                routes=[{"path": "/", "access": "widget", "upstream": "w"}])
        bulk(folder / "data/widget-gateway.db", arguments.users)
        print(f"| {arguments.users:,} users | seconds | peak memory, MB |\n| --- | ---: | ---: |", flush=True)
        move(folder, "SQLite to PostgreSQL", "sqlite:data/widget-gateway.db", database.url)
        if arguments.back:
            move(folder, "PostgreSQL to SQLite", database.url, "sqlite:data/back.db")
    finally:
        database.kill()
        shutil.rmtree(folder, ignore_errors=True)


def move(folder: Path, name: str, source: str, target: str) -> None:
    begun = time.monotonic()
    with (folder / "migrate.log").open("w+") as log:
        process = subprocess.Popen(
            [str(BINARY), "storage", "migrate", "--config", str(folder / "gateway.yaml"), "--from", source, "--to",
             target], cwd=folder, env=environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            log.seek(0)
            sys.exit(f"the migration failed:\n{log.read()[-2000:]}")
    print(f"| {name} | {time.monotonic() - begun:.0f} | {usage.ru_maxrss / 1024:.0f} |", flush=True)


if __name__ == "__main__":
    main()
