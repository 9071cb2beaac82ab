"""What a person may have otherwise in the terminal app."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Taste:
    """Looks and keys of one terminal.

    `theme`: one of Textual's. `keys`: a key, or several with commas between, by the id of what it
    does (`docs/terminal.md`). `editor`: the command that edits a trader's file, "" for the
    terminal app's own editor. `exports`: where files are written.
    """

    theme: str = "tokyo-night"
    is_ascii: bool = False
    keys: Mapping[str, str] = field(default_factory=dict)
    editor: str = ""
    exports: Path = Path("exports")
