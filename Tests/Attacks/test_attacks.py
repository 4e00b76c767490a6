"""Under each attack the gateway lives, the well-behaved client is served, memory stays small, the attacker is cut off.

How fast the client is served is for `run.py` to measure: here, beside other work, only that it is within seconds.
"""

import pytest

from battery.attacks import BATTERY
from battery.field_of_attack import MIB

SECONDS, SLOW_SECONDS = 1.5, 6

#: docs/hostile-clients.md, "What isn't stood yet": a thousand responses that nobody reads may take all connections to the
#: backend for seconds, and then the good client's requests wait. Whether they fail depends on the machine.
NOT_STOOD = {"window stall", "one-byte windows", "connection window stall", "slow read"}


def case(attack):
    known = pytest.mark.xfail(reason="a pool whose connections all wait for unread responses", strict=False)
    return pytest.param(attack, id=attack.name, marks=[known] if attack.name in NOT_STOOD else [])


@pytest.mark.parametrize("attack", [case(attack) for attack in BATTERY])
def test_the_gateway_stands(field, attack):
    result = field.suffer(attack, SLOW_SECONDS if attack.is_slow else SECONDS)
    told, course = result.bystander, result.course
    assert result.alive, field.gateway.log()[-4000:]
    assert told["failed"] == 0, told
    assert told["requests"] > 20 and told["worst"] < 4, told
    assert result.grown < 64 * MIB, f"{result.grown / MIB:.1f} MiB"
    if attack.is_load:
        return
    assert course.cut or "left by itself" in course.ends, f"never cut off: {course}"
    if attack.is_slow:
        assert course.oldest < SLOW_SECONDS + 1, course
