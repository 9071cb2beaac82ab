"""A real dask scheduler with real workers, each a process of its own on loopback."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LIMIT_S = 40.0


class Room:
    """`address` of the scheduler; `workers` are its processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / "scheduler.json"
        self.workers: list[subprocess.Popen[bytes]] = []
        self._scheduler = self._start(
            "dask_scheduler", "--port", "0", "--host", "127.0.0.1", "--no-dashboard"
        )
        self.address = str(self._described()["address"])

    def hire(self) -> None:
        """Start one more worker, without a nanny that would stand up again for it."""
        self.workers.append(
            self._start("dask_worker", "--no-nanny", "--nthreads", "1", "--no-dashboard")
        )

    def close(self) -> None:
        """End them all."""
        for process in (*self.workers, self._scheduler):
            process.kill()
            process.wait()

    def _start(self, name: str, *options: str) -> subprocess.Popen[bytes]:
        code = f"from distributed.cli.{name} import main; main()"
        file = ("--scheduler-file", str(self._file))
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-c", code, *options, *file], stdout=log, stderr=log,
                cwd=self._folder,
            )  # fmt: skip

    def _described(self) -> dict[str, object]:
        """Wait for the file in which the scheduler says where it is."""
        end_s = time.perf_counter() + LIMIT_S
        while time.perf_counter() < end_s:
            try:
                found: dict[str, object] = json.loads(self._file.read_text())
                return found
            except (OSError, ValueError):
                time.sleep(0.005)
        raise AssertionError("the scheduler did not start")


@contextmanager
def dask_room(folder: Path, *, workers: int) -> Iterator[Room]:
    """Give a scheduler and so many workers."""
    room = Room(folder)
    try:
        for _ in range(workers):
            room.hire()
        yield room
    finally:
        room.close()
