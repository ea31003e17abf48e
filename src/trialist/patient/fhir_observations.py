"""Observations → measurements, grades, results of tests, markers, states."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from trialist.patient.elements import Element
from trialist.patient.facts import Certainty, Code, FactKind, Status
from trialist.patient.fhir_context import Coded, Resource, answers, outcome_of
from trialist.patient.fhir_values import (
    Amount,
    Spell,
    Trouble,
    read_choice_of_time,
    read_codes,
    read_number_text,
    read_quantity,
    read_range,
    read_reference,
    read_when,
)
from trialist.patient.terms import check_measure
from trialist.vocabulary.units import find_unit

_KINDS = frozenset(
    {
        FactKind.MEASUREMENT,
        FactKind.GRADE,
        FactKind.RESULT,
        FactKind.BIOMARKER,
        FactKind.CONDITION,
        FactKind.STATE,
        FactKind.FLAG,
    }
)
_UNUSED = {
    "registered": ("no-value", "the result is not there yet"),
    "cancelled": ("not-done", "the observation was cancelled"),
    "entered-in-error": ("entered-in-error", "entered in error"),
}
SMOKING = "72166-2"
PREGNANCY = "82810-3"
VARIANT = "69548-6"
_GENE, _CHANGE = "48018-6", {"48005-3", "81252-9", "48004-6", "81290-9"}
_ABSENT_ANSWERS = {"LA9634-2": "absent", "LA18198-4": "no call"}
_STEP = re.compile(
    r"(?:stage|grade|class|score)?\s*([0-9]{1,3}|[ivx]{1,4}|mild|moderate|severe|very severe|[a-d])\s*[abc]?[0-9]?\b.{0,40}",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Found:
    """The value of an observation or component, in whichever of FHIR's types."""

    amount: Amount | None = None
    words: str = ""
    codes: tuple[Code, ...] = ()
    flag: bool | None = None
    path: str = ""


def read_observation(resource: Resource) -> None:
    """An Observation with its components; nested results are resources of their own."""
    element = resource.element
    status = element.text("status")
    codes = _codes(element)
    if status in _UNUSED:
        reason, why = _UNUSED[status]
        resource.miss(reason, why, "status", codes)
        return
    if element.has("focus"):
        resource.miss(
            "another-person", "it is about something other than the patient (focus)", "focus", codes
        )
        return
    spell = resource.tell(read_choice_of_time(element, "effective", resource.gathered.birth), "effective")
    when: dict[str, Any] = _when(resource, spell)
    if status == "preliminary":
        when["certainty"] = Certainty.SUSPECTED
    components = list(element.children("component"))
    if _has_code(codes, VARIANT):
        _read_variant(resource, components, when)
        return
    read = _read_value(resource, element, when)
    for component in components:
        _read_value(resource, component, when)
    if not read and not components:
        if any(element.children("hasMember")):
            resource.miss(
                "only-groups", "it only groups results that are read where they stand", "hasMember", codes
            )
        elif element.has("dataAbsentReason"):
            absent = element.child("dataAbsentReason")
            words = read_codes(absent)[1] if absent is not None else ""
            resource.miss("no-value", f"no value{': ' + words if words else ''}", "dataAbsentReason", codes)
        else:
            resource.miss("no-value", "a result without a value", "", codes)


def _codes(element: Element) -> tuple[Code, ...]:
    concept = element.child("code")
    return read_codes(concept)[0] if concept is not None else ()


def _has_code(codes: tuple[Code, ...], code: str) -> bool:
    return any(one.code == code for one in codes)


def _when(resource: Resource, spell: Spell) -> dict[str, Any]:
    """The time of an observation: the end of its period, when there is one, is when the value was true."""
    at = spell.end or spell.start
    found: dict[str, Any] = {}
    if at is not None:
        found = {"date": at.days, "moment": at.moment}
    issued = resource.element.text("issued")
    if issued and at is None:
        written = read_when(issued)
        if isinstance(written, Trouble):
            resource.trouble(written, "issued")
        else:
            found["recorded"] = written.days
    return found


