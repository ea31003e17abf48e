"""The measures of the ClinicalTrials.gov XML -> those of v2, above all those of the XML of before 2017.

An older table begins with a measure "Number of Participants": v2's denominators. Its other measures hold categories
directly, each of which v2 gives a class of its own; only the counts of participants by age, sex, race and ethnicity
became one class with many categories, as `[participant_counts]` of the table says.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from trialist.record.enums import label_of
from trialist.sources.ctgov_xml_map import Table, order_items
from trialist.sources.ctgov_xml_reading import Reading
from trialist.sources.ctgov_xml_values import enum_reader

Record = dict[str, Any]

_BASELINE = "resultsSection.baselineCharacteristicsModule.measures"
_SAID = {"title": "Number of Participants", "unitOfMeasure": "participants"}
_OUTCOMES = "resultsSection.outcomeMeasuresModule.outcomeMeasures"


def move_measures(results: Record, table: Table, reading: Reading) -> None:
    """Give the older measures of baseline and outcomes the form of v2, and let an outcome own its measure's texts."""
    baseline = results.get("baselineCharacteristicsModule", {})
    if any("~categories" in measure for measure in baseline.get("measures", ())):
        _move_baseline(baseline, table, reading)
    read_param = enum_reader("MeasureParam", {})
    outcomes = results.get("outcomeMeasuresModule", {}).get("outcomeMeasures", [])
    for outcome in outcomes:
        measures = outcome.pop("~measures", None)
        title = outcome.pop("~measureTitle", "")
        outcome["reportingStatus"] = "POSTED" if measures or title else "NOT_POSTED"
        own = {"title": title, "description": outcome.pop("~measureDescription", "")}
        own["populationDescription"] = outcome.pop("~measurePopulation", "")
        _merge_texts(outcome, own, reading)
        if measures:
            _merge_texts(outcome, _move_outcome(outcome, measures, read_param, table, reading), reading)
        if "denomUnitsSelected" in outcome:
            units = [found["units"] for found in outcome.get("denoms", ()) if "units" in found]
            others = [unit for unit in units if unit != "Participants"]
            if others:
                outcome["typeUnitsAnalyzed"] = others[-1]
        for analysis in outcome.get("analyses", ()):
            _tell_non_inferiority(analysis, table)
        order_items(outcome.get("analyses", []), f"{_OUTCOMES}.analyses")
    order_items(outcomes, _OUTCOMES)


def _merge_texts(outcome: Record, own: Record, reading: Reading) -> None:
    """An outcome and its measure both have a title, description and population, as a rule the same."""
    for key, text in own.items():
        if not text or outcome.get(key) == text:
            continue
        if key in outcome:
            message = f"the {key} of the outcome's measure differs from the outcome's own"
            path = f"clinical_results/outcome_list/outcome/measure/{key}"
            reading.unplace("unmapped-element", path, message, text)
        else:
            outcome[key] = text


def _denominators(measure: Record, units: str, path: str, reading: Reading) -> Record:
    """The numbers of a measure as denominators; what else it says is kept in a problem."""
    counts = []
    rest = [text for key, text in measure.items() if key not in ("~categories", "paramType", *_SAID)]
    rest += [measure[key] for key in _SAID if key in measure and measure[key] not in (_SAID[key], units)]
    if measure.get("paramType", "Number") not in ("Number", "NUMBER"):
        rest.append(measure["paramType"])
    for category in measure.get("~categories", ()):
        rest += [category["title"]] if "title" in category else []
        for found in category.get("measurements", ()):
            counts.append({key: found[key] for key in ("groupId", "value") if key in found})
            rest += [text for key, text in found.items() if key not in ("groupId", "value")]
    for text in rest:
        reading.unplace(
            "unmapped-element", path, "v2 has no field for it beside the numbers analyzed", str(text)
        )
    return {"units": units, "counts": counts}


def _move_baseline(baseline: Record, table: Table, reading: Reading) -> None:
    measures = baseline["measures"]
    if measures[0].get("title") == table.participants_title:
        first = measures.pop(0)
        baseline["denoms"] = [
            _denominators(first, "Participants", "clinical_results/baseline/measure_list/measure", reading)
        ]
    for measure in measures:
        categories = measure.pop("~categories", [])
        by_category = any("title" in category for category in categories)
        title = table.participant_counts.get(measure.get("title", ""))
        if title is not None and by_category and measure.get("paramType") == "NUMBER":
            measure["title"] = title
            measure["paramType"] = "COUNT_OF_PARTICIPANTS"
            measure["unitOfMeasure"] = "Participants"
            measure.setdefault("classes", []).append({"categories": categories})
        else:
            measure["title"] = table.measure_titles.get(measure.get("title", ""), measure.get("title", ""))
            label = label_of("MeasureDispersionType", measure.get("dispersionType", ""))
            _set_classes(measure, categories, table.not_available.get(label, ()), _BASELINE)
    order_items(measures, _BASELINE)
    if not measures:
        del baseline["measures"]


def _set_classes(measure: Record, categories: list[Record], needed: Sequence[str], path: str) -> None:
    """Each category in a class of its own, that has its title; none when there is no value at all.

    `needed` are the parts of a measurement that its dispersion asks for: "NA" where the XML left them out.
    """
    measurements = [found for category in categories for found in category.get("measurements", ())]
    if not any("title" in category for category in categories) and not any(
        set(found) - {"groupId"} for found in measurements
    ):
        return
    classes = []
    for category in categories:
        found_here = category.get("measurements", [])
        for found in found_here:
            if "value" in found:
                for key in needed:
                    found.setdefault(key, "NA")
        order_items(found_here, f"{path}.classes.categories.measurements")
        title = {"title": category.pop("title")} if "title" in category else {}
        classes.append({**title, "categories": [category]})
    measure.setdefault("classes", []).extend(classes)


def _move_outcome(
    outcome: Record, measures: list[Record], read_param: Any, table: Table, reading: Reading
) -> Record:
    """The numbers analyzed, then the one measure with the values; returns the measure's own title and description."""
    *analyzed, measure = measures
    path = "clinical_results/outcome_list/outcome/measure_list/measure"
    denominators = outcome.setdefault("denoms", [])
    for place, found in enumerate(analyzed):
        units = str(found.get("unitOfMeasure") or found.get("title", "")) if place else "Participants"
        denominators.append(_denominators(found, units, path, reading))
        if place:
            outcome.setdefault("denomUnitsSelected", "Participants")
    if not denominators:
        del outcome["denoms"]
    if "paramType" in measure:
        with suppress(ValueError):
            measure["paramType"] = read_param(measure["paramType"])
    for key in ("paramType", "dispersionType", "unitOfMeasure"):
        if key in measure and outcome.setdefault(key, measure[key]) != measure[key]:
            reading.unplace(
                "unmapped-element", path, f"another measure has the {key} of the outcome", measure[key]
            )
    needed = table.not_available.get(outcome.get("dispersionType", ""), ())
    _set_classes(outcome, measure.pop("~categories", []), needed, _OUTCOMES)
    return {key: measure.get(key, "") for key in ("title", "description")}


def _tell_non_inferiority(analysis: Record, table: Table) -> None:
    """Older analyses say only whether non-inferiority was tested; v2 names a kind for each of the two answers."""
    tested, kind = analysis.get("testedNonInferiority"), analysis.get("nonInferiorityType")
    for row in table.non_inferiority:
        if kind is None and tested is row["tested"]:
            analysis["nonInferiorityType"] = row["type"]
        elif tested is None and kind == row["type"]:
            analysis["testedNonInferiority"] = row["tested"]
