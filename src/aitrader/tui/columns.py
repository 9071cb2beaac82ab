"""Which columns a table shows at a width, and how wide: pure arithmetic.

A column is never cut: columns are taken by their `rank` while their least width fits. A narrower
column with the same label stands in for one that does not fit. What is left over goes to the
columns with a `share`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from rich.cells import cell_len

from aitrader.tui.text import fit

R = TypeVar("R")
Pairs = Sequence[tuple[str, str]]
"""Labels and what they say; an empty label goes on, an empty pair is an empty line."""


class Cell(NamedTuple):
    """A piece of text and the palette's name of its style."""

    text: str
    style: str = ""


def fitted(cells: Sequence[Cell], width: int) -> list[Cell]:
    """Return the cells that fit into `width`; the one that does not ends in an ellipsis."""
    shown: list[Cell] = []
    for cell in cells:
        size = cell_len(cell.text)
        shown.append(cell if size <= width else cell._replace(text=fit(cell.text, max(0, width))))
        width -= size
        if width < 0:
            break
    return shown


@dataclass(frozen=True, slots=True)
class Column(Generic[R]):
    """One column: `cell` makes its text from a row and the width it has got.

    `rank` 0 is always there; `share` is its part of spare width, until it is `most` wide (0: any).
    """

    label: str
    width: int
    cell: Callable[[R, int], Cell]
    is_right: bool = False
    rank: int = 0
    share: int = 0
    most: int = 0


def fit_columns(columns: Sequence[Column[R]], width: int) -> list[tuple[Column[R], int]]:
    """Return the columns that fit into `width` cells and their widths, one cell between two."""
    chosen: set[int] = set()
    labels: set[str] = set()
    used = -1
    for index in sorted(range(len(columns)), key=lambda i: columns[i].rank):
        column = columns[index]
        fits = used + 1 + column.width <= width or column.rank == 0
        if fits and column.label not in labels:
            chosen.add(index)
            used += 1 + column.width
            if column.label:
                labels.add(column.label)
    shown = [column for index, column in enumerate(columns) if index in chosen]
    widths = [column.width for column in shown]
    spare = width - sum(widths) - max(0, len(shown) - 1)
    while spare > 0:
        takers = [i for i, c in enumerate(shown) if c.share and not 0 < c.most <= widths[i]]
        if not takers:
            break
        for index in sorted(takers, key=lambda i: widths[i] / shown[i].share)[:spare]:
            widths[index] += 1
            spare -= 1
            break
    return list(zip(shown, widths, strict=True))
