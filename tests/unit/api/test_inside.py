"""The engine as routes see it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.api_room import Room

from aitrader.api.inside import Inside
from aitrader.api.problems import Failure
from aitrader.api.tokens import LOCAL
from aitrader.model.control import Answer, PauseEntries
from aitrader.model.view import Frame


def a_room_at(folder: Path, times: list[float]) -> tuple[Room, Inside]:
    room = Room(folder)
    inside = Inside(
        room.fake,
        room.fake,
        archive=room.archive,
        vitals=room.vitals,
        policy=room.policy,
        now_s=lambda: times[0],
    )
    return room, inside


def test_requests_that_come_together_share_a_frame(tmp_path: Path) -> None:
    times = [0.0]
    _, inside = a_room_at(tmp_path, times)

    async def story() -> None:
        first = await inside.frame()
        assert await inside.frame() is first
        times[0] = 0.11
        assert await inside.frame() is not first

    asyncio.run(story())


def test_who_changed_something_sees_it_at_once(tmp_path: Path) -> None:
    _, inside = a_room_at(tmp_path, [0.0])

    async def story() -> None:
        assert not (await inside.frame()).status.is_paused
        await inside.ask(LOCAL, PauseEntries(True))
        assert (await inside.frame()).status.is_paused

    asyncio.run(story())


def test_who_asks_is_written_down_before_the_engine_hears_of_it(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.desk.answer = Answer(0, False, "no")
    asyncio.run(room.inside.ask(LOCAL, PauseEntries(True)))
    assert room.notebook.lines == [("local", "PauseEntries", "")]


class EndedView:
    """A view that has nothing more to show."""

    async def frames(self, hz: float) -> AsyncIterator[Frame]:
        for frame in ():
            yield frame


def test_an_engine_that_has_ended_has_no_frame(tmp_path: Path) -> None:
    room = Room(tmp_path)
    inside = Inside(
        EndedView(),
        room.fake,
        archive=room.archive,
        vitals=room.vitals,
        policy=room.policy,
        now_s=lambda: 0.0,
    )
    with pytest.raises(Failure, match="the engine has ended"):
        asyncio.run(inside.frame())
