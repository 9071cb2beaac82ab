"""The form of every write."""

from __future__ import annotations

import math

import msgspec

from aitrader.storage.rows.statement import Owner, plain, to_json, upsert


class Thing(msgspec.Struct):
    """Anything that becomes a row."""

    name: str
    parts: tuple[int, ...]


def test_an_upsert_names_its_columns_and_replaces_all_but_the_key() -> None:
    assert upsert("things", keys=("a", "b"), columns=("c", "d")) == (
        "insert into things (a, b, c, d) values (:a, :b, :c, :d)"
        " on conflict (a, b) do update set c = excluded.c, d = excluded.d"
    )


def test_a_row_has_its_owner_and_its_nested_fields_as_json() -> None:
    owner = Owner("me", "paper", lease_token=3)
    assert plain(Thing("x", (1, 2)), owner, json=("parts",)) == {
        "name": "x",
        "parts": "[1,2]",
        "user_id": "me",
        "account_id": "paper",
        "lease_token": 3,
    }


def test_json_has_no_number_that_is_not_finite() -> None:
    assert to_json([math.nan, math.inf, 1.5]) == "[null,null,1.5]"
