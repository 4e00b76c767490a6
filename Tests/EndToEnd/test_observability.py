"""Metrics, logs, dashboards and alert rules: what operators see of the gateway, and what nobody may see."""

import contextlib
import json
import re
import shutil
import signal
import socket
import subprocess
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import yaml

from conftest import ACME, HASHED, PLAIN, organization
from harness.expect import accepted, problem
from harness.gateway import eventually
from harness.http1 import HTTP1Client
from harness.http2 import HTTP2Client
from harness.tokens import now, secret, sign, user_hash
from harness.upstream import RecordingUpstream

ROOT = Path(__file__).resolve().parents[2]
DASHBOARDS = ROOT / "docs" / "dashboards"


def promtool(*arguments, **options) -> subprocess.CompletedProcess:
    program = shutil.which("promtool") or str(ROOT / ".tools" / "promtool")
    assert Path(program).exists(), "there is no promtool: run scripts/install-test-packages.sh"
    return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, timeout=60, **options)


def scrape(gateway) -> str:
    with urllib.request.urlopen(gateway.admin + "/metrics", timeout=5) as response:
        assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
        return response.read().decode()


SAMPLE = re.compile(r'^([a-z_]+)(?:\{(.*)\})? (\S+)$')


def samples(text: str) -> dict[tuple, float]:
    """Every sample, by name and sorted labels."""
    found = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        name, labels, value = SAMPLE.match(line).groups()
        pairs = tuple(sorted(re.findall(r'([a-z]+)="((?:[^"\\]|\\.)*)"', labels or "")))
        assert (name, pairs) not in found, f"{line} is there twice"
        found[name, pairs] = float(value)
    return found


def value(gateway, name: str, **labels: str) -> float:
    """The sum of all samples of this name that have these labels."""
    return sum(number for (sample, pairs), number in samples(scrape(gateway)).items()
               if sample == name and labels.items() <= dict(pairs).items())


def at_rest(figure):
    """A figure once nothing that happened before adds to it any more."""
    read = [figure()]

    def rests() -> bool:
        read.append(figure())
        return len(read) > 3 and len(set(read[-4:])) == 1

    eventually(rests, within=30, every=0.05, what="a figure at rest")
    return read[-1]


def grows(gateway, by: float, name: str, act, **labels: str):
    """Runs `act`; then the figure is greater by exactly `by`, as soon as workers have told of it."""
    before = at_rest(lambda: value(gateway, name, **labels))
    result = act()
    eventually(lambda: value(gateway, name, **labels) == before + by, within=5, every=0.1,
               what=f"{name} {labels} to grow by {by} from {before}")
    return result


# The list

def families_served(text: str) -> dict[str, tuple[str, set]]:
    """Type and labels of each family."""
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
    helped = set(re.findall(r"^# HELP (\S+) \S", text, re.MULTILINE))
    assert helped == set(types)
    labels = {name: set() for name in types}
    for name, pairs in samples(text):
        family = name if name in types else re.sub(r"_(bucket|sum|count)$", "", name)
        labels[family] |= {label for label, _ in pairs} - {"le"}
    return {name: (types[name], labels[name]) for name in types}


def families_documented() -> dict[str, tuple[str, set]]:
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|([^|]*)\|", (ROOT / "docs" / "metrics.md").read_text(), re.MULTILINE)
    assert len({name for name, _, _ in rows}) == len(rows)
    return {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}


def test_the_documented_list_is_what_is_served(gateway, ask):
    ask("acme", "/x")
    eventually(lambda: "widget_requests_total{" in scrape(gateway), within=5, what="a figure of each family")
    assert families_served(scrape(gateway)) == families_documented()


def test_prometheus_finds_nothing_to_object_to(gateway, ask):
    ask("acme", "/x")
    checked = promtool("check", "metrics", input=scrape(gateway))
    assert checked.returncode == 0 and not checked.stderr, checked.stderr + checked.stdout


def test_what_clients_send_makes_no_series(gateway, ask, email):
    ask("acme", "/first")
    eventually(lambda: value(gateway, "widget_requests_total", route="/") > 0, within=5, what="the first figures")
    series = set(samples(scrape(gateway)))
    for number in range(30):
        ask("acme", f"/never-seen-{number}?x={number}", headers={"User-Agent": f"client {number}"})
        ask(f"nobody-{number}", "/x", token=f"bad{number}.token.{email}")
    before = value(gateway, "widget_requests_total")
    ask("acme", "/last")
    eventually(lambda: value(gateway, "widget_requests_total") > before, within=5, what="the last figures")
    new = set(samples(scrape(gateway))) - series
    assert all(name == "widget_requests_total" for name, _ in new) and len(new) <= 4, new
    assert "never-seen" not in scrape(gateway) and email not in scrape(gateway)


