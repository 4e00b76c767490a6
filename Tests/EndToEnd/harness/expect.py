"""What responses must look like."""

import httpx

STATUS = {
    "token_conflict": 400, "request_malformed": 400, "organization_mismatch": 400, "return_to_not_allowed": 400,
    "identity_malformed": 400,
    "token_malformed": 401, "token_algorithm_not_allowed": 401, "token_signature_mismatch": 401, "token_expired": 401,
    "token_not_yet_valid": 401, "token_issued_in_future": 401, "token_lifetime_exceeded": 401,
    "token_claim_missing": 401, "token_claim_invalid": 401, "token_revoked": 401, "token_replayed": 401,
    "user_hash_missing": 401, "user_hash_subject_missing": 401, "user_hash_mismatch": 401, "identify_required": 401,
    "session_expired": 401,
    "user_unknown": 403, "user_blocked": 403, "admin_sso_forbidden": 403, "admin_identity_untrusted": 403,
    "forum_forbidden": 403, "origin_not_allowed": 403, "sso_disabled": 403, "websocket_not_allowed": 403,
    "organization_unknown": 404, "identity_conflict": 409, "body_too_large": 413, "token_too_large": 431,
    "headers_too_large": 431, "protocol_unsupported": 501, "upstream_unreachable": 502, "websocket_unsupported": 502,
    "directory_unavailable": 503, "draining": 503,
    "upstream_timeout": 504,
}


def problem(response: httpx.Response, code: str) -> dict:
    """Checks that a response is the RFC 9457 problem of this code, and returns it."""
    assert response.headers.get("content-type", "").startswith("application/problem+json"), (
        f"expected {code}, got {response.status_code} {response.headers.get('content-type')}: {response.text[:300]}")
    body = response.json()
    assert body.get("code") == code, body
    assert response.status_code == STATUS[code] == body["status"], body
    assert body["type"] and body["title"], body
    if response.status_code == 401:
        assert response.headers["www-authenticate"].startswith("Bearer"), response.headers
    return body


def accepted(response: httpx.Response) -> dict:
    """Checks a 200 with JSON and returns it."""
    assert response.status_code == 200, f"{response.status_code}: {response.text[:400]}"
    return response.json()


def upstream_headers(response: httpx.Response) -> dict[str, list[str]]:
    """What the default upstream saw, by lower-case name, from its JSON answer."""
    seen: dict[str, list[str]] = {}
    for name, value in accepted(response)["headers"]:
        seen.setdefault(name.lower(), []).append(value)
    return seen
