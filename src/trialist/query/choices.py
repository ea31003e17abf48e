"""What people choose beside words (a status, a phase, an age, a place), as filters of a request.

Values may be given as the registry has them (`NOT_YET_RECRUITING`), by their labels, or by a beginning that only one has
(`not-yet`); upper and lower case and signs do not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from trialist.errors import InvalidParameterError
from trialist.query.english import describe_query, describe_study_query
from trialist.query.filters import any_of, split_list
from trialist.query.nodes import (
    And,
    Area,
    Distance,
    DistanceUnit,
    Document,
    Missing,
    Node,
    Or,
    Range,
    SearchIn,
    Term,
    walk,
)
from trialist.query.study_query import StudyQuery
from trialist.query.values import parse_age
from trialist.record.enums import enums
from trialist.record.study import GeoPoint

OPEN_SITE_STATUSES = ("RECRUITING", "AVAILABLE")
"""What a site says of itself when it takes people now."""
STATUSES_WITH_OPEN_SITES = (
    "RECRUITING",
    "AVAILABLE",
    "NOT_YET_RECRUITING",
    "ENROLLING_BY_INVITATION",
    "TEMPORARILY_NOT_AVAILABLE",
)
"""The statuses of a study under which that is to be believed; a study without a status counts too."""

SORT_NAMES = {
    "relevance": "@relevance",
    "start": "StartDate",
    "completion": "CompletionDate",
    "posted": "StudyFirstPostDate",
    "updated": "LastUpdatePostDate",
    "enrollment": "EnrollmentCount",
}
"""Short names of orders → what the registry's API calls them."""

_LENGTH = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,6})?) ?(km|mi|m)", re.IGNORECASE)
_OTHER_NAMES: Mapping[str, Mapping[str, str]] = {
    "Status": {"enrolling": "RECRUITING", "open": "RECRUITING", "active": "ACTIVE_NOT_RECRUITING"},
    "Phase": {
        "0": "EARLY_PHASE1",
        "early1": "EARLY_PHASE1",
        "early": "EARLY_PHASE1",
        **{str(number): f"PHASE{number}" for number in range(1, 5)},
        **dict(zip(("i", "ii", "iii", "iv"), (f"PHASE{number}" for number in range(1, 5)), strict=True)),
        "none": "NA",
        "n/a": "NA",
    },
    "StudyType": {"expanded": "EXPANDED_ACCESS", "trial": "INTERVENTIONAL"},
    "StandardAge": {"older": "OLDER_ADULT", "adult": "ADULT", "child": "CHILD"},
}


@dataclass(frozen=True, slots=True)
class Choices:
    """What was chosen, as it was written; "" for nothing. `near` is the place that distances are measured from."""

    status: str = ""
    phase: str = ""
    study_type: str = ""
    sex: str = ""
    age: str = ""
    results: str = ""
    near: GeoPoint | None = None
    within: str = ""
    open_sites: bool = False


def with_choices(query: StudyQuery, choices: Choices, *, mark: str = "--") -> StudyQuery:
    """A request narrowed to what was chosen; `InvalidParameterError` for a choice that there is not.

    A place alone narrows nothing: it makes nearness count in the order. `mark` stands before the names of choices in
    errors, as whoever asks writes them.
    """
    added: list[Node] = []
    if choices.status:
        added.append(Area("OverallStatus", _any_value(f"{mark}status", "Status", choices.status)))
    if choices.phase:
        added.append(_phases(choices.phase, mark))
    if choices.study_type:
        added.append(Area("StudyType", _any_value(f"{mark}type", "StudyType", choices.study_type)))
    if choices.sex:
        added.append(_sex(choices.sex, mark))
    if choices.age:
        added.append(_ages(choices.age, mark))
    if choices.results:
        added.append(_results(choices.results, mark))
    around = _around(choices, mark)
    if choices.open_sites:
        added.append(with_open_site(around if choices.within else None))
    elif choices.within and around is not None:
        added.append(Area("LocationGeoPoint", around))
    return replace(query, filters=(*query.filters, *added), geo=query.geo or around)


def with_open_site(around: Distance | None) -> Node:
    """Studies with a site that takes people now, and which lies in this circle."""
    return open_site_where(*(() if around is None else (Area("LocationGeoPoint", around),)))


def open_site_where(*asked: Node) -> Node:
    """Studies with a site that takes people now and of which all this holds."""
    is_open: Node = Area("LocationStatus", _either(OPEN_SITE_STATUSES))
    site = And((is_open, *asked)) if asked else is_open
    status = Area("OverallStatus", _either(STATUSES_WITH_OPEN_SITES))
    return And((Or((status, Area("OverallStatus", Missing()))), SearchIn(Document.LOCATION, site)))


def open_site_phrase(node: Node) -> str:
    """What `with_open_site` asks, as a clause that follows "studies"; "" for any other node."""
    around = next((one for one in walk(node) if isinstance(one, Distance)), None)
    if not isinstance(node, And) or node != with_open_site(around):
        return ""
    where = "" if around is None else describe_query(Area("LocationGeoPoint", around))
    return "with a site that takes people now" + where.removeprefix("studies with a location").replace(
        " within", ", within"
    )


def describe_part(node: Node, area: str) -> str:
    """What a part of a request asks, as a clause that follows "studies"."""
    return open_site_phrase(node) or describe_query(node, default_area=area).removeprefix("studies ")


