"""Bytes from outside into a struct, or one kind of error."""

from __future__ import annotations

from typing import TypeVar

import msgspec

T = TypeVar("T")


def decoded(decoder: msgspec.json.Decoder[T], data: str | bytes) -> T:
    """Return what a decoder makes of JSON.

    Raises:
        msgspec.DecodeError: It does not fit, it is no UTF-8, or it is nested too deeply to be read.
    """
    try:
        return decoder.decode(data)
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError("this is not UTF-8") from error
    except RecursionError as error:
        raise msgspec.DecodeError("this is nested too deeply") from error
