"""Several addresses of an upstream: who gets which request, who is shut out, who comes back, and who must wait."""

import collections
import threading
import time

import pytest

from harness.gateway import eventually, free_port
from harness.http1 import HTTP1Client
from harness.upstream import RecordingUpstream

FIELDS = [("Host", "acme.test")]


@pytest.fixture
def servers():
    made = []

    def make(count: int) -> list[RecordingUpstream]:
        made.extend(RecordingUpstream() for _ in range(count))
        return made[-count:]

    yield make
    for server in made:
        server.close()


def get(gateway, path="/x", method="GET", body=b""):
    with HTTP1Client(gateway.clear_port) as connection:
        return connection.request(method, path, FIELDS, body)


def several(servers, **settings):
    return [{"name": "widgets", "urls": [server.url for server in servers]} | settings]


def test_requests_go_to_all_addresses_alike(make_gateway, servers):
    three = servers(3)
    gateway = make_gateway(upstreams=several(three))
    for _ in range(60):
        assert get(gateway).status == 200
    assert [len(server.exchanges) for server in three] == [20, 20, 20]


def test_a_slow_address_gets_fewer(make_gateway, servers):
    slow, fast = servers(2)
    gateway = make_gateway(upstreams=several([slow, fast]))
    slow.on("/x", lambda exchange: (time.sleep(1), exchange.reply(b"slow")) and None)
    threads = [threading.Thread(target=lambda: [get(gateway) for _ in range(10)]) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(slow.exchanges) + len(fast.exchanges) == 60
    assert len(fast.exchanges) > 2 * len(slow.exchanges), (len(slow.exchanges), len(fast.exchanges))


@pytest.mark.parametrize("method,body", [("GET", b""), ("POST", b"pay")])
def test_an_address_that_refuses_costs_no_request(make_gateway, servers, method, body):
    alive, = servers(1)
    gateway = make_gateway(upstreams=[{
        "name": "widgets", "urls": [f"http://127.0.0.1:{free_port()}", alive.url, f"http://127.0.0.1:{free_port()}"]}])
    for _ in range(30):
        assert get(gateway, method=method, body=body).status == 200
    assert len(alive.exchanges) == 30


def test_an_address_that_dies_is_shut_out_and_comes_back(make_gateway, servers):
    stays, dies = servers(2)
    gateway = make_gateway(upstreams=several([stays, dies], circuit_failures=2, circuit_seconds=0.5))
    for _ in range(4):
        assert get(gateway).status == 200
    port = dies.port
    dies.close()
    for _ in range(20):
        assert get(gateway).status == 200, "the other address serves"
    eventually(lambda: "shut out" in gateway.log(), within=3, what="the log's line")
    again = RecordingUpstream(port)
    try:
        def is_back():
            get(gateway)
            return len(again.exchanges)
        eventually(is_back, within=10, every=0.1, what="the address's return")
        before = len(again.exchanges)
        for _ in range(20):
            assert get(gateway).status == 200
        assert len(again.exchanges) - before == 10
        eventually(lambda: "are used again" in gateway.log(), within=3, what="the log's line")
    finally:
        again.close()


def test_an_open_circuit_answers_at_once_and_asks_seldom(make_gateway, servers):
    server, = servers(1)
    gateway = make_gateway(upstreams=several(
        [server], circuit_failures=3, circuit_seconds=8, response_header_timeout_seconds=0.5))
    server.on("/x", lambda exchange: time.sleep(1.5) or False)
    for _ in range(3):
        assert get(gateway).code == "upstream_timeout"
    for _ in range(20):
        assert get(gateway).code == "upstream_unreachable"
    assert len(server.seen("/x")) == 3, "refused without asking"
    server.on("/x", lambda exchange: exchange.reply(b"well"))
    eventually(lambda: get(gateway).status == 200, within=30, every=0.1, what="the probe's success")
    assert all(get(gateway).status == 200 for _ in range(10))


def test_a_page_whose_answers_are_broken_shuts_nobody_out(make_gateway, servers):
    server, = servers(1)
    gateway = make_gateway(upstreams=several([server], circuit_failures=2))
    server.on("/broken", lambda exchange: exchange.send(b"nonsense\r\n\r\n") or False)
    for _ in range(10):
        assert get(gateway, "/broken").code == "upstream_unreachable"
    assert get(gateway, "/fine").status == 200


def test_checks_shut_an_address_out_and_bring_it_back(make_gateway, servers):
    well, unwell = servers(2)
    state = {"status": "200 OK"}
    well.on("/up", lambda exchange: exchange.reply(b""))
    unwell.on("/up", lambda exchange: exchange.reply(b"", state["status"]))
    gateway = make_gateway(upstreams=several(
        [well, unwell], health={"path": "/up", "interval_seconds": 0.5, "failures": 2, "successes": 2}))
    eventually(lambda: well.seen("/up") and unwell.seen("/up"), within=3, what="the first checks")
    check = well.seen("/up")[0]
    assert check.method == "GET" and check.value("host") == f"127.0.0.1:{well.port}"
    state["status"] = "503 Service Unavailable"

    def shares(count=20):
        before = len(unwell.seen("/x"))
        assert all(get(gateway).status == 200 for _ in range(count))
        return len(unwell.seen("/x")) - before

    eventually(lambda: shares() == 0, within=6, every=0.2, what="its being shut out")
    assert shares(40) == 0
    state["status"] = "200 OK"
    eventually(lambda: shares() > 0, within=6, every=0.2, what="its return")


def test_past_the_limit_requests_wait_and_then_are_refused(make_gateway, servers):
    server, = servers(1)
    gateway = make_gateway(upstreams=several(
        [server], max_requests=2, queue_requests=3, queue_timeout_seconds=5))
    at_once, most, lock = [0], [0], threading.Lock()
    release = threading.Event()

    def script(exchange):
        with lock:
            at_once[0] += 1
            most[0] = max(most[0], at_once[0])
        release.wait(60)
        with lock:
            at_once[0] -= 1
        exchange.reply(b"done")

    server.on("/slow", script)
    answers, begun = [], time.monotonic()

    def ask():
        response = get(gateway, "/slow")
        answers.append((response.status, response.code, response.value("retry-after"), time.monotonic() - begun))

    threads = [threading.Thread(target=ask) for _ in range(10)]
    for thread in threads:
        thread.start()
    eventually(lambda: len(answers) >= 8, within=30, what="the refusals")
    refused = [answer for answer in answers if answer[0] == 503]
    assert len(refused) == 8 and all(answer[1:3] == ("overloaded", "1") for answer in refused)
    assert sum(answer[3] < 4.4 for answer in refused) == 5, "five found no room to wait"
    assert sum(answer[3] > 4.6 for answer in refused) == 3, "three waited in vain"
    release.set()
    for thread in threads:
        thread.join()
    assert collections.Counter(status for status, *_ in answers) == {503: 8, 200: 2}
    assert most[0] == 2
    assert get(gateway).status == 200


def test_who_waits_goes_on_when_another_has_ended(make_gateway, servers):
    server, = servers(1)
    gateway = make_gateway(upstreams=several([server], max_requests_per_address=2, queue_timeout_seconds=60))
    server.on("/short", lambda exchange: (time.sleep(0.05), exchange.reply(b"ok")) and None)
    statuses = []
    threads = [threading.Thread(target=lambda: statuses.append(get(gateway, "/short").status)) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 30
    assert server.connections <= 2


def test_other_addresses_are_used_after_a_reload_and_nothing_is_lost(make_gateway, servers):
    first, second = servers(2)
    gateway = make_gateway(upstreams=several([first]))
    slow = threading.Event()
    first.on("/slow", lambda exchange: (slow.wait(60), exchange.reply(b"from the first")) and None)
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(get(gateway, "/slow").body))
    waiting.start()
    eventually(lambda: first.seen("/slow"), within=3, what="the slow request")
    gateway.settings["upstreams"] = several([second])
    gateway.write_config()

    def has_moved():
        before = len(second.exchanges)
        assert get(gateway).status == 200
        return len(second.exchanges) > before

    eventually(has_moved, within=6, every=0.1, what="the move")
    assert all(has_moved() for _ in range(10))
    slow.set()
    waiting.join()
    assert answers == [b"from the first"]


def test_a_name_with_several_addresses_is_served_by_those_that_listen(make_gateway, servers):
    """`localhost` may stand for ::1 and 127.0.0.1, and only one of them listens."""
    server, = servers(1)
    gateway = make_gateway(upstreams=[{"name": "widgets", "url": f"http://localhost:{server.port}"}])
    assert all(get(gateway, method=method).status == 200 for method in ("GET", "POST") for _ in range(10))
