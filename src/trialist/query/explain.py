"""Why a study is, or is not, among those that a request finds: every part of it, with what the study itself says.

Whether a part holds is the judge's word (`scan.py`); what is shown beside it is read from the same record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from trialist.query.areas import ValueKind
from trialist.query.asked import FILTER_AREA, Around
from trialist.query.choices import describe_part, open_site_phrase
from trialist.query.evidence import Evidence, Held, Readings, values_held
from trialist.query.nodes import (
    All,
    And,
    Area,
    Covered,
    Distance,
    Document,
    Expanded,
    Missing,
    Node,
    Not,
    Or,
    Range,
    SearchIn,
    Term,
    Tilt,
    walk,
)
from trialist.query.render import render_query
from trialist.query.scan import matches
from trialist.query.study_query import StudyQuery
from trialist.record.catalogue import find_field
from trialist.record.geo import distance_metres
from trialist.record.study import Study
from trialist.vocabulary.thesaurus import Thesaurus

_MOST_SITES = 5
_PLACES = ("protocolSection", "contactsLocationsModule", "locations")


@dataclass(frozen=True, slots=True)
class Reason:
    """One part of a query, whether it holds for the study, and what the study says.

    `joined` is `and`, `or` or `not` where the part is made of `operands`, else "". For words `evidence` shows where they
    stand, and `parts` which parts of a term were found where it was looked for in parts. `values` are the study's own in
    the fields that were asked; `sites` those of its sites for which a part about one location holds, `site_count` how
    many there are; `nearest_metres` how far its nearest site is from the point asked.
    """

    asked: str
    query: str
    holds: bool
    joined: str = ""
    operands: tuple[Reason, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    parts: tuple[tuple[str, bool], ...] = ()
    values: tuple[Held, ...] = ()
    sites: tuple[str, ...] = ()
    site_count: int | None = None
    nearest_metres: float | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a study is or is not in a result: each parameter's reason.

    `rank` and `score` are its place in the order, from 1, and its relevance, where it is in the result of an index.
    """

    nct_id: str
    holds: bool
    reasons: tuple[tuple[str, Reason], ...]
    total: int | None = None
    rank: int | None = None
    score: float | None = None


def explain(study: Study, query: StudyQuery, thesaurus: Thesaurus) -> Explanation:
    """Why a study is or is not among those that a request asks for."""
    reader = _Explainer(study, thesaurus)
    reasons = [(f"query.{one.param}", reader.reason(one.node, Around(one.area))) for one in query.queries]
    reasons += [("filter", reader.reason(node, Around(FILTER_AREA))) for node in query.filters]
    return Explanation(study.nct_id or "", all(reason.holds for _, reason in reasons), tuple(reasons))


class _Explainer:
    def __init__(self, study: Study, thesaurus: Thesaurus) -> None:
        self.study = study
        self.thesaurus = thesaurus
        self.readings = Readings(study, thesaurus)

    def reason(self, node: Node, around: Around) -> Reason:
        """Why a node holds, or does not."""
        if open_site_phrase(node):
            return self._open_site(node, around)
        match node:
            case And(operands) | Or(operands):
                below = tuple(self.reason(one, around) for one in operands)
                joined, holds = ("and", all) if isinstance(node, And) else ("or", any)
                return replace(
                    self._said(node, around, holds=holds(one.holds for one in below)),
                    joined=joined,
                    operands=below,
                )
            case Not(operand):
                inner = self.reason(operand, around)
                return replace(
                    self._said(node, around, holds=not inner.holds), joined="not", operands=(inner,)
                )
            case Area() | Covered() | Expanded():
                return self.reason(node.operand, around.within(node))
            case Tilt(_, operand) | SearchIn(Document.STUDY, operand):
                return self.reason(operand, around)
            case _:
                return self._leaf(node, around)

    def _said(self, node: Node, around: Around, *, holds: bool) -> Reason:
        asked = describe_part(around.asked_here(node), around.area)
        return Reason(asked, render_query(around.asked_here(node)), holds)

    def _open_site(self, node: Node, around: Around) -> Reason:
        """A choice of its own: which sites are open, and else what the study says of its status."""
        holds = matches(self.study.record, node, around.area, self.thesaurus)
        said = Reason(open_site_phrase(node), render_query(node), holds)
        below = next(one for one in walk(node) if isinstance(one, SearchIn))
        held = list(self._sites(below, around)) if holds else []
        status = values_held(self.study, find_field("OverallStatus"))
        return replace(said, sites=tuple(held[:_MOST_SITES]), site_count=len(held), values=(status,))

    def _leaf(self, node: SearchIn | Term | Missing | All | Range | Distance, around: Around) -> Reason:
        holds = matches(self.study.record, around.asked_here(node), around.area, self.thesaurus)
        said = self._said(node, around, holds=holds)
        match node:
            case SearchIn():
                held = list(self._sites(node, around)) if holds else []
                return replace(said, sites=tuple(held[:_MOST_SITES]), site_count=len(held))
            case Distance():
                return replace(said, nearest_metres=self._nearest(node))
            case Term() if around.target.kind is ValueKind.CRITERION:
                return replace(said, values=self._criteria(node, around))
            case Term() if around.has_words:
                evidence, parts = self.readings.evidence(node, around)
                own = () if evidence or around.target.field is None else self._values(around)
                return replace(said, evidence=evidence, parts=parts, values=own)
            case _:
                return replace(said, values=self._values(around))

    def _criteria(self, node: Term, around: Around) -> tuple[Held, ...]:
        """The criteria that speak of what is asked, and the fields that do."""
        from trialist.query.criterion_areas import fields_heard, sentences

        said = sentences(self.study, around.area, node.text)
        fields = [
            values_held(self.study, find_field(piece)) for piece in fields_heard(around.area, node.text)
        ]
        return (Held("EligibilityCriteria", "criteria about this", said[:_MOST_SITES], len(said)), *fields)

    def _values(self, around: Around) -> tuple[Held, ...]:
        target = around.target
        if target.kind is ValueKind.PLACE or (target.field is not None and target.field.is_struct):
            return ()
        return tuple(values_held(self.study, field, around.size) for field in target.fields)

    def _nearest(self, node: Distance) -> float | None:
        places = self.study[find_field("LocationGeoPoint").piece]
        away = [
            distance_metres(float(node.lat), float(node.lon), place.lat, place.lon)
            for place in places
            if hasattr(place, "lat")
        ]
        return min(away, default=None)

    def _sites(self, node: SearchIn, around: Around) -> Iterator[str]:
        """The sites for which a part about one location holds: each is asked as if the study had no other."""
        for site in _locations(self.study.record):
            alone = _with_location(self.study.record, site)
            if matches(alone, around.asked_here(node), around.area, self.thesaurus):
                named = (site.get(key) for key in ("facility", "city", "country"))
                yield ", ".join(text for text in named if isinstance(text, str)) or "a site without a name"


