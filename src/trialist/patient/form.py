"""What a person typed about a patient → facts. The form is described by `tables/form.toml`.

What is misspelt is refused with the nearest right word, because a key that is passed over is a fact that is lost. Only a
disease, drug or procedure that no table has is kept by its words, and listed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta
from difflib import get_close_matches
from typing import Any

from trialist.errors import InvalidParameterError
from trialist.patient.collecting import Gathered
from trialist.patient.extents import DateRange
from trialist.patient.facts import (
    ANY,
    Certainty,
    FactKind,
    Patient,
    Sex,
    Status,
    Subject,
    birth_from_age,
)
from trialist.patient.fhir_clinical import allergen_of
from trialist.patient.fhir_context import outcome_of
from trialist.patient.fhir_values import Amount, Trouble, read_number_text
from trialist.patient.form_schema import Part, parts, top
from trialist.patient.form_text import read_form_text
from trialist.patient.form_words import (
    FORM_HINT,
    NO,
    YES,
    check_keys,
    read_choice,
    read_normal,
    read_yes_or_no,
)
from trialist.patient.terms import Named, Terms, check_measure
from trialist.record.dates import parse_partial_date
from trialist.record.unparsed import Unparsed
from trialist.vocabulary.units import find_unit

_AGE = re.compile(r"(\d{1,3})\s*(years?|y|a|months?|mo|weeks?|wk|days?|d)?", re.IGNORECASE | re.ASCII)
_STATUSES = {"active": Status.ACTIVE, "ended": Status.ENDED, "planned": Status.PLANNED}
_SUBJECTS = {"patient": Subject.PATIENT, "donor": Subject.DONOR, "family": Subject.FAMILY}
_STATES = (
    "pregnant",
    "lactating",
    "child_bearing_potential",
    "postmenopausal",
    "sterile",
    "planning_pregnancy",
)
_MARKERS = ("mutated", "wild_type", "rearranged", "amplified", "positive", "negative")
_TRIALS = ("other_trial", "this_trial", "investigational_product")
_ABOUT = ("residence", "language", "ethnicity")


def read_form(content: bytes | str, terms: Terms, as_of: date) -> Patient:
    """The patient of a form in YAML or JSON.

    `as_of` is the day of reading, and the day that the form describes unless it says another. Raises
    `SourceUnreadableError` for what is neither YAML nor JSON, `InvalidParameterError` for what the form does not have.
    """
    return read_form_values(read_form_text(content), terms, as_of)


def read_form_values(form: object, terms: Terms, as_of: date) -> Patient:
    """The patient of a form whose keys and texts are read already; raises `InvalidParameterError` as `read_form` does."""
    if not isinstance(form, dict) or not form:
        raise InvalidParameterError("a form is a list of keys and what they say", hint=FORM_HINT)
    check_keys("the form", form, [*top(), *parts()], ())
    for name in top():
        if not isinstance(form.get(name, ""), str):
            raise InvalidParameterError(f"{name}: one text is expected", hint=FORM_HINT)
    return _Form(form, terms, as_of).read()


class _Form:
    """A form on its way to a patient."""

    def __init__(self, form: dict[str, Any], terms: Terms, as_of: date) -> None:
        self._form = form
        self._terms = terms
        self._read_on = as_of
        told = self._days("as_of", form["as_of"]) if "as_of" in form else DateRange.on(as_of)
        self._as_of = told
        self._zero = self._day("transplant_day") if "transplant_day" in form else None
        self._gathered = Gathered(terms, as_of, "form")

    def read(self) -> Patient:
        """The patient."""
        form = self._form
        birth = self._birth()
        self._gathered.birth = birth
        sex = Sex(read_choice("sex", form["sex"], list(Sex))) if "sex" in form else None
        dead, death = self._death()
        for name, part in parts().items():
            self._read_part(name, part)
        days = {name: self._day(name) for name in ("seen_from", "seen_to") if name in form}
        found = self._gathered
        first, last = days.get("seen_from"), days.get("seen_to")
        if first is not None and last is not None and last < first:
            raise InvalidParameterError("seen_to lies before seen_from", hint=FORM_HINT)
        return Patient(
            facts=tuple(found.facts),
            birth=birth,
            sex=sex,
            is_dead=dead,
            death=death,
            first_seen=first,
            last_seen=last,
            unresolved=tuple(found.unresolved),
            label=form.get("label", "")[:80],
        )

    def _days(self, where: str, text: str) -> DateRange:
        partial = parse_partial_date(text.strip())
        if isinstance(partial, Unparsed):
            raise InvalidParameterError(
                f"{where}: {text[:40]!r} is {partial.reason}", hint="Write 2025-06-01, 2025-06 or 2025."
            )
        try:
            return DateRange.of(partial)
        except ValueError as error:
            raise InvalidParameterError(f"{where}: {error}", hint=FORM_HINT) from None

    def _day(self, name: str) -> date:
        day = self._days(name, self._form[name]).exact
        if day is None:
            raise InvalidParameterError(f"{name}: a whole day is needed", hint="Write 2025-06-01.")
        return day

    def _birth(self) -> DateRange | None:
        form = self._form
        if "born" in form and "age" in form:
            raise InvalidParameterError("born and age: one of them", hint="Leave out the age.")
        if "born" in form:
            born = self._days("born", form["born"])
            if born.earliest is not None and born.earliest > self._read_on:
                raise InvalidParameterError(f"born on {born}, after {self._read_on}", hint=FORM_HINT)
            return born
        if "age" not in form:
            return None
        found = _AGE.fullmatch(form["age"].strip())
        if found is None:
            raise InvalidParameterError(f"age: {form['age'][:40]!r} is no age", hint="Write 44, or 8 months.")
        unit = {"y": "a", "a": "a", "m": "mo", "w": "wk", "d": "d"}[(found[2] or "y")[0].lower()]
        try:
            return birth_from_age(int(found[1]), int(found[1]), unit, self._as_of)
        except ValueError as error:
            raise InvalidParameterError(f"age: {error}", hint=FORM_HINT) from None

    def _death(self) -> tuple[bool | None, DateRange | None]:
        text = self._form.get("dead", "")
        if not text:
            return None, None
        if text.strip().lower() in YES | NO:
            return read_yes_or_no("dead", text), None
        return True, self._days("dead", text)

    def _read_part(self, name: str, part: Part) -> None:
        items = self._form.get(name, [])
        if name == "allergies" and items == "none":
            self._gathered.add(
                "form",
                name,
                kind=FactKind.ALLERGY,
                id=ANY,
                surface="no known allergy",
                negated=True,
                recorded=self._as_of,
            )
            return
        if not isinstance(items, list):
            raise InvalidParameterError(f"{name}: a list is expected", hint="Begin each item with a hyphen.")
        for place, item in enumerate(items, start=1):
            where = f"{name}, item {place}"
            if isinstance(item, str) and "value" not in part.needed:
                item = {"name": item}
            if not isinstance(item, dict) or not all(isinstance(value, str) for value in item.values()):
                raise InvalidParameterError(f"{where}: keys and what they say are expected", hint=FORM_HINT)
            check_keys(where, item, list(part.keys), part.needed)
            said = self._common(where, item)
            _READ[part.kind](self, where, item, said)

    def _common(self, where: str, item: dict[str, str]) -> dict[str, Any]:
        """The times and the note that every item may have."""
        said: dict[str, Any] = {"recorded": self._as_of}
        starts = [key for key in ("on", "day", "since", "from") if key in item]
        if len(starts) > 1:
            raise InvalidParameterError(f"{where}: {starts[0]} and {starts[1]}: one of them", hint=FORM_HINT)
        if starts == ["day"]:
            said["date"] = DateRange.on(self._counted(where, item["day"]))
        elif starts:
            said["date"] = self._days(where, item[starts[0]])
        if "until" in item:
            said["end"] = self._days(where, item["until"])
        if "status" in item:
            said["status"] = _STATUSES[read_choice(where, item["status"], _STATUSES)]
        elif "end" in said:
            said["status"] = Status.ENDED
        if "absent" in item and read_yes_or_no(where, item["absent"]):
            said["negated"] = True
        said |= _words(where, item)
        if "note" in item:
            said["note"] = item["note"]
        return said

    def _counted(self, where: str, text: str) -> date:
        if self._zero is None:
            raise InvalidParameterError(
                f"{where}: a day counts from transplant_day, which is missing", hint=FORM_HINT
            )
        plain = text.strip().removeprefix("d").removeprefix("D").removeprefix("+")
        if not re.fullmatch(r"-?\d{1,5}", plain, re.ASCII):
            raise InvalidParameterError(f"{where}: {text[:40]!r} is no day", hint="Write 28 or -7.")
        return self._zero + timedelta(days=int(plain))

    def _add(self, where: str, **said: Any) -> None:
        listed = len(self._gathered.unresolved)
        if not self._gathered.add("form", where, **said):
            raise InvalidParameterError(
                f"{where}: {self._gathered.unresolved[listed].message}", hint=FORM_HINT
            )

    def _id(self, where: str, text: str, known: Iterable[str], kind: FactKind) -> str:
        """An id of a table, from itself or from a whole name."""
        ids = set(known)
        plain = text.strip()
        if plain.lower() in ids:
            return plain.lower()
        named = [one.id for one in self._terms.read_name(plain) if one.kind is kind and one.id in ids]
        if len(named) == 1:
            return named[0]
        near = get_close_matches(plain.lower().replace(" ", "_"), sorted(ids), 3)
        raise InvalidParameterError(
            f"{where}: {text[:60]!r} is not known",
            hint=f"Did you mean {', '.join(near)}?" if near else FORM_HINT,
        )

    def _amount(self, where: str, text: str) -> Amount:
        amount = read_number_text(text)
        if isinstance(amount, Trouble):
            raise InvalidParameterError(
                f"{where}: {amount.why}", hint="Write a number and its unit, such as 95 U/L or <5 %."
            )
        return amount

    def read_measurement(self, where: str, item: dict[str, str], said: dict[str, Any]) -> None:
        """A value, with the laboratory's range."""
        variable = self._terms.variables[
            self._id(where, item["name"], self._terms.variables, FactKind.MEASUREMENT)
        ]
        amount = self._amount(where, item["value"])
        measured = check_measure(variable, amount.value, amount.unit)
        if measured.reason:
            raise InvalidParameterError(
                f"{where}: {measured.why}", hint=f"Usual units: {', '.join(variable.units)}."
            )
        if not measured.unit:
            raise InvalidParameterError(
                f"{where}: {variable.name} needs a unit", hint=f"Usual units: {', '.join(variable.units)}."
            )
        self._add(
            where,
            kind=FactKind.MEASUREMENT,
            id=variable.id,
            surface=item["name"],
            value=amount.value,
            unit=measured.unit,
            reference=read_normal(where, item["normal"]) if "normal" in item else None,
            baseline="baseline" in item and read_yes_or_no(where, item["baseline"]),
            method=item.get("method", ""),
            **said,
        )

    def read_grade(self, where: str, item: dict[str, str], said: dict[str, Any]) -> None:
        """A step of a scale, or the steps it may be."""
        known = {**{one.id: one.steps for one in self._terms.scales.values()}, **self._terms.choices}
        name = self._id(where, item["name"], known, FactKind.GRADE)
        steps = tuple(read_choice(where, one, known[name]) for one in item["value"].split("|"))
        self._add(where, kind=FactKind.GRADE, id=name, surface=item["name"], steps=steps, **said)

    def read_named(self, where: str, item: dict[str, str], said: dict[str, Any]) -> None:
        """A condition, drug, procedure or allergy by its name; by its words, and listed, when no table has it."""
        kind = _KIND_OF[where.split(",")[0]]
        allowed = {FactKind.CONDITION} if kind is FactKind.CONDITION else {FactKind.EXPOSURE}
        allowed |= {FactKind.CONDITION} if kind is FactKind.ALLERGY else set()
        if "dose" in item:
            amount = self._amount(where, item["dose"])
            unit = find_unit(amount.unit)
            if unit is None or not amount.unit:
                raise InvalidParameterError(
                    f"{where}: {amount.unit[:30]!r} is no unit of a dose", hint="Write 2 mg/kg/d."
                )
            said |= {"value": amount.value, "unit": unit.code}
        name = item["name"].strip()
        if kind is FactKind.ALLERGY:
            name = allergen_of(name)
        concept = self._terms.concepts.get(name.lower())
        named: tuple[Named, ...] = (
            (Named(concept[0], concept[1], surface=name),) if concept and concept[0] in allowed else ()
        )
        named = named or tuple(one for one in self._terms.read_name(name) if one.kind in allowed)
        for one in named:
            more = {**said, "domain": one.domain or ("drug" if where.startswith("drugs") else "")}
            more["qualifiers"] = tuple(dict.fromkeys((*said.get("qualifiers", ()), *one.qualifiers)))
            more["severity"] = tuple(dict.fromkeys((*said.get("severity", ()), *one.severity)))
            if one.is_history and "status" not in said:
                more["status"] = Status.ENDED
            if one.is_negated:
                more["negated"] = not said.get("negated", False)
            if one.subject is not Subject.PATIENT:
                more["subject"] = one.subject
            if one.certainty is not Certainty.STATED:
                more.setdefault("certainty", one.certainty)
            self._add(where, kind=kind, id=one.id, broader=one.broader, surface=name, **more)
        if not named:
            self._add(where, kind=kind, id="", surface=name, **said)
            self._gathered.miss(
                "unknown-concept", f"{name[:80]}: in no table; kept by its words", "form", where
            )

    def read_result(self, where: str, item: dict[str, str], said: dict[str, Any]) -> None:
        """A test, or an infection that was tested for."""
        known = [
            one
            for one, (kind, _) in self._terms.concepts.items()
            if kind in {FactKind.RESULT, FactKind.CONDITION}
        ]
        try:
            name = self._id(where, item["name"], known, FactKind.RESULT)
        except InvalidParameterError:
            name = self._id(where, item["name"], known, FactKind.CONDITION)
        outcome = outcome_of(item["value"])
        self._add(
            where,
            kind=FactKind.RESULT,
            id=name,
            surface=item["name"],
            outcome=read_choice(where, outcome, ("positive", "negative")),
            **said,
        )

    def read_marker(self, where: str, item: dict[str, str], said: dict[str, Any]) -> None:
        """A gene or antigen."""
        name = self._terms.genes.get(item["name"].strip().upper())
        if name is None:
            known = [one for one, (kind, _) in self._terms.concepts.items() if kind is FactKind.BIOMARKER]
            name = self._id(where, item["name"], known, FactKind.BIOMARKER)
        outcome = read_choice(where, item["value"].replace("-", "_").replace(" ", "_"), _MARKERS)
        self._add(where, kind=FactKind.BIOMARKER, id=name, surface=item["name"], outcome=outcome, **said)

    def read_yes(self, where: str, item: dict[str, str], said: dict[str, Any]) -> None:
        """A state, finding or statement: yes or no."""
        kind = _KIND_OF[where.split(",")[0]]
        name = item["name"].strip()
        if kind is FactKind.STATE:
            name = read_choice(where, name.replace(" ", "_").replace("-", "_"), _STATES)
        elif kind is FactKind.FLAG:
            name = self._id(where, name, self._terms.flags, kind)
        elif not re.fullmatch(r"[a-z_]{3,40}", name):
            raise InvalidParameterError(
                f"{where}: {name[:40]!r} is no topic", hint="Such as consent or contraception."
            )
        self._add(
            where,
            kind=kind,
            id=name,
            surface=item.get("what", item["name"]),
            negated=not read_yes_or_no(where, item["value"]),
            **said,
        )

    def read_word(self, where: str, item: dict[str, str], said: dict[str, Any]) -> None:
        """Residence, language, ethnicity."""
        name = read_choice(where, item["name"], _ABOUT)
        self._add(
            where,
            kind=FactKind.DEMOGRAPHIC,
            id=name,
            surface=item["value"],
            outcome=item["value"].strip().lower(),
            **said,
        )

    def read_trial(self, where: str, item: dict[str, str], said: dict[str, Any]) -> None:
        """Another trial or product."""
        self._add(
            where,
            kind=FactKind.TRIAL,
            id=read_choice(where, item["name"], _TRIALS),
            surface=item["name"],
            **said,
        )

    def read_judgement(self, where: str, item: dict[str, str], said: dict[str, Any]) -> None:
        """What a doctor estimates."""
        amount = self._amount(where, item["value"])
        unit = find_unit(amount.unit)
        if unit is None or not re.fullmatch(r"[a-z_]{3,40}", item["name"].strip()):
            raise InvalidParameterError(
                f"{where}: a topic, and a number with a unit", hint="Such as life_expectancy: >6 mo."
            )
        self._add(
            where,
            kind=FactKind.JUDGEMENT,
            id=item["name"].strip(),
            surface=item["name"],
            value=amount.value,
            unit=unit.code,
            **said,
        )


