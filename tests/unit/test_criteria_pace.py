"""What makes reading fast reads nothing else: each short way is held against the long one."""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialist.criteria import parse as parsing
from trialist.criteria import parse_criteria
from trialist.criteria.caseless import Caseless, lowered
from trialist.criteria.remembered import MEMORY, Memory
from trialist.criteria.statement import read_item
from trialist.demo.registry import generate_study
from trialist.record import Study

from support.shared import REGISTRY, iter_lines, needs_shared

LINES = (
    "Age ≥ 18 years", "Age = 18 years", "18 - 75 years old", "\\>= 2 \\* ULN", "ALT or AST \\> 2.5 x ULN;", "Pregnant or breast-feeding women", "ECOG 0-1", "Creatinine &lt; 1.5 mg/dL",
    "History of myocardial infarction within 6 months prior to randomization", "Known hypersensitivity to iodine (e.g. contrast agents).", "Able to give informed consent",
    "at least two of the following:", "Women of childbearing potential must use contraception", "WBC \\> 3.0 x 10\\^9/L", "HIV positive", "platelets = 100,000/mm3", "Note: see protocol",
    "in the opinion of the investigator, unsuitable", "no prior chemotherapy", "Chemotherapy: none in the last 4 weeks", "NYHA class III or IV heart failure", "İnfection", "K ≤ 5.5 mmol/L, normal",
)  # fmt: skip
MARKS = ("", "* ", "- ", "1. ", "12. ", "  * ", "a) ", "• ")
ENDS = ("\n", "\n\n", "\r\n", " \n", "; ", "")
HEADS = ("Inclusion Criteria:\n\n", "Exclusion Criteria:\n", "Age:\n", "Donor:\n", "")


class Plain:
    """In the place of the memory: every line is read."""

    read = staticmethod(read_item)


def texts(count: int, seed: int) -> Iterator[str]:
    """Texts made of the same few lines in ever new places."""
    chance = random.Random(seed)
    for _ in range(count):
        parts = [chance.choice(HEADS)]
        for _ in range(chance.randrange(1, 9)):
            line = chance.choice(LINES)
            line = line.upper() if chance.random() < 0.1 else line
            parts += [chance.choice(MARKS), line, chance.choice(ENDS)]
            parts += [chance.choice(HEADS)] if chance.random() < 0.2 else []
        yield "".join(parts)


def both_ways(monkeypatch: pytest.MonkeyPatch, given_texts: list[tuple[str, Study | None]]) -> None:
    """Read all texts line by line, then twice with a memory: all three have to be the same."""
    with monkeypatch.context() as patched:
        patched.setattr(parsing, "MEMORY", Plain)
        plain = [parse_criteria(text, study) for text, study in given_texts]
    MEMORY.forget()
    for _ in range(2):
        for (text, study), wanted in zip(given_texts, plain, strict=True):
            assert parse_criteria(text, study) == wanted


def test_a_remembered_line_is_read_as_ever(monkeypatch: pytest.MonkeyPatch):
    both_ways(monkeypatch, [(text, None) for text in texts(150, seed=1)])
    assert len(MEMORY) > 100


def test_invented_studies_are_read_as_ever(monkeypatch: pytest.MonkeyPatch):
    studies = [Study.from_record(generate_study(number, seed=5)) for number in range(25)]
    both_ways(monkeypatch, [(str(one["EligibilityCriteria"] or ""), one) for one in studies])


@needs_shared
def test_real_texts_are_read_as_ever(monkeypatch: pytest.MonkeyPatch):
    studies = [
        Study.from_json(line)
        for place, line in enumerate(iter_lines(REGISTRY / "studies.v2.ndjson.zst"))
        if place % 120 == 0
    ]
    both_ways(monkeypatch, [(str(one["EligibilityCriteria"] or ""), one) for one in studies])


def test_the_fields_of_one_study_say_nothing_of_another():
    def study(age: str) -> Study:
        return Study.from_record(
            {"protocolSection": {"eligibilityModule": {"minimumAge": age, "maximumAge": "80 Years"}}}
        )

    text = "Inclusion Criteria:\n\n* Age = 18 years"
    MEMORY.forget()
    settled, open_ = parse_criteria(text, study("18 Years")), parse_criteria(text, study("30 Years"))
    assert settled.criteria[0].expr != open_.criteria[0].expr
    assert parse_criteria(text, study("18 Years")) == settled


def test_the_memory_forgets_what_is_not_asked_for(monkeypatch: pytest.MonkeyPatch):
    small = Memory(most=8)
    monkeypatch.setattr(parsing, "MEMORY", small)
    for place in range(200):
        parse_criteria(f"Inclusion Criteria:\n\n* Diabetes since {place} months\n* HIV positive")
        assert len(small) <= 16
    assert any("HIV positive" in key for key in [*small._young, *small._old])


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
