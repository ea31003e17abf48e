"""Sentences from templates: the small language of the tables and its renderer.

A template is text with braces. `{name}` stands for one entry of the lexicon's list `name`; `{one|two|three}` for one
of the alternatives written there (an empty one is allowed); `{@name}` for a value of the study (`CONTEXT`). Entries
and alternatives are templates themselves. Weights are written by repeating an entry. There is no way to write a brace.

Every list is written out when it is compiled: its entries become a pool of ready texts drawn with a fixed seed, in
which only the study's own values are still open. At run time a sentence costs one index and one join, however deep
the templates under it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any, TypeAlias
from zlib import crc32

import orjson

# A sentence ready for use: a string, or a tuple of strings and places in the context (integers).
Phrase: TypeAlias = "str | tuple[str | int, ...]"
# A parsed template: a string, or a tuple of strings, places in the context, and choices (lists of the same).
Template: TypeAlias = "str | tuple[Any, ...]"

CONTEXT = (
    "condition",
    "disease",
    "drug",
    "comparator",
    "minimum_age",
    "maximum_age",
    "count",
    "sponsor",
    "arm",
    "place",
)
_PLACE = {name: place for place, name in enumerate(CONTEXT)}
_POOL_SEED = 20_240_229
_ONE_POOL = 1500  # texts a list is written out to at most
_LONG_LIST = 12
_NEEDS_ESCAPE = re.compile(r"([<>\[\]*~^&])")


def escape(text: str) -> str:
    r"""Text as the registry's CommonMark writes it: `\>`, `\<`, `\[`, `\*`, `\~`, `\^`, `\&`."""
    return _NEEDS_ESCAPE.sub(r"\\\1", text)


def quoted(text: str) -> str:
    """The text as it stands between the quotes of a JSON string."""
    return orjson.dumps(text)[1:-1].decode()


def quoted_phrase(phrase: Phrase) -> Phrase:
    """A phrase that, rendered with a quoted context, is quoted."""
    if isinstance(phrase, str):
        return quoted(phrase)
    return tuple(quoted(part) if isinstance(part, str) else part for part in phrase)


class Compiler:
    """Templates of one lexicon to phrases; with `markup`, literal text is escaped as the registry does."""

    def __init__(self, lexicon: Mapping[str, Sequence[str]], *, markup: bool = False) -> None:
        self._lexicon = lexicon
        self._markup = markup
        self._lists: dict[str, list[Phrase]] = {}

    def choices(self, name: str) -> list[Phrase]:
        """The entries of one list of the lexicon, written out."""
        if name not in self._lists:
            templates = [self._template(text) for text in self._lexicon[name]]
            size = min(2 * sum(map(_variety, templates)), _ONE_POOL)
            size = (
                len(templates)
                if all(isinstance(one, str) for one in templates)
                else max(size, len(templates))
            )
            # Each list has its own stream, so that it does not matter which one is asked for first.
            unit = Random(_POOL_SEED + crc32(name.encode())).random
            self._lists[name] = [_expand(templates[place % len(templates)], unit) for place in range(size)]
        return self._lists[name]

    def variants(self, text: str, count: int) -> list[Phrase]:
        """One template, written out `count` times."""
        template = self._template(text)
        unit = Random(_POOL_SEED + crc32(text.encode())).random
        return [_expand(template, unit) for _ in range(count)]

    def _template(self, text: str) -> Template:
        parts, end = self._sequence(text, 0, stop="")
        if end != len(text) or any(isinstance(part, str) and "}" in part for part in parts):
            raise ValueError(f"unbalanced braces: {text!r}")
        return parts

    def _sequence(self, template: str, start: int, stop: str) -> tuple[Template, int]:
        parts: list[Any] = []
        at = start
        while at < len(template) and template[at] not in stop:
            if template[at] == "{":
                part, at = self._slot(template, at + 1)
                parts.append(part)
                continue
            end = at
            while end < len(template) and template[end] not in "{" + stop:
                end += 1
            literal = template[at:end]
            parts.append(escape(literal) if self._markup else literal)
            at = end
        if not parts:
            return "", at
        if len(parts) == 1 and isinstance(parts[0], str):
            return parts[0], at
        return tuple(parts), at

    def _slot(self, template: str, at: int) -> tuple[Any, int]:
        close = template.find("}", at)
        name = template[at:close]
        if name.startswith("@"):
            return _PLACE[name[1:]], close + 1
        if name in self._lexicon:
            return self.choices(name), close + 1
        choices: list[Template] = []
        while True:
            choice, at = self._sequence(template, at, stop="|}")
            choices.append(choice)
            if at >= len(template):
                raise ValueError(f"unbalanced braces: {template!r}")
            if template[at] == "}":
                break
            at += 1
        if len(choices) == 1:
            raise ValueError(f"no list of this name: {name!r} in {template!r}")
        return choices, at + 1


def _variety(template: Template | list[Template] | int) -> int:
    """How many different texts a template can become."""
    if isinstance(template, list):
        return sum(map(_variety, template))
    if isinstance(template, tuple):
        return math.prod(map(_variety, template))
    return 1


def _expand(template: Template, unit: Callable[[], float]) -> Phrase:
    """The template with its choices made; a long list does not say the same twice in one sentence."""
    if isinstance(template, str):
        return template
    out: list[str | int] = []
    for part in template:
        if not isinstance(part, list):
            out.append(part)
            continue
        place = int(unit() * len(part))
        chosen = part[place]
        if len(part) > _LONG_LIST and chosen in out:
            chosen = part[place - 1]
        chosen = _expand(chosen, unit)
        if isinstance(chosen, str):
            out.append(chosen)
        else:
            out += chosen
    return _joined(out)


def _joined(parts: list[str | int]) -> Phrase:
    found: list[str | int] = []
    for part in parts:
        if isinstance(part, str) and found and isinstance(found[-1], str):
            found[-1] += part
        elif part != "":
            found.append(part)
    if not found:
        return ""
    if len(found) == 1 and isinstance(found[0], str):
        return found[0]
    return tuple(found)


def render(phrase: Phrase, context: Sequence[str]) -> str:
    """The phrase in words."""
    if type(phrase) is str:
        return phrase
    return "".join([part if type(part) is str else context[part] for part in phrase])  # type: ignore[index]