def describe_request(query: StudyQuery) -> str:
    """What a whole request asks and in which order, as a sentence; as `describe_study_query`, and open sites in short."""
    phrases = [phrase for phrase in map(open_site_phrase, query.filters) if phrase]
    if not phrases:
        return describe_study_query(query)
    others = tuple(node for node in query.filters if not open_site_phrase(node))
    plain = describe_study_query(replace(query, filters=others, sort=())).rstrip(".")
    order = describe_study_query(StudyQuery(sort=query.sort)).removeprefix("All studies")
    begun = "Studies" if plain == "All studies" else f"{plain} and"
    return f"{begun} {' and '.join(phrases)}{order}"


def sort_named(text: str) -> str:
    """The keys of an order with the short names written out."""
    keys = []
    for key in text.split(","):
        name, colon, direction = key.strip().partition(":")
        keys.append(SORT_NAMES.get(name.lower(), name) + colon + direction)
    return ",".join(keys)


def read_length(text: str, mark: str = "--") -> tuple[Decimal, DistanceUnit]:
    """`50km`, `30 mi` → a length."""
    found = _LENGTH.fullmatch(text.strip())
    if found is None:
        raise InvalidParameterError(
            f"{mark}within is {text!r}, which is not a distance", hint="Write 50km or 30mi."
        )
    unit = found[2].lower()
    known: dict[str, DistanceUnit] = {"km": "km", "mi": "mi", "m": "m"}
    return Decimal(found[1]), known[unit]


def value_named(option: str, enum_name: str, text: str) -> str:
    """The value of an enumeration that someone wrote; `InvalidParameterError` lists what there is."""
    values = enums()[enum_name].values
    written = _plain(text)
    names = {_plain(name): value for name, value in _OTHER_NAMES.get(enum_name, {}).items()}
    for value, known in values.items():
        for name in (value, known.label, *known.exceptions.values()):
            names.setdefault(_plain(name), value)
    found = {names[written]} if written in names else set()
    if written and not found:
        found = {value for name, value in names.items() if name.startswith(written)}
    if len(found) == 1:
        return found.pop()
    several = " may be " + " or ".join(sorted(found)) if found else " is not known"
    raise InvalidParameterError(
        f"{option}: {text[:60]!r}{several}",
        hint="There is " + ", ".join(value.lower().replace("_", "-") for value in values) + ".",
    )


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9/]", "", text.casefold())


def _either(values: Sequence[str]) -> Or:
    return Or(tuple(Term(value) for value in values))


def _terms(values: Iterable[str]) -> Node:
    return any_of(tuple(Term(value) for value in dict.fromkeys(values)))


def _any_value(option: str, enum_name: str, text: str) -> Node:
    return _terms(value_named(option, enum_name, item) for item in split_list(text))


def _phases(text: str, mark: str) -> Node:
    """`2,3` is either; `2/3` is a study of both."""
    found: list[Node] = []
    for item in split_list(text):
        together = [item] if _plain(item) == "n/a" else item.split("/")
        values = dict.fromkeys(value_named(f"{mark}phase", "Phase", one) for one in together)
        terms = tuple(Term(value) for value in values)
        found.append(terms[0] if len(terms) == 1 else And(terms))
    return Area("Phase", any_of(tuple(dict.fromkeys(found))))


def _sex(text: str, mark: str) -> Node:
    """Who can take part: women are taken by studies for women and by those for all."""
    only = _plain(text).endswith("only")
    value = value_named(f"{mark}sex", "Sex", re.sub(r"[\W_]*only$", "", text.strip(), flags=re.IGNORECASE))
    return Area("Sex", Term(value) if only or value == "ALL" else _either((value, "ALL")))


def _ages(text: str, mark: str) -> Node:
    """`child,older`: a group of ages; `17` or `6 months`: studies that take somebody of this age."""
    age = parse_age(text.strip()) or parse_age(f"{text.strip()} years")
    if age is None:
        return Area("StdAge", _any_value(f"{mark}age", "StandardAge", text))
    return And((_bounded("MinimumAge", Range(None, age)), _bounded("MaximumAge", Range(age, None))))


def _bounded(piece: str, reach: Range) -> Node:
    return Area(piece, Or((reach, Missing())))


def _results(text: str, mark: str) -> Node:
    said = _plain(text)
    if said not in ("with", "without", "yes", "no"):
        raise InvalidParameterError(
            f"{mark}results: {text[:60]!r} is not known", hint="There is with, without."
        )
    return Area("HasResults", Term("true" if said in ("with", "yes") else "false"))


def _around(choices: Choices, mark: str) -> Distance | None:
    if choices.near is None:
        if choices.within:
            raise InvalidParameterError(
                f"{mark}within needs a place", hint=f"Say where: {mark}near 'Hefei, China'"
            )
        return None
    radius, unit = read_length(choices.within, mark) if choices.within else (Decimal(0), "km")
    return Distance(_degrees(choices.near.lat), _degrees(choices.near.lon), radius, unit)


def _degrees(number: float) -> Decimal:
    """A tenth of a metre is near enough."""
    text = f"{number:.6f}".rstrip("0").rstrip(".")
    return Decimal("0" if text == "-0" else text)