def _value(resource: Resource, element: Element) -> _Found | Trouble | None:
    """The value[x] of an observation or component; None when there is none."""
    quantity = element.child("valueQuantity")
    if quantity is not None:
        if quantity.number("value") is None and element.has("dataAbsentReason"):
            return None
        amount = read_quantity(quantity)
        return amount if isinstance(amount, Trouble) else _Found(amount, path=element.at("valueQuantity"))
    number = element.number("valueInteger")
    if number is not None:
        text = read_number_text(f"{number:f}")
        return text if isinstance(text, Trouble) else _Found(text, path=element.at("valueInteger"))
    span = element.child("valueRange")
    if span is not None:
        amount = read_range(span)
        return amount if isinstance(amount, Trouble) else _Found(amount, path=element.at("valueRange"))
    concept = element.child("valueCodeableConcept")
    if concept is not None:
        codes, words = read_codes(concept)
        words = words or next((code.code for code in codes), "")
        return _Found(words=words, codes=codes, path=element.at("valueCodeableConcept")) if words else None
    words = element.text("valueString")
    if words:
        amount = read_number_text(words)
        return _Found(amount if isinstance(amount, Amount) else None, words, path=element.at("valueString"))
    flag = element.flag("valueBoolean")
    if flag is not None:
        return _Found(flag=flag, path=element.at("valueBoolean"))
    other = next((name for name in element.value if name.startswith("value")), "")
    if other:
        return Trouble("unread-value", f"a value of the type {other.removeprefix('value')[:30]} is not read")
    return None


def _interpretation(element: Element) -> str:
    for one in element.children("interpretation"):
        codes, words = read_codes(one)
        return next((code.code for code in codes if code.code), words)
    return ""


def _read_value(resource: Resource, element: Element, when: dict[str, Any]) -> bool:
    """One value → a fact, or a listing; False when there is no value at all."""
    concept = element.child("code")
    coded = resource.coded(concept, _KINDS)
    found = _value(resource, element)
    if isinstance(found, Trouble):
        resource.trouble(found, element.at("value"), coded.codes)
        return True
    interpretation = _interpretation(element)
    if found is None:
        if not interpretation:
            return False
        found = _Found(words=interpretation, path=element.at("interpretation"))
    if not coded.codes and not coded.words:
        resource.miss("no-code", "nothing says what was observed", element.at("code"))
        return True
    said = {**when, "surface": coded.words or coded.codes[0].code, "codes": coded.codes}
    if interpretation:
        said["note"] = f"interpretation {interpretation}"
    if _has_code(coded.codes, SMOKING):
        _read_smoking(resource, found, said)
        return True
    if _has_code(coded.codes, PREGNANCY):
        _read_pregnancy(resource, found, said)
        return True
    _by_kind(resource, element, coded, found, said, interpretation)
    return True


def _by_kind(
    resource: Resource,
    element: Element,
    coded: Coded,
    found: _Found,
    said: dict[str, Any],
    interpretation: str,
) -> None:
    kind, entry_id = coded.known or (None, "")
    if kind is None and len(coded.named) == 1 and coded.named[0].id:
        kind, entry_id = coded.named[0].kind, coded.named[0].id
    match kind:
        case FactKind.MEASUREMENT:
            _read_measurement(resource, element, entry_id, found, said)
        case FactKind.GRADE:
            _read_grade(resource, entry_id, found, said)
        case FactKind.RESULT | FactKind.BIOMARKER | FactKind.CONDITION:
            _read_outcome(resource, kind, entry_id, found, said, interpretation)
        case FactKind.FLAG | FactKind.STATE if found.flag is not None or found.words:
            yes = (
                found.flag
                if found.flag is not None
                else {"positive": True, "negative": False}.get(outcome_of(found.words))
            )
            if yes is None:
                resource.miss(
                    "unread-value", f"{found.words[:60]!r} is neither yes nor no", found.path, coded.codes
                )
            else:
                resource.add(found.path, kind=kind, id=entry_id, negated=not yes, **said)
        case _:
            _read_unknown(resource, found, said)


