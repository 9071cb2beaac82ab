"""The terminal app on a demo's engine for half an hour, while somebody keeps pressing keys.

Unit of work: half an hour of a demo at 60 times real time, 100 symbols, the app at 160x50. Both
processes' memory, threads, open files and the app's tasks are sampled; the last third is held
against the second, as caches fill in the first. At the end the app is left by keys: both processes
must be gone in under two seconds, without an error, with everything on disk.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import pty
import select
import signal
import sqlite3
import statistics
import struct
import sys
import tempfile
import termios
import time
from collections.abc import Sequence
from fcntl import ioctl
from pathlib import Path
from typing import NamedTuple

from report import environment

from aitrader.modes import terminal
from aitrader.modes.local import find_engine, start_engine
from aitrader.remote.client import RemoteEngine
from aitrader.tui.app import TraderApp

ROWS, COLUMNS = 50, 160
SYMBOLS, SPEED = 100, 60
SAMPLE_S, KEY_S = 10.0, 0.5
MOST_GROWTH_PCT, MOST_GROWTH_MB = 3.0, 1.5
LEAVING_S, LIMIT_S = 2.0, 20.0
KEYS = (
    *("1", "j", "j", "\r", "i", "t", "\x1b", "2", "j", "\r", "j", "\x1b", "3", "s", "j", "\r"),
    *("\x1b", "4", "s", "k", "\r", "t", "\x1b", "z", "5", "6", "s", "7", "z", "?", "j", "\x1b"),
    *("/", "b", "t", "\r", "/", "\x1b", "\t", "\t", "y"),
)


class Sample(NamedTuple):
    """One process at one time."""

    memory_mb: float
    threads: int
    files: int
    tasks: int = 0


def sample(process_id: int, tasks: int = 0) -> Sample:
    """Return how a process stands."""
    facts = dict(
        line.split(":", 1) for line in Path(f"/proc/{process_id}/status").read_text().splitlines()
    )
    files = len(os.listdir(f"/proc/{process_id}/fd"))
    return Sample(int(facts["VmRSS"].split()[0]) / 1024, int(facts["Threads"]), files, tasks)


def child(folder: str, tasks_file: str) -> None:
    """Show the engine of this folder and write down how many tasks there are."""
    engine = find_engine(Path(folder))
    assert engine is not None

    class Counting(TraderApp):
        def on_mount(self) -> None:
            super().on_mount()
            self.set_interval(SAMPLE_S / 2, self._count)

        def _count(self) -> None:
            Path(tasks_file).write_text(str(len(asyncio.all_tasks())))

    terminal.leave(engine, terminal.run(Counting(engine, engine)))


class Watch:
    """Both processes, watched from outside."""

    def __init__(self, folder: Path, base: Path) -> None:
        self._tasks_file = base / "tasks"
        words = (sys.executable, __file__, "--child", str(folder), str(self._tasks_file))
        self.app, self._terminal = pty.fork()
        if self.app == 0:
            ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
            os.execve(sys.executable, words, environment())
        self._pressed = 0
        self.seen = b""

    def look(self, for_s: float, *, is_typing: bool = True) -> bool:
        """Read what is painted and press keys for so long; False when the app has ended."""
        end_s = next_s = time.monotonic()
        end_s += for_s
        while (now_s := time.monotonic()) < end_s:
            if is_typing and now_s >= next_s:
                self.press(KEYS[self._pressed % len(KEYS)])
                self._pressed, next_s = self._pressed + 1, now_s + KEY_S
            if select.select([self._terminal], [], [], 0.05)[0]:
                try:
                    self.seen = (self.seen + os.read(self._terminal, 65_536))[-20_000:]
                except OSError:  # Linux: the other end is closed
                    return False
        return True

    def press(self, keys: str) -> None:
        """Type; to an app that has ended it is nothing."""
        with contextlib.suppress(OSError):
            os.write(self._terminal, keys.encode())

    def leave(self) -> float:
        """Close what is open, ask to leave until the question is seen, and stop; return when.

        A key that is read together with an escape before it is another key, as happens when the
        app had to wait for half a second: so the question is asked for again.
        """
        end_s = time.monotonic() + LIMIT_S
        self.seen = b""
        while b"Leave aitrader" not in self.seen and time.monotonic() < end_s:
            for key in ("\x1b", "\x1b", "q"):
                self.press(key)
                self.look(0.5, is_typing=False)
        begin_s = time.monotonic()
        self.press("s")
        self.look(LIMIT_S, is_typing=False)
        return begin_s

    def tasks(self) -> int:
        """Return how many tasks the app has, 0 before it said so."""
        return int(self._tasks_file.read_text()) if self._tasks_file.exists() else 0


def growth_pct(values: Sequence[float]) -> float:
    """Return how much the last third lies above the second, as medians."""
    third = max(1, len(values) // 3)
    before, after = statistics.median(values[third : 2 * third]), statistics.median(values[-third:])
    return 100 * (after - before) / before


async def status_of(engine: RemoteEngine) -> tuple[int, int, int]:
    """Return the engine's process, its errors and its candles."""
    async for frame in engine.frames(1.0):
        return frame.status.process_id, frame.status.errors, frame.status.candles
    raise SystemExit("the engine has ended")


