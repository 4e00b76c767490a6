"""The assertion that tells an upstream who the user is, and the keys to verify it."""

import json
import time

import jwt
import pytest

from conftest import ACME
from harness.expect import accepted, upstream_headers
from harness.tokens import sign


@pytest.fixture
def keys(ask):
    return accepted(ask("acme", "/_widget/jwks.json"))


def verified(assertion: str, keys: dict) -> dict:
    header = jwt.get_unverified_header(assertion)
    key = next(key for key in keys["keys"] if key["kid"] == header["kid"])
    assert header["alg"] == "ES256"
    return jwt.decode(assertion, jwt.PyJWK(key).key, algorithms=["ES256"], audience="signed",
                      options={"require": ["exp", "aud", "iss", "sub"]})


def test_the_published_keys_are_public_only(keys):
    for key in keys["keys"]:
        assert (key["kty"], key["crv"], key.get("alg", "ES256"), key.get("use", "sig")) == (
            "EC", "P-256", "ES256", "sig")
        assert "d" not in key


def test_an_assertion_verifies_by_the_published_keys(ask, keys, email):
    token = sign({"email": email, "id": "5", "name": "Ada"}, ACME)
    assertion, = upstream_headers(ask("acme", "/signed/page", token=token))["x-widget-assertion"]
    claims = verified(assertion, keys)
    assert claims["aud"] == "signed"
    assert claims["sub"] == accepted(ask("acme", token=token))["user"]["id"]
    assert claims["org"] == "acme"
    assert claims["profile"]["email"] == email
    assert time.time() < claims["exp"] <= time.time() + 300
    assert claims["iss"]


def test_an_assertion_never_outlives_its_token(ask, keys, email):
    expiry = int(time.time()) + 20
    token = sign({"email": email, "exp": expiry}, ACME)
    assertion, = upstream_headers(ask("acme", "/signed/page", token=token))["x-widget-assertion"]
    assert verified(assertion, keys)["exp"] <= expiry + 60


def test_an_assertion_is_reused_while_fresh(ask, email):
    token = sign({"email": email}, ACME)
    seen = {upstream_headers(ask("acme", "/signed/page", token=token))["x-widget-assertion"][0] for _ in range(5)}
    assert len(seen) <= 2  # one for each worker at most


def test_two_users_have_two_assertions(ask, keys, email):
    subjects = set()
    for prefix in "ab":
        token = sign({"email": prefix + email}, ACME)
        assertion, = upstream_headers(ask("acme", "/signed/page", token=token))["x-widget-assertion"]
        subjects.add(verified(assertion, keys)["sub"])
    assert len(subjects) == 2


def test_anonymous_requests_and_other_upstreams_get_none(ask, acme_token):
    assert "x-widget-assertion" not in upstream_headers(ask("acme", "/signed/page"))
    assert "x-widget-assertion" not in upstream_headers(ask("acme", "/page", token=acme_token))


def test_a_changed_assertion_does_not_verify(ask, keys, acme_token):
    assertion, = upstream_headers(ask("acme", "/signed/page", token=acme_token))["x-widget-assertion"]
    header, payload, signature = assertion.split(".")
    other = json.dumps({"sub": "usr_other", "aud": "signed"}).encode()
    import base64
    changed = base64.urlsafe_b64encode(other).rstrip(b"=").decode()
    with pytest.raises(jwt.InvalidSignatureError):
        verified(f"{header}.{changed}.{signature}", keys)


def test_the_key_stays_the_same_over_a_restart(make_gateway):
    gateway = make_gateway()
    with gateway.client() as client:
        before = client.get("/_widget/jwks.json", headers={"Host": "acme.test"}).json()
    gateway.stop()
    gateway.start()
    with gateway.client() as client:
        assert client.get("/_widget/jwks.json", headers={"Host": "acme.test"}).json() == before
