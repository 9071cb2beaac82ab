"""Refuse a coverage report in which the whole or a pure package is below its floor.

The figures are those of `coverage json` with branches: lines and branches taken together, as the
report's own total counts them.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path

WHOLE_FLOOR_PCT = 85.0
PURE_FLOOR_PCT = 95.0
PURE = ("model", "filters", "market", "screening", "signals", "execution", "positions")


def shares(report: dict[str, dict[str, dict[str, dict[str, int]]]]) -> dict[str, float]:
    """Return the covered share (0..100) of each package and of `all`."""
    covered: dict[str, int] = defaultdict(int)
    possible: dict[str, int] = defaultdict(int)
    for name, file in report["files"].items():
        parts = name.replace("\\", "/").split("aitrader/", 1)[-1].split("/")
        package = parts[0] if len(parts) > 1 else "top"
        summary = file["summary"]
        for key in (package, "all"):
            covered[key] += summary["covered_lines"] + summary.get("covered_branches", 0)
            possible[key] += summary["num_statements"] + summary.get("num_branches", 0)
    return {key: 100.0 * covered[key] / count for key, count in possible.items() if count}


def below_floor(found: dict[str, float]) -> list[str]:
    """Return one sentence per package that is below its floor."""
    floors = {"all": WHOLE_FLOOR_PCT} | dict.fromkeys(PURE, PURE_FLOOR_PCT)
    return [
        f"{package}: expected at least {floor:.0f} % of branches, found {found[package]:.1f} %"
        for package, floor in floors.items()
        if package in found and found[package] < floor
    ]


def main() -> int:
    """Print the share of every package; return 1 when one is below its floor."""
    found = shares(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    print("covered:", ", ".join(f"{package} {pct:.1f} %" for package, pct in sorted(found.items())))
    problems = below_floor(found)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
