"""What a reader of the whole set should know: contradictions, wrong headings, duplicates, implausible bounds, references outside."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from trialist.criteria.criterion import (
    Criterion,
    Defect,
    Finding,
    Modality,
    Polarity,
    Population,
)
from trialist.criteria.lexicon import variables
from trialist.criteria.nodes import (
    Attestation,
    Basis,
    Concept,
    Demographic,
    Interval,
    Not,
    Quantity,
    atoms,
    conjuncts,
)
from trialist.criteria.quick import replace
from trialist.criteria.render import amount, render
from trialist.criteria.witness import Witness
from trialist.vocabulary.written_units import convert, find_unit

_MINOR = Decimal(18)
_PARTNER = re.compile(
    r"\b(?:partner|spouse|wife|husband|relationship|relations|intercourse|woman|man)\b", re.IGNORECASE
)


def lint(
    criteria: Sequence[Criterion], headings: tuple[bool, bool], witness: Witness
) -> tuple[tuple[Criterion, ...], tuple[Finding, ...]]:
    """The criteria with the defects that show only beside the others, and the findings about the set."""
    findings: list[Finding] = []
    if not any(headings):
        findings.append(
            Finding(
                "no_heading",
                "The text has no heading of inclusion or exclusion; all of it was read as inclusion.",
            )
        )
    elif not headings[1]:
        findings.append(Finding("no_exclusion_heading", "The text has no heading of exclusion."))
    linted, more = _duplicates(criteria)
    findings += more
    checked = []
    for one in linted:
        defects, found = _check_one(one)
        findings += found
        checked.append(replace(one, defects=(*one.defects, *defects)) if defects else one)
    findings += _against_fields(checked, witness)
    findings += _contradicting(checked)
    return tuple(checked), tuple(dict.fromkeys(findings))


def _duplicates(criteria: Sequence[Criterion]) -> tuple[list[Criterion], list[Finding]]:
    seen: dict[tuple[str, str, str, str], Criterion] = {}
    out: list[Criterion] = []
    findings = []
    letters = [
        (said.count("e"), said.count("a"), said.count("t")) for said in (one.text.lower() for one in criteria)
    ]
    counts = Counter(letters)
    for one, own in zip(criteria, letters, strict=True):
        if counts[own] == 1:
            out.append(one)  # nothing else has the same words
            continue
        words = " ".join(_WORD_OR_SIGN.findall(one.text.lower()))
        key = (words, one.polarity, one.population, "/".join(one.section_path[1:]))
        if (
            len(words) > 12
            and key in seen
            and one.parent_id == seen[key].parent_id
            and one.modality is Modality.REQUIRED
        ):
            findings.append(Finding("duplicate", f"{one.id} repeats {seen[key].id}.", (seen[key].id, one.id)))
            one = replace(one, defects=(*one.defects, Defect("duplicate", one.spans[0])))
        seen.setdefault(key, one)
        out.append(one)
    return out, findings


_WORD_OR_SIGN = re.compile(r"\w+|[<>≥≤=]")


def _check_one(one: Criterion) -> tuple[list[Defect], list[Finding]]:
    defects: list[Defect] = []
    findings: list[Finding] = []
    for atom in atoms(one.expr):
        if isinstance(atom, Quantity) and not is_plausible(atom):
            defects.append(Defect("implausible_value", atom.span, confidence=0.9))
            findings.append(
                Finding(
                    "implausible_bound",
                    f"{one.id}: {render(atom)} is outside what can be measured.",
                    (one.id,),
                )
            )
    if one.modality is Modality.REQUIRED and _is_inverted(one):
        defects.append(Defect("inverted_polarity", one.spans[0], confidence=0.8))
        findings.append(
            Finding(
                "inverted_polarity",
                f"{one.id} reads like {_other(one.polarity)} but stands under {one.polarity}.",
                (one.id,),
            )
        )
    if any(defect.kind == "incomplete_reference" for defect in one.defects):
        findings.append(
            Finding("incomplete_reference", f"{one.id} refers to something outside the text.", (one.id,))
        )
    return defects, findings


def _other(polarity: Polarity) -> str:
    return "inclusion" if polarity is Polarity.EXCLUSION else "exclusion"


_OBLIGES = re.compile(
    r"(?:^|[.;]\s+)\W*"
    r"(?:(?!who\b|that\b|which\b|whom\b|whose\b|requir|condition|not eligible|exclu)[\w'/,()-]+\s+){0,12}?"
    r"(?:must|should|shall|(?<=\w )(?:is|are)\s+required\s+to)\b"
    r"(?!\s+(?:be\s+)?(?:exclu|withdr|discontinu|ineligib|not\s+(?:participate|be\s+(?:includ|enrol)))"
    r"|\s+(?:not\s+)?(?:be\s+)?(?:includ|enrol))",
    re.IGNORECASE,
)
"""A sentence that says what has to be so. 0.7 % of the exclusion criteria of real records hold one; all but a few of 60 that were
read meant the opposite of an exclusion, or something beside it."""


def _may_oblige(said: str) -> bool:
    small = said.lower()
    return (
        not said.isascii() or "must" in small or "should" in small or "shall" in small or "required" in small
    )


def _is_inverted(one: Criterion) -> bool:
    """An exclusion that says what must be, or asks for consent; an inclusion that lists a refusal: headings may be swapped."""
    if one.polarity is Polarity.EXCLUSION and _may_oblige(one.text) and _OBLIGES.search(one.text):
        return True
    found = list(atoms(one.expr))
    if not all(isinstance(atom, Attestation) for atom in found):
        return False
    said = [
        atom
        for atom in found
        if isinstance(atom, Attestation) and atom.topic in {"consent", "compliance", "assent"}
    ]
    if not said or isinstance(one.expr, Not):
        return False
    affirmed = {atom.affirmed for atom in said}
    if one.polarity is Polarity.EXCLUSION:
        strong = re.search(
            r"^\W*(?:patients? |subjects? |participants? )?(?:(?:must|will|willing|able|signed|written|provid|giv|informed consent (?:signed|obtained)|agree)\w*)",
            one.text,
            re.IGNORECASE,
        )
        return affirmed == {True} and strong is not None
    return affirmed == {False} and bool(
        re.match(r"\W*(?:unable|unwilling|inability|refus\w+|lack of)", one.text, re.IGNORECASE)
    )


def is_plausible(atom: Quantity) -> bool:
    """Whether a threshold lies within what the variable's row in `rules/variables.toml` allows."""
    if atom.basis in {Basis.X_ULN, Basis.X_LLN, Basis.X_BASELINE}:
        return all(value <= 200 for value in (atom.interval.lower, atom.interval.upper) if value is not None)
    row = variables().get(atom.variable, {"unit": ""})
    standard = row["unit"]
    if (
        atom.basis is not Basis.ABSOLUTE
        or not standard
        or (atom.unit != standard and find_unit(atom.unit) is None)
    ):
        return True
    for value in (atom.interval.lower, atom.interval.upper):
        changed = convert(value, atom.unit, standard) if value is not None else None
        if (
            changed is not None
            and value != 0
            and not Decimal(str(row["low"])) / 3 <= abs(changed) <= Decimal(str(row["high"])) * 3
        ):
            return False
    return True


