"""A page that explains the routes to a person; it needs no other host and no script.

It is made from the OpenAPI document, so that people and programs are told the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from aitrader.api.openapi import Json

STYLE = """
:root{color-scheme:light dark;--ground:#fff;--text:#2b2f45;--calm:#5a607d;--line:#d5d8e6;
--name:#1c4fb8;--verb:#2c6e12;--link:#0b6a8f;--code:#f1f2f8}
@media(prefers-color-scheme:dark){:root{--ground:#1a1b26;--text:#c0caf5;--calm:#9aa5ce;
--line:#414868;--name:#7aa2f7;--verb:#9ece6a;--link:#7dcfff;--code:#24283b}}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;
background:var(--ground);color:var(--text)}h1,h2,h3{color:var(--name);line-height:1.2}
code,pre{font:.9em ui-monospace,monospace;background:var(--code);border-radius:.25rem;
padding:.1em .3em;overflow-wrap:anywhere}pre{padding:.7rem;overflow-x:auto}
article{border-top:1px solid var(--line);padding:.8rem 0}article h3{margin:0;font-size:1em}
h3 b{color:var(--verb);display:inline-block;min-width:4.5rem}small{color:var(--calm)}
a{color:var(--link)}nav a{margin-right:1rem;white-space:nowrap}p{margin:.5rem 0}
dl{display:grid;grid-template-columns:fit-content(10rem) 1fr;gap:.2rem 1rem;margin:.5rem 0}
dd{margin:0}h2{font-size:1.2rem;margin:1.5rem 0 .4rem}small{font-weight:normal}
"""

PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""What a page of ours may load: its own style, and nothing else."""

ACCESS = {"public": "no token", "read": "any token", "full": "full token"}
LIMITS = {"none": "", "data": ", limit: data", "orders": ", limit: orders"}
KINDS = {"boolean": "true or false", "number": "a number", "null": "null", "object": "an object"}
NO_END = 2**53
"""A limit that is there for programs alone."""

CALL = "curl -H 'Authorization: Bearer TOKEN' http://127.0.0.1:8080/api/positions"


def page_of(document: Json) -> str:
    """Return the whole page of an OpenAPI document."""
    groups: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            article = _article(method.upper(), path, operation)
            groups.setdefault(operation["tags"][0], []).append(article)
    names = map(escape, (*groups, "shapes"))
    links = " ".join(f'<a href="#about-{name}">{name}</a>' for name in names)
    routes = "".join(
        f'<h2 id="about-{escape(name)}">{escape(name)}</h2>{"".join(articles)}'
        for name, articles in groups.items()
    )
    shapes = "".join(
        f'<article id="shape-{escape(name)}"><h3>{escape(name)}</h3>'
        f"<p>{escape(' '.join(schema.get('description', '').split()))}</p>"
        f"{_shape(schema)}</article>"
        for name, schema in sorted(document["components"]["schemas"].items())
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>aitrader API</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{STYLE}</style></head><body>"
        f"<h1>aitrader API {escape(document['info']['version'])}</h1>"
        "<p>Send <code>Authorization: Bearer &lt;token&gt;</code>; "
        "<code>aitrader token create NAME</code> makes one. Errors are "
        "<code>application/problem+json</code>. Times are UTC epoch milliseconds, money is text. "
        'The machine-readable form is <a href="/openapi.json">/openapi.json</a>; changes come '
        "over the WebSocket <code>/ws</code>. <em>limit: data</em> and <em>limit: orders</em> say "
        "against which limit of requests a minute a route counts.</p>"
        f"<pre>{escape(CALL)}</pre><nav>{links}</nav>{routes}"
        f'<h2 id="about-shapes">shapes</h2>{shapes}</body></html>'
    )


def _article(method: str, path: str, operation: Json) -> str:
    rows = [_parameter(each) for each in operation.get("parameters", ())]
    if "requestBody" in operation:
        rows.append(("body", f"JSON: {_words(_schema_of(operation['requestBody']))}"))
    (status, answer), *errors = operation["responses"].items()
    rows.append((status, _words(_schema_of(answer)) if "content" in answer else "nothing to say"))
    rows.append(("errors", " ".join(status for status, _ in errors)))
    rule = ACCESS[operation["x-access"]] + LIMITS[operation["x-limit"]]
    return (
        f'<article id="{escape(operation["operationId"])}"><h3><b>{method}</b>'
        f"<code>{escape(path)}</code> <small>{rule}</small></h3>"
        f"<p>{escape(operation['summary'])}</p>{_listed(rows)}</article>"
    )


def _parameter(parameter: Json) -> tuple[str, str]:
    words = _words(parameter["schema"])
    if parameter["in"] == "path":
        return parameter["name"], f"{words}, in the path"
    default = parameter["schema"].get("default")
    has_default = default not in (None, "") and not _is_end(default)
    return parameter["name"], f"{words}; " + (f"default {default}" if has_default else "optional")


def _schema_of(body: Json) -> Json:
    ((kind, content),) = body["content"].items()
    schema: Json = content["schema"]
    return schema if kind == "application/json" else {**schema, "title": kind}


def _shape(schema: Json) -> str:
    needed = schema.get("required", ())
    rows = [
        (name, _words(field) + ("" if name in needed else "; optional"))
        for name, field in schema.get("properties", {}).items()
    ]
    return _listed(rows) if rows else f"<p>{_words(schema)}</p>"


def _listed(rows: Iterable[tuple[str, str]]) -> str:
    """Return a list of names, which are escaped here, and of what they mean, which is HTML."""
    body = "".join(f"<dt><code>{escape(name)}</code></dt><dd>{text}</dd>" for name, text in rows)
    return f"<dl>{body}</dl>"


def _words(schema: Json) -> str:
    """Return what a JSON schema takes, as HTML."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#shape-{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(map(_words, schema["anyOf"]))
    if "enum" in schema:
        return escape(", ".join(map(str, schema["enum"])))
    kind = schema.get("type", "")
    if kind == "array":
        return f"a list of {_words(schema.get('items', {}))}"
    if kind == "integer":
        return f"a whole number{_range(schema)}"
    if kind == "string":
        return _text(schema)
    return KINDS.get(kind, "anything")


def _range(schema: Json) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is None:
        return ""
    return f" from {least} on" if most is None or _is_end(most) else f" from {least} to {most}"


def _text(schema: Json) -> str:
    if "title" in schema:
        return escape(schema["title"])
    if schema.get("format") == "decimal":
        return "an exact number, as text"
    pattern = schema.get("pattern", "")
    if pattern:
        words = pattern.removeprefix("^(").removesuffix(")$").split("|")
        if all(word.isalnum() for word in words):
            return escape(", ".join(words))
        return f"text like <code>{escape(pattern)}</code>"
    most = schema.get("maxLength")
    return f"text of at most {most} characters" if most else "text"


def _is_end(value: object) -> bool:
    return isinstance(value, int) and value >= NO_END