def until_gone(process_ids: Sequence[int]) -> list[int]:
    """Return when the last of these processes has ended, with those that did not in time."""
    end_s = time.monotonic() + LIMIT_S
    while left := [number for number in process_ids if not is_gone(number)]:
        if time.monotonic() > end_s:
            break
        time.sleep(0.02)
    return left


def is_gone(process_id: int) -> bool:
    """Return whether a process has ended; one that waits to be taken note of has."""
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def main(minutes: float) -> int:
    """Watch for so long, print one line of JSON, return 0 when nothing grew or went wrong."""
    with tempfile.TemporaryDirectory(prefix="aitrader-soak-", ignore_cleanup_errors=True) as name:
        base = Path(name)
        words = ["demo", "--headless", "--data-folder", name, "--seed", "7"]
        start_engine([*words, "--symbols", str(SYMBOLS), "--speed", str(SPEED)])
        folder = base / "seed-7"
        engine = find_engine(folder)
        assert engine is not None
        engine_id, _, _ = asyncio.run(status_of(engine))
        watch = Watch(folder, base)
        apps, engines = [], []
        end_s = time.monotonic() + 60 * minutes
        while time.monotonic() < end_s and watch.look(SAMPLE_S):
            apps.append(sample(watch.app, watch.tasks()))
            engines.append(sample(engine_id))
        _, errors, candles = asyncio.run(status_of(engine))
        begin_s = watch.leave()
        left = until_gone((watch.app, engine_id))
        took_s = time.monotonic() - begin_s
        for number in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        os.waitpid(watch.app, 0)
        with sqlite3.connect(folder / "aitrader.sqlite") as database:
            check = database.execute("pragma integrity_check").fetchone()[0]
    found = {
        "bench": "soak_terminal",
        "minutes": minutes,
        "candles": candles,
        "errors": errors,
        "left_after_s": round(took_s, 2),
        "stayed": [
            name for name, number in (("app", watch.app), ("engine", engine_id)) if number in left
        ],
        "database": check,
        **told("app", apps),
        **told("engine", engines),
    }
    is_ok = (
        not errors
        and not left
        and took_s < LEAVING_S
        and check == "ok"
        and b"Traceback" not in watch.seen
    )
    is_ok = is_ok and all(is_flat(samples) for samples in (apps, engines))
    print(json.dumps(found | {"ok": is_ok}), flush=True)
    return 0 if is_ok else 1


def told(name: str, samples: Sequence[Sample]) -> dict[str, object]:
    """Return one process's figures under names of its own."""
    memory = [each.memory_mb for each in samples]
    return {
        f"{name}_mb": [round(memory[place], 1) for place in (0, len(memory) // 2, -1)],
        f"{name}_growth_pct": round(growth_pct(memory), 2),
        f"{name}_threads": [samples[0].threads, samples[-1].threads],
        f"{name}_files": [samples[0].files, samples[-1].files],
        f"{name}_tasks": [samples[1].tasks, samples[-1].tasks],
    }  # fmt: skip


def is_flat(samples: Sequence[Sample]) -> bool:
    """Return whether nothing of a process grew."""
    third = len(samples) // 3
    before, after = samples[third : 2 * third], samples[-third:]
    grown_mb = after[-1].memory_mb - before[0].memory_mb
    is_small = growth_pct([each.memory_mb for each in samples]) < MOST_GROWTH_PCT
    return (is_small or grown_mb < MOST_GROWTH_MB) and all(
        statistics.median(getattr(each, name) for each in after)
        <= 1 + statistics.median(getattr(each, name) for each in before)
        for name in ("threads", "files", "tasks")
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(*sys.argv[2:])
    else:
        parser = argparse.ArgumentParser(description=__doc__)
        parser.add_argument("--minutes", type=float, default=30.0)
        sys.exit(main(parser.parse_args().minutes))
