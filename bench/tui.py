"""The terminal app on the real engine of a demo: CPU of a frame, of a key, of the process; memory.

Unit of work: one frame of the view, decoded from the engine's socket, handed to the panels and
painted at 160x50, five times a second; then the same while a person presses keys. Hot path because
it never ends while somebody looks. The engine is a demo's: 100 symbols, 50 traders, at least 20
open positions, about 1,000 messages a second from the simulated exchange.

Beside it in the same run: a table of 100 rows that all change, on the app's own lines and on
Textual's DataTable, as CPU of one frame.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import pty
import random
import select
import statistics
import struct
import sys
import tempfile
import termios
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from report import copies_of_examples, environment, report
from textual import events
from textual.app import App, ComposeResult
from textual.screen import Screen

from aitrader.model.control import AddTrader, StopEngine
from aitrader.model.view import Frame, MarketRow, Status
from aitrader.modes.local import find_engine, start_engine
from aitrader.remote.client import RemoteEngine
from aitrader.tui.app import Parting, TraderApp
from aitrader.tui.panels.markets import COLUMNS as MARKET_COLUMNS
from aitrader.tui.panels.markets import Market, Markets

ROWS, COLUMNS = 50, 160
HZ = 5.0
SYMBOLS, TRADERS, POSITIONS, SPEED = 100, 50, 20, 5
WARM_UP_S, RUN_S, KEYS_S = 4.0, 20.0, 15.0
TABLE_FRAMES = 60
FRAME_MS, KEY_MS, CORE_PCT, MEMORY_MB, ENGINE_MB = 16.0, 50.0, 15.0, 60.0, 75.0
FASTER = 3.0
"""The app's own lines are to cost at most a third of a DataTable's."""

KEYS = ("j", "j", "k", "2", "j", "3", "j", "4", "j", "6", "5", "1", "z", "j", "z", "s", "s", "s")
KEY_EVERY_S = 0.35
HOLDER = '''"""Buys each rise once and holds."""
NAME = "Holder"
SYMBOLS = "top 100 USDT"
INTERVAL = "1m"
SIDE = "LONG"
EXITS = {"stop_loss": "30%", "max_age": "7d"}
RISK = {"amount": 20, "max_open": 20}


def conditions(m):
    return {"it rises": m.close > m.open}
'''


class TimedScreen(Screen[None]):
    """A screen that adds up the CPU of its painting."""

    paint_s = 0.0
    on_painted: Callable[[], None] = staticmethod(lambda: None)

    def _on_timer_update(self) -> None:
        begin_s = time.thread_time()
        super()._on_timer_update()
        self.paint_s += time.thread_time() - begin_s
        self.on_painted()


class TimedApp(TraderApp):
    """The app with a stop watch around each frame, its decoding and its painting, and each key."""

    def __init__(self, engine: RemoteEngine) -> None:
        super().__init__(self, engine, hz=HZ)  # it is its own view: see frames
        self.engine = engine
        self.stage = TimedScreen()
        self.stage.on_painted = self._painted
        self.frames_ms: list[float] = []
        self.keys_ms: list[float] = []
        self.rates: list[float] = []
        self.status: Status | None = None
        self.used_s = 0.0
        self._pressed_s: float | None = None

    def get_default_screen(self) -> Screen[None]:
        """Return the screen with the stop watch."""
        return self.stage

    async def on_event(self, event: events.Event) -> None:
        """Start the watch of a key as it comes in."""
        if isinstance(event, events.Key) and self._pressed_s is None:
            self._pressed_s = time.thread_time()
        await super().on_event(event)

    def _painted(self) -> None:
        if self._pressed_s is not None:
            self.keys_ms.append(1000 * (time.thread_time() - self._pressed_s))
            self._pressed_s = None

    async def frames(self, hz: float) -> AsyncIterator[Frame]:
        """Yield the engine's frames; what the thread did between two of them is the frame's."""
        loop = asyncio.get_running_loop()
        begin_s = loop.time()
        began_s = None
        last_s = time.thread_time()
        async for frame in self.engine.frames(hz):
            now_s = loop.time()
            yield frame
            self.status = frame.status
            since_s = now_s - begin_s - WARM_UP_S
            if since_s > 0 and began_s is None:
                began_s = time.process_time()
            elif 0 < since_s < RUN_S:  # decoding and ticks between two frames are counted with them
                self.frames_ms.append(1000 * (time.thread_time() - last_s))
                self.rates.append(frame.status.messages_per_s)
                self.used_s = time.process_time() - (began_s or 0.0)
            elif since_s > RUN_S + KEYS_S:
                break
            last_s = time.thread_time()
        self.exit(Parting.KEEP)


def run_app(folder: str) -> dict[str, float]:
    """Show the engine of this folder in this terminal and return what it took."""
    engine = find_engine(Path(folder))
    assert engine is not None
    app = TimedApp(engine)
    app.run()
    assert app.status is not None
    return {
        "frames": len(app.frames_ms),
        "p50": statistics.median(app.frames_ms),
        "p95": statistics.quantiles(app.frames_ms, n=20)[-1],
        "keys": len(app.keys_ms),
        "key_p50": statistics.median(app.keys_ms),
        "key_p95": statistics.quantiles(app.keys_ms, n=20)[-1],
        "core_pct": 100 * app.used_s / RUN_S,
        "memory_mb": memory_mb(os.getpid()),
        "engine_mb": memory_mb(app.status.process_id),
        "messages_per_s": statistics.median(app.rates),
        "positions": app.status.open_positions,
    }


def memory_mb(process_id: int) -> float:
    """Return the most memory a process ever held."""
    for line in Path(f"/proc/{process_id}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise SystemExit("no VmHWM: this bench needs Linux")


class TableApp(App[None]):
    """One table of all markets, of our own lines or a DataTable, painted frame by frame."""

    CSS_PATH = TraderApp.CSS_PATH

    def __init__(self, *, is_ours: bool) -> None:
        super().__init__()
        self.theme = "tokyo-night"
        self.animation_level = "none"
        self.random = random.Random(7)
        self.rows = [self._row(number) for number in range(SYMBOLS)]
        self.stage = TimedScreen()
        self.ours = Markets() if is_ours else None
        self.theirs = None if is_ours else data_table()
        self.frame_ms = 0.0

    def get_default_screen(self) -> Screen[None]:
        """Return the screen with the stop watch."""
        return self.stage

    def compose(self) -> ComposeResult:
        """Show the table alone."""
        yield self.ours or self.theirs

    def on_mount(self) -> None:
        """Fill it and begin."""
        if self.theirs is not None:
            for column in MARKET_COLUMNS:
                self.theirs.add_column(column.label, key=column.label, width=14)
            for row in self.rows:
                cells = [column.cell(Market(row, 0, False), 14).text for column in MARKET_COLUMNS]
                self.theirs.add_row(*cells, key=row.symbol)
        self.run_worker(self._play())

    def _row(self, number: int) -> MarketRow:
        trend = tuple(100 + self.random.gauss(0, 1) for _ in range(24))
        return MarketRow(f"ALT{number}USDT", trend[-1], trend[0] - 100, 4.1e9, trend, 0)

    def _move(self, row: MarketRow) -> MarketRow:
        price = row.price * (1 + self.random.gauss(0, 0.0008))
        change = row.change_24h_pct + self.random.gauss(0, 0.02)
        return replace(row, price=price, change_24h_pct=change, trend=(*row.trend[1:], price))

    async def _play(self) -> None:
        """Hand frames over, each painted before the next; the first ones warm up."""
        used_s = 0.0
        for number in range(TABLE_FRAMES + 10):
            self.rows = [self._move(row) for row in self.rows]
            begin_s, painted_s = time.thread_time(), self.stage.paint_s
            self._hand_over()
            handed_s = time.thread_time() - begin_s
            await asyncio.sleep(1 / 20)
            if number >= 10:
                used_s += handed_s + self.stage.paint_s - painted_s
        self.frame_ms = 1000 * used_s / TABLE_FRAMES
        self.exit()

    def _hand_over(self) -> None:
        for row in self.rows:
            if self.ours is not None:
                self.ours.show(row, 0.0)
                continue
            for column in MARKET_COLUMNS[1:]:
                cell = column.cell(Market(row, 0, False), 14)
                self.theirs.update_cell(row.symbol, column.label, cell.text)
        if self.ours is not None:
            self.ours.settle()


def data_table() -> Any:  # noqa: ANN401 - imported only where it is measured
    """Return Textual's table."""
    from textual.widgets import DataTable

    return DataTable()


