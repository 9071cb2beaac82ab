from __future__ import annotations

from tests.unit.exchange.binance.stub import ManualClock

from aitrader.exchange.binance.exchange_time import ExchangeTime


def test_until_the_exchange_has_spoken_our_clock_counts() -> None:
    assert ExchangeTime(ManualClock(1_000)).now_ms() == 1_000


def test_the_answer_is_taken_as_true_in_the_middle_of_the_question() -> None:
    clock = ManualClock(1_000)
    time = ExchangeTime(clock)
    clock.ms = 1_200
    time.learn(5_000, asked_ms=1_000)
    assert time.now_ms() == 5_100
    clock.ms += 10
    assert time.now_ms() == 5_110


def test_an_exchange_that_is_behind_is_followed_too() -> None:
    time = ExchangeTime(ManualClock(10_000))
    time.learn(9_100, asked_ms=10_000)
    assert time.ahead_ms == -900


def test_a_slow_answer_is_better_than_none_and_worse_than_a_quick_one() -> None:
    clock = ManualClock(10_000)
    time = ExchangeTime(clock)
    time.learn(50_000, asked_ms=6_000)
    assert time.ahead_ms == 42_000
    time.learn(50_000, asked_ms=9_900)
    quick = time.ahead_ms
    time.learn(90_000, asked_ms=6_000)
    assert time.ahead_ms == quick


def test_the_stamps_of_reports_never_go_back() -> None:
    clock = ManualClock(10_000)
    time = ExchangeTime(clock)
    time.learn(10_900, asked_ms=10_000)
    assert time.stamp_ms() == 10_900
    time.learn(10_000, asked_ms=10_000)
    assert (time.now_ms(), time.stamp_ms()) == (10_000, 10_900)
    clock.ms = 10_950
    assert time.stamp_ms() == 10_950
