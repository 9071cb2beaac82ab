"""What came of a trader's signals and positions, as lines to read. Pure.

It counts the rows that the app was given: the newest signals and closed positions, no older than
the engine's start.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import fmean

from aitrader.model.view import PositionRow, SignalRow
from aitrader.tui import text as words
from aitrader.tui.columns import Pairs
from aitrader.tui.panels.positions import CLOSED

NOTHING = "nothing yet"


def record(signals: Iterable[SignalRow], positions: Iterable[PositionRow]) -> Pairs:
    """Return a trader's record: its signals by what became of them, its closed positions."""
    closed = [row for row in positions if row.status == CLOSED]
    return (("lately", _fates(signals)), *_results(closed))


def _fates(signals: Iterable[SignalRow]) -> str:
    counts = Counter(row.status.lower() for row in signals)
    told = " · ".join(f"{count} {status}" for status, count in counts.most_common())
    return told or NOTHING


def _results(closed: Sequence[PositionRow]) -> Pairs:
    if not closed:
        return (("closed", NOTHING),)
    won = [row.pnl for row in closed if row.pnl > 0]
    lost = [row.pnl for row in closed if row.pnl <= 0]
    best, worst = max(closed, key=_pnl), min(closed, key=_pnl)
    held_ms = fmean((row.closed_ms or row.opened_ms) - row.opened_ms for row in closed)
    ways = Counter(row.exit_reason.lower().replace("_", " ") for row in closed)
    each = f"{words.signed(fmean(map(_pnl, closed)))} after {words.age(held_ms)}"
    return (
        ("closed", f"{len(closed)}, of them {len(won)} won ({100 * len(won) / len(closed):.0f} %)"),
        ("each", each + _sides(won, lost)),
        ("factor", _factor(sum(won), -sum(lost))),
        ("best", f"{words.signed(best.pnl)} {best.symbol}"),
        ("worst", f"{words.signed(worst.pnl)} {worst.symbol}"),
        ("exits", " · ".join(f"{count} {way}" for way, count in ways.most_common())),
    )


def _pnl(row: PositionRow) -> float:
    return row.pnl


def _sides(won: Sequence[float], lost: Sequence[float]) -> str:
    """Return the mean gain and the mean loss, where there is one."""
    parts = [f"won {words.signed(fmean(won))}"] if won else []
    parts += [f"lost {words.signed(fmean(lost))}"] if lost else []
    return f" ({', '.join(parts)})"


def _factor(gains: float, losses: float) -> str:
    """Return what was won for each unit that was lost."""
    return f"{gains / losses:.2f} won for each 1 lost" if losses else "nothing lost"
