from __future__ import annotations

from aitrader.exchange.binance.question_pace import REFUSALS, Patience, QuestionPace
from aitrader.model.ids import ClientOrderId

ONE, OTHER = ClientOrderId("at1-one"), ClientOrderId("at1-other")


class Watch:
    """A clock of seconds."""

    def __init__(self) -> None:
        self.s = 0.0

    def now_s(self) -> float:
        return self.s


def a_pace(watch: Watch) -> QuestionPace:
    return QuestionPace(Patience(again_s=1.0, longest_s=5.0, rarely_s=100.0), watch.now_s)


def test_pauses_double_up_to_the_longest() -> None:
    patience, pause_s, pauses = Patience(again_s=1.0, longest_s=5.0), 0.0, []
    for _ in range(5):
        pause_s = patience.longer_s(pause_s)
        pauses.append(pause_s)
    assert pauses == [1.0, 2.0, 4.0, 5.0, 5.0]


def test_fills_that_lag_behind_are_waited_for_ever_longer_until_they_are_told() -> None:
    pace = a_pace(Watch())
    assert pace.lag_s(ONE) == 0.0
    pace.told(ONE, is_whole=False)
    assert pace.lag_s(ONE) == 1.0
    pace.told(ONE, is_whole=False)
    assert (pace.lag_s(ONE), pace.lag_s(OTHER)) == (2.0, 0.0)
    pace.told(ONE, is_whole=True)
    assert pace.lag_s(ONE) == 0.0


def test_a_symbol_that_is_gone_is_said_once_and_then_asked_for_rarely() -> None:
    watch = Watch()
    pace = a_pace(watch)
    assert [pace.refused(ONE) for _ in range(REFUSALS)] == [False] * (REFUSALS - 1) + [True]
    assert pace.rests(ONE)
    assert not pace.rests(OTHER)
    watch.s = 100.0
    assert not pace.rests(ONE)
    assert not pace.refused(ONE)
    assert pace.rests(ONE)
    pace.told(ONE, is_whole=True)
    assert not pace.rests(ONE)
