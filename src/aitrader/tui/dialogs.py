"""Windows over the panels: a question with keys for its answers, and text to read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import ClassVar, NamedTuple

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from aitrader.tui.columns import Pairs
from aitrader.tui.glyphs import plain
from aitrader.tui.text import clean


class Question(ModalScreen[str]):
    """Asks once; answers with the key that was chosen, "" for none."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss('')", "Cancel")]

    def __init__(self, question: str, choices: Pairs, *, twice: str = "") -> None:
        super().__init__()
        self._question = question
        self._choices = (*choices, ("esc", "cancel"))
        self._answers = {key: key for key, _ in choices} | ({"ctrl+c": twice} if twice else {})

    def compose(self) -> ComposeResult:
        """Show the question and a line for each answer."""
        body = Text(clean(self._question) + "\n", style="bold")
        for key, meaning in self._choices:
            body.append(f"\n  {key:>3}  ", style=self.app.theme_variables["accent"])
            body.append(clean(meaning), style="not bold")
        yield Static(body, classes="window")

    def on_key(self, event: events.Key) -> None:
        """Answer."""
        if event.key in self._answers:
            event.stop()
            self.dismiss(self._answers[event.key])


class Deed(NamedTuple):
    """Something that may be done from a window."""

    title: str
    do: Callable[[], Awaitable[None]]


class Reading(ModalScreen[None]):
    """Labelled lines to read and scroll, and under them a text as it is."""

    AUTO_FOCUS = "VerticalScroll"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,question_mark", "dismiss", "Close"),
        Binding("j", "scroll(1)", "Down", show=False),
        Binding("k", "scroll(-1)", "Up", show=False),
    ]

    def __init__(
        self, title: str, pairs: Pairs, text: str = "", *, deeds: Mapping[str, Deed] | None = None
    ) -> None:
        """`deeds` are what may be done from here, by key; each closes the window first."""
        super().__init__()
        self._deeds = deeds or {}
        self._title = title
        self._pairs = pairs
        self._tail = text
        self._body = Static()

    def compose(self) -> ComposeResult:
        """Show the lines under their title."""
        with VerticalScroll(classes="window wide") as window:
            window.border_title = Text(clean(self._title)).plain.replace("[", "(")
            keys = [f"{key} {deed.title}" for key, deed in self._deeds.items()]
            window.border_subtitle = self._signs(" · ".join((*keys, "esc")))
            yield self._body

    async def on_key(self, event: events.Key) -> None:
        """Do what there is for this key."""
        deed = self._deeds.get(event.character or "")
        if deed is not None:
            event.stop()
            self.dismiss()
            await deed.do()

    def on_mount(self) -> None:
        """Show what is known by now."""
        self.show(self._tail)

    def show(self, text: str) -> None:
        """Show another text under the lines, now or as soon as the window is there."""
        self._tail = text
        self._body.update(self._text())

    def action_scroll(self, lines: int) -> None:
        """Scroll the window."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def _text(self) -> Text:
        theme = self.app.theme_variables
        body = labelled(self._pairs, theme)
        for line in self._tail.splitlines():
            body.append(clean(line.expandtabs(4)) + "\n", style=theme["foreground"])
        return Text(plain(body.plain)) if self.app.has_class("-ascii") else body

    def _signs(self, text: str) -> str:
        return plain(text) if self.app.has_class("-ascii") else text


def labelled(pairs: Pairs, theme: Mapping[str, str]) -> Text:
    """Return labelled lines in the theme's colors; what they say is never markup."""
    space = max([len(label) for label, _ in pairs], default=0)
    body = Text()
    for label, value in pairs:
        body.append(f"{label:<{space}}  ", style=theme["secondary"])
        body.append(clean(value) + "\n")
    return body
