"""A page that explains the routes to a person; it needs no other host and no script."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from inspect import getdoc

import msgspec

from aitrader.api.policy import Access, Budget
from aitrader.api.router import Operation

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;
background:#1a1b26;color:#c0caf5}h1,h2{color:#7aa2f7}code,pre{font-family:ui-monospace,monospace}
article{border-top:1px solid #414868;padding:.6rem 0}b{color:#9ece6a;display:inline-block;
min-width:4.5rem}small{color:#9aa5ce}dt{float:left;clear:left;min-width:9rem}a{color:#7dcfff}
"""

PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""What a page of ours may load: its own style, and nothing else."""

ACCESS = {
    Access.PUBLIC: "no token",
    Access.READ: "any token",
    Access.FULL: "full token",
}


def page_of(operations: Sequence[Operation], *, version: str) -> str:
    """Return the whole page."""
    articles = "\n".join(_article(operation) for operation in operations)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>aitrader API</title>'
        '<meta name="viewport" content="width=device-width">'
        f"<style>{STYLE}</style></head><body><h1>aitrader API {escape(version)}</h1>"
        "<p>Send <code>Authorization: Bearer &lt;token&gt;</code>. Errors are "
        "<code>application/problem+json</code>. Times are UTC epoch milliseconds, money is text. "
        'The machine-readable form is <a href="/openapi.json">/openapi.json</a>; changes come '
        f"over the WebSocket <code>/ws</code>.</p>{articles}</body></html>"
    )


def _article(operation: Operation) -> str:
    text = escape(" ".join((getdoc(operation.handler) or "").split()))
    limit = "" if operation.budget is Budget.NONE else f", limit: {operation.budget.value}"
    rows = [
        (
            name,
            "in the path" if name in operation.in_path else f"optional, {_shown(operation, name)}",
        )
        for name in (*operation.in_path, *operation.in_query)
    ]
    if operation.body is not None:
        fields = ", ".join(f.encode_name for f in msgspec.structs.fields(operation.body))
        rows.append(("body", f"JSON with {fields}"))
    listed = "".join(f"<dt><code>{escape(n)}</code></dt><dd>{escape(t)}</dd>" for n, t in rows)
    return (
        f'<article id="{escape(operation.name)}"><b>{operation.method}</b>'
        f"<code>{escape(operation.path)}</code> <small>{ACCESS[operation.access]}{limit}</small>"
        f"<p>{text}</p>{f'<dl>{listed}</dl>' if listed else ''}</article>"
    )


def _shown(operation: Operation, name: str) -> str:
    default = operation.defaults.get(name)
    return f"default {default}" if default not in ("", None) else "default: all"
