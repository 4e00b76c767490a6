"""How often a client may ask, and how often it may guess."""

import json
import math
import threading
import time
import urllib.request

import pytest

from conftest import ACME, organization
from harness.gateway import eventually
from harness.tokens import secret, sign, user_hash

OTHER = secret(701)
ORGANIZATIONS = [organization("acme", ACME), organization("other", OTHER, allow_plain_identity=True)]
ROUTES = [{"path": "/", "access": "widget", "upstream": "widgets"},
          {"path": "/assets/", "access": "public", "upstream": "widgets"}]


@pytest.fixture
def limited(make_gateway):
    def make(**settings):
        rates = settings.pop("rate_limits")
        return make_gateway(ORGANIZATIONS, routes=ROUTES, rate_limits=rates, **settings)
    return make


def asker(client):
    def ask(path="/page", host="acme", token=None, address=None, **headers):
        fields = {"Host": f"{host}.test"} | headers
        if token:
            fields["Authorization"] = f"Bearer {token}"
        if address:
            fields["X-Forwarded-For"] = address
        return client.get(path, headers=fields)
    return ask


def is_limited(response) -> bool:
    if response.status_code != 429:
        return False
    problem = response.json()
    assert problem["code"] == "rate_limited" and problem["status"] == 429
    assert int(response.headers["retry-after"]) >= 1
    return True


def test_a_burst_passes_and_one_more_is_limited(limited, upstream):
    gateway = limited(rate_limits={"requests_per_second": 1, "burst": 5})
    with gateway.client() as client:
        ask = asker(client)
        began = time.monotonic()
        answers = [ask(f"/burst-{number}") for number in range(20)]
        passed = sum(answer.status_code == 200 for answer in answers)
        assert 5 <= passed <= 5 + math.ceil(time.monotonic() - began)
        assert [answer.status_code for answer in answers[:5]] == [200] * 5
        refused = [answer for answer in answers if is_limited(answer)]
        assert len(refused) == 20 - passed > 0
        assert sum(len(upstream.seen(f"/burst-{number}")) for number in range(20)) == passed
        time.sleep(int(refused[-1].headers["retry-after"]))
        assert ask().status_code == 200
        # Another organization's is another account, and so is what nobody asks whose it is.
        assert ask(host="other").status_code == 200
        assert ask("/assets/x").status_code == 200
        assert client.get("/_widget/sdk.js").status_code == 200
    counted = f'widget_rejections_total{{code="rate_limited"}} {len(refused)}\n'
    eventually(lambda: counted in metrics_of(gateway), within=3, what="the metric")


def metrics_of(gateway) -> str:
    with urllib.request.urlopen(gateway.admin + "/metrics", timeout=5) as response:
        return response.read().decode()


