"""Signals as rows, each with the decision it got."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import msgspec

from aitrader.model.events import DecisionMade, SignalRaised, SignalUpdated
from aitrader.model.signal import Finding, Signal
from aitrader.storage.rows.statement import Owner, Statement, Value, on, plain, to_json, upsert

SAVE_SIGNAL = upsert(
    "signals",
    keys=("user_id", "account_id", "signal_id"),
    columns=(
        "trader_id",
        "symbol",
        "interval",
        "candle_open_ms",
        "raised_ms",
        "price",
        "findings",
        "exits",
        "status",
        "note",
        "updated_ms",
        "lease_token",
    ),
)
SAVE_DECISION = """
update signals set decision = :decision, updated_ms = :updated_ms
where user_id = :user_id and account_id = :account_id and signal_id = :signal_id
"""
LIVE_SIGNALS = """
select * from signals where user_id = :user_id and account_id = :account_id
  and status in ('RAISED', 'WAITING') order by raised_ms, signal_id
"""
SIGNALS_BY_TRADER = """
select trader_id, count(*) as signals from signals
where user_id = :user_id and account_id = :account_id group by trader_id order by trader_id
"""


class _StoredFinding(msgspec.Struct, frozen=True):
    """A finding as JSON holds it: a value that was not a finite number is null."""

    condition: str
    values: tuple[tuple[str, float | None], ...] = ()


_FINDINGS = msgspec.json.Decoder(tuple[_StoredFinding, ...])


def save_signal(event: SignalRaised | SignalUpdated, owner: Owner) -> Iterator[Statement]:
    """Yield the write of a signal; the decision it has stays."""
    values = plain(event.signal, owner, json=("findings", "exits"))
    yield Statement(SAVE_SIGNAL, {**values, "updated_ms": event.at_ms})


def save_decision(event: DecisionMade, owner: Owner) -> Iterator[Statement]:
    """Yield the write that puts a decision beside its signal."""
    yield Statement(
        SAVE_DECISION,
        {
            "user_id": owner.user_id,
            "account_id": owner.account_id,
            "signal_id": event.decision.signal_id,
            "decision": to_json(event.decision),
            "updated_ms": event.at_ms,
        },
    )


def signal_from_row(row: Mapping[str, Value]) -> Signal:
    """Return the signal that this row was made from; a value that was not finite is NaN."""
    findings = tuple(
        Finding(
            condition=stored.condition,
            values=tuple((n, math.nan if v is None else v) for n, v in stored.values),
        )
        for stored in _FINDINGS.decode(str(row["findings"]))
    )
    exits = msgspec.json.decode(str(row["exits"]))
    return msgspec.convert({**row, "findings": findings, "exits": exits}, Signal)


WRITERS = (
    on(SignalRaised, save_signal),
    on(SignalUpdated, save_signal),
    on(DecisionMade, save_decision),
)
