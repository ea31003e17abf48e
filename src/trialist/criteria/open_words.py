"""Words in no table, recognised by their form: names of diseases, drugs and operations; their words are kept, no code given."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from trialist.criteria.lexicon import read_rules
from trialist.criteria.nodes import Concept, Exposure, Expr, Span


@cache
def _rules() -> Mapping[str, Any]:
    return read_rules("open_words.toml")


@cache
def heads() -> frozenset[str]:
    """Nouns that end the name of a condition."""
    return frozenset(_rules()["condition"]["heads"].split("|"))


@cache
def exposure_heads() -> frozenset[str]:
    """Nouns that end the name of a treatment."""
    return frozenset(_rules()["exposure"]["heads"].split("|"))


@cache
def exposure_cues() -> frozenset[str]:
    """Phrases behind which unknown words are something that was given."""
    return frozenset(_rules()["exposure"]["cues"].split("|"))


@cache
def _condition_ends() -> tuple[tuple[str, ...], frozenset[str]]:
    rules = _rules()["condition"]
    return tuple(rules["ends"]), frozenset(rules["never"])


@cache
def _drug_stems() -> tuple[tuple[str, ...], frozenset[str]]:
    rules = read_rules("drugs.toml")["stems"]
    return tuple(rules["ends"]), frozenset(rules["never"])


@cache
def _procedure_ends() -> tuple[tuple[str, ...], frozenset[str]]:
    rules = read_rules("procedures.toml")["suffixes"]
    return tuple(rules["ends"]), frozenset(rules["never"])


def _ends_so(word: str, rules: tuple[tuple[str, ...], frozenset[str]], least: int) -> bool:
    return len(word) >= least and word.endswith(rules[0]) and word not in rules[1]


@lru_cache(1 << 14)
def by_its_end(word: str) -> tuple[bool, bool, bool]:
    """Whether a word ends as those for a procedure do, for a condition, for a drug."""
    singular = word[:-1] if word.endswith("s") and len(word) > 5 else word
    is_procedure = _ends_so(word, _procedure_ends(), 7) or _ends_so(singular, _procedure_ends(), 7)
    return is_procedure, _ends_so(word, _condition_ends(), 6), _ends_so(singular, _drug_stems(), 6)


_LONGEST_NAME = 6
# Any other antibody is one that is found in somebody.
_GIVEN_ANTIBODIES = frozenset(
    {"monoclonal", "therapeutic", "bispecific", "humanized", "recombinant", "checkpoint"}
)


def recognise(words: list[str], surface: str, span: Span, cue: str) -> Expr | None:
    """The atom that a run of unknown words is, by its last word or the cue before it; None when it is not known."""
    if len(words) > _LONGEST_NAME:
        return None
    last = words[-1]
    is_procedure, is_condition, is_drug = by_its_end(last)
    if is_procedure:
        return Exposure("procedure", surface, span)
    if last in {"antibody", "antibodies"} and (cue or set(words) & _GIVEN_ANTIBODIES):
        return Exposure("treatment", surface, span)
    if last in exposure_heads() and (len(words) > 1 or cue):
        return Exposure("treatment", surface, span)
    if last in heads() and len(words) > 1:
        return Concept("condition", surface, span)
    if is_condition:
        return Concept("condition", surface, span)
    if is_drug:
        return Exposure("drug", surface, span)
    if cue in exposure_cues() and len(words) <= 4:
        return Exposure("substance", surface, span)
    return None
