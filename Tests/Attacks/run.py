"""Runs the attacks and the stalled states at full length, with the default limits, and writes what was measured.

    .venv/bin/python Tests/Attacks/run.py [--seconds 6] [--table docs/hostile-clients-measured.md [--merge]] [name …]

The gateway is `WIDGET_GATEWAY_BINARY`, else the debug build; figures that mean anything need a release build.
"""

import argparse
import datetime
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from battery.attacks import BATTERY  # noqa: E402
from battery.field_of_attack import MIB, FieldOfAttack, Result  # noqa: E402
from battery.stalls import STALLS, watch  # noqa: E402

SLOW_SECONDS = 24
COLUMNS = 11
#: What stands in front of the date of rows that are kept.
BEFORE = "Before that, the others: "


def judge(result: Result) -> list[str]:
    """What is wrong, in words; nothing where the gateway stood it."""
    found = []
    told = result.bystander
    if told["failed"]:
        found.append(f"{told['failed']} requests failed ({told['failures'][0]})")
    if told["p99"] is None or told["p99"] > 0.1:
        found.append("p99 over 100 ms")
    if result.grown > 64 * MIB:
        found.append("memory grew by more than 64 MiB")
    if not result.alive:
        found.append("the gateway died")
    course = result.course
    if not result.attack.is_load and not course.cut and "left by itself" not in course.ends:
        found.append("never cut off")
    return found


def row(result: Result, found: list[str]) -> str:
    told, course = result.bystander, result.course
    ends = ", ".join(f"{end} ×{count}" for end, count in sorted(course.ends.items())) or "–"
    p99 = "–" if told["p99"] is None else f"{told['p99'] * 1000:.1f}"
    return (f"| {result.attack.name} | {told['requests']} | {told['failed']} | {p99} | {result.grown / MIB:.1f} "
            f"| {ends} | {course.longest:.1f} | {course.left} | {max(0, result.backend_requests)} "
            f"| {max(0, result.backend_connections)} | {'; '.join(found) or 'stood'} |")


def is_row(line: str) -> bool:
    """Of the table of attacks, or of stalled states."""
    return line.startswith("| ") and not line.startswith(("| attack |", "| state |"))


def merged(table: Path, rows: list[str], measured: str) -> str:
    """The tables of before, with these rows of attacks in place of theirs, and a head that says which are new."""
    new = {name(row): row for row in rows}
    lines = [new.get(name(line), line) if is_row(line) else line for line in table.read_text().splitlines()]
    attacks = [line for line in lines if is_row(line) and line.count("|") == COLUMNS + 1]
    not_stood = sum(not line.endswith("| stood |") for line in attacks)
    start = lines.index(next(line for line in lines if line.startswith("| attack |")))
    kept = [line if line.startswith(BEFORE) else BEFORE + line for line in lines[2:start] if "Measured on" in line]
    head = [lines[0], "", f"{measured} {'; '.join(new)}.", "", *kept, "",
            f"{len(attacks)} attacks, {not_stood} not stood.", ""]
    return "\n".join([*head, *lines[start:], ""])


def name(row: str) -> str:
    return row.split("|")[1].strip()


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", help="parts of the names of attacks; none: all")
    parser.add_argument("--seconds", type=float, default=6, help="how long each flood goes on")
    parser.add_argument("--slow-seconds", type=float, default=SLOW_SECONDS, help="the same for what holds on")
    parser.add_argument("--table", type=Path, help="where to write the tables, as Markdown")
    parser.add_argument("--merge", action="store_true", help="keep what the table says of attacks that aren't run")
    parser.add_argument("--no-stalls", action="store_true", help="leave the stalled states out")
    options = parser.parse_args()
    chosen = [one for one in BATTERY if not options.names or any(part in one.name for part in options.names)]
    if options.merge and len(chosen) == len(BATTERY):
        parser.error("--merge is for a part of the attacks")
    lines = ["| attack | asked | failed | p99, ms | memory, MiB | how its connections ended | longest, s | still open "
             "| requests at the backend | connections there | verdict |", "|---|--:|--:|--:|--:|---|--:|--:|--:|--:|---|"]
    failures = 0
    for one in chosen:
        with tempfile.TemporaryDirectory() as directory, FieldOfAttack(Path(directory)) as field:
            result = field.suffer(one, one.seconds or (options.slow_seconds if one.is_slow else options.seconds))
        found = judge(result)
        failures += bool(found)
        lines.append(row(result, found))
        print(lines[-1], flush=True)
    summary = f"{len(chosen)} attacks, {failures} not stood."
    print(summary)
    measured = (f"Measured on {datetime.date.today()}, on {os.cpu_count()} cores that the gateway shares with its "
                "attackers, the well-behaved client and the backend")
    if options.table and options.merge:
        options.table.write_text(merged(options.table, lines[2:], measured + ":"))
        return 1 if failures else 0
    report = [
        "<!-- Made by `make attacks`: not to be edited by hand. -->", "", measured + ".", "", summary, "", *lines, ""]
    if not options.no_stalls:
        with tempfile.TemporaryDirectory() as directory, FieldOfAttack(Path(directory)) as field:
            ended = watch(field.target, 40)
        stalls = ["| state | ended after, s | how |", "|---|--:|---|"]
        for stall in STALLS:
            seconds, end = ended[stall.name]
            stalls.append(f"| {stall.name} | {'–' if seconds is None else f'{seconds:.1f}'} | {end} |")
            failures += seconds is None or seconds > 30
        print("\n".join(stalls))
        report += stalls + [""]
    if options.table:
        options.table.write_text("\n".join(report))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
