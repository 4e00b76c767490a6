"""Access states, `/_widget/state`, `/_widget/identify`, `/_widget/logout`, and which organization a request is for."""

import json

import pytest

from conftest import ACME, LOCKED, REPORTING
from harness.expect import accepted, problem, upstream_headers
from harness.tokens import secret, sign


# Access states, section 7's table

def test_without_a_token_a_visitor_is_anonymous_where_identity_is_not_required(ask):
    assert accepted(ask("acme"))["state"] == "anonymous"
    assert upstream_headers(ask("acme", "/page"))["x-widget-state"] == ["anonymous"]


def test_without_a_token_a_visitor_is_locked_where_identity_is_required(ask, upstream):
    body = problem(ask("locked", "/locked-page"), "identify_required")
    assert body["state"] == "locked"
    assert not upstream.seen("/locked-page")


def test_the_state_of_a_locked_visitor_can_be_asked(ask):
    response = ask("locked")
    assert response.json()["state"] == "locked"
    assert response.status_code in (200, 401)


def test_a_valid_token_is_identified_either_way(ask, email):
    for host, key in (("acme", ACME), ("locked", LOCKED)):
        seen = upstream_headers(ask(host, "/page", token=sign({"email": email}, key)))
        assert seen["x-widget-state"] == ["identified"]
        assert seen["x-widget-organization"] == [host]


def test_report_lets_anonymous_visitors_through(ask):
    assert upstream_headers(ask("reporting", "/page"))["x-widget-state"] == ["anonymous"]


@pytest.mark.parametrize("host, key", [("acme", ACME), ("locked", LOCKED), ("reporting", REPORTING)])
def test_a_forged_token_is_refused_either_way(ask, email, host, key):
    problem(ask(host, "/page", token=sign({"email": email}, secret(79))), "token_signature_mismatch")


def test_public_routes_never_ask(ask):
    assert "x-widget-user" not in upstream_headers(ask("locked", "/assets/app.js"))


def test_the_longest_prefix_decides(ask):
    accepted(ask("locked", "/assets/x"))
    problem(ask("locked", "/assets/private/x"), "identify_required")


@pytest.mark.parametrize("path", [
    "/assets/../page", "/assets/%2e%2e/page", "/assets/..%2fpage", "/assets/./../page", "/assets//../page",
    "/assets\\..\\page", "/assets/%2E%2E/page", "/assets/x/../../page",
])
def test_a_path_cannot_pretend_to_be_public(http2, upstream, path):
    """A public prefix with a way out of it: refused, or treated as what an upstream would make of it."""
    with http2(authority="locked.test") as connection:
        response = connection.request(path=path)
    if response.status == 200:
        target = response.json()["target"]
        assert target.startswith("/assets/") and ".." not in target and "2e" not in target.lower()
    else:
        assert response.status in (400, 401), response


# /_widget/state

def test_state_is_never_cached(ask):
    assert "no-store" in ask("acme").headers["cache-control"]


def test_state_answers_get_only(ask):
    assert ask("acme", method="POST").status_code == 405


def test_state_of_a_bad_token_is_its_code(ask):
    problem(ask("acme", token=sign({"email": "a@b.test"}, secret(79))), "token_signature_mismatch")


# /_widget/identify

def identify(ask, host, body, **options):
    return ask(host, "/_widget/identify", method="POST", json=body, **options)


def test_identify_creates_once_and_then_finds(ask, email):
    first = accepted(identify(ask, "acme", {"token": sign({"email": email, "name": "Ada"}, ACME)}))
    again = accepted(identify(ask, "acme", {"token": sign({"email": email, "name": "Ada L"}, ACME)}))
    assert (first["created"], again["created"]) == (True, False)
    assert first["state"] == again["state"] == "identified"
    assert first["user"]["id"] == again["user"]["id"]
    assert again["user"]["name"] == "Ada L"


@pytest.mark.parametrize("body", [
    b"", b"nonsense", b"[]", b'"text"', b"{}", b'{"token": 7}', b'{"token": null}', b'{"token": ""}', b'{"user": 7}',
    b'{"user": {}, "token": "a.b.c"}', b'{"token": "a.b.c"', b'{"token":"a.b.c","token":"d.e.f"}', b"\xff\xfe",
    b'{"token": "a.b.c"} x',
])
def test_identify_refuses_bodies_that_say_nothing(ask, body):
    response = ask("acme", "/_widget/identify", method="POST", content=body,
                   headers={"Content-Type": "application/json"})
    assert response.status_code in (400, 401), response.text
    assert response.json()["code"] in (
        "identity_malformed", "request_malformed", "token_conflict", "token_malformed"), response.text


def test_identify_gives_a_bad_token_its_code(ask, email):
    problem(identify(ask, "acme", {"token": "a.b.c"}), ask("acme", token="a.b.c").json()["code"])
    problem(identify(ask, "acme", {"token": sign({"email": email, "exp": 1}, ACME)}), "token_expired")


