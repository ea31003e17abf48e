"""What a criterion means beside a whole narrative, before it is asked: for the policy `narrative` alone.

A reading that is doubted as a whole stands, a promise excludes nobody, and what only an examination shows is shown by no silence.
Each is told as an assumption, and a person confirms it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import Any

from trialist.criteria.criterion import Criterion, Polarity
from trialist.criteria.nodes import (
    Alternatives,
    And,
    AtLeast,
    Attestation,
    Concept,
    ExceptWhen,
    Exposure,
    Expr,
    Not,
    Opaque,
    Or,
    Ordinal,
    Quantity,
    Trialwise,
    atoms,
    join_all,
    join_any,
)
from trialist.evaluation.kinship import narrower
from trialist.evaluation.known import Known
from trialist.evaluation.truth import Truth
from trialist.evaluation.verdict import Assumption
from trialist.patient.facts import FactKind, word_stems

AS_READ = Assumption("manner", "what was read of the sentence is taken for all that it says")
"""Where a reading is doubted as a whole, and a narrative is read with it all the same."""

NO_PROMISE = Assumption("manner", "taking part in something is taken for no promise")
"""Where an exclusion was read in part as a promise."""

UNDEFINED = Assumption("manner", "what defines it is not told of either")
"""Where a narrative is silent on a disease, and the values by which it is defined are not known."""

GIVES_UP = Assumption("manner", "that something has to be given up is taken for a promise")
"""Where a requirement asks what a patient will do in the study."""

_TAKES_PART = re.compile(r"participat|take part|taking part|enrol", re.IGNORECASE)
_TRIAL = re.compile(r"\b(?:trial|study|studies)", re.IGNORECASE)
_FULFIL = re.compile(r"(?:fulfil|meet|satisf)\w*$", re.IGNORECASE)


@cache
def read_narrative() -> Mapping[str, Any]:
    """The table of readers of a narrative, as it is."""
    file = resources.files("trialist.evaluation") / "tables" / "narrative.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def as_meant(criterion: Criterion) -> tuple[Criterion, tuple[Assumption, ...]]:
    """The criterion as a reader takes it, and what that takes for granted."""
    told = []
    expr = criterion.expr
    read = _as_read(expr, criterion.text)
    if read is not None:
        expr = read
        told.append(AS_READ)
    ill = _as_acute_illness(expr, criterion.text)
    if ill is not None:
        expr = ill
        told.append(AS_READ)
    promise = _as_promise(criterion)
    if promise is not None:
        expr = promise
        told.append(GIVES_UP)
    kept = _without_promises(expr, criterion.text) if criterion.polarity is Polarity.EXCLUSION else None
    if kept is not None:
        expr = kept
        told.append(NO_PROMISE)
    return (replace(criterion, expr=expr) if told else criterion), tuple(told)


_NO_EXCLUSION = re.compile(
    r"\b(?:not (?:an? )?(?:exclusion\w*|excluded)|(?:is|are|was|were|will be) (?:allowed|permitted|acceptable|eligible))\b",
    re.IGNORECASE,
)
"""What a sentence says behind its condition that takes a part of it back: its reading does not hold the whole of it."""


def _as_read(expr: Expr, text: str) -> Expr | None:
    """The reading beside which the whole sentence stands as what else it may be; None where there is no such one."""
    if not isinstance(expr, Alternatives) or len(expr.readings) != 2:
        return None
    if _NO_EXCLUSION.search(text) is not None:
        return None
    read, whole = expr.readings
    if not isinstance(whole, Opaque) or _plain(whole.text) != _plain(text):
        return None
    return read


_ACUTE = re.compile(
    r"\W*(?:(?:any|current|presence of|evidence of|significant|clinically significant|concurrent)[ ])*"
    r"acute(?:[ ](?:or|and/or)[ ]chronic)?[ ](?:medical[ ])?(?:disease|illness|condition)s?"
    r"(?:[ ]at[ ](?:the[ ])?(?:time[ ]of[ ])?(?:enrol\w+|inclusion|screening|vaccination|entry|baseline))?"
    r"[ ]*(?:$|[.;](?:[ ]*acute[ ](?:disease|illness)[ ]is[ ]defined[ ]as\b.*)?$)",
    re.IGNORECASE | re.DOTALL,
)
_SERIOUS = re.compile(r"\b(?:moderate|severe|serious)\b", re.IGNORECASE)


def _as_acute_illness(expr: Expr, text: str) -> Expr | None:
    """An acute illness of any kind, where a whole sentence asks for one; a definition behind it may ask for a serious one."""
    plain = " ".join(text.split())
    first = next(iter(atoms(expr)))
    if _ACUTE.match(plain) is None or not isinstance(first, Opaque):
        return None
    severity = ("moderate or severe",) if _SERIOUS.search(plain) else ()
    return Concept("condition", "illness", first.span, "comorbidity", status=("acute",), severity=severity)


def _plain(text: str) -> str:
    return " ".join(text.split()).strip(" .;")


def _is_participation(one: Expr, text: str) -> bool:
    """Whether words that were read as a promise tell of taking part in something: "participation in the 4 weeks before"."""
    return (
        isinstance(one, Attestation) and one.affirmed and _TAKES_PART.search(one.surface or text) is not None
    )


def _without_promises(expr: Expr, text: str) -> Expr | None:
    """The alternatives with taking part in something for what it is; None where none was read as a promise."""
    if not isinstance(expr, Or) or not any(_is_participation(one, text) for one in expr.of):
        return None
    return join_any([_taken_part(one, text) if _is_participation(one, text) else one for one in expr.of])


def _taken_part(one: Expr, text: str) -> Expr:
    span = next(iter(atoms(one))).span
    if _TRIAL.search(text) is not None:
        return Trialwise("other_trial", span)
    return Opaque(str(getattr(one, "surface", "")) or text, span)


_ALLERGY = re.compile(
    r"\W*(?:(?:known|any|history of|previous|prior|documented|suspected|severe|patients? with|subjects? with|an?)[ ]+)*(?:allerg|hypersensitiv|anaphyla)",
    re.IGNORECASE,
)
_DEFINES = re.compile(
    r"\([^()]{0,200}?(?:[<>≤≥=]|\bi\.?e\b|\bdefined|\bless than|\bmore than|\babove|\bbelow)[^()]{0,400}\)"
    r"|\b(?:defined (?:as|by)|as (?:evidenced|indicated|shown|manifested) by|i\.e\.)[^.;]*",
    re.IGNORECASE,
)


def without_definition(
    criterion: Criterion, decide: Callable[[Expr], Truth], *, is_silent_on_allergies: bool
) -> Expr | None:
    """What excludes without the values and words that define it, where none of them is known; None where there are none.

    "Renal failure (creatinine clearance < 20 ml/min)": whose note is silent on the kidneys is taken to have none. Of what allergies
    are to abbreviations are no more than that, where a note tells of no allergy.
    """
    if criterion.polarity is not Polarity.EXCLUSION or len(criterion.spans) != 1:
        return None
    is_of_allergies = _ALLERGY.match(criterion.text) is not None and is_silent_on_allergies
    begins = criterion.spans[0].start
    places = [found.span() for found in _DEFINES.finditer(criterion.text)]

    def is_definition(one: Expr) -> bool:
        if not isinstance(one, Quantity | Ordinal | Opaque) or decide(one) is not Truth.UNKNOWN:
            return False
        if is_of_allergies and isinstance(one, Opaque) and one.text.isupper():  # to something abbreviated
            return True
        start, end = one.span.start - begins, one.span.end - begins
        return any(first < end and start < last for first, last in places)

    if not any(is_definition(one) for one in atoms(criterion.expr)):
        return None
    return without(criterion.expr, is_definition)


def without(expr: Expr, is_out: Callable[[Expr], bool]) -> Expr | None:
    """An expression without some of its atoms; None when nothing is left."""
    match expr:
        case And(of) | Or(of):
            left = [one for one in (without(one, is_out) for one in of) if one is not None]
            return (join_all(left) if isinstance(expr, And) else join_any(left)) if left else None
        case AtLeast() | ExceptWhen():
            return expr
        case Not(of):
            inner = without(of, is_out)
            return None if inner is None else Not(inner)
        case Alternatives(readings):
            kept = tuple(
                dict.fromkeys(one for one in (without(one, is_out) for one in readings) if one is not None)
            )
            return Alternatives(kept) if len(kept) > 1 else kept[0] if kept else None
        case _:
            return None if is_out(expr) else expr


_GIVES_UP = re.compile(
    r"\W*(?:(?:all )?(?:patients?|subjects?|participants?|individuals?|volunteers?)[ ])?(?:must|should|will|need to|have to|are required to|agrees? to|(?:is |are |be )?willing to)[ ]"
    r"(?:discontinue|stop|avoid|refrain|abstain|withhold|cease|(?:not|never)[ ](?:take|use|receive|consume|drink|smoke|start))\b",
    re.IGNORECASE,
)


# What must have ended before is asked of what was taken, and no promise.
_WASHOUT = re.compile(r"\b(?:prior|previous\w*|before|wash-?out)\b", re.IGNORECASE)


def _as_promise(criterion: Criterion) -> Expr | None:
    """A promise, where a requirement asks that something be given up in the study; None where it does not."""
    if criterion.polarity is not Polarity.INCLUSION or _GIVES_UP.match(criterion.text) is None:
        return None
    if _WASHOUT.search(criterion.text):
        return None
    if any(isinstance(one, Attestation) for one in atoms(criterion.expr)):
        return None
    return Attestation("refrain", next(iter(atoms(criterion.expr))).span, surface=criterion.text)


def is_aim_of_meeting(atom: Expr) -> bool:
    """Whether an atom only counts criteria that are fulfilled: "fulfil at least 4 criteria for …" asks for the disease."""
    return isinstance(atom, Quantity) and not atom.variable and _FULFIL.match(atom.surface) is not None


def shows_by_test(text: str, known: Known) -> str:
    """The examination that alone shows what a sentence speaks of, where the note tells of no such one; else ""."""
    rows: Mapping[str, str] = read_narrative()["tests"]
    for name, row in rows.items():
        if _shown_by(row).search(text) and not _tells_of(row, known):
            return name
    return ""


def _tells_of(row: str, known: Known) -> bool:
    """Whether a note speaks of an examination: short names stand in no list of the note's words, but are read as examinations."""
    done = " ".join(one.surface for one in known.of_kind(FactKind.EXPOSURE)).casefold()
    said = set(re.findall(r"[\w-]+", done))
    names = [name for name in row.split("|") if " " not in name]
    return not word_stems(row.replace("|", " ")).isdisjoint(known.patient.note_words) or any(
        name in said for name in names
    )


