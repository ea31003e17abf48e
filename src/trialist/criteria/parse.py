"""Eligibility text → `CriterionSet`. Total, deterministic; every character of the raw text is accounted for."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from trialist.criteria.criterion import (
    Coverage,
    Criterion,
    CriterionSet,
    Finding,
    Header,
    Modality,
    Polarity,
    Residue,
)
from trialist.criteria.lint import lint
from trialist.criteria.lists import compose
from trialist.criteria.nodes import Opaque, Span, atoms
from trialist.criteria.normalise import Normalised, normalise
from trialist.criteria.remembered import MEMORY
from trialist.criteria.split import Item, Outline, split_text
from trialist.criteria.statement import Reading
from trialist.criteria.witness import read_witness
from trialist.record import Study

# A line that only announces those behind it, where nothing says that they stand below it.
_ANNOUNCES = re.compile(r"\bfollowing\b[^.;]{0,60}:\W*$", re.IGNORECASE)
_LETTER = {Polarity.INCLUSION: "I", Polarity.EXCLUSION: "E"}


def parse_criteria(text: str | None, study: Study | None = None) -> CriterionSet:
    """The criteria of an eligibility text; `study` lends its ages, sex and conditions as witnesses.

    A missing or blank text gives a set that says `available` False: that is no statement about who may take part.
    """
    witness = read_witness(study)
    raw = text or ""
    digest = hashlib.sha256(raw.encode("utf-8", "surrogatepass")).hexdigest()
    if not raw.strip():
        nothing = Coverage(len(raw), 0, 0, len(raw), 0, 0, 0, 0)
        finding = Finding("no_text", "The study has no eligibility text: criteria are not available.")
        return CriterionSet(witness.nct_id, False, digest, (), (), _residue(raw, []), (finding,), nothing)
    normalised = normalise(raw)
    outline = split_text(normalised.text)
    parents = _parents(outline.items)
    readings = [
        MEMORY.read(normalised, item, witness, _topic(normalised, outline.items, parents, place))
        for place, item in enumerate(outline.items)
    ]
    criteria = _criteria(normalised, outline.items, parents, readings)
    headers = tuple(
        Header(
            normalised.text[one.start : one.end].strip(),
            Span(normalised.raw_start(one.start), normalised.raw_end(one.end)),
            one.heading.polarity,
        )
        for one in outline.headings
    )
    spans = [span for one in criteria for span in one.spans] + [one.span for one in headers]
    residue = _residue(raw, spans)
    criteria, findings = lint(criteria, outline_says_exclusion(outline), witness)
    return CriterionSet(
        nct_id=witness.nct_id,
        available=True,
        text_sha256=digest,
        criteria=criteria,
        headers=headers,
        residue=residue,
        findings=findings,
        coverage=_coverage(raw, criteria, headers, residue),
    )


def outline_says_exclusion(outline: Outline) -> tuple[bool, bool]:
    """Whether the text has a heading of inclusion, and one of exclusion."""
    said = {one.heading.polarity for one in outline.headings}
    return Polarity.INCLUSION in said, Polarity.EXCLUSION in said


def _parents(items: Sequence[Item]) -> list[int | None]:
    """For each item the place of the item above it; a heading between them, or a change of section, parts them."""
    found: list[int | None] = []
    stack: list[int] = []
    for place, item in enumerate(items):
        while stack and items[stack[-1]].depth >= item.depth:
            stack.pop()
        above = stack[-1] if stack else None
        if above is not None and (items[above].polarity, items[above].section_path) != (
            item.polarity,
            item.section_path,
        ):
            stack, above = [], None
        found.append(above)
        stack.append(place)
    return found


def _topic(normalised: Normalised, items: Sequence[Item], parents: Sequence[int | None], place: int) -> str:
    """What the heading or the list's head says that an item may leave out (`Age:` above `18 and over`)."""
    above = parents[place]
    if above is not None:
        return normalised.text[items[above].start : items[above].end]
    path = items[place].section_path
    return path[-1] if len(path) > 1 else ""


