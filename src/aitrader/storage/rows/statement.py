"""The form every write takes: one SQL text made at import, and the values of one row.

Only names that stand in this package's source ever become SQL text; whatever comes from outside
is a bound value. The SQL is what SQLite and Postgres share (`on conflict .. do update`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, TypeVar, cast

import msgspec

from aitrader.model.account import PAPER
from aitrader.model.events import Event

Value = str | int | None
"""What a column holds; exact numbers and JSON are text."""


class Owner(msgspec.Struct, frozen=True):
    """Whose rows these are; `lease_token` is 0 where one computer has the only runner.

    Money stands under the account of its own value. `account_id` is that of everything else:
    signals, quarantines, the pause and the log of events belong to the engine as a whole.
    """

    user_id: str
    account_id: str = PAPER
    lease_token: int = 0


class Statement(NamedTuple):
    """One SQL text and the values for its names."""

    sql: str
    values: Mapping[str, Value]


Writer = Callable[[Event, Owner], Iterable[Statement]]
E = TypeVar("E", bound=Event)


def on(
    kind: type[E], write: Callable[[E, Owner], Iterable[Statement]]
) -> tuple[type[Event], Writer]:
    """Return one entry of the table kind -> writer; the table hands `write` only this kind."""
    return kind, cast(Writer, write)


def upsert(table: str, *, keys: tuple[str, ...], columns: tuple[str, ...]) -> str:
    """Return the SQL that writes one row, or replaces `columns` of the row with the same `keys`."""
    names = keys + columns
    return (
        f"insert into {table} ({', '.join(names)}) values ({', '.join(':' + n for n in names)})"
        f" on conflict ({', '.join(keys)}) do update set "
        + ", ".join(f"{n} = excluded.{n}" for n in columns)
    )


def to_json(value: object) -> str:
    """Return a value as JSON text; a number that is not finite becomes null."""
    return msgspec.json.encode(value).decode()


def plain(value: msgspec.Struct, owner: Owner, *, json: tuple[str, ...] = ()) -> dict[str, Value]:
    """Return a struct's fields as column values, those named in `json` as JSON, and its owner's.

    A struct that says of which account it is stands under that account.
    """
    fields: dict[str, Value] = {}
    for name, field in msgspec.to_builtins(value).items():
        fields[name] = to_json(field) if name in json else field
    account_id = fields.pop("account", owner.account_id)
    fields.update(user_id=owner.user_id, account_id=account_id, lease_token=owner.lease_token)
    return fields