def _locations(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    value: Any = record
    for key in _PLACES:
        value = value.get(key) if isinstance(value, dict) else None
    return [site for site in value if isinstance(site, dict)] if isinstance(value, list) else []


def _with_location(record: Mapping[str, Any], site: Mapping[str, Any]) -> dict[str, Any]:
    section, module, key = _PLACES
    below = {**record[section][module], key: [site]}
    return {**record, section: {**record[section], module: below}}


# Writing


def explanation_json(found: Explanation) -> dict[str, Any]:
    """An explanation as JSON."""
    return {
        "nct_id": found.nct_id,
        "found": found.holds,
        "total": found.total,
        "rank": found.rank,
        "score": None if found.score is None else round(found.score, 4),
        "reasons": [{"param": param, **_reason_json(reason)} for param, reason in found.reasons],
    }


def _reason_json(reason: Reason) -> dict[str, Any]:
    return {
        "asked": reason.asked,
        "query": reason.query,
        "holds": reason.holds,
        "joined": reason.joined or None,
        "operands": [_reason_json(one) for one in reason.operands],
        "evidence": [
            {
                "piece": one.piece,
                "field": one.field,
                "how": str(one.how),
                "words": one.words,
                "stands_for": one.stands_for,
                "source": one.source or None,
                "excerpt": one.excerpt,
            }
            for one in reason.evidence
        ],
        "parts": [{"words": words, "found": held} for words, held in reason.parts],
        "values": [
            {"piece": one.piece, "field": one.field, "values": list(one.values), "count": one.count}
            for one in reason.values
        ],
        "sites": list(reason.sites),
        "site_count": reason.site_count,
        "nearest_metres": None if reason.nearest_metres is None else round(reason.nearest_metres),
    }


def explanation_text(found: Explanation) -> str:
    """An explanation to read."""
    lines = [f"{found.nct_id} is {'' if found.holds else 'not '}among the studies found."]
    if found.rank is not None and found.total is not None:
        lines[0] = f"{found.nct_id} is number {found.rank:,} of {found.total:,} studies found."
    if found.score:
        lines.append(f"Relevance {found.score:.2f}")
    if not found.reasons:
        lines.append("Nothing was asked, so every study is found.")
    for param, reason in found.reasons:
        lines.append("")
        lines.append(param)
        lines.extend(_lines(reason, 1))
    return "\n".join(lines)


_JOINED = {"and": "all of these", "or": "any of these", "not": "none of this"}


def _lines(reason: Reason, depth: int) -> Iterator[str]:
    indent = "  " * depth
    mark = "yes" if reason.holds else "no "
    if reason.joined:
        yield f"{indent}{mark}  {_JOINED[reason.joined]}:"
        for one in reason.operands:
            yield from _lines(one, depth + 1)
        return
    yield f"{indent}{mark}  {reason.asked}"
    inner = indent + "     "
    for found in reason.evidence:
        yield f"{inner}{found.sentence()}"
    for words, held in reason.parts:
        if not held:
            yield f"{inner}“{words}” is nowhere in these fields"
    for own in reason.values:
        yield f"{inner}{own.sentence()}"
    if reason.nearest_metres is not None:
        yield f"{inner}its nearest site is {reason.nearest_metres / 1000:,.1f} km away"
    if reason.site_count is not None and not reason.site_count:
        yield f"{inner}for none of its sites"
    if reason.site_count:
        more = f" and {reason.site_count - len(reason.sites):,} more" * (
            reason.site_count > len(reason.sites)
        )
        yield f"{inner}{'; '.join(reason.sites)}{more}"
