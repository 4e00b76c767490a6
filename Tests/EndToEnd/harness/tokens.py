"""User tokens and user hashes as a customer's server makes them: with PyJWT, or by hand where PyJWT refuses."""

import base64
import hashlib
import hmac
import json
import time

import jwt

#: Texts that must never show in a log: every secret and every token that a test made.
must_stay_secret: set[str] = set()


def secret(number: int) -> str:
    """A well-formed API secret: 64 hex characters, different for each number."""
    text = hashlib.sha256(f"api secret {number}".encode()).hexdigest()
    must_stay_secret.add(text)
    return text


def now() -> int:
    return int(time.time())


def remember(token: str) -> str:
    """Notes a token's signature (and so the token) as something that no log may show."""
    signature = token.rsplit(".", 1)[-1]
    if len(signature) >= 16:
        must_stay_secret.add(signature)
    return token


def sign(claims: dict, key: str, *, algorithm="HS256", headers=None, lifetime: int | None = 600) -> str:
    """Signs claims with PyJWT. Adds `iat` and `exp` unless the claims have them or `lifetime` is None."""
    claims = dict(claims)
    if lifetime is not None:
        claims.setdefault("iat", now())
        claims.setdefault("exp", now() + lifetime)
    return remember(jwt.encode(claims, key, algorithm=algorithm, headers=headers))


def b64(data: bytes | str) -> str:
    if isinstance(data, str):
        data = data.encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign_raw(header: bytes | str | dict, payload: bytes | str | dict, key: str) -> str:
    """Signs exactly these header and payload bytes with HMAC-SHA256, whatever they say."""
    parts = [json.dumps(part) if isinstance(part, dict) else part for part in (header, payload)]
    signing_input = ".".join(b64(part) for part in parts)
    mac = hmac.new(key.encode(), signing_input.encode(), hashlib.sha256).digest()
    return remember(f"{signing_input}.{b64(mac)}")


def sign_segments(header_segment: str, payload_segment: str, key: str) -> str:
    """Signs two segments as they are, even where they aren't base64url."""
    signing_input = f"{header_segment}.{payload_segment}"
    mac = hmac.new(key.encode(), signing_input.encode("latin-1"), hashlib.sha256).digest()
    return remember(f"{signing_input}.{b64(mac)}")


def user_hash(key: str, identifier: str) -> str:
    return hmac.new(key.encode(), identifier.encode(), hashlib.sha256).hexdigest()
