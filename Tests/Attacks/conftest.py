import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from battery.field_of_attack import FieldOfAttack  # noqa: E402
from harness.logs import (  # noqa: E402, F401
    pytest_runtest_makereport, pytest_runtest_setup, pytest_terminal_summary)

#: Short time limits, so that what they end ends soon. Everything else is as by default.
LIMITS = {"header_timeout_seconds": 2, "stall_timeout_seconds": 3, "idle_timeout_seconds": 4}


@pytest.fixture(scope="session")
def field(tmp_path_factory):
    with FieldOfAttack(tmp_path_factory.mktemp("field"), **LIMITS) as running:
        yield running