def run_table(kind: str) -> dict[str, float]:
    """Return the CPU of a frame of one kind of table."""
    app = TableApp(is_ours=kind == "ours")
    app.run()
    return {"frame_ms": app.frame_ms}


def in_terminal(*words: str, keys: tuple[str, ...] = ()) -> dict[str, float]:
    """Run this file in a terminal of 160x50, type keys, and return what it wrote down."""
    with tempfile.NamedTemporaryFile(prefix="aitrader-bench-") as result:
        process, terminal = pty.fork()
        if process == 0:
            size = struct.pack("HHHH", ROWS, COLUMNS, 0, 0)
            fcntl.ioctl(0, termios.TIOCSWINSZ, size)
            words = (sys.executable, __file__, result.name, *words)
            os.execve(sys.executable, words, environment())
        seen = drain(terminal, keys)
        os.waitpid(process, 0)
        text = Path(result.name).read_text()
    if not text:
        raise SystemExit(f"the terminal app ended before it was measured: {seen[-2000:]!r}")
    found: dict[str, float] = json.loads(text)
    return found


def drain(terminal: int, keys: tuple[str, ...]) -> bytes:
    """Read what is painted until the program ends, and press the keys over and over."""
    seen, pressed = b"", 0
    next_s = time.monotonic() + WARM_UP_S + RUN_S + 2.0
    while True:
        if keys and time.monotonic() > next_s:
            os.write(terminal, keys[pressed % len(keys)].encode())
            pressed, next_s = pressed + 1, time.monotonic() + KEY_EVERY_S
        if not select.select([terminal], [], [], 0.05)[0]:
            continue
        try:
            data = os.read(terminal, 65_536)
        except OSError:
            return seen
        if not data:
            return seen
        seen = (seen + data)[-4000:]


