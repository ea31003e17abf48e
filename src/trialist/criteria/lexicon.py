"""The words of `rules/*.toml`, ready to be found in a run of tokens: the longest entry that begins at a token wins."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from trialist.criteria.tokens import Token, tokenise


@dataclass(frozen=True, slots=True)
class Entry:
    """What a run of words stands for: `kind` (variable, condition, drug, status …), `id` in its table, the table's row."""

    kind: str
    id: str
    row: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry found at tokens `first` to `last` (exclusive)."""

    entry: Entry
    first: int
    last: int


class Lexicon:
    """Entries by their words."""

    def __init__(self) -> None:
        self._by_first: dict[str, list[tuple[tuple[str, ...], Entry, bool]]] = {}
        self._seen: set[tuple[tuple[str, ...], str]] = set()

    def add(self, kind: str, entry_id: str, words: str, row: Mapping[str, Any], plural: bool = False) -> None:
        """Add an entry under each of its words, which are parted by |; a word behind ~ is narrower than the entry."""
        exact, narrower = Entry(kind, entry_id, row), Entry(kind, entry_id, {**row, "narrower": True})
        for word in words.split("|"):
            entry = narrower if word.startswith("~") else exact
            word = word.removeprefix("~")
            parts = tuple(token.text.lower() for token in tokenise(word.strip()))
            if not parts:
                continue
            capital = bool(row.get("case")) or (len(parts) == 1 and parts[0] in word_set("capitals_only"))
            self._put(parts, entry, capital)
            if plural and parts[-1][-1:].isalpha() and parts[-1][-1] not in "sy" and len(parts[-1]) > 2:
                self._put((*parts[:-1], parts[-1] + "s"), entry, capital)

    def _put(self, parts: tuple[str, ...], entry: Entry, capital: bool) -> None:
        if (parts, entry.kind) not in self._seen:
            self._seen.add((parts, entry.kind))
            self._by_first.setdefault(parts[0], []).append((parts, entry, capital))

    def sort(self) -> None:
        """Bring the longest entries to the front; call once after the last `add`."""
        for found in self._by_first.values():
            found.sort(key=lambda one: -len(one[0]))

    def at(self, tokens: Sequence[Token], place: int, text: str) -> list[Hit]:
        """The entries of the longest run of words that begins at a token; several kinds may share it."""
        found: list[Hit] = []
        longest = 0
        for parts, entry, capital in self._by_first.get(tokens[place].text.lower(), ()):
            size = len(parts)
            if size < longest:
                break
            if place + size > len(tokens) or any(
                tokens[place + step].text.lower() != parts[step] for step in range(1, size)
            ):
                continue
            if capital and not any(char.isupper() for char in text[tokens[place].start : tokens[place].end]):
                continue
            found.append(Hit(entry, place, place + size))
            longest = size
        return found


def read_rules(name: str) -> Mapping[str, Any]:
    """The content of one TOML file of `criteria/rules/`."""
    text = (resources.files("trialist.criteria") / "rules" / name).read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def word_set(name: str) -> frozenset[str]:
    """One of the sets of small words of `rules/words.toml`; `capitals_only` are everyday words that are also abbreviations."""
    return frozenset(read_rules("words.toml")["words"][name].split())


@cache
def cues() -> Mapping[str, Any]:
    """`rules/cues.toml`."""
    return read_rules("cues.toml")


@cache
def glue_words() -> frozenset[str]:
    """Words of no consequence for what a criterion says."""
    return frozenset(cues()["role_words"]["glue"].split("|"))


@cache
def variables() -> Mapping[str, Any]:
    """`rules/variables.toml`, id → row."""
    found: Mapping[str, Any] = read_rules("variables.toml")["variable"]
    return found


@cache
def scales() -> Mapping[str, Any]:
    """`rules/scales.toml`, id → row."""
    found: Mapping[str, Any] = read_rules("scales.toml")["scale"]
    return found


@cache
def tables() -> Mapping[str, Mapping[str, Any]]:
    """Kind → id → row, for every table of things."""
    return {
        "variable": variables(),
        "scale": scales(),
        "condition": read_rules("conditions.toml")["condition"],
        "drug": read_rules("drugs.toml")["drug"],
        "procedure": read_rules("procedures.toml")["procedure"],
        "serology": read_rules("markers.toml")["serology"],
        "marker": read_rules("markers.toml")["marker"],
    }


@cache
def comparison_words() -> Lexicon:
    """Comparisons: before a number (`before`), behind one (`behind`), and the words of ranges."""
    lexicon = Lexicon()
    for op, words in cues()["comparison"]["before"].items():
        lexicon.add("before", op, words, {})
    for op, words in cues()["comparison"]["behind"].items():
        lexicon.add("behind", op, words, {})
    lexicon.add("between", "between", cues()["range"]["between"], {})
    lexicon.add("join", "join", cues()["range"]["join"], {})
    lexicon.sort()
    return lexicon


@cache
def things() -> Lexicon:
    """Variables, scales, conditions, drugs, procedures, tests, markers."""
    lexicon = Lexicon()
    qualifiers = {
        word
        for kind in ("status", "severity", "certainty", "current")
        for word in cues()["words"][kind].split("|")
    }
    for kind, rows in tables().items():
        for entry_id, row in rows.items():
            words = row["words"].split("|")
            kept = [
                word for word in words if not (kind == "condition" and _is_qualified(word, words, qualifiers))
            ]
            lexicon.add(
                kind,
                entry_id,
                "|".join(kept),
                {**row, "case": kind == "marker" or row.get("case")},
                plural=True,
            )
    lexicon.sort()
    return lexicon


def _is_qualified(word: str, words: Sequence[str], qualifiers: set[str]) -> bool:
    """Whether a name is another name of the same thing behind a word that is read by itself (`active hepatitis`)."""
    first, _, rest = word.partition(" ")
    return first in qualifiers and rest in words


@cache
def modifiers() -> Lexicon:
    """History, current use, status, severity, certainty, routes, states of reproduction, negation, exceptions."""
    lexicon = Lexicon()
    for kind, words in cues()["words"].items():
        lexicon.add(kind, kind, words, {})
    lexicon.add("negation", "no", cues()["negation"]["words"], {})
    lexicon.add("blank", "never", cues()["negation"]["never"], {})
    lexicon.add("exception", "except", cues()["exception"]["words"], {})
    lexicon.sort()
    return lexicon


@cache
def anchors() -> Lexicon:
    """What a window of time may stand beside."""
    lexicon = Lexicon()
    for anchor_id, words in cues()["anchor"].items():
        lexicon.add("anchor", anchor_id, words, {})
    lexicon.sort()
    return lexicon
