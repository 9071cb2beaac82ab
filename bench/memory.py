"""Resident memory of the headless engine with 100 symbols, after 20 minutes of market time.

Unit of work: the demo without a terminal, 60 times real time for 20 s, all example traders; the
figure is the engine process's own at the end, the simulated exchange is a process apart. Target:
75 MB, so that the engine fits the smallest cloud machine (256 MB) three times.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile

from report import command, environment, report

TARGET_MB = 75.0
SYMBOLS = 100
FOR_S = 20


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="aitrader-bench-") as folder:
        demo = command("demo", "--headless", "--json", "--for", str(FOR_S), "--data-folder", folder)
        answer = subprocess.run(
            [*demo, "--symbols", str(SYMBOLS), "--speed", "60"],
            env=environment(), stdout=subprocess.PIPE, text=True, check=True, timeout=FOR_S + 120,
        )  # fmt: skip
    end = json.loads(answer.stdout.strip().splitlines()[-1])
    more = {name: end[name] for name in ("candles", "checks", "signals", "orders", "cpu_s")}
    return report("memory", end["rss_mb"], "MB", target=TARGET_MB, symbols=SYMBOLS, **more)


if __name__ == "__main__":
    sys.exit(main())
