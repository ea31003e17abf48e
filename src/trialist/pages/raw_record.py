"""The JSON of a record as it stands, to fold and unfold."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.responses import Response

from trialist.errors import InvalidParameterError
from trialist.pages.asked import Asked
from trialist.pages.contexts import JsonNode, RawPage
from trialist.pages.record import stored_of
from trialist.pages.shown import Shown
from trialist.pages.study_head import study_head

_MOST_NODES = 2_500
"""A page unfolds so many values; what is behind them has a page of its own."""
_OPEN_DEPTH = 2
_LONG = 400


def raw_page(asked: Asked) -> Shown | Response:
    """`/study/{nct}/raw`; `at` is a JSON pointer below which it is shown."""
    stored = stored_of(asked)
    if isinstance(stored, Response):
        return stored
    own = f"/study/{stored.nct_id}/raw"
    study = stored.study
    pointer = asked.text("at")
    value = _at(orjson.loads(stored.raw), pointer)
    tree = Tree(own)
    node = tree.node(pointer.rpartition("/")[2] or stored.nct_id, value, pointer, 0)
    page = RawPage(
        f"JSON of {stored.nct_id}",
        study_head(stored, study, asked.today, own),
        node,
        pointer,
        len(stored.raw),
    )
    return Shown("raw.html", page)


def _at(record: Any, pointer: str) -> Any:
    value = record
    for raw in pointer.split("/")[1:]:
        key = raw.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isascii() and key.isdigit() and int(key[:9]) < len(value):
            value = value[int(key[:9])]
        else:
            raise InvalidParameterError("there is no such place in this record")
    if pointer and not pointer.startswith("/"):
        raise InvalidParameterError("there is no such place in this record")
    return value


class Tree:
    """Makes nodes until there are enough for a page."""

    def __init__(self, own: str) -> None:
        self._own = own
        self._left = _MOST_NODES

    def node(self, key: str, value: Any, pointer: str, depth: int) -> JsonNode:
        """A value and what is below it; a node without either stands for what has a page of its own."""
        self._left -= 1
        if not isinstance(value, dict | list) or not value:
            text = orjson.dumps(value).decode()
            return JsonNode(key, text, (), "", "", len(text) > _LONG, False)
        count = len(value)
        summary = f"{count:,} {'item' if isinstance(value, list) else 'key'}{'' if count == 1 else 's'}"
        if depth and self._left < count:
            return JsonNode(key, "", (), summary, pointer, False, False)
        items = value.items() if isinstance(value, dict) else ((str(at), one) for at, one in enumerate(value))
        below = []
        for name, one in items:
            if self._left <= 0:
                below.append(JsonNode("…", "", (), "the rest", pointer if depth else "", False, False))
                break
            token = name.replace("~", "~0").replace("/", "~1")
            below.append(self.node(name, one, f"{pointer}/{token}", depth + 1))
        return JsonNode(key, "", tuple(below), summary, pointer, False, depth < _OPEN_DEPTH)
