"""Queries made of what given studies say, so that many of them are found; and small studies for tables of cases."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from random import Random
from typing import Any

from hypothesis import strategies as st

from trialist.query.areas import AreaTarget, ValueKind, is_area, kind_of, resolve_area
from trialist.query.nodes import (
    TILTABLE,
    AgeBound,
    All,
    And,
    Area,
    Bound,
    Coverage,
    Covered,
    DateBound,
    Distance,
    Document,
    Expanded,
    Expansion,
    Missing,
    Node,
    Not,
    NumberBound,
    Or,
    Range,
    SearchIn,
    Term,
    TermBound,
    Tilt,
)
from trialist.query.operands import Scope, check_scope
from trialist.record.ages import Age, AgeUnit
from trialist.record.catalogue import Field, fields, fields_by_path, fields_by_piece, find_field, search_areas
from trialist.record.dates import PartialDate
from trialist.record.derived import counted_lists, derived_numbers
from trialist.record.enums import label_of
from trialist.record.study import GeoPoint, Study
from trialist.record.unparsed import Unparsed
from trialist.vocabulary.combine import read_own_concepts

Record = Mapping[str, Any]


STUDIES: Mapping[str, Mapping[str, Any]] = {
    "sites": {
        "Condition": ["Asthma"],
        "Phase": ["PHASE2"],
        "Location": [
            {
                "facility": "Harbor Hospital (invented)",
                "city": "Boston",
                "country": "United States",
                "status": "RECRUITING",
                "contacts": [{"name": "Ada Invented", "role": "CONTACT"}],
                "geoPoint": {"lat": 42.35843, "lon": -71.05977},
            },
            {
                "facility": "River Clinic (invented)",
                "city": "Paris",
                "country": "France",
                "status": "COMPLETED",
                "geoPoint": {"lat": 48.85341, "lon": 2.3488},
            },
            {"facility": "Hill Clinic (invented)", "city": "Lyon", "country": "France"},
        ],
    }
}
"""Studies that several cases ask about, by name."""


def study_of(fragment: str | Mapping[str, Any]) -> dict[str, Any]:
    """A record with these pieces set, or one of `STUDIES`; a piece below a list has one value for every object of it.

    The id is NCT99000001 where none is given.
    """
    if isinstance(fragment, str):
        return study_of(STUDIES[fragment])
    found: dict[str, Any] = {}
    for piece, value in {"NCTId": "NCT99000001", **fragment}.items():
        _set(found, [], find_field(piece).path.split("."), value)
    return found


def _set(holder: dict[str, Any], done: list[str], keys: list[str], value: Any) -> None:
    key, *rest = keys
    done = [*done, key]
    if not rest:
        holder[key] = value
    elif fields_by_path()[".".join(done)].is_list:
        rows = holder.setdefault(key, [])
        rows.extend({} for _ in range(len(value) - len(rows)))
        for row, one in zip(rows, value, strict=False):
            _set(row, done, rest, one)
    else:
        _set(holder.setdefault(key, {}), done, rest, value)


def queries(studies: Sequence[Record], *, legal: bool = False) -> st.SearchStrategy[tuple[str, Node]]:
    """As `generate_query`, for Hypothesis."""
    return st.randoms(use_true_random=False).map(lambda rng: generate_query(rng, studies, legal=legal))


def generate_query(rng: Random, studies: Sequence[Record], *, legal: bool = False) -> tuple[str, Node]:
    """A default area and a query that asks for words, values, dates, numbers and sites of the studies.

    Most of it is about one study, so that many queries are found. `legal` leaves out what the language cannot say:
    areas of no location inside `SEARCH[Location]`, and operators that do not go together.
    """
    area = rng.choice(_DEFAULT_AREAS)
    depth = rng.choice((0, 1, 1, 2, 2, 3, 4))
    return area, _Maker(rng, studies, legal).node(Scope(resolve_area(area)), depth)


_DEFAULT_AREAS = (
    "BasicSearch", "BasicSearch", "BasicSearch", "ConditionSearch", "ConditionSearch", "InterventionSearch", "TitleSearch",
    "LocationSearch", "OutcomeSearch", "SponsorSearch", "IdSearch", "PatientSearch", "LeadSponsorName",
)  # fmt: skip
_OFTEN = (
    "Condition", "Condition", "BriefTitle", "OfficialTitle", "Acronym", "Keyword", "InterventionName", "InterventionType",
    "BriefSummary", "EligibilityCriteria", "Phase", "OverallStatus", "StudyType", "StdAge", "Sex", "HealthyVolunteers",
    "StartDate", "CompletionDate", "LastUpdatePostDate", "EnrollmentCount", "MinimumAge", "MaximumAge", "NCTId",
    "OrgStudyId", "SecondaryId", "NCTIdAlias", "LeadSponsorName", "LeadSponsorClass", "CollaboratorName", "HasResults",
    "LocationCity", "LocationCountry", "LocationFacility", "LocationStatus", "LocationGeoPoint", "LocationGeoPoint",
    "ConditionMeshTerm", "PrimaryOutcomeMeasure", "ArmGroupLabel", "LargeDocUploadDate", "LargeDocSize", "NumArmGroups",
    "StudyFirstSubmitYear", "NumLocations", "OverallOfficialName", "DesignAllocation", "WhyStopped",
)  # fmt: skip
_LOCATION_AREAS = (
    "LocationCity", "LocationState", "LocationCountry", "LocationFacility", "LocationStatus", "LocationStatus", "LocationZip",
    "LocationGeoPoint", "LocationGeoPoint", "LocationContactName", "LocationContactRole", "LocationContact", "Location",
    "LocationSearch", "LocationSearch", "ContactSearch",
)  # fmt: skip
_NOT_OF_LOCATIONS = (
    "Phase",
    "Condition",
    "NumLocationContacts",
    "NumLocations",
    "ContactsLocationsModule",
    "StartDate",
)
_UNKNOWN = ("zzyzx", "qwrtl", "Ünbekannt", "x1y2z3")
_FEW_SITES = 6
_STOP = ("of", "the", "with", "in", "and", "due", "to", "from")
_ACCENTS = str.maketrans("aeou", "áéöü")


def _site_count(study: Record) -> int:
    found = study.get("protocolSection", {}).get("contactsLocationsModule", {}).get("locations", [])
    return len(found)


@cache
def _known_terms() -> tuple[str, ...]:
    return tuple(item.text for concept in read_own_concepts() for item in concept.synonyms)


@cache
def _areas_with(piece: str) -> tuple[str, ...]:
    return tuple(
        area.name for area in search_areas().values() if any(piece in part.pieces for part in area.parts)
    )


class _Maker:
    """Makes the nodes of one query."""

    def __init__(self, rng: Random, studies: Sequence[Record], legal: bool) -> None:
        self.rng = rng
        self.studies = [Study.from_record(study) for study in (rng.choice(studies), rng.choice(studies))]
        self.legal = legal
        # One SEARCH[Location] in another makes the judge ask for every pair of sites.
        self.in_sites = 0
        self.may_nest = max(_site_count(study) for study in studies) <= _FEW_SITES

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def study(self) -> Study:
        """Nearly always the same study."""
        return self.studies[self.chance(0.08)]

    # -- nodes with operands

    def node(self, scope: Scope, depth: int) -> Node:
        if depth == 0:
            # Every site is asked by itself, so there seldom of a big area.
            share = 0.04 if scope.document is Document.LOCATION else 0.4
            return self.leaf(scope) if self.chance(share) else self.area(scope, 0)
        kind = self.rng.choices(
            ("and", "or", "not", "area", "search", "cover", "expand", "both", "tilt"),
            (4, 3, 2, 4, 4, 1, 2, 2, 1),
        )[0]
        if kind in ("and", "or"):
            count = self.rng.choice((2, 2, 2, 3))
            return _joined(And if kind == "and" else Or, [self.node(scope, depth - 1) for _ in range(count)])
        if kind == "not":
            return Not(self.node(scope, depth - 1))
        if kind == "area":
            return self.area(scope, depth - 1)
        if kind == "search":
            return self.search(scope, max(depth - 1, 1))
        if kind == "tilt":
            return Tilt(
                self.rng.choice([piece for piece in _OFTEN if _is_tiltable(piece)]),
                self.node(scope, depth - 1),
            )
        return self.spelled(kind, scope, depth - 1)

    def search(self, scope: Scope, depth: int) -> Node:
        if self.chance(0.1) or (self.in_sites and not self.may_nest):
            return SearchIn(Document.STUDY, self.node(replace(scope, document=Document.STUDY), depth))
        self.in_sites += 1
        found = SearchIn(Document.LOCATION, self.node(replace(scope, document=Document.LOCATION), depth))
        self.in_sites -= 1
        return found

    def spelled(self, kind: str, scope: Scope, depth: int) -> Node:
        """COVERAGE, EXPANSION or both around a node."""
        coverage = self.rng.choice(list(Coverage)) if kind != "expand" else scope.coverage
        expansion = self.rng.choice(list(Expansion)) if kind != "cover" else scope.expansion
        inner = replace(scope, coverage=coverage, expansion=expansion)
        if self.legal and check_scope(replace(inner, document=Document.STUDY)):
            return self.node(scope, depth)
        found = self.node(inner, depth)
        if kind != "cover" and expansion is not None:
            found = Expanded(expansion, found)
        return Covered(coverage, found) if kind != "expand" and coverage is not None else found

    def area(self, scope: Scope, depth: int) -> Node:
        in_location = scope.document is Document.LOCATION
        name, size = self.location_name() if in_location else self.name()
        inner = replace(scope, target=resolve_area(name), size=size)
        if self.legal and check_scope(inner):
            name, size = ("LocationCity", False) if in_location else ("BasicSearch", False)
            inner = replace(scope, target=resolve_area(name), size=size)
        return Area(name, self.node(inner, depth) if depth else self.leaf(inner), size)

    def location_name(self) -> tuple[str, bool]:
        if not self.legal and self.chance(0.1):
            return (
                (self.rng.choice(_NOT_OF_LOCATIONS), False) if self.chance(0.8) else ("LocationContact", True)
            )
        if self.chance(0.03):
            return self.rng.choice(("BasicSearch", "PatientSearch")), False
        return self.rng.choice(_LOCATION_AREAS), False

    def name(self) -> tuple[str, bool]:
        """The name of an area, and whether its size is asked."""
        rng = self.rng
        field = self.some_field()
        how = rng.choices(("piece", "path", "area", "struct", "size", "any"), (60, 8, 18, 6, 8, 2))[0]
        if how == "area" and _areas_with(field.piece):
            return rng.choice(_areas_with(field.piece)), False
        if how == "struct":
            above = field.path.rpartition(".")[0]
            return (above if is_area(above) else field.piece), False
        if how == "size":
            return self.list_name(field), True
        if how == "any":
            return rng.choice(fields()).piece, False
        return (field.path if how == "path" else field.piece), False

    def list_name(self, field: Field) -> str:
        """A list that the field is or stands in, else any that is often asked."""
        path = field.path
        while path:
            if path in fields_by_path() and fields_by_path()[path].is_list:
                return fields_by_path()[path].piece
            path = path.rpartition(".")[0]
        return self.rng.choice(
            (
                "Phase",
                "Condition",
                "Location",
                "ArmGroup",
                "Keyword",
                "StdAge",
                "RemovedCountry",
                "NCTIdAlias",
            )
        )

    def some_field(self) -> Field:
        """A field that is often asked, or any that the study has."""
        if self.chance(0.6):
            return fields_by_piece()[self.rng.choice(_OFTEN)]
        level: Any = self.study().record
        path = ""
        while level and isinstance(level, Mapping | list):
            if isinstance(level, list):
                level = self.rng.choice(level)
                continue
            keys = [key for key in level if key != "resultsSection" or self.chance(0.3)] or list(level)
            key = (
                "protocolSection"
                if "protocolSection" in level and self.chance(0.6)
                else self.rng.choice(keys)
            )
            below = f"{path}.{key}" if path else key
            if below not in fields_by_path():
                break
            path, level = below, level[key]
        return fields_by_path()[path] if path else fields_by_piece()["Condition"]

    # -- leaves

    def leaf(self, scope: Scope) -> Node:
        if self.legal and check_scope(scope):
            return self.area(scope, 0)
        chosen = self.rng.random()
        if chosen < 0.07:
            return Missing()
        if chosen < 0.1 and not (scope.kind is ValueKind.ENUM and "ALL" in scope.target.enum_values):
            return All()
        if chosen < 0.13 and scope.target.field is not None:
            return Range(None, None)
        value = self.value(scope)
        if scope.kind is ValueKind.PLACE:
            return self.distance(value if isinstance(value, GeoPoint) else GeoPoint(42.36, -71.06))
        if scope.kind in _TYPED:
            return self.typed(scope.kind, value, scope.target)
        if scope.kind is ValueKind.NCT_ID and scope.target.field is not None and self.chance(0.5):
            return self.id_range(str(value))
        return self.words(scope, str(value))

    def value(self, scope: Scope) -> Any:
        """A value that the study has in the area; one like it where it has none."""
        study = self.study()
        if scope.size and scope.target.field is not None:
            counted = counted_lists()[scope.target.field.piece]
            return self.rng.choice([*derived_numbers(study.record).get(counted, []), self.rng.randrange(4)])
        kinds = {scope.kind} if scope.kind is not ValueKind.MIXED else {ValueKind.TEXT, ValueKind.NCT_ID}
        for field in self.shuffled(scope.target.fields):
            found = _values(study, field)
            if found and kind_of(field) in kinds:
                return self.rng.choice(found)
        return _INSTEAD.get(scope.kind, self.rng.choice(_known_terms()))

    def shuffled(self, found: Sequence[Field]) -> list[Field]:
        return self.rng.sample(found, len(found))

    def typed(self, kind: ValueKind, value: Any, target: AreaTarget) -> Node:
        """A term or a range for a value that is no text."""
        if kind is ValueKind.ENUM:
            known = target.enum_values
            return Term(value if value in known and self.chance(0.8) else self.rng.choice(list(known)))
        if kind is ValueKind.BOOLEAN:
            return Term(self.rng.choice(("true", "false", str(value).lower())))
        if target.field is None or self.chance(0.4):
            return Term(_spelled(self.rng, kind, value))
        ends: list[Bound | None] = [self.bound(kind, value), self.bound(kind, value)]
        ends[self.rng.randrange(2)] = self.rng.choice((None, self.bound(kind, value)))
        return Range(*ends)

    def bound(self, kind: ValueKind, value: Any) -> Bound:
        rng = self.rng
        if kind is ValueKind.NUMBER:
            number = Decimal(repr(value)) + rng.choice((0, 0, 0, 1, -1, 10, Decimal("-0.5")))
            return NumberBound(number)
        if kind is ValueKind.AGE:
            return _age_bound(rng, value)
        if isinstance(value, datetime):
            if self.chance(0.5):
                moved = value + timedelta(minutes=rng.choice((0, 0, 1, -1, 3000)))
                return TermBound(moved.strftime("%Y-%m-%dT%H:%M"))
            value = PartialDate(value.year, value.month, value.day)
        day = value.earliest + timedelta(days=rng.choice((0, 0, 0, 1, -1, 40, -40)))
        return DateBound(_shortened(rng, day))

    def id_range(self, value: str) -> Node:
        number = int(value[3:]) if value[3:].isdigit() else 1

        def end() -> TermBound | None:
            moved = min(99_999_999, max(1, number + self.rng.choice((0, 0, 1, -1, 500))))
            return None if self.chance(0.3) else TermBound(f"NCT{moved:08d}")

        return Range(end(), end())

    def distance(self, place: GeoPoint) -> Distance:
        rng = self.rng
        away = rng.choice((0.0, 0.01, 0.5, 3.0))
        lat = max(-90.0, min(90.0, place.lat + rng.uniform(-away, away)))
        lon = (place.lon + rng.uniform(-away, away) + 180) % 360 - 180
        return Distance(
            Decimal(str(round(lat, 5))),
            Decimal(str(round(lon, 5))),
            Decimal(rng.choice(("0", "0.5", "1", "25", "50", "100", "250.75", "500"))),
            rng.choice(("km", "km", "mi", "m")),
        )

    # -- words

    def words(self, scope: Scope, value: str) -> Term:
        """A term of words of the area, spelled in some way; sometimes of values, known terms or nothing known."""
        rng = self.rng
        how = rng.choices(("value", "two", "enum", "known", "unknown"), (66, 14, 9, 9, 2))[0]
        if how == "enum":
            found = [self.enum_words()]
        elif how == "known":
            found = rng.choice(_known_terms()).split()
        elif how == "unknown":
            found = [rng.choice((*_UNKNOWN, "*", "-"))]
        else:
            found = self.pick(value)
            if how == "two":
                found = [*found, *self.pick(str(self.value(scope)))]
        return self.term(found)

    def pick(self, text: str) -> list[str]:
        """Some of a text's words: beside each other, at an end, all, or here and there in any order."""
        rng = self.rng
        found = text.split() or ["none"]
        count = min(len(found), rng.choice((1, 1, 2, 2, 3, 4)))
        how = rng.choice(("run", "run", "start", "end", "all", "scattered"))
        if how == "all" and len(found) <= 12:
            return found
        if how == "scattered":
            first = rng.randrange(len(found))
            near = found[first : first + 12]
            return rng.sample(near, min(count, len(near)))
        places = {"start": 0, "end": len(found) - count}
        start = places.get(how, rng.randrange(len(found) - count + 1))
        return found[start : start + count]

    def enum_words(self) -> str:
        """How one might say a value of an enumeration of the study."""
        study = self.study()
        held = [(field, value) for field in _enum_fields() for value in _values(study, field)]
        if not held:
            return "phase 2"
        field, value = self.rng.choice(held)
        return self.rng.choice((value, value.lower(), label_of(field.type, value)))

    def term(self, found: list[str]) -> Term:
        for _ in range(self.rng.choice((0, 0, 1, 2))):
            place = self.rng.randrange(len(found))
            change = self.rng.choice(_CHANGES)
            found = [*found[:place], *change(self.rng, found[place]), *found[place + 1 :]]
        text = " ".join(" ".join(found).split()) or "none"
        return Term(text, quoted=self.chance(0.25))