def _read_measurement(
    resource: Resource, element: Element, entry_id: str, found: _Found, said: dict[str, Any]
) -> None:
    if found.amount is None:
        resource.miss(
            "unread-value",
            f"{(found.words or str(found.flag))[:60]!r} is no number",
            found.path,
            said["codes"],
        )
        return
    variable = resource.gathered.terms.variables[entry_id]
    measured = check_measure(variable, found.amount.value, found.amount.unit)
    if measured.reason:
        resource.miss(measured.reason, measured.why, found.path, said["codes"])
        return
    written = found.amount.unit
    reference, troubles = read_reference(element.children("referenceRange"), written)
    for trouble in troubles:
        resource.trouble(trouble, element.at("referenceRange"), said["codes"])
    resource.add(
        found.path,
        kind=FactKind.MEASUREMENT,
        id=entry_id,
        value=found.amount.value,
        unit=measured.unit,
        reference=reference,
        **said,
    )


def _read_grade(resource: Resource, entry_id: str, found: _Found, said: dict[str, Any]) -> None:
    """A place on a scale: a number, an answer's code, or words that name the step."""
    for code in found.codes:
        answer = answers().get(code.code)
        if answer is not None and answer[0] == entry_id:
            resource.add(found.path, kind=FactKind.GRADE, id=entry_id, steps=(answer[1],), **said)
            return
    steps = steps_of(resource, entry_id, found)
    if steps:
        resource.add(found.path, kind=FactKind.GRADE, id=entry_id, steps=steps, **said)
    else:
        words = found.words or (str(found.amount.value) if found.amount is not None else str(found.flag))
        resource.miss("unread-value", f"{words[:60]!r} is no step of the scale", found.path, said["codes"])


def steps_of(resource: Resource, entry_id: str, found: _Found) -> tuple[str, ...]:
    """The steps of a scale or choice that a value may be."""
    terms = resource.gathered.terms
    steps = terms.scales[entry_id].steps if entry_id in terms.scales else terms.choices.get(entry_id, ())
    exact = found.amount.value.exact if found.amount is not None else None
    words = f"{exact.normalize():f}" if exact is not None else found.words.strip()
    return step_named(steps, words)


def step_named(steps: tuple[str, ...], words: str) -> tuple[str, ...]:
    """The step that words name (`Stage IIIA`, `2`, `severe`); nothing when none, or more than one way to read them."""
    lowered = {step.lower(): step for step in steps}
    plain = words.lower().strip()
    if plain in lowered:
        return (lowered[plain],)
    match = _STEP.fullmatch(plain)
    said = match[1] if match is not None else ""
    if said in lowered:
        return (lowered[said],)
    roman = {"1": "i", "2": "ii", "3": "iii", "4": "iv", "5": "v", "6": "vi"}
    other = roman.get(said) or next((digit for digit, one in roman.items() if one == said), "")
    return (lowered[other],) if other in lowered else ()


def _read_outcome(
    resource: Resource,
    kind: FactKind,
    entry_id: str,
    found: _Found,
    said: dict[str, Any],
    interpretation: str,
) -> None:
    """A test with an outcome. A number alone is none: the laboratory's interpretation must say what it means."""
    words = found.words
    if found.flag is not None:
        words = "positive" if found.flag else "negative"
    if found.amount is not None and (not words or words[:1].isdigit()):
        words = interpretation
    outcome = outcome_of(words) if words else ""
    if not outcome or outcome in {"indeterminate", "ind", "equivocal", "e", "unknown", "pending"}:
        resource.miss("unread-value", "a test without a clear outcome", found.path, said["codes"])
        return
    fact_kind = FactKind.RESULT if kind is FactKind.CONDITION else kind
    more = (
        {"value": found.amount.value, "unit": _plain_unit(found.amount.unit)}
        if found.amount is not None
        else {}
    )
    resource.add(found.path, kind=fact_kind, id=entry_id, outcome=outcome, **more, **said)


