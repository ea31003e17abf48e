"""Eligibility text → criteria: the cases, and what the set as a whole promises."""

from __future__ import annotations

from decimal import Decimal

import pytest

from trialist.criteria import parse_criteria
from trialist.criteria.criterion import Computability, Criterion, Modality, Polarity, Population
from trialist.criteria.encode import encode_set
from trialist.criteria.nodes import (
    And,
    AtLeast,
    Basis,
    Concept,
    Demographic,
    Interval,
    Opaque,
    Or,
    Quantity,
    Span,
    atoms,
)
from trialist.record import Study
from trialist.vocabulary.written_units import convert, read_unit

from support.cases import Case, each_case

HEADINGS = {"I": "Inclusion Criteria:\n\n* ", "E": "Exclusion Criteria:\n\n* "}


def only(text: str) -> Criterion:
    """The one criterion of `I: …` or `E: …`."""
    found = parse_criteria(HEADINGS[text[0]] + text[3:]).criteria
    assert len(found) == 1
    return found[0]


@each_case("criteria_split.toml")
def test_a_text_is_divided(case: Case):
    found = parse_criteria(case.input)
    assert [f"{one.id} {one.text}" for one in found.criteria] == case.expect, case.why
    assert found.coverage.lost == 0


@each_case("criteria_plain.toml")
def test_a_criterion_is_said_back(case: Case):
    assert only(case.input).plain == case.expect, case.why


def test_no_text_is_no_statement_about_anybody():
    for text in (None, "", " \n\t"):
        found = parse_criteria(text)
        assert not found.available
        assert found.criteria == ()
        assert [one.kind for one in found.findings] == ["no_text"]


def test_spans_point_into_the_raw_text():
    text = "Inclusion Criteria:\r\n\r\n* ALT \\>= 2 \\* ULN &amp;lt; x²\r\n"
    (one,) = parse_criteria(text).criteria
    (span,) = one.spans
    assert text[span.start : span.end] == "ALT \\>= 2 \\* ULN &amp;lt; x²"
    assert one.text == "ALT ≥ 2 * ULN < x^2"
    first = next(iter(atoms(one.expr)))
    assert isinstance(first, Quantity)
    assert text[first.span.start : first.span.end] == "ALT \\>= 2 \\* ULN"


def test_registry_fields_bear_witness():
    record = {
        "protocolSection": {
            "identificationModule": {"nctId": "NCT99000001"},
            "eligibilityModule": {"minimumAge": "4 Years", "maximumAge": "70 Years", "sex": "FEMALE"},
        }
    }
    study = Study.from_record(record)
    found = parse_criteria("Inclusion Criteria:\n\n1.Assent of parents; 2.4-70 years; 3.Lupus", study)
    (defect,) = found.criteria[1].defects
    assert (defect.kind, defect.confidence) == ("glued_enumerator", 1.0)
    assert found.findings[-1].kind == "no_exclusion_heading"
    found = parse_criteria("Inclusion Criteria:\n* Men aged 18 or older\nExclusion Criteria:\n* none", study)
    kinds = [one.kind for one in found.findings]
    assert kinds.count("contradicts_field") == 2
    assert "minors_without_assent" in kinds


def test_polarity_is_never_folded_into_an_expression():
    inside = only("I: no dialysis").expr
    below = only("E: dialysis").expr
    assert type(inside).__name__ == "Not"
    assert type(below).__name__ == "Exposure"


def test_a_list_that_asks_for_two_owns_its_members():
    text = "Inclusion Criteria:\n\n* At least two of the following:\n\n  * ALT above ULN\n  * fever\n  * lupus\n* ECOG 0-1"
    found = parse_criteria(text).criteria
    head = found[0].expr
    assert isinstance(head, AtLeast)
    assert (head.count, len(head.of)) == (2, 3)
    assert [one.counts for one in found] == [True, False, False, False, True]


def test_a_list_below_exclusion_excludes_one_by_one():
    text = "Exclusion Criteria:\n\n* Any of the following:\n\n  * lupus\n  * HIV\n"
    found = parse_criteria(text).criteria
    assert [one.modality for one in found] == [Modality.HEADER, Modality.REQUIRED, Modality.REQUIRED]
    assert [one.counts for one in found] == [False, True, True]


