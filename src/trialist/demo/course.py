"""What happens to an invented patient, day by day: entries that the writers of documents turn into FHIR or a form."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from importlib import resources
from typing import Any

from trialist.demo.draw import Draw

OLDEST_CHILD = 15
"""Up to this age performance is told on the Lansky scale."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in a record. `part` is result, grade, test, condition, drug, procedure, allergy, family or state.

    `name` is an id of `tables/patients.toml` (results, grades, tests) or the words for it; `value` as it would be written.
    """

    part: str
    name: str
    day: date
    value: str = ""
    unit: str = ""
    end: date | None = None
    status: str = ""
    absent: bool = False


@dataclass(slots=True)
class Course:
    """An invented person and the entries of the record, in no order yet."""

    number: int
    sex: str
    birth: date
    as_of: date
    transplant: date | None = None
    entries: list[Entry] = field(default_factory=list)

    def add(self, part: str, name: str, day: date, value: str = "", **more: Any) -> None:
        """Add an entry of a day that has come."""
        if day <= self.as_of:
            self.entries.append(Entry(part, name, day, value, **more))

    def result(self, name: str, day: date, value: float) -> None:
        """Add a measured value in the table's unit, with its decimals."""
        row = tables()["result"][name]
        self.add("result", name, day, f"{max(0.0, value):.{row['decimals']}f}", unit=row["unit"])

    @property
    def age(self) -> int:
        """The age in years at the end of the record."""
        before = (self.as_of.month, self.as_of.day) < (self.birth.month, self.birth.day)
        return self.as_of.year - self.birth.year - before


