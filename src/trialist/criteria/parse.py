"""Eligibility text → `CriterionSet`. Total, deterministic; every character of the raw text is accounted for."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence

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
from trialist.criteria.lists import announced, compose, condition_of
from trialist.criteria.nodes import Concept, Exposure, Expr, Not, Opaque, Span, atoms, join_any, nodes
from trialist.criteria.normalise import Normalised, normalise
from trialist.criteria.permissions import CONDITIONAL, is_conditional
from trialist.criteria.quick import replace
from trialist.criteria.sections import item_scope
from trialist.criteria.split import Item, Outline, split_text
from trialist.criteria.statement import Reading, read_item, with_expr
from trialist.criteria.steps import Steps, alone, together
from trialist.criteria.witness import read_witness
from trialist.record import Study

# A line that only announces those behind it, where nothing says that they stand below it.
_ANNOUNCES = re.compile(
    r"\bfollowing\b[^.;]{0,60}:\W*$|^\W*(?:\w+[ ]+){0,3}(?:requirements?|criteria|characteristics|parameters)[ ]*:\W*$",
    re.IGNORECASE,
)
# `If female and:`, with what is asked of them in the lines behind it.
_IF = re.compile(r"\W*(?:if|for)\b[^.;:]{0,60}:\W*", re.IGNORECASE)
_LETTER = {Polarity.INCLUSION: "I", Polarity.EXCLUSION: "E"}


def parse_criteria(text: str | None, study: Study | None = None) -> CriterionSet:
    """The criteria of an eligibility text; `study` lends its ages, sex and conditions as witnesses.

    A missing or blank text gives a set that says `available` False: that is no statement about who may take part.
    """
    return alone(criteria_in_steps(text, study))


def criteria_in_steps(text: str | None, study: Study | None = None) -> Steps[CriterionSet]:
    """What `parse_criteria` gives, in steps that several texts can take together."""
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
    readings = yield from together(
        [
            read_item(normalised, item, witness, _topic(normalised, outline.items, parents, place))
            for place, item in enumerate(outline.items)
        ]
    )
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
            is_joined = any(_ends_in_a_joint(normalised.text, items[child]) for child in below[place])
            parts = [composed[child] for child in below[place]]
            result = compose(text, items[place].polarity, composed[place], parts, is_joined)
            composed[place] = result.reading
            if result.owns_children:
                for child in below[place]:
                    _mark(child, below, counts)
    _hand_down(normalised, items, below, composed, counts)
    _join_choices(normalised, items, parents, composed, counts)
    for place in _allowed(normalised, items, composed):
        said, one = normalised.text[items[place].start : items[place].end], composed[place]
        notes = (*one.notes, CONDITIONAL) if is_conditional(said) else one.notes
        composed[place] = replace(one, modality=Modality.PERMISSIVE, notes=notes)
    ids = _ids(items, parents)
    scopes = _scopes(normalised, items, parents)
    found = []
    for place, item in enumerate(items):
        reading = composed[place]
        said = normalised.text[item.start : item.end]
        if ":" in said and not below[place] and (_ANNOUNCES.search(said) or _IF.fullmatch(said)):
            reading = announced(said, item.polarity, reading)
        above = parents[place]
        start, end = normalised.raw_start(item.start), normalised.raw_end(item.end)
        found.append(
            Criterion(
                id=ids[place],
                order=place + 1,
                polarity=item.polarity,
                modality=reading.modality,
                text=said,
                spans=(Span(start, max(start, end)),),
                expr=reading.expr,
                plain=reading.plain,
                computability=reading.computability,
                confidence=reading.confidence,
                counts=counts[place] and reading.modality is Modality.REQUIRED,
                parent_id=ids[above] if above is not None else "",
                section_path=item.section_path,
                population=reading.population,
                scope=scopes[place],
                guard=reading.guard,
                defects=reading.defects,
                notes=reading.notes,
            )
        )
    return tuple(found)


_JOINTS = re.compile(r"\b(?:and|or)\W*$", re.IGNORECASE)


def _ends_in_a_joint(text: str, item: Item) -> bool:
    return _JOINTS.search(text, max(item.start, item.end - 12), item.end) is not None


_ENDS_IN_OR = re.compile(r"\bor\W*", re.IGNORECASE)


def _ends_in_or(text: str, item: Item) -> bool:
    end = item.end
    while end > item.start and not (text[end - 1].isalnum() or text[end - 1] == "_"):
        end -= 1
    return end - 2 >= item.start and _ENDS_IN_OR.fullmatch(text, end - 2, item.end) is not None


def _join_choices(
    normalised: Normalised,
    items: Sequence[Item],
    parents: Sequence[int | None],
    readings: list[Reading],
    counts: list[bool],
) -> None:
    """Items of one list of which each but the last ends in `or`: the first stands for all, what is required is one of them."""
    by_parent: dict[tuple[int | None, int], list[int]] = {}
    for place, above in enumerate(parents):
        by_parent.setdefault((above, items[place].depth), []).append(place)
    for siblings in by_parent.values():
        run: list[int] = []
        for place in siblings:
            if run and items[place].section_path != items[run[-1]].section_path:
                run = []
            run.append(place)
            item = items[place]
            if _ends_in_or(normalised.text, item):
                continue
            if len(run) > 1 and item.polarity is Polarity.INCLUSION and all(counts[one] for one in run):
                whole = join_any([readings[one].expr for one in run])
                readings[run[0]] = with_expr(readings[run[0]], whole, Modality.REQUIRED)
                for one in run[1:]:
                    counts[one] = False
            run = []


def _scopes(
    normalised: Normalised, items: Sequence[Item], parents: Sequence[int | None]
) -> list[tuple[tuple[str, str], ...]]:
    """For each item the cohort, arm or part that a heading, the item above or its own first words name."""
    found: list[tuple[tuple[str, str], ...]] = []
    for place, item in enumerate(items):
        own = item_scope(normalised.text[item.start : item.end])[0]
        above = parents[place]
        inherited = item.scope if above is None else found[above]
        found.append((*(one for one in inherited if one[0] not in dict(own)), *own))
    return found


_ALLOWS = re.compile(
    r"\W*(?:allowed|permitted)\b|.*\b(?:may include|(?:are|is) (?:also )?(?:allowed|permitted))\W*$",
    re.IGNORECASE,
)
_ASKS_AGAIN = re.compile(
    r"\W*(?:(?:all |the )?(?:patients?|subjects?|participants?|volunteers?|infants?|children|mothers?|candidates?|donors?)\b.{0,60}\b(?:must|should|need|have|has|are|with)\b|must\b|required\b|excluded\b|no\b|not\b|absence\b|adequate\b|age[sd]?\b|(?:prior|concurrent) )",
    re.IGNORECASE,
)


def _allowed(normalised: Normalised, items: Sequence[Item], readings: Sequence[Reading]) -> Iterator[int]:
    """The items below `Allowed:`, up to the one that asks for something again (`Patients must have:`, a limit, a denial)."""
    last: tuple[str, ...] = ()
    is_over = True
    for place, item in enumerate(items):
        if item.section_path != last:
            last = item.section_path
            is_over = len(last) < 2 or _ALLOWS.match(last[-1]) is None
        said = normalised.text[item.start : item.end]
        if not is_over:
            names = is_conditional(said) or _names_things(readings[place].expr)
            is_over = _ASKS_AGAIN.match(said) is not None or not names
        if not is_over:
            yield place


def _names_things(expr: Expr) -> bool:
    """Whether diseases and treatments alone are named, as they are where something is allowed."""
    is_denied = any(isinstance(one, Not) for one in nodes(expr))
    return not is_denied and all(isinstance(one, (Concept, Exposure, Opaque)) for one in atoms(expr))


def _hand_down(
    normalised: Normalised,
    items: Sequence[Item],
    below: Sequence[Sequence[int]],
    readings: list[Reading],
    counts: Sequence[bool],
) -> None:
    """What stands below `If female:` is asked of them alone, however deep."""
    for place, item in enumerate(items):
        if not below[place] or not counts[place]:
            continue
        guard = condition_of(normalised.text[item.start : item.end], readings[place])
        for child in _all_below(place, below) if guard is not None else ():
            if readings[child].guard is None:
                readings[child] = with_expr(replace(readings[child], guard=guard), readings[child].expr)


def _all_below(place: int, below: Sequence[Sequence[int]]) -> Iterator[int]:
    for child in below[place]:
        yield child
        yield from _all_below(child, below)


def _mark(place: int, below: Sequence[Sequence[int]], counts: list[bool]) -> None:
    for one in (place, *_all_below(place, below)):
        counts[one] = False


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
            is_text = len(said) > 4 and sum([char.isalnum() for char in said]) > 4
            kind = "text" if is_text else "layout"
            found.append(Residue(kind, Span(after, span.start), said))
        after = max(after, span.end)
    return tuple(found)


def _coverage(
    raw: str, criteria: Sequence[Criterion], headers: Sequence[Header], residue: Sequence[Residue]
) -> Coverage:
    decisive = [one for one in criteria if one.modality is Modality.REQUIRED]
    kinds = [set(map(type, atoms(one.expr))) for one in decisive]
    typed = [one for one in kinds if one != {Opaque}]
    structured = [one for one in typed if Opaque not in one]
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
        typed=len(typed),
        structured=len(structured),
        by_computability=dict(sorted(Counter(str(one.computability) for one in decisive).items())),
    )
