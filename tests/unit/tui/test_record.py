"""What came of a trader, in a few lines."""

from __future__ import annotations

from msgspec.structs import replace
from tests.fake_engine import FakeEngine

from aitrader.model.view import PositionRow
from aitrader.tui.record import NOTHING, record


def closed(number: int, pnl: float, reason: str = "STOP_LOSS") -> PositionRow:
    row = FakeEngine().add_position(number, is_open=False)
    opened_ms = (row.closed_ms or 0) - 600_000 * (number + 1)
    return replace(row, pnl=pnl, exit_reason=reason, opened_ms=opened_ms)


def test_nothing_yet_is_said_so() -> None:
    open_one = FakeEngine().add_position(1)
    assert record([], [open_one]) == (("lately", NOTHING), ("closed", NOTHING))


def test_signals_are_counted_by_what_became_of_them() -> None:
    fake = FakeEngine()
    rows = [fake.add_signal(n, status="SKIPPED" if n else "ENTERED") for n in range(4)]
    assert dict(record(rows, []))["lately"] == "3 skipped · 1 entered"


def test_closed_positions_add_up() -> None:
    rows = [closed(0, 6.0, "TAKE_PROFIT"), closed(1, -2.0), closed(2, -1.0)]
    assert dict(record([], rows)) == {
        "lately": NOTHING,
        "closed": "3, of them 1 won (33 %)",
        "each": "+1.00 after 20m (won +6.00, lost -1.50)",
        "factor": "2.00 won for each 1 lost",
        "best": "+6.00 BTCUSDT",
        "worst": "-2.00 ETHUSDT",
        "exits": "2 stop loss · 1 take profit",
    }


def test_without_a_loss_or_a_gain_there_is_no_factor_and_no_mean_of_it() -> None:
    facts = dict(record([], [closed(0, 6.0)]))
    assert (facts["factor"], facts["each"]) == ("nothing lost", "+6.00 after 10m (won +6.00)")
    assert dict(record([], [closed(0, -6.0)]))["each"] == "-6.00 after 10m (lost -6.00)"
