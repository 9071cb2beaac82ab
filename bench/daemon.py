"""What the daemon needs: CPU until it answers, and memory with 100 symbols and 50 traders.

Unit of work: the demo's engine with HTTP as a process of its own, 60 times real time for five
minutes, the example traders and copies of them, a dashboard that asks twice a second. Hot path
because a daemon runs for months on the smallest cloud machine (256 MB). Targets: 1 s of CPU from
exec to the first 200 of `/health`, 80 MB at the end; the growth over the second half is said beside
it. The simulated exchange is a process apart and not counted.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from report import command, copies_of_examples, environment, report

READY_S, MEMORY_MB = 1.0, 80.0
SYMBOLS, TRADERS, SPEED = 100, 50, 60
POLL_S, LIMIT_S = 0.5, 60.0


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def cpu_s(process_id: int) -> float:
    """Return the CPU seconds of a process, user and system."""
    fields = Path(f"/proc/{process_id}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(process_id: int) -> float:
    """Return a process's resident memory."""
    facts = Path(f"/proc/{process_id}/status").read_text().splitlines()
    return int(next(line for line in facts if line.startswith("VmRSS")).split()[1]) / 1024


def fetched(port: int, path: str) -> bytes:
    """Return what the daemon answers; nothing while it does not."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=LIMIT_S) as answer:
            return bytes(answer.read())
    except (urllib.error.URLError, ConnectionError):
        return b""


async def add_traders(folder: Path) -> int:
    """Add traders until there are so many; return how many there are."""
    from aitrader.model.control import AddTrader
    from aitrader.modes import door
    from aitrader.remote.client import RemoteEngine

    found = door.find_door(folder)
    assert found is not None
    engine = RemoteEngine(socket_path=found.socket_path, port=found.port, token=found.token)
    sources = copies_of_examples(TRADERS)
    for source in sources:
        answer = await engine.ask(AddTrader(source))
        assert answer.is_ok, answer.text
    await engine.close()
    async for frame in engine.frames(1.0):
        return len(frame.traders)
    return 0


def main() -> int:
    """Print a line per target; 0 when both are met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    minutes = parser.parse_args().minutes
    port = free_port()
    limits = {"PORT": str(port), "DATA_REQUESTS_PER_MIN": "0", "MAX_OPEN_POSITIONS": "200"}
    with tempfile.TemporaryDirectory(prefix="aitrader-bench-", ignore_cleanup_errors=True) as base:
        words = ("demo", "--daemon", "--data-folder", base, "--seed", "7")
        process = subprocess.Popen(
            command(*words, "--symbols", str(SYMBOLS), "--speed", str(SPEED)),
            env=environment() | limits, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            while not fetched(port, "/health"):
                assert process.poll() is None, "the daemon has ended"
                time.sleep(0.01)
            ready_s = cpu_s(process.pid)
            traders = asyncio.run(add_traders(Path(base) / "seed-7"))
            memory = watched(process.pid, port, for_s=60 * minutes)
            total_s = cpu_s(process.pid)
        finally:
            process.terminate()
            process.wait(LIMIT_S)
    growth = round(memory[-1] - memory[len(memory) // 2], 1)
    code = report("daemon_ready", ready_s, "s CPU", target=READY_S, symbols=SYMBOLS)
    return code | report(
        "daemon_memory", memory[-1], "MB", target=MEMORY_MB, symbols=SYMBOLS, traders=traders,
        minutes=minutes, speed=SPEED, first_mb=round(memory[0], 1), second_half_grew_mb=growth,
        cpu_s=round(total_s, 1),
    )  # fmt: skip


def watched(process_id: int, port: int, *, for_s: float) -> list[float]:
    """Return the memory of a daemon over time, while a dashboard asks it."""
    found: list[float] = []
    end_s = time.monotonic() + for_s
    while time.monotonic() < end_s:
        time.sleep(POLL_S)
        for path in ("/status", "/api/markets", "/api/positions", "/api/signals"):
            assert fetched(port, path), f"{path} was not answered"
        found.append(memory_mb(process_id))
    return found


if __name__ == "__main__":
    sys.exit(main())