def test_the_name_of_a_group_of_criteria_excludes_nobody():
    found = parse_criteria(
        "Exclusion Criteria:\n\n1. Obesity-related\n\n   1. Previous bariatric surgery\n   2. Treatment with semaglutide"
    ).criteria
    assert [(one.id, one.counts) for one in found] == [("E1", False), ("E1.1", True), ("E1.2", True)]


def test_what_stands_before_a_list_is_not_dropped():
    text = "Inclusion Criteria:\n\n* Frumious bandersnatch and one of the following:\n\n  * lupus\n  * HIV\n"
    head = parse_criteria(text).criteria[0]
    assert isinstance(head.expr, And)
    assert "[not understood: Frumious bandersnatch" in head.plain


def test_permissive_and_informative_statements_do_not_decide():
    text = "Inclusion Criteria:\n* Patients with HIV are allowed\n* Not specified\n* Any patient with lupus is eligible"
    found = parse_criteria(text).criteria
    assert [one.modality for one in found] == [Modality.PERMISSIVE, Modality.INFORMATIVE, Modality.REQUIRED]
    assert [one.counts for one in found] == [False, False, True]
    assert only("I: Age greater than or equal to 4 years old will be allowed").modality is Modality.REQUIRED


def test_donors_are_not_patients():
    text = "Inclusion Criteria:\n\n* Lupus\n\nDonor Inclusion Criteria:\n\n* Age 18 or older\n"
    first, second = parse_criteria(text).criteria
    assert (first.population, second.population) == (Population.PATIENT, Population.DONOR)
    assert only("I: DONOR: Age ≥ 12 years").population is Population.DONOR


def test_patients_named_below_healthy_controls_are_patients() -> None:
    text = "Inclusion Criteria:\n\nMatched Healthy Volunteers\n\n* Non-smokers\n\nSubjects with Hepatic Impairment:\n\n* Evidence of liver disease\n"
    found = {one.text: one.population for one in parse_criteria(text).criteria}
    assert found["Non-smokers"] is Population.CONTROL_GROUP
    assert found["Evidence of liver disease"] is Population.PATIENT


def test_what_is_asked_of_women_keeps_no_man_out_where_both_take_part() -> None:
    text = "Inclusion Criteria:\n\n* Women not of childbearing potential\n* Female\n"
    for sex, is_open in (("ALL", True), ("FEMALE", False)):
        study = Study.from_record({"protocolSection": {"eligibilityModule": {"sex": sex}}})
        women, female = parse_criteria(text, study).criteria
        assert any(isinstance(one, Opaque) for one in atoms(women.expr)) is is_open
        assert not any(isinstance(one, Opaque) for one in atoms(female.expr))


def test_what_a_head_says_is_not_met_is_not_asked_turned_round() -> None:
    text = "Exclusion Criteria:\n\n* Patients whose laboratory data do not meet the following criteria:\n  * QTc < 470 ms\n"
    (limit,) = (one for one in parse_criteria(text).criteria if "QTc" in one.text)
    assert any(isinstance(one, Opaque) for one in atoms(limit.expr)), limit.plain


def test_cohorts_are_scopes():
    text = "Inclusion Criteria:\n\nCohort A:\n\n* Lupus\n\nCohort B:\n\n* HIV\n"
    assert [one.scope for one in parse_criteria(text).criteria] == [(("cohort", "A"),), (("cohort", "B"),)]


@pytest.mark.parametrize(
    ("text", "expect"),
    [
        ("I: written informed consent", Computability.ATTESTATION),
        ("E: unsuitable in the opinion of the investigator", Computability.JUDGEMENT),
        ("I: ALT ≤ 2 x ULN", Computability.COMPUTABLE),
        ("E: severe lung disease", Computability.PARTIAL),
        ("E: wibbly wobbly", Computability.OPAQUE),
        ("I: adequate function as defined in the protocol", Computability.INCOMPLETE),
        ("I: Hemoglobin 8 g/dL", Computability.PARTIAL),
    ],
)
def test_who_can_answer(text: str, expect: Computability):
    assert only(text).computability is expect


def test_confidence_falls_with_what_was_assumed():
    assert only("I: ALT ≤ 2 x ULN").confidence > only("I: Hemoglobin 8 g/dL").confidence > 0
    assert only("E: wibbly").confidence <= 0.3


def test_findings_name_what_is_odd():
    text = (
        "Inclusion Criteria:\n* Age 18 or older\n* Age 12 or younger\n* Hemoglobin above 900 g/dL\n"
        "Exclusion Criteria:\n* Must sign informed consent\n* History of stroke\n* History of stroke"
    )
    found = parse_criteria(text)
    kinds = {one.kind for one in found.findings}
    assert {"contradicting_criteria", "implausible_bound", "inverted_polarity", "duplicate"} <= kinds


