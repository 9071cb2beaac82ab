"""The engine's rule without its waiting: an event, all that follows, then the commands.

The stages are those of a live engine, in the same order. Commands are done on the spot by the
edges of the run, whose answers are further events; there is no disk and nobody to wait for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from aitrader.engine.routing import Handler as Answer
from aitrader.engine.routing import Stage, routes_of
from aitrader.model.commands import Command
from aitrader.model.errors import InvariantBroken
from aitrader.model.events import Event

MOST_EVENTS = 100_000
"""No instant has so many: edges and stages that answer each other for ever are a bug."""

Handler = Callable[..., None]
Taker = Callable[..., None]

C = TypeVar("C", bound=Command)


def on(kind: type[C], handle: Callable[[C], None]) -> tuple[type[Command], Handler]:
    """Return one entry of the table kind -> handler; `handle` is given only this kind."""
    return kind, handle


class Loop:
    """Inbox and stages of one run; `handlers` may be set once the edges are made."""

    def __init__(self) -> None:
        """Begin with an empty inbox, which the edges need, and nobody to show it to."""
        self._inbox: deque[Event] = deque()
        self._routes: Mapping[type[object], tuple[Answer | Taker, ...]] = {}
        self.handlers: Mapping[type[object], Handler] = {}

    def join(self, stages: Sequence[Stage], takers: Mapping[type[Event], Taker]) -> None:
        """Show facts to those who take note of their kind, then to the stages."""
        routes = routes_of(stages)
        self._routes = routes | {
            kind: (take, *routes.get(kind, ())) for kind, take in takers.items()
        }

    def post(self, event: Event) -> None:
        """Put an event in; it is worked out by the next `settle`."""
        self._inbox.append(event)

    def settle(self) -> None:
        """Work out everything that is in, and what comes of it, to the end.

        Raises:
            InvariantBroken: There is no end to it.
        """
        inbox, routes, does, handled = self._inbox, self._routes, self.handlers, 0
        while inbox:
            handled += 1
            if handled > MOST_EVENTS:
                raise InvariantBroken("an instant has no end of events")
            pending: list[Event | Command] = [inbox.popleft()]
            others: list[Event | Command] = []
            for fact in pending:  # which grows meanwhile
                answers = routes.get(type(fact))
                if answers is None:
                    others.append(fact)
                    continue
                for answer in answers:
                    found = answer(fact)
                    if found:
                        pending += found
            for command in others:
                handle = does.get(type(command))
                if handle is not None:
                    handle(command)
