"""Sentences from templates: the small language of the tables and its renderer.

A template is text with braces. `{name}` stands for one entry of the lexicon's list `name`; `{one|two|three}` for one
of the alternatives written there (an empty one is allowed); `{@name}` for a value of the study (`CONTEXT`). Entries
and alternatives are templates themselves. Weights are written by repeating an entry. There is no way to write a brace.

Every list is written out when it is compiled: its entries become a pool of ready texts drawn with a fixed seed, in
which only the study's own values are still open. At run time a sentence costs one index and at most one join,
however deep the templates under it; so does a whole paragraph of them (`strung`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from random import Random
from typing import Any, NamedTuple, TypeAlias
from zlib import crc32

import orjson


class Form(NamedTuple):
    """A text with blanks: what stands around them, and their places in a context.

    When all blanks are the same one, `parts` are the literals, and joining them with its value fills them in; otherwise
    there is a place to put each value between them. Both are much quicker than `%`, which reads every character.
    """

    parts: list[str]
    places: tuple[int, ...]
    values: Callable[[Sequence[str]], Any] | None

    @property
    def literals(self) -> list[str]:
        """What stands before, between and after the blanks."""
        return self.parts[::2] if self.values else self.parts


# A sentence ready for use: a string, or a form to be filled in.
Phrase: TypeAlias = "str | Form"
# A sentence written out but not sealed: a string, or a tuple of strings and places in the context (integers).
Draught: TypeAlias = "str | tuple[str | int, ...]"
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
    return form([quoted(literal) for literal in phrase.literals], phrase.places)


def form(literals: list[str], places: tuple[int, ...]) -> Form:
    """A form of one literal more than there are blanks."""
    if len(set(places)) == 1:
        return Form(literals, places, None)
    return Form([part for literal in literals for part in (literal, "")][:-1], places, itemgetter(*places))


def sealed(draught: Draught) -> Phrase:
    """A draught, quick to render from now on."""
    if isinstance(draught, str):
        return draught
    literals = [""]
    for part in draught:
        if isinstance(part, str):
            literals[-1] += part
        else:
            literals.append("")
    return form(literals, tuple(part for part in draught if isinstance(part, int)))


def strung(phrases: Sequence[Phrase], between: str = "") -> Phrase:
    """Phrases one after another, as one."""
    if all(type(phrase) is str for phrase in phrases):
        return between.join(phrases)  # type: ignore[arg-type]  # all are texts
    literals = [""]
    places: list[int] = []
    for number, phrase in enumerate(phrases):
        first, *more = phrase.literals if isinstance(phrase, Form) else [phrase]
        literals[-1] += between + first if number else first
        literals += more
        if isinstance(phrase, Form):
            places += phrase.places
    return form(literals, tuple(places)) if places else literals[0]


class Compiler:
    """Templates of one lexicon to phrases; with `markup`, literal text is escaped as the registry does."""

    def __init__(self, lexicon: Mapping[str, Sequence[str]], *, markup: bool = False) -> None:
        self._lexicon = lexicon
        self._markup = markup
        self._lists: dict[str, list[Draught]] = {}

    def choices(self, name: str) -> list[Draught]:
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

    def variants(self, text: str, count: int) -> list[Draught]:
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


def _expand(template: Template, unit: Callable[[], float]) -> Draught:
    """The template with its choices made; a long list does not say the same twice in one sentence."""
    if isinstance(template, str):
        return template
    found: list[str | int] = []
    _fill(template, unit, found)
    # Between two blanks lies one text, whatever it was put together from.
    parts: list[str | int] = []
    start = 0
    for end, part in enumerate(found):
        if isinstance(part, int):
            parts += ("".join(found[start:end]), part)  # type: ignore[arg-type]  # texts lie between
            start = end + 1
    parts.append("".join(found[start:]))  # type: ignore[arg-type]  # and behind
    return tuple(part for part in parts if part != "") if start else str(parts[0])


def _fill(template: tuple[Any, ...], unit: Callable[[], float], found: list[str | int]) -> None:
    for part in template:
        if type(part) is not list:
            found.append(part)
            continue
        place = int(unit() * len(part))
        chosen = part[place]
        if len(part) > _LONG_LIST and chosen in found:
            chosen = part[place - 1]
        if type(chosen) is str:
            found.append(chosen)
        else:
            _fill(chosen, unit, found)


def render(phrase: Phrase, context: Sequence[str]) -> str:
    """The phrase in words."""
    if isinstance(phrase, str):
        return phrase
    parts, places, values = phrase
    if values is None:
        return context[places[0]].join(parts)
    filled = parts.copy()
    filled[1::2] = values(context)
    return "".join(filled)