@pytest.mark.parametrize(
    ("text", "expect"),
    [
        ("Female patients must have a negative pregnancy test.", True),
        ("Pregnant or lactating. If female, the patient must have a negative pregnancy test.", True),
        ("Must not have received prior chemotherapy", True),
        ("All participants are required to have an ANC above 1.0 x 10^9/L", True),
        ("Is required to take anticoagulants", False),
        ("Patients who must take anticoagulants", False),
        ("Patients with active infection must be excluded", False),
        ("Any condition that should be treated first", False),
        ("Active infection", False),
    ],
)
def test_what_has_to_be_so_is_no_plain_exclusion(text: str, expect: bool):
    found = only(f"E: {text}").defects
    assert any(one.kind == "inverted_polarity" for one in found) is expect


def test_json_carries_what_it_promises():
    found = encode_set(parse_criteria("Inclusion Criteria:\n* ALT ≤ 2.5 x ULN\nExclusion Criteria:\n* lupus"))
    assert {"criteria", "residue", "findings", "coverage"} <= set(found)
    first, second = found["criteria"]
    keys = {"polarity", "modality", "computability", "text", "spans", "expr", "plain", "defects"}
    assert keys <= set(first)
    assert first["expr"]["interval"] == {
        "type": "interval",
        "upper": "2.5",
        "lower_inclusive": True,
        "upper_inclusive": True,
    }
    assert (first["expr"]["type"], first["expr"]["basis"], first["expr"]["loinc"]) == (
        "quantity",
        "xULN",
        "1742-6",
    )
    assert (second["polarity"], second["expr"]["mesh"]) == ("exclusion", "D008180")


def test_nodes_refuse_nonsense():
    with pytest.raises(ValueError, match="bound"):
        Interval()
    with pytest.raises(ValueError, match="empty"):
        Interval(Decimal(2), Decimal(1))
    with pytest.raises(ValueError, match="includes"):
        Interval(Decimal(1), Decimal(1), lower_inclusive=False)
    with pytest.raises(ValueError, match="joins"):
        Or((Concept("condition", "x", Span(0, 1)),))
    with pytest.raises(ValueError, match="at least"):
        AtLeast(3, (Concept("condition", "x", Span(0, 1)),))
    with pytest.raises(ValueError, match="demographic"):
        Demographic("age", Span(0, 1))
    with pytest.raises(ValueError, match="span"):
        Span(2, 1)


def test_intervals_hold_what_they_say():
    assert Interval(Decimal(4), Decimal(70)).holds(Decimal(70))
    assert not Interval(Decimal(4), Decimal(70), upper_inclusive=False).holds(Decimal(70))
    assert not Interval(lower=Decimal(2), lower_inclusive=False).holds(Decimal(2))


def test_units_convert_only_where_no_substance_matters():
    assert convert(Decimal(80), "g/L", "g/dL") == Decimal(8)
    assert convert(Decimal("1.5"), "10*9/L", "/mm3") == Decimal(1500)
    assert convert(Decimal(1), "mg/dL", "umol/L") is None
    assert convert(Decimal(1), "%", "mmol/mol") is None
    found = read_unit("5 mL/min/1.73 m2", 2)
    assert found is not None
    assert (found[0].ucum, found[1]) == ("mL/min/{1.73_m2}", 16)
    assert read_unit("5 frobs", 2) is None


def test_polarity_and_order_are_kept():
    found = parse_criteria("Exclusion Criteria:\n* HIV\nInclusion Criteria:\n* lupus").criteria
    assert [(one.id, one.polarity) for one in found] == [
        ("E1", Polarity.EXCLUSION),
        ("I1", Polarity.INCLUSION),
    ]
    assert {one.expr.basis for one in found if isinstance(one.expr, Quantity)} <= set(Basis)


@pytest.mark.parametrize(
    "said", ["no ", "not ", "stroke except ", "stroke if ", "except ", "stroke such as ", "( "]
)
def test_nothing_nests_too_deep(said: str):
    for heading in HEADINGS.values():
        found = parse_criteria(heading + said * 300)
        assert found.coverage.lost == 0
        assert len(found.criteria) == (said != "( ")  # nothing but brackets is no criterion
