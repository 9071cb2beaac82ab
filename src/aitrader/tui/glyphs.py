"""Plain signs for terminals and readers that know only ASCII: one for one, so nothing moves."""

from __future__ import annotations

ASCII = str.maketrans(
    {
        "▁": "_", "▂": ".", "▃": ":", "▄": "-", "▅": "=", "▆": "+", "▇": "*", "█": "#",
        "●": "*", "○": "o", "▲": "^", "▼": "v", "‖": "|", "✓": "+", "✗": "x", "·": "|",
        "—": "-", "…": "~", "│": "|", "┃": "#", "╷": "|", "╵": "|", "╻": "#", "╹": "#",
        "╽": "#", "╿": "#", "╌": "-", "▏": "_", "↑": "^", "↓": "v",
        "\u2800": " ", **{chr(0x2800 + dots): "." for dots in range(1, 256)},
    }
)  # fmt: skip


def plain(text: str) -> str:
    """Return the text in ASCII, as wide as before; what has no sign of its own is a question."""
    return text.translate(ASCII).encode("ascii", "replace").decode()
