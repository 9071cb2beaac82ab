"""The fault suite: engine processes die on a simulated exchange, and the books are audited.

Unit of work: one life of the engine's process, ended by SIGKILL at a durable write of its own
(before or after it, some with a disk that refused the writes before), by SIGKILL at a random
moment, after a SIGSTOP, or by SIGTERM; meanwhile answers are lost or late, requests are cut,
5xx, clocks are off, fills are partial, user data are lost, late or doubled, streams are cut. Ten
lives are a world: one exchange, one data folder. At its end the last life comes to rest, and our
books are held against themselves and, for the live account, order by order and to the last digit
against the exchange's. Target: no finding.

    python bench/chaos.py --account live --runs 100 --seed 1 --json
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fault_suite.bare import BareTime
from fault_suite.world import Rules, World
from report import report

LIVES = 10
SPEEDS = {"paper": 60.0, "live": 3.0}
LIFE_S = {"paper": (1.2, 4.0), "live": (2.5, 8.0)}
CALM_S = {"paper": 3.0, "live": 4.0}
KINDS = ("duplicate", "lost", "unprotected", "disagreement")


def main() -> int:
    wanted = _arguments()
    began_s = time.monotonic()
    numbers = range((wanted.runs + LIVES - 1) // LIVES)
    with tempfile.TemporaryDirectory() as made, ThreadPoolExecutor(wanted.lanes) as lanes:
        base = wanted.data_folder or Path(made)
        worlds = list(lanes.map(lambda number: _world(wanted, number, base, began_s), numbers))
    lived = [world for world in worlds if world is not None]
    findings = [finding for world in lived for finding in world.findings]
    for finding in findings:
        print(finding, file=sys.stderr)
    kinds = Counter(finding.split(": ")[1] for finding in findings)
    return report(
        "chaos",
        len(findings),
        "findings",
        target=1,
        account=wanted.account,
        seed=wanted.seed,
        worlds=len(lived),
        lives=sum(world.counted["lives"] for world in lived),
        lanes=wanted.lanes,
        wall_s=round(time.monotonic() - began_s, 1),
        cpu_s=round(sum(os.times()[:4]), 1),
        findings={kind: kinds.pop(kind, 0) for kind in KINDS} | dict(kinds),
        recovered=_recovered([row for world in lived for row in world.recovered]),
        **({"without_stop": _without_stop(lived)} if wanted.account == "live" else {}),
        **_counts(lived),
    )


def _recovered(rows: Sequence[Mapping[str, float]]) -> dict[str, object]:
    """Return the spread of the recoveries, from a process's start to all known and protected."""
    found: dict[str, object] = {"times": len(rows)}
    for what in ("wall_s", "own_s", "cpu_s", "queued_s", "window_s"):
        told = sorted(row[what] for row in rows)
        if told:
            middle, most = told[len(told) // 2], told[int(len(told) * 0.99)]
            found[what] = {"p50": middle, "p99": most, "max": told[-1]}
    return found


def _without_stop(lived: Sequence[World]) -> dict[str, object]:
    """Return how long holdings were without a stop, in seconds of the exchange's time."""
    bare = [world.bare for world in lived]
    longest = max(bare, key=lambda row: row.worst_ms, default=BareTime())
    return {
        "longest_s": longest.worst_ms / 1000,
        "longest_added_up_s": max((row.worst_added_ms for row in bare), default=0) / 1000,
        "longest_of": longest.worst_of,
        "longest_with_downtime_s": max((row.worst_raw_ms for row in bare), default=0) / 1000,
        "spans": sum(row.spans for row in bare),
        "all_s": sum(row.bare_ms for row in bare) / 1000,
        "of_it_downtime_s": sum(row.downtime_ms for row in bare) / 1000,
        "of_it_open_windows_s": sum(row.window_ms for row in bare) / 1000,
    }


def _counts(lived: Sequence[World]) -> dict[str, dict[str, int]]:
    """Return what happened, by kind."""
    counted: Counter[str] = Counter()
    writes: Counter[str] = Counter()
    for world in lived:
        counted += world.counted
        writes += world.writes
    groups: dict[str, dict[str, int]] = {"deaths": {}, "faults": {}, "struck": {}, "counted": {}}
    names = {"death": "deaths", "fault": "faults", "struck": "struck"}
    for name, times in sorted(counted.items()):
        first, _, rest = name.partition(" ")
        group, word = (names[first], rest) if first in names else ("counted", name)
        groups[group][word] = times
    return groups | {"killed_at_write": dict(sorted(writes.items()))}


def _world(wanted: argparse.Namespace, number: int, base: Path, began_s: float) -> World | None:
    """Run one world, unless the time is up."""
    if wanted.minutes and time.monotonic() - began_s > wanted.minutes * 60:
        return None
    folder = base / f"{wanted.account}-{wanted.seed}-{number}"
    folder.mkdir(parents=True, exist_ok=True)
    rules = Rules(
        account=wanted.account,
        lives=0 if wanted.story else min(LIVES, wanted.runs),
        symbols=wanted.symbols,
        speed=wanted.speed or SPEEDS[wanted.account],
        life_s=LIFE_S[wanted.account],
        calm_s=CALM_S[wanted.account],
        seed=wanted.seed,
        story=wanted.story,
    )
    world = World(rules, number, folder)
    try:
        world.run()
    except Exception as error:  # noqa: BLE001 - a world that breaks down is a finding
        world.findings.append(f"{world.name}: broken: {error!r}")
    return world


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--account", choices=("paper", "live"), default="paper")
    parser.add_argument("--runs", type=int, default=10, help="lives, ten to a world")
    parser.add_argument("--minutes", type=float, default=0.0, help="begin no world after these")
    parser.add_argument(
        "--seed", type=int, default=1, help="of deaths, faults and markets; 0 draws a fresh one"
    )
    parser.add_argument("--lanes", type=int, default=1, help="worlds at once")
    parser.add_argument("--story", choices=("", "lost_answers"), default="", help="only this")
    parser.add_argument("--symbols", type=int, default=12)
    parser.add_argument("--speed", type=float, default=0.0, help="of the exchange's time")
    parser.add_argument("--data-folder", type=Path, help="keep the books here")
    parser.add_argument("--json", action="store_true", help="as always: one JSON object")
    wanted = parser.parse_args()
    wanted.seed = wanted.seed or secrets.randbelow(10**6) + 1
    return wanted


if __name__ == "__main__":
    sys.exit(main())
