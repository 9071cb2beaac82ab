"""The keys and the page that explains them."""

from __future__ import annotations

import pytest
from textual.binding import Binding

from aitrader.model.errors import ConfigError
from aitrader.tui.keys import BINDINGS, DOINGS, HELP, check_keys


def test_every_binding_has_an_id_of_its_own_and_no_key_has_two_meanings() -> None:
    bindings = [binding for binding in BINDINGS if isinstance(binding, Binding)]
    ids = [binding.id for binding in bindings]
    keys = [key for binding in bindings for key in binding.key.split(",")]
    assert None not in ids
    assert len(set(ids)) == len(ids)
    assert len(set(keys)) == len(keys)


def test_the_help_fits_the_width_of_a_small_terminal() -> None:
    assert max(len(label) for label, _ in HELP) + 2 + max(len(what) for _, what in HELP) <= 71


def test_every_doing_is_in_the_help() -> None:
    told = " ".join(label for label, _ in HELP)
    for key, *_ in DOINGS:
        assert {"slash": "/"}.get(key, key) in told


def test_a_key_for_something_unknown_is_refused_with_the_nearest_name() -> None:
    check_keys({"zoom": "f"})
    with pytest.raises(ConfigError, match=r"did you mean trader\.edit\?"):
        check_keys({"trader.edti": "v"})
    with pytest.raises(ConfigError, match=r"there are: panel\.1"):
        check_keys({"xyzzy": "v"})
