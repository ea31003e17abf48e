"""What a criterion means beside a whole narrative, before it is asked: for the policy `narrative` alone.

A reading that is doubted as a whole stands, a promise excludes nobody, and what only an examination shows is shown by no silence.
Each is told as an assumption, and a person confirms it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import Any

from trialist.criteria.criterion import Criterion, Polarity
from trialist.criteria.nodes import (
    Alternatives,
    Attestation,
    Exposure,
    Expr,
    Opaque,
    Or,
    Quantity,
    atoms,
    join_any,
)
from trialist.evaluation.kinship import narrower
from trialist.evaluation.known import Known
from trialist.evaluation.truth import Truth
from trialist.evaluation.verdict import Assumption
from trialist.patient.facts import FactKind, word_stems

AS_READ = Assumption("manner", "what was read of the sentence is taken for all that it says")
"""Where a reading is doubted as a whole, and a narrative is read with it all the same."""

NO_PROMISE = Assumption("manner", "that somebody agrees to something is taken to exclude nobody")
"""Where an exclusion was read in part as a promise."""

_TAKES_PART = re.compile(r"participat|take part|taking part|enrol", re.IGNORECASE)
_FULFIL = re.compile(r"(?:fulfil|meet|satisf)\w*$", re.IGNORECASE)


@cache
def _tables() -> Mapping[str, Any]:
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
    kept = _without_promises(expr, criterion.text) if criterion.polarity is Polarity.EXCLUSION else None
    if kept is not None:
        expr = kept
        told.append(NO_PROMISE)
    return (replace(criterion, expr=expr) if told else criterion), tuple(told)


def _as_read(expr: Expr, text: str) -> Expr | None:
    """The reading beside which the whole sentence stands as what else it may be; None where there is no such one."""
    if not isinstance(expr, Alternatives) or len(expr.readings) != 2:
        return None
    read, whole = expr.readings
    if not isinstance(whole, Opaque) or _plain(whole.text) != _plain(text):
        return None
    return read


def _plain(text: str) -> str:
    return " ".join(text.split()).strip(" .;")


def _is_participation(one: Expr, text: str) -> bool:
    """Whether words that were read as a promise tell of taking part in something: "participation in the 4 weeks before"."""
    return (
        isinstance(one, Attestation) and one.affirmed and _TAKES_PART.search(one.surface or text) is not None
    )


def _without_promises(expr: Expr, text: str) -> Expr | None:
    """The alternatives without those by which somebody agrees to something; None where there are none, or nothing else."""
    if not isinstance(expr, Or):
        return None
    left = [one for one in expr.of if not _is_participation(one, text)]
    return join_any(left) if left and len(left) < len(expr.of) else None


def is_aim_of_meeting(atom: Expr) -> bool:
    """Whether an atom only counts criteria that are fulfilled: "fulfil at least 4 criteria for …" asks for the disease."""
    return isinstance(atom, Quantity) and not atom.variable and _FULFIL.match(atom.surface) is not None


def shows_by_test(text: str, known: Known) -> str:
    """The examination that alone shows what a sentence speaks of, where the note tells of no such one; else ""."""
    rows: Mapping[str, str] = _tables()["tests"]
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
        return _presupposed(criterion.text, known) if truth is not Truth.TRUE else ""
    is_for_treated = _OF_TREATED.match(criterion.text) is not None and isinstance(
        next(iter(atoms(criterion.expr))), Exposure
    )
    if is_for_treated and is_by_silence and truth is Truth.FALSE:
        return "the note tells nothing of the treatment of which this is asked"
    return ""


def _presupposed(text: str, known: Known) -> str:
    rows: Mapping[str, Mapping[str, str]] = _tables()["presupposed"]
    for name, row in rows.items():
        if re.search(rf"\b(?:{row['words']})\b", text, re.IGNORECASE) is None:
            continue
        below = {one for name in row["ids"].split() for one in (name, *narrower("exposure", name))}
        is_told = any(below & {one.id, one.broader} for one in known.of_kind(FactKind.EXPOSURE))
        if not is_told and known.patient.note_words.isdisjoint(row["stems"].split("|")):
            return f"the note tells of no {name}, without which this is not asked"
    return ""
