"""The words of `rules/*.toml`, ready to be found in a run of tokens: the longest entry that begins at a token wins."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from trialist.criteria.quick import quick
from trialist.criteria.tokens import Token, tokenise

SEXES = {
    "male": "male", "males": "male", "men": "male", "man": "male", "boys": "male", "boy": "male", "female": "female",
    "females": "female", "women": "female", "woman": "female", "girls": "female", "girl": "female",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """What a run of words stands for: `kind` (variable, condition, drug, status …), `id` in its table, the table's row."""

    kind: str
    id: str
    row: Mapping[str, Any]


@quick
@dataclass(frozen=True, slots=True)
class Hit:
    """An entry found at tokens `first` to `last` (exclusive)."""

    entry: Entry
    first: int
    last: int


class Lexicon:
    """Entries by their words; `starts` has every word that one of them begins with."""

    def __init__(self) -> None:
        self._root: _Node = _Node()
        self._seen: set[tuple[tuple[str, ...], str]] = set()
        self.starts: Mapping[str, object] = self._root.below

    def add(self, kind: str, entry_id: str, words: str, row: Mapping[str, Any], plural: bool = False) -> None:
        """Add an entry under each of its words, which are parted by |; a word behind ~ is narrower than the entry, one behind ~~ only kin to it."""
        exact, narrower = Entry(kind, entry_id, row), Entry(kind, entry_id, {**row, "narrower": True})
        kin = Entry(kind, entry_id, {**row, "narrower": True, "kin": True})
        for word in words.split("|"):
            marked = len(word) > 1
            entry = kin if word.startswith("~~") else narrower if word.startswith("~") and marked else exact
            word = word.lstrip("~") or word
            parts = _parts(word)
            if not parts:
                continue
            capital = bool(row.get("case")) or (len(parts) == 1 and parts[0] in word_set("capitals_only"))
            self._put(parts, entry, capital)
            if plural and parts[-1][-1:].isalpha() and parts[-1][-1] not in "sy" and len(parts[-1]) > 2:
                self._put((*parts[:-1], parts[-1] + "s"), entry, capital)

    def joined(self, other: Lexicon) -> Lexicon:
        """A lexicon to look in once for the entries of both; of entries for one run of words, its own come first."""
        both = Lexicon()
        both._root = _joined(self._root, other._root)
        both.starts = both._root.below
        return both

    def _put(self, parts: tuple[str, ...], entry: Entry, capital: bool) -> None:
        if (parts, entry.kind) in self._seen:
            return
        self._seen.add((parts, entry.kind))
        node = self._root
        for part in parts:
            node = node.below.setdefault(part, _Node())
        node.entries = (*node.entries, (entry, capital))

    def at(self, tokens: Sequence[Token], place: int, text: str) -> list[Hit]:
        """The entries of the longest run of words that begins at a token; several kinds may share it."""
        node = self._root.below.get(tokens[place][1])
        if node is None:
            return []
        passed: list[tuple[int, tuple[tuple[Entry, bool], ...]]] = []
        last, size = place + 1, len(tokens)
        entries, ends = node.entries, last
        while last < size and (node := node.below.get(tokens[last][1])) is not None:
            last += 1
            if node.entries:
                if entries:
                    passed.append((ends, entries))
                entries, ends = node.entries, last
        if not entries and not passed:
            return []
        while True:
            hits = [
                Hit(entry, place, ends)
                for entry, capital in entries
                if not capital or _has_capital(text, tokens[place])
            ]
            if hits or not passed:
                return hits
            ends, entries = passed.pop()


_PLAIN_WORDS = re.compile(r"[A-Za-z]+(?: +[A-Za-z]+)*")


def _parts(words: str) -> tuple[str, ...]:
    """The tokens of some words in small letters; of words of letters alone, as most are, the words."""
    if _PLAIN_WORDS.fullmatch(words):
        return tuple(words.lower().split())
    return tuple(token.text.lower() for token in tokenise(words.strip()))


@dataclass(slots=True)
class _Node:
    """What may follow a run of words, and the entries that end with it."""

    below: dict[str, _Node] = field(default_factory=dict)
    entries: tuple[tuple[Entry, bool], ...] = ()


def _joined(one: _Node, other: _Node) -> _Node:
    """A node with what two have, the entries of the first before those of the second; what one alone has is shared with it."""
    below = {**other.below, **one.below}
    for word in one.below.keys() & other.below.keys():
        below[word] = _joined(one.below[word], other.below[word])
    return _Node(below, (*one.entries, *other.entries))


def _has_capital(text: str, token: Token) -> bool:
    said = text[token.start : token.end]
    if len(said) == 2 and token.text in word_set("capitals_only"):
        return said.isupper() or said == "Cr"  # `Mi` may be anything
    return said != said.lower()


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
def measured_by() -> Mapping[str, str]:
    """Condition → the variable that its name is about (hyperkalaemia: potassium)."""
    found: Mapping[str, str] = read_rules("conditions.toml")["measured_by"]
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
    lexicon.add("optional", "optional", cues()["optional"]["words"], {})
    lexicon.add("exception", "except", cues()["exception"]["words"], {})
    return lexicon


@cache
def names() -> Lexicon:
    """Things and modifiers: what `things` and `modifiers` find, the longest of either."""
    return things().joined(modifiers())


@cache
def anchors() -> Lexicon:
    """What a window of time may stand beside."""
    lexicon = Lexicon()
    for anchor_id, words in cues()["anchor"].items():
        lexicon.add("anchor", anchor_id, words, {})
    return lexicon
