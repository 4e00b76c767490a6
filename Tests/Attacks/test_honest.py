"""What looks like an attack and isn't: goes on, though the time limits are short here."""

import time

import pytest

from battery.field_of_attack import FieldOfAttack
from battery.wire import DATA, END_STREAM, PING, WINDOW_UPDATE, Attacker, field as header, frame, number, request, setting


def body_of(client: Attacker, wanted: int, seconds: float, drip=None) -> int:
    """Reads until as many bytes have come; `drip` is called with the time."""
    deadline = time.monotonic() + seconds
    while client.received < wanted and not client.is_over and time.monotonic() < deadline:
        if drip is not None:
            drip(time.monotonic())
        client.read(0.05)
    return client.received


def stays(client: Attacker) -> None:
    assert not client.is_over and not client.resets, (client.end, client.resets)


def test_a_call_of_grpc_with_a_message_now_and_then(field):
    client = Attacker(field.target)
    client.send(request(1, b"POST", b"/slow", header(b"content-type", b"application/grpc"), ends=False))
    for _ in range(7):
        client.send(frame(DATA, 0, 1, bytes(20)))
        client.read(1)
        stays(client)
    before = client.received
    client.send(frame(DATA, END_STREAM, 1))
    assert body_of(client, before + 20, 5) > before, "no answer"
    client.close()


def test_a_slow_upload_that_is_faster_than_the_least(field):
    client = Attacker(field.target)
    client.send(request(1, b"POST", ends=False))
    for _ in range(14):
        client.send(frame(DATA, 0, 1, bytes(500)))
        time.sleep(0.5)
        client.read()
        stays(client)
    before = client.received
    client.send(frame(DATA, END_STREAM, 1))
    assert body_of(client, before + 20, 5) > before, "no answer"
    client.close()


def test_a_slow_reader_that_is_faster_than_the_least(field):
    client = Attacker(field.target, settings=setting(4, 1000))
    client.send(request(1, path=b"/big"))
    for _ in range(14):
        time.sleep(0.5)
        while client.read():
            pass
        client.send(frame(WINDOW_UPDATE, 0, 1, number(1000)))
        stays(client)
    assert client.received > 10_000
    client.close()


def test_a_download_whose_windows_are_raised_by_the_kilobyte(field):
    client = Attacker(field.target, settings=setting(4, 65535))
    client.send(request(1, path=b"/big"))
    credited = 0
    deadline = time.monotonic() + 20
    while client.received < 1 << 20 and time.monotonic() < deadline:
        client.read(0.1)
        count = (client.received - credited) // 1024
        credited += count * 1024
        client.send((frame(WINDOW_UPDATE, 0, 1, number(1024)) + frame(WINDOW_UPDATE, 0, 0, number(1024))) * count)
        stays(client)
    assert client.received > 1 << 20
    client.close()


def test_a_connection_kept_by_pings(field):
    client = Attacker(field.target)
    for _ in range(14):
        client.send(frame(PING, 0, 0, bytes(8)))
        time.sleep(0.5)
        client.read()
        stays(client)
    client.close()


def test_requests_with_90_cookie_crumbs_and_15_fields(field):
    client = Attacker(field.target)
    more = b"".join(header(b"cookie", b"crumb-%d=%s" % (n, b"v" * 20)) for n in range(90))
    more += b"".join(header(b"x-field-%d" % n, b"value") for n in range(15))
    for _ in range(300):
        before = client.received
        client.send(request(client.next_stream(), more=more))
        assert body_of(client, before + 40, 5) > before
        stays(client)
    client.close()


@pytest.mark.timeout(60)
def test_connections_that_ask_nothing_make_room(tmp_path):
    with FieldOfAttack(tmp_path, connections=20, header_timeout_seconds=40) as crowded:
        idle = [Attacker(crowded.target, http1=True, tls=False) for _ in range(20)]
        time.sleep(6)
        client = Attacker(crowded.target, http1=True, tls=False)
        client.send(b"GET / HTTP/1.1\r\nHost: acme.test\r\n\r\n")
        assert client.read(5) and client.received > 0
        for attacker in (*idle, client):
            attacker.close()