def _ages(criteria: Sequence[Criterion]) -> list[tuple[Criterion, Demographic]]:
    """The ages that patients must have, outside cohorts, guards and junctions other than and."""
    return [
        (one, atom)
        for one in criteria
        if one.counts
        and one.polarity is Polarity.INCLUSION
        and one.population is Population.PATIENT
        and not one.scope
        and one.guard is None
        for atom in conjuncts(one.expr)
        if isinstance(atom, Demographic)
        and atom.kind == "age"
        and atom.interval is not None
        and "comparator" not in atom.assumed
    ]


def _is_same_age(theirs: Decimal, value: Decimal, interval: Interval, side: str) -> bool:
    """Whether a field's age and a text's mean the same; ages are completed years, so `under 85` is a maximum of 84 and `over 18` a minimum of 19."""
    if side == "maximum" and not interval.upper_inclusive and value - theirs == 1:
        return True
    if side == "minimum" and not interval.lower_inclusive and theirs - value == 1:
        return True
    return abs(theirs - value) < 1


def _against_fields(criteria: Sequence[Criterion], witness: Witness) -> list[Finding]:
    findings = []
    ages = _ages(criteria)
    # A criterion with several ages speaks of several groups of people, however it was read.
    single = [one.id for one, _ in ages]
    for one, atom in ages:
        assert atom.interval is not None
        if single.count(one.id) > 1 or _PARTNER.search(one.text):
            continue
        for side, field, value in (
            ("minimum", witness.minimum_age, atom.interval.lower),
            ("maximum", witness.maximum_age, atom.interval.upper),
        ):
            if field is None or value is None:
                continue
            theirs = convert(field[0], field[1], atom.unit)
            if theirs is not None and not _is_same_age(theirs, value, atom.interval, side):
                message = f"{one.id} says {render(atom)}; the registry's {side} age is {amount(*field)}."
                findings.append(Finding("contradicts_field", message, (one.id,)))
    findings += _sexes_against_field(criteria, witness)
    minimum = witness.minimum_age
    if minimum is not None and (convert(minimum[0], minimum[1], "a") or _MINOR) < _MINOR - 2 and criteria:
        said = " ".join(one.text.lower() for one in criteria)
        if not re.search(r"assent|parent|guardian|representative", said):
            findings.append(
                Finding(
                    "minors_without_assent",
                    "Minors may take part, and the text names no consent of a parent or guardian.",
                )
            )
    return findings


