#!/usr/bin/env python3
"""Makes tokens with PyJWT and joserfc, as oracles for the verifier's tests.

Usage: make-token-fixtures.py [OUTPUT]

Needs PyJWT and joserfc: `python3 -m venv .venv && .venv/bin/pip install PyJWT joserfc`. Every run gives the same
output: HMAC is deterministic, and the times are fixed.
"""

import base64
import hashlib
import hmac
import json
import pathlib
import sys
import warnings

import jwt
from joserfc import jws
from joserfc.jwk import OctKey

warnings.simplefilter("ignore")  # Weak keys are among what is to be tried.

NOW = 1_750_000_000
SECRET = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
SECOND = "f0e1d2c3b4a5968778695a4b3c2d1e0ff0e1d2c3b4a5968778695a4b3c2d1e0f"
OTHER = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

JANE = {"email": "jane@example.com", "id": "123", "name": "Jane Doe"}
FULL = {
    **JANE,
    "avatarURL": "https://cdn.example.com/a.png",
    "company_name": "Acme & Söhne",
    "company_id": 9007199254740993,
    "company_mrr": 1234.50,
    "customer_status": "trial",
    "renewal_date": "2028-02-29",
    "renewal_risk": "high",
    "account_owner_id": 7,
    "account_owner_email": "owner@vendor.example",
    "external_user_id": "ext-9",
    "favourite": {"colours": ["red", None, True, 1e3], "note": "ünïcödé 😀"},
}


def user_hash(secret, identifier):
    return hmac.new(secret.encode(), str(identifier).encode(), hashlib.sha256).hexdigest()


def pyjwt(claims, secret=SECRET, algorithm="HS256", headers=None):
    return jwt.encode(claims, secret, algorithm=algorithm, headers=headers)


def joserfc(claims, secret=SECRET, algorithm="HS256", headers=None):
    header = {"alg": algorithm, "typ": "JWT", **(headers or {})}
    key = OctKey.import_key(secret.encode())
    # Not ASCII only, not compact: another spelling of JSON than PyJWT's.
    payload = json.dumps(claims, ensure_ascii=False, indent=2).encode()
    registry = jws.JWSRegistry(algorithms=["HS256", "HS384", "HS512"], strict_check_header=False)
    return jws.serialize_compact(header, payload, key, registry=registry)


def raw(payload, header=b'{"alg":"HS256"}', secret=SECRET):
    def encode(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")

    signing_input = encode(header) + b"." + encode(payload)
    mac = hmac.new(secret.encode(), signing_input, hashlib.sha256).digest()
    return (signing_input + b"." + encode(mac)).decode()


def cases():
    libraries = (("PyJWT", pyjwt), ("joserfc", joserfc))
    for library, sign in libraries:
        def case(name, token, expect="accept", claim=None):
            return {"library": library, "name": name, "token": token, "expect": expect, "claim": claim}

        fresh = {"iat": NOW, "exp": NOW + 3600}
        yield case("every claim", sign({**FULL, **fresh}))
        yield case("email alone", sign({"email": "jane@example.com"}))
        yield case("second key", sign({**JANE, **fresh}, secret=SECOND))
        yield case("kid of the second key", sign({**JANE, **fresh}, secret=SECOND, headers={"kid": "k2"}))
        yield case(
            "kid of another key", sign({**JANE, **fresh}, headers={"kid": "k2"}), "token_signature_mismatch")
        yield case("unknown kid", sign({**JANE, **fresh}, headers={"kid": "k9"}), "token_signature_mismatch")
        yield case("right user hash", sign({**JANE, **fresh, "user_hash": user_hash(SECRET, "123")}))
        yield case("numeric id", sign({**JANE, "id": 123, **fresh, "user_hash": user_hash(SECRET, 123)}))
        yield case(
            "wrong user hash", sign({**JANE, **fresh, "user_hash": user_hash(OTHER, "123")}), "user_hash_mismatch")
        yield case("other secret", sign({**JANE, **fresh}, secret=OTHER), "token_signature_mismatch")
        yield case("HS384", sign({**JANE, **fresh}, algorithm="HS384"), "token_algorithm_not_allowed")
        yield case("HS512", sign({**JANE, **fresh}, algorithm="HS512"), "token_algorithm_not_allowed")
        yield case("expired", sign({**JANE, "exp": NOW - 3600}), "token_expired")
        yield case("not yet valid", sign({**JANE, "nbf": NOW + 3600}), "token_not_yet_valid")
        yield case("issued ahead", sign({**JANE, "iat": NOW + 3600}), "token_issued_in_future")
        yield case("lives too long", sign({**JANE, "iat": NOW, "exp": NOW + 7200}), "token_lifetime_exceeded")
        yield case("fractional times", sign({**JANE, "iat": NOW - 0.5, "exp": NOW + 10.25}))
        yield case("no email", sign({"id": "123", **fresh}), "token_claim_missing", "email")
        yield case("boolean id", sign({**JANE, "id": True, **fresh}), "token_claim_invalid", "id")
        yield case("fractional id", sign({**JANE, "id": 1.5, **fresh}), "token_claim_invalid", "id")

    yield {
        "library": "PyJWT", "name": "none", "token": jwt.encode(JANE, None, algorithm="none"),
        "expect": "token_algorithm_not_allowed", "claim": None,
    }
    for name, payload in {
        "NaN": b'{"email":"a@b.c","x":NaN}', "invalid UTF-8": b'{"email":"a@b.c","x":"\xff"}',
        "duplicate name": b'{"email":"a@b.c","email":"d@e.f"}', "not an object": b'["email"]',
    }.items():
        yield {
            "library": "hmac", "name": name, "token": raw(payload), "expect": "token_malformed", "claim": None,
        }


def hashes():
    identifiers = ["123", "user_4711", "ünïcödé", "a b", "9007199254740993"]
    return [{"id": each, "hash": user_hash(SECRET, each)} for each in identifiers]


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    default = root / "Tests/IdentityCoreTests/Fixtures/tokens.json"
    output = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    document = {
        "now": NOW, "maxTokenLifetimeSeconds": 3600,
        "secrets": [{"id": "k1", "text": SECRET}, {"id": "k2", "text": SECOND}],
        "tokens": list(cases()), "hashes": hashes(),
    }
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
