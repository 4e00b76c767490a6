"""The user hash: alone on the command line, in a token, and as a plain identity."""

import json

import pytest

from conftest import ACME, HASHED, PLAIN, REPORTING, organization
from harness.expect import accepted, problem
from harness.gateway import run_cli
from harness.tokens import secret, sign, user_hash

KNOWN_SECRET = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
KNOWN_HASH = "1750de02089c6d42780711f8833278622f131dc6196617806ad6929196cd5759"


def test_the_command_line_gives_the_known_answer(tmp_path):
    (tmp_path / "secret").write_text(KNOWN_SECRET + "\n")
    result = run_cli("user-hash", "--secret-file", str(tmp_path / "secret"), "123")
    assert (result.returncode, result.stdout.strip()) == (0, KNOWN_HASH)


@pytest.mark.parametrize("make, code", [
    (lambda: {"id": "7", "user_hash": user_hash(HASHED, "7")}, None),
    (lambda: {"id": 7, "user_hash": user_hash(HASHED, "7")}, None),
    (lambda: {"id": 9007199254740993, "user_hash": user_hash(HASHED, "9007199254740993")}, None),
    (lambda: {"id": "7", "user_hash": user_hash(HASHED, "7").upper()}, None),
    (lambda: {"id": "ü", "user_hash": user_hash(HASHED, "ü")}, None),
    (lambda: {"id": "7"}, "user_hash_missing"),
    (lambda: {"id": "7", "user_hash": ""}, "user_hash_missing"),
    (lambda: {"id": "7", "user_hash": None}, "user_hash_missing"),
    (lambda: {}, "user_hash_missing"),
    (lambda: {"user_hash": user_hash(HASHED, "7")}, "user_hash_subject_missing"),
    (lambda: {"id": "8", "user_hash": user_hash(HASHED, "7")}, "user_hash_mismatch"),
    (lambda: {"id": "7", "user_hash": user_hash(ACME, "7")}, "user_hash_mismatch"),
    (lambda: {"id": "7", "user_hash": user_hash(HASHED, "7")[:-1]}, "user_hash_mismatch"),
    (lambda: {"id": "7", "user_hash": user_hash(HASHED, "7") + "0"}, "user_hash_mismatch"),
    (lambda: {"id": "7", "user_hash": "x" * 64}, "user_hash_mismatch"),
])
def test_where_the_hash_is_required(ask, email, make, code):
    response = ask("hashed", token=sign({"email": email} | make(), HASHED))
    if code:
        problem(response, code)
    else:
        accepted(response)


def test_a_hash_made_with_the_decoded_key_is_wrong(ask, email):
    import hashlib
    import hmac
    wrong = hmac.new(bytes.fromhex(HASHED), b"7", hashlib.sha256).hexdigest()
    problem(ask("hashed", token=sign({"email": email, "id": "7", "user_hash": wrong}, HASHED)), "user_hash_mismatch")


def test_a_wrong_hash_is_refused_where_none_is_required(ask, email):
    wrong = {"email": email, "id": "7", "user_hash": user_hash(ACME, "8")}
    problem(ask("acme", token=sign(wrong, ACME)), "user_hash_mismatch")
    right = {"email": email, "id": "7", "user_hash": user_hash(ACME, "7")}
    accepted(ask("acme", token=sign(right, ACME)))


def test_report_refuses_what_off_refuses_and_no_more(ask, email):
    accepted(ask("reporting", token=sign({"email": email, "id": "7"}, REPORTING)))
    wrong = {"email": email, "id": "7", "user_hash": user_hash(ACME, "7")}
    problem(ask("reporting", token=sign(wrong, REPORTING)), "user_hash_mismatch")


def test_a_separate_hash_secret_replaces_the_api_secret(make_gateway, email):
    hash_secret = secret(500)
    gateway = make_gateway([organization("acme", ACME, require_user_hash="enforce",
                                         hash_secret={"secret": hash_secret})])
    with gateway.client() as client:
        def ask(hash_key):
            token = sign({"email": email, "id": "7", "user_hash": user_hash(hash_key, "7")}, ACME)
            return client.get("/_widget/state", headers={"Host": "acme.test", "Authorization": f"Bearer {token}"})
        accepted(ask(hash_secret))
        problem(ask(ACME), "user_hash_mismatch")


# Plain identities

def identify(ask, host, user, **more):
    return ask(host, "/_widget/identify", method="POST", json={"user": user} | more)


def test_a_plain_identity_with_a_good_hash_is_accepted(ask, email):
    user = {"id": "plain-" + email, "email": email, "name": "Ada", "user_hash": user_hash(PLAIN, "plain-" + email)}
    state = accepted(identify(ask, "plain", user))
    assert state["state"] == "identified"
    assert state["verified_by"] == "user_hash"
    assert state["user"]["external_id"] == "plain-" + email


@pytest.mark.parametrize("make, code", [
    (lambda: {"id": "7"}, "user_hash_missing"),
    (lambda: {"id": "7", "user_hash": user_hash(ACME, "7")}, "user_hash_mismatch"),
    (lambda: {"user_hash": user_hash(PLAIN, "7")}, "user_hash_subject_missing"),
])
def test_the_hash_of_a_plain_identity_is_mandatory(ask, make, code):
    problem(identify(ask, "plain", {"email": "p@example.test"} | make()), code)


def test_plain_identities_are_refused_where_not_allowed(ask, email):
    response = identify(ask, "acme", {"id": "7", "email": email, "user_hash": user_hash(ACME, "7")})
    assert response.status_code in (400, 401, 403)
    assert response.json()["code"] in ("identity_malformed", "identify_required", "token_claim_missing")


def test_a_plain_identity_never_overwrites_verified_data(ask, gateway, email):
    identifier = "keep-" + email
    accepted(ask("plain", token=sign({"email": email, "id": identifier, "name": "Verified"}, PLAIN)))
    user = {"id": identifier, "email": email, "name": "Impostor", "user_hash": user_hash(PLAIN, identifier)}
    identify(ask, "plain", user)
    stored = json.loads(gateway.cli("user", "show", "plain", email, "--json").stdout)
    assert stored["profile"]["name"] == "Verified"


def test_a_plain_identity_cannot_take_over_a_user_by_email(ask, email):
    """Somebody whose id is verified claims another user's address: only the id counts."""
    victim = accepted(ask("plain", token=sign({"email": email, "id": "victim-" + email, "name": "V"}, PLAIN)))
    thief_id = "thief-" + email
    response = identify(ask, "plain", {"id": thief_id, "email": email, "user_hash": user_hash(PLAIN, thief_id)})
    if response.status_code == 200:
        assert response.json()["user"]["id"] != victim["user"]["id"]
    else:
        problem(response, "identity_conflict")