def test_a_histogram_adds_up(gateway, ask):
    ask("acme", "/x")
    found = samples(scrape(gateway))
    for (name, labels), count in found.items():
        if not name.endswith("_count"):
            continue
        base = name.removesuffix("_count")
        buckets = [(dict(pairs)["le"], number) for (sample, pairs), number in found.items()
                   if sample == base + "_bucket" and set(labels) <= set(pairs)]
        numbers = [number for _, number in buckets]
        assert buckets[-1] == ("+Inf", count) and numbers == sorted(numbers), base
        bounds = [float(bound) for bound, _ in buckets[:-1]]
        assert bounds == sorted(bounds) and len(bounds) == 17


# What is counted

def test_requests_count_by_route_state_and_outcome(gateway, ask, email, client):
    token = sign({"email": email}, ACME)
    total = "widget_requests_total"
    grows(gateway, 1, total, lambda: ask("acme", "/x"), route="/", state="anonymous", outcome="forwarded")
    grows(gateway, 1, total, lambda: ask("acme", "/x", token=token), route="/", state="identified",
          outcome="forwarded")
    grows(gateway, 1, total, lambda: ask("acme", "/assets/a.js"), route="/assets/", state="none", outcome="forwarded")
    grows(gateway, 1, total, lambda: ask("acme", token=token), route="/_widget/state", state="identified",
          outcome="answered")
    grows(gateway, 1, total, lambda: ask("locked", "/x"), route="/", state="locked", outcome="refused")
    grows(gateway, 1, total, lambda: ask("acme", "/x", token=token[:-6]), route="/", state="none", outcome="refused")
    grows(gateway, 1, total, lambda: ask("acme", "/dead/x"), route="/dead/", state="none", outcome="failed")
    grows(gateway, 1, total, lambda: ask("acme", "/_widget/sdk.js"), route="/_widget/sdk.js", outcome="answered")


