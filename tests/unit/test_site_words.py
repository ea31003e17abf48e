"""How hard our own words are to read: those of the pages, and those of the glossary."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from trialist import pages, views
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


def texts_of(file: Path) -> Iterator[str]:
    """The texts in a module, with a short word in place of what is filled in; without its documentation."""
    tree = ast.parse(file.read_text("utf-8"))
    apart = {id(one.value) for one in ast.walk(tree) if isinstance(one, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            apart.update(map(id, node.values))
            yield "".join(str(one.value) if isinstance(one, ast.Constant) else "it" for one in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in apart:
            yield node.value


def texts_of_script(file: Path) -> Iterator[str]:
    """The texts in a script, with a short word in place of what is filled in."""
    for quoted, filled in re.findall(r'"([^"\n]+)"|`([^`\n]+)`', file.read_text("utf-8")):
        yield re.sub(r"\$\{[^}]*\}", "it", quoted or filled)


def said(texts: Iterator[str]) -> list[str]:
    """Those of some texts that are sentences or labels of several words, not names, patterns or pieces of HTML."""
    found = (" ".join(re.sub(r"<[^>]+>", " ", one).split()) for one in texts)
    return [
        one
        for one in dict.fromkeys(found)
        if len(re.findall(r"[a-z]+ ", one)) >= 4 and not re.search(r"[{}\\_=|<>\[\]]", one)
    ]


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


@pytest.mark.parametrize(
    ("files", "least"),
    [
        (sorted(Path(pages.__file__).parent.glob("*.py")), 80),
        (sorted(Path(views.__file__).parent.glob("*.py")), 90),
        (sorted((Path(pages.__file__).parent / "static").glob("*.js")), 4),
    ],
    ids=["pages", "views", "scripts"],
)
def test_what_programs_and_scripts_say(files: list[Path], least: int) -> None:
    """Labels, notes and messages that stand in no template."""
    found = [
        one for file in files for one in said((texts_of if file.suffix == ".py" else texts_of_script)(file))
    ]
    assert len(found) >= least
    assert grade(" ".join(one if one[-1] in ".?!" else f"{one}." for one in found)) <= MOST_GRADE
    hard = {one: grade(one) for one in found if len(one.split()) >= 10 and grade(one) > MOST_GRADE + 2}
    assert not hard
