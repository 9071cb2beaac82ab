"""The keys and the page that explains them."""

from __future__ import annotations

from textual.binding import Binding

from aitrader.tui.keys import BINDINGS, HELP


def test_every_binding_has_an_id_of_its_own_and_no_key_has_two_meanings() -> None:
    bindings = [binding for binding in BINDINGS if isinstance(binding, Binding)]
    ids = [binding.id for binding in bindings]
    keys = [key for binding in bindings for key in binding.key.split(",")]
    assert None not in ids
    assert len(set(ids)) == len(ids)
    assert len(set(keys)) == len(keys)


def test_the_help_fits_a_small_terminal() -> None:
    assert max(len(label) for label, _ in HELP) + 2 + max(len(what) for _, what in HELP) <= 69
    assert len(HELP) <= 20