def test_the_account_is_one_for_all_connections_and_workers(limited):
    gateway = limited(rate_limits={"requests_per_second": 1, "burst": 20}, workers=4)
    passed, lock = [], threading.Lock()

    def ask_often():
        for _ in range(5):
            with gateway.client() as client:
                response = asker(client)()
                with lock:
                    passed.append(response.status_code)

    began = time.monotonic()
    threads = [threading.Thread(target=ask_often) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(passed) == {200, 429}
    assert 20 <= passed.count(200) <= 21 + (time.monotonic() - began)


def test_an_organization_has_its_own_rate_and_a_reload_changes_it(limited):
    gateway = limited(rate_limits={
        "requests_per_second": 1, "burst": 2, "organizations": [{"id": "other"}]})
    with gateway.client() as client:
        ask = asker(client)
        assert [ask(host="other").status_code for _ in range(10)] == [200] * 10
        assert 429 in [ask().status_code for _ in range(10)]
        gateway.settings["rate_limits"] = {}
        gateway.write_config()
        eventually(lambda: ask().status_code == 200 and [ask().status_code for _ in range(10)] == [200] * 10, within=10)


def test_clients_behind_a_trusted_proxy_are_told_apart(limited):
    gateway = limited(rate_limits={"requests_per_second": 1, "burst": 2}, trusted_proxies=["127.0.0.0/8"])
    with gateway.client() as client:
        ask = asker(client)
        assert 429 in [ask(address="198.51.100.1").status_code for _ in range(6)]
        assert ask(address="198.51.100.2").status_code == 200
        # What the client itself has written stands further left, and changes nothing.
        assert is_limited(ask(address="203.0.113.9, 198.51.100.1"))
        assert is_limited(ask(address="::ffff:198.51.100.1"))
        # An IPv6 network of 64 bits is one client.
        assert 429 in [ask(address=f"2001:db8:0:1::{number:x}").status_code for number in range(1, 8)]
        assert is_limited(ask(address="2001:db8:0:1:ffff:ffff:ffff:ffff"))
        assert ask(address="2001:db8:0:2::1").status_code == 200
        # The proxy's own requests are for nobody in particular.
        assert [ask().status_code for _ in range(6)] == [200] * 6


def test_a_stranger_cannot_name_another_address(limited):
    gateway = limited(rate_limits={"requests_per_second": 1, "burst": 2}, trusted_proxies=["10.0.0.0/8"])
    with gateway.client() as client:
        answers = [asker(client)(address=f"198.51.100.{number}") for number in range(8)]
    assert 429 in [answer.status_code for answer in answers]


def test_a_page_of_another_origin_can_read_the_refusal(make_gateway):
    gateway = make_gateway([organization("acme", ACME, allowed_origins=["https://app.acme.test"])],
                           rate_limits={"requests_per_second": 1, "burst": 1})
    with gateway.client() as client:
        ask = asker(client)
        answers = [ask(Origin="https://app.acme.test") for _ in range(4)]
    refused = next(answer for answer in answers if is_limited(answer))
    assert refused.headers["access-control-allow-origin"] == "https://app.acme.test"
    assert "retry-after" in refused.headers["access-control-expose-headers"]


# Guesses


def forged(number: int) -> str:
    return sign({"email": f"mallory-{number}@example.test"}, secret(990))


def test_guesses_are_limited_and_good_tokens_are_not(limited):
    """Both directions: who guesses learns nothing more, and whoever shares the address with them isn't locked out."""
    gateway = limited(rate_limits={"bad_tokens_per_minute": 30})
    known = sign({"email": "known@example.test"}, ACME)
    with gateway.client() as client:
        ask = asker(client)
        assert ask(token=known).status_code == 200
        began = time.monotonic()
        answers = [ask(token=forged(number)) for number in range(40)]
        assert [answer.status_code for answer in answers[:30]] == [401] * 30
        assert {answer.json()["code"] for answer in answers[:30]} == {"token_signature_mismatch"}
        limit = [is_limited(answer) for answer in answers]
        assert 40 - sum(limit) <= 31 + (time.monotonic() - began) / 2
        # While guesses are refused: remembered tokens, new ones, sessions and anonymous requests are served.
        for number in range(50):
            assert ask(token=known).status_code == 200
            assert ask(token=sign({"email": f"fresh-{number}@example.test"}, ACME)).status_code == 200
            assert ask().status_code == 200
            if number % 10 == 0:
                assert ask(token=forged(1000 + number)).status_code in (401, 429)
        # Other faults keep their own codes: their owner has to learn what is wrong.
        expired = sign({"email": "late@example.test", "exp": 1_000_000_000}, ACME)
        assert ask(token=expired).json()["code"] == "token_expired"
        # Another organization has another account.
        assert ask(host="other", token=forged(1)).json()["code"] == "token_signature_mismatch"


def test_guesses_from_one_address_do_not_count_for_another(limited):
    gateway = limited(rate_limits={"bad_tokens_per_minute": 5}, trusted_proxies=["127.0.0.0/8"])
    with gateway.client() as client:
        ask = asker(client)
        assert 429 in [ask(token=forged(number), address="198.51.100.1").status_code for number in range(9)]
        assert ask(token=forged(1), address="198.51.100.2").status_code == 401
        assert is_limited(ask(token=forged(1), address="198.51.100.1"))


def test_guesses_of_user_hashes_count_too(limited):
    gateway = limited(rate_limits={"bad_tokens_per_minute": 5})

    def identify(identifier, digest):
        return client.post("/_widget/identify", headers={"Host": "other.test"},
                           json={"user": {"id": identifier, "email": "grace@example.test", "user_hash": digest}})

    with gateway.client() as client:
        answers = [identify("7", f"{number:064x}") for number in range(9)]
        assert [answer.status_code for answer in answers[:5]] == [401] * 5
        assert any(is_limited(answer) for answer in answers)
        assert identify("7", user_hash(OTHER, "7")).status_code == 200


def test_guesses_may_go_on_after_the_time_that_the_answer_names(limited):
    gateway = limited(rate_limits={"bad_tokens_per_minute": 60})
    with gateway.client() as client:
        ask = asker(client)
        answers = [ask(token=forged(number)) for number in range(80)]
        refused = [answer for answer in answers if is_limited(answer)]
        assert refused
        time.sleep(int(refused[-1].headers["retry-after"]))
        assert ask(token=forged(99)).json()["code"] == "token_signature_mismatch"


def test_guesses_too_many_are_accounted_for_in_the_token_log(limited):
    gateway = limited(rate_limits={"bad_tokens_per_minute": 5})
    with gateway.client() as client:
        ask = asker(client)
        for number in range(60):
            assert ask(token=forged(number)).status_code in (401, 429)

    def log() -> list[dict]:
        return [json.loads(line) for line in gateway.cli("log", "acme", "--refused", "--json").stdout.splitlines()]

    rows = eventually(
        lambda: (rows := log())
        and sum(row["stands_for"] for row in rows) >= 60 and rows, within=40, every=0.5)
    assert sum(row["stands_for"] for row in rows) == 60
    assert len(rows) <= 15
