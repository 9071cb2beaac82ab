"""What is taken refuses what it does not know; what is sent is camelCase."""

from __future__ import annotations

import msgspec
import pytest

from aitrader.api import schemas


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="unknown field `enable`"):
        msgspec.json.decode(b'{"enabled":true,"enable":true}', type=schemas.Switch)


def test_a_source_has_a_limit() -> None:
    body = msgspec.json.encode({"source": "x" * (schemas.MAX_SOURCE_CHARS + 1)})
    with pytest.raises(msgspec.ValidationError, match="length <= 10240"):
        msgspec.json.decode(body, type=schemas.NewTrader)


def test_names_are_camel_case() -> None:
    assert b'"nextBeforeMs":null' in msgspec.json.encode(schemas.Orders((), None))
