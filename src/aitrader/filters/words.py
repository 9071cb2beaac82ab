"""Words for people: what a value is called and which known word is nearest to an unknown one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str:
    """Return "did you mean 'x'?" for the known word nearest to `word`, or "" when none is near."""
    by_lower = {name.lower(): name for name in known}
    found = difflib.get_close_matches(word.lower()[:60], by_lower, n=1, cutoff=0.6)
    return f"did you mean '{by_lower[found[0]]}'?" if found else ""


def printable(text: str) -> str:
    """Return the text as one line without control characters."""
    return "".join(c if c.isprintable() else " " for c in text)


def plain_lines(text: str) -> str:
    """Return the text without control characters; its lines stay lines."""
    return "\n".join(printable(line.replace("\t", "    ")) for line in text.splitlines())


def listed(words: Iterable[str]) -> str:
    """Return the words with commas between."""
    return ", ".join(words)
