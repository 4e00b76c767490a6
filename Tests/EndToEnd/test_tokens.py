"""User tokens: which are accepted, which refused, and with exactly which code."""

import json

import jwt as pyjwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jws
from joserfc.jwk import OctKey

from conftest import ACME, LOOSE, ROTATING, STRICT
from harness.expect import accepted, problem
from harness.tokens import b64, now, remember, secret, sign, sign_raw, sign_segments

HEADER = {"alg": "HS256", "typ": "JWT"}
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def claims(email, **more):
    return {"email": email, "iat": now(), "exp": now() + 600} | more


def test_a_token_signed_by_pyjwt_is_accepted(ask, email):
    state = accepted(ask("acme", token=sign({"email": email, "id": "42", "name": "Ada"}, ACME)))
    assert state["state"] == "identified"
    assert state["organization"] == "acme"
    assert state["verified_by"] == "token"
    assert state["user"]["external_id"] == "42"
    assert state["user"]["email"] == email
    assert state["user"]["name"] == "Ada"
    assert state["user"]["id"].startswith("usr_")


def test_a_token_signed_by_joserfc_is_accepted(ask, email):
    token = remember(jws.serialize_compact(HEADER, json.dumps(claims(email)).encode(), OctKey.import_key(ACME)))
    assert accepted(ask("acme", token=token))["user"]["email"] == email


def test_the_key_is_the_text_of_the_secret_not_the_bytes_it_encodes(ask, email):
    token = remember(pyjwt.encode(claims(email), bytes.fromhex(ACME), algorithm="HS256"))
    problem(ask("acme", token=token), "token_signature_mismatch")


@pytest.mark.parametrize("written, external_id", [
    ('"7"', "7"), ("7", "7"), ("9007199254740993", "9007199254740993"), ("18446744073709551616", "18446744073709551616"),
    ("123456789012345678901234567890", "123456789012345678901234567890"), ('"ünï"', "ünï"),
    (r'"\ud83d\ude00"', "😀"), ('""', None), ("null", None),
])
def test_ids_keep_their_literal_text(ask, email, written, external_id):
    payload = f'{{"email":"{email}","id":{written},"iat":{now()},"exp":{now() + 600}}}'
    state = accepted(ask("acme", token=sign_raw(HEADER, payload, ACME)))
    assert state["user"].get("external_id") == external_id


@pytest.mark.parametrize("written", ["1.0", "1e3", "true", "[]", "{}"])
def test_ids_that_are_no_text_or_integer_are_refused(ask, email, written):
    payload = f'{{"email":"{email}","id":{written},"iat":{now()},"exp":{now() + 600}}}'
    body = problem(ask("acme", token=sign_raw(HEADER, payload, ACME)), "token_claim_invalid")
    assert "id" in body["detail"]


def test_a_bearer_scheme_in_any_letter_case_is_read(ask, email, client):
    for scheme in ("Bearer", "bearer", "BEARER"):
        response = client.get("/_widget/state", headers={
            "Host": "acme.test", "Authorization": f"{scheme} {sign({'email': email}, ACME)}"})
        assert accepted(response)["state"] == "identified"


# Form

