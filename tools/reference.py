"""Write the pages of docs/reference from the code: messages, requests, errors, the command line.

Each page is made from names and the first lines of docstrings, so it cannot say something else
than the code does. A test compares them; `make reference` writes them anew.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import click
import msgspec

from aitrader import cli
from aitrader.model import control, errors
from aitrader.model.commands import Command
from aitrader.model.events import DURABLE, MONEY, Event

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
MADE = "<!-- made by `make reference` from the code; do not edit -->"


def first_line(kind: type) -> str:
    """Return what a class says of itself in its first sentence, on one line."""
    text = " ".join((kind.__doc__ or "").split("\n\n")[0].split())
    return text.replace("|", "\\|")


def fields(kind: type[msgspec.Struct]) -> str:
    """Return the names of a struct's own fields."""
    names = [f"`{field.name}`" for field in msgspec.structs.fields(kind) if field.name != "at_ms"]
    return " ".join(names)


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """Return a Markdown table."""
    heads = list(heads)
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return [*lines, *("| " + " | ".join(row) + " |" for row in rows)]


def page(title: str, *parts: str | list[str]) -> str:
    """Return a whole page: its title and paragraphs or tables."""
    blocks = [f"# {title}", MADE, *("\n".join(p) if isinstance(p, list) else p for p in parts)]
    return "\n\n".join(blocks) + "\n"


def events_page() -> str:
    """Return every event, what it means and how safe it is before anything follows from it."""
    rows = [
        (f"`{kind.__name__}`", kept(kind), first_line(kind), fields(kind))
        for kind in Event.__subclasses__()
    ]
    return page(
        "Events",
        "An event is a fact: past tense, never changed. All carry `at_ms`, when it was true. "
        "*Kept*: `money` is synced to disk before its consequences leave, `disk` is committed "
        "before they leave, nothing means that it can be asked for again.",
        table(("event", "kept", "meaning", "fields"), rows),
    )


def kept(kind: type[Event]) -> str:
    """Return how an event is kept."""
    return "money" if kind in MONEY else "disk" if kind in DURABLE else ""


def commands_page() -> str:
    """Return everything the stages may ask of the outside."""
    rows = [
        (f"`{kind.__name__}`", first_line(kind), fields(kind)) for kind in Command.__subclasses__()
    ]
    return page(
        "Commands to the outside",
        "What the stages ask of the edges. A command has one receiver; its answer is an event.",
        table(("command", "meaning", "fields"), rows),
    )


def requests_page() -> str:
    """Return everything a person may ask of an engine."""
    kinds = control.Request.__subclasses__()
    rows = [(f"`{kind.__name__}`", first_line(kind), fields(kind)) for kind in kinds]
    return page(
        "Requests",
        "What a face may ask of an engine (`Ask` in, `Answer` out), near or far.",
        table(("request", "meaning", "fields"), rows),
    )


def errors_page() -> str:
    """Return the errors, which are sorted by what is done about them."""
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, Exception)
    ]
    rows = [(f"`{kind.__name__}`", first_line(kind)) for kind in kinds]
    return page(
        "Errors",
        "Sorted by what is done about them. No library's exception leaves its edge.",
        table(("error", "meaning"), rows),
    )


def command_line_page() -> str:
    """Return the help of `aitrader` and of each of its commands."""
    return page("The command line", *helps("aitrader", cli.cli))


def helps(name: str, command: click.Command) -> list[str]:
    """Return the help of a command and of those below it, each under its full name."""
    context = click.Context(command, info_name=name, terminal_width=100)
    found = [f"## `{name}`\n\n```\n{command.get_help(context)}\n```"]
    below = command.commands if isinstance(command, click.Group) else {}
    return found + [text for key in sorted(below) for text in helps(f"{name} {key}", below[key])]


PAGES: Final[dict[str, Callable[[], str]]] = {
    "command-line.md": command_line_page,
    "commands.md": commands_page,
    "errors.md": errors_page,
    "events.md": events_page,
    "requests.md": requests_page,
}


def main() -> int:
    """Write every page."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in PAGES.items():
        (FOLDER / name).write_text(text(), encoding="utf-8")
    print(f"wrote {len(PAGES)} pages to {FOLDER}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
