"""CPU of a frame of the terminal app, of its process, and its memory.

Unit of work: one frame of the view (100 symbols and 20 positions, every row changed) handed to the
panels and painted at 160x50, five times a second, in a pseudo terminal. Hot path because it never
ends while a person looks. The rows are made up in the same process but outside the timed part; CPU
is that of the app's own thread.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import pty
import resource
import statistics
import struct
import sys
import tempfile
import termios
import time
from collections.abc import AsyncIterator
from pathlib import Path

from report import environment, report
from textual.screen import Screen

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.fake_engine import FakeEngine

from aitrader.model.view import Frame
from aitrader.tui.app import Parting, TraderApp

ROWS, COLUMNS = 50, 160
HZ = 5.0
WARM_UP_S, RUN_S = 3.0, 15.0
FRAME_MS, CORE_PCT, MEMORY_MB = 16.0, 15.0, 60.0


class TimedScreen(Screen[None]):
    """A screen that adds up the CPU of its painting."""

    paint_s = 0.0

    def _on_timer_update(self) -> None:
        begin_s = time.thread_time()
        super()._on_timer_update()
        self.paint_s += time.thread_time() - begin_s


class TimedApp(TraderApp):
    """The app on rows that all move, with a stop watch around each frame and its painting."""

    def __init__(self, fake: FakeEngine) -> None:
        super().__init__(self, fake, hz=HZ)  # it is its own view: see frames
        self.fake = fake
        self.stage = TimedScreen()
        self.frames_ms: list[float] = []
        self.used_s = 0.0

    def get_default_screen(self) -> Screen[None]:
        """Return the screen with the stop watch."""
        return self.stage

    async def frames(self, hz: float) -> AsyncIterator[Frame]:
        """Yield the fake's frames and measure what the app did with the one before."""
        source = self.fake.frames(hz)
        begin_s = asyncio.get_running_loop().time()
        cpu_s = None
        while (now_s := asyncio.get_running_loop().time()) < begin_s + WARM_UP_S + RUN_S:
            frame = await anext(source)
            painted_s, handed_s = self.stage.paint_s, time.thread_time()
            yield frame
            handed_s = time.thread_time() - handed_s
            await asyncio.sleep(1 / hz)
            if now_s > begin_s + WARM_UP_S:
                cpu_s = time.process_time() if cpu_s is None else cpu_s
                self.frames_ms.append(1000 * (handed_s + self.stage.paint_s - painted_s))
            self.fake.step()
        self.used_s = time.process_time() - (cpu_s or 0.0)
        self.exit(Parting.KEEP)


def child(result: str) -> None:
    """Run the app in this terminal and write down what it took."""
    fake = FakeEngine(symbols=100, traders=50)
    fake.fill(signals=40, positions=20)
    app = TimedApp(fake)
    app.run()
    found = {
        "frames": len(app.frames_ms),
        "p50": statistics.median(app.frames_ms),
        "p95": statistics.quantiles(app.frames_ms, n=20)[-1],
        "core_pct": 100 * app.used_s / RUN_S,
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    Path(result).write_text(json.dumps(found))


def drain(terminal: int) -> None:
    """Read what the app paints until it ends."""
    try:
        while os.read(terminal, 65_536):
            pass
    except OSError:
        return


def main() -> int:
    """Print three lines; 0 when every target is met."""
    with tempfile.NamedTemporaryFile(prefix="aitrader-bench-") as result:
        process, terminal = pty.fork()
        if process == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
            os.execve(sys.executable, [sys.executable, __file__, result.name], environment())
        drain(terminal)
        os.waitpid(process, 0)
        text = Path(result.name).read_text()
    if not text:
        raise SystemExit("the terminal app ended before it was measured")
    found = json.loads(text)
    more = {"p50": round(found["p50"], 1), "frames": found["frames"], "size": f"{COLUMNS}x{ROWS}"}
    return (
        report("tui_frame_p95", found["p95"], "ms CPU", target=FRAME_MS, **more)
        | report("tui_process", found["core_pct"], "% of a core", target=CORE_PCT, hz=HZ)
        | report("tui_memory", found["memory_mb"], "MB peak", target=MEMORY_MB)
    )


if __name__ == "__main__":
    sys.exit(main() if len(sys.argv) == 1 else child(sys.argv[1]))
