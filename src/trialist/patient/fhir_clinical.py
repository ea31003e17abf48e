"""Conditions, medications, procedures, allergies, vaccinations, reports, family history, stays → facts."""

from __future__ import annotations

import re
from typing import Any

from trialist.patient.elements import Element
from trialist.patient.facts import ANY, Certainty, Code, FactKind, Status, Subject
from trialist.patient.fhir_context import Coded, Resource
from trialist.patient.fhir_observations import step_named
from trialist.patient.fhir_values import (
    Amount,
    Spell,
    Trouble,
    read_choice_of_time,
    read_codes,
    read_period,
    read_quantity,
    read_when,
)
from trialist.patient.terms import Named
from trialist.vocabulary.units import find_unit

_CONDITIONS = frozenset({FactKind.CONDITION, FactKind.STATE, FactKind.GRADE})
_EXPOSURES = frozenset({FactKind.EXPOSURE})
_ALLERGENS = frozenset({FactKind.EXPOSURE, FactKind.CONDITION})
_ENDED = {"inactive", "remission", "resolved"}
_ACTIVE = {"active", "recurrence", "relapse"}
_UNSURE = {"provisional", "differential", "unconfirmed"}
_NO_ALLERGY = {
    "716186003": "any", "409137002": "drug", "428607008": "latex", "429625007": "food",
    "716220001": "animal", "428197003": "insect",
}  # fmt: skip
"""SNOMED CT's codes for "no known …", which the standard itself names."""


def _word(concept: Element | None) -> str:
    """The first code of a status; its words when it has none."""
    if concept is None:
        return ""
    codes, words = read_codes(concept)
    return next((code.code for code in codes if code.code), words).lower()


def _condition_status(resource: Resource, codes: tuple[Code, ...]) -> dict[str, Any] | None:
    """Status, certainty and denial of a condition or allergy; None when it was listed instead."""
    element = resource.element
    clinical, sure = _word(element.child("clinicalStatus")), _word(element.child("verificationStatus"))
    if sure == "entered-in-error" or clinical == "entered-in-error":
        resource.miss("entered-in-error", "entered in error", "verificationStatus", codes)
        return None
    found: dict[str, Any] = {}
    if clinical in _ACTIVE or clinical in _ENDED:
        found["status"] = Status.ACTIVE if clinical in _ACTIVE else Status.ENDED
    if clinical in {"recurrence", "relapse", "remission"}:
        found["qualifiers"] = (
            {"recurrence": "recurrent", "relapse": "relapsed"}.get(clinical, "in remission"),
        )
    if sure == "refuted":
        found.update(negated=True, status=Status.UNSTATED)
    elif sure in _UNSURE:
        found["certainty"] = Certainty.SUSPECTED
    elif sure == "confirmed":
        found["certainty"] = Certainty.CONFIRMED
    return found


def _recorded(resource: Resource, name: str) -> dict[str, Any]:
    text = resource.element.text(name)
    when = read_when(text) if text else None
    if isinstance(when, Trouble):
        resource.trouble(when, name)
    return {} if when is None or isinstance(when, Trouble) else {"recorded": when.days}


