"""The token log, the figures of rules in report, and impersonation alerts, against the real binary."""

import json
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.request

import pytest
import yaml

from conftest import ACME, organization
from harness.expect import accepted, problem
from harness.gateway import BINARY, environment, eventually
from harness.tokens import must_stay_secret, now, remember, secret, sign, user_hash

OTHER, UPDATE = secret(210), secret(211)
ORIGIN = "https://app.acme.test"


def lines(result) -> list[dict]:
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def log_of(gateway, *arguments: str, limit: int = 10_000) -> list[dict]:
    """The rows of the log, newest first."""
    return lines(gateway.cli("log", *arguments, "--json", "--limit", str(limit)))


def rows_when(gateway, count: int, *arguments: str) -> list[dict]:
    """The rows, once there are `count` of them: they are written within two seconds or so."""
    return eventually(
        lambda: (rows := log_of(gateway, *arguments)) and len(rows) >= count and rows, within=30, every=0.2,
        what=f"{count} rows of the token log")


def metrics(gateway) -> str:
    with urllib.request.urlopen(gateway.admin + "/metrics", timeout=5) as response:
        return response.read().decode()


def report_of(gateway, name: str) -> dict:
    result = gateway.cli("organization", "report", name, "--json")
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    return {rule["rule"]: rule for rule in report["rules"]} | {"directory": report["update_only_directory"]}


def report_when(gateway, name: str, condition) -> dict:
    """The report, once it says what it should: figures are written each five seconds or so."""
    return eventually(
        lambda: (report := report_of(gateway, name)) and condition(report) and report, within=40, every=0.5,
        what="the report's figures")


def state(client, token=None, host="acme", headers=None):
    fields = {"Host": f"{host}.test"} | (headers or {})
    if token is not None:
        fields["Authorization"] = f"Bearer {token}"
    return client.get("/_widget/state", headers=fields)


def page(client, token=None, host="acme", path="/page", headers=None):
    fields = {"Host": f"{host}.test"} | (headers or {})
    if token is not None:
        fields["Authorization"] = f"Bearer {token}"
    return client.get(path, headers=fields)


def directory_id(gateway, name: str, email: str) -> str:
    return json.loads(gateway.cli("user", "show", name, email, "--json").stdout)["id"]


def nothing_leaks(gateway):
    """Neither files of the log nor what commands print holds a token or a secret."""
    for path in (gateway.directory / "data").glob("*-log.db*"):
        content = path.read_bytes()
        for text in must_stay_secret:
            assert text.encode() not in content, path


def test_each_outcome_is_one_row_with_its_facts(make_gateway):
    gateway = make_gateway([
        organization("acme", ACME, allowed_origins=[ORIGIN]),
        organization("other", OTHER, require_user_hash="enforce"),
        organization("known", UPDATE, identify_mode="update_only"),
    ])
    email = "ada@example.test"
    good = sign({"email": email, "id": "u-1"}, ACME)
    forged = sign({"email": email}, secret(999))
    with gateway.client() as client:
        accepted(state(client, good, headers={"Origin": ORIGIN}))
        problem(state(client, forged), "token_signature_mismatch")
        problem(state(client, sign({"email": email, "exp": now() - 999, "iat": now() - 1999}, ACME)), "token_expired")
        problem(state(client, "not-a-token"), "token_malformed")
        problem(state(client, remember("a" * 9000 + ".b.c" + "d" * 20)), "token_too_large")
        problem(client.post("/_widget/identify", json={"token": sign({"id": "7"}, ACME)},
                            headers={"Host": "acme.test"}), "token_claim_missing")
        problem(client.get(f"/_widget/state?sso={sign({'email': 7}, ACME)}", headers={"Host": "acme.test"}),
                "token_claim_invalid")
        nobody = sign({"email": email, "user_hash": user_hash(OTHER, "1")}, OTHER)
        problem(state(client, nobody, host="other"), "user_hash_subject_missing")
        problem(state(client, sign({"email": email, "id": "1"}, OTHER), host="other"), "user_hash_missing")
        wrong = sign({"email": email, "id": "1", "user_hash": user_hash(OTHER, "2")}, OTHER)
        problem(state(client, wrong, host="other"), "user_hash_mismatch")
        problem(state(client, sign({"email": email}, UPDATE), host="known"), "user_unknown")
        accepted(state(client))  # no token, no row
    rows = rows_when(gateway, 11)
    assert sorted((row["organization"], row["code"], row["source"]) for row in rows) == sorted([
        ("acme", "accepted", "header"), ("acme", "token_signature_mismatch", "header"),
        ("acme", "token_expired", "header"), ("acme", "token_malformed", "header"),
        ("acme", "token_too_large", "header"), ("acme", "token_claim_missing", "body"),
        ("acme", "token_claim_invalid", "sso_parameter"), ("other", "user_hash_subject_missing", "header"),
        ("other", "user_hash_missing", "header"), ("other", "user_hash_mismatch", "header"),
        ("known", "user_unknown", "header"),
    ])
    assert all(row["address"] == "127.0.0.1" and row["stands_for"] == 1 for row in rows)
    assert all(abs(row["time"] - time.time()) < 60 for row in rows)
    by_code = {row["code"]: row for row in rows}
    key = json.loads(gateway.cli("secret", "list", "acme", "--json").stdout)[0]["id"]
    assert by_code["accepted"]["user"] == directory_id(gateway, "acme", email)
    assert by_code["accepted"]["key_id"] == key
    assert by_code["accepted"]["origin"] == ORIGIN
    assert [row["code"] for row in rows if "user" in row] == ["accepted"], "nothing unverified names a user"
    vouched = {row["code"] for row in rows if "key_id" in row}
    assert vouched == {
        "accepted", "user_unknown", "token_expired", "token_claim_missing", "token_claim_invalid",
        "user_hash_subject_missing", "user_hash_missing", "user_hash_mismatch"}
    assert by_code["token_expired"]["key_id"] == by_code["token_claim_missing"]["key_id"] == key
    assert {row["id"] for row in rows} == {row["id"] for row in log_of(gateway)}, "each once"
    nothing_leaks(gateway)


