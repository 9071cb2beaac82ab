"""CPU of `aitrader --version`: what every command pays before it does anything.

Unit of work: one process from exec to exit, bytecode compiled. Target: 150 ms, the least that a
person at a prompt feels as "at once" on a slow laptop, which has about a third of this speed.
"""

from __future__ import annotations

import sys

from report import command, cpu_ms, middle, report

RUNS = 9
TARGET_MS = 150.0


def main() -> int:
    cpu_ms(command("--version"))  # compiles the bytecode
    found = [cpu_ms(command("--version")) for _ in range(RUNS)]
    spread = {"least": round(min(found), 1), "most": round(max(found), 1)}
    return report("startup", middle(found), "ms CPU", target=TARGET_MS, runs=RUNS, **spread)


if __name__ == "__main__":
    sys.exit(main())