def test_a_broken_response_and_an_impatient_client_are_told_apart(make_gateway):
    upstream = RecordingUpstream()
    release = threading.Event()

    def breaks(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")
        return False

    upstream.on("/breaks", breaks)
    upstream.on("/waits", lambda exchange: release.wait(20) and False)
    gateway = make_gateway(upstreams=[{"name": "widgets", "url": upstream.url}])

    def broken():
        with gateway.client(http2=False, cleartext=True) as client, pytest.raises(Exception):
            client.get("/breaks")

    def impatient():
        with HTTP2Client(gateway.tls_port, gateway.tls_context("h2")) as connection:
            connection.open_stream(connection.fields(path="/waits"))
            eventually(lambda: upstream.seen("/waits"), within=3, what="the request")

    grows(gateway, 1, "widget_upstream_failures_total", broken, upstream="widgets", reason="broken")
    grows(gateway, 1, "widget_requests_total", impatient, outcome="aborted")
    assert value(gateway, "widget_requests_total", outcome="failed") == 1
    release.set()
    upstream.close()


def test_verifications_cache_and_admissions(gateway, ask, email):
    token = sign({"email": email}, ACME)

    def identify():
        return accepted(ask("acme", "/x", token=token))

    admitted = value(gateway, "widget_admission_duration_seconds_count")
    created = value(gateway, "widget_users_created_total")
    grows(gateway, 1, "widget_verifications_total", identify, result="accepted")
    eventually(lambda: value(gateway, "widget_admission_duration_seconds_count") == admitted + 1, within=3,
               what="the admission")
    assert value(gateway, "widget_users_created_total") == created + 1
    grows(gateway, 1, "widget_cache_lookups_total", identify, result="hit")
    for code, bad in {"token_signature_mismatch": sign({"email": email}, secret(77)), "token_malformed": "a.b",
                      "token_expired": sign({"email": email, "exp": now() - 900, "iat": now() - 1000}, ACME)}.items():
        problem(grows(gateway, 1, "widget_verifications_total", lambda: ask("acme", "/x", token=bad), result=code),
                code)


def test_upstreams_connections_and_handshakes(gateway, ask):
    grows(gateway, 1, "widget_upstream_duration_seconds_count", lambda: ask("acme", "/x"), upstream="widgets")
    grows(gateway, 1, "widget_upstream_failures_total", lambda: ask("acme", "/dead/"), upstream="dead",
          reason="unreachable")

    def connect():
        with gateway.client() as fresh:
            fresh.get("/_widget/sdk.js")

    grows(gateway, 1, "widget_tls_handshakes_total", connect, result="full")
    grows(gateway, 1, "widget_connections_opened_total", connect, protocol="h2")

    def stumble():
        with socket.create_connection(("127.0.0.1", gateway.tls_port)) as raw:
            raw.sendall(b"GET / HTTP/1.1\r\n\r\n")
            with contextlib.suppress(ConnectionResetError):
                raw.recv(100)

    grows(gateway, 1, "widget_tls_handshakes_total", stumble, result="failed")


def test_loops_report_their_lag(gateway):
    before = value(gateway, "widget_event_loop_lag_seconds_count")
    eventually(lambda: value(gateway, "widget_event_loop_lag_seconds_count") > before, within=5, what="a measurement")


def test_figures_survive_a_reload_and_a_route_that_moves(make_gateway):
    gateway = make_gateway(routes=[{"path": "/", "access": "public", "upstream": "widgets"}])
    with gateway.client() as client:
        grows(gateway, 3, "widget_requests_total", lambda: [client.get("/x") for _ in range(3)], route="/")
        gateway.settings["routes"].insert(0, {"path": "/new/", "access": "public", "upstream": "widgets"})
        gateway.write_config()
        grows(gateway, 1, "widget_configuration_reloads_total", lambda: gateway.signal(signal.SIGHUP),
              result="succeeded")
        grows(gateway, 1, "widget_requests_total", lambda: client.get("/new/x"), route="/new/")
        assert value(gateway, "widget_requests_total", route="/") == 3
    assert value(gateway, "widget_configuration_is_current") == 1
    gateway.config_path.write_text("workers: many\n")
    grows(gateway, 1, "widget_configuration_reloads_total", lambda: gateway.signal(signal.SIGHUP), result="failed")
    assert value(gateway, "widget_configuration_is_current") == 0


def test_more_routes_than_places_share_one(make_gateway):
    routes = [{"path": f"/r{number}/", "access": "public", "upstream": "widgets"} for number in range(150)]
    gateway = make_gateway(routes=routes)
    with gateway.client() as client:
        grows(gateway, 150, "widget_requests_total", lambda: [client.get(f"/r{n}/") for n in range(150)])
        assert value(gateway, "widget_requests_total", route="other") == 150 - 121
        assert promtool("check", "metrics", input=scrape(gateway)).returncode == 0


def test_the_certificates_end_is_known(gateway):
    from cryptography import x509
    certificate = x509.load_pem_x509_certificate(gateway.certificate.read_bytes())
    assert value(gateway, "widget_certificate_expiry_timestamp_seconds",
                 listener=f"127.0.0.1:{gateway.tls_port}") == int(certificate.not_valid_after_utc.timestamp())


# Dashboards and rules

def test_the_alert_rules_hold():
    checked = promtool("check", "rules", DASHBOARDS / "alerts.yaml")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    tested = promtool("test", "rules", "alerts.test.yaml", cwd=DASHBOARDS)
    assert tested.returncode == 0, tested.stdout + tested.stderr


def rules() -> list[dict]:
    return [rule for group in yaml.safe_load((DASHBOARDS / "alerts.yaml").read_text())["groups"]
            for rule in group["rules"]]


def expressions() -> list[str]:
    board = json.loads((DASHBOARDS / "widget-gateway.json").read_text())
    found = [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]
    assert len(found) > 40
    return found


def test_the_dashboards_queries_can_be_read(tmp_path):
    expressions_ = [text.replace("$__rate_interval", "5m").replace("$instance", "a").replace("$job", "b")
                    for text in expressions()]
    groups = [{"name": "board", "rules": [{"record": f"board:{number}", "expr": text}
                                          for number, text in enumerate(expressions_)]}]
    (tmp_path / "board.yaml").write_text(yaml.safe_dump({"groups": groups}))
    checked = promtool("check", "rules", "--lint=none", tmp_path / "board.yaml")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_dashboard_and_rules_name_metrics_that_exist():
    known = set(families_documented())
    board, alerts = "\n".join(expressions()), "\n".join(rule["expr"] for rule in rules())
    named = set(re.findall(r"\b(?:widget|process)_\w+", board + alerts))
    assert {re.sub(r"_bucket$", "", name) for name in named} <= known
    shown = {re.sub(r"_bucket$", "", name) for name in re.findall(r"\b(?:widget|process)_\w+", board)}
    assert known - shown == set(), "metrics that the dashboard leaves out"


def test_the_runbook_has_a_section_for_each_alert_and_no_other():
    sections = re.findall(r"^## (WidgetGateway\w+)$", (ROOT / "docs" / "runbook.md").read_text(), re.MULTILINE)
    assert sorted(sections) == sorted(rule["alert"] for rule in rules())


# Logs

TIMINGS = ("queue_ms", "verify_ms", "admit_ms", "upstream_ms")


def access_line(gateway, path: str) -> dict:
    def find():
        for line in gateway.log_lines():
            entry = json.loads(line)
            if entry.get("kind") == "access" and entry["path"] == path:
                return entry
    return eventually(find, within=3, what=f"the line of {path}")


def test_the_access_log_tells_where_the_time_went(make_gateway, email):
    upstream = RecordingUpstream()
    upstream.on("/slow", lambda exchange: threading.Event().wait(0.3) or exchange.reply(b"at last"))
    gateway = make_gateway(upstreams=[{"name": "widgets", "url": upstream.url}],
                           log={"level": "info", "format": "json"})
    token = sign({"email": email}, ACME)
    with gateway.client() as client:
        fields = {"Authorization": f"Bearer {token}"}
        client.get("/slow", headers=fields)
        client.get("/again", headers=fields)
        client.get("/_widget/state")
    first, again, own = (access_line(gateway, path) for path in ("/slow", "/again", "/_widget/state"))
    assert set(TIMINGS) <= set(first) and first["upstream_ms"] >= 290
    assert first["admit_ms"] > 0 and first["verify_ms"] >= 0
    assert sum(first[phase] for phase in TIMINGS) <= first["total_ms"] + 0.01
    assert {"queue_ms", "upstream_ms"} <= set(again) and not {"verify_ms", "admit_ms"} & set(again)  # remembered
    assert not set(TIMINGS) & set(own) and own["total_ms"] >= 0
    assert (first["state"], first["outcome"], first["status"], first["organization"]) == \
        ("identified", "forwarded", 200, "acme")
    assert re.fullmatch(r"[0-9a-f]{32}", first["request_id"]) and own["outcome"] == "answered"
    upstream.close()


def test_a_reload_changes_format_and_level_of_both_logs(make_gateway):
    gateway = make_gateway(log={"level": "info", "format": "text"})
    with gateway.client() as client:
        client.get("/in-text")
        eventually(lambda: "path=/in-text" in gateway.log(), within=3, what="a line of text")
        gateway.settings["log"] = {"level": "info", "format": "json"}
        gateway.write_config()
        gateway.signal(signal.SIGHUP)
        # Asking for figures asks all workers, which have taken on the configuration by then.
        eventually(lambda: value(gateway, "widget_configuration_reloads_total", result="succeeded") == 1,
                   what="the reload")
        client.get("/in-json")
        eventually(lambda: '"path":"/in-json"' in gateway.log(), within=3, what="a line of JSON")
        gateway.settings["log"] = {"level": "warning", "format": "json"}
        gateway.write_config()
        before = value(gateway, "widget_configuration_reloads_total", result="succeeded")
        gateway.signal(signal.SIGHUP)
        eventually(lambda: value(gateway, "widget_configuration_reloads_total", result="succeeded") > before, within=5,
                   what="the next reload")
        client.get("/unheard")
        gateway.settings["log"] = {"level": "info", "format": "json"}
        gateway.write_config()
        gateway.signal(signal.SIGHUP)
        eventually(lambda: value(gateway, "widget_configuration_reloads_total", result="succeeded") == 3,
                   what="the last")
        client.get("/heard")
        eventually(lambda: '"path":"/heard"' in gateway.log(), within=3, what="a line again")
    assert "/unheard" not in gateway.log()


def test_no_log_or_metric_gives_a_secret_away(make_gateway, email):
    """Canaries in every place where a secret or token may be, right and wrong; then all output is searched."""
    gateway = make_gateway(
        [organization("acme", ACME, sso={"enabled": True, "login_url": "http://127.0.0.1:9/login"}),
         organization("plain", PLAIN, allow_plain_identity=True), organization("hashed", HASHED,
                                                                             require_user_hash="enforce"),
         organization("vendor", secret(5), dialect="uservoice",
                      sso={"enabled": True, "login_url": "http://127.0.0.1:9/login"})],
        routes=[{"path": "/", "access": "widget", "upstream": "widgets"},
                {"path": "/portal/", "access": "portal", "upstream": "widgets"},
                {"path": "/open/", "access": "public", "upstream": "widgets"}],
        log={"level": "trace", "format": "json"})
    good = sign({"email": email, "id": "7"}, ACME)
    wrong = [good[:-4] + "AAAA", sign({"email": email}, secret(6)), sign({"email": email, "exp": 5}, ACME),
             sign({"nothing": 1}, ACME), sign({"email": email, "user_hash": "0" * 64}, ACME),
             sign({"email": email}, ACME, algorithm="HS512"), "canary-token.not.one", "canary" * 2000]
    cookie = "canarysession" + "0123456789abcdef" * 3
    password = "canary-basic-credentials"
    hash_value = user_hash(PLAIN, "77")
    with gateway.client() as client:
        for token in [good, *wrong]:
            for host in ("acme", "hashed", "plain", "vendor"):
                fields = {"Host": f"{host}.test"}
                for path in ("/x", "/portal/x", "/open/x", "/_widget/state"):
                    client.get(path, headers=fields | {"Authorization": f"Bearer {token}"})
                    client.get(path, params={"sso": token}, headers=fields)
                    client.get(path, params={"sso": token}, headers=fields | {"Accept": "text/html"})
                client.post("/_widget/identify", json={"token": token}, headers=fields)
                client.post("/portal/x", data={"sso": token}, headers=fields)
                client.get("/api/redirects/sso", params={"ssoToken": token, "organizationId": host}, headers=fields)
                client.get("/login_success", params={"sso": token}, headers=fields)
                client.get("/widgets_sdk", params={"sso": token}, headers=fields)
                client.get(f"/in/the/path/{token[:4000]}", headers=fields)
                client.get("/x", headers=fields | {"Referer": f"https://acme.test/?sso={token[:4000]}"})
        for name in ("__Host-widget_session", "__Host-widget_transaction"):
            client.get("/portal/x", headers={"Host": "acme.test", "Cookie": f"{name}={cookie}"})
            client.post("/_widget/logout", headers={"Host": "acme.test", "Cookie": f"{name}={cookie}"})
        client.get("/x", headers={"Host": "acme.test", "Authorization": f"Basic {password}"})
        client.post("/_widget/identify", headers={"Host": "plain.test"},
                    json={"user": {"id": "77", "user_hash": hash_value}})
        client.post("/_widget/identify", headers={"Host": "acme.test"}, content=b'{"token": "canary-broken')
        for path in ("/api/v1/organizations", "/api/v1/nothing"):
            request = urllib.request.Request(gateway.admin + path, headers={"Authorization": "Bearer canary-admin"})
            with pytest.raises(urllib.error.HTTPError):
                urllib.request.urlopen(request, timeout=5)
    with HTTP1Client(gateway.clear_port) as connection:
        connection.send(f"GET /x?sso={good} HTTP/1.1\r\nHost: acme.test\r\nBad Name: {good}\r\n\r\n")
    gateway.config_path.write_text(gateway.config_path.read_text() + "\nworkers: many\n")
    gateway.signal(signal.SIGHUP)
    eventually(lambda: "workers" in gateway.log(), within=5, what="the complaint")
    figures = scrape(gateway)
    gateway.may_be_dead = True
    assert gateway.stop() == 0
    log = gateway.log()
    initial = re.findall(r'"admin_token":"([^"]+)"', log)
    assert len(initial) == 1 and log.count(initial[0]) == 1
    hidden = [good, *wrong[:-2], cookie, password, hash_value, "canary", ACME, PLAIN, HASHED]
    for output in (log, figures):
        for text in hidden:
            for part in [text] + [segment for segment in text.split(".")[1:] if len(segment) >= 20]:
                if "canary-token" in part or part == "canary":
                    continue
                assert part not in output
        assert "canary" not in re.sub(r'"path":"/in/the/path/[^"]*"', "", output)
    for line in log.splitlines():
        json.loads(line)
