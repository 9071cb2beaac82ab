"""What every bench shares: a clean environment, CPU time of a process, one line of JSON."""

from __future__ import annotations

import json
import os
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

AITRADER = Path(sys.executable).with_name("aitrader")


def environment() -> dict[str, str]:
    """Return the environment without what would keep bytecode from being written or read.

    With PYTHONDONTWRITEBYTECODE every start compiles anew, which is two to three times the CPU.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return kept | {"TERM": "xterm-256color", "COLORTERM": "truecolor"}


def command(*arguments: str) -> list[str]:
    """Return the command line of `aitrader` as a person's shell runs it."""
    return [str(AITRADER), *arguments]


def cpu_ms(arguments: Sequence[str]) -> float:
    """Return the CPU milliseconds, user and system, of one run of a command."""
    silent = os.open(os.devnull, os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, silent, fd) for fd in (0, 1, 2)]
    process = os.posix_spawn(arguments[0], list(arguments), environment(), file_actions=actions)
    os.close(silent)
    _, status, used = os.wait4(process, 0)
    if status != 0:
        raise SystemExit(f"{' '.join(arguments)} ended with {os.waitstatus_to_exitcode(status)}")
    return 1000.0 * (used.ru_utime + used.ru_stime)


def middle(values: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def report(bench: str, value: float, unit: str, *, target: float, **more: object) -> int:
    """Print one line; return the exit code: 0 when the value is under its target.

    Args:
        bench: Its name.
        value: What was measured.
        unit: Of value and target.
        target: The value must be below it.
        more: What helps to read the figure: runs, spread, counts.
    """
    is_ok = value < target
    line = {"bench": bench, "value": round(value, 1), "unit": unit, "target": target, "ok": is_ok}
    print(json.dumps(line | more), flush=True)
    return 0 if is_ok else 1


def copies_of_examples(count: int) -> list[str]:
    """Return trader files that make a demo, which has the examples already, `count` traders."""
    from aitrader.modes.demo_engine import example_files

    sources = [path.read_text(encoding="utf-8") for path in example_files()]
    return [
        sources[number % len(sources)].replace('NAME = "', f'NAME = "{number} ', 1)
        for number in range(count - len(sources))
    ]
