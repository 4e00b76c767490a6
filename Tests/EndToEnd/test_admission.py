"""Admission: who is found, created or refused in the directory, and that what was acknowledged is never lost."""

import concurrent.futures
import json
import threading
import time

import pytest

from conftest import ACME, IDS, KNOWN, LOOSE, organization
from harness.expect import accepted, problem, upstream_headers
from harness.gateway import eventually
from harness.tokens import sign


def identify(client, host, token):
    return client.post("/_widget/identify", json={"token": token}, headers={"Host": f"{host}.test"})


def test_upsert_updates_what_the_claims_say(client, gateway, email):
    identify(client, "acme", sign({"email": email, "name": "Ada", "company_name": "Engines"}, ACME))
    identify(client, "acme", sign({"email": email, "name": "Ada L"}, ACME))
    user = json.loads(gateway.cli("user", "show", "acme", email, "--json").stdout)
    assert user["profile"]["name"] == "Ada L"
    assert user["profile"]["company"]["name"] == "Engines"


def test_update_only_refuses_strangers_and_writes_nothing(client, gateway, email):
    problem(identify(client, "known", sign({"email": email}, KNOWN)), "user_unknown")
    assert gateway.cli("user", "show", "known", email).returncode == 1


def test_update_only_accepts_imported_users(client, gateway, email, tmp_path):
    csv = tmp_path / "users.csv"
    csv.write_text(f"id,email,name\n77,{email},Imported\n")
    result = gateway.cli("user", "import", "known", str(csv))
    assert result.returncode == 0, result.stderr
    body = accepted(identify(client, "known", sign({"email": email, "name": "Ada"}, KNOWN)))
    assert body["created"] is False
    assert body["user"]["name"] == "Ada"


def test_email_is_compared_as_sent_by_default(client, email):
    ids = {accepted(identify(client, "acme", sign({"email": address}, ACME)))["user"]["id"]
           for address in (email, email.upper())}
    assert len(ids) == 2


def test_email_can_be_compared_ignoring_case(client, email):
    ids = {accepted(identify(client, "loose", sign({"email": address}, LOOSE)))["user"]["id"]
           for address in (email, email.upper())}
    assert len(ids) == 1


def test_id_then_email_finds_by_id_first(client, email):
    first = accepted(identify(client, "ids", sign({"email": email, "id": email}, IDS)))
    moved = accepted(identify(client, "ids", sign({"email": "new-" + email, "id": email}, IDS)))
    assert moved["user"]["id"] == first["user"]["id"]
    assert moved["created"] is False


def test_an_id_and_an_email_of_two_users_conflict_and_nothing_is_written(client, gateway, email):
    identify(client, "ids", sign({"email": "a-" + email, "id": "a-" + email}, IDS))
    identify(client, "ids", sign({"email": "b-" + email, "id": "b-" + email, "name": "B"}, IDS))
    crossed = sign({"email": "b-" + email, "id": "a-" + email, "name": "Crossed"}, IDS)
    problem(identify(client, "ids", crossed), "identity_conflict")
    for letter in "ab":
        user = json.loads(gateway.cli("user", "show", "ids", f"{letter}-{email}", "--json").stdout)
        assert user["profile"].get("name") != "Crossed"
        assert user["profile"]["email"] == f"{letter}-{email}"


def test_two_requests_with_one_new_user_at_the_same_moment_make_one(gateway, email):
    token = sign({"email": email}, ACME)
    count = 16
    barrier = threading.Barrier(count)

    def one(_):
        with gateway.client() as client:
            client.get("/_widget/state", headers={"Host": "acme.test"})  # connected before the start
            barrier.wait()
            return accepted(identify(client, "acme", token))

    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        bodies = list(pool.map(one, range(count)))
    assert len({body["user"]["id"] for body in bodies}) == 1
    assert sum(body["created"] for body in bodies) == 1


def test_a_burst_of_new_users_shares_its_commits(http2):
    """100 new users at once: with one fsync each this would take seconds on a slow disk."""
    tokens = [sign({"email": f"burst-{index}-{time.time_ns()}@example.test"}, ACME) for index in range(100)]
    with http2() as connection:
        streams = []
        for token in tokens:
            streams.append(connection.open_stream(connection.fields("POST", "/_widget/identify"), end_stream=False))
            connection.send_data(streams[-1], json.dumps({"token": token}).encode())
        bodies = [connection.response(stream).json() for stream in streams]
    assert all(body["created"] for body in bodies)
    assert len({body["user"]["id"] for body in bodies}) == 100


# Blocking

