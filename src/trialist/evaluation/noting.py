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

from trialist.criteria.criterion import Criterion, Polarity
from trialist.criteria.nodes import Alternatives, Attestation, Expr, Opaque, Or, Quantity, join_any
from trialist.evaluation.known import Known
from trialist.evaluation.verdict import Assumption
from trialist.patient.facts import FactKind, word_stems

AS_READ = Assumption("manner", "what was read of the sentence is taken for all that it says")
"""Where a reading is doubted as a whole, and a narrative is read with it all the same."""

NO_PROMISE = Assumption("manner", "that somebody agrees to something is taken to exclude nobody")
"""Where an exclusion was read in part as a promise."""

_FULFIL = re.compile(r"(?:fulfil|meet|satisf)\w*$", re.IGNORECASE)


@cache
def _tests() -> Mapping[str, str]:
    file = resources.files("trialist.evaluation") / "tables" / "narrative.toml"
    rows: Mapping[str, str] = tomllib.loads(file.read_text(encoding="utf-8"))["tests"]
    return rows


def as_meant(criterion: Criterion) -> tuple[Criterion, tuple[Assumption, ...]]:
    """The criterion as a reader takes it, and what that takes for granted."""
    told = []
    expr = criterion.expr
    read = _as_read(expr, criterion.text)
    if read is not None:
        expr = read
        told.append(AS_READ)
    kept = _without_promises(expr) if criterion.polarity is Polarity.EXCLUSION else None
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


def _without_promises(expr: Expr) -> Expr | None:
    """The alternatives without those by which somebody agrees to something; None where there are none, or nothing else."""
    if not isinstance(expr, Or):
        return None
    left = [one for one in expr.of if not (isinstance(one, Attestation) and one.affirmed)]
    return join_any(left) if left and len(left) < len(expr.of) else None


def is_aim_of_meeting(atom: Expr) -> bool:
    """Whether an atom only counts criteria that are fulfilled: "fulfil at least 4 criteria for …" asks for the disease."""
    return isinstance(atom, Quantity) and not atom.variable and _FULFIL.match(atom.surface) is not None


def shows_by_test(text: str, known: Known) -> str:
    """The examination that alone shows what a sentence speaks of, where the note tells of no such one; else ""."""
    for name, row in _tests().items():
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