@cache
def tables() -> Mapping[str, Any]:
    """`tables/patients.toml`."""
    text = (resources.files("trialist.demo") / "tables" / "patients.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def transplant_course(number: int, draw: Draw, as_of: date) -> Course:
    """A patient after allogeneic transplantation: conditioning, graft, counts, GVHD by day, steroids, complications."""
    course = _person(number, draw, as_of, 4, 70)
    zero = as_of - timedelta(days=draw.between(10, 200))
    course.transplant = zero
    rows = tables()["transplant"]
    disease = draw.pick(rows["diseases"])
    course.add("condition", disease, zero - timedelta(days=draw.between(90, 500)), status="active")
    for name in draw.some(rows["before"], draw.between(0, 2) if course.age > 25 else 0):
        course.add("condition", name, zero - timedelta(days=draw.between(400, 4000)), status="active")
    for place, name in enumerate(draw.pick(rows["conditioning"])):
        start = zero - timedelta(days=7 - place)
        course.add("drug", name, start, end=start + timedelta(days=3), status="ended")
    course.add("procedure", draw.pick(rows["transplants"]), zero, status="ended")
    for name in draw.pick(rows["prophylaxis"]):
        course.add("drug", name, zero - timedelta(days=1), status="active")
    _body(course, draw, zero)
    _tests(course, draw, zero)
    engrafted = draw.between(12, 26)
    is_poor = draw.chance(0.2)
    _counts(course, draw, zero, engrafted, is_poor)
    _chemistry(course, draw, zero)
    for after in (28, 60, 90, 120):
        course.result("donor_chimerism", zero + timedelta(days=after), 100 - draw.between(0, 30) / 10)
    if draw.chance(0.6):
        _gvhd(course, draw, zero, engrafted)
    for name in draw.some(rows["complications"], draw.between(0, 2)):
        day = zero + timedelta(days=draw.between(8, 100))
        is_over = draw.chance(0.5)
        course.add(
            "condition",
            name,
            day,
            status="ended" if is_over else "active",
            end=_later(course, day, 20) if is_over else None,
        )
    _performance(course, draw)
    return course


def general_course(number: int, draw: Draw, as_of: date) -> Course:
    """A patient of general medicine: chronic diseases, drugs, vital signs and results over some years."""
    course = _person(number, draw, as_of, 18, 90)
    rows = tables()["general"]
    start = as_of - timedelta(days=draw.between(500, 3500))
    for name in draw.some(rows["conditions"], draw.between(1, 4)):
        course.add("condition", name, start + timedelta(days=draw.between(0, 400)), status="active")
    for name in draw.some(rows["past"], draw.between(0, 2)):
        day = start + timedelta(days=draw.between(0, 400))
        course.add("condition", name, day, status="ended", end=_later(course, day, 30))
    for name in draw.some(rows["drugs"], draw.between(0, 4)):
        day = start + timedelta(days=draw.between(0, 450))
        is_over = draw.chance(0.3)
        course.add(
            "drug",
            name,
            day,
            status="ended" if is_over else "active",
            end=_later(course, day, 90) if is_over else None,
        )
    if draw.chance(0.3):
        course.add("procedure", draw.pick(rows["operations"]), start + timedelta(days=30), status="ended")
    if draw.chance(0.3):
        course.add("allergy", draw.pick(rows["allergies"]), start)
    else:
        course.add("allergy", "none", start, absent=True)
    if draw.chance(0.4):
        course.add("family", draw.pick(rows["family"]), start)
    day = start
    while day < as_of:
        _body(course, draw, day)
        for name, middle, spread in (
            ("hemoglobin", 138, 14), ("platelets", 250, 60), ("wbc", 7, 2), ("anc", 4, 1), ("alt", 26, 14), ("ast", 25, 10),
            ("bilirubin", 10, 5), ("creatinine", 85, 25), ("hba1c", 6, 1), ("ldl", 110, 30), ("tsh", 2, 1), ("inr", 1, 0.1),
        ):  # fmt: skip
            course.result(name, day, middle + spread * (draw.unit() * 2 - 1))
        day += timedelta(days=draw.between(60, 200))
    _tests(course, draw, start)
    _performance(course, draw)
    return course


def _person(number: int, draw: Draw, as_of: date, youngest: int, oldest: int) -> Course:
    days = draw.between(youngest * 366, oldest * 365)
    return Course(number, draw.pick(("female", "male")), as_of - timedelta(days=days), as_of)


def _later(course: Course, day: date, days: int) -> date:
    """So many days on, but not beyond the record."""
    return min(course.as_of, day + timedelta(days=days))


def _body(course: Course, draw: Draw, day: date) -> None:
    """Height and weight that fit the age, and a blood pressure."""
    adult = 176 if course.sex == "male" else 163
    height = min(adult, 75 + 6 * course.age) + draw.between(-6, 6)
    course.result("height", day, height)
    course.result(
        "weight", day, height * height / 10000 * (16 + min(course.age, 20) * 0.4 + draw.between(-20, 30) / 10)
    )
    course.result("sbp", day, draw.between(100, 150))
    course.result("dbp", day, draw.between(55, 95))


def _tests(course: Course, draw: Draw, day: date) -> None:
    for name in tables()["test"]:
        course.add("test", name, day - timedelta(days=20), "positive" if draw.chance(0.04) else "negative")
    if course.sex == "female":
        course.add("state", "pregnant", course.as_of - timedelta(days=10), "no")


def _performance(course: Course, draw: Draw) -> None:
    day = course.as_of - timedelta(days=draw.between(0, 12))
    if course.age <= OLDEST_CHILD:
        course.add("grade", "lansky", day, str(draw.pick((60, 70, 80, 90, 100))))
    elif draw.chance(0.3):
        course.add("grade", "kps", day, str(draw.pick((50, 60, 70, 80, 90, 100))))
    else:
        course.add("grade", "ecog", day, str(draw.between(0, 3)))


def _counts(course: Course, draw: Draw, zero: date, engrafted: int, is_poor: bool) -> None:
    """Counts day by day to engraftment, then twice a week; where the graft does poorly they fall again."""
    last = (course.as_of - zero).days
    fails = engrafted + draw.between(15, 40) if is_poor else last + 1
    for day in range(-7, last + 1):
        if day > 40 and day % 3:
            continue
        if day < 0:
            anc, platelets, hemoglobin = 2.5, 150.0, 105.0
        elif day < engrafted:
            anc, platelets, hemoglobin = (
                0.05 + 0.02 * draw.unit(),
                14 + 12 * draw.unit(),
                72 + 12 * draw.unit(),
            )
        elif day < fails:
            grown = min(1.0, (day - engrafted) / 20)
            anc, platelets, hemoglobin = 0.6 + 3 * grown, 25 + 130 * grown, 85 + 30 * grown
        else:
            anc, platelets, hemoglobin = 0.2 + 0.2 * draw.unit(), 8 + 9 * draw.unit(), 58 + 10 * draw.unit()
        at = zero + timedelta(days=day)
        course.result("anc", at, anc)
        course.result("wbc", at, anc * 1.4)
        course.result("platelets", at, platelets)
        course.result("hemoglobin", at, hemoglobin)
        if platelets < 15 and day >= 0:
            course.add("procedure", "platelet transfusion", at, status="ended")
        if hemoglobin < 70 and day >= 0:
            course.add("procedure", "red blood cell transfusion", at, status="ended")


def _chemistry(course: Course, draw: Draw, zero: date) -> None:
    for day in range(-7, (course.as_of - zero).days + 1, 4):
        at = zero + timedelta(days=day)
        if day % 3 == 0 and course.age > OLDEST_CHILD:
            course.result("weight", at, 62 + draw.between(-30, 200) / 10)
        course.result("alt", at, draw.between(12, 90))
        course.result("ast", at, draw.between(12, 70))
        course.result("bilirubin", at, draw.between(5, 30))
        course.result("creatinine", at, draw.between(35, 120) * (0.6 if course.age < 12 else 1))
        course.result("bun", at, draw.between(8, 28))
        course.result("inr", at, 0.9 + 0.4 * draw.unit())
    course.result("ferritin", zero - timedelta(days=5), draw.between(100, 4000))
    course.result("lvef", zero - timedelta(days=14), draw.between(50, 68))


def _gvhd(course: Course, draw: Draw, zero: date, engrafted: int) -> None:
    """Acute GVHD: stages of each organ every second day, first-line steroid, and one of four courses."""
    onset = engrafted + draw.between(3, 25)
    day = zero + timedelta(days=onset)
    course.add("condition", "acute GVHD", day, status="active")
    stages = {
        "skin": draw.between(0, 3),
        "liver": draw.pick((0, 0, 1, 2)),
        "lower_gi": draw.pick((0, 0, 1, 2, 3)),
        "upper_gi": draw.between(0, 1),
    }
    if not any(stages.values()):
        stages["skin"] = 2
    steroid = draw.pick(("methylprednisolone", "prednisone"))
    course.add(
        "drug", steroid, day, "2.5" if steroid == "prednisone" else "2", unit="mg/kg/d", status="active"
    )
    outcome = draw.pick(("complete", "partial", "none", "progression"))
    worst: Sequence[str] = [organ for organ, stage in stages.items() if stage] or ["skin"]
    for step in range(0, 30, 2):
        at = day + timedelta(days=step)
        shown = {
            organ: _stage(organ, stage, outcome, step, organ in worst) for organ, stage in stages.items()
        }
        for organ, stage in shown.items():
            course.add("grade", f"agvhd_{organ}_stage", at, str(stage))
        if shown["lower_gi"]:
            course.result(
                "stool_volume", at, (0, 700, 1200, 1800, 2400)[shown["lower_gi"]] + draw.between(0, 90)
            )


def _stage(organ: str, stage: int, outcome: str, step: int, is_ill: bool) -> int:
    """An organ's stage so many days after steroids were begun."""
    most = 1 if organ == "upper_gi" else 4
    if step < 4 or outcome == "none":
        return stage
    if outcome == "complete":
        return 0 if step >= 7 else max(0, stage - 1)
    if outcome == "partial":
        return max(0, stage - 1)
    return min(most, stage + 1) if is_ill else stage
