"""Frames that carry nothing: who sends too many is sent away, and nobody else notices."""

import time

import pytest

from harness.expect import accepted
from harness.http2 import (
    DATA, ENHANCE_YOUR_CALM, PING, PRIORITY, SETTINGS, WINDOW_UPDATE, raw_frame)

FLOODS = {
    "PING": lambda stream: raw_frame(PING, 0, 0, b"12345678"),
    "SETTINGS": lambda stream: raw_frame(SETTINGS, 0, 0),
    "PRIORITY": lambda stream: raw_frame(PRIORITY, 0, stream + 2, b"\x00\x00\x00\x00\x10"),
    "WINDOW_UPDATE": lambda stream: raw_frame(WINDOW_UPDATE, 0, 0, b"\x00\x00\x00\x01"),
    "empty DATA": lambda stream: raw_frame(DATA, 0, stream),
    "padding alone": lambda stream: raw_frame(DATA, 0x8, stream, b"\x04\x00\x00\x00\x00"),
}


@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_of_frames_that_carry_nothing_is_ended(gateway, http2, client, flood):
    with http2() as connection:
        stream = connection.open_stream(connection.fields(method="POST", path="/flooded"), end_stream=False)
        frame = FLOODS[flood](stream)
        deadline = time.monotonic() + 40
        try:
            for _ in range(200):
                connection.send(frame * 100)
                if connection.read_some(0) and connection.goaway is not None:
                    break
                if connection.closed or time.monotonic() > deadline:
                    break
        except OSError:
            pass
        connection.wait(lambda: connection.goaway is not None or connection.closed, timeout=20)
        assert connection.closed or connection.goaway.error_code == ENHANCE_YOUR_CALM
    accepted(client.get("/afterwards", headers={"Host": "acme.test"}))


def test_a_client_that_pings_now_and_then_stays(http2):
    with http2() as connection:
        for number in range(50):
            connection.send_raw(PING, 0, 0, b"%8d" % number)
        assert connection.request(path="/still-here").status == 200
