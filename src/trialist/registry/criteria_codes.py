"""MeSH codes for things that criteria name and the rules' tables have no code for: from what a registry's studies and MeSH teach.

A name gets a code only where its whole words are a MeSH term, and of one descriptor alone; otherwise none. Nothing is matched by
likeness, and synonyms from other sources do not lead to a code.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from trialist.registry.synonyms import meanings_of
from trialist.vocabulary.thesaurus import Thesaurus

_PREFIX = "mesh:"
_DESCRIPTOR = re.compile(r"D0*([0-9]+)")
_LAST_OF_SIX = 66_360
"""MeSH numbers its descriptors with six digits up to 66,331 and with nine from 66,388 on; the registry writes nine always."""

Resolve = Callable[[str], str]


def resolver(thesaurus: Thesaurus) -> Resolve:
    """What gives the MeSH descriptor of a name, "" where none is certain; it remembers what it was asked."""
    known: dict[str, str] = {}

    def resolve(name: str) -> str:
        if name not in known:
            if len(known) > 50_000:
                known.clear()
            known[name] = mesh_of(thesaurus, name)
        return known[name]

    return resolve


def mesh_of(thesaurus: Thesaurus, name: str) -> str:
    """The one MeSH descriptor that is called by these words; "" for none, and for several."""
    found = {
        descriptor_of(meaning.concept.concept_id)
        for meaning in meanings_of(thesaurus, name)
        if meaning.concept.concept_id.startswith(_PREFIX)
    }
    return found.pop() if len(found) == 1 else ""


def descriptor_of(concept_id: str) -> str:
    """`mesh:D000007938` → `D007938`; "" for what is no descriptor."""
    found = _DESCRIPTOR.fullmatch(concept_id.removeprefix(_PREFIX))
    if found is None:
        return ""
    number = int(found[1])
    return f"D{number:06d}" if number <= _LAST_OF_SIX else f"D{number:09d}"


def with_codes(value: Any, resolve: Resolve) -> Any:
    """A document of criteria, with a MeSH code in each condition and exposure that had none and whose name is one."""
    if isinstance(value, list):
        return [with_codes(one, resolve) for one in value]
    if not isinstance(value, dict):
        return value
    found = {key: with_codes(inner, resolve) for key, inner in value.items()}
    is_thing = found.get("type") == "exposure" or (
        found.get("type") == "concept" and found.get("domain") == "condition"
    )
    if is_thing and "mesh" not in found and isinstance(found.get("surface"), str):
        code = resolve(found["surface"])
        if code:
            found["mesh"] = code
    return found
