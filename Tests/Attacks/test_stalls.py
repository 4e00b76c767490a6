"""A client that stops, or nearly, is ended by a time limit; the limits are short here."""

from battery.stalls import STALLS, watch


def test_every_stalled_state_ends(field):
    ended = watch(field.target, 12)
    late = {name: end for name, end in ended.items() if end[0] is None}
    assert not late and len(ended) == len(STALLS), late
