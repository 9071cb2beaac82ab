"""CPU of a terminal process from exec until its first frame is painted.

Unit of work: `aitrader demo` in a pseudo terminal of 160x48 on an engine that already runs, until
the market panel is on the screen. The engine's own start is not in it: it runs beside. Target:
500 ms, as the product promised from its first version on.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import tempfile
import termios
import time
from pathlib import Path

from report import command, environment, middle, report

from aitrader.model.control import StopEngine
from aitrader.modes.local import find_engine, start_engine

RUNS = 5
TARGET_MS = 500.0
WAIT_S = 30.0
SEED = 7
ESCAPES = re.compile(
    rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_].*?\x1b\\|.)", re.DOTALL
)
PAINTED = re.compile(rb"markets", re.IGNORECASE)


def frame_cpu_ms(folder: str) -> float:
    """Return the CPU milliseconds of one terminal process until it has painted."""
    arguments = command("demo", "--data-folder", folder, "--seed", str(SEED))
    process, terminal = pty.fork()
    if process == 0:
        os.execve(arguments[0], arguments, environment())
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 48, 160, 0, 0))
    is_painted = wait_for_paint(terminal)
    os.kill(process, signal.SIGKILL)
    _, _, used = os.wait4(process, 0)
    os.close(terminal)
    if not is_painted:
        raise SystemExit(f"no frame was painted within {WAIT_S:.0f} s")
    return 1000.0 * (used.ru_utime + used.ru_stime)


def wait_for_paint(terminal: int) -> bool:
    """Read the terminal until the market panel stands on it; False when that takes too long."""
    seen = b""
    until_s = time.monotonic() + WAIT_S
    while time.monotonic() < until_s:
        ready, _, _ = select.select([terminal], [], [], 0.2)
        if not ready:
            continue
        try:
            seen += os.read(terminal, 65_536)
        except OSError:  # the process ended
            return False
        if b"\x1b[?1049h" in seen and PAINTED.search(ESCAPES.sub(b"", seen)):
            return True
    return False


async def stop(folder: Path) -> None:
    """End the engine of this folder."""
    engine = await asyncio.to_thread(find_engine, folder)
    if engine is not None:
        await engine.open()
        await engine.ask(StopEngine())
        await engine.close()


def main() -> int:
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory(prefix="aitrader-bench-", ignore_cleanup_errors=True) as base:
        demo = ["demo", "--headless", "--data-folder", base, "--seed", str(SEED)]
        start_engine([*demo, "--symbols", "50", "--speed", "60"])
        try:
            frame_cpu_ms(base)  # compiles the bytecode
            found = [frame_cpu_ms(base) for _ in range(RUNS)]
        finally:
            asyncio.run(stop(Path(base) / f"seed-{SEED}"))
    spread = {"least": round(min(found), 1), "most": round(max(found), 1)}
    return report("first_frame", middle(found), "ms CPU", target=TARGET_MS, runs=RUNS, **spread)


if __name__ == "__main__":
    sys.exit(main())