def test_refused_users_are_named(make_gateway):
    """Their tokens are genuine: the row says whose they were, in whatever way they came."""
    gateway = make_gateway([organization("acme", ACME), organization("lift", OTHER, dialect="productlift"),
                            organization("known", UPDATE, identify_mode="update_only")])
    blocked, revoked, admin = (f"{name}@example.test" for name in ("blocked", "revoked", "admin"))
    lift = {"email": admin, "uid": "9", "name": "Admin"}
    with gateway.client() as client:
        for email in (blocked, revoked):
            accepted(state(client, sign({"email": email}, ACME)))
        accepted(state(client, sign(lift, OTHER), host="lift"))
        assert gateway.cli("user", "block", "acme", blocked).returncode == 0
        assert gateway.cli("user", "sign-out", "acme", revoked).returncode == 0
        problem(state(client, sign({"email": blocked, "n": 2}, ACME)), "user_blocked")
        problem(client.get(f"/_widget/state?sso={sign({'email': blocked, 'n': 3}, ACME)}",
                           headers={"Host": "acme.test"}), "user_blocked")
        problem(state(client, sign({"email": revoked, "iat": now() - 100, "exp": now() + 100}, ACME)), "token_revoked")
        assert gateway.cli("user", "set-role", "lift", admin, "admin").returncode == 0
        problem(state(client, sign(lift | {"n": 2}, OTHER), host="lift"), "admin_sso_forbidden")
        problem(state(client, sign({"email": "nobody@example.test"}, UPDATE), host="known"), "user_unknown")
    rows = {(row["code"], row["source"]): row.get("user") for row in rows_when(gateway, 5, "--refused")}
    assert rows == {
        ("user_blocked", "header"): directory_id(gateway, "acme", blocked),
        ("user_blocked", "sso_parameter"): directory_id(gateway, "acme", blocked),
        ("token_revoked", "header"): directory_id(gateway, "acme", revoked),
        ("admin_sso_forbidden", "header"): directory_id(gateway, "lift", admin),
        ("user_unknown", "header"): None,
    }
    assert [row["code"] for row in log_of(gateway, "acme", "--user", blocked)] == ["user_blocked"] * 2 + ["accepted"]
    nothing_leaks(gateway)