def malformed_tokens():
    good = sign({"email": "shape@example.test"}, ACME)
    header, payload, signature = good.split(".")
    # 43 characters carry 258 bits, 256 of them the signature's: the last two must be zero.
    stray = signature[:-1] + ALPHABET[ALPHABET.index(signature[-1]) + 1]
    return {
        "a single dot": "a.b",
        "no dot": "abc",
        "four segments": good + ".x",
        "five segments, as an encrypted token has": good + ".x.y",
        "an empty header": f".{payload}.{signature}",
        "padding on the signature": good + "=",
        "padding on the header": sign_segments(header + "=", payload, ACME),
        "standard base64 characters": sign_segments(header, payload + "+/", ACME),
        "stray bits at the end of the signature": f"{header}.{payload}.{stray}",
        "a length that no base64 has": sign_segments(header, payload + ("A" * ((5 - len(payload) % 4) % 4)), ACME),
        "a header that is no JSON": sign_raw("nonsense", claims("a@b.test"), ACME),
        "a header that is an array": sign_raw('["HS256"]', claims("a@b.test"), ACME),
        "a header with alg twice": sign_raw('{"alg":"HS256","alg":"HS256"}', claims("a@b.test"), ACME),
        "a header with trailing garbage": sign_raw('{"alg":"HS256"}x', claims("a@b.test"), ACME),
        "a header with kid twice": sign_raw('{"alg":"HS256","kid":"a","kid":"a"}', claims("a@b.test"), ACME),
        "a payload that is no JSON": sign_raw(HEADER, "nonsense", ACME),
        "a payload that is an array": sign_raw(HEADER, "[]", ACME),
        "a payload that is text": sign_raw(HEADER, '"text"', ACME),
        "an empty payload": sign_raw(HEADER, "", ACME),
        "a payload with trailing garbage": sign_raw(HEADER, json.dumps(claims("a@b.test")) + "x", ACME),
        "a payload with a second object": sign_raw(HEADER, json.dumps(claims("a@b.test")) + "{}", ACME),
        "a payload with a claim twice": sign_raw(HEADER, '{"email":"a@b.test","email":"c@d.test"}', ACME),
        "a payload with a claim twice, once escaped": sign_raw(
            HEADER, '{"email":"a@b.test","\\u0065mail":"c@d.test"}', ACME),
        "a payload that is not UTF-8": sign_raw(HEADER, b'{"email":"a\xff@b.test"}', ACME),
        "an overlong UTF-8 encoding": sign_raw(HEADER, b'{"email":"a\xc0\xaf@b.test"}', ACME),
        "a UTF-8 surrogate": sign_raw(HEADER, b'{"email":"a\xed\xa0\x80@b.test"}', ACME),
        "a byte order mark": sign_raw(HEADER, b"\xef\xbb\xbf" + json.dumps(claims("a@b.test")).encode(), ACME),
        "a lone surrogate escape": sign_raw(HEADER, '{"email":"a@b.test","name":"\\ud800"}', ACME),
        "a raw control character in a string": sign_raw(HEADER, '{"email":"a@b.test","name":"a\nb"}', ACME),
        "a comment": sign_raw(HEADER, '{"email":"a@b.test"/* */}', ACME),
        "a trailing comma": sign_raw(HEADER, '{"email":"a@b.test",}', ACME),
        "single quotes": sign_raw(HEADER, "{'email':'a@b.test'}", ACME),
        "NaN": sign_raw(HEADER, '{"email":"a@b.test","exp":NaN}', ACME),
        "Infinity": sign_raw(HEADER, '{"email":"a@b.test","exp":Infinity}', ACME),
        "a leading zero": sign_raw(HEADER, '{"email":"a@b.test","exp":0123}', ACME),
        "a leading plus": sign_raw(HEADER, '{"email":"a@b.test","exp":+123}', ACME),
        "a hexadecimal number": sign_raw(HEADER, '{"email":"a@b.test","exp":0x10}', ACME),
        "an object 17 deep": sign_raw(HEADER, '{"email":"a@b.test","x":' + '{"a":' * 16 + "1" + "}" * 16 + "}", ACME),
        "arrays 2000 deep": sign_raw(HEADER, '{"email":"a@b.test","x":' + "[" * 2000 + "]" * 2000 + "}", ACME),
    }


@pytest.mark.parametrize("name", list(malformed_tokens()))
def test_malformed_tokens_are_refused(ask, name):
    problem(ask("acme", token=malformed_tokens()[name]), "token_malformed")


def test_an_object_16_deep_is_accepted(ask, email):
    payload = f'{{"email":"{email}","exp":{now() + 60},"x":' + '{"a":' * 15 + "1" + "}" * 15 + "}"
    accepted(ask("acme", token=sign_raw(HEADER, payload, ACME)))


def padded_to(length: int, email: str) -> str:
    """A genuine token of exactly this many characters: blanks after the JSON of header and payload."""
    text = json.dumps(claims(email))
    for header_blanks in range(3):
        header = json.dumps(HEADER) + " " * header_blanks
        rest = length - len(b64(header)) - 45
        blanks = rest * 3 // 4 - len(text)
        token = sign_raw(header, text + " " * blanks, ACME)
        if len(token) == length:
            return token
    raise AssertionError(f"no token of {length} characters")


