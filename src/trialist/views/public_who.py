"""Who may take part, what the study is about, and how it is built: the middle of the public view."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from trialist.record.ages import Age, parse_age
from trialist.record.enums import label_of as enum_label
from trialist.views.criteria import split_criteria
from trialist.views.markup import plain_text
from trialist.views.nodes import Labelled, Leaf, Node, Section, Value, not_available
from trialist.views.public_top import one, treatment_words
from trialist.views.reads import Reader, leaf, pointer_of, text_in, texts_in
from trialist.views.tables import words
from trialist.views.values import prose, value_of_blocks
from trialist.views.when import plural

_DESIGN = "protocolSection.designModule"
_ELIGIBILITY = "protocolSection.eligibilityModule"
_DESCRIPTION = "protocolSection.descriptionModule"
_ARMS = "protocolSection.armsInterventionsModule"

Missing = list[str]
"""Labels of what the record does not say, collected for the part that lists them."""


def eligibility_section(reader: Reader, missing: Missing) -> Section:
    """Summary, description, and who may take part."""
    nodes: list[Node] = []
    for identifier, label, path in (
        ("about", "About", f"{_DESCRIPTION}.briefSummary"),
        ("full_description", "Full description", f"{_DESCRIPTION}.detailedDescription"),
    ):
        text = reader.text(path)
        if text:
            nodes.append(Labelled(identifier, label, (prose(text, pointer_of(path)),)))
        else:
            missing.append(label)
    for identifier, label, value in (
        ("enrollment", "Enrollment", enrollment(reader)),
        ("sex", "Sex", _sex(reader)),
        ("ages", "Ages", ages(reader)),
        ("volunteers", "Volunteers", _volunteers(reader)),
    ):
        if value is not None:
            nodes.append(Labelled(identifier, label, (value,)))
        else:
            missing.append(label)
    population = reader.text(f"{_ELIGIBILITY}.studyPopulation")
    if population:
        value = prose(population, pointer_of(f"{_ELIGIBILITY}.studyPopulation"))
        nodes.append(Labelled("study_population", "Study population", (value,)))
    nodes.extend(criteria_nodes(reader))
    return Section("eligibility", "Details and patient eligibility", tuple(nodes))


def enrollment(reader: Reader) -> Value | None:
    """`12 estimated patients`, `1 patient`; None when the record has no number."""
    count = reader.count(f"{_DESIGN}.enrollmentInfo.count")
    if count is None:
        return None
    is_estimate = reader.text(f"{_DESIGN}.enrollmentInfo.type") == "ESTIMATED"
    text = plural(count, "estimated patient" if is_estimate else "patient")
    return one(reader, f"{_DESIGN}.enrollmentInfo.count", text)


def _sex(reader: Reader) -> Value | None:
    path = f"{_ELIGIBILITY}.sex"
    raw = reader.text(path)
    note = "by gender, as the sponsor describes" if reader.flag(f"{_ELIGIBILITY}.genderBased") else ""
    return one(reader, path, words()["sex"].get(raw, raw), note=note) if raw else None


def ages(reader: Reader) -> Value | None:
    """The limits of age: `4 to 70 years old`, `18+ years old`, `6 months to 17 years old`, `up to 65 years old`."""
    found: list[Age | str] = []
    leaves: list[Leaf] = []
    for key in ("minimumAge", "maximumAge"):
        raw = reader.text(f"{_ELIGIBILITY}.{key}")
        parsed = parse_age(raw) if raw else ""
        found.append(parsed if isinstance(parsed, Age) else raw)
        if raw:
            leaves.append((pointer_of(f"{_ELIGIBILITY}.{key}"), raw))
    low, high = found
    if not low and not high:
        return None
    raw_ages = {pointer.rpartition("/")[2]: value for pointer, value in leaves}
    return Value(_age_words(low, high), raw_ages, tuple(leaves))


def _age_words(low: Age | str, high: Age | str) -> str:
    if not high:
        return f"{low.count}+ {low.unit}s old" if isinstance(low, Age) else f"{low} and older"
    if not low:
        return f"up to {high} old"
    if isinstance(low, Age) and isinstance(high, Age) and low.unit == high.unit:
        if low.count == high.count:
            return f"{high} old"
        return f"{low.count} to {high} old"
    return f"{low} to {high} old"


def _volunteers(reader: Reader) -> Value | None:
    path = f"{_ELIGIBILITY}.healthyVolunteers"
    said = reader.flag(path)
    if said is None:
        return None
    return one(reader, path, "Accepts Healthy Volunteers" if said else "No Healthy Volunteers", raw=said)


def criteria_nodes(reader: Reader) -> Iterator[Node]:
    """Inclusion and exclusion criteria, or both in one where the text does not part them, or that there is no text."""
    path = f"{_ELIGIBILITY}.eligibilityCriteria"
    raw = reader.text(path)
    both = "Inclusion and exclusion criteria"
    if not raw:
        yield Labelled(
            "criteria",
            both,
            (not_available(note="the record holds no criteria; that does not mean there are none"),),
        )
        return
    found = split_criteria(raw)
    place: tuple[Leaf, ...] = ((pointer_of(path), raw),)
    if not found.is_divided:
        yield Labelled("criteria", both, (value_of_blocks(found.whole, raw, place),))
        return
    inclusion = value_of_blocks(found.inclusion, plain_text(found.inclusion), place)
    exclusion = value_of_blocks(found.exclusion, plain_text(found.exclusion))
    yield Labelled("inclusion_criteria", "Inclusion criteria", (inclusion,))
    yield Labelled("exclusion_criteria", "Exclusion criteria", (exclusion,))


def design_section(reader: Reader, missing: Missing) -> Section:
    """How people are assigned and treated, and the groups."""
    nodes: list[Node] = []
    info = f"{_DESIGN}.designInfo"
    for identifier, label, path, enum in (
        ("primary_purpose", "Primary purpose", f"{info}.primaryPurpose", "PrimaryPurpose"),
        ("allocation", "Allocation", f"{info}.allocation", "DesignAllocation"),
        (
            "interventional_model",
            "Interventional model",
            f"{info}.interventionModel",
            "InterventionalAssignment",
        ),
        ("masking", "Masking", f"{info}.maskingInfo.masking", ""),
        ("observational_model", "Observational model", f"{info}.observationalModel", "ObservationalModel"),
        ("time_perspective", "Time perspective", f"{info}.timePerspective", "DesignTimePerspective"),
    ):
        raw = reader.text(path)
        if raw:
            text = enum_label(enum, raw) if enum else words()["masking"].get(raw, raw)
            nodes.append(Labelled(identifier, label, (one(reader, path, text),)))
    groups = groups_section(reader)
    if not nodes and groups is not None:
        missing.append("Trial design")  # said there, for here stand the groups
    elif not nodes:
        nodes.append(Labelled("design", "Trial design", (not_available(),)))
    if groups is not None:
        nodes.append(groups)
    return Section("design", "Trial design", tuple(nodes))


def groups_section(reader: Reader) -> Section | None:
    """`12 participants in 1 patient group`, and each group with its treatments; None when the record has no groups."""
    arms = reader.objects(f"{_ARMS}.armGroups")
    if not arms:
        return None
    title = plural(len(arms), "patient group")
    count = reader.count(f"{_DESIGN}.enrollmentInfo.count")
    if count is not None:
        title = f"{plural(count, 'participant')} in {title}"
    if any(text_in(arm, "type") == "PLACEBO_COMPARATOR" for arm, _ in arms):
        title += ", including a placebo group"
    parts = tuple(_group(reader, arm, pointer, number) for number, (arm, pointer) in enumerate(arms, 1))
    return Section("groups", title, parts)


def _group(reader: Reader, arm: Mapping[str, Any], pointer: str, number: int) -> Section:
    label = text_in(arm, "label")
    nodes: list[Node] = []
    kind = text_in(arm, "type")
    if kind:
        text = words()["arm_type"].get(kind, kind)
        nodes.append(Labelled("type", "Type", (Value(text, kind, leaf(arm, "type", pointer)),)))
    description = text_in(arm, "description")
    if description:
        nodes.append(Labelled("description", "Description", (prose(description, f"{pointer}/description"),)))
    treatments = tuple(_arm_treatments(reader, arm, pointer))
    if treatments:
        nodes.append(Labelled("treatment", "Treatment", treatments))
    if not nodes:
        nodes.append(Labelled("description", "Description", (not_available(),)))
    return Section(f"group-{number}", label.strip() or f"Group {number}", tuple(nodes))


def _arm_treatments(reader: Reader, arm: Mapping[str, Any], pointer: str) -> Iterator[Value]:
    """What a group receives: as the group says, else from the interventions that name the group."""
    named = list(texts_in(arm.get("interventionNames"), f"{pointer}/interventionNames"))
    for text, where in named:
        yield Value(text, text, ((where, text),))
    label = arm.get("label")
    if named or not isinstance(label, str):
        return
    for item, where in reader.objects(f"{_ARMS}.interventions"):
        labels = [text for text, _ in texts_in(item.get("armGroupLabels"), "")]
        text = treatment_words(item)
        if label in labels and text:
            yield Value(text, text, leaf(item, "name", where))


def missing_section(missing: Missing) -> Section | None:
    """What the record does not say, said."""
    if not missing:
        return None
    lines = tuple(Labelled(f"missing:{label}", label, (not_available(),)) for label in missing)
    about = "The record has nothing on these points. That is not the same as a no."
    return Section("missing", "What the record does not say", lines, about=about)
