"""The moves from the ClinicalTrials.gov XML to v2 that no table of paths can say.

Each step takes the record as `mappings/ctgov_xml.toml` filled it, with what that table left under `~` keys:

- the one-line `<study_design>` of before 2017 is taken apart, and "Double Blind (Subject, Investigator)" likewise;
- an arm names its interventions ("Drug: X"), which the XML says the other way round;
- the first "event" of each table of adverse events is the number of participants with any of them;
- the numbers and the list of countries that can be counted are compared with what they count;
- standard ages, and whether there are results, are derived.
"""

from __future__ import annotations

import re
from typing import Any

from trialist.errors import Level
from trialist.record.enums import label_of
from trialist.sources.ctgov_xml_map import Table, order_items
from trialist.sources.ctgov_xml_measures import move_measures
from trialist.sources.ctgov_xml_reading import Reading

Record = dict[str, Any]

_DESIGN_LABEL = re.compile(r"(?:^|, )\s*([A-Z][A-Za-z ]*?): ")
_PARTIES = re.compile(r"(.*?)\s*\((.*)\)")
_AGE = re.compile(r"(\d+) (Year|Month|Week|Day|Hour|Minute)s?")
_YEARS = {"Year": 1.0, "Month": 1 / 12, "Week": 7 / 365.25, "Day": 1 / 365.25, "Hour": 0.0, "Minute": 0.0}
_DESIGN = "protocolSection.designModule.designInfo."


def finish_record(record: Record, table: Table, reading: Reading) -> None:
    """All steps, in place."""
    protocol = record.setdefault("protocolSection", {})
    _split_design(protocol, table, reading)
    _imply(record, table)
    _name_interventions(protocol)
    _rename_countries(record, protocol, table)
    _check_counts(record, protocol, reading)
    _derive_ages(protocol)
    _date_events(record)
    _name_documents(record, table)
    results = record.get("resultsSection")
    if results is not None:
        move_measures(results, table, reading)
        _move_event_totals(results, reading)
    record["hasResults"] = results is not None


def _split_design(protocol: Record, table: Table, reading: Reading) -> None:
    design = protocol.get("designModule")
    if design is None:
        return
    whole = design.pop("~studyDesign", "")
    marks = list(_DESIGN_LABEL.finditer(whole))
    if whole and (not marks or marks[0].start()) and whole != "N/A":
        rest = whole[: marks[0].start()] if marks else whole
        reading.unplace("unmapped-element", "study_design", "a part of the design without a label", rest)
    for mark, following in zip(marks, [*marks[1:], None], strict=False):
        value = whole[mark.end() : following.start() if following else None].strip()
        path = table.design_text.get(mark[1])
        if path == "~masking":
            design.setdefault("~masking", value)
        elif path:
            found = _read_label(path, value, table, reading, "study_design")
            design.setdefault("designInfo", {})[path.removeprefix(_DESIGN)] = found
        else:
            code = "unmapped-element" if path == "" else "unknown-element"
            message = f"v2 has no field for the part {mark[1]!r} of the design"
            reading.unplace(code, f"study_design/{mark[1]}", message, value)
    masking = design.pop("~masking", "")
    if masking:
        _split_masking(design, masking, table, reading)


def _read_label(path: str, text: str, table: Table, reading: Reading, xml_path: str) -> str:
    read = table.reader(path)
    try:
        return str(read(text))
    except ValueError as error:
        reading.report(Level.WARNING, "unreadable-value", xml_path, f"kept as it is: {error}", text)
        return text


def _split_masking(design: Record, text: str, table: Table, reading: Reading) -> None:
    """`Double Blind (Subject, Investigator)`: the kind of masking, and who is masked; sometimes one of them only."""
    found = design.setdefault("designInfo", {}).setdefault("maskingInfo", {})
    parts = _PARTIES.fullmatch(text) if text not in table.masking_labels else None
    kind, parties = (parts[1], parts[2].split(",")) if parts is not None else (text, [])
    if parts is None and _are_known(table, _DESIGN + "maskingInfo.whoMasked", text.split(",")):
        kind, parties = "", text.split(",")
    xml_path = "study_design_info/masking"
    who = [
        _read_label(_DESIGN + "maskingInfo.whoMasked", name.strip(), table, reading, xml_path)
        for name in parties
    ]
    if kind:
        by_number = table.masking_by_parties.get(kind, {}).get(str(len(who)))
        found["masking"] = by_number or _read_label(
            _DESIGN + "maskingInfo.masking", kind, table, reading, xml_path
        )
    if who:
        found["whoMasked"] = who


def _are_known(table: Table, path: str, labels: list[str]) -> bool:
    read = table.reader(path)
    try:
        return all(read(label.strip()) for label in labels)
    except ValueError:
        return False


def _imply(record: Record, table: Table) -> None:
    for row in table.implied:
        *way, key = row["when"].split(".")
        found: Any = record
        for part in way:
            found = found.get(part, {})
        *_, implied = row["v2"].split(".")
        if found.get(key) == row["has"] and implied not in found:
            found[implied] = row["value"]


