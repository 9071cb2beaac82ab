from __future__ import annotations

import asyncio

import pytest

from aitrader.exchange.binance.breaker import Breaker
from aitrader.model.errors import Transient


class Hand:
    """Seconds that the test moves."""

    def __init__(self) -> None:
        self.s = 0.0

    def time_s(self) -> float:
        return self.s


def a_breaker(hand: Hand, failures: int = 3) -> Breaker:
    return Breaker("/x", failures=failures, pause_s=60.0, time_s=hand.time_s)


def fail(breaker: Breaker, hand: Hand, times: int = 1) -> None:
    for _ in range(times):
        entered_s = breaker.enter()
        hand.s += 1.0
        breaker.failed(entered_s)
        breaker.leave()


def test_it_opens_after_so_many_failures_in_a_row() -> None:
    hand = Hand()
    breaker = a_breaker(hand)
    fail(breaker, hand, 2)
    breaker.succeeded()
    fail(breaker, hand, 2)
    assert not breaker.is_open
    fail(breaker, hand)
    assert breaker.is_open
    with pytest.raises(Transient, match="/x failed 3 times in a row") as found:
        breaker.enter()
    assert found.value.retry_after_s == 60.0


def test_after_the_pause_one_probe_passes_and_closes_it() -> None:
    hand = Hand()
    breaker = a_breaker(hand)
    fail(breaker, hand, 3)
    hand.s += 60.0
    breaker.enter()
    with pytest.raises(Transient):
        breaker.enter()
    breaker.succeeded()
    breaker.leave()
    assert not breaker.is_open
    breaker.enter()


def test_a_probe_that_fails_opens_it_again_and_one_without_word_lets_the_next_try() -> None:
    hand = Hand()
    breaker = a_breaker(hand)
    fail(breaker, hand, 3)
    hand.s += 60.0
    fail(breaker, hand)
    with pytest.raises(Transient):
        breaker.enter()
    hand.s += 60.0
    breaker.enter()
    breaker.leave()
    breaker.enter()


def test_failures_that_were_under_way_together_count_once() -> None:
    hand = Hand()
    breaker = a_breaker(hand)
    entered = [breaker.enter() for _ in range(8)]
    hand.s += 1.0
    for entered_s in entered:
        breaker.failed(entered_s)
    assert not breaker.is_open


def test_a_sign_of_life_lets_a_probe_through_at_once() -> None:
    hand = Hand()
    breaker = a_breaker(hand)
    breaker.hint()
    assert not breaker.is_open
    fail(breaker, hand, 3)
    breaker.hint()
    breaker.enter()
    breaker.succeeded()
    assert not breaker.is_open


def test_by_default_the_loops_time_counts() -> None:
    async def story() -> None:
        breaker = Breaker("/x", failures=1)
        breaker.failed(breaker.enter())
        with pytest.raises(Transient):
            breaker.enter()

    asyncio.run(story())