def test_identify_with_two_different_tokens_conflicts(ask, email):
    one, other = sign({"email": email}, ACME), sign({"email": email, "name": "x"}, ACME)
    problem(identify(ask, "acme", {"token": one}, token=other), "token_conflict")
    accepted(identify(ask, "acme", {"token": one}, token=one))


def test_identify_answers_post_only(ask):
    assert ask("acme", "/_widget/identify").status_code == 405


def test_identify_bounds_its_body(ask):
    response = ask("acme", "/_widget/identify", method="POST", content=b'{"token": "' + b"a" * 2_000_000 + b'"}')
    assert response.status_code in (400, 413, 431), response.text


def test_a_huge_token_in_the_body_is_too_large(ask):
    problem(identify(ask, "acme", {"token": "a" * 8193}), "token_too_large")


# /_widget/logout

def test_logout_without_a_session_is_an_empty_answer(ask):
    response = ask("acme", "/_widget/logout", method="POST")
    assert response.status_code in (200, 204)
    assert response.content in (b"", b"{}")


def test_unknown_own_paths_are_not_forwarded_as_if_ours(ask):
    """Paths that the gateway doesn't own are proxied, as section 2 says: everything else is."""
    assert ask("acme", "/_widgets/other").status_code == 200


# Organizations, section 3

def test_an_unknown_host_without_a_name_is_unknown(ask):
    problem(ask("nobody"), "organization_unknown")


@pytest.mark.parametrize("where", ["header", "organizationId", "teamId"])
def test_a_request_may_name_its_organization(ask, email, where):
    token = sign({"email": email}, ACME)
    if where == "header":
        response = ask("nobody", token=token, headers={"X-Widget-Organization": "acme"})
    else:
        response = ask("nobody", f"/_widget/state?{where}=acme", token=token)
    assert accepted(response)["organization"] == "acme"


def test_the_body_of_identify_may_name_the_organization(ask, email):
    response = identify(ask, "nobody", {"organization": "acme", "token": sign({"email": email}, ACME)})
    assert accepted(response)["organization"] == "acme"


@pytest.mark.parametrize("where", ["header", "organizationId", "teamId"])
def test_host_and_name_must_not_differ(ask, where):
    if where == "header":
        response = ask("acme", headers={"X-Widget-Organization": "locked"})
    else:
        response = ask("acme", f"/_widget/state?{where}=locked")
    problem(response, "organization_mismatch")


def test_host_and_the_name_in_the_body_must_not_differ(ask, email):
    response = identify(ask, "acme", {"organization": "locked", "token": sign({"email": email}, ACME)})
    problem(response, "organization_mismatch")


def test_host_and_name_may_agree(ask):
    assert accepted(ask("acme", headers={"X-Widget-Organization": "acme"}))["organization"] == "acme"


def test_an_unknown_name_is_unknown(ask):
    problem(ask("nobody", headers={"X-Widget-Organization": "nobody"}), "organization_unknown")


def test_host_names_ignore_letter_case(client):
    response = client.get("/_widget/state", headers={"Host": "ACME.test"})
    assert accepted(response)["organization"] == "acme"


def test_one_organization_alone_needs_no_name(make_gateway):
    gateway = make_gateway()
    with gateway.client() as client:
        assert accepted(client.get("/_widget/state"))["organization"] == "acme"


# Tokens in addresses

def test_a_sign_in_address_is_answered_with_the_same_address_without_the_token(ask, email, upstream):
    token = sign({"email": email}, ACME)
    for query, wanted in ((f"?sso={token}", ""), (f"?a=1&sso={token}&b=2", "?a=1&b=2"), (f"?sso={token}&b=%20", "?b=%20")):
        response = ask("acme", "/welcome" + query, headers={"Sec-Fetch-Mode": "navigate"})
        assert response.status_code == 303, response.text
        location = response.headers["location"]
        assert location.endswith("/welcome" + wanted) and token not in location
        assert response.headers["referrer-policy"] == "no-referrer"
        assert "no-store" in response.headers["cache-control"]
    assert not upstream.seen("/welcome")


def test_a_programs_request_keeps_its_way_but_the_token_is_cut(ask, email):
    token = sign({"email": email}, ACME)
    response = ask("acme", f"/fetch?a=1&sso={token}&b=2")
    seen = accepted(response)
    assert seen["target"] == "/fetch?a=1&b=2"
    assert token not in json.dumps(seen)
    assert upstream_headers(response)["x-widget-user-email"] == [email]


def test_a_sign_in_address_with_an_authority_form_path_stays_on_the_host(http2, email):
    """`//evil.test/?sso=` must not become a redirect to another host."""
    token = sign({"email": email}, ACME)
    with http2() as connection:
        response = connection.request(path=f"//evil.test/x?sso={token}", headers=[("sec-fetch-mode", "navigate")])
    location = response.value("location")
    assert location is None or not location.startswith(("//", "/\\", "https://evil", "http://evil"))


def test_a_referer_with_a_token_loses_it(ask, email):
    token = sign({"email": email}, ACME)
    response = ask("acme", "/x", headers={"Referer": f"https://acme.test/page?a=1&sso={token}"})
    assert token not in json.dumps(accepted(response))
