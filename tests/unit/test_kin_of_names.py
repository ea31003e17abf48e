"""A drug that the tables name keeps the class that its name tells: an entry of its own must not take it out of it."""

from __future__ import annotations

import tomllib
from importlib import resources

import pytest

from trialist.criteria.lexicon import tables
from trialist.evaluation.kinship import broader

STEMS: dict[str, str] = tomllib.loads(
    (resources.files("trialist.evaluation") / "tables" / "names.toml").read_text(encoding="utf-8")
)["stems"]
LEFT_OPEN = {"ruxolitinib", "ibrutinib"}
"""Their kinases are not those that "tyrosine kinase inhibitors" mostly means: a reader decides."""


@pytest.mark.parametrize("of", sorted(STEMS))
def test_drugs_with_the_stem_of_a_class_are_of_it(of: str) -> None:
    stems = tuple(STEMS[of].split())
    for drug, row in tables()["drug"].items():
        own = [word.split()[0] for word in row["words"].split("|") if not word.startswith("~")]
        if row["kind"] == "drug" and drug not in LEFT_OPEN and any(word.endswith(stems) for word in own):
            assert of in broader("exposure", drug), drug
