"""Requests to the engine: what is asked of it, and a question to the person before money moves."""

from __future__ import annotations

from typing import Any, Protocol

from textual.app import App

from aitrader.model.control import Answer, AnyRequest, Control
from aitrader.model.errors import Refused, Transient
from aitrader.tui.dialogs import Question


class Say(Protocol):
    """Who shows a sentence in the last line."""

    def __call__(self, message: str, *, is_ok: bool = True) -> None:
        """Show it for a few seconds."""
        ...


class Asker:
    """Requests to the engine whose answers are said; a question before where money moves."""

    def __init__(self, app: App[Any], control: Control, say: Say) -> None:
        self._app = app
        self._control = control
        self._say = say

    async def answer(self, request: AnyRequest) -> Answer:
        """Return what came of a request; never raises."""
        try:
            return await self._control.ask(request)
        except (Transient, Refused) as exc:
            return Answer(0, False, f"{exc.reason}; look before you try again")

    def ask(self, request: AnyRequest) -> None:
        """Ask, and say what came of it."""
        self._app.run_worker(self._ask(request))

    async def _ask(self, request: AnyRequest) -> None:
        answer = await self.answer(request)
        self._say(answer.text, is_ok=answer.is_ok)

    def ask_once(self, question: str, meaning: str, request: AnyRequest) -> None:
        """Ask the person first."""

        def answered(key: str | None) -> None:
            if key == "y":
                self.ask(request)

        self._app.push_screen(Question(question, (("y", meaning),)), answered)
