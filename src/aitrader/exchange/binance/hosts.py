"""The hosts of one exchange that give the same data, and which of them is asked now."""

from __future__ import annotations

from collections.abc import Sequence


class Hosts:
    """One address or several, each without a path's slash at its end."""

    def __init__(self, first_url: str, spare_urls: Sequence[str] = ()) -> None:
        """Begin with `first_url`."""
        self._urls = (first_url.rstrip("/"), *spare_urls)
        self._place = 0

    @property
    def current(self) -> str:
        """The address to ask now."""
        return self._urls[self._place]

    def leave(self, url: str) -> None:
        """Ask the next one from now on, unless another request has left `url` already."""
        if self.current == url:
            self._place = (self._place + 1) % len(self._urls)