def test_the_log_is_filtered_and_paged(make_gateway):
    gateway = make_gateway([organization("acme", ACME), organization("other", OTHER)])
    with gateway.client() as client:
        for number in range(5):
            accepted(state(client, sign({"email": f"user-{number}@example.test"}, ACME)))
        problem(state(client, "bad"), "token_malformed")
        accepted(state(client, sign({"email": "user-1@example.test"}, OTHER), host="other"))
    everything = rows_when(gateway, 7)
    assert [row["id"] for row in everything] == sorted((row["id"] for row in everything), reverse=True)
    assert len(log_of(gateway, "acme")) == 6
    assert [row["code"] for row in log_of(gateway, "acme", "--refused")] == ["token_malformed"]
    assert len(log_of(gateway, "acme", "--code", "accepted")) == 5
    mine = log_of(gateway, "acme", "--user", "user-1@example.test")
    assert [row["user"] for row in mine] == [directory_id(gateway, "acme", "user-1@example.test")]
    assert len(log_of(gateway, "--address", "127.0.0.1", "--since", "1h")) == 7
    assert log_of(gateway, "--address", "127.0.0.2") == log_of(gateway, "--until", "1h") == []
    first = log_of(gateway, "acme", limit=2)
    then = log_of(gateway, "acme", "--before", str(first[-1]["id"]), limit=2)
    assert [row["id"] for row in first + then] == [row["id"] for row in log_of(gateway, "acme")][:4]
    assert gateway.cli("log", "nobody").returncode == 1
    assert gateway.cli("log", "--since", "soon").returncode == 2
    words = gateway.cli("log", "acme", "--refused").stdout
    assert "token_malformed" in words and "127.0.0.1" in words


