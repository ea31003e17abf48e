"""What makes reading fast reads nothing else: each short way is held against the long one."""

from __future__ import annotations

import inspect
import pickle
import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache
from typing import get_args, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialist.criteria import (
    criterion,
    doubts,
    doubts_words,
    lexicon,
    member,
    modality,
    no_limits,
    nodes,
    parse,
    parse_criteria,
    pieces,
    relations,
    shapes_joints,
    split,
    statements,
    steps,
    tokens,
    told,
)
from trialist.criteria.caseless import Caseless, lowered
from trialist.criteria.clause import Clause
from trialist.criteria.normalise import normalise
from trialist.criteria.permissions import SHUT_OUT
from trialist.criteria.piece import Piece
from trialist.criteria.questions import by_kind
from trialist.criteria.quick import quick
from trialist.criteria.quick import replace as quick_replace
from trialist.criteria.stance import read_voices
from trialist.criteria.tokens import tokenise
from trialist.criteria.witness import Witness
from trialist.registry.criteria_index import parse_stored, parse_together

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


@given(st.text(alphabet="aegisEGIS 18.-_'/é\n", max_size=14))
@settings(max_examples=500, deadline=None)
def test_words_of_letters_alone_are_the_tokens_that_they_are_by_the_other_rules(text: str):
    at_once = r"[A-Za-z]{3,}+(?![\w'])|"
    pattern = tokens._TOKEN.pattern
    assert at_once in pattern
    others = re.compile(pattern.replace(at_once, ""), re.DOTALL)
    assert tokens._TOKEN.findall(text) == others.findall(text)


def test_limits_are_false_only_where_there_are_some(monkeypatch: pytest.MonkeyPatch):
    some = _usual_sets()
    monkeypatch.setattr(no_limits, "_MAY_LIMIT", frozenset(get_args(nodes.Atom)))
    assert list(_sets()) == some


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
    patterns = doubts_words._patterns()
    for text in TEXTS:
        words = {token.text for token in tokenise(text)}
        by_word = doubts_words._patterns_by_word()
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


def _sets():
    """What is read of the cases, each as an exclusion, and eight together as a text."""
    for first in range(0, len(TEXTS), 8):
        some = "\n".join(f"* {text}" for text in TEXTS[first : first + 8])
        yield parse_criteria(f"Inclusion Criteria:\n{some}\n\nExclusion Criteria:\n{some}")


@cache
def _usual_sets():
    return list(_sets())


def test_items_that_take_steps_together_are_read_as_alone(monkeypatch: pytest.MonkeyPatch):
    some = _usual_sets()

    def one_by_one(runs: Sequence[steps.Steps[object]]) -> steps.Steps[list[object]]:
        yield
        return [steps.alone(run) for run in runs]

    monkeypatch.setattr(parse, "together", one_by_one)
    assert list(_sets()) == some


@given(st.lists(st.integers(0, 4), max_size=80))
@settings(max_examples=50, deadline=None)
def test_what_takes_steps_together_keeps_its_place(lengths: list[int]):
    def run(length: int) -> steps.Steps[int]:
        for _ in range(length):
            yield
        return length

    assert steps.alone(steps.together([run(length) for length in lengths])) == lengths


def test_studies_that_are_parsed_together_are_parsed_as_alone():
    raws = [
        b'{"protocolSection": {"eligibilityModule": {"eligibilityCriteria": "Exclusion Criteria:\\n* %s"}}}' % text.encode()
        for text in TEXTS[:40]
        if text.isascii() and text.isprintable() and not set(text) & set('"\\')
    ]  # fmt: skip
    raws.insert(3, b"no study")
    members = [(number, 1) for number in range(len(raws))]
    found = parse_together(members, raws)
    assert found == [parse_stored(*member, raw) for member, raw in zip(members, raws, strict=True)]
    assert [one.number for one in found if one.problem] == [3]


def test_a_pattern_is_tried_wherever_it_finds_something():
    met: Counter[str] = Counter()
    for text in TEXTS:
        for said in (text, f"{text} These patients are eligible", f"{text}, as defined in the protocol"):
            low = lowered(said)
            for name in modality.NEEDED:
                if modality.patterns()[name].of(low).search(low.text) is not None:
                    assert modality.can_stand(name, low)
                    met[name] += 1
                met["left out"] += not modality.can_stand(name, low)
    assert min(met[name] for name in (*modality.NEEDED, "left out")) > 100


