"""The page of the project's own API: plain HTML made of its OpenAPI document, which loads nothing from anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any
from urllib.parse import quote

HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
_STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem; }
h2 { border-top: 1px solid; margin-top: 2.5rem; padding-top: 1rem; }
code, input, select { font-family: ui-monospace, monospace; font-size: .9em; }
table { border-collapse: collapse; display: block; overflow-x: auto; width: 100%; }
th, td { border-bottom: 1px solid #8886; padding: .3rem .6rem; text-align: left; vertical-align: top; }
input, select { box-sizing: border-box; width: 14rem; }
button { font: inherit; margin: .8rem 0; padding: .3rem 1rem; }
a:focus-visible, input:focus-visible, select:focus-visible, button:focus-visible, summary:focus-visible { outline: 3px solid; outline-offset: 2px; }
"""


def page_of(document: Mapping[str, Any], examples: Mapping[str, str]) -> str:
    """The page of an OpenAPI document; `examples` are query strings to try, by path."""
    info = document["info"]
    operations = [
        (path, method, one) for path, methods in document["paths"].items() for method, one in methods.items()
    ]
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(info['title'])}: the API</title><style>{_STYLE}</style></head><body>",
        f"<h1>{escape(info['title'])} {escape(info['version'])}: the API</h1><p>{escape(info['description'])}</p>",
        '<nav aria-label="Paths"><ul>',
        *(
            f'<li><a href="#{_id(path)}"><code>{escape(path)}</code></a> {escape(one["summary"])}</li>'
            for path, _, one in operations
        ),
        "</ul></nav><main>",
        *(_path(path, method, one, examples.get(path, "")) for path, method, one in operations),
        '<h2 id="answers">Parts of answers</h2>',
        *(_schema(name, one) for name, one in document["components"]["schemas"].items()),
        "</main></body></html>\n",
    ]
    return "".join(parts)


def _id(text: str) -> str:
    return "".join(char if char.isalnum() else "-" for char in text).strip("-")


def _path(path: str, method: str, operation: Mapping[str, Any], example: str) -> str:
    parts = [f'<section><h2 id="{_id(path)}"><code>{method.upper()} {escape(path)}</code></h2>']
    parts.append(
        f"<p><strong>{escape(operation['summary'])}.</strong> {escape(operation['description'])}</p>"
    )
    if example:
        target = f"{path}?{quote(example, safe='=&,:()[]')}"
        parts.append(
            f'<p>Try: <a href="{escape(target)}"><code>{escape(path)}?{escape(example)}</code></a></p>'
        )
    for kind, one in operation.get("requestBody", {}).get("content", {}).items():
        name = one["schema"]["$ref"].rpartition("/")[2]
        parts.append(
            f'<p>The body is {escape(kind)}: <a href="#schema-{escape(name)}">{escape(name)}</a>.</p>'
        )
    parameters = operation.get("parameters", [])
    if parameters:
        parts += _form(path, parameters)
    parts.append("<table><thead><tr><th>Status</th><th>Answer</th></tr></thead><tbody>")
    parts += [
        f"<tr><td>{escape(status)}</td><td>{_answer(one)}</td></tr>"
        for status, one in operation["responses"].items()
    ]
    parts.append("</tbody></table></section>")
    return "".join(parts)


def _form(path: str, parameters: list[Mapping[str, Any]]) -> Iterator[str]:
    """The parameters as a form that sends them, where the path has no gaps to fill, else as a table alone."""
    has_gaps = any(one["in"] == "path" for one in parameters)
    if not has_gaps:
        yield f'<form action="{escape(path)}" method="get">'
    yield "<details><summary>Parameters</summary><table><thead><tr><th>Name</th>"
    yield ("" if has_gaps else "<th>Value</th>") + "<th>What it asks</th></tr></thead><tbody>"
    for one in parameters:
        name = escape(one["name"])
        field = "" if has_gaps else f"<td>{_input(one)}</td>"
        about = escape(one["description"]) + _limits(one["schema"])
        yield (
            f'<tr><td><label for="{_id(path)}-{_id(one["name"])}"><code>{name}</code></label></td>'
            if not has_gaps
            else (f"<tr><td><code>{name}</code></td>")
        )
        yield field.replace("<input ", f'<input id="{_id(path)}-{_id(one["name"])}" ').replace(
            "<select ", f'<select id="{_id(path)}-{_id(one["name"])}" '
        )
        yield f"<td>{about}</td></tr>"
    yield "</tbody></table>"
    if not has_gaps:
        yield "<button>Ask</button></details></form>"
    else:
        yield "</details>"


def _input(parameter: Mapping[str, Any]) -> str:
    name = escape(parameter["name"])
    if parameter["schema"].get("type") == "boolean":
        return f'<select name="{name}"><option></option><option>true</option><option>false</option></select>'
    kind = {"integer": "number"}.get(parameter["schema"].get("type", ""), "text")
    return f'<input name="{name}" type="{kind}" placeholder="{escape(str(parameter.get("example", "")))}">'


def _limits(schema: Mapping[str, Any]) -> str:
    if "default" not in schema:
        return ""
    return f" If not given: <code>{escape(str(schema['default']).lower())}</code>."


def _answer(response: Mapping[str, Any]) -> str:
    told = []
    for media_type, content in response.get("content", {}).items():
        told.append(f"{_type(content['schema'])} (<code>{escape(media_type)}</code>)")
    return f"{escape(response['description'])} {' '.join(told)}"


def _schema(name: str, schema: Mapping[str, Any]) -> str:
    rows = [
        f"<tr><td><code>{escape(key)}</code>{'' if key in schema.get('required', []) else ' (not always)'}</td>"
        f"<td>{_type(one)}</td><td>{escape(one.get('description', ''))}</td></tr>"
        for key, one in schema.get("properties", {}).items()
    ]
    return (
        f'<h3 id="schema-{escape(name)}">{escape(name)}</h3><p>{escape(schema.get("description", ""))}</p>'
        f"<table><thead><tr><th>Name</th><th>Type</th><th>What it is</th></tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def _type(schema: Mapping[str, Any]) -> str:
    """A schema in a few words, with ways to what it refers to."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#schema-{escape(name)}">{escape(name)}</a>'
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if "const" in schema:
        return f"<code>{escape(str(schema['const']))}</code>"
    if "enum" in schema:
        return ", ".join(f"<code>{escape(str(one))}</code>" for one in schema["enum"])
    kind = schema.get("type", "any value")
    if kind == "array":
        return f"list of {_type(schema['items'])}"
    if kind == "object" and "properties" in schema:
        inner = ", ".join(
            f"<code>{escape(key)}</code>: {_type(one)}" for key, one in schema["properties"].items()
        )
        return f"{{{inner}}}"
    return " or ".join(kind) if isinstance(kind, list) else str(kind)
