"""Runs the micro-benchmarks and prints what each costs, beside the alternative that was measured in the same run.

A figure is the median over all samples, with the quarters below and above it. On a machine that does other things as
well the figures move, and the ratios much less.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
OURS = "ours"
# Samples are of a thousand operations; of the cache's, a million.
OPERATIONS = {"cache": 1_000_000}
# Our median must not be above this, in nanoseconds; nor, divided by the other's, above that.
TARGETS = {"cache hit, 1 k tokens, 1 thread": 80, "verify, accept": 1000}
THREADS_TARGET = 1.5
RATIO_TARGETS = {"verify, accept": 1 / 20}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--filter", default=".*", help="a regular expression for the benchmarks' names")
    parser.add_argument("--json", metavar="FILE", help="writes medians and quarters there")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="widget-gateway-micro-") as directory:
        # The harness matches whole names.
        result = subprocess.run(
            ["swift", "package", "--package-path", str(PACKAGE), "--allow-writing-to-directory", directory, "benchmark",
             "run", "--target", "Micro", "--filter", arguments.filter, "--format", "histogramSamples", "--path",
             directory, "--no-progress"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=3600)
        figures = read(Path(directory))
    if result.returncode or not figures:
        sys.exit(f"The benchmarks failed:\n{result.stdout[-4000:]}")
    report(figures)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(figures, indent=2) + "\n")


def read(directory: Path) -> dict[str, dict[str, tuple[float, float, float]]]:
    """By benchmark and whose it is: median, lower and upper quarter, in nanoseconds an operation."""
    figures: dict[str, dict[str, tuple[float, float, float]]] = {}
    for file in sorted(directory.glob("*.wallClock.histogram.samples.tsv")):
        name = re.sub(r"^Current_run\.Micro\.|\.wallClock\.histogram\.samples\.tsv$", "", file.name).replace("_", " ")
        what, _, whose = name.rpartition(", ")
        samples = [int(line) for line in file.read_text().splitlines()[1:] if line.strip()]
        if not samples:
            continue
        operations = OPERATIONS.get(what.split(" ")[0], 1000)
        quarters = statistics.quantiles(samples, n=4) if len(samples) > 1 else [samples[0]] * 3
        figures.setdefault(what, {})[whose] = tuple(value / operations for value in (quarters[1], quarters[0], quarters[2]))
    return figures


def report(figures: dict[str, dict[str, tuple[float, float, float]]]) -> None:
    print("ns per operation: median (quarters)\n")
    print("| what | ours | beside it | times as long |")
    print("| --- | --- | --- | --- |")
    for what, by in figures.items():
        others = {whose: figure for whose, figure in by.items() if whose != OURS} or {"": None}
        for whose, other in others.items():
            ours = by.get(OURS)
            mine = cell(ours) + target(what, ours, other) if ours else ""
            theirs = f"{cell(other)} {whose}" if other else ""
            ratio = f"{other[0] / ours[0]:.1f}" if ours and other else ""
            print(f"| {what} | {mine} | {theirs} | {ratio} |")
    for what, by in figures.items():
        alone = figures.get(what.replace("2 threads", "1 thread"), {}).get(OURS)
        if "2 threads" in what and OURS in by and alone:
            ratio = by[OURS][0] / alone[0]
            print(f"\n{what}: {ratio:.2f} × one thread's (target {THREADS_TARGET}: "
                  f"{'reached' if ratio <= THREADS_TARGET else 'missed'})", end="")
    print()


def cell(figure: tuple[float, float, float]) -> str:
    median, low, high = figure
    digits = 1 if median < 100 else 0
    return f"{median:,.{digits}f} ({low:,.{digits}f}–{high:,.{digits}f})"


def target(what: str, ours: tuple[float, float, float], other: tuple[float, float, float] | None) -> str:
    words = []
    if what in TARGETS:
        limit = TARGETS[what]
        words.append(f"target {limit} ns: {'reached' if ours[0] <= limit else 'missed'}")
    if other and what in RATIO_TARGETS:
        limit = RATIO_TARGETS[what]
        words.append(f"target 1/{1 / limit:.0f}: {'reached' if ours[0] / other[0] <= limit else 'missed'}")
    return f" ({'; '.join(words)})" if words else ""


if __name__ == "__main__":
    main()
