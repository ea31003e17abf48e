"""What is chosen of criteria beside the words of a request: `--allows`, `--excludes`, `--requires`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from trialist.errors import InvalidParameterError
from trialist.query.areas import resolve_area
from trialist.query.nodes import Area, Node, Term
from trialist.query.operands import Complaint, Scope, check_term
from trialist.query.study_query import StudyQuery

CRITERIA_CHOICES: Mapping[str, str] = {
    "allows": "CriterionAllows",
    "excludes": "CriterionExcludes",
    "requires": "CriterionRequires",
}
"""What may be chosen beside a request → the area that is asked."""


def with_criteria(query: StudyQuery, chosen: Mapping[str, Sequence[str]], *, mark: str = "--") -> StudyQuery:
    """A request narrowed to studies whose criteria say all that is chosen; keys are those of `CRITERIA_CHOICES`.

    `InvalidParameterError` for words that cannot be asked; `mark` stands before the names that it uses.
    """
    nodes: list[Node] = []
    for name, area in CRITERIA_CHOICES.items():
        for words in chosen.get(name, ()):
            found = check_term(Term(" ".join(words.split()) or "-"), Scope(resolve_area(area)))
            if isinstance(found, Complaint):
                raise InvalidParameterError(f"{mark}{name}: {found.message}", hint=found.hint)
            nodes.append(Area(area, found))
    return replace(query, filters=(*query.filters, *nodes)) if nodes else query
