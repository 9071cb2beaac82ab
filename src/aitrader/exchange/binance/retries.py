"""Questions that are asked again, after pauses that double; never orders."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any, Protocol, TypeVar

from aitrader.guests import barred

T = TypeVar("T")
_log = logging.getLogger(__name__)


def _load_stamina() -> ModuleType:
    """Import stamina without the web server that its tenacity takes along if it is there (1 MB)."""
    with barred("tornado"):
        import stamina  # noqa: PLC0415 - the guest must be barred first
    return stamina


def _tell(retry: Any) -> None:  # noqa: ANN401 - its type would have to be imported first
    """Say it in our own words: an owner reads the log."""
    _log.warning("asking again in %.1f s: %s", retry.wait_for, retry.caused_by)


STAMINA = _load_stamina()
STAMINA.instrumentation.set_on_retry_hooks([_tell])


class Patience(Protocol):
    """How often to ask, the first time counted, and how long to wait in between."""

    @property
    def attempts(self) -> int:
        """At most so often."""
        ...

    @property
    def backoff_first_s(self) -> float:
        """Before the second time."""
        ...

    @property
    def backoff_most_s(self) -> float:
        """Before any time."""
        ...


async def ask_again(
    ask: Callable[[], Awaitable[T]],
    patience: Patience,
    *,
    on: type[Exception] | Callable[[Exception], bool],
) -> T:
    """Return the answer; what `on` says is worth another attempt is asked again."""
    attempts = STAMINA.retry_context(
        on=on,
        attempts=patience.attempts,
        timeout=None,
        wait_initial=patience.backoff_first_s,
        wait_max=patience.backoff_most_s,
        wait_jitter=patience.backoff_first_s,
    )
    async for attempt in attempts:
        with attempt:
            return await ask()
    raise AssertionError("the last attempt returns or raises")
