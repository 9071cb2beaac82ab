"""One job's process: what it says, how it ends."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import msgspec
import pytest
from tests.builders import a_result
from tests.processes import is_alive

from aitrader.jobs.child import LINE_LIMIT_BYTES, Child
from aitrader.model.errors import Refused
from aitrader.model.job import Progress

RESULT = msgspec.json.encode(a_result()).decode()
HALF = msgspec.json.encode(Progress(0.5, "runs")).decode()


def python(code: str) -> Child:
    return Child([sys.executable, "-S", "-c", code])


def run(child: Child, heard: list[Progress] | None = None) -> object:
    async def story() -> object:
        async with asyncio.timeout(20):
            return await child.run((heard if heard is not None else []).append)

    return asyncio.run(story())


def refusal(child: Child) -> str:
    with pytest.raises(Refused) as caught:
        run(child)
    return caught.value.reason


def test_it_says_how_far_it_is_and_what_came_of_it() -> None:
    heard: list[Progress] = []
    child = python(f"print({HALF!r}); print('a remark'); print({RESULT!r})")
    assert run(child, heard) == a_result()
    assert heard == [Progress(0.5, "runs")]


def test_one_that_fails_is_quoted() -> None:
    code = "import sys; print('aitrader: there are no candles', file=sys.stderr); sys.exit(2)"
    assert refusal(python(code)) == "there are no candles"
    assert refusal(python("pass")) == "it said nothing"


def test_one_that_takes_too_long_is_ended() -> None:
    child = Child([sys.executable, "-S", "-c", "import time; time.sleep(60)"], longest_s=0.05)
    assert "took more than" in refusal(child)


def test_a_program_that_is_not_there_is_a_refusal() -> None:
    assert "could not start" in refusal(Child(["/nowhere/at-all"]))


def test_a_line_without_an_end_is_not_kept() -> None:
    code = f"print('x' * {LINE_LIMIT_BYTES + 10})"
    assert "a line of more than" in refusal(python(code))


def test_one_that_is_stopped_ends_without_a_result() -> None:
    async def story() -> None:
        child = python(f"import time; print({HALF!r}, flush=True); time.sleep(60)")
        with pytest.raises(Refused):
            await child.run(lambda _: child.stop())

    asyncio.run(asyncio.wait_for(story(), 20))


def test_one_that_is_unwanted_before_it_began_is_not_waited_for() -> None:
    child = python("import time; time.sleep(60)")
    child.stop()
    assert refusal(child)


def test_it_ends_with_the_task_that_runs_it(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    code = (
        f"import os, sys, signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        f"open({str(note)!r}, 'w').write(str(os.getpid()));"
        f"print({HALF!r}, flush=True); sys.stdin.read()"
    )

    async def story() -> None:
        begun = asyncio.Event()
        child = python(code)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(child.run(lambda _: begun.set()))
            await begun.wait()
            running.cancel()

    asyncio.run(asyncio.wait_for(story(), 20))
    assert not is_alive(int(note.read_text()))