@pytest.mark.parametrize("length, code", [
    (8191, None), (8192, None), (8193, "token_too_large"), (12000, "token_too_large"),
])
def test_a_token_may_have_8_kib_and_not_a_byte_more(ask, email, length, code):
    response = ask("acme", token=padded_to(length, email))
    if code:
        problem(response, code)
    else:
        accepted(response)


# Algorithm

@pytest.mark.parametrize("algorithm", [
    "none", "None", "NONE", "nOnE", "", "HS384", "HS512", "hs256", "Hs256", "RS256", "RS512", "ES256", "PS256",
    "EdDSA", "HS256 ", " HS256", "HS2560", "dir", None, 256, ["HS256"], True,
])
def test_every_algorithm_but_hs256_is_refused(ask, email, algorithm):
    token = sign_raw(json.dumps({"alg": algorithm, "typ": "JWT"}), claims(email), ACME)
    problem(ask("acme", token=token), "token_algorithm_not_allowed")


def test_a_header_without_alg_is_refused(ask, email):
    problem(ask("acme", token=sign_raw('{"typ":"JWT"}', claims(email), ACME)), "token_algorithm_not_allowed")


def test_an_unsigned_token_is_refused(ask, email):
    token = pyjwt.encode(claims(email), None, algorithm="none")
    problem(ask("acme", token=token), "token_algorithm_not_allowed")


def test_a_token_without_its_signature_is_refused(ask, email):
    unsigned = sign({"email": email}, ACME).rsplit(".", 1)[0] + "."
    assert ask("acme", token=unsigned).json()["code"] in ("token_signature_mismatch", "token_malformed")


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_genuine_tokens_of_other_hmacs_are_refused(ask, email, algorithm):
    problem(ask("acme", token=sign({"email": email}, ACME, algorithm=algorithm)), "token_algorithm_not_allowed")


def test_genuine_tokens_of_asymmetric_algorithms_are_refused(ask, email):
    for algorithm, key in (("RS256", rsa.generate_private_key(65537, 2048)),
                           ("ES256", ec.generate_private_key(ec.SECP256R1()))):
        token = remember(pyjwt.encode(claims(email), key, algorithm=algorithm))
        problem(ask("acme", token=token), "token_algorithm_not_allowed")


@pytest.mark.parametrize("crit", [["exp"], [], ["b64"], "exp"])
def test_a_critical_extension_is_refused(ask, email, crit):
    token = sign_raw({"alg": "HS256", "crit": crit, "b64": True}, claims(email), ACME)
    response = ask("acme", token=token)
    assert response.status_code == 401
    assert response.json()["code"] == "token_malformed"


@pytest.mark.parametrize("extra", [
    {"jku": "http://127.0.0.1:1/keys"}, {"x5u": "http://127.0.0.1:1/cert"}, {"x5c": ["AAAA"]},
    {"jwk": {"kty": "oct", "k": b64("attacker key attacker key attack")}},
])
def test_keys_named_or_carried_by_the_header_are_never_used(ask, email, extra):
    forged = sign_raw(HEADER | extra, claims(email), "attacker key attacker key attack")
    problem(ask("acme", token=forged), "token_signature_mismatch")


# Keys

def test_a_forged_signature_is_refused(ask, email):
    problem(ask("acme", token=sign({"email": email}, secret(77))), "token_signature_mismatch")


def test_a_changed_payload_is_refused(ask, email):
    header, payload, signature = sign({"email": email}, ACME).split(".")
    other = sign({"email": "victim@example.test"}, ACME).split(".")[1]
    problem(ask("acme", token=f"{header}.{other}.{signature}"), "token_signature_mismatch")


def test_a_token_of_another_organization_is_refused(ask, email):
    token = sign({"email": email}, LOOSE)
    accepted(ask("loose", token=token))
    problem(ask("acme", token=token), "token_signature_mismatch")


def test_each_active_key_is_tried(ask, email):
    accepted(ask("rotating", token=sign({"email": email}, ROTATING)))
    accepted(ask("rotating", token=sign({"email": email}, secret(90))))


