#!/usr/bin/env python3
"""Makes tokens with PyJWT and joserfc, as oracles for the verifier's tests.

Usage: make-token-fixtures.py [OUTPUT]

Needs PyJWT and joserfc: `python3 -m venv .venv && .venv/bin/pip install PyJWT joserfc`. Every run gives the same
output: HMAC is deterministic, and the times are fixed.
"""

import base64
import datetime
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


def compact(value):
    """JSON as PyJWT writes it."""
    return {"text": json.dumps(value, separators=(",", ":"))}


def text_time(seconds, form="%Y-%m-%d %H:%M:%S", hours=0):
    zone = datetime.timezone(datetime.timedelta(hours=hours))
    return datetime.datetime.fromtimestamp(seconds, zone).strftime(form)


def samples():
    """What each vendor's own samples and libraries send: names, types and shapes of claims, with users of our own."""

    def sample(dialect, name, claims, profile, expires_at=None, privileges=None):
        return {
            "dialect": dialect, "name": name, "token": pyjwt(claims), "profile": profile, "expiresAt": expires_at,
            "privileges": privileges or {"trusted": False, "admin": "absent", "owner": "absent"},
        }

    hour, five_minutes = NOW + 3600, NOW + 300
    jane = {"email": "jane@example.com", "name": "Jane Doe"}
    times = {"iat": NOW, "exp": hour}

    picture = "https://app.example/jane.png"
    yield sample(
        "productbridge", "Node.js with jsonwebtoken: ids from a database, a company that isn't known",
        {**jane, "id": 4711, "avatarURL": None, "company_name": None, "company_id": None, "company_mrr": 0, **times},
        {**jane, "external_id": "4711", "company": {"mrr": "0"}}, hour)
    yield sample(
        "productbridge", "Python with PyJWT: a UUID, a Decimal as text",
        {**jane, "id": "6d0c2a9e-1b5e-4c52-9f52-0d2f3a3d9a51", "avatarURL": picture, "company_name": "Acme",
         "company_id": "acme", "company_mrr": "10.99", "customer_status": "active", **times},
        {**jane, "external_id": "6d0c2a9e-1b5e-4c52-9f52-0d2f3a3d9a51", "avatar_url": picture, "status": "active",
         "company": {"name": "Acme", "id": "acme", "mrr": "10.99"}}, hour)
    yield sample(
        "productbridge", "PHP with firebase/php-jwt: numbers from forms, an empty text for nothing",
        {**jane, "id": "4711", "avatarURL": "", "company_id": 12, "company_mrr": 99.0, "renewal_risk": "", **times},
        {**jane, "external_id": "4711", "company": {"id": "12", "mrr": "99.0"}}, hour)
    yield sample(
        "productbridge", "Ruby with jwt: an Integer, a Date as text",
        {**jane, "id": 4711, "renewal_date": "2027-01-31", "renewal_risk": "low", "exp": hour},
        {**jane, "external_id": "4711", "renewal": {"date": "2027-01-31", "risk": "low"}}, hour)
    yield sample(
        "productbridge", "Go with golang-jwt: times from a float64",
        {**jane, "id": "4711", "user_hash": user_hash(SECRET, "4711"), "iat": float(NOW), "exp": float(hour)},
        {**jane, "external_id": "4711"}, hour)

    yield sample(
        "productlift", "PHP, the least: a number for uid, no exp", {**jane, "uid": 123},
        {**jane, "external_id": "123"})
    yield sample(
        "productlift", "PHP, everything",
        {**jane, "uid": "123", "avatar_url": picture, "segment_1": "developer", "segment_2": "premium", "mrr": "10.99",
         "arr": "131.88", "ltv": "395.64", "company": "ACME Corp"},
        {**jane, "external_id": "123", "avatar_url": picture, "segments": ["developer", "premium"],
         "company": {"name": "ACME Corp", "mrr": "10.99", "arr": "131.88", "ltv": "395.64"}})
    yield sample(
        "productlift", "JavaScript: amounts as numbers, a segment that isn't known",
        {**jane, "uid": "123", "company": None, "mrr": 99.99, "arr": 1199, "segment_1": "", "segment_3": "beta",
         **times},
        {**jane, "external_id": "123", "segments": ["", "", "beta"], "company": {"mrr": "99.99", "arr": "1199"}}, hour)
    yield sample(
        "productlift", "Python with PyJWT: a short exp", {**jane, "uid": 9007199254740993, "exp": five_minutes},
        {**jane, "external_id": "9007199254740993"}, five_minutes)

    handle = {"mail": "jane@example.com", "name": "janedoe", "img": picture}
    user = {"email": "jane@example.com", "username": "janedoe", "avatar_url": picture}
    yield sample(
        "sleekplan", "Node.js: a number for id, no exp", {**handle, "id": 1398, "weight": 4},
        {**user, "external_id": "1398", "weight": 4})
    yield sample(
        "sleekplan", "PHP: rounding gives a float, meta from an array",
        {**handle, "id": "1398", "weight": 4.0, "meta": {"plan": "pro", "seats": 3}, "full_name": "Jane Doe"},
        {**user, "external_id": "1398", "weight": 4, "name": "Jane Doe", "meta": compact({"plan": "pro", "seats": 3})})
    yield sample(
        "sleekplan", "Python: None where nothing is known",
        {**handle, "id": 1398, "img": None, "weight": None, "meta": {}},
        {"email": "jane@example.com", "username": "janedoe", "external_id": "1398", "meta": compact({})})
    yield sample(
        "sleekplan", "Ruby: exp and iat", {**handle, "id": "1398", "weight": 10, **times},
        {**user, "external_id": "1398", "weight": 10}, hour)
    yield sample(
        "sleekplan", "Java with jjwt: a Long, times in seconds", {**handle, "id": 13981398139813, "weight": 1, **times},
        {**user, "external_id": "13981398139813", "weight": 1}, hour)
    yield sample(
        "sleekplan", "C#: every Claim is text",
        {**handle, "id": "1398", "weight": "4", "full_name": "Jane Doe", **times},
        {**user, "external_id": "1398", "weight": 4, "name": "Jane Doe"}, hour)

    jane = {"email": "jane@example.com", "display_name": "Jane Doe"}
    user = {"email": "jane@example.com", "name": "Jane Doe"}
    yield sample(
        "uservoice", "Ruby with jwt: a number for guid, no expiry", {**jane, "guid": 1001},
        {**user, "external_id": "1001"})
    yield sample(
        "uservoice", "Ruby, the vendor's gem: Time#to_s in UTC",
        {**jane, "guid": 1001, "expires": text_time(five_minutes) + " UTC"}, {**user, "external_id": "1001"},
        five_minutes)
    yield sample(
        "uservoice", "Ruby, the vendor's sample: Time#to_s in local time",
        {**jane, "guid": 1001, "expires": text_time(five_minutes, "%Y-%m-%d %H:%M:%S %z", hours=-7)},
        {**user, "external_id": "1001"}, five_minutes)
    yield sample(
        "uservoice", "Ruby on Rails: to_json of a time",
        {**jane, "guid": "1001", "expires": text_time(five_minutes, "%Y-%m-%dT%H:%M:%S.000Z")},
        {**user, "external_id": "1001"}, five_minutes)
    yield sample(
        "uservoice", "Python, the vendor's library", {**jane, "guid": 1000000, "expires": text_time(five_minutes)},
        {**user, "external_id": "1000000"}, five_minutes)
    yield sample(
        "uservoice", "Python: isoformat",
        {**jane, "guid": 1000000, "expires": text_time(five_minutes, "%Y-%m-%dT%H:%M:%S.250000+00:00")},
        {**user, "external_id": "1000000"}, five_minutes + 0.25)
    yield sample(
        "uservoice", "PHP, the vendor's library, with addresses",
        {**jane, "guid": "1234", "expires": text_time(five_minutes), "url": "https://app.example/users/1234",
         "avatar_url": picture},
        {**user, "external_id": "1234", "avatar_url": picture,
         "extra": compact({"url": "https://app.example/users/1234"})}, five_minutes)
    yield sample(
        "uservoice", "Java, the vendor's library", {**jane, "guid": "1234", "expires": text_time(hour)},
        {**user, "external_id": "1234"}, hour)
    yield sample(
        "uservoice", "C#, the vendor's sample: slashes, and true as text",
        {**jane, "guid": "1234", "expires": text_time(hour, "%Y/%m/%d %H:%M:%S"), "admin": "accept", "trusted": "true"},
        {**user, "external_id": "1234"}, hour, {"trusted": True, "admin": "accept", "owner": "absent"})
    yield sample(
        "uservoice", "JavaScript: exp beside expires, forums and settings",
        {"email": "jane@example.com", "guid": "1234", "expires": text_time(hour), "exp": five_minutes, "trusted": False,
         "allow_forums": [1, "22"], "deny_forums": ["3"], "updates": "false", "comment_updates": True,
         "locale": "pt_BR"},
        {"email": "jane@example.com", "external_id": "1234", "locale": "pt_BR",
         "forums": {"allow": ["1", "22"], "deny": ["3"]}, "preferences": {"updates": False, "comment_updates": True}},
        five_minutes)

    jane = {"email": "jane@example.com", "name": "Jane Doe"}
    yield sample(
        "userorbit", "Node.js with jsonwebtoken: everything",
        {**jane, "id": "user_123", "avatarUrl": picture, "company": "Acme", "plan": "pro", "role": "admin", **times},
        {**jane, "external_id": "user_123", "avatar_url": picture, "company": {"name": "Acme", "plan": "pro"},
         "role": "admin"}, hour)
    yield sample(
        "userorbit", "Python with PyJWT: the least, and a short life",
        {"email": "jane@example.com", "exp": five_minutes}, {"email": "jane@example.com"}, five_minutes)
    yield sample(
        "userorbit", "Ruby with jwt: a number for id, nil where nothing is known",
        {**jane, "id": 123, "avatarUrl": None, "company": None, "plan": "free", "iat": NOW},
        {**jane, "external_id": "123", "company": {"plan": "free"}})


