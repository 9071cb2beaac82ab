from collections.abc import Mapping, Sequence

import pytest
from tests.builders import AT_MS

from aitrader.backtest.loop import Loop, Taker, on
from aitrader.engine.routing import Handler, Stage
from aitrader.model.commands import Command, RankMarket
from aitrader.model.errors import InvariantBroken
from aitrader.model.events import EntriesPaused, Event, FeedChanged, MarketRanked

RANKED = MarketRanked(at_ms=AT_MS, volumes=())
KINDS = (FeedChanged, EntriesPaused, MarketRanked)
PAUSED = EntriesPaused(at_ms=AT_MS, is_paused=True)


class Follows:
    """A stage that answers one kind of event with the same messages."""

    def __init__(self, kind: type[Event], *answers: Event | Command) -> None:
        self.handlers: Mapping[type[Event], Handler] = {kind: lambda event: answers}


def joined(stages: Sequence[Stage], takers: Mapping[type[Event], Taker]) -> Loop:
    loop = Loop()
    loop.join(stages, takers)
    return loop


def test_what_follows_is_worked_out_before_commands_are_done() -> None:
    seen: list[object] = []
    stages = (Follows(FeedChanged, RankMarket(), PAUSED), Follows(EntriesPaused))
    loop = joined(stages, dict.fromkeys(KINDS, seen.append))
    loop.handlers = dict((on(RankMarket, lambda command: loop.post(RANKED)),))
    up = FeedChanged(at_ms=AT_MS, is_up=True, reason="")
    loop.post(up)
    loop.settle()
    assert seen == [up, PAUSED, RANKED]


def test_a_command_that_nobody_does_is_passed_over() -> None:
    seen: list[object] = []
    loop = joined((Follows(EntriesPaused, RankMarket()),), {EntriesPaused: seen.append})
    loop.post(PAUSED)
    loop.settle()
    assert seen == [PAUSED]


def test_answers_without_end_are_a_bug() -> None:
    loop = joined((Follows(MarketRanked, RankMarket()),), {})
    loop.handlers = dict((on(RankMarket, lambda command: loop.post(RANKED)),))
    loop.post(RANKED)
    with pytest.raises(InvariantBroken):
        loop.settle()


def test_a_fact_that_nobody_handles_is_passed_over() -> None:
    seen: list[object] = []
    loop = joined((Follows(FeedChanged, PAUSED, RANKED),), {MarketRanked: seen.append})
    loop.post(PAUSED)
    loop.post(FeedChanged(at_ms=AT_MS, is_up=True, reason=""))
    loop.settle()
    assert seen == [RANKED]