def test_kid_picks_that_key_and_no_other(gateway, ask, email):
    listed = json.loads(gateway.cli("secret", "list", "rotating", "--json").stdout)
    listed = listed if isinstance(listed, list) else listed["secrets"]
    first = next(entry["id"] for entry in listed if entry["last4"] == ROTATING[-4:])
    second = next(entry["id"] for entry in listed if entry["last4"] == secret(90)[-4:])
    accepted(ask("rotating", token=sign({"email": email}, ROTATING, headers={"kid": first})))
    accepted(ask("rotating", token=sign({"email": email}, secret(90), headers={"kid": second})))
    problem(ask("rotating", token=sign({"email": email}, ROTATING, headers={"kid": second})),
            "token_signature_mismatch")
    problem(ask("rotating", token=sign({"email": email}, ROTATING, headers={"kid": "nobody"})),
            "token_signature_mismatch")


@pytest.mark.parametrize("kid", [7, None, [], {}])
def test_a_kid_that_is_no_text_is_never_read_as_no_kid(ask, email, kid):
    response = ask("acme", token=sign_raw({"alg": "HS256", "kid": kid}, claims(email), ACME))
    assert response.status_code == 401
    assert response.json()["code"] in ("token_malformed", "token_signature_mismatch")


def test_no_payload_is_judged_before_its_signature_holds(ask):
    for payload in ("nonsense", '{"email":', "[" * 3000, '{"exp":1}'):
        problem(ask("acme", token=sign_raw(HEADER, payload, secret(78))), "token_signature_mismatch")


# Time

@pytest.mark.parametrize("host, key, times, code", [
    ("acme", ACME, {"exp": -30}, None),
    ("acme", ACME, {"exp": -90}, "token_expired"),
    ("acme", ACME, {"exp": 600, "nbf": 30}, None),
    ("acme", ACME, {"exp": 600, "nbf": 120}, "token_not_yet_valid"),
    ("acme", ACME, {"exp": 600, "iat": 30}, None),
    ("acme", ACME, {"exp": 600, "iat": 120}, "token_issued_in_future"),
    ("acme", ACME, {"exp": 3600, "iat": 0}, None),
    ("acme", ACME, {"exp": 3650, "iat": 0}, None),
    ("acme", ACME, {"exp": 3700, "iat": 0}, "token_lifetime_exceeded"),
    ("acme", ACME, {"exp": 3590}, None),
    ("acme", ACME, {"exp": 3700}, "token_lifetime_exceeded"),
    ("acme", ACME, {"exp": 600, "iat": -7200}, "token_lifetime_exceeded"),
    ("acme", ACME, {}, None),
    ("loose", LOOSE, {"exp": 10_000_000, "iat": 0}, None),
    ("strict", STRICT, {}, "token_claim_missing"),
    ("strict", STRICT, {"exp": -1}, None),
    ("strict", STRICT, {"exp": -10}, "token_expired"),
    ("strict", STRICT, {"exp": 60, "nbf": 20}, "token_not_yet_valid"),
])
def test_times_are_judged_with_the_clock_skew(ask, email, host, key, times, code):
    moments = {claim: now() + offset for claim, offset in times.items()}
    response = ask(host, token=sign({"email": email} | moments, key, lifetime=None))
    if code:
        problem(response, code)
    else:
        accepted(response)


@pytest.mark.parametrize("written, code", [
    ("{future}.5", None), ("{future}.0", None), ("{future}e0", None), ("1e308", "token_lifetime_exceeded"),
    ("-1", "token_expired"), ("-1.5e3", "token_expired"), ("0", "token_expired"),
    ("1e999", "token_claim_invalid"), ("-1e999", "token_claim_invalid"),
    ('"{future}"', "token_claim_invalid"), ("true", "token_claim_invalid"), ("[]", "token_claim_invalid"),
    ("{{}}", "token_claim_invalid"),
])
def test_expiry_is_a_finite_json_number(ask, email, written, code):
    payload = f'{{"email":"{email}","exp":{written.format(future=now() + 600)}}}'
    response = ask("acme", token=sign_raw(HEADER, payload, ACME))
    if code:
        problem(response, code)
    else:
        accepted(response)


@pytest.mark.parametrize("claim", ["nbf", "iat"])
@pytest.mark.parametrize("value", ["soon", "1700000000", True, [1]])
def test_the_other_times_are_numbers_too(ask, email, claim, value):
    problem(ask("acme", token=sign_raw(HEADER, claims(email) | {claim: value}, ACME)), "token_claim_invalid")