def moments():
    """Texts of UserVoice's `expires`: those that mean one moment, with that moment, and others."""

    def read(text, form):
        return datetime.datetime.strptime(text, form).replace(tzinfo=datetime.timezone.utc).timestamp()

    for text in (
        "1970-01-01 00:00:00", "1969-12-31 23:59:59", "2000-02-29 12:00:00", "2026-11-21 10:00:00",
        "2100-03-01 00:00:00", "9999-12-31 23:59:59", "0001-01-01 00:00:00", "2024-12-31 23:59:59",
        "2023-03-01 00:00:00", "1900-02-28 23:59:59", "2400-02-29 00:00:00",
    ):
        yield {"text": text, "seconds": read(text, "%Y-%m-%d %H:%M:%S")}
        yield {"text": text.replace("-", "/"), "seconds": read(text, "%Y-%m-%d %H:%M:%S")}
    for text in (
        "2026-11-21 10:00:00+00:00", "2026-11-21T10:00:00+05:30", "2026-11-21 10:00:00-0700", "2026-11-21T10:00:00Z",
        "2026-11-21 10:00:00.5Z", "2026-11-21 10:00:00.123456+14:00", "2026-01-01 00:30:00+01:00",
    ):
        form = "%Y-%m-%d %H:%M:%S" + (".%f" if "." in text else "") + "%z"
        yield {"text": text, "seconds": datetime.datetime.strptime(text.replace("T", " "), form).timestamp()}
    moment = read("2026-11-21 10:00:00", "%Y-%m-%d %H:%M:%S")
    for zone in (" UTC", "UTC", " GMT", " Z", " +0000", " -00:00"):
        yield {"text": "2026-11-21 10:00:00" + zone, "seconds": moment}
    for text in (
        " ", "never", "0", "1750000300", "tomorrow", "2026-11-21", "2026-11-21 ", "2026-11-21 10:00", "10:00:00",
        "21-11-2026 10:00:00", "11/21/2026 10:00:00", "2026-21-11 10:00:00", "2026-02-29 10:00:00",
        "2026-00-10 10:00:00", "2026-11-31 10:00:00", "2026-11-21 24:00:00", "2026-11-21 10:60:00",
        "2026-11-21 10:00:60", "2026-11-21 1:00:00", "2026-11-21  10:00:00", "2026-11-21_10:00:00",
        "2026-11/21 10:00:00", "2026/11-21 10:00:00", "2026-11-21t10:00:00", "2026-11-21 10:00:00 PST",
        "2026-11-21 10:00:00 AM", "2026-11-21 10:00:00.", "2026-11-21 10:00:00.1234567890",
        "2026-11-21 10:00:00 +7", "2026-11-21 10:00:00 +24:00", "2026-11-21 10:00:00 +00:60",
        "2026-11-21 10:00:00 ++000", "2026-11-21 10:00:00 +00-00", "2026-11-21 10:00:00 UTC ",
        "2026-11-21 10:00:00\n", " 2026-11-21 10:00:00", "2026-11-21 10:00:00\u0000", "-026-11-21 10:00:00",
        "+2026-11-21 10:00:00", "２０２６-11-21 10:00:00", "2026-11-21 10:00:00 " + "0" * 40,
        "Sat, 21 Nov 2026 10:00:00 GMT",
    ):
        yield {"text": text, "seconds": None}


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    default = root / "Tests/IdentityCoreTests/Fixtures/tokens.json"
    output = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    document = {
        "now": NOW, "maxTokenLifetimeSeconds": 3600,
        "secrets": [{"id": "k1", "text": SECRET}, {"id": "k2", "text": SECOND}],
        "tokens": list(cases()), "hashes": hashes(), "samples": list(samples()), "moments": list(moments()),
    }
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
