"""The words of clinical studies, explained in plain ones: a page of its own, and in place."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from trialist.pages.asked import Asked
from trialist.pages.contexts import GlossaryPage
from trialist.pages.shown import Shown


@dataclass(frozen=True, slots=True)
class Term:
    """A word, what it means, and the texts of pages that it explains."""

    name: str
    text: str
    labels: tuple[str, ...]


@cache
def terms() -> tuple[Term, ...]:
    """Every term, by name."""
    table = files("trialist.pages").joinpath("tables", "glossary.toml").read_text("utf-8")
    found = [
        Term(row["name"], row["text"], tuple(row.get("labels", ()))) for row in tomllib.loads(table)["term"]
    ]
    return tuple(sorted(found, key=lambda term: term.name.lower()))


@cache
def _by_label() -> Mapping[str, str]:
    return {label: term.text for term in terms() for label in term.labels}


def explained(label: str) -> str:
    """What a label or a coded value means; "" for one that the glossary does not have."""
    return _by_label().get(label, "")


def glossary_page(_asked: Asked) -> Shown:
    """`/glossary`."""
    return Shown("glossary.html", GlossaryPage("Glossary", tuple((term.name, term.text) for term in terms())))