def _words(where: str, item: dict[str, str]) -> dict[str, Any]:
    """Severity, qualifiers, route, subject and certainty of an item."""
    said: dict[str, Any] = {}
    for key, name in (("severity", "severity"), ("also", "qualifiers"), ("route", "route")):
        if key in item:
            said[name] = tuple(word.strip().lower() for word in item[key].split(",") if word.strip())
    if "of" in item:
        said["subject"] = _SUBJECTS[read_choice(where, item["of"], _SUBJECTS)]
    if "certainty" in item:
        said["certainty"] = Certainty(read_choice(where, item["certainty"], ("suspected", "confirmed")))
    return said


_KIND_OF = {name: part.kind for name, part in parts().items()}
_READ = {
    FactKind.MEASUREMENT: _Form.read_measurement,
    FactKind.GRADE: _Form.read_grade,
    FactKind.CONDITION: _Form.read_named,
    FactKind.EXPOSURE: _Form.read_named,
    FactKind.ALLERGY: _Form.read_named,
    FactKind.RESULT: _Form.read_result,
    FactKind.BIOMARKER: _Form.read_marker,
    FactKind.STATE: _Form.read_yes,
    FactKind.FLAG: _Form.read_yes,
    FactKind.ATTESTATION: _Form.read_yes,
    FactKind.DEMOGRAPHIC: _Form.read_word,
    FactKind.TRIAL: _Form.read_trial,
    FactKind.JUDGEMENT: _Form.read_judgement,
}