def test_a_blocked_user_is_refused_also_while_cached(client, gateway, email):
    token = sign({"email": email}, ACME)
    headers = {"Host": "acme.test", "Authorization": f"Bearer {token}"}
    accepted(client.get("/page", headers=headers))
    assert gateway.cli("user", "block", "acme", email).returncode == 0
    blocked = eventually(lambda: (r := client.get("/page", headers=headers)).status_code != 200 and r, within=1.0,
                         what="the block")
    problem(blocked, "user_blocked")
    problem(identify(client, "acme", token), "user_blocked")


def test_a_deleted_user_is_created_anew_with_another_id(client, gateway, email):
    token = sign({"email": email}, ACME)
    first = accepted(identify(client, "acme", token))["user"]["id"]
    assert gateway.cli("user", "delete", "acme", email).returncode == 0
    headers = {"Host": "acme.test", "Authorization": f"Bearer {token}"}
    eventually(lambda: accepted(client.get("/_widget/state", headers=headers))["user"]["id"] != first, within=1.0,
               what="the deletion")


# Changes on the command line

def load(gateway, stop: threading.Event, email: str):
    """Keeps one worker's connection busy with verified requests."""
    token = sign({"email": email}, ACME)
    with gateway.client() as client:
        while not stop.is_set():
            client.get("/busy", headers={"Host": "acme.test", "Authorization": f"Bearer {token}"})


@pytest.mark.parametrize("busy", [False, True])
def test_a_setting_reaches_the_running_gateway(make_gateway, email, busy):
    gateway = make_gateway([organization("acme", ACME)], workers=2)
    stop = threading.Event()
    threads = [threading.Thread(target=load, args=(gateway, stop, f"{n}-{email}")) for n in range(4 if busy else 0)]
    for thread in threads:
        thread.start()
    try:
        with gateway.client() as client:
            assert client.get("/x", headers={"Host": "acme.test"}).status_code == 200
            for value, status in (("enforce", 401), ("off", 200), ("enforce", 401)):
                assert gateway.cli("organization", "set", "acme", f"require_identify={value}", "--yes").returncode == 0
                eventually(lambda: client.get("/x", headers={"Host": "acme.test"}).status_code == status, within=1.0,
                           what=f"require_identify={value}")
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_a_revoked_secret_verifies_nothing(make_gateway, email):
    gateway = make_gateway([organization("acme", ACME)])
    token = sign({"email": email}, ACME)
    with gateway.client() as client:
        headers = {"Host": "acme.test", "Authorization": f"Bearer {token}"}
        accepted(client.get("/_widget/state", headers=headers))
        listed = json.loads(gateway.cli("secret", "list", "acme", "--json").stdout)
        listed = listed if isinstance(listed, list) else listed["secrets"]
        assert gateway.cli("secret", "revoke", "acme", listed[0]["id"]).returncode == 0
        refused = eventually(lambda: (r := client.get("/_widget/state", headers=headers)).status_code == 401 and r,
                             within=1.0, what="the revocation")
        problem(refused, "token_signature_mismatch")


def test_a_generated_secret_works(make_gateway, email):
    gateway = make_gateway([organization("acme", ACME)])
    result = gateway.cli("secret", "generate", "acme", "--json")
    assert result.returncode == 0, result.stderr
    fresh = json.loads(result.stdout)["secret"]
    assert len(fresh) == 64 and fresh == fresh.lower() and int(fresh, 16)
    token = sign({"email": email}, fresh)
    with gateway.client() as client:
        headers = {"Host": "acme.test", "Authorization": f"Bearer {token}"}
        eventually(lambda: client.get("/_widget/state", headers=headers).status_code == 200, within=1.0,
                   what="the new secret")


# Durability

def test_an_acknowledged_identify_survives_kill_9(make_gateway):
    gateway = make_gateway([organization("acme", ACME)])
    acknowledged = {}
    for round_number in range(5):
        with gateway.client() as client:
            for index in range(3):
                email = f"durable-{round_number}-{index}@example.test"
                acknowledged[email] = accepted(identify(client, "acme", sign({"email": email}, ACME)))["user"]["id"]
            gateway.kill()
        gateway.start()
        with gateway.client() as client:
            for email, identifier in acknowledged.items():
                body = accepted(identify(client, "acme", sign({"email": email}, ACME)))
                assert (body["created"], body["user"]["id"]) == (False, identifier)


def test_users_admitted_by_a_forwarded_request_survive_kill_9(make_gateway, email):
    gateway = make_gateway([organization("acme", ACME)])
    token = sign({"email": email}, ACME)
    headers = {"Host": "acme.test", "Authorization": f"Bearer {token}"}
    with gateway.client() as client:
        first = upstream_headers(client.get("/page", headers=headers))["x-widget-user"]
        gateway.kill()
    gateway.start()
    with gateway.client() as client:
        assert upstream_headers(client.get("/page", headers=headers))["x-widget-user"] == first