def _criteria(
    normalised: Normalised, items: Sequence[Item], parents: Sequence[int | None], readings: Sequence[Reading]
) -> tuple[Criterion, ...]:
    """The criteria in their order, lists composed from the last item to the first."""
    below: list[list[int]] = [[] for _ in items]
    for place, above in enumerate(parents):
        if above is not None:
            below[above].append(place)
    composed = list(readings)
    counts = [True] * len(items)
    for place in range(len(items) - 1, -1, -1):
        if below[place]:
            text = normalised.text[items[place].start : items[place].end]
            result = compose(
                text, items[place].polarity, composed[place], [composed[child] for child in below[place]]
            )
            composed[place] = result.reading
            if result.owns_children:
                for child in below[place]:
                    _mark(child, below, counts)
    ids = _ids(items, parents)
    found = []
    for place, item in enumerate(items):
        reading = composed[place]
        if not below[place] and _ANNOUNCES.search(normalised.text, item.start, item.end):
            reading = replace(reading, modality=Modality.HEADER)
        above = parents[place]
        start, end = normalised.raw_start(item.start), normalised.raw_end(item.end)
        found.append(
            Criterion(
                id=ids[place],
                order=place + 1,
                polarity=item.polarity,
                modality=reading.modality,
                text=normalised.text[item.start : item.end],
                spans=(Span(start, max(start, end)),),
                expr=reading.expr,
                plain=reading.plain,
                computability=reading.computability,
                confidence=reading.confidence,
                counts=counts[place] and reading.modality is Modality.REQUIRED,
                parent_id=ids[above] if above is not None else "",
                section_path=item.section_path,
                population=reading.population,
                scope=item.scope,
                guard=reading.guard,
                defects=reading.defects,
                notes=reading.notes,
            )
        )
    return tuple(found)


def _mark(place: int, below: Sequence[Sequence[int]], counts: list[bool]) -> None:
    counts[place] = False
    for child in below[place]:
        _mark(child, below, counts)


def _ids(items: Sequence[Item], parents: Sequence[int | None]) -> list[str]:
    """I1, I2, I2.1 …: the polarity's letter and the place in its list."""
    numbers: Counter[str] = Counter()
    found: list[str] = []
    for item, above in zip(items, parents, strict=True):
        prefix = _LETTER[item.polarity] if above is None else f"{found[above]}."
        numbers[prefix] += 1
        found.append(f"{prefix}{numbers[prefix]}")
    return found


def _residue(raw: str, spans: Sequence[Span]) -> tuple[Residue, ...]:
    """The stretches of a raw text outside all spans."""
    found: list[Residue] = []
    after = 0
    for span in [*sorted(spans), Span(len(raw), len(raw))]:
        if span.start > after:
            said = raw[after : span.start]
            is_text = len(said) > 4 and sum(map(str.isalnum, said)) > 4
            kind = "text" if is_text else "layout"
            found.append(Residue(kind, Span(after, span.start), said))
        after = max(after, span.end)
    return tuple(found)


def _coverage(
    raw: str, criteria: Sequence[Criterion], headers: Sequence[Header], residue: Sequence[Residue]
) -> Coverage:
    decisive = [one for one in criteria if one.modality is Modality.REQUIRED]
    opaque = [[isinstance(atom, Opaque) for atom in atoms(one.expr)] for one in decisive]
    layout = sum(one.span.end - one.span.start for one in residue if one.kind == "layout")
    lost = sum(one.span.end - one.span.start for one in residue if one.kind == "text")
    in_headers = sum(one.span.end - one.span.start for one in headers)
    return Coverage(
        characters=len(raw),
        in_criteria=len(raw) - layout - lost - in_headers,
        in_headers=in_headers,
        in_layout=layout,
        lost=lost,
        criteria=len(decisive),
        typed=sum(not all(one) for one in opaque),
        structured=sum(not any(one) for one in opaque),
        by_computability=dict(sorted(Counter(str(one.computability) for one in decisive).items())),
    )
