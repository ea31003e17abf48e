"""How hard our own words are to read: those of the pages, and those of the glossary."""

from __future__ import annotations

import re
import warnings
from html import unescape
from pathlib import Path

import pytest

from trialist import pages
from trialist.pages.checklist import ANSWERED_BY
from trialist.pages.failures import _REFUSED, _TITLES
from trialist.pages.glossary import terms

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the package has escapes in its texts that Python warns of
    import readability

TEMPLATES = sorted((Path(pages.__file__).parent / "templates").rglob("*.html"))
MOST_GRADE = 8.0
_EXPRESSION = re.compile(r"\{#.*?#\}|\{%.*?%\}", re.DOTALL)
_NOT_WORDS = re.compile(r"<(svg|code|pre)\b.*?</\1>", re.DOTALL)
_BLOCK = re.compile(r"</?(?:p|li|h[1-6]|dt|dd|th|td|option|label|button|summary|div|a|title|caption)\b[^>]*>")


def sentences(template: str) -> list[str]:
    """The sentences of a template that are ours, with a short word in place of what it is given."""
    text = _NOT_WORDS.sub(" ", _EXPRESSION.sub(" ", template))
    text = re.sub(r"<[^>]+>", " ", _BLOCK.sub("\n", re.sub(r"\{\{.*?\}\}", "it", text, flags=re.DOTALL)))
    found = (" ".join(unescape(line).split()) for line in text.split("\n"))
    return [line for line in found if len(line.split()) >= 5]


def grade(text: str) -> float:
    """The US school grade by Flesch and Kincaid; a sentence a line, its words parted by blanks, is what is measured."""
    lines = [" ".join(re.findall(r"[\w’'-]+", one)) for one in re.split(r"[.?!:]+\s", f"{text} ")]
    told = "\n".join(f"{line} ." for line in lines if line)
    return float(readability.getmeasures(told, lang="en")["readability grades"]["Kincaid"])


def test_the_words_of_all_pages_together() -> None:
    ours = [one for file in TEMPLATES for one in sentences(file.read_text("utf-8"))]
    assert len(ours) > 40
    assert grade(" ".join(one if one[-1] in ".?!" else f"{one}." for one in ours)) <= MOST_GRADE


def test_the_glossary() -> None:
    assert len(terms()) > 50
    assert grade(" ".join(term.text for term in terms())) <= MOST_GRADE


@pytest.mark.parametrize("name", [term.name for term in terms()])
def test_no_term_is_explained_with_harder_words(name: str) -> None:
    text = next(term.text for term in terms() if term.name == name)
    assert grade(text) <= MOST_GRADE, text
    assert max(len(one.split()) for one in re.split(r"[.?!:]", text)) <= 25, text


def test_what_is_said_of_criteria_and_when_something_goes_wrong() -> None:
    said = [sentence for _, sentence in ANSWERED_BY.values()]
    said += [f"{title}. {text}" for title, text in _REFUSED.values()]
    said += [f"{title}." for title in _TITLES.values()]
    assert grade(" ".join(said)) <= MOST_GRADE
