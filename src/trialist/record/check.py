"""Study → problems: what in a record is not as the catalogue says.

Nothing is changed and nothing refused here; a problem tells where the record and the registry's data model disagree.
The walk is written for speed (a registry has 300 million leaves): paths are put together only when there is something
to report.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from trialist.errors import Level, Problem, Where
from trialist.record.ages import parse_age
from trialist.record.catalogue import Field, children, fields_by_path
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
_STRING_TYPES = frozenset({"text", "markup", "nct", "GeoName", "keyword"})


@dataclass(frozen=True, slots=True)
class _Node:
    """What the walk needs to know of a field: exactly one of `below`, `values` and `test` is set, or none for text."""

    is_list: bool
    below: Mapping[str, _Node] | None = None
    values: frozenset[str] | None = None
    test: _Test | None = None


def check(study: Study, where: Where | None = None) -> list[Problem]:
    """The problems of one study, in the record's order.

    Codes: `missing-nct-id` and `too-deep` (ERROR: such a record cannot be stored), `nct-id-form`, `wrong-type`,
    `unknown-enum-value`, `impossible-date`, `unreadable-age`, `impossible-place` (WARNING), `unknown-field` (INFO;
    one a path, however often it occurs in the record). `where` gives the source; the id and path are filled in.
    """
    place = where or Where()
    nct_id = study.nct_id
    found: list[tuple[str, str, Any, str]] = []
    _walk(study.record, _tree(), "", found)
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


def _walk(record: Mapping[str, Any], nodes: Mapping[str, _Node], path: str, found: list[Any]) -> None:
    """Compare one object with its nodes; append (code, path, value, message) for what differs."""
    for key, value in record.items():
        node = nodes.get(key)
        if node is None:
            _report_unknown(key, value, path, found)
        elif not node.is_list:
            if node.below is not None and type(value) is dict:
                _walk(value, node.below, f"{path}.{key}" if path else key, found)
            elif not _is_good(value, node):
                found.append(_explain(value, node, f"{path}.{key}" if path else key))
        elif type(value) is not list:
            message = f"a list was expected, not {_kind(value)}"
            found.append(_too_deep_or("wrong-type", f"{path}.{key}" if path else key, value, message))
        elif node.below is not None:
            below, here = node.below, f"{path}.{key}" if path else key
            for item in value:
                if type(item) is dict:
                    _walk(item, below, here, found)
                else:
                    found.append(_explain(item, node, here))
        else:
            for item in value:
                if not _is_good(item, node):
                    found.append(_explain(item, node, f"{path}.{key}" if path else key))


def _is_good(value: Any, node: _Node) -> bool:
    """The quick answer for a value that is not an object where one belongs."""
    if node.values is not None:
        return type(value) is str and value in node.values
    if node.test is not None:
        return not node.test(value)
    return node.below is None and type(value) is str


def _explain(value: Any, node: _Node, path: str) -> tuple[str, str, Any, str]:
    """What is wrong with a value that is not good."""
    if node.values is not None and type(value) is str:
        return ("unknown-enum-value", path, value, f"{value[:_EXCERPT]!r} is not a value of this enumeration")
    if node.test is not None and not isinstance(value, dict | list):
        code, _, message = node.test(value).partition(": ")
        return (code, path, value, message)
    expected = "an object" if node.below is not None else "a text" if node.test is None else "a single value"
    return _too_deep_or("wrong-type", path, value, f"{expected} was expected, not {_kind(value)}")


def _report_unknown(key: str, value: Any, path: str, found: list[Any]) -> None:
    here = f"{path}.{key}" if path else key
    found.append(_too_deep_or("unknown-field", here, value, "this field is not in the catalogue; it is kept"))


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


def _remembering(parse: Callable[[object], object], code: str) -> _Test:
    """A test that parses each distinct text once."""
    good: set[str] = set()

    def test(value: Any) -> str:
        if type(value) is not str:
            return f"wrong-type: a text was expected, not {_kind(value)}"
        if value in good:
            return ""
        parsed = parse(value)
        if isinstance(parsed, Unparsed):
            return f"{code}: {parsed.reason}"
        if len(good) < _KNOWN_GOOD:
            good.add(value)
        return ""

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


def _test_integer(value: Any) -> str:
    return "" if type(value) is int else f"wrong-type: a whole number was expected, not {_kind(value)}"


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
def _tree() -> Mapping[str, _Node]:
    """The catalogue as nested nodes, built once a process."""
    tests: dict[str, _Test] = {
        "boolean": _test_boolean,
        "short": _test_integer,
        "integer": _test_integer,
        "long": _test_integer,
        "number": _test_integer,
        "nct": _test_nct,
        "NormalizedDate": _remembering(_full_date, "impossible-date"),
        "PartialDate": _remembering(parse_partial_date, "impossible-date"),
        "DateTimeMinutes": _remembering(parse_minutes, "impossible-date"),
        "NormalizedTime": _remembering(parse_age, "unreadable-age"),
    }
    point = {"lat": _Node(False, test=_test_coordinate(90)), "lon": _Node(False, test=_test_coordinate(180))}

    def node(field: Field) -> _Node:
        if field.is_enum:
            return _Node(field.is_list, values=frozenset(enums()[field.type].values))
        if field.type == "GeoPoint":
            return _Node(field.is_list, below=point)
        if field.is_struct:
            return _Node(field.is_list, below={child.name: node(child) for child in children()[field.path]})
        return _Node(field.is_list, test=None if field.type in _STRING_TYPES - {"nct"} else tests[field.type])

    known = fields_by_path()
    return {top.name: node(known[top.path]) for top in children()[""]}