@cache
def _shown_by(row: str) -> re.Pattern[str]:
    names = "|".join(map(re.escape, row.split("|")))
    shows = r"(?:shows?|showing|showed|shown|reveal\w*|demonstrat\w+|indicat\w+|suggest\w*|(?:is |are )?consistent with|evidence of)"
    behind = r"(?:shown|seen|found|detected|visible|demonstrated|confirmed|proven|evident|documented)[ ](?:on|by|in|with|at)"
    return re.compile(
        rf"\b(?:{names})\b[ ]{shows}\b|\b{behind}[ ](?:\w+[ ]){{0,2}}(?:{names})\b", re.IGNORECASE
    )


_OF_TREATED = re.compile(
    r"\W*(?:recipients?|patients?|subjects?|participants?|persons?|individuals?|those|women|men)[ ]"
    r"(?:(?:who|that)[ ](?:have[ ]|has[ ]|had[ ])?(?:(?:previously|already|recently|ever)[ ])?(?:had|received|undergone|been treated with|are (?:taking|receiving|on|treated with)|take|use)|taking|receiving|using|treated with)\b"
    r"[^.;]{3,120}?\b(?:must|should|need to|have to|are required to)\b",
    re.IGNORECASE,
)


def asks_of_others(criterion: Criterion, truth: Truth, known: Known, *, is_by_silence: bool) -> str:
    """Why a sentence asks nothing of this patient: it is for who had a treatment that the note tells nothing of; else ""."""
    if criterion.polarity is Polarity.EXCLUSION:
        if truth is not Truth.TRUE and _of_conduct().search(criterion.text):
            return "only the study itself will show it"
        is_one = not isinstance(criterion.expr, Or)  # one alternative that asks nothing leaves the others
        return _presupposed(criterion.text, known) if is_one and truth is not Truth.TRUE else ""
    is_for_treated = _OF_TREATED.match(criterion.text) is not None and isinstance(
        next(iter(atoms(criterion.expr))), Exposure
    )
    if is_for_treated and is_by_silence and truth is Truth.FALSE:
        return "the note tells nothing of the treatment of which this is asked"
    return ""


@cache
def _of_conduct() -> re.Pattern[str]:
    return re.compile(read_narrative()["conduct"]["opening"], re.IGNORECASE)


def _presupposed(text: str, known: Known) -> str:
    rows: Mapping[str, Mapping[str, str]] = read_narrative()["presupposed"]
    for name, row in rows.items():
        if re.search(rf"\b(?:{row['words']})\b", text, re.IGNORECASE) is None:
            continue
        below = {one for name in row["ids"].split() for one in (name, *narrower("exposure", name))}
        is_told = any(below & {one.id, one.broader} for one in known.of_kind(FactKind.EXPOSURE))
        if not is_told and known.patient.note_words.isdisjoint(row["stems"].split("|")):
            return f"the note tells of no {name}, without which this is not asked"
    return ""