def _plain_unit(written: str) -> str:
    unit = find_unit(written)
    return unit.code if unit is not None else ""


def _read_unknown(resource: Resource, found: _Found, said: dict[str, Any]) -> None:
    """What was observed is in no table: kept by its words, and listed."""
    more: dict[str, Any] = {"kind": FactKind.RESULT, "outcome": (found.words or str(found.flag)).lower()}
    if found.amount is not None:
        more = {"kind": FactKind.MEASUREMENT, "value": found.amount.value, "unit": found.amount.unit[:40]}
    if resource.add(found.path, id="", **more, **said):
        resource.miss(
            "unknown-concept",
            f"{said['surface'][:80]}: in no table; kept by its words",
            found.path,
            said["codes"],
        )


def _read_smoking(resource: Resource, found: _Found, said: dict[str, Any]) -> None:
    words = found.words.lower()
    more: dict[str, Any] | None = None
    if "never" in words or "non-smoker" in words or "nonsmoker" in words:
        more = {"negated": True}
    elif "former" in words or "ex-smoker" in words or "quit" in words:
        more = {"status": Status.ENDED}
    elif (
        "current" in words
        or "every day" in words
        or "some day" in words
        or ("smoker" in words and "unknown" not in words)
    ):
        more = {"status": Status.ACTIVE}
    if more is None:
        resource.miss("unread-value", f"{found.words[:60]!r} does not say whether", found.path, said["codes"])
    else:
        resource.add(
            found.path, kind=FactKind.CONDITION, id="smoking", **more, **{**said, "surface": found.words}
        )


def _read_pregnancy(resource: Resource, found: _Found, said: dict[str, Any]) -> None:
    words = found.words.lower()
    answer = {"LA15173-0": "pregnant", "LA26683-5": "not pregnant"}
    words = next((answer[code.code] for code in found.codes if code.code in answer), words)
    if "unknown" in words or "possibl" in words or "pregnan" not in words:
        resource.miss("unread-value", f"{found.words[:60]!r} does not say whether", found.path, said["codes"])
    else:
        negated = words.startswith(("not", "non"))
        resource.add(found.path, kind=FactKind.STATE, id="pregnant", negated=negated, **said)


def _read_variant(resource: Resource, components: list[Element], when: dict[str, Any]) -> None:
    """A genetic variant (mCODE, genomics reporting): the gene, the change, and whether it was found."""
    element = resource.element
    found = _value(resource, element)
    gene = change = ""
    codes: tuple[Code, ...] = _codes(element)
    for component in components:
        own = _codes(component)
        value = _value(resource, component)
        words = value.words if isinstance(value, _Found) else ""
        if _has_code(own, _GENE):
            gene = words
        elif any(_has_code(own, code) for code in _CHANGE) and words:
            change = change or words
    answer = next((code.code for code in found.codes), "") if isinstance(found, _Found) else ""
    said = outcome_of(found.words) if isinstance(found, _Found) else ""
    absent = _ABSENT_ANSWERS.get(answer) or ("absent" if said == "negative" else "")
    if not gene or absent == "no call":
        resource.miss("no-value", "a variant without a gene, or without a call", "component", codes)
        return
    if not absent and answer != "LA9633-4" and said != "positive":
        resource.miss("unread-value", "nothing says whether the variant was found", "value", codes)
        return
    surface = f"{gene} {change}".strip()
    more = {**when, "surface": surface, "codes": codes, "note": change, "negated": bool(absent)}
    entry_id = resource.gathered.terms.genes.get(gene.upper(), "")
    outcome = "mutated" if not absent else "not found"
    if (
        resource.add("component", kind=FactKind.BIOMARKER, id=entry_id, outcome=outcome, **more)
        and not entry_id
    ):
        resource.miss(
            "unknown-concept", f"{gene[:40]}: a gene in no table; kept by its name", "component", codes
        )
