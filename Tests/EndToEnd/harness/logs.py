"""Logs of the processes that tests start: where a test fails, what they wrote meanwhile is shown with it."""

from __future__ import annotations

from pathlib import Path

import pytest

#: So many lines of each log, the last ones.
LINES = 40

#: Where the running test's part of each log begins.
_begun: dict[Path, int] = {}
_ended: set[Path] = set()


def watch(path: Path) -> None:
    """Shows this log with each test that fails while it grows."""
    _ended.discard(path)
    _begun.setdefault(path, _size(path))


def unwatch(path: Path) -> None:
    """Its process has ended: it is shown with the running test, and with no later one."""
    _ended.add(path)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _written(path: Path) -> str:
    """The last lines that the running test's time has added."""
    try:
        with path.open("rb") as file:
            file.seek(max(_begun[path], _size(path) - 200 * LINES))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-LINES:])
    except OSError:
        return ""


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item) -> None:
    for path in _ended:
        _begun.pop(path, None)
    _ended.clear()
    for path in _begun:
        _begun[path] = _size(path)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for path in _begun:
            if text := _written(path):
                report.sections.append((f"the end of {path.parent.name}/{path.name}", text))


def pytest_terminal_summary(terminalreporter) -> None:
    """Shows also how those failed that passed when they were tried again: no machine but the first may know it."""
    for report in terminalreporter.stats.get("rerun", []):
        terminalreporter.section(f"{report.nodeid} failed at first")
        terminalreporter.line(report.longreprtext)
        for title, text in report.sections:
            terminalreporter.section(title, "-")
            terminalreporter.line(text)
