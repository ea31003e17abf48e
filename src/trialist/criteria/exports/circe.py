"""Criteria → an OHDSI cohort definition (Circe JSON) over the OMOP common data model, one inclusion rule a criterion.

Circe knows no unknown: what is not in the data counts as absent. A criterion of which a part cannot be said is left out as a whole,
never said by half. Concept sets name codes of open vocabularies; a site has to resolve them to its own concept ids.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from trialist.criteria.criterion import Criterion, CriterionSet, Polarity
from trialist.criteria.exports.exported import Exported, LeftOut, decisive
from trialist.criteria.lexicon import tables
from trialist.criteria.nodes import (
    And,
    AtLeast,
    Basis,
    Concept,
    Demographic,
    Direction,
    ExceptWhen,
    Exposure,
    Expr,
    Interval,
    Not,
    Or,
    Ordinal,
    Quantity,
    Result,
    Window,
)
from trialist.criteria.render import render

Json = dict[str, Any]
_ANY_TIME: Json = {
    "Start": {"Coeff": -1},
    "End": {"Coeff": 1},
    "UseIndexEnd": False,
    "UseEventEnd": False,
}
_DAYS = {
    "d": Decimal(1),
    "wk": Decimal(7),
    "mo": Decimal("30.4375"),
    "a": Decimal("365.25"),
    "h": Decimal(1) / 24,
}
_OF_KIND = {
    "drug": ("DrugExposure", "Drug"),
    "class": ("DrugExposure", "Drug"),
    "vaccine": ("DrugExposure", "Drug"),
    "device": ("DeviceExposure", "Device"),
}
_INDEX_ANCHORS = frozenset(
    {"enrolment", "screening", "consent", "randomisation", "first_dose", "baseline", "index", "study"}
)


class _CannotSayError(Exception):
    """A part that Circe has no form for; the message says which."""


@dataclass(frozen=True, slots=True)
class _Group:
    """A group of Circe's, as its JSON has it."""

    kind: str
    criteria: list[Json] = field(default_factory=list)
    demographic: list[Json] = field(default_factory=list)
    groups: list[_Group] = field(default_factory=list)
    count: int | None = None

    def json(self) -> Json:
        found: Json = {
            "Type": self.kind,
            "CriteriaList": self.criteria,
            "DemographicCriteriaList": self.demographic,
            "Groups": [one.json() for one in self.groups],
        }
        return found if self.count is None else {**found, "Count": self.count}


def export_circe(found: CriterionSet) -> Exported:
    """The cohort definition as values that JSON can hold."""
    left_out: list[LeftOut] = []
    writer = _Writer()
    rules: list[Json] = []
    for one in decisive(found, left_out):
        try:
            group = writer.rule(one)
        except _CannotSayError as error:
            left_out.append(LeftOut(one.id, f"{error}: {one.plain}"))
            continue
        rules.append(
            {"name": f"{one.id} ({one.polarity})", "description": one.plain, "expression": group.json()}
        )
        left_out.extend(LeftOut(one.id, said) for said in writer.said_less)
        writer.said_less.clear()
    if rules:
        left_out.append(
            LeftOut("", "Circe counts what is not in the data as absent; what is unknown is lost")
        )
    if writer.sets:
        left_out.append(
            LeftOut(
                "", "concept sets name codes or words, without OMOP concept ids; the site has to resolve them"
            )
        )
    document = {
        "cdmVersionRange": ">=5.0.0",
        "ConceptSets": writer.concept_sets(),
        "PrimaryCriteria": {
            "CriteriaList": [{"VisitOccurrence": {}}],
            "ObservationWindow": {"PriorDays": 0, "PostDays": 0},
            "PrimaryCriteriaLimit": {"Type": "All"},
        },
        "QualifiedLimit": {"Type": "First"},
        "ExpressionLimit": {"Type": "First"},
        "InclusionRules": rules,
        "CensoringCriteria": [],
        "CollapseSettings": {"CollapseType": "ERA", "EraPad": 0},
        "CensorWindow": {},
    }
    return Exported(document, tuple(left_out))


