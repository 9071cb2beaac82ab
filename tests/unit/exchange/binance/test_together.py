from __future__ import annotations

import asyncio

import pytest

from aitrader.exchange.binance.together import both


async def say(word: str, turns: int = 0) -> str:
    for _ in range(turns):
        await asyncio.sleep(0)
    return word


async def fail(reason: str, turns: int = 0) -> str:
    await say(reason, turns)
    raise ValueError(reason)


def test_both_answers_come_in_their_order() -> None:
    assert asyncio.run(both(say("one", 3), say("other"))) == ("one", "other")


def test_the_first_reason_is_told_whichever_came_earlier() -> None:
    with pytest.raises(ValueError, match="first"):
        asyncio.run(both(fail("first", 3), fail("second")))
    with pytest.raises(ValueError, match="second"):
        asyncio.run(both(say("well"), fail("second")))


def test_what_fails_waits_for_the_other_to_end() -> None:
    ended: list[str] = []

    async def slow() -> None:
        ended.append(await say("slow", 5))

    with pytest.raises(ValueError, match="at once"):
        asyncio.run(both(fail("at once"), slow()))
    assert ended == ["slow"]
