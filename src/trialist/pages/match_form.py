"""The form for a patient, drawn from the form's own table; `tables/match_form.toml` says only what stands where."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from trialist.criteria.lexicon import tables
from trialist.evaluation.amounts import unit_words
from trialist.evaluation.calculators import read_inputs
from trialist.evaluation.terms import read_terms
from trialist.pages.contexts import Choice
from trialist.pages.match_contexts import Entry, Field, PartForm, SectionForm
from trialist.pages.match_given import NO_ALLERGY, UNIT
from trialist.patient.facts import FactKind
from trialist.patient.form_schema import Part, choices, parts, top
from trialist.registry.intake import Mistake, Told

Item = Mapping[str, str]
NONE = ("", "")
_SHORT = frozenset(
    {"value", "unit", "on", "day", "normal", "since", "until", "from", "status", "age", "born", "sex"}
)
_LISTS = {
    FactKind.CONDITION: ("condition",),
    FactKind.EXPOSURE: ("drug", "procedure"),
    FactKind.RESULT: ("serology",),
    FactKind.ALLERGY: ("drug",),
}


@cache
def layout() -> Mapping[str, Any]:
    """The table of sections, parts and labels."""
    text = (resources.files("trialist.pages") / "tables" / "match_form.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def label_of(key: str) -> str:
    """A key of the form in words."""
    found: str = layout()["label"].get(key, key.replace("_", " ").capitalize())
    return found


def place_of(mistake: Mistake) -> str:
    """The id of the element that a mistake belongs to."""
    return f"at-{mistake.where or 'form'}" + (f"-{mistake.item}" if mistake.item else "")


def sections_of(told: Told, mistakes: Sequence[Mistake] = (), more: str = "") -> tuple[SectionForm, ...]:
    """The form with what was told; the part `more` gets further blank rows."""
    wrong = {(one.where, one.item): (one.message, one.hint) for one in mistakes}
    found = []
    for place, row in enumerate(layout()["section"]):
        heads = tuple(
            (_top_field(name, told.form.get(name, "")), wrong.get((name, 0), NONE))
            for name in row.get("top", ())
        )
        below = tuple(_part(parts()[name], told, wrong, more == name) for name in row["parts"])
        filled = sum(bool(field.value) for field, _ in heads) + sum(
            len(items) if isinstance(items := told.form.get(name), list) else bool(items)
            for name in row["parts"]
        )
        is_wrong = any(one != NONE for _, one in heads) or any(where in row["parts"] for where, _ in wrong)
        is_open = place < 4 or bool(filled) or is_wrong or more in row["parts"]
        found.append(SectionForm(row["id"], row["heading"], row["help"], heads, below, is_open, filled))
    return tuple(found)


def _top_field(name: str, value: object) -> Field:
    text = value if isinstance(value, str) else ""
    return Field(
        f"top.{name}",
        label_of(name),
        _help(top()[name]),
        text,
        _choices("", name, text),
        is_short=name in _SHORT,
    )


def _help(said: str) -> str:
    return said.replace("`", "").split(";")[0]


def _choices(part: str, key: str, chosen: str) -> tuple[Choice, ...]:
    known = choices(part, key)
    if not known:
        return ()
    other = [chosen] if chosen and chosen not in known else []
    words = layout()["word"]
    return tuple(
        Choice(one, words.get(one, one.replace("_", " ")) if one else "–", one == chosen)
        for one in ("", *known, *other)
    )


def _part(
    part: Part, told: Told, wrong: Mapping[tuple[str, int], tuple[str, str]], has_more: bool
) -> PartForm:
    row = layout()["part"][part.name]
    said = told.form.get(part.name, [])
    items = [(place, item) for place, item in enumerate(said, 1)] if isinstance(said, list) else []
    entries = []
    for preset in row.get("presets", ()):
        of_it = next(((place, item) for place, item in items if item.get("name") == preset), None)
        if of_it is not None:
            items.remove(of_it)
        place, item = of_it or (0, {})
        entries.append((preset, item, wrong.get((part.name, place), NONE) if place else NONE, place))
    entries += [("", item, wrong.get((part.name, place), NONE), place) for place, item in items]
    blank = row["rows"] + (4 if has_more else 0) if not items else 1 + (4 if has_more else 0)
    entries += [("", {}, NONE, 0)] * blank
    return PartForm(
        part.name,
        row["heading"],
        part.says,
        tuple(
            _entry(part, number, preset, item, mistake, place)
            for number, (preset, item, mistake, place) in enumerate(entries)
        ),
        (NO_ALLERGY, said == "none") if part.name == "allergies" else ("", False),
        wrong.get((part.name, 0), NONE),
    )


def _entry(part: Part, number: int, preset: str, item: Item, mistake: tuple[str, str], place: int) -> Entry:
    shown = layout()["part"][part.name]["shown"]
    before = f"{part.name}.{number}."
    fields: list[Field] = []
    more: list[Field] = []
    for key in (*shown, *(key for key in part.keys if key not in shown)):
        if preset and key == "name":
            continue
        into = fields if key in shown else more
        into += _fields(part, before, key, preset, item)
    return Entry(
        f"at-{part.name}-{place}" if place else f"{part.name}-{number}",
        (f"{before}preset", preset) if preset else ("", ""),
        _title(preset) if preset else "",
        tuple(fields),
        tuple(more),
        any(one.value for one in more),
        mistake,
    )


def _fields(part: Part, before: str, key: str, preset: str, item: Item) -> list[Field]:
    value = item.get(key, "")
    said, needed = part.keys[key], key in part.needed
    name = f"{before}{key}"
    if key == "value" and part.kind is FactKind.MEASUREMENT:
        return _measured(part, before, preset, value)
    if key == "value" and preset and part.kind is FactKind.GRADE:
        steps = _steps(preset)
        other = [value] if value and value not in steps else []
        offered = tuple(Choice(one, one or "–", one == value) for one in ("", *steps, *other))
        return [Field(name, label_of(key), _help(said), value, offered, is_short=True)]
    words = f"words-{part.name}" if key == "name" and part.name in dict(word_lists()) else ""
    return [
        Field(
            name,
            label_of(key),
            _help(said),
            value,
            _choices(part.name, key, value),
            words,
            key in _SHORT,
            needed,
        )
    ]


def _measured(part: Part, before: str, preset: str, value: str) -> list[Field]:
    """A number and its unit; the unit is chosen beforehand only where there is but one."""
    units = read_terms().variables[preset].units if preset else ()
    number, _, unit = value.rpartition(" ")
    if unit not in units or not number:
        number, unit = value, ""
    field = Field(f"{before}value", label_of("value"), _help(part.keys["value"]), number, is_short=True)
    if not preset:
        return [field, Field(f"{before}{UNIT}", label_of(UNIT), "such as g/dL", "", (), "words-units", True)]
    chosen = unit or (units[0] if len(units) == 1 and not value else "")
    offered = tuple(Choice(one, unit_words(one) if one else "–", one == chosen) for one in ("", *units))
    return [field, Field(f"{before}{UNIT}", label_of(UNIT), "", chosen, offered, "", True)]


def _title(name: str) -> str:
    terms = read_terms()
    if name in terms.variables:
        return terms.variables[name].name
    if name in terms.scales:
        return terms.scales[name].name
    return read_inputs()[name].title


def _steps(name: str) -> tuple[str, ...]:
    terms = read_terms()
    return terms.scales[name].steps if name in terms.scales else terms.choices[name]


@cache
def word_lists() -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Words that help with typing, by part, and `units`: each as the reader takes it, and what it is where that is not clear."""
    terms, inputs = read_terms(), read_inputs()
    measured = tuple((one.id, one.name) for one in terms.variables.values())
    graded = tuple(
        (name, _title(name)) for name in (*terms.scales, *(one for one in terms.choices if one != "sex"))
    )
    found = [
        ("values", measured),
        ("grades", tuple(dict(graded).items())),
        ("findings", tuple((name, inputs[name].title) for name in sorted(terms.flags))),
        ("markers", tuple((name, "") for name in sorted(terms.genes))),
        (
            "units",
            tuple(
                (one, "") for one in sorted({u for v in terms.variables.values() for u in v.units} - {"1"})
            ),
        ),
    ]
    for part in parts().values():
        kinds = _LISTS.get(part.kind, ())
        if part.kind is FactKind.EXPOSURE:
            kinds = ("procedure",) if part.name == "procedures" else ("drug",)
        names = {_written(one, row["name"]) for kind in kinds for one, row in tables()[kind].items()}
        if names:
            found.append((part.name, tuple(sorted(names, key=lambda one: one[0].lower()))))
    return tuple(found)


def _written(concept: str, name: str) -> tuple[str, str]:
    """A concept as its reader knows it: by its name, else by its id and the name beside it."""
    is_read = any(one.id == concept for one in read_terms().read_name(name))
    return (name, "") if is_read else (concept, name)