def _is_tiltable(piece: str) -> bool:
    return resolve_area(piece).kind in TILTABLE


def _joined(kind: type[And] | type[Or], operands: Sequence[Node]) -> Node:
    flat: list[Node] = []
    for one in operands:
        flat.extend(one.operands if isinstance(one, kind) else (one,))
    return kind(tuple(flat))


@cache
def _enum_fields() -> tuple[Field, ...]:
    return tuple(field for field in resolve_area("BasicSearch").fields if field.is_enum)


def _values(study: Study, field: Field) -> list[Any]:
    """What a study says in a field, read without the engine that is tested with it."""
    if field.indexed_only:
        return list(derived_numbers(study.record).get(field.piece, ()))
    found = study[field.piece]
    several = found if isinstance(found, tuple) else (found,)
    return [value for value in several if value is not None and not isinstance(value, Unparsed | Mapping)]


_TYPED = frozenset(
    {ValueKind.ENUM, ValueKind.BOOLEAN, ValueKind.NUMBER, ValueKind.DATE, ValueKind.TIME, ValueKind.AGE}
)
_INSTEAD: Mapping[ValueKind, Any] = {
    ValueKind.ENUM: "OTHER",
    ValueKind.BOOLEAN: True,
    ValueKind.NUMBER: 2,
    ValueKind.DATE: PartialDate(2022, 6),
    ValueKind.TIME: datetime.fromisoformat("2022-06-30T12:00"),
    ValueKind.AGE: Age(18, AgeUnit.YEAR),
    ValueKind.PLACE: GeoPoint(42.36, -71.06),
    ValueKind.NCT_ID: "NCT99000001",
}


