"""What makes reading fast reads nothing else: each short way is held against the long one."""

from __future__ import annotations

import inspect
import pickle
import re
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialist.criteria import (
    criterion,
    doubts,
    lexicon,
    nodes,
    parse,
    parse_criteria,
    pieces,
    relations,
    split,
)
from trialist.criteria.caseless import Caseless, lowered
from trialist.criteria.clause import Clause
from trialist.criteria.normalise import normalise
from trialist.criteria.permissions import SHUT_OUT
from trialist.criteria.piece import Piece
from trialist.criteria.quick import quick
from trialist.criteria.quick import replace as quick_replace
from trialist.criteria.tokens import tokenise

from support.cases import read_cases

SAID = (
    r"\b(?:Not|no|cannot|lack\w*)\b", r"[A-Z]{2}\S*\W+(?P<Name>[a-zµ]+)", r"(?:un(?:able|willing))[ ]+(?:to[ ]+)?$", r"^\W*K[A-C]", r"\(?s\)", r"straße|[Ii]ssue",
)  # fmt: skip


@given(st.sampled_from(SAID), st.text(alphabet="aAbBcCkKnNoOsStTuUiI ßµμİıſK(),.≥1", max_size=40))
@settings(max_examples=300, deadline=None)
def test_a_pattern_finds_the_same_in_small_letters(pattern: str, text: str):
    low = lowered(text)
    found = [match.span() for match in Caseless(pattern).of(low).finditer(low.text)]
    assert found == [match.span() for match in re.finditer(pattern, text, re.IGNORECASE)]


def test_every_letter_is_small_or_the_text_is_left_as_it_is():
    every = "".join(chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000)
    for letter in "abcdefghijklmnopqrstuvwxyzµ":
        for char in re.findall(letter, every, re.IGNORECASE):
            low = lowered(char)
            assert low.text == (letter if low.is_small else char)
    for char in filter(lambda one: one.lower() != one, every):
        low = lowered(char)
        assert (len(low.text), low.text.isalnum()) == (1, char.isalnum())


@dataclass(frozen=True, slots=True, order=True)
class Plain:
    """A frozen value as the standard library makes it."""

    name: str
    start: int
    words: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.start < 0:
            raise ValueError(f"before all: {self.start}")


Quick = quick(
    dataclass(frozen=True, slots=True, order=True)(
        type("Quick", (), {**{name: Plain.__dict__[name] for name in ("__post_init__", "__module__")},
                           "__annotations__": dict(Plain.__annotations__), "words": ()})
    )
)  # fmt: skip


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 2), st.sampled_from([(), ("x",)])), min_size=2)
)
@settings(max_examples=50, deadline=None)
def test_a_quick_value_is_what_a_frozen_one_is(given_values: list[tuple[str, int, tuple[str, ...]]]):
    plain = [Plain(*one) for one in given_values]
    made = [Quick(*one) for one in given_values]
    assert [repr(one).replace("Quick", "Plain") for one in sorted(made)] == [
        repr(one) for one in sorted(plain)
    ]
    assert [hash(one) for one in made] == [hash(one) for one in plain]
    assert [one == made[0] for one in made] == [one == plain[0] for one in plain]
    assert [replace(one, start=7).start for one in made] == [7] * len(made)
    assert pickle.loads(pickle.dumps(made)) == made
    with pytest.raises(ValueError, match="before all: -1"):
        Quick("a", start=-1)
    with pytest.raises(AttributeError):
        made[0].elsewhere = 1


@pytest.mark.parametrize("module", [nodes, criterion], ids=["nodes", "criterion"])
def test_every_value_takes_its_fields_in_their_order(module: object):
    kinds = [one for one in vars(module).values() if isinstance(one, type) and is_dataclass(one)]
    for kind in kinds:
        assert list(inspect.signature(kind).parameters) == [one.name for one in fields(kind)]
    assert len(kinds) > 5


def test_the_words_of_the_tables_are_parted_as_their_tokens_are():
    words = {
        word.lstrip("~")
        for rows in lexicon.tables().values()
        for row in rows.values()
        for word in row["words"].split("|")
    }
    assert len(words) > 2000
    assert [lexicon._parts(word) for word in sorted(words)] == [
        tuple(token.text.lower() for token in tokenise(word.strip())) for word in sorted(words)
    ]


TEXTS = [case.input.removeprefix("I: ").removeprefix("E: ") for case in read_cases("criteria_plain.toml")]


def test_names_are_found_as_in_the_two_lists_of_them():
    two = lexicon.things(), lexicon.modifiers()
    count = 0
    for text in TEXTS:
        tokens = tokenise(text)
        for place in range(len(tokens)):
            apart = [hit for one in two for hit in one.at(tokens, place, text)]
            longest = max((hit.last for hit in apart), default=0)
            assert lexicon.names().at(tokens, place, text) == [hit for hit in apart if hit.last == longest]
            count += len(apart)
    assert count > 500


