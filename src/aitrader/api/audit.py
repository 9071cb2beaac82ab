"""Who asked for which change: written down before it is done, and logged with what came of it.

The same for HTTP, for `/ws`, for the monitor and for the terminal app on the local socket.
"""

from __future__ import annotations

import logging
from typing import Protocol

from aitrader.model.control import (
    Answer,
    AnyRequest,
    CheckTrader,
    Control,
    ExplainTrader,
    ReadCandles,
    ReadJob,
    ReadJobs,
    ReadLines,
    ReadReport,
    ReadSignal,
    ReadTrader,
)

log = logging.getLogger("aitrader.audit")

LOCAL_NAME = "local"
"""Whoever asks where no token is needed."""

READS: tuple[type, ...] = (
    ReadTrader,
    ReadCandles,
    ReadLines,
    ReadSignal,
    ReadJob,
    ReadJobs,
    ReadReport,
    CheckTrader,
    ExplainTrader,
)
"""Requests that change nothing. Whatever is not named here needs a full token."""


class Witness(Protocol):
    """Who writes down for good who asked for which change."""

    def change_asked(self, who: str, what: str, subject: str) -> None:
        """Take note: the caller's name, the request's name, the trader or position it is about."""
        ...


async def ask_witnessed(
    control: Control, request: AnyRequest, *, who: str, witness: Witness | None
) -> Answer:
    """Return what came of a request; one that changes something is on record before it is done.

    Args:
        control: Who is asked.
        request: What is asked.
        who: The name of the token, or of the local socket.
        witness: Who writes it down; None where nobody does.
    """
    if isinstance(request, READS):
        return await control.ask(request)
    what, subject = type(request).__name__, _subject(request)
    if witness is not None:
        witness.change_asked(who, what, subject)
    answer = await control.ask(request)
    log.info(
        "%s asked by %s (%s)",
        what,
        who,
        "done" if answer.is_ok else "refused",
        extra={"subject": subject} if subject else None,
    )
    return answer


def _subject(request: AnyRequest) -> str:
    """Return whom a request is about, "" for everything."""
    names = ("trader_id", "position_id", "job_id")
    return next((found for name in names if (found := getattr(request, name, ""))), "")
