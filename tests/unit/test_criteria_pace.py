"""What makes reading fast reads nothing else: each short way is held against the long one."""

from __future__ import annotations

import re
import sys

from hypothesis import given, settings
from hypothesis import strategies as st

from trialist.criteria.caseless import Caseless, lowered

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
