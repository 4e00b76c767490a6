"""Under each attack the gateway lives, the well-behaved client is served, memory stays small, the attacker is cut off.

How fast the client is served is for `run.py` to measure: here, beside other work, only that it is within seconds.
"""

import pytest

from battery.attacks import BATTERY
from battery.field_of_attack import MIB

#: The slow ones end as soon as all of their connections have been ended.
SECONDS, SLOW_SECONDS = 1.5, 12

#: Connections that the backend may see for requests that come to nothing: those of one batch, and the client's own.
OPENED_IN_VAIN = 150


@pytest.mark.parametrize("attack", BATTERY, ids=lambda attack: attack.name)
def test_the_gateway_stands(field, attack):
    result = field.suffer(attack, SLOW_SECONDS if attack.is_slow else SECONDS)
    told, course = result.bystander, result.course
    assert result.alive, field.gateway.log()[-4000:]
    assert told["failed"] == 0, told
    assert told["requests"] > 20 and told["worst"] < 4, told
    assert result.grown < 64 * MIB, f"{result.grown / MIB:.1f} MiB"
    if attack.is_in_vain:
        assert result.backend_opened <= OPENED_IN_VAIN, result.backend_opened
    if attack.is_load:
        return
    assert course.cut or "left by itself" in course.ends, f"never cut off: {course}"
    if attack.is_slow:
        assert course.oldest < SLOW_SECONDS + 1, course
