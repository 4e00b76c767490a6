"""A million users: how long an import takes, and how long the admin API takes to list and to find them.

    swift build -c release --product widget-gateway
    python3 Benchmarks/users/million_users.py .build/release/widget-gateway /tmp/million

The second argument is a folder, made where it is missing, for the CSV file and the database: about 2 GB.
"""

import csv
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path

with socket.create_server(("127.0.0.1", 0)) as probe:
    ADMIN = f"127.0.0.1:{probe.getsockname()[1]}"
USERS = int(os.environ.get("USERS", 1_000_000))
COLUMNS = ["id", "email", "name", "company_id", "company_name", "company_plan", "company_mrr", "segments", "status",
           "locale", "renewal_risk", "owner_email"]
CASES = {
    "first page": {},
    "search: an email": {"search": f"user{USERS * 3 // 4}@"},
    "search: a name that 1 % begin with": {"search": "User 77"},
    "search: an id": {"search": str(USERS - 1)},
    "search: nobody": {"search": "zzz"},
    "plan: a quarter of them": {"plan": "pro"},
    "monthly revenue: 0.2 %": {"mrr_min": 998, "mrr_max": 1000},
    "segment: 1 %": {"segment": "s7"},
    "locale and renewal risk: 11 %": {"locale": "de", "renewal_risk": "high"},
    "company: 20 users": {"company": "Company 4711"},
    "blocked: nobody": {"blocked": "true"},
}


def rows():
    some = random.Random(1)
    for number in range(USERS):
        company = some.randrange(50_000)
        yield [number, f"user{number}@customer{company}.example", f"User {number}", company, f"Company {company}",
               some.choice(["free", "pro", "team", "enterprise"]), f"{company % 1000}.50",
               f"{some.choice(['beta', 'east', 'west'])};s{company % 100}",
               some.choice(["active", "trial", "churned"]), some.choice(["en", "de", "fr"]),
               some.choice(["low", "medium", "high"]), f"owner{company % 20}@x.example"]


def main(binary: Path, folder: Path):
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    Path("gateway.yaml").write_text(
        f"listen: [{{ address: 127.0.0.1:0, cleartext: true }}]\nadmin: {{ address: {ADMIN} }}\n"
        "upstreams: [{ name: w, url: http://127.0.0.1:9 }]\nroutes: [{ path: /, access: widget, upstream: w }]\n")

    def command(*arguments: str) -> tuple[float, str]:
        begun = time.perf_counter()
        result = subprocess.run([binary, *arguments], stdout=subprocess.PIPE, text=True, check=True)
        return time.perf_counter() - begun, result.stdout.strip()

    if not Path("users.csv").exists():
        with open("users.csv", "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            writer.writerows(rows())
    if not Path("data").exists():
        command("organization", "create", "acme")
        for which in ("import", "the same again"):
            seconds, said = command("user", "import", "acme", "users.csv")
            print(f"{which}: {seconds:.0f} s ({Path('users.csv').stat().st_size / 1e6:.0f} MB): {said}", flush=True)
    _, token = command("admin-token", "create", "measurement")
    with open("serve.log", "w") as log:
        gateway = subprocess.Popen([binary, "serve"], stdout=log, stderr=log)
    try:
        ask(token, gateway.pid)
    finally:
        gateway.terminate()
        gateway.wait()


def ask(token: str, process: int):
    base = f"http://{ADMIN}/api/v1/organizations/acme/users"

    def open_url(suffix: str):
        return urllib.request.urlopen(
            urllib.request.Request(base + suffix, headers={"Authorization": f"Bearer {token}"}))

    def page(**query) -> tuple[float, dict]:
        begun = time.perf_counter()
        answer = json.load(open_url("?" + urllib.parse.urlencode(query)))
        return (time.perf_counter() - begun) * 1000, answer

    for _ in range(100):
        try:
            page(limit=1)
            break
        except OSError:
            time.sleep(0.1)

    def measure(name: str, **query):
        answers = [page(**query) for _ in range(20)]
        times = [milliseconds for milliseconds, _ in answers]
        found = answers[0][1]
        more = "and more" if found["next_cursor"] else "all"
        print(f"{name:36}{statistics.median(times):8.1f} ms, at most {max(times):6.1f}: {len(found['users'])} users, {more}",
              flush=True)

    for name, query in CASES.items():
        measure(name, **query)
    last = page(search=str(USERS - 1000))[1]["users"][0]["id"]
    measure("page after all but a thousand", cursor=last)

    begun, calls, found, cursor = time.perf_counter(), 0, 0, None
    while calls == 0 or cursor:
        answer = page(company="Company 4711", **({"cursor": cursor} if cursor else {}))[1]
        calls, found, cursor = calls + 1, found + len(answer["users"]), answer["next_cursor"]
    print(f"all of a company: {found} users by {calls} calls in {time.perf_counter() - begun:.1f} s")

    begun, size = time.perf_counter(), 0
    with open_url(".csv") as export:
        while part := export.read(1 << 20):
            size += len(part)
    print(f"export: {size / 1e6:.0f} MB in {time.perf_counter() - begun:.0f} s")
    status = Path(f"/proc/{process}/status").read_text()
    print("resident afterwards: " + status.split("VmRSS:")[1].split("\n")[0].strip())


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]))
