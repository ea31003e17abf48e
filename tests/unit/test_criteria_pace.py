"""What makes reading fast reads nothing else: each short way is held against the long one."""

from __future__ import annotations

import inspect
import pickle
import re
import sys
from dataclasses import dataclass, fields, is_dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialist.criteria import criterion, lexicon, nodes
from trialist.criteria.caseless import Caseless, lowered
from trialist.criteria.quick import quick
from trialist.criteria.tokens import tokenise

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
