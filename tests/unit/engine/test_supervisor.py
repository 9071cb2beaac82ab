"""Tasks that cannot die unheard."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from aitrader.engine.health import Health
from aitrader.engine.supervisor import Supervisor


async def nothing() -> None:
    pass


async def for_ever() -> None:
    await asyncio.Event().wait()


async def dies() -> None:
    raise RuntimeError("the wire broke")


async def until_idle(supervisor: Supervisor) -> None:
    while supervisor.running():  # noqa: ASYNC110 - what is tested is that they end by themselves
        await asyncio.sleep(0)


def test_a_death_is_counted_logged_and_told(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> tuple[int, list[str]]:
        health, told = Health(), []
        supervisor = Supervisor(health)
        supervisor.spawn("feed", dies(), on_death=lambda exc: told.append(str(exc)))
        supervisor.spawn("other", dies())
        supervisor.spawn("well", nothing())
        await until_idle(supervisor)
        return health.errors, told

    assert asyncio.run(story()) == (2, ["the wire broke"])
    assert "feed died: the wire broke" in caplog.text


def test_living_tasks_are_known_by_name_and_end_together() -> None:
    async def story() -> tuple[tuple[str, ...], tuple[str, ...]]:
        supervisor = Supervisor(Health())
        supervisor.spawn("b", for_ever())
        supervisor.spawn("a", for_ever())
        before = supervisor.running()
        await asyncio.sleep(0)
        await supervisor.close()
        await supervisor.close()
        return before, supervisor.running()

    assert asyncio.run(story()) == (("a", "b"), ())


def test_a_task_that_is_canceled_before_its_first_step_leaves_no_trace() -> None:
    async def story() -> None:
        supervisor = Supervisor(Health())
        supervisor.spawn("a", for_ever())
        await supervisor.close()

    asyncio.run(story())


def test_a_task_that_does_not_end_is_named_and_left(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        release = asyncio.Event()

        async def stubborn() -> None:
            while not release.is_set():
                try:
                    await release.wait()
                except asyncio.CancelledError:
                    continue

        supervisor = Supervisor(Health())
        supervisor.spawn("stubborn", stubborn())
        await asyncio.sleep(0)
        await supervisor.close(within_s=0.001)
        release.set()
        await until_idle(supervisor)

    asyncio.run(story())
    assert "stubborn did not end" in caplog.text


def test_kept_work_begins_again_after_each_death_until_it_returns() -> None:
    async def story() -> tuple[int, int]:
        lives = 0

        async def work() -> None:
            nonlocal lives
            lives += 1
            if lives < 4:
                raise RuntimeError("again")

        health = Health()
        supervisor = Supervisor(health, first_pause_s=0.0)
        supervisor.keep("feed", work)
        await until_idle(supervisor)
        return lives, health.errors

    assert asyncio.run(story()) == (4, 3)


def test_pauses_double_up_to_the_longest_and_are_short_again_after_a_long_life() -> None:
    async def story() -> list[float]:
        loop = asyncio.get_running_loop()
        deaths: list[float] = []
        lived = iter([0.0, 0.0, 0.0, 0.0, 0.02, 0.0])

        async def work() -> None:
            length_s = next(lived, None)
            if length_s is None:
                return
            await asyncio.sleep(length_s)
            deaths.append(loop.time())
            raise RuntimeError("again")

        supervisor = Supervisor(
            Health(), first_pause_s=0.002, longest_pause_s=0.008, long_life_s=0.015
        )
        supervisor.keep("feed", work)
        await until_idle(supervisor)
        return [later - earlier for earlier, later in pairwise(deaths)]

    gaps = asyncio.run(story())
    assert [gap >= least for gap, least in zip(gaps, (0.002, 0.004, 0.008), strict=False)] == (
        [True] * 3
    )
    assert len(gaps) == 5


def test_an_attempt_returns_what_the_call_returns_or_none() -> None:
    told: list[Exception] = []
    health = Health()
    supervisor = Supervisor(health)
    assert supervisor.attempt("sum", lambda: 3) == 3
    assert supervisor.attempt("sum", lambda: 1 // 0, on_death=told.append) is None
    assert (health.errors, len(told)) == (1, 1)