@given(st.text(alphabet="aegiAEKP 1,.-_'≥²\n(é", max_size=30))
@settings(max_examples=300, deadline=None)
def test_tokens_stand_where_their_words_do(text: str):
    tokens = tokenise(text)
    for token in tokens:
        said = text[token.start : token.end].lower()
        assert token.text in (said, "e.g", "i.e")
    between = zip(
        [0, *(token.end for token in tokens)], [*(token.start for token in tokens), len(text)], strict=True
    )
    assert not "".join(text[first:last] for first, last in between).strip(" \n-_")
    behind = tokenise(f"x {text}", 2)
    assert [(one.kind, one.text, one.start + 2) for one in tokens] == [one[:3] for one in behind]


@given(
    st.lists(st.sampled_from(["abc ", "\\>", "&lt;", "≥", "²", "\u200b", "½", "\r\n", "，"]), max_size=12),
    st.data(),
)
@settings(max_examples=300, deadline=None)
def test_places_differ_by_a_number_only_where_they_do(parts: list[str], data: st.DataObject):
    found = normalise("".join(parts))
    start = data.draw(st.integers(0, len(found.text)))
    end = data.draw(st.integers(start, len(found.text)))
    shift = found.shift(start, end)
    for place in range(start, end) if shift is not None else ():
        assert (found.raw_start(place), found.raw_end(place + 1)) == (place + shift, place + 1 + shift)
    assert shift == 0 or parts


def test_every_step_over_pieces_is_left_out_only_where_it_does_nothing(monkeypatch: pytest.MonkeyPatch):
    met: Counter[bool] = Counter()
    short = pieces.relate

    def both(clause: Clause, given_pieces: Sequence[Piece]) -> list[Piece]:
        long = relations._without_aims(relations._with_purposes(clause, list(given_pieces)))
        long = relations._with_naive(clause, relations._beside_events(clause, long))
        long = relations._with_limits(clause, relations._with_places(clause, long))
        found = short(clause, given_pieces)
        assert found == long
        met[found != list(given_pieces)] += 1
        return found

    monkeypatch.setattr(pieces, "relate", both)
    for text in TEXTS:
        parse_criteria(f"Exclusion Criteria:\n* {text}")
        parse_criteria(f"Inclusion Criteria:\n* {text}")
    assert met[True] > 10
    assert met[False] > 200


def test_doubts_are_tried_where_a_word_that_they_need_stands():
    patterns = doubts._patterns()
    for text in TEXTS:
        words = {token.text for token in tokenise(text)}
        by_word = doubts._patterns_by_word()
        tried = {at for word in words & by_word.keys() for at in by_word[word]}
        assert tried == {at for at, one in enumerate(patterns) if not words.isdisjoint(one.needs)}


ENDS = (" are", " is", " will be", " must", " cannot", " may not", " not", " eligible", " ineligible", " excluded", " allowed", " enrolled", " be", " participate", " take part", ".", " patients", " for the study")  # fmt: skip


@given(st.lists(st.sampled_from(ENDS), min_size=1, max_size=6))
@settings(max_examples=500, deadline=None)
def test_who_is_shut_out_is_so_by_one_of_three_words(parts: list[str]):
    text = "".join(parts)
    if SHUT_OUT.search(text) is not None:
        assert "not" in text or "ineligible" in text or "excluded" in text


def test_every_name_of_consent_has_one_of_two_words():
    said = lexicon.cues()["anchor"]["consent"].split("|")
    assert all(not pieces._CONSENT.isdisjoint(token.text for token in tokenise(one)) for one in said)
    assert len(said) > 5


def test_words_are_those_of_the_tokens_that_a_clause_has_now():
    clause = Clause(tokenise("No active infection"), "No active infection", nodes.Span)
    assert clause.words == {"no", "active", "infection"}
    clause.tokens = clause.tokens[1:]
    assert clause.words == {"active", "infection"}
    assert replace(clause, tokens=clause.tokens[1:]).words == {"infection"}


@given(st.text(alphabet="orORand/_ .,)1é", max_size=12))
@settings(max_examples=300, deadline=None)
def test_an_item_ends_in_or_where_a_pattern_says_so(text: str):
    item = split.Item(
        0, len(text), 0, "", criterion.Polarity.INCLUSION, True, criterion.Population.PATIENT, (), ()
    )
    by_pattern = re.search(r"\b(?:and/)?or\W*$", text, re.IGNORECASE) is not None
    assert parse._ends_in_or(text, item) is by_pattern


@given(st.sampled_from(["start", "words", "name"]))
@settings(max_examples=10, deadline=None)
def test_a_changed_value_is_what_the_standard_library_makes(name: str):
    value = Quick("a", 1, ("x",))
    changes = {name: {"start": 5, "words": (), "name": "b"}[name]}
    assert quick_replace(value, **changes) == replace(value, **changes)
    with pytest.raises(TypeError):
        quick_replace(value, nothing=1)
