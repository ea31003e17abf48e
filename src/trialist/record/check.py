"""Study → problems: what in a record is not as the catalogue says.

Nothing is changed and nothing refused here; a problem tells where the record and the registry's data model disagree.
The walk is written for speed (a registry has 300 million leaves): paths are put together only when there is something
to report.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from trialist.errors import Level, Problem, Where
from trialist.record.ages import parse_age
from trialist.record.catalogue import Field, children
from trialist.record.dates import PartialDate, parse_minutes, parse_partial_date
from trialist.record.enums import enums
from trialist.record.nct_id import is_canonical_nct_id, parse_nct_id
from trialist.record.study import Study
from trialist.record.unparsed import Unparsed

MAX_DEPTH = 200
"""Records nested deeper than this are refused: the data model needs 13 levels, and readers of trees recurse."""

_EXCERPT = 120
_KNOWN_GOOD = 50_000  # distinct dates and ages remembered per process; the registry has some 20,000

_Test = Callable[[Any], str]
_STRING_TYPES = frozenset({"text", "markup", "GeoName", "keyword"})
WHOLE_TYPES = frozenset({"short", "integer", "long", "number"})

# What a field must hold. Texts and structures come first in the walk: they are nine of ten values.
_TEXT, _STRUCT, _ENUM, _TESTED, _WHOLE, _TEXTS, _STRUCTS, _ENUMS, _TESTEDS, _WHOLES = range(10)
_LISTS = 5  # a kind from here on is a list of the kind that many places before it


@dataclass(frozen=True, slots=True)
class _Node:
    """What the walk needs to know of a field; of `below`, `values` and `test`, that which its kind needs is set."""

    kind: int
    path: str
    below: Mapping[str, _Node] = field(default_factory=dict)
    values: frozenset[str] = frozenset()
    test: _Test = str
    good: set[str] = field(default_factory=set)  # texts that passed the test before


def check(study: Study, where: Where | None = None) -> list[Problem]:
    """The problems of one study, in the record's order.

    Codes: `missing-nct-id` and `too-deep` (ERROR: such a record cannot be stored), `nct-id-form`, `wrong-type`,
    `unknown-enum-value`, `impossible-date`, `unreadable-age`, `impossible-place` (WARNING), `unknown-field` (INFO;
    one a path, however often it occurs in the record). `where` gives the source; the id and path are filled in.
    """
    place = where or Where()
    nct_id = study.nct_id
    found: list[tuple[str, str, Any, str]] = []
    _walk(study.record, _tree(), found)
    problems = (
        [] if nct_id else [_problem(Level.ERROR, "missing-nct-id", place, "", "", "there is no NCT id", None)]
    )
    if nct_id and not is_canonical_nct_id(study["NCTId"]):
        message = f"the id is spelled {study['NCTId']!r}"
        problems.append(_problem(Level.WARNING, "nct-id-form", place, nct_id, _NCT_ID_PATH, message, None))
    unknown: set[str] = set()
    for code, path, value, message in found:
        if code == "unknown-field":
            if path in unknown:
                continue
            unknown.add(path)
        level = _LEVELS.get(code, Level.WARNING)
        problems.append(_problem(level, code, place, nct_id or "", path, message, value))
    return problems


_NCT_ID_PATH = "protocolSection.identificationModule.nctId"
_LEVELS = {"unknown-field": Level.INFO, "too-deep": Level.ERROR}


def _problem(
    level: Level, code: str, where: Where, nct_id: str, path: str, message: str, value: object
) -> Problem:
    place = Where(where.source, where.member, where.position, where.position_unit, nct_id, path)
    return Problem(level, code, place, message, "" if value is None else _shorten(value))


def _shorten(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)[: _EXCERPT * 2]
    return text if len(text) <= _EXCERPT else text[: _EXCERPT - 1] + "…"


def _walk(record: Mapping[str, Any], root: _Node, found: list[Any]) -> None:
    """Compare one object with its node; append (code, path, value, message) for what differs."""
    below = root.below
    for key, value in record.items():
        node = below.get(key)
        if node is None:
            here = f"{root.path}.{key}" if root.path else key
            found.append(
                _too_deep_or("unknown-field", here, value, "this field is not in the catalogue; it is kept")
            )
            continue
        kind = node.kind
        if kind == _TEXT:
            if type(value) is not str:
                found.append(_explain(value, node))
        elif kind == _STRUCT:
            if type(value) is dict:
                _walk(value, node, found)
            else:
                found.append(_explain(value, node))
        elif kind == _WHOLE:
            if type(value) is not int:
                found.append(_explain(value, node))
        elif kind >= _LISTS:
            _walk_list(value, node, found)
        elif type(value) is str and (value in node.values or value in node.good):
            pass
        else:
            _look_closer(value, node, found)


def _walk_list(values: Any, node: _Node, found: list[Any]) -> None:
    if type(values) is not list:
        message = f"a list was expected, not {_kind(values)}"
        found.append(_too_deep_or("wrong-type", node.path, values, message))
    elif node.kind == _STRUCTS:
        for value in values:
            if type(value) is dict:
                _walk(value, node, found)
            else:
                found.append(_explain(value, node))
    elif node.kind == _TEXTS:
        for value in values:
            if type(value) is not str:
                found.append(_explain(value, node))
    else:
        for value in values:
            _look_closer(value, node, found)


def _look_closer(value: Any, node: _Node, found: list[Any]) -> None:
    """A value of an enumeration or with a test, which the walk did not know to be good."""
    if node.kind in (_ENUM, _ENUMS):
        if type(value) is not str or value not in node.values:
            found.append(_explain(value, node))
    elif node.test(value):
        found.append(_explain(value, node))
    elif type(value) is str and len(node.good) < _KNOWN_GOOD:
        node.good.add(value)


def _explain(value: Any, node: _Node) -> tuple[str, str, Any, str]:
    """What is wrong with a value that is not good."""
    if node.kind in (_ENUM, _ENUMS) and type(value) is str:
        return (
            "unknown-enum-value",
            node.path,
            value,
            f"{value[:_EXCERPT]!r} is not a value of this enumeration",
        )
    if node.kind in (_TESTED, _TESTEDS) and not isinstance(value, dict | list):
        code, _, message = node.test(value).partition(": ")
        return (code, node.path, value, message)
    expected = {_TEXT: "a text", _STRUCT: "an object", _WHOLE: "a whole number"}.get(
        node.kind % _LISTS, "a single value"
    )
    return _too_deep_or("wrong-type", node.path, value, f"{expected} was expected, not {_kind(value)}")


def _too_deep_or(code: str, path: str, value: Any, message: str) -> tuple[str, str, Any, str]:
    """The finding, or `too-deep` when what stands in an unexpected place is nested beyond the limit."""
    if isinstance(value, dict | list) and _depth_exceeds(value, MAX_DEPTH - path.count(".")):
        return ("too-deep", path, None, f"nested deeper than {MAX_DEPTH} levels")
    return (code, path, value, message)


def _depth_exceeds(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = [
            item
            for holder in level
            for item in (holder.values() if isinstance(holder, dict) else holder)
            if isinstance(item, dict | list)
        ]
        if not level:
            return False
    return True


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    names = {
        bool: "a boolean",
        int: "a number",
        float: "a number",
        str: "a text",
        list: "a list",
        dict: "an object",
    }
    return names[type(value)]


def _parsing(parse: Callable[[object], object], code: str) -> _Test:
    """The test that a text can be parsed."""

    def test(value: Any) -> str:
        if type(value) is not str:
            return f"wrong-type: a text was expected, not {_kind(value)}"
        parsed = parse(value)
        return f"{code}: {parsed.reason}" if isinstance(parsed, Unparsed) else ""

    return test


def _full_date(text: object) -> object:
    parsed = parse_partial_date(text)
    if isinstance(parsed, PartialDate) and not parsed.is_full:
        return Unparsed(text, "a full date was expected here")
    return parsed


def _test_boolean(value: Any) -> str:
    return (
        ""
        if value is True or value is False
        else f"wrong-type: true or false was expected, not {_kind(value)}"
    )


def _test_nct(value: Any) -> str:
    if type(value) is not str:
        return f"wrong-type: a text was expected, not {_kind(value)}"
    return "" if parse_nct_id(value) else "nct-id-form: not an NCT id"


def _test_coordinate(limit: int) -> _Test:
    def test(value: Any) -> str:
        if type(value) is not float and type(value) is not int:
            return f"wrong-type: a number was expected, not {_kind(value)}"
        return "" if -limit <= value <= limit else f"impossible-place: beyond {limit} degrees"

    return test


@cache
def _tree() -> _Node:
    """The catalogue as nested nodes, built once a process."""
    tests: dict[str, _Test] = {
        "boolean": _test_boolean,
        "nct": _test_nct,
        "NormalizedDate": _parsing(_full_date, "impossible-date"),
        "PartialDate": _parsing(parse_partial_date, "impossible-date"),
        "DateTimeMinutes": _parsing(parse_minutes, "impossible-date"),
        "NormalizedTime": _parsing(parse_age, "unreadable-age"),
    }

    def node(known: Field) -> _Node:
        path, lists = known.path, _LISTS if known.is_list else 0
        if known.is_enum:
            return _Node(_ENUM + lists, path, values=frozenset(enums()[known.type].values))
        if known.type == "GeoPoint":
            point = {
                name: _Node(_TESTED, f"{path}.{name}", test=_test_coordinate(limit))
                for name, limit in (("lat", 90), ("lon", 180))
            }
            return _Node(_STRUCT, path, below=point)
        if known.is_struct:
            return _Node(_STRUCT + lists, path, below={child.name: node(child) for child in children()[path]})
        if known.type in _STRING_TYPES:
            return _Node(_TEXT + lists, path)
        if known.type in WHOLE_TYPES:
            return _Node(_WHOLE + lists, path)
        return _Node(_TESTED + lists, path, test=tests[known.type])

    return _Node(_STRUCT, "", below={top.name: node(top) for top in children()[""]})
