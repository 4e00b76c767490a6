"""Three gateways on one PostgreSQL: how soon does each know of a change, and is any answer wrong when machines fail?

First, without load, the time from a change at one gateway until the last of the three refuses. Then the load test goes
over all three, with valid, expired, forged and missing tokens, and judges every answer; meanwhile new users are
admitted and users are blocked, one gateway is killed and comes back, and the database is killed and comes back.

Fails where an answer was wrong, where a user who was acknowledged isn't there, or where one who was blocked gets in.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/EndToEnd"))

import httpx  # noqa: E402
from harness.cluster import CHANGES, Member, propagation  # noqa: E402
from harness.gateway import eventually  # noqa: E402
from harness.postgres import Postgres  # noqa: E402
from harness.tokens import secret, sign  # noqa: E402
from harness.upstream import RecordingUpstream  # noqa: E402

KEY = secret(740)
LOAD = Path(os.environ.get("WIDGET_LOAD", ROOT / "Benchmarks/.build/release/widget-load"))
MIX = "valid=85,expired=5,forged=5,anonymous=5"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60, help="of load")
    parser.add_argument("--rate", type=int, default=1500, help="requests a second at each gateway")
    parser.add_argument("--tokens", type=int, default=20_000, help="users in rotation")
    parser.add_argument("--rounds", type=int, default=30, help="changes of each kind that are timed")
    arguments = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="widget-gateway-cluster-"))
    directory.chmod(0o711)
    backend = RecordingUpstream()
    database = Postgres(directory / "postgres").start()
    members: list[Member] = []
    try:
        settings = {"id": "acme", "name": "Acme", "dialect": "productbridge", "secrets": [{"secret": KEY}],
                    "hosts": ["acme.test", "127.0.0.1"],
                    "sso": {"enabled": True, "login_url": "http://127.0.0.1:1/login"}}
        # Forged tokens come from one address on purpose.
        members = Member.start_all(directory, [database.url] * 3, backend.url, [settings],
                                   rate_limits={"bad_tokens_per_minute": 0},
                                   log={"level": "warning", "format": "text", "access": False})
        for member in members:
            eventually(lambda: member.metric("widget_storage_listening") == 1, within=10, what="that it listens")
        print("| change | median, ms | slowest, ms | rounds |\n| --- | ---: | ---: | ---: |")
        for kind in CHANGES:
            times = propagation(members, kind, arguments.rounds, key=KEY, name=kind.replace(" ", "-"))
            print(f"| {kind} | {statistics.median(times) * 1000:.0f} | {max(times) * 1000:.0f} | {len(times)} |",
                  flush=True)
        Trial(directory, database, members, arguments).run()
    finally:
        for member in members:
            member.close()
        database.kill()
        backend.close()
        shutil.rmtree(directory, ignore_errors=True)


# What goes wrong

class Trial:
    def __init__(self, directory: Path, database: Postgres, members: list[Member], arguments: argparse.Namespace):
        self.directory, self.database, self.members, self.arguments = directory, database, members, arguments
        self.stop = threading.Event()
        self.lock = threading.Lock()
        #: Whose admission was acknowledged, with the id that was told.
        self.acknowledged: dict[str, str] = {}
        #: Who was blocked, and since when that was acknowledged.
        self.blocked: dict[str, float] = {}
        self.wrong: list[str] = []
        self.counts = {"new users acknowledged": 0, "new users told to come again": 0, "users blocked": 0,
                       "looks at blocked users": 0}

    def run(self) -> None:
        (self.directory / "secret").write_text(KEY)
        workers = [threading.Thread(target=work, args=(number,), daemon=True)
                   for work in (self.admit, self.block) for number in range(2)]
        with ThreadPoolExecutor(len(self.members)) as pool:
            loads = [pool.submit(self.load, number) for number in range(len(self.members))]
            for worker in workers:
                worker.start()
            self.fail()
            reports = [load.result() for load in loads]
        self.stop.set()
        for worker in workers:
            worker.join(30)
        self.judge(reports)

    def fail(self) -> None:
        part = self.arguments.seconds / 6
        time.sleep(part)
        victim = self.members[1].gateway
        victim.kill()
        time.sleep(part / 2)
        victim.start()
        time.sleep(part)
        self.database.kill()
        time.sleep(part / 2)
        self.database.start()

    def load(self, number: int) -> dict:
        """The load test at one gateway: again from the start where that went away meanwhile."""
        report = self.directory / f"load-{number}.json"
        sums: dict = {"answers": 0, "errors": 0, "wrongAnswers": 0, "outcomes": {}, "wrong": {}}
        end = time.monotonic() + self.arguments.seconds
        while (left := end - time.monotonic()) > 2:
            report.unlink(missing_ok=True)
            process = subprocess.run(
                [str(LOAD), "--target", f"http://127.0.0.1:{self.members[number].gateway.clear_port}", "--secret-file",
                 str(self.directory / "secret"), "--organization", "acme", "--json", str(report), "--tokens",
                 str(self.arguments.tokens), "--connections", "5", "--streams", "20", "--rate",
                 str(self.arguments.rate), "--reconnect", "5000", "--duration", f"{left:.0f}s", "--mix", MIX],
                capture_output=True, text=True, timeout=left + 60)
            if not report.exists():
                # Nobody is there: that is what a load balancer is for.
                time.sleep(0.3)
                continue
            read = json.loads(report.read_text())
            for name in ("answers", "errors", "wrongAnswers"):
                sums[name] += read[name]
            for name in ("outcomes", "wrong"):
                for key, count in read[name].items():
                    sums[name][key] = sums[name].get(key, 0) + count
            assert process.returncode in (0, 1, 2), process.stderr
        return sums

    def ask(self, client: httpx.Client, number: int, path: str, **options) -> httpx.Response | None:
        """Nil where the gateway is away."""
        base = self.members[number].gateway.http
        try:
            return client.request(options.pop("method", "GET"), base + path, headers={"Host": "acme.test"}
                                  | options.pop("headers", {}), **options)
        except httpx.HTTPError:
            return None

    def admit(self, thread: int) -> None:
        with httpx.Client(timeout=30) as client:
            number = 0
            while not self.stop.is_set():
                number += 1
                email = f"new-{thread}-{number}@example.test"
                answer = self.ask(client, random.randrange(3), "/_widget/identify", method="POST",
                                  json={"token": sign({"email": email}, KEY)})
                if answer is None:
                    continue
                with self.lock:
                    if answer.status_code == 200:
                        self.counts["new users acknowledged"] += 1
                        self.acknowledged[email] = answer.json()["user"]["id"]
                    elif answer.status_code == 503 and answer.json()["code"] in ("directory_unavailable", "overloaded"):
                        self.counts["new users told to come again"] += 1
                    else:
                        self.wrong.append(f"a new user got {answer.status_code}: {answer.text[:200]}")
                time.sleep(0.01)

    def block(self, thread: int) -> None:
        """Blocks somebody, then looks whether any gateway lets anybody in who was blocked more than a second ago."""
        with httpx.Client(timeout=30) as client:
            while not self.stop.is_set():
                with self.lock:
                    candidates = [entry for entry in self.acknowledged.items() if entry[0] not in self.blocked]
                if candidates:
                    email, identifier = random.choice(candidates[-50:])
                    member = self.members[random.randrange(3)]
                    try:
                        answer = member.admin.post(f"/api/v1/organizations/acme/users/{identifier}/block")
                        if answer.status_code < 300:
                            with self.lock:
                                self.blocked.setdefault(email, time.monotonic())
                                self.counts["users blocked"] += 1
                    except httpx.HTTPError:
                        pass
                with self.lock:
                    known = [(email, since) for email, since in self.blocked.items() if time.monotonic() - since > 1]
                for email, _ in random.sample(known, min(5, len(known))):
                    token = sign({"email": email}, KEY)
                    answer = self.ask(client, random.randrange(3), "/_widget/state",
                                      headers={"Authorization": f"Bearer {token}"})
                    if answer is None:
                        continue
                    with self.lock:
                        self.counts["looks at blocked users"] += 1
                        if answer.status_code < 400:
                            self.wrong.append(f"a blocked user got in: {answer.text[:200]}")
                time.sleep(0.05)

    def judge(self, reports: list[dict]) -> None:
        for email, identifier in self.acknowledged.items():
            if not identifier.replace("_", "").isalnum():
                self.wrong.append(f"an id that is none: {identifier}")
        stored = dict(line.split("|") for line in self.database.sql(
            "SELECT email, id FROM users WHERE email LIKE 'new-%'").splitlines())
        lost = [email for email, identifier in self.acknowledged.items() if stored.get(email) != identifier]
        doubled = int(self.database.sql(
            "SELECT count(*) FROM (SELECT email FROM users WHERE organization = 'acme' GROUP BY email "
            "HAVING count(*) > 1) AS twice"))
        wrong = sum(report["wrongAnswers"] for report in reports)
        outcomes: dict[str, int] = {}
        for report in reports:
            for name, count in report["outcomes"].items():
                outcomes[name] = outcomes.get(name, 0) + count
        print("\n| what | measured |\n| --- | ---: |")
        print(f"| answers to the load test | {sum(report['answers'] for report in reports):,} |")
        for name, count in sorted(outcomes.items()):
            print(f"| … {name} | {count:,} |")
        print(f"| wrong answers | {wrong + len(self.wrong):,} |")
        for name, count in self.counts.items():
            print(f"| {name} | {count:,} |")
        print(f"| acknowledged and lost | {len(lost):,} |")
        print(f"| users stored twice | {doubled:,} |")
        for report in reports:
            for text in list(report["wrong"])[:5]:
                print(f"wrong: {text}")
        for text in self.wrong[:10]:
            print(f"wrong: {text}")
        if wrong or self.wrong or lost or doubled:
            sys.exit(1)


if __name__ == "__main__":
    main()
