"""Patients made from criteria judge the evaluation: who satisfies one meets it, who violates it does not, and what is missing is open."""

from collections import Counter

from trialist.criteria import parse_criteria
from trialist.criteria.criterion import Modality, Polarity, Population
from trialist.criteria.nodes import Opaque, atoms
from trialist.demo import generate_criteria
from trialist.evaluation.evaluate import assess
from trialist.evaluation.invented import invent_for, invent_for_expr
from trialist.evaluation.known import Known
from trialist.evaluation.policy import STRICT
from trialist.evaluation.verdict import Result

from support.fact_lines import DAY

WANTED = {"satisfying": Result.MET, "violating": Result.NOT_MET, "missing": Result.UNKNOWN}


def is_plain(criterion):
    return (
        criterion.counts
        and criterion.modality is Modality.REQUIRED
        and criterion.population is Population.PATIENT
        and criterion.guard is None
        and not any(one.kind == "inverted_polarity" for one in criterion.defects)
        and not any(isinstance(one, Opaque) for one in atoms(criterion.expr))
    )


def judge(criterion, counts):
    invented = invent_for(criterion, DAY)
    if invented is None:
        counts["undecidable"] += 1
        return []
    wrong = []
    for name, wanted in WANTED.items():
        for patient in getattr(invented, name):
            counts[name] += 1
            found = assess(criterion, Known(patient, DAY, STRICT))
            if found.result is not wanted:
                wrong.append((name, criterion.text, found.sentence))
    return wrong


def test_patients_of_invented_studies():
    counts = Counter()
    wrong = []
    for number in range(40):
        for criterion in parse_criteria(generate_criteria(number).text).criteria:
            if is_plain(criterion):
                wrong += judge(criterion, counts)
    assert wrong == []
    assert min(counts[name] for name in WANTED) > 120, counts
    assert counts["undecidable"] < counts["satisfying"]


TEXT = """Inclusion Criteria:

* Age 18 to 65 years
* ECOG performance status 0-2
* ALT and AST ≤ 2.5 x ULN
* Platelets ≥ 50 x 10^9/L and neutrophils ≥ 1.0 x 10^9/L
* Grade II-IV acute GVHD

Exclusion Criteria:

* Creatinine clearance < 30 mL/min
* HIV infection, hepatitis B or hepatitis C
* Major surgery within 4 weeks before enrollment
* Pregnant or breast-feeding women
* Uncontrolled hypertension
* QTcF > 470 ms or LVEF < 45%
* Severe liver disease (liver enzymes > 2 x baseline, or evidence of coagulopathy)
* Creatinine more than 1.5 times the baseline value
"""


def test_every_criterion_of_a_plain_text_has_patients_of_each_kind():
    counts = Counter()
    for criterion in parse_criteria(TEXT).criteria:
        before = dict(counts)
        assert judge(criterion, counts) == []
        assert all(counts[name] > before.get(name, 0) for name in WANTED), criterion.text


def test_each_way_of_violating_is_there():
    (criterion,) = parse_criteria("Inclusion Criteria:\n\n* Platelets 50 to 400 x 10^9/L").criteria
    invented = invent_for(criterion, DAY)
    values = sorted(fact.value.exact for patient in invented.violating for fact in patient.facts)
    assert values[0] < 50
    assert values[-1] > 400
    (criterion,) = parse_criteria("Exclusion Criteria:\n\n* HIV infection, asthma or lupus").criteria
    deciding = {
        fact.id
        for patient in invent_for(criterion, DAY).violating
        for fact in patient.facts
        if not fact.negated
    }
    assert deciding == {"hiv", "asthma", "sle"}


def test_polarity_turns_round_who_satisfies():
    (criterion,) = parse_criteria("Inclusion Criteria:\n\n* Asthma").criteria
    one, other = (invent_for_expr(criterion.expr, polarity, DAY) for polarity in Polarity)
    assert (one.satisfying, one.violating) == (other.violating, other.satisfying)


def test_what_data_cannot_decide_has_no_patients():
    for text in (
        "Unsuitable in the opinion of the investigator",
        "Frobnicated glorps",
        "Contraindication to aspirin",
    ):
        (criterion,) = parse_criteria(f"Exclusion Criteria:\n\n* {text}").criteria
        assert invent_for(criterion, DAY) is None


def test_what_is_not_planned_may_have_been():
    (criterion,) = parse_criteria(
        "Exclusion Criteria:\n\n* Prior splenectomy or planned splenectomy"
    ).criteria
    assert judge(criterion, counts := Counter()) == []
    assert counts["violating"] > 1
