"""A guided search by Optuna, the optional extra `guided`: it learns from what was tried."""

from __future__ import annotations

import math
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from aitrader.backtest.parameters import Axis, Value, Values
from aitrader.model.errors import ConfigError

WORST = -1e9
"""What a combination without a number is taken for: Optuna has no place for infinity."""


class OptunaGuide:
    """Its tree-structured Parzen estimator; the same seed and outcomes, the same questions."""

    def __init__(self, axes: Sequence[Axis], seed: int) -> None:
        """Look among the values of these axes.

        Raises:
            ConfigError: Optuna is not installed.
        """
        optuna = _optuna()
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        sampler = optuna.samplers.TPESampler(seed=seed, constant_liar=True)
        self._study = optuna.create_study(direction="maximize", sampler=sampler)
        self._axes = tuple(axes)
        self._asked: list[Any] = []

    def ask(self, count: int) -> list[Values]:
        """Return choices to try."""
        self._asked = [self._study.ask() for _ in range(count)]
        return [{axis.name: _chosen(trial, axis) for axis in self._axes} for trial in self._asked]

    def tell(self, values: Sequence[float]) -> None:
        """Hear how good each of those was that were asked last, higher is better."""
        for trial, value in zip(self._asked, values, strict=True):
            self._study.tell(trial, value if math.isfinite(value) else WORST)


def _chosen(trial: Any, axis: Axis) -> Value:  # noqa: ANN401 - Optuna is there only with the extra
    """Return a value by its place: in an ordered axis neighbors are near each other."""
    if all(isinstance(value, int | float) for value in axis.values):
        place: int = trial.suggest_int(axis.name, 0, len(axis.values) - 1)
    else:
        place = trial.suggest_categorical(axis.name, range(len(axis.values)))
    return axis.values[place]


def _optuna() -> Any:  # noqa: ANN401 - as above
    try:
        return import_module("optuna")
    except ImportError as exc:
        raise ConfigError("a guided search needs Optuna: pip install 'aitrader[guided]'") from exc
