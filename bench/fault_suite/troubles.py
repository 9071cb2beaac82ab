"""What is done to a world on purpose."""

from __future__ import annotations

Fault = dict[str, object]

LOST_THREE_TIMES: Fault = {"kind": "lost_answer", "path": "order", "verb": "POST", "times": 3}

ORDER_FAULTS: tuple[Fault, ...] = (
    {"kind": "lost_answer", "path": "order", "verb": "POST", "times": 1},
    LOST_THREE_TIMES,
    {"kind": "lost_answer", "path": "order", "verb": "POST", "times": 1, "is_silent": True},
    {"kind": "lost_request", "path": "order", "verb": "POST", "times": 1},
    {"kind": "lost_answer", "path": "order", "verb": "DELETE", "times": 1},
    {"kind": "lost_request", "path": "order", "verb": "DELETE", "times": 1},
    {"kind": "lost_answer", "path": "order", "verb": "GET", "times": 2},
    {"kind": "delay", "path": "order", "delay_ms": 150, "for_s": 0.7},
    {"kind": "delay", "path": "order", "delay_ms": 150, "is_after": True, "for_s": 0.7},
    {"kind": "delay", "path": "order", "verb": "DELETE", "delay_ms": 400, "times": 2},
    {"kind": "status", "path": "order", "verb": "POST", "status": 503, "times": 1},
    {"kind": "status", "path": "order", "status": 502, "times": 1, "is_executed": True},
    {"kind": "status", "path": "order", "status": 504, "code": -1007, "times": 2},
    {"kind": "partial_fill", "part": 0.4, "for_s": 0.6},
    {"kind": "clock_offset", "offset_ms": 900, "for_s": 0.8},
    {"kind": "clock_offset", "offset_ms": -900, "for_s": 0.8},
    {"kind": "lost_event", "for_s": 0.5},
    {"kind": "duplicate_event", "for_s": 1.0},
    {"kind": "late_event", "delay_ms": 120, "for_s": 1.0},
    {"kind": "end_user_stream"},
)
MARKET_FAULTS: tuple[Fault, ...] = (
    {"kind": "reset"},
    {"kind": "drop", "share": 0.2, "for_s": 0.5},
    {"kind": "duplicate", "share": 0.3, "for_s": 0.5},
    {"kind": "silence", "for_s": 0.5},
)


def name_of(fault: Fault) -> str:
    """Return a fault in a few words: its kind, and what tells it from others of that kind."""
    told = ("verb", "status", "offset_ms")
    marks = [str(fault[key]) for key in told if key in fault]
    marks += [key.removeprefix("is_") for key in ("is_silent", "is_after") if key in fault]
    return " ".join([str(fault["kind"]), *marks])
