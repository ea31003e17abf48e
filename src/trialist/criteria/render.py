"""Nodes → plain words, from the nodes alone: what is said back is what will be evaluated, not what was written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

from trialist.criteria.lexicon import tables
from trialist.criteria.nodes import (
    Alternatives,
    And,
    AtLeast,
    Attestation,
    Basis,
    Biomarker,
    Concept,
    Count,
    Demographic,
    Direction,
    ExceptWhen,
    Exposure,
    Expr,
    Interval,
    Judgement,
    Not,
    Opaque,
    Or,
    Ordinal,
    Quantity,
    ReproState,
    Result,
    Trialwise,
    Window,
)

_UNITS: Mapping[str, tuple[str, str]] = {
    "a": ("year", "years"),
    "mo": ("month", "months"),
    "wk": ("week", "weeks"),
    "d": ("day", "days"),
    "h": ("hour", "hours"),
    "min": ("minute", "minutes"),
    "s": ("second", "seconds"),
    "half-life": ("half-life", "half-lives"),
    "mm[Hg]": ("mmHg", "mmHg"),
    "cm[H2O]": ("cmH2O", "cmH2O"),
    "Cel": ("°C", "°C"),
    "[degF]": ("°F", "°F"),
    "[lb_av]": ("pound", "pounds"),
    "[in_i]": ("inch", "inches"),
    "[IU]/mL": ("IU/mL", "IU/mL"),
    "m[IU]/L": ("mIU/L", "mIU/L"),
    "m[IU]/mL": ("mIU/mL", "mIU/mL"),
    "mL/min/{1.73_m2}": ("mL/min/1.73 m²", "mL/min/1.73 m²"),
    "kg/m2": ("kg/m²", "kg/m²"),
    "10*9/L": ("×10⁹/L", "×10⁹/L"),
    "10*3/uL": ("×10³/µL", "×10³/µL"),
    "10*6/L": ("×10⁶/L", "×10⁶/L"),
    "10*6/kg": ("×10⁶/kg", "×10⁶/kg"),
    "/uL": ("per µL", "per µL"),
    "/mm3": ("per mm³", "per mm³"),
    "umol/L": ("µmol/L", "µmol/L"),
    "{copies}/mL": ("copies/mL", "copies/mL"),
    "[CFU]/mL": ("CFU/mL", "CFU/mL"),
    "[CFU]": ("CFU", "CFU"),
    "{MFI}": ("MFI", "MFI"),
    "{disc_area}": ("disc area", "disc areas"),
    "[diop]": ("dioptre", "dioptres"),
    "{wood}": ("Wood unit", "Wood units"),
    "min/wk": ("minute a week", "minutes a week"),
    "h/wk": ("hour a week", "hours a week"),
    "min/d": ("minute a day", "minutes a day"),
    "h/d": ("hour a day", "hours a day"),
    "{pack_years}": ("pack-year", "pack-years"),
    "{score}": ("point", "points"),
    "{letters}": ("letter", "letters"),
    "{percentile}": ("percentile", "percentile"),
    "{SD}": ("standard deviation", "standard deviations"),
    "{times}": ("", ""),
    "1": ("", ""),
}
_ANCHORS: Mapping[str, str] = {
    "enrolment": "enrolment",
    "study": "the study",
    "consent": "consent",
    "randomisation": "randomisation",
    "first_dose": "the first dose",
    "last_dose": "the last dose",
    "transplant": "the transplantation",
    "admission": "admission to hospital",
    "onset": "the onset",
    "surgery": "the procedure",
    "event": "the event named",
    "diagnosis": "the diagnosis",
}
_TOPICS: Mapping[str, tuple[str, str]] = {
    "consent": ("gives informed consent", "does not or cannot give informed consent"),
    "assent": ("a minor assents", "a minor does not assent"),
    "compliance": (
        "can and will take part as the study asks",
        "cannot or will not take part as the study asks",
    ),
    "contraception": (
        "uses contraception or abstains as the study asks",
        "does not or cannot use contraception as the study asks",
    ),
    "language": ("knows the language as the study asks", "does not know the language as the study asks"),
    "access": (
        "lives, is insured or has access as the study asks",
        "does not live, is not insured or has no access as the study asks",
    ),
    "protected": (
        "is in custody, under guardianship, dependent or otherwise protected",
        "is not in custody, under guardianship, dependent or otherwise protected",
    ),
    "ability": ("is able to do what the study asks", "is not able to do what the study asks"),
    "refrain": ("agrees to what the study asks", "does not agree to what the study asks"),
    "cognition": ("is mentally able to decide", "is not mentally able to decide"),
}
_STATES: Mapping[str, str] = {
    "pregnant": "pregnant",
    "lactating": "breast-feeding",
    "child_bearing_potential": "able to become pregnant",
    "postmenopausal": "past the menopause",
    "sterile": "surgically sterile",
    "planning_pregnancy": "planning a pregnancy",
}
_MULTIPLES = {
    Basis.X_ULN: "the upper limit of normal",
    Basis.X_LLN: "the lower limit of normal",
    Basis.X_BASELINE: "the baseline value",
}


@cache
def _names(kind: str) -> Mapping[str, str]:
    return {entry_id: row["name"] for entry_id, row in tables()[kind].items()}


@cache
def _as_written(kind: str) -> frozenset[str]:
    """The entries of which many words are names that say less or more than one of them: said back in the words."""
    return frozenset(entry_id for entry_id, row in tables()[kind].items() if row.get("as_written"))


def _name(concept_id: str, surface: str, *kinds: str) -> str:
    """The name of an entry, or the words themselves."""
    for kind in kinds:
        if concept_id in _names(kind):
            if concept_id not in _as_written(kind) or surface.lower().startswith(
                "non"
            ):  # `nonsmoker`: denied
                return _names(kind)[concept_id]
            return surface[:1].lower() + surface[1:] if surface[1:2].islower() else surface
    return surface


_EITHER, _UNREAD = "either reading: ", "[not understood: "


def is_clear(plain: str) -> bool:
    """Whether an expression in words has one reading, and all of it was understood."""
    return _EITHER not in plain and _UNREAD not in plain


def render(expr: Expr) -> str:
    """An expression in plain words."""
    return _SAID[type(expr)](expr)


def _inner(expr: Expr) -> str:
    said = render(expr)
    return f"({said})" if type(expr) in _JUNCTIONS else said


_JUNCTIONS: frozenset[type] = frozenset({And, Or, AtLeast, ExceptWhen, Alternatives})


def _and(expr: And) -> str:
    return "; and ".join(map(_inner, expr.of))


def _or(expr: Or) -> str:
    return ", or ".join(map(_inner, expr.of))


def _not(expr: Not) -> str:
    return f"not {_inner(expr.of)}"


def _at_least(expr: AtLeast) -> str:
    return f"at least {expr.count} of: " + "; ".join(map(_inner, expr.of))


def _except_when(expr: ExceptWhen) -> str:
    return f"{_inner(expr.main)}, except when {_inner(expr.exception)}"


def _alternatives(expr: Alternatives) -> str:
    return _EITHER + " | ".join(f"({render(one)})" for one in expr.readings)


def _ordinal(expr: Ordinal) -> str:
    version = f" ({expr.version})" if expr.version else ""
    return _with_time(f"{_names('scale')[expr.scale]}{version} {_steps(expr.allowed)}", expr.time)


def _result(expr: Result) -> str:
    kinds = ("serology", "condition", "variable")
    name = next((_names(kind)[expr.test] for kind in kinds if expr.test in _names(kind)), expr.test)
    return _with_time(f"{name}: {expr.outcome or 'result not said'}", expr.time)


def _biomarker(expr: Biomarker) -> str:
    return f"{_names('marker')[expr.gene]}: {expr.variant or 'as described'}"


def _repro_state(expr: ReproState) -> str:
    return _with_time(_STATES[expr.state], expr.time)


_TRIALS: Mapping[str, str] = {
    "other_trial": "takes part in another trial",
    "this_trial": "took part in this trial before",
    "investigational_product": "an investigational product",
    "study_part": "in this part of the study",
}


def _trialwise(expr: Trialwise) -> str:
    return _in_their_words(_with_time(_TRIALS[expr.kind], expr.time), expr.surface)


def _attestation(expr: Attestation) -> str:
    said = _TOPICS[expr.topic][0 if expr.affirmed else 1]
    said += f" (by {expr.by})" if expr.by != "patient" else ""
    return _in_their_words(said, expr.surface)


def _in_their_words(said: str, surface: str) -> str:
    return f"{said}: “{surface}”" if surface else said


def _count(expr: Count) -> str:
    return _with_time(f"{_interval(expr.interval, '')} {expr.of}".strip(), expr.time)


def _demographic(expr: Demographic) -> str:
    if expr.interval is not None:
        return f"age {_interval(expr.interval, expr.unit)}"
    return f"{expr.kind}: {' or '.join(expr.values)}"


def _way_of_measuring(method: str) -> str:
    if not method or method == "fasting":  # which stands before the name
        return ""
    return f" {method}" if method.startswith(("at ", "on ", "in ")) else f" by {method}"


def _quantity(expr: Quantity) -> str:
    name = _names("variable").get(expr.variable) or f"“{expr.surface}”"
    if expr.basis in _MULTIPLES:
        said = _interval(expr.interval, "", times=_MULTIPLES[expr.basis])
    elif expr.basis is Basis.PERCENT_PREDICTED:
        said = f"{_interval(expr.interval, expr.unit)} of predicted"
    else:
        said = _interval(expr.interval, expr.unit)
    exact = " (as written, without a comparison)" if "comparator" in expr.assumed else ""
    if expr.method == "fasting":
        name = f"fasting {name}"
    seen = _way_of_measuring(expr.method)
    if expr.aggregate == "change":
        name = f"change of {name}"
    elif expr.aggregate == "ever":
        name = f"ever {name}"
    return _with_time(f"{name} {said}{exact}{seen}", expr.time)


def _concept(expr: Concept) -> str:
    name = _name(expr.concept_id, expr.surface, "condition") if expr.domain == "condition" else expr.surface
    if expr.domain == "allergy":
        words = [*expr.severity, f"{expr.method or 'allergy or contraindication'}: {expr.surface}"]
    else:
        required = [one for one in expr.status if one.startswith("requiring")]
        before = [one for one in expr.status if one not in required]
        words = [*dict.fromkeys((*expr.severity, *before)), name, *required]
    said = " ".join(words)
    if expr.certainty:
        said = f"{expr.certainty} {said}"
    if expr.subject == "family":
        said = f"family history of {said}"
    elif expr.temporality == "history":
        said = f"history of {said}"
    elif expr.temporality == "any":
        said = f"past or present {said}"
    if expr.examples:
        said += f" (for example {', '.join(expr.examples)})"
    if expr.method and expr.domain != "allergy":
        said += f" seen by {expr.method}"
    if expr.not_caused_by:
        said += f" not caused by {expr.not_caused_by}"
    if expr.caused_by:
        said += f" caused by {expr.caused_by}"
    return _with_time(said, expr.time)


_OF_ROLES: Mapping[str, str] = {
    "prior": "previous ",
    "current": "current ",
    "required": "requires ",
    "planned": "planned ",
}


def _exposure(expr: Exposure) -> str:
    name = _name(expr.concept_id, expr.surface, "drug", "procedure")
    words = " ".join([*dict.fromkeys((*expr.route, *expr.status)), name])
    role = _OF_ROLES.get(expr.role, "")
    more = f" (for example {', '.join(expr.examples)})" if expr.examples else ""
    return _with_time(f"{role}{words}{more}", expr.time)


def _opaque(expr: Opaque) -> str:
    return _with_time(f"{_UNREAD}{expr.text}]", expr.time)


def _judgement(expr: Judgement) -> str:
    if expr.topic == "life_expectancy" and expr.interval is not None:
        return f"life expectancy {_interval(expr.interval, expr.unit)} (investigator's judgement)"
    return f"investigator's judgement: {expr.surface}"


def _steps(allowed: tuple[str, ...]) -> str:
    return allowed[0] if len(allowed) == 1 else f"{', '.join(allowed[:-1])} or {allowed[-1]}"


def _number(value: Decimal) -> str:
    said = format(value, "f")
    if "." in said:
        said = said.rstrip("0").rstrip(".")
    whole, _, rest = said.partition(".")
    grouped = f"{int(whole):,}" if len(whole.lstrip("-")) > 4 else whole
    return f"{grouped}.{rest}" if rest else grouped


def amount(value: Decimal, unit: str) -> str:
    """A number with its unit in words: `12 years`."""
    return f"{_number(value)}{_unit(unit, value)}"


def _unit(unit: str, value: Decimal) -> str:
    one, many = _UNITS.get(unit, (unit, unit))
    said = one if value == 1 else many
    return said if said == "%" or not said else f" {said}"


def _interval(interval: Interval, unit: str, times: str = "") -> str:
    """`from 4 to 70 years`, `more than 2 times the upper limit of normal`."""

    def end(value: Decimal) -> str:
        if times:
            return times if value == 1 else f"{_number(value)} times {times}"
        return amount(value, unit)

    low, high = interval.lower, interval.upper
    if low is not None and high is not None:
        if low == high:
            return end(low) if times else f"exactly {end(low)}"
        opening = "" if interval.lower_inclusive else "more than "
        closing = "" if interval.upper_inclusive else "less than "
        return f"from {opening}{_number(low)} to {closing}{end(high)}"
    if low is not None:
        return f"{'at least' if interval.lower_inclusive else 'more than'} {end(low)}"
    if high is not None:
        return f"{'at most' if interval.upper_inclusive else 'less than'} {end(high)}"
    return ""


def _with_time(said: str, window: Window | None) -> str:
    return said if window is None else f"{said} {render_window(window)}"


def render_window(window: Window) -> str:
    """A window of time in plain words."""
    anchor = _ANCHORS.get(window.anchor, window.anchor)
    if window.anchor_assumed:
        anchor += " (assumed)"
    side = {Direction.BEFORE: "before", Direction.AFTER: "after", Direction.DURING: "at"}[window.direction]
    if window.length is None:
        return f"{'during' if window.anchor == 'study' and side == 'at' else side} {anchor}"
    low, high = window.length.lower, window.length.upper
    half = f" or {_number(window.or_half_lives)} half-lives" if window.or_half_lives is not None else ""
    if high is not None and (low is None or low == 0):
        return f"within {amount(high, window.unit)}{half} {side} {anchor}"
    return f"{_interval(window.length, window.unit)}{half} {side} {anchor}"


_SAID: Mapping[type, Callable[[Any], str]] = {
    Concept: _concept,
    Exposure: _exposure,
    Demographic: _demographic,
    Quantity: _quantity,
    Ordinal: _ordinal,
    Result: _result,
    Biomarker: _biomarker,
    ReproState: _repro_state,
    Trialwise: _trialwise,
    Attestation: _attestation,
    Judgement: _judgement,
    Count: _count,
    Opaque: _opaque,
    And: _and,
    Or: _or,
    Not: _not,
    AtLeast: _at_least,
    ExceptWhen: _except_when,
    Alternatives: _alternatives,
}
