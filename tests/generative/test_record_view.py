"""Complete by construction: whatever a record holds, each of its leaves stands in the record view exactly once."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trialist.record import GeoPoint, Study
from trialist.record.catalogue import Field, children, walk_leaves
from trialist.record.enums import enums
from trialist.views import View, leaves, public_view, record_view, render_json, render_markdown, render_text
from trialist.views.safe import width_of

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    [
        "",
        "FG000",
        "OG000",
        "NA",
        "\x1b[2J",
        "* a\n* b",
        "1. a",
        "Inclusion Criteria:\n\n* a\n\nExclusion Criteria:\n\n* b",
        "18 Years",
        "2024-02",
        "|",
        "\n",
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
)
KEYS = TEXTS | st.sampled_from(["nctId", "groups", "title", "a/b", "~", "a.b", "protocolSection", "0"])
ANYTHING = st.recursive(
    SCALARS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(KEYS, below, max_size=3),
    max_leaves=8,
)


def _scalar(field: Field) -> st.SearchStrategy[Any]:
    if field.is_enum:
        return st.sampled_from(list(enums()[field.type].values))
    if field.type == "boolean":
        return st.booleans()
    if field.name in {"groupId", "id"}:
        return st.sampled_from(["FG000", "FG001", "OG000", "EG000"])
    return SCALARS


@st.composite
def objects(draw: st.DrawFn, path: str = "") -> dict[str, Any]:
    """An object of the data model with some of its fields, a few of them of another type or unknown."""
    known = children().get(path, ())
    chosen = (
        draw(st.lists(st.sampled_from(known), unique_by=lambda field: field.name, max_size=5))
        if known
        else []
    )
    found: dict[str, Any] = {}
    for field in chosen:
        one = objects(field.path) if field.is_struct else _scalar(field)
        value = st.lists(one, max_size=3) if field.is_list else one
        found[field.name] = draw(ANYTHING if draw(st.integers(0, 11)) == 0 else value)
    if draw(st.integers(0, 5)) == 0:
        found[draw(KEYS)] = draw(ANYTHING)
    return found


def counted(pairs: Any) -> Counter[str]:
    """Pairs as a multiset; values compared with their types (1, 1.0 and True differ)."""
    return Counter(f"{pointer} {value!r}" for pointer, value in pairs)


def check(record: dict[str, Any]) -> None:
    study = Study.from_record(record)
    view = record_view(study)
    assert counted(leaves(view)) == counted((pointer, value) for _, pointer, value in walk_leaves(record))
    public = public_view(study, as_of=date(2026, 3, 1), near=GeoPoint(48, 2))
    assert (
        not counted(leaves(public)).keys()
        - counted((pointer, value) for _, pointer, value in walk_leaves(record)).keys()
    )
    for each in (view, public):
        rendered(each)


def rendered(view: View) -> None:
    for width in (40, 100):
        assert max(map(width_of, render_text(view, width=width).split("\n"))) <= width
    render_markdown(view)
    assert orjson.dumps(render_json(view))


@settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(objects())
def test_records_of_the_data_model(record: dict[str, Any]) -> None:
    check(record)


@settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(objects("resultsSection"), objects("protocolSection"))
def test_whole_sections(results: dict[str, Any], protocol: dict[str, Any]) -> None:
    check({"protocolSection": protocol, "resultsSection": results})


@settings(max_examples=120)
@given(
    st.dictionaries(KEYS | st.sampled_from([field.name for field in children()[""]]), ANYTHING, max_size=4)
)
def test_any_object(record: dict[str, Any]) -> None:
    check(record)


def test_a_key_without_a_name_is_no_title() -> None:
    check({"": "0"})


def test_very_deep() -> None:
    # As deep as the writer of JSON goes; the parser goes deeper, and so do the views.
    deep: Any = "end"
    for level in range(240):
        deep = [deep] if level % 2 else {"a": deep}
    check({"protocolSection": {"descriptionModule": deep}, "x": [deep]})


def test_deeper_than_the_interpreter_recurses() -> None:
    raw = b'{"x":' + b"[" * 900 + b"1" + b"]" * 900 + b"}"
    study = Study.from_json(raw)
    view = record_view(study)
    assert [value for _, value in leaves(view)] == [1]
    rendered(view)
