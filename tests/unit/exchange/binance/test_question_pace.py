from __future__ import annotations

from aitrader.exchange.binance.question_pace import REFUSALS, Patience, QuestionPace
from aitrader.model.ids import ClientOrderId

ONE, OTHER = ClientOrderId("at1-one"), ClientOrderId("at1-other")


def a_pace() -> QuestionPace:
    return QuestionPace(Patience(again_s=1.0, longest_s=5.0))


def test_pauses_double_up_to_the_longest() -> None:
    patience, pause_s, pauses = Patience(again_s=1.0, longest_s=5.0), 0.0, []
    for _ in range(5):
        pause_s = patience.longer_s(pause_s)
        pauses.append(pause_s)
    assert pauses == [1.0, 2.0, 4.0, 5.0, 5.0]


def test_fills_that_lag_behind_are_waited_for_ever_longer_until_they_are_told() -> None:
    pace = a_pace()
    assert pace.lag_s(ONE) == 0.0
    pace.told(ONE, is_whole=False)
    assert pace.lag_s(ONE) == 1.0
    pace.told(ONE, is_whole=False)
    assert (pace.lag_s(ONE), pace.lag_s(OTHER)) == (2.0, 0.0)
    pace.told(ONE, is_whole=True)
    assert pace.lag_s(ONE) == 0.0


def test_a_symbol_that_is_gone_is_said_once_until_it_is_back() -> None:
    pace = a_pace()
    for _ in range(2):
        said = [pace.refused(ONE) for _ in range(REFUSALS + 2)]
        assert said == [False] * (REFUSALS - 1) + [True, False, False]
        assert not pace.refused(OTHER)
        pace.told(ONE, is_whole=True)
        pace.told(OTHER, is_whole=True)
