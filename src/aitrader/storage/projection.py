"""From facts to SQL: the table kind -> writers, and the row of `events` every durable fact gets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from aitrader.model.events import DURABLE, Event
from aitrader.storage.rows import account, orders, positions, quarantines, signals, traders
from aitrader.storage.rows.statement import Owner, Statement, Writer, to_json

ROOMS = (traders, signals, orders, positions, account, quarantines)


def _by_kind() -> dict[type[Event], tuple[Writer, ...]]:
    found: dict[type[Event], tuple[Writer, ...]] = {}
    for room in ROOMS:
        for kind, writer in room.WRITERS:
            found[kind] = (*found.get(kind, ()), writer)
    return found


WRITERS: Mapping[type[Event], tuple[Writer, ...]] = _by_kind()
SAVE_EVENT = """
insert into events (user_id, account_id, at_ms, kind, body)
values (:user_id, :account_id, :at_ms, :kind, :body)
"""


def is_durable(fact: Event) -> bool:
    """Return whether a fact is written at all."""
    return isinstance(fact, DURABLE)


def statements(fact: Event, owner: Owner) -> Iterator[Statement]:
    """Yield all writes of one durable fact: its line in the log of events, then its rows."""
    yield Statement(
        SAVE_EVENT,
        {
            "user_id": owner.user_id,
            "account_id": owner.account_id,
            "at_ms": fact.at_ms,
            "kind": type(fact).__name__,
            "body": to_json(fact),
        },
    )
    for write in WRITERS.get(type(fact), ()):
        yield from write(fact, owner)