def test_follow_shows_each_row_as_it_comes(make_gateway):
    gateway = make_gateway([organization("acme", ACME)])
    with gateway.client() as client:
        accepted(state(client, sign({"email": "before@example.test"}, ACME)))
        rows_when(gateway, 1)
        following = subprocess.Popen(
            [str(BINARY), "log", "--config", str(gateway.config_path), "acme", "--follow", "--json"],
            cwd=gateway.directory, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            # A shell's background jobs ignore interrupts, and so would their children.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        try:
            assert json.loads(following.stdout.readline())["code"] == "accepted"
            problem(state(client, "bad"), "token_malformed")
            timer = threading.Timer(10, following.kill)
            timer.start()
            assert json.loads(following.stdout.readline())["code"] == "token_malformed"
            timer.cancel()
            assert following.poll() is None, "it goes on"
        finally:
            following.send_signal(signal.SIGINT)
            following.wait(10)


def test_a_remembered_token_is_one_row_and_counted_as_many(make_gateway):
    gateway = make_gateway([organization("acme", ACME)])
    token = sign({"email": "often@example.test"}, ACME)
    with gateway.client() as client:
        for _ in range(400):
            accepted(state(client, token))
    report_when(gateway, "acme", lambda report: report["require_user_hash"]["last_hour"]["requests"] == 400)
    assert len(log_of(gateway)) == 1


def flood(port: int, host: str, token: str, count: int) -> int:
    """Sends `count` requests with one token over pipelined HTTP/1.1; returns how many 401 came back."""
    request = (f"GET /_widget/state HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\n").encode()
    refused = 0
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        left = count
        while left:
            batch = min(50, left)
            connection.sendall(request * batch)
            got, pending = 0, b""
            while got < batch:
                data = connection.recv(262_144)
                assert data, "the connection was closed"
                pending += data
                got += pending.count(b"HTTP/1.1 401")
                refused += pending.count(b"HTTP/1.1 401")
                # What may be a part of a status line stays.
                pending = pending[pending.rfind(b"\n") + 1:]
            left -= batch
    return refused


def test_a_flood_of_forgeries_is_sampled_and_drowns_nobody(make_gateway):
    gateway = make_gateway(
        [organization("acme", ACME), organization("other", OTHER)], rate_limits={"bad_tokens_per_minute": 0})
    forged = sign({"email": "mallory@example.test"}, secret(998))
    total, parts = 20_000, 4
    counts: list[int] = []
    threads = [
        threading.Thread(target=lambda: counts.append(flood(gateway.clear_port, "acme.test", forged, total // parts)))
        for _ in range(parts)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    good = 0
    with gateway.client() as client:
        while any(thread.is_alive() for thread in threads) and good < 40:
            accepted(state(client, sign({"email": f"good-{good}@example.test"}, ACME)))
            accepted(state(client, sign({"email": f"good-{good}@example.test"}, OTHER), host="other"))
            good += 1
            time.sleep(0.02)
    for thread in threads:
        thread.join(120)
    seconds = time.monotonic() - began
    assert sum(counts) == total
    rows = eventually(
        lambda: (rows := log_of(gateway, "acme", "--refused"))
        and sum(row["stands_for"] for row in rows) >= total and rows,
        within=40, every=0.5, what="every forgery accounted for")
    assert sum(row["stands_for"] for row in rows) == total
    # A quarter of 200 a second, two seconds' burst, and a sum each second.
    assert len(rows) <= 51 * (seconds + 2) + 100, f"{len(rows)} rows in {seconds:.1f} s"
    assert max(row["stands_for"] for row in rows) > 10, "the sampling is shown"
    for name in ("acme", "other"):
        kept = rows_when(gateway, good, name, "--code", "accepted")
        assert len(kept) == good and {row["stands_for"] for row in kept} == {1}
    alerts = eventually(
        lambda: (alerts := json.loads(gateway.cli("alerts", "acme", "--json").stdout))
        and alerts[0]["count"] >= total * 0.5 and alerts, within=30, every=0.5, what="the alert")
    assert [(alert["kind"], alert["subject"]) for alert in alerts] == [("bad_signatures", "127.0.0.1")]
    assert alerts[0]["count"] <= total * 1.1
    assert json.loads(gateway.cli("alerts", "other", "--json").stdout) == []
    eventually(lambda: 'widget_alerts_total{kind="bad_signatures"} 1\n' in metrics(gateway), within=5,
               what="the metric")
    assert "widget_token_log_lost_total 0\n" in metrics(gateway)
    nothing_leaks(gateway)


def test_a_wrong_user_hash_and_many_users_from_one_address_are_alerts_raised_once(make_gateway):
    gateway = make_gateway(
        [organization("acme", ACME), organization("other", OTHER)], alerts={"users_per_address": 10})
    wrong = sign({"email": "eve@example.test", "id": "1", "user_hash": user_hash(ACME, "2")}, ACME)
    with gateway.client() as client:
        for _ in range(3):
            problem(state(client, wrong), "user_hash_mismatch")
        for number in range(10):
            accepted(state(client, sign({"email": f"user-{number}@example.test"}, OTHER), host="other"))
        rows_when(gateway, 13)
        assert json.loads(gateway.cli("alerts", "other", "--json").stdout) == []
        accepted(state(client, sign({"email": "one-more@example.test"}, OTHER), host="other"))
        eventually(lambda: json.loads(gateway.cli("alerts", "other", "--json").stdout), within=30, what="the alert")
        problem(state(client, wrong), "user_hash_mismatch")
        rows_when(gateway, 15)
    mismatch, = eventually(
        lambda: [alert for alert in json.loads(gateway.cli("alerts", "acme", "--json").stdout) if alert["count"] == 4],
        within=30, what="the fourth mismatch")
    assert (mismatch["kind"], mismatch["organization"], mismatch["subject"]) == (
        "user_hash_mismatch", "acme", "127.0.0.1")
    many, = json.loads(gateway.cli("alerts", "other", "--json").stdout)
    assert (many["kind"], many["count"]) == ("many_users", 11)
    eventually(lambda: 'widget_alerts_total{kind="many_users"} 1\n' in metrics(gateway), within=5, what="the metric")
    assert 'widget_alerts_total{kind="user_hash_mismatch"} 1\n' in metrics(gateway)
    assert len(re.findall("impersonation alert", gateway.log())) == 2
    assert "user_hash_mismatch" in gateway.cli("alerts").stdout


def test_the_report_equals_what_was_sent(make_gateway):
    gateway = make_gateway([
        organization("acme", ACME, require_identify="report", require_user_hash="report", allowed_origins=[ORIGIN])])
    with gateway.client() as client:
        for _ in range(7):
            assert page(client, path="/board?secret=1").status_code == 200
        for _ in range(4):
            assert page(client, headers={"Origin": ORIGIN}).status_code == 200
        for number in range(3):
            bare = sign({"email": f"bare-{number}@example.test", "id": f"b{number}"}, ACME)
            for _ in range(5):
                assert page(client, bare, headers={"Origin": ORIGIN}).status_code == 200
        for number in range(2):
            hashed = sign({"email": f"hash-{number}@example.test", "id": f"h{number}",
                           "user_hash": user_hash(ACME, f"h{number}")}, ACME)
            for _ in range(2):
                assert page(client, hashed).status_code == 200
        accepted(state(client))  # nobody is refused their state
    report = report_when(gateway, "acme", lambda report: report["require_identify"]["last_hour"]["requests"] >= 30)
    identify = report["require_identify"]["last_hour"]
    assert (identify["requests"], identify["satisfied"], identify["would_refuse"], identify["users"]) == (30, 19, 11, 1)
    assert [(reason["code"], reason["origin"], reason["requests"]) for reason in identify["reasons"]] == [
        ("identify_required", "-", 7), ("identify_required", ORIGIN, 4)]
    example, = identify["reasons"][0]["examples"]
    assert (example["subject"], example["path"]) == ("127.0.0.1", "/board"), "without the query"
    hashes = report["require_user_hash"]["last_hour"]
    assert (hashes["requests"], hashes["satisfied"], hashes["would_refuse"], hashes["users"]) == (19, 4, 15, 3)
    reason, = hashes["reasons"]
    assert (reason["code"], reason["origin"], reason["requests"], reason["users"]) == (
        "user_hash_missing", ORIGIN, 15, 3)
    assert {example["subject"] for example in reason["examples"]} == {
        directory_id(gateway, "acme", f"bare-{number}@example.test") for number in range(3)}
    created = report["update_only"]["last_hour"]
    assert (created["requests"], created["satisfied"], created["would_refuse"], created["users"]) == (5, 0, 5, 5)
    assert report["directory"] == {"known": 5, "created_last_week": 5}
    for span in ("last_day", "last_week"):
        assert report["require_user_hash"][span] == hashes
    table = gateway.cli("organization", "report", "acme").stdout
    assert re.search(r"require_user_hash +report +last hour +19 +4 \(21 %\) +15 +3", table), table


def test_to_enforce_a_rule_that_would_refuse_asks_first(make_gateway):
    gateway = make_gateway([organization("acme", ACME, require_identify="report")])
    with gateway.client() as client:
        for _ in range(3):
            assert page(client).status_code == 200
        report_when(gateway, "acme", lambda report: report["require_identify"]["last_day"]["would_refuse"] == 3)
        path = gateway.directory / "enforced.yaml"
        path.write_text(yaml.safe_dump({"organizations": [organization("acme", ACME, require_identify="enforce")]}))
        refused = gateway.cli("organization", "apply", str(path))
        assert refused.returncode == 1 and "acme: require_identify would have refused 3 requests" in refused.stderr
        refused = gateway.cli("organization", "set", "acme", "require_identify=enforce")
        assert refused.returncode == 1
        assert "3 requests of 1 addresses" in refused.stderr and "--yes" in refused.stderr
        assert page(client).status_code == 200
        assert gateway.cli("organization", "set", "acme", "name=Acme", "require_identify=report").returncode == 0
        done = gateway.cli("organization", "set", "acme", "require_identify=enforce", "--yes")
        assert done.returncode == 0, done.stderr
        eventually(lambda: page(client).status_code == 401, what="the rule")
        # Nobody sends tokens without a hash here: that rule has nothing to ask about.
        assert gateway.cli("organization", "set", "acme", "require_user_hash=enforce").returncode == 0


def test_what_was_counted_outlives_a_restart_and_a_deletion_forgets_it(make_gateway):
    gateway = make_gateway([organization("acme", ACME)])
    with gateway.client() as client:
        assert page(client, sign({"email": "ada@example.test"}, ACME)).status_code == 200
        user = directory_id(gateway, "acme", "ada@example.test")
    assert gateway.stop() == 0
    gateway.start()
    assert [row["user"] for row in log_of(gateway)] == [user], "written when the gateway ended"
    assert report_of(gateway, "acme")["require_identify"]["last_hour"]["requests"] == 1
    assert gateway.cli("user", "delete", "acme", "ada@example.test", "--yes").returncode == 0
    row, = log_of(gateway)
    assert "user" not in row and row["address"] == ""
    assert gateway.cli("organization", "delete", "acme", "--yes").returncode == 0
    assert log_of(gateway) == []


@pytest.mark.parametrize("arguments, code", [
    (["log", "--limit", "0"], 2), (["log", "--follow", "--before", "3"], 2), (["log", "--user", "ada@example.test"], 1),
    (["alerts", "nobody"], 1), (["organization", "report", "nobody"], 1),
])
def test_wrong_use_is_told(gateway, arguments, code):
    assert gateway.cli(*arguments).returncode == code
