"""Errors, sorted by what is done about them.

An edge turns every foreign exception into one of these; no library's exception leaves its edge.
"""

from __future__ import annotations


class ConfigError(Exception):
    """What the person gave cannot work; shown as one plain sentence, exit code 2, no traceback."""


class Transient(Exception):
    """The outside is unwell for now; retried with backoff inside the edge, then degraded."""

    def __init__(self, reason: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after_s = retry_after_s


class Refused(Exception):
    """The outside said no and will say no again; becomes an event, is shown, is not retried.

    `code` is the exchange's own number (Binance: negative), 0 where there is none.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{reason} ({code})" if code else reason)
        self.code = code
        self.reason = reason


class OutcomeUnknown(Exception):
    """A request left and no clear answer came: the order may or may not exist. Never resend."""

    def __init__(self, client_order_id: str, reason: str) -> None:
        super().__init__(f"order {client_order_id}: {reason}")
        self.client_order_id = client_order_id
        self.reason = reason


class FilterFault(Exception):
    """A trader file that cannot be used; `line` is 1-based, `hint` says what to write instead."""

    def __init__(self, reason: str, *, line: int | None = None, hint: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line
        self.hint = hint

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line is not None else ""
        return f"{where}{self.reason}" + (f"; {self.hint}" if self.hint else "")


class InvariantBroken(Exception):
    """Something impossible: a bug of ours or a lie from the wire. Quarantines, never guesses."""