async def prepare(engine: RemoteEngine) -> None:
    """Give the engine its traders, and wait until it holds enough."""
    asked = [HOLDER, *copies_of_examples(TRADERS - 1)]
    for source in asked:
        answer = await engine.ask(AddTrader(source))
        assert answer.is_ok, answer.text
    async with asyncio.timeout(90):
        async for frame in engine.frames(2.0):
            if frame.status.open_positions >= POSITIONS:
                return


def measure() -> dict[str, float]:
    """Return what the app took on an engine of its own."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["MAX_OPEN_POSITIONS"] = "200"
    with tempfile.TemporaryDirectory(prefix="aitrader-bench-", ignore_cleanup_errors=True) as base:
        words = ["demo", "--headless", "--data-folder", base, "--seed", "7"]
        start_engine([*words, "--symbols", str(SYMBOLS), "--speed", str(SPEED)])
        folder = Path(base) / "seed-7"
        engine = find_engine(folder)
        assert engine is not None
        try:
            asyncio.run(prepare(engine))
            return in_terminal("app", str(folder), keys=KEYS)
        finally:
            asyncio.run(engine.ask(StopEngine()))


def main() -> int:
    """Print a line per target; 0 when every one is met."""
    found = measure()
    ours, theirs = in_terminal("ours")["frame_ms"], in_terminal("theirs")["frame_ms"]
    size = f"{COLUMNS}x{ROWS}"
    frames = {"p50": round(found["p50"], 1), "frames": found["frames"], "size": size}
    engine = {"messages_per_s": round(found["messages_per_s"]), "positions": found["positions"]}
    keys = {"p50": round(found["key_p50"], 1), "keys": found["keys"]}
    tables = {"lines_ms": round(ours, 2), "data_table_ms": round(theirs, 2), "rows": SYMBOLS}
    return (
        report("tui_frame_p95", found["p95"], "ms CPU", target=FRAME_MS, **frames)
        | report("tui_key_p95", found["key_p95"], "ms CPU", target=KEY_MS, **keys)
        | report("tui_process", found["core_pct"], "% of a core", target=CORE_PCT, hz=HZ, **engine)
        | report("tui_memory", found["memory_mb"], "MB peak", target=MEMORY_MB)
        | report("tui_engine_memory", found["engine_mb"], "MB peak", target=ENGINE_MB, **engine)
        | report("tui_lines", 100 * ours / theirs, "% of a DataTable's CPU", target=100 / FASTER,
                 **tables)
    )  # fmt: skip


def child(result: str, kind: str, *words: str) -> None:
    """Measure one thing in this terminal and write it down."""
    found = run_app(*words) if kind == "app" else run_table(kind)
    Path(result).write_text(json.dumps(found))


if __name__ == "__main__":
    sys.exit(main() if len(sys.argv) == 1 else child(*sys.argv[1:]))