def _spell(spell: Spell, ending: Spell | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if spell.start is not None:
        found.update(date=spell.start.days, moment=spell.start.moment)
    end = spell.end or (ending.end or ending.start if ending is not None else None)
    if end is not None:
        found["end"] = end.days
    return found


def add_named(resource: Resource, path: str, coded: Coded, kind: FactKind, said: dict[str, Any]) -> None:
    """A fact for everything that a code stands for; by its words alone, and listed, where that is nothing known."""
    said = {**said, "codes": coded.codes}
    if coded.known is not None:
        kind_of, entry_id = coded.known
        resource.add(
            path,
            **{
                **said,
                "kind": kind_of if kind_of in _CONDITIONS else kind,
                "id": entry_id,
                "surface": coded.words,
            },
        )
        return
    for one in coded.named:
        _add_one(resource, path, one, kind, {**said, "surface": coded.words})
    if coded.named:
        return
    if not coded.codes and not coded.words:
        resource.miss("no-code", "nothing says what it is", path)
        return
    surface = coded.words or coded.codes[0].code
    if resource.add(path, **{**said, "kind": kind, "id": "", "surface": surface}):
        resource.miss("unknown-concept", f"{surface[:80]}: in no table; kept by its words", path, coded.codes)


def _add_one(resource: Resource, path: str, one: Named, kind: FactKind, said: dict[str, Any]) -> None:
    """A fact for one thing that a name stands for, with what the name says besides."""
    kind_of = one.kind if one.kind in _CONDITIONS and kind is FactKind.CONDITION else kind
    if kind_of is FactKind.GRADE and not one.steps:
        return
    more = {**said, "id": one.id, "broader": one.broader, "steps": one.steps}
    more["qualifiers"] = tuple(dict.fromkeys((*said.get("qualifiers", ()), *one.qualifiers)))
    more["severity"] = tuple(dict.fromkeys((*said.get("severity", ()), *one.severity)))
    if one.is_history and said.get("status") is not Status.PLANNED:
        more["status"] = Status.ENDED
    if one.is_negated:
        more["negated"] = not said.get("negated", False)
    if one.certainty is not Certainty.STATED:
        more["certainty"] = one.certainty
    if one.subject is not Subject.PATIENT:
        more["subject"] = one.subject
    for name, value in (("route", one.route), ("domain", one.domain)):
        if value:
            more[name] = value
    if kind_of is FactKind.GRADE:
        more = {name: value for name, value in more.items() if name not in {"status", "end"}}
    resource.add(path, kind=kind_of, **more)


def read_condition(resource: Resource) -> None:
    """A Condition, and the stage it names."""
    element = resource.element
    coded = resource.coded(element.child("code"), _CONDITIONS)
    said = _condition_status(resource, coded.codes)
    if said is None:
        return
    birth = resource.gathered.birth
    onset = resource.tell(read_choice_of_time(element, "onset", birth), "onset")
    abated = resource.tell(read_choice_of_time(element, "abatement", birth), "abatement")
    said |= _spell(onset, abated) | _recorded(resource, "recordedDate")
    if "end" in said and said.get("status") is Status.ACTIVE:
        resource.miss("contradiction", "active, and with a date on which it ended", "abatement", coded.codes)
        said["status"] = Status.UNSTATED
    elif "end" in said and "status" not in said:
        said["status"] = Status.ENDED
    severity = element.child("severity")
    if severity is not None and (words := read_codes(severity)[1]):
        said["severity"] = (words.lower().removesuffix(" (severity modifier)"),)
    add_named(resource, "code", coded, FactKind.CONDITION, said)
    for stage in element.children("stage"):
        summary = stage.child("summary")
        words = read_codes(summary)[1] if summary is not None else ""
        steps = step_named(resource.gathered.terms.scales["cancer_stage"].steps, words)
        if steps and not said.get("negated"):
            when = {name: said[name] for name in ("date", "recorded") if name in said}
            resource.add(
                stage.at("summary"),
                kind=FactKind.GRADE,
                id="cancer_stage",
                steps=steps,
                surface=words,
                **when,
            )
        elif words:
            resource.miss("unread-value", f"{words[:60]!r} is no stage that is read", stage.at("summary"))


_ORDER = {
    "active": Status.ACTIVE, "completed": Status.ENDED, "stopped": Status.ENDED, "ended": Status.ENDED,
    "on-hold": Status.UNSTATED, "unknown": Status.UNSTATED, "in-progress": Status.ACTIVE, "intended": Status.PLANNED,
    "preparation": Status.PLANNED, "": Status.UNSTATED,
}  # fmt: skip
_NOT_TAKEN = {
    "entered-in-error": ("entered-in-error", "entered in error"),
    "cancelled": ("not-done", "it was cancelled"),
    "draft": ("not-done", "a draft, not an order"),
    "not-done": ("not-done", "not done; that says nothing about other times"),
    "declined": ("not-done", "declined"),
}


def read_medication(resource: Resource) -> None:
    """A MedicationRequest, -Statement, -Administration or -Dispense."""
    element = resource.element
    coded = _medicine(resource)
    status, intent = element.text("status"), element.text("intent")
    if status in _NOT_TAKEN or element.flag("doNotPerform"):
        reason, why = _NOT_TAKEN.get(status, ("not-done", "an order not to give it"))
        resource.miss(reason, why, "status", coded.codes)
        return
    if status not in _ORDER and status != "not-taken":
        resource.miss("unread-value", f"the status {status[:30]!r} is not read", "status", coded.codes)
        return
    said: dict[str, Any] = {"status": _ORDER.get(status, Status.UNSTATED), "domain": "drug"}
    said |= _times_of_medication(resource)
    if status == "not-taken":
        said |= {"negated": True, "status": Status.UNSTATED}
    if intent in {"proposal", "plan", "option"}:
        said["status"] = Status.PLANNED
    said |= _dose(resource)
    add_named(resource, "medication", coded, FactKind.EXPOSURE, said)


def _medicine(resource: Resource) -> Coded:
    """What a medication is: its own concept, or that of the Medication it points to, or its ingredients."""
    element = resource.element
    concept = element.child("medicationCodeableConcept")
    if concept is not None:
        return resource.coded(concept, _EXPOSURES)
    reference = element.child("medicationReference")
    if reference is None:
        return Coded((), "", None, ())
    target = resource.others.get(reference.text("reference"))
    words = reference.text("display")
    if target is None:
        if reference.has("reference"):
            resource.miss(
                "missing-reference", f"{reference.text('reference')[:60]} is not there", "medicationReference"
            )
        return Coded(
            (),
            words,
            None,
            tuple(one for one in resource.gathered.terms.read_name(words) if one.kind in _EXPOSURES)
            if words
            else (),
        )
    medication = Element(target, "medicationReference", element.tell)
    coded = resource.coded(medication.child("code"), _EXPOSURES)
    if coded.known is None and not coded.named:
        named = [
            one
            for part in medication.children("ingredient")
            for one in resource.coded(part.child("itemCodeableConcept"), _EXPOSURES).named
        ]
        coded = Coded(coded.codes, coded.words or words, None, tuple(named))
    return coded


def _times_of_medication(resource: Resource) -> dict[str, Any]:
    element = resource.element
    spell = resource.tell(read_choice_of_time(element, "effective", resource.gathered.birth), "effective")
    found = _spell(spell)
    for name in ("whenHandedOver", "whenPrepared"):
        if "date" not in found and (text := element.text(name)):
            when = read_when(text)
            found |= {} if isinstance(when, Trouble) else {"date": when.days, "moment": when.moment}
    for dosage in element.children("dosageInstruction"):
        repeat = timing.child("repeat") if (timing := dosage.child("timing")) is not None else None
        bounds = repeat.child("boundsPeriod") if repeat is not None else None
        if "date" not in found and bounds is not None:
            found |= _spell(resource.tell(read_period(bounds), "dosageInstruction"))
    if element.has("authoredOn") or element.has("dateAsserted"):
        recorded = _recorded(resource, "authoredOn" if element.has("authoredOn") else "dateAsserted")
        if "date" not in found and "recorded" in recorded and resource.name.startswith("MedicationRequest"):
            # An order begins the treatment: nobody dates the first tablet.
            found["date"] = recorded["recorded"]
        found |= recorded
    return found


def _dose(resource: Resource) -> dict[str, Any]:
    """The dose of one administration, where exactly one is said with a unit; the route."""
    found: dict[str, Any] = {}
    parts = [*resource.element.children("dosageInstruction")]
    parts += (
        [*resource.element.children("dosage")]
        if isinstance(resource.element.value.get("dosage"), list)
        else []
    )
    own = resource.element.child("dosage") if isinstance(resource.element.value.get("dosage"), dict) else None
    parts += [own] if own is not None else []
    doses: list[Amount] = []
    for part in parts:
        route = part.child("route")
        if route is not None and (words := read_codes(route)[1].lower()):
            found["route"] = (words.removesuffix(" route"),)
        quantities = [
            part.child("dose"),
            *(rate.child("doseQuantity") for rate in part.children("doseAndRate")),
        ]
        for one in quantities:
            amount = read_quantity(one) if one is not None else None
            if isinstance(amount, Amount):
                doses.append(amount)
    unit = find_unit(doses[0].unit) if len(doses) == 1 and doses[0].unit else None
    if unit is not None:
        found |= {"value": doses[0].value, "unit": unit.code}
    return found


def read_procedure(resource: Resource) -> None:
    """A Procedure that was, is being, or will be done."""
    element = resource.element
    coded = resource.coded(element.child("code"), _EXPOSURES)
    status = element.text("status")
    if status in _NOT_TAKEN or status not in _ORDER:
        reason, why = _NOT_TAKEN.get(status, ("unread-value", f"the status {status[:30]!r} is not read"))
        resource.miss(reason, why, "status", coded.codes)
        return
    spell = resource.tell(read_choice_of_time(element, "performed", resource.gathered.birth), "performed")
    said = {"status": _ORDER[status], "domain": "procedure", **_spell(spell)}
    add_named(resource, "code", coded, FactKind.EXPOSURE, said)


_ALLERGEN = re.compile(
    r"(?:allergy|hypersensitivity|intolerance|allergic reaction) to (?P<to>.+)|(?P<of>.+?) (?:allergy|hypersensitivity|intolerance)",
    re.IGNORECASE,
)


def allergen_of(name: str) -> str:
    """What an allergy is to: `Penicillin allergy (disorder)` and `Allergy to penicillin` are to penicillin."""
    plain = name.partition(" (")[0].strip()
    found = _ALLERGEN.fullmatch(plain)
    return plain if found is None else found["to"] or found["of"]


def read_allergy(resource: Resource) -> None:
    """An AllergyIntolerance; "no known allergies" is a denial of everything it names."""
    element = resource.element
    concept = element.child("code")
    coded = resource.coded(concept, _ALLERGENS)
    if coded.known is None and not coded.named and coded.words:
        named = resource.gathered.terms.read_name(allergen_of(coded.words))
        coded = Coded(coded.codes, coded.words, None, tuple(one for one in named if one.kind in _ALLERGENS))
    said = _condition_status(resource, coded.codes)
    if said is None:
        return
    onset = resource.tell(read_choice_of_time(element, "onset", resource.gathered.birth), "onset")
    said |= _spell(onset) | _recorded(resource, "recordedDate")
    severities = [one.text("severity") for one in element.children("reaction") if one.text("severity")]
    if severities:
        said["severity"] = tuple(dict.fromkeys(severities))
    none = next((_NO_ALLERGY[code.code] for code in coded.codes if code.code in _NO_ALLERGY), "")
    words = coded.words.lower()
    if none or words.startswith(("no known allerg", "no known drug allerg", "nka", "nkda")):
        domain = "drug" if none == "drug" or "drug" in words or words == "nkda" else none
        said |= {"negated": True, "status": Status.UNSTATED, "domain": "" if domain == "any" else domain}
        resource.add("code", kind=FactKind.ALLERGY, id=ANY, surface=coded.words, codes=coded.codes, **said)
        return
    add_named(resource, "code", coded, FactKind.ALLERGY, said)


def read_immunization(resource: Resource) -> None:
    """A vaccination that was given."""
    element = resource.element
    concept = element.child("vaccineCode")
    codes, words = read_codes(concept) if concept is not None else ((), "")
    status = element.text("status")
    if status != "completed":
        reason, why = _NOT_TAKEN.get(status, ("unread-value", f"the status {status[:30]!r} is not read"))
        resource.miss(reason, why, "status", codes)
        return
    spell = resource.tell(read_choice_of_time(element, "occurrence", resource.gathered.birth), "occurrence")
    if not codes and not words:
        resource.miss("no-code", "nothing says which vaccine", "vaccineCode")
        return
    vaccine = "vaccine" if "vaccine" in resource.gathered.terms.concepts else ""
    resource.add(
        "vaccineCode",
        kind=FactKind.EXPOSURE,
        id="",
        broader=vaccine,
        domain="vaccine",
        status=Status.ENDED,
        surface=words or codes[0].code,
        codes=codes,
        **_spell(spell),
    )


def read_report(resource: Resource) -> None:
    """A DiagnosticReport: its results stand elsewhere; what it concludes in codes is read, what in words is listed."""
    element = resource.element
    concept = element.child("code")
    codes = read_codes(concept)[0] if concept is not None else ()
    status = element.text("status")
    if status in {"entered-in-error", "cancelled"}:
        resource.miss(
            "entered-in-error" if status[0] == "e" else "not-done", status.replace("-", " "), "status", codes
        )
        return
    spell = resource.tell(read_choice_of_time(element, "effective", resource.gathered.birth), "effective")
    said = _spell(spell)
    said.pop("end", None)
    concluded = False
    for conclusion in element.children("conclusionCode"):
        concluded = True
        add_named(
            resource,
            "conclusionCode",
            resource.coded(conclusion, _CONDITIONS),
            FactKind.CONDITION,
            dict(said),
        )
    if element.text("conclusion"):
        resource.miss("unread-value", "a conclusion in words is not read", "conclusion", codes)
    elif not concluded:
        for result in element.children("result"):
            reference = result.text("reference")
            if reference and reference not in resource.others:
                resource.miss(
                    "missing-reference", f"the result {reference[:60]} is not there", "result", codes
                )
        resource.miss("only-groups", "it only groups results that are read where they stand", "result", codes)


def read_family(resource: Resource) -> None:
    """What relatives have; it never decides about the patient."""
    element = resource.element
    status = element.text("status")
    if status == "entered-in-error":
        resource.miss("entered-in-error", "entered in error", "status")
        return
    relation = element.child("relationship")
    who = read_codes(relation)[1] if relation is not None else ""
    found = False
    for condition in element.children("condition"):
        found = True
        coded = resource.coded(condition.child("code"), frozenset({FactKind.CONDITION}))
        add_named(
            resource,
            condition.at("code"),
            coded,
            FactKind.CONDITION,
            {"subject": Subject.FAMILY, "note": who},
        )
    if not found:
        resource.miss(
            "no-value", f"a relative ({who or 'which is not said'}) without a condition", "condition"
        )


def read_encounter(resource: Resource) -> None:
    """A stay or visit: a day of care; a stay in hospital is a fact, a visit is listed."""
    element = resource.element
    period = element.child("period")
    spell = resource.tell(read_period(period), "period") if period is not None else Spell()
    days = [when.days.exact for when in (spell.start, spell.end) if when is not None]
    resource.gathered.days.extend(day for day in days if day is not None and day <= resource.gathered.as_of)
    kind = element.child("class")
    status = element.text("status")
    if kind is not None and kind.text("code") in {"IMP", "ACUTE"} and status in {"finished", "in-progress"}:
        state = Status.ENDED if status == "finished" else Status.ACTIVE
        resource.add(
            "class",
            kind=FactKind.EXPOSURE,
            id="hospitalization",
            domain="procedure",
            surface="stay in hospital",
            status=state,
            **_spell(spell),
        )
    else:
        resource.miss("not-clinical", "a visit; its findings are read where they stand", "class")