def _shortened(rng: Random, day: date) -> PartialDate:
    """A day, its month or its year."""
    return rng.choice(
        (
            PartialDate(day.year),
            PartialDate(day.year, day.month),
            PartialDate(day.year, day.month, day.day),
            PartialDate(day.year, day.month, day.day),
        )
    )


def _age_bound(rng: Random, age: Age) -> AgeBound:
    """The age, in another unit where that is easy, or one beside it."""
    if age.unit is AgeUnit.YEAR and rng.random() < 0.3:
        return AgeBound(Decimal(12 * age.count), AgeUnit.MONTH)
    if age.unit is AgeUnit.MONTH and age.count % 12 == 0 and rng.random() < 0.5:
        return AgeBound(Decimal(age.count // 12), AgeUnit.YEAR)
    moved = Decimal(age.count) + rng.choice((0, 0, 1, -1, Decimal("0.5")))
    return AgeBound(max(Decimal(0), moved), age.unit)


def _spelled(rng: Random, kind: ValueKind, value: Any) -> str:
    """A value that is no text as a term, sometimes less exactly or in another unit."""
    if kind is ValueKind.NUMBER:
        return f"{Decimal(repr(value)):f}" + rng.choice(("", "", ".0" if isinstance(value, int) else "0"))
    if kind is ValueKind.AGE:
        return str(_age_bound(rng, value))
    if isinstance(value, datetime):
        if rng.random() < 0.4:
            return value.strftime("%Y-%m-%dT%H:%M")
        value = PartialDate(value.year, value.month, value.day)
    return str(_shortened(rng, value.earliest))


def _unaccented(word: str) -> str:
    return (
        "".join(char for char in unicodedata.normalize("NFKD", word) if not unicodedata.combining(char))
        or word
    )


_CHANGES: tuple[Callable[[Random, str], list[str]], ...] = (
    lambda rng, word: [word.upper()],
    lambda rng, word: [word.lower()],
    lambda rng, word: [word.swapcase()],
    lambda rng, word: [_unaccented(word)],
    lambda rng, word: [word.translate(_ACCENTS)],
    lambda rng, word: [f"{word}'s"],
    lambda rng, word: [f"{word}\u2019s"],
    lambda rng, word: [f"{word}s"],
    lambda rng, word: [word.strip(".,;:()[]'\"") or word],
    lambda rng, word: word.replace("-", " ").split() or [word],
    lambda rng, word: [word.replace("-", "") or word],
    lambda rng, word: [f"{word[: len(word) // 2]}-{word[len(word) // 2 :]}"],
    lambda rng, word: [word, rng.choice(_STOP)],
    lambda rng, word: [rng.choice(_STOP), word],
    lambda rng, word: [word, rng.choice(_UNKNOWN)],
    lambda rng, word: [word[:-1] or word],
    lambda rng, word: [rng.choice(_known_terms()), word],
)