def _rename_countries(record: Record, protocol: Record, table: Table) -> None:
    """Today's names of countries, and the locations in the order of these."""
    places = protocol.get("contactsLocationsModule", {}).get("locations", [])
    renamed = table.renamed_countries
    for place in places:
        if place.get("country") in renamed:
            place["country"] = renamed[place["country"]]
    first = table.first_country
    places.sort(key=lambda place: (place.get("country") != first, place.get("country", "")))
    derived = record.get("derivedSection", {})
    for found in (
        derived.get("miscInfoModule", {}).get("removedCountries", []),
        derived.get("~countries", []),
    ):
        found[:] = [renamed.get(country, country) for country in found]


def _name_interventions(protocol: Record) -> None:
    module = protocol.get("armsInterventionsModule", {})
    named: dict[str, list[str]] = {}
    for found in module.get("interventions", ()):
        name = f"{label_of('InterventionType', found.get('type', ''))}: {found.get('name', '')}"
        if "armGroupLabels" in found:
            found["armGroupLabels"].sort()  # as v2 has them, without exception
        for label in found.get("armGroupLabels", ()):
            named.setdefault(label, []).append(name)
    for arm in module.get("armGroups", ()):
        if arm.get("label") in named:
            arm["interventionNames"] = named[arm["label"]]


def _check_counts(record: Record, protocol: Record, reading: Reading) -> None:
    """Numbers and lists that v2 does not hold because they can be counted; kept in a problem when they differ."""
    design = protocol.get("designModule", {})
    arms = str(len(protocol.get("armsInterventionsModule", {}).get("armGroups", ())))
    for key, xml_path in (("~numberOfArms", "number_of_arms"), ("~numberOfGroups", "number_of_groups")):
        number = design.pop(key, arms)
        if number != arms:
            message = f"v2 has no field for this number; the study lists {arms}"
            reading.unplace("unmapped-element", xml_path, message, number)
    derived = record.get("derivedSection", {})
    countries = derived.pop("~countries", [])
    known = {
        place.get("country") for place in protocol.get("contactsLocationsModule", {}).get("locations", ())
    }
    for country in countries:
        if country not in known:
            message = "v2 has no field for the countries of a study apart from those of its locations"
            reading.unplace("unmapped-element", "location_countries/country", message, country)
    if not derived:
        record.pop("derivedSection", None)


def _derive_ages(protocol: Record) -> None:
    """Child up to 17 years, adult from 18 to 64, older adult from 65: those that the limits leave room for."""
    module = protocol.get("eligibilityModule")
    if module is None:
        return
    low, high = _years(module.get("minimumAge")), _years(module.get("maximumAge"))
    if low is None or high is None:
        return
    low = 0.0 if low < 0 else low
    high = 999.0 if high < 0 else high
    groups = [("CHILD", 0.0, 17.999), ("ADULT", 18.0, 64.999), ("OLDER_ADULT", 65.0, 999.0)]
    found = [name for name, first, last in groups if low <= last and high >= first]
    if found:
        module["stdAges"] = found


def _years(age: str | None) -> float | None:
    """The age in years; -1 when there is no limit, None when it cannot be read."""
    if age is None:
        return -1.0
    found = _AGE.fullmatch(age)
    return int(found[1]) * _YEARS[found[2]] if found else None


def _date_events(record: Record) -> None:
    """An unposted event on an unknown day says so in a field of its own."""
    annotation = record.get("annotationSection", {}).get("annotationModule", {}).get("unpostedAnnotation", {})
    for event in annotation.get("unpostedEvents", ()):
        if event.get("date") is True:
            del event["date"]
            event["dateUnknown"] = True


def _name_documents(record: Record, table: Table) -> None:
    for found in record.get("documentSection", {}).get("largeDocumentModule", {}).get("largeDocs", ()):
        key = "".join(
            letter if found.get(name) is True else "."
            for letter, name in (("P", "hasProtocol"), ("S", "hasSap"), ("I", "hasIcf"))
        )
        if key in table.document_abbreviations:
            ordered = {"typeAbbrev": table.document_abbreviations[key], **found}
            found.clear()
            found.update(ordered)


def _move_event_totals(results: Record, reading: Reading) -> None:
    """The events of the category "Total" are the numbers of the groups."""
    module = results.get("adverseEventsModule", {})
    groups = {group.get("id"): group for group in module.get("eventGroups", ())}
    for key, front in (("seriousEvents", "serious"), ("otherEvents", "other")):
        events = module.pop(key, [])
        totals = [event for event in events if _is_total(event)]
        kept = [event for event in events if not _is_total(event)]
        for event in totals:
            for stat in event.get("stats", ()):
                _add_totals(groups.get(stat.get("groupId")), stat, front, reading)
        if kept:
            module[key] = kept
    order_items(module.get("eventGroups", []), "resultsSection.adverseEventsModule.eventGroups")


def _is_total(event: Record) -> bool:
    return event.get("organSystem") == "Total" and str(event.get("term", "")).startswith("Total, ")


def _add_totals(group: Record | None, stat: Record, front: str, reading: Reading) -> None:
    for name, number in stat.items():
        key = front + name[0].upper() + name[1:]
        if group is not None and name in ("numAffected", "numAtRisk"):
            group[key] = number
        elif name != "groupId" or group is None:
            path = f"clinical_results/reported_events/{front}_events/category_list/category/event_list/event/counts"
            message = "v2 has no field for it among the totals of a group"
            reading.unplace("unmapped-element", path, message, f"{stat.get('groupId', '')} {name} {number}")
