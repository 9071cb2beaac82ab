"""Who is shown which event: the stages that handle its kind, in the order of the house."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, TypeAlias

from aitrader.model.commands import Command
from aitrader.model.events import Event

Handler: TypeAlias = Callable[..., Iterable[Event | Command]]
"""Returns what follows from one fact, at once and always the same: no I/O, no clock, no chance."""


class Stage(Protocol):
    """A pure part of the engine."""

    @property
    def handlers(self) -> Mapping[type[Event], Handler]:
        """What answers each kind of event; kinds that are missing are nothing to this stage."""
        ...


def routes_of(stages: Iterable[Stage]) -> dict[type[Event], tuple[Handler, ...]]:
    """Return per kind of event the handlers of all stages, in the order of the stages."""
    routes: dict[type[Event], tuple[Handler, ...]] = {}
    for stage in stages:
        for kind, handler in stage.handlers.items():
            routes[kind] = (*routes.get(kind, ()), handler)
    return routes
