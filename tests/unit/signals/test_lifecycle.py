from __future__ import annotations

from decimal import Decimal

import pytest
from tests.builders import AT_MS, a_match, a_signal

from aitrader.model.errors import InvariantBroken
from aitrader.model.signal import SignalStatus
from aitrader.signals.lifecycle import MOVES, Turn, is_fresh, raised, turned

S = SignalStatus


@pytest.mark.parametrize(
    ("before", "turn", "after"),
    [
        (S.RAISED, Turn.DECIDED_SKIP, S.SKIPPED),
        (S.RAISED, Turn.DECIDED_WAIT, S.WAITING),
        (S.RAISED, Turn.REFUSED, S.SKIPPED),
        (S.RAISED, Turn.OPENED, S.ENTERED),
        (S.RAISED, Turn.AGED, S.EXPIRED),
        (S.WAITING, Turn.DECIDED_ENTER, S.RAISED),
        (S.SKIPPED, Turn.OPENED, S.ENTERED),
        (S.EXPIRED, Turn.OPENED, S.ENTERED),
    ],
)
def test_a_turn_moves_a_signal_and_says_why(
    before: SignalStatus, turn: Turn, after: SignalStatus
) -> None:
    found = turned(a_signal(status=before, note="old"), turn, note="why")
    assert (found.status, found.note) == (after, "why")


@pytest.mark.parametrize("end", [S.ENTERED, S.SKIPPED, S.EXPIRED])
def test_after_its_end_only_a_late_fill_moves_a_signal(end: SignalStatus) -> None:
    signal = a_signal(status=end, note="as it ended")
    for turn in set(Turn) - {Turn.OPENED}:
        assert turned(signal, turn, note="late") is signal


def test_entering_a_raised_signal_leaves_it_raised() -> None:
    signal = a_signal()
    assert turned(signal, Turn.DECIDED_ENTER) is signal


def test_a_move_that_is_not_in_the_table_raises() -> None:
    with pytest.raises(InvariantBroken, match="REFUSED cannot follow WAITING"):
        turned(a_signal(status=S.WAITING), Turn.REFUSED)
    assert (S.WAITING, Turn.REFUSED) not in MOVES


def test_a_match_of_the_same_file_gives_the_same_signal() -> None:
    first = raised(a_match(), source="a", at_ms=AT_MS)
    again = raised(a_match(), source="a", at_ms=AT_MS + 9)
    other = raised(a_match(), source="b", at_ms=AT_MS)

    assert first.signal_id == again.signal_id != other.signal_id
    assert (first.price, first.status) == (Decimal("100.0"), S.RAISED)


def test_a_signal_is_fresh_until_the_next_candle_is_over() -> None:
    assert is_fresh(a_signal(), at_ms=AT_MS + 299_999)
    assert not is_fresh(a_signal(), at_ms=AT_MS + 300_000)
