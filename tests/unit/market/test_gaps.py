from __future__ import annotations

from aitrader.market.gaps import CloseAssembler, Closing
from aitrader.model.candle import MINUTE_MS, open_of

T0 = open_of(1_700_000_000_000, "1d")
"""A midnight, so every interval up to a day closes here."""


def at(minute: int) -> int:
    return T0 + minute * MINUTE_MS


def an_assembler(*streams: tuple[str, str]) -> CloseAssembler:
    assembler = CloseAssembler()
    for symbol, interval in streams:
        assembler.expect(symbol, interval, closed_ms=T0)
    return assembler


def test_an_instant_is_complete_when_every_expected_row_is_there() -> None:
    assembler = an_assembler(("A", "1m"), ("B", "1m"))
    assembler.row("A", "1m", at(1))
    assert assembler.complete(at(1)) == ()
    assembler.row("B", "1m", at(1))
    assert assembler.due_ms <= at(1)
    assert assembler.complete(at(1)) == (Closing(at(1), ("1m",), ()),)
    assert assembler.complete(at(1)) == ()


def test_all_intervals_that_end_together_are_one_closing() -> None:
    assembler = an_assembler(("A", "5m"), ("A", "1m"))
    for minute in range(1, 5):
        assembler.row("A", "1m", at(minute))
        assert [closing.at_ms for closing in assembler.complete(at(minute))] == [at(minute)]
    assembler.row("A", "1m", at(5))
    assert assembler.complete(at(5)) == ()
    assembler.row("A", "5m", at(5))
    assert assembler.complete(at(5)) == (Closing(at(5), ("1m", "5m"), ()),)


def test_what_is_missing_is_asked_for_once_and_named_after_the_grace() -> None:
    assembler = an_assembler(("A", "1m"), ("B", "1m"))
    assembler.row("A", "1m", at(1))
    assert assembler.wanted(at(1) + 1_499) == ()
    assert assembler.due_ms == at(1) + 1_500
    assert assembler.wanted(at(1) + 1_500) == ((at(1), (("B", "1m"),)),)
    assert assembler.wanted(at(1) + 1_600) == ()
    assert assembler.due_ms == at(2)
    assembler.answered(at(1))
    assert assembler.due_ms == at(1) + 3_000
    assert assembler.complete(at(1) + 2_999) == ()
    assert assembler.complete(at(1) + 3_000) == (Closing(at(1), ("1m",), (("B", "1m"),)),)


def test_the_grace_waits_for_the_answer_of_rest() -> None:
    assembler = an_assembler(("A", "1m"), ("B", "1m"))
    assembler.row("A", "1m", at(1))
    assembler.wanted(at(1) + 20_000)
    assert assembler.complete(at(1) + 20_000) == ()
    assembler.row("B", "1m", at(1))
    assert assembler.complete(at(1) + 20_001) == (Closing(at(1), ("1m",), ()),)
    assembler.answered(at(1))


def test_a_later_instant_waits_for_an_earlier_one() -> None:
    assembler = an_assembler(("A", "1m"), ("B", "1m"))
    assembler.row("A", "1m", at(1))
    assembler.row("A", "1m", at(2))
    assembler.row("B", "1m", at(2))
    assert assembler.complete(at(2)) == ()
    assembler.wanted(at(2))
    assembler.answered(at(1))
    assert [closing.at_ms for closing in assembler.complete(at(2))] == [at(1), at(2)]


def test_a_leap_of_time_opens_only_the_newest_instant() -> None:
    assembler = an_assembler(("A", "1m"), ("A", "5m"))
    assembler.advance(at(58))
    assembler.row("A", "1m", at(58))
    assert [c.at_ms for c in assembler.complete(at(58))] == []
    assert assembler.wanted(at(58)) == ((at(55), (("A", "5m"),)),)
    assembler.answered(at(55))
    assert [c.at_ms for c in assembler.complete(at(58))] == [at(58)]


def test_before_its_instant_advance_changes_nothing() -> None:
    assembler = an_assembler(("A", "1m"))
    assert assembler.due_ms == at(1)
    assembler.advance(at(1) - 1)
    assert assembler.due_ms == at(1)
    assert assembler.wanted(at(1) - 1) == ()


def test_a_stream_that_is_lost_is_named_and_not_waited_for() -> None:
    assembler = an_assembler(("A", "1m"), ("B", "1m"))
    assembler.row("A", "1m", at(1))
    assembler.forget("B", "1m")
    assert not assembler.is_expected("B", "1m")
    assert assembler.complete(at(1)) == (Closing(at(1), ("1m",), (("B", "1m"),)),)
    assembler.row("A", "1m", at(2))
    assert assembler.complete(at(2)) == (Closing(at(2), ("1m",), ()),)


def test_an_instant_without_a_single_row_is_dropped() -> None:
    assembler = an_assembler(("A", "1m"))
    assembler.advance(at(1))
    assembler.forget("A", "1m")
    assembler.forget("A", "1m")
    assert assembler.complete(at(1)) == ()
    assert assembler.due_ms > at(10_000)
    assembler.advance(at(2))
    assert assembler.complete(at(2)) == ()


def test_a_stream_that_is_ready_while_an_instant_waits_is_waited_for() -> None:
    assembler = an_assembler(("A", "1m"))
    assembler.advance(at(1))
    assembler.expect("B", "1m", closed_ms=at(0))
    assembler.expect("C", "1m", closed_ms=at(1))
    assembler.row("A", "1m", at(1))
    assert assembler.complete(at(1)) == ()
    assembler.row("B", "1m", at(1))
    assert assembler.complete(at(1)) == (Closing(at(1), ("1m",), ()),)


def test_rows_of_strangers_and_of_the_past_are_nothing() -> None:
    assembler = an_assembler(("A", "1m"))
    assembler.row("A", "1h", at(60))
    assembler.row("A", "1m", at(0))
    assert assembler.complete(at(0)) == ()
    assembler.row("A", "1m", at(1))
    assert len(assembler.complete(at(1))) == 1
    assembler.row("A", "1m", at(1))
    assert assembler.complete(at(1)) == ()


def test_a_stream_of_another_interval_at_that_instant_is_nothing_to_the_closing() -> None:
    assembler = an_assembler(("A", "1m"))
    assembler.advance(at(60))
    assembler.expect("B", "1h", closed_ms=at(0))
    assembler.row("B", "1h", at(60))
    assert [c.intervals for c in assembler.complete(at(60))] == []