# Claims of the productbridge dialect

@pytest.mark.parametrize("value, code", [
    (None, "token_claim_missing"), ("", "token_claim_missing"), ("absent", "token_claim_missing"),
    (7, "token_claim_invalid"), (True, "token_claim_invalid"), (["a@b.test"], "token_claim_invalid"),
    ({"a": 1}, "token_claim_invalid"),
])
def test_email_is_required_and_text(ask, value, code):
    payload = claims("x") | {"email": value, "id": "1"}
    if value == "absent":
        del payload["email"]
    assert "email" in problem(ask("acme", token=sign_raw(HEADER, payload, ACME)), code)["detail"]


@pytest.mark.parametrize("more", [
    {"company_name": "Acme", "company_id": "c1", "company_mrr": 10.99}, {"company_mrr": "10.99"}, {"company_mrr": 4},
    {"customer_status": "active"}, {"customer_status": "trial"}, {"customer_status": "churned"},
    {"customer_status": "something else"}, {"renewal_date": "2031-02-28"}, {"renewal_risk": "low"},
    {"renewal_risk": "medium"}, {"renewal_risk": "high"}, {"account_owner_id": 7}, {"account_owner_email": "o@a.test"},
    {"external_user_id": "x-1"}, {"avatarURL": "https://img.test/a.png"}, {"name": None}, {"name": ""},
    {"role": "admin"}, {"unknown": {"deep": [1, 2, 3]}}, {"avatarURL": None, "company_name": "", "renewal_risk": None},
])
def test_documented_claims_are_accepted(ask, email, more):
    accepted(ask("acme", token=sign({"email": email} | more, ACME)))


@pytest.mark.parametrize("claim, value", [
    ("name", 7), ("name", ["a"]), ("renewal_risk", "certain"), ("renewal_date", "soon"), ("renewal_date", "2031-02-30"),
    ("company_mrr", "much"), ("company_mrr", True), ("company_name", {"a": 1}),
])
def test_claims_of_the_wrong_kind_are_refused_by_name(ask, email, claim, value):
    body = problem(ask("acme", token=sign({"email": email, claim: value}, ACME)), "token_claim_invalid")
    assert claim in body["detail"]


def test_a_claim_never_grants_a_role(ask, email, gateway):
    accepted(ask("acme", token=sign({"email": email, "role": "admin", "admin": "accept", "owner": "accept"}, ACME)))
    user = json.loads(gateway.cli("user", "show", "acme", email, "--json").stdout)
    assert user.get("role", "user") == "user"


# Places

def test_two_different_tokens_conflict(ask, email):
    one, other = sign({"email": email}, ACME), sign({"email": email, "name": "x"}, ACME)
    problem(ask("acme", "/page?sso=" + other, token=one), "token_conflict")


def test_the_same_token_twice_is_one(ask, email):
    token = sign({"email": email}, ACME)
    assert ask("acme", "/page?sso=" + token, token=token).status_code == 200


def test_two_authorization_headers_with_different_tokens_conflict(http1, email):
    tokens = [sign({"email": email}, ACME), sign({"email": email, "name": "x"}, ACME)]
    with http1() as connection:
        response = connection.request("GET", "/_widget/state", [
            ("Host", "acme.test"), *(("Authorization", f"Bearer {token}") for token in tokens)])
        assert (response.status, response.code) == (400, "token_conflict")


def test_two_sso_parameters_with_different_tokens_conflict(ask, email):
    one, other = sign({"email": email}, ACME), sign({"email": email, "name": "x"}, ACME)
    problem(ask("acme", f"/page?sso={one}&sso={other}"), "token_conflict")


@pytest.mark.parametrize("host", ["acme", "locked", "reporting"])
def test_a_bad_token_is_never_no_token(ask, upstream, host):
    problem(ask(host, "/never-forwarded", token="a.b.c"), ask(host, token="a.b.c").json()["code"])
    assert not upstream.seen("/never-forwarded")


def test_an_empty_bearer_is_a_malformed_token(http1):
    with http1() as connection:
        response = connection.request("GET", "/x", [("Host", "acme.test"), ("Authorization", "Bearer ")])
        assert response.status == 401
        assert response.code in ("token_malformed", "identify_required")