class _Writer:
    def __init__(self) -> None:
        self.sets: dict[tuple[str, str, str, str], int] = {}
        self.said_less: list[str] = []

    def concept_sets(self) -> list[Json]:
        """Every concept set that the rules name."""
        return [
            {
                "id": number,
                "name": name,
                "expression": {
                    "items": [
                        {
                            "concept": {
                                "CONCEPT_ID": 0,
                                "CONCEPT_NAME": name,
                                "CONCEPT_CODE": code,
                                "DOMAIN_ID": domain,
                                "VOCABULARY_ID": vocabulary,
                                "CONCEPT_CLASS_ID": "Undefined",
                                "STANDARD_CONCEPT": "N",
                                "STANDARD_CONCEPT_CAPTION": "Non-Standard",
                                "INVALID_REASON": "V",
                                "INVALID_REASON_CAPTION": "Valid",
                            },
                            "isExcluded": False,
                            "includeDescendants": True,
                            "includeMapped": True,
                        }
                    ]
                },
            }
            for (name, domain, vocabulary, code), number in self.sets.items()
        ]

    def rule(self, one: Criterion) -> _Group:
        """What must hold of a person for a criterion not to stand in the way."""
        self.said_less.clear()
        if one.scope:
            raise _CannotSayError("it holds for a part of the study only")
        said = self.group(one.expr)
        if one.guard is not None:
            guard = self.group(one.guard)
            if one.polarity is Polarity.INCLUSION:
                return _Group("ANY", groups=[_none(guard), said])
            said = _Group("ALL", groups=[guard, said])
        return said if one.polarity is Polarity.INCLUSION else _none(said)

    def group(self, expr: Expr) -> _Group:
        match expr:
            case And(of):
                return _Group("ALL", groups=[self.group(one) for one in of])
            case Or(of):
                return _Group("ANY", groups=[self.group(one) for one in of])
            case AtLeast(count, of):
                return _Group("AT_LEAST", groups=[self.group(one) for one in of], count=count)
            case Not(of):
                return _none(self.group(of))
            case ExceptWhen(main, exception):
                return _Group("ALL", groups=[self.group(main), _none(self.group(exception))])
            case Demographic(kind, _, interval, unit) if kind == "age" and interval is not None:
                if unit != "a":
                    raise _CannotSayError("Circe counts ages in whole years")
                return _Group("ALL", demographic=[{"Age": one} for one in _ranges(interval)])
            case Quantity():
                return self._quantity(expr)
            case Ordinal():
                return self._ordinal(expr)
            case Concept() | Exposure() | Result():
                return self._thing(expr)
            case _:
                raise _CannotSayError(f"there is no form for {render(expr)}")

    def _set(self, name: str, domain: str, vocabulary: str, code: str) -> int:
        return self.sets.setdefault((name, domain, vocabulary, code), len(self.sets))

    def _quantity(self, atom: Quantity) -> _Group:
        if "comparator" in atom.assumed:
            raise _CannotSayError("a threshold without a comparison")
        row = tables()["variable"].get(atom.variable)
        if row is None:
            raise _CannotSayError(f"no variable is known by the name {atom.surface}")
        where: Json = {"CodesetId": self._set(row["name"], "Measurement", "LOINC", row.get("loinc", ""))}
        field_of = {
            Basis.ABSOLUTE: "ValueAsNumber",
            Basis.X_ULN: "RangeHighRatio",
            Basis.X_LLN: "RangeLowRatio",
        }
        if atom.basis not in field_of or atom.aggregate:
            raise _CannotSayError(f"a number {atom.basis} {atom.aggregate}".rstrip())
        if atom.basis is Basis.ABSOLUTE and atom.unit not in ("", "1"):
            if "unit" in atom.assumed:
                raise _CannotSayError("the text has no unit")
            where["Unit"] = [
                {
                    "CONCEPT_ID": 0,
                    "CONCEPT_NAME": atom.unit,
                    "CONCEPT_CODE": atom.unit,
                    "DOMAIN_ID": "Unit",
                    "VOCABULARY_ID": "UCUM",
                }
            ]
        found = [
            self._occurring("Measurement", {**where, field_of[atom.basis]: one}, atom.time)
            for one in _ranges(atom.interval)
        ]
        return _Group("ALL", found)

    def _ordinal(self, atom: Ordinal) -> _Group:
        row = tables()["scale"][atom.scale]
        if not all(step.replace(".", "", 1).isdecimal() for step in atom.allowed):
            raise _CannotSayError("a scale whose steps are no numbers")
        steps = [Decimal(step) for step in row["steps"]]
        allowed = [Decimal(step) for step in atom.allowed]
        if [one for one in steps if allowed[0] <= one <= allowed[-1]] != allowed:
            raise _CannotSayError("steps that are not beside each other")
        where = {"CodesetId": self._set(row["name"], "Measurement", "LOINC", row.get("loinc", ""))}
        (between,) = _ranges(Interval(allowed[0], allowed[-1]))
        return _Group("ALL", [self._occurring("Measurement", {**where, "ValueAsNumber": between}, atom.time)])

    def _thing(self, atom: Concept | Exposure | Result) -> _Group:
        rows = tables()
        if isinstance(atom, Result):
            raise _CannotSayError(f"the outcome of a test has no open code: {render(atom)}")
        if not atom.concept_id:
            raise _CannotSayError(f"no concept is known for {atom.surface}")
        asks = _qualifiers(atom)
        if asks:
            raise _CannotSayError(f"qualified ({', '.join(asks)})")
        if isinstance(atom, Concept):
            if atom.domain != "condition":
                raise _CannotSayError(f"an {atom.domain}")
            row = rows["condition"][atom.concept_id]
            number = self._set(row["name"], "Condition", "MeSH", row.get("mesh", ""))
            return _Group("ALL", [self._occurring("ConditionOccurrence", {"CodesetId": number}, atom.time)])
        if atom.role == "planned":
            raise _CannotSayError("something planned")
        row = rows["drug"].get(atom.concept_id) or rows["procedure"].get(atom.concept_id)
        if row is None:
            raise _CannotSayError(f"no concept is known for {atom.surface}")
        table, domain = _OF_KIND.get(atom.kind, ("ProcedureOccurrence", "Procedure"))
        number = self._set(row["name"], domain, "ATC" if row.get("atc") else "None", row.get("atc", ""))
        return _Group("ALL", [self._occurring(table, {"CodesetId": number}, atom.time)])

    def _occurring(self, table: str, where: Json, window: Window | None) -> Json:
        """At least one record of a table, within a time."""
        return {
            "Criteria": {table: where},
            "StartWindow": _ANY_TIME if window is None else self._window(window),
            "Occurrence": {"Type": 2, "Count": 1},
        }

    def _window(self, window: Window) -> Json:
        if window.anchor not in _INDEX_ANCHORS:
            raise _CannotSayError(f"a time from {window.anchor}")
        if window.length is None or window.unit not in _DAYS or window.or_half_lives is not None:
            raise _CannotSayError("a time that has no days")
        if window.direction is Direction.DURING or window.length.lower not in (None, Decimal(0)):
            raise _CannotSayError("a time that begins or ends elsewhere than at the index date")
        assert window.length.upper is not None
        days = window.length.upper * _DAYS[window.unit]
        if days != days.to_integral_value():
            self.said_less.append(f"{window.length.upper:f} {window.unit} are rounded to {round(days)} days")
        end, index = {"Days": round(days)}, {"Days": 0}
        if window.direction is Direction.BEFORE:
            return {**_ANY_TIME, "Start": {**end, "Coeff": -1}, "End": {**index, "Coeff": 1}}
        return {**_ANY_TIME, "Start": {**index, "Coeff": -1}, "End": {**end, "Coeff": 1}}


def _qualifiers(atom: Concept | Exposure) -> list[str]:
    """What an atom asks beyond the thing itself."""
    if isinstance(atom, Exposure):
        return [one for one in (*atom.status, *atom.route, atom.response) if one]
    several = (*atom.status, *atom.severity, atom.certainty, atom.caused_by, atom.not_caused_by, atom.subject)
    return [one for one in several if one]


def _none(group: _Group) -> _Group:
    """The opposite of a group."""
    return _Group("AT_MOST", groups=[group], count=0)


def _ranges(interval: Interval) -> list[Json]:
    """Circe's numeric ranges for an interval: one, or one for each end where one of two does not belong to it."""
    low, high = interval.lower, interval.upper
    if low is not None and high is not None:
        if low == high:
            return [{"Value": _number(low), "Op": "eq"}]
        if interval.lower_inclusive and interval.upper_inclusive:
            return [{"Value": _number(low), "Extent": _number(high), "Op": "bt"}]
    found = []
    if low is not None:
        found.append({"Value": _number(low), "Op": "gte" if interval.lower_inclusive else "gt"})
    if high is not None:
        found.append({"Value": _number(high), "Op": "lte" if interval.upper_inclusive else "lt"})
    return found


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)
