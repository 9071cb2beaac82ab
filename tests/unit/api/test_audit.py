"""Who asked for which change is written down before it is done."""

from __future__ import annotations

import asyncio
from typing import get_args

import pytest
from tests.api_room import Notebook

from aitrader.api.audit import READS, ask_witnessed
from aitrader.model.control import (
    AddTrader,
    Answer,
    AnyRequest,
    CancelJob,
    CloseAll,
    ClosePosition,
    MoveStop,
    PauseEntries,
    ReadTrader,
    RemoveTrader,
    SetMode,
    StartBacktest,
    StopEngine,
    SwitchTrader,
)

CHANGES = (
    AddTrader,
    RemoveTrader,
    SwitchTrader,
    SetMode,
    PauseEntries,
    ClosePosition,
    MoveStop,
    CloseAll,
    StopEngine,
    StartBacktest,
    CancelJob,
)


class Control:
    """Notes when it was asked, beside what was written down by then."""

    def __init__(self, notebook: Notebook, answer: Answer) -> None:
        self._notebook = notebook
        self._answer = answer
        self.known: list[int] = []

    async def ask(self, request: AnyRequest) -> Answer:
        self.known.append(len(self._notebook.lines))
        return self._answer


def ask(notebook: Notebook, request: AnyRequest, *, is_ok: bool = True) -> Control:
    control = Control(notebook, Answer(0, is_ok, "said"))
    answer = asyncio.run(ask_witnessed(control, request, who="phone", witness=notebook))
    assert answer.text == "said"
    return control


def test_every_request_is_known_to_read_or_to_change() -> None:
    assert set(get_args(AnyRequest)) == {*READS, *CHANGES}


def test_a_change_is_on_record_before_it_is_done() -> None:
    notebook = Notebook()
    for count, request in enumerate((RemoveTrader("dip"), ClosePosition("p-1"), CloseAll()), 1):
        assert ask(notebook, request).known == [count]
    assert notebook.lines == [
        ("phone", "RemoveTrader", "dip"),
        ("phone", "ClosePosition", "p-1"),
        ("phone", "CloseAll", ""),
    ]


def test_who_reads_is_not_written_down(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "aitrader.audit")
    notebook = Notebook()
    assert ask(notebook, ReadTrader("dip")).known == [0]
    assert not notebook.lines
    assert not caplog.records


def test_the_log_says_what_came_of_a_change(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "aitrader.audit")
    ask(Notebook(), RemoveTrader("dip"))
    ask(Notebook(), CloseAll(), is_ok=False)
    assert [record.getMessage() for record in caplog.records] == [
        "RemoveTrader asked by phone (done)",
        "CloseAll asked by phone (refused)",
    ]


def test_without_a_witness_it_is_done_all_the_same() -> None:
    control = Control(Notebook(), Answer(0, True, "said"))
    answer = asyncio.run(ask_witnessed(control, CloseAll(), who="local", witness=None))
    assert answer == Answer(0, True, "said")