def _sexes_against_field(criteria: Sequence[Criterion], witness: Witness) -> list[Finding]:
    """Sexes that the text asks for against the registry's.

    A sex beside a threshold or a pregnancy only says for whom these hold, and a text that speaks of both sexes excludes
    neither; a partner is somebody else.
    """
    if witness.sex not in {"ALL", "MALE", "FEMALE"}:
        return []
    asked = [
        (one, part)
        for one in criteria
        if one.counts
        and one.polarity is Polarity.INCLUSION
        and one.population is Population.PATIENT
        and not one.scope
        and one.guard is None
        for part in conjuncts(one.expr)
        if isinstance(part, Demographic)
        and part.kind == "sex"
        and len(part.values) == 1
        and not _PARTNER.search(one.text)
    ]
    if not asked:
        return []
    named = {
        value
        for one in criteria
        for atom in atoms(one.expr)
        if isinstance(atom, Demographic) and atom.kind == "sex"
        for value in atom.values
    }
    if len(named) != 1:
        return []
    return [
        Finding(
            "contradicts_field",
            f"{one.id} says {render(part)}; the registry's sex is {witness.sex}.",
            (one.id,),
        )
        for one, part in asked
        if witness.sex.lower() != part.values[0]
        and all(
            isinstance(each, (Demographic, Concept)) and not getattr(each, "time", None)
            for each in conjuncts(one.expr)
        )
    ]


def _contradicting(criteria: Sequence[Criterion]) -> list[Finding]:
    """Two required intervals of one thing that have no number in common."""
    findings = []
    ages = _ages(criteria)
    for place, (one, atom) in enumerate(ages):
        for other, second in ages[place + 1 :]:
            if (
                atom.interval
                and second.interval
                and atom.unit == second.unit
                and _are_apart(atom.interval, second.interval)
            ):
                message = f"{one.id} and {other.id} ask for ages that nobody has together."
                findings.append(Finding("contradicting_criteria", message, (one.id, other.id)))
    return findings


def _are_apart(one: Interval, other: Interval) -> bool:
    return bool(
        (one.upper is not None and other.lower is not None and one.upper < other.lower)
        or (other.upper is not None and one.lower is not None and other.upper < one.lower)
    )
