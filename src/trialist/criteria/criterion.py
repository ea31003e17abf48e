"""A criterion and the set of a study's criteria: what each does, where it stands, what was wrong with its text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from trialist.criteria.nodes import Expr, Span
from trialist.criteria.quick import quick

PARSER_VERSION = "9"
"""Changes when the same text may give another parse; derived data are rebuilt then."""


class Polarity(StrEnum):
    """What the truth of a criterion does."""

    INCLUSION = "inclusion"
    EXCLUSION = "exclusion"


class Modality(StrEnum):
    """Whether a statement decides anything: required does, permissive and informative do not, a header heads others."""

    REQUIRED = "required"
    PERMISSIVE = "permissive"
    INFORMATIVE = "informative"
    HEADER = "header"


class Population(StrEnum):
    """Of whom a criterion speaks."""

    PATIENT = "patient"
    DONOR = "donor"
    CAREGIVER = "caregiver"
    CONTROL_GROUP = "control_group"
    SITE = "site"


class Computability(StrEnum):
    """Who can answer: data (wholly or in part), the person, the investigator, nobody from this text, or nobody yet."""

    COMPUTABLE = "computable"
    PARTIAL = "partial"
    ATTESTATION = "attestation"
    JUDGEMENT = "judgement"
    INCOMPLETE = "incomplete"
    OPAQUE = "opaque"


DEFECTS: Mapping[str, str] = {
    "glued_enumerator": "a list number that ran into the number behind it",
    "degraded_comparator": "an equals sign where a comparison stood",
    "lost_comparator": "a threshold without a comparison",
    "lost_exponent": "a power of ten that lost its exponent",
    "thousands_separator": "a dot or comma that groups thousands where it could be a decimal one",
    "implausible_value": "a number beyond what the variable can be",
    "contradictory_bounds": "bounds that nothing can meet",
    "incomplete_reference": "a table, appendix or protocol that is not part of the text",
    "ambiguous_scope": "words that may belong to one part of a list or to all",
    "duplicate": "the same words as another criterion",
    "inverted_polarity": "a statement under the heading of the opposite kind",
    "encoding": "characters that were decoded wrongly",
}
"""Every kind of defect of a text, and what it means."""

FINDINGS: Mapping[str, str] = {
    "no_text": "the study has no eligibility text",
    "no_exclusion_heading": "the text does not say where exclusion begins",
    "no_heading": "the text says neither what includes nor what excludes",
    "contradicts_field": "the text and the registry's own field disagree",
    "contradicting_criteria": "two criteria that nobody can meet together",
    "duplicate": "two criteria say the same",
    "inverted_polarity": "a criterion seems to stand under the wrong heading",
    "implausible_bound": "a threshold outside what the variable can be",
    "incomplete_reference": "the text refers to something outside it",
    "minors_without_assent": "minors may take part, and no consent of parents is named",
}
"""Every kind of finding about a set of criteria, and what it means."""


@quick
@dataclass(frozen=True, slots=True)
class Defect:
    """Something wrong with the text: its kind, its place, how it was read ("" when left alone), how sure that is."""

    kind: str
    span: Span
    repair: str = ""
    confidence: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in DEFECTS or not 0 <= self.confidence <= 1:
            raise ValueError(f"not a defect: {self.kind} {self.confidence}")


@quick
@dataclass(frozen=True, slots=True)
class Finding:
    """Something a reader of the whole set should know, in one sentence."""

    kind: str
    message: str
    criteria: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in FINDINGS or not self.message:
            raise ValueError(f"not a finding: {self.kind}")


@quick
@dataclass(frozen=True, slots=True)
class Criterion:
    """One statement. `text` is the normalised words of its own line, `spans` where they stand in the raw text.

    `counts` is False for a member of a list that only decides through its parent ("at least one of the following"),
    whose expression then contains it; headers do not count either. `plain` is the expression in words.
    """

    id: str
    order: int
    polarity: Polarity
    modality: Modality
    text: str
    spans: tuple[Span, ...]
    expr: Expr
    plain: str
    computability: Computability
    confidence: float
    counts: bool = True
    parent_id: str = ""
    section_path: tuple[str, ...] = ()
    population: Population = Population.PATIENT
    scope: tuple[tuple[str, str], ...] = ()
    guard: Expr | None = None
    defects: tuple[Defect, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.id or not self.spans or not 0 <= self.confidence <= 1:
            raise ValueError("a criterion needs an id, a place and a confidence from 0 to 1")


@quick
@dataclass(frozen=True, slots=True)
class Header:
    """A heading, and what it says: which polarity, population or scope begins."""

    text: str
    span: Span
    polarity: Polarity | None = None


@quick
@dataclass(frozen=True, slots=True)
class Residue:
    """Characters in no criterion and no header: `kind` is layout (bullets, numbers, blanks) or text."""

    kind: str
    span: Span
    text: str


@quick
@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a text was read.

    `typed` counts criteria with at least one understood atom, `structured` those without anything opaque; both leave
    out headers and what only informs.
    """

    characters: int
    in_criteria: int
    in_headers: int
    in_layout: int
    lost: int
    criteria: int
    typed: int
    structured: int
    by_computability: Mapping[str, int] = field(default_factory=dict)


@quick
@dataclass(frozen=True, slots=True)
class CriterionSet:
    """All criteria of a text. `available` is False when there is no text: that says nothing about who may take part."""

    nct_id: str
    available: bool
    text_sha256: str
    criteria: tuple[Criterion, ...]
    headers: tuple[Header, ...]
    residue: tuple[Residue, ...]
    findings: tuple[Finding, ...]
    coverage: Coverage
    parser_version: str = PARSER_VERSION

    def __post_init__(self) -> None:
        if len({one.id for one in self.criteria}) != len(self.criteria):
            raise ValueError("criteria need ids of their own")