PERMITS = ("allow", "permitted", "is ", "are ", "may ", "be ", "can ", "no ", "not ", "does ", "do ", "eligible", "acceptable", "accepted", "excluded", "exclusion", "exclude", "preclude", "required", "included", "enrolled", "participate", "have had", "receive", "restriction", "limit", "minimum", "maximum", "upper age", "mandatory", "necessary", "ok", ".", "considered ", "contraindicated")  # fmt: skip


@given(st.lists(st.sampled_from(PERMITS), min_size=1, max_size=6))
@settings(max_examples=1000, deadline=None)
def test_what_permits_has_letters_that_are_looked_for_first(parts: list[str]):
    low = lowered("".join(parts))
    if modality.patterns()["permissive"].of(low).search(low.text) is not None:
        assert modality.can_stand("permissive", low)


@pytest.mark.parametrize("name, kinds, asks", [*doubts.QUESTIONS, *shapes_joints.BY_NODES])
def test_a_question_is_asked_of_the_kinds_of_parts_that_its_signature_names(
    name: str, kinds: tuple[type, ...], asks: Callable[..., bool]
):
    named = get_type_hints(asks)["node"]
    assert set(kinds) == set(get_args(named) or (named,)), name


def test_every_question_is_asked_in_the_order_of_its_table():
    by_name = {name: kinds for name, kinds, _ in doubts.QUESTIONS}
    asked = {kind: [name for name, _ in rows] for kind, rows in by_kind(doubts.QUESTIONS).items()}
    assert set(asked) == {kind for kinds in by_name.values() for kind in kinds}
    for kind, names in asked.items():
        assert names == [name for name, kinds in by_name.items() if kind in kinds]


def test_a_member_of_one_piece_is_what_the_piece_says(monkeypatch: pytest.MonkeyPatch):
    met: Counter[bool] = Counter()
    reader = member.MemberReader
    short = reader.read

    def both(self: member.MemberReader, given_pieces: list[Piece], waiting: member.Modifiers) -> object:
        is_short = len(given_pieces) == 1 and not waiting and not waiting.used
        if is_short and member.is_settled(given_pieces[0]):
            assert short(self, given_pieces, waiting) == self.read_several(given_pieces, waiting)
        met[is_short] += 1
        return short(self, given_pieces, waiting)

    monkeypatch.setattr(reader, "read", both)
    for _ in _sets():
        pass
    assert min(met.values()) > 100


def test_a_voice_of_one_subject_says_what_it_says_when_it_is_cut():
    count = 0
    for found in _usual_sets():
        voices = read_voices(found, Witness())
        for subject, said in voices.by_id.items():
            for voice in said:
                cut = told._cut(voice, subject)
                assert cut == replace(
                    voice,
                    expr=told._about(voice.expr, subject),
                    parts=tuple(part for part in voice.parts if part[1] == subject),
                )
                count += cut is voice
    assert count > 50


def _begins_so(word: str, stem: str) -> bool:
    return word.startswith(stem) and (len(stem) >= statements._STEM or word == stem)


def test_words_meet_the_needs_that_they_begin():
    needs, begun = statements._needs()
    for text in TEXTS:
        for token in tokenise(text):
            met = {
                (at, part)
                for at, need in enumerate(needs)
                for part, stems in enumerate(need.all_of)
                if any(_begins_so(token.text, stem) for stem in stems)
            }
            assert set(statements.met_by(token.text)) == met
    assert begun


def test_of_several_entries_for_a_stretch_the_first_kind_is_taken():
    clause = Clause(tokenise("graft"), "graft", nodes.Span)
    rank = (*pieces._THINGS, *pieces._STATES, *pieces._MEASURES)
    row = {"kind": "drug", "words": "graft"}
    for at, kind in enumerate(rank):
        for other in rank[at + 1 :]:
            alone = pieces._from_hits(clause, [lexicon.Hit(lexicon.Entry(kind, "x", row), 0, 1)])
            hits = [lexicon.Hit(lexicon.Entry(one, "x", row), 0, 1) for one in (other, kind)]
            assert pieces._from_hits(clause, hits) == alone
