"""Invented patients: the same bytes, read whole by both readers, and marked as invented."""

import hashlib
import json
from datetime import date

import pytest

from trialist.demo.patients import KINDS, MARK, course_fhir, course_form, invent_course, invent_patients
from trialist.errors import InvalidParameterError
from trialist.patient.facts import FactKind
from trialist.patient.fhir import read_fhir
from trialist.patient.form import read_form
from trialist.registry.inventing import invented_patients

from support.fact_lines import TERMS

AS_OF = date(2026, 3, 1)
# Changing what is invented is allowed, and then this changes; the same code must never make other bytes.
FIRST = "0bc349c491a3ad13f79c939d28d3e13e13d85f5b62a230e81e55a38a667a5adb"


def test_the_same_seed_and_number_are_the_same_bytes_and_others_are_others():
    def digest(seed):
        whole = hashlib.sha256()
        for kind in KINDS:
            for course in invent_patients(6, kind, AS_OF, seed):
                whole.update(course_fhir(course) + course_form(course))
        return whole.hexdigest()

    assert digest(0) == FIRST
    assert digest(1) != FIRST
    assert course_fhir(invent_course(3, "general", AS_OF)) == course_fhir(invent_course(3, "general", AS_OF))


@pytest.mark.parametrize("kind", KINDS)
def test_both_documents_of_a_patient_say_the_same(kind):
    def said(facts):
        return sorted(
            (fact.kind, fact.id, fact.broader, float(fact.value.exact) if fact.value else 0, fact.unit, fact.steps, fact.outcome,
             str(fact.date) if fact.kind is not FactKind.ALLERGY else "", fact.negated, fact.subject)
            for fact in facts
        )  # fmt: skip

    for course in invent_patients(3, kind, AS_OF):
        (bundle,) = read_fhir(course_fhir(course), TERMS, AS_OF)
        form = read_form(course_form(course), TERMS, AS_OF)
        assert said(bundle.facts) == said(form.facts)
        assert (bundle.birth, bundle.sex) == (form.birth, form.sex)
        assert bundle.unresolved == form.unresolved == ()


def test_a_transplant_patient_has_the_whole_course():
    kinds, names = set(), set()
    for course in invent_patients(12, "transplant", AS_OF):
        (patient,) = read_fhir(course_fhir(course), TERMS, AS_OF)
        names |= {fact.id or fact.broader for fact in patient.facts}
        kinds |= {fact.kind for fact in patient.facts}
        assert 4 <= course.age <= 70
    assert {"allo_hct", "anc", "platelets", "hemoglobin", "donor_chimerism", "acute_gvhd", "agvhd_skin_stage", "agvhd_lower_gi_stage",
            "stool_volume", "methylprednisolone", "blood_products", "tacrolimus", "fludarabine", "ecog", "lansky", "hbsag"} <= names  # fmt: skip
    assert FactKind.STATE in kinds


def test_they_are_marked_and_have_no_names():
    course = invent_course(1, "transplant", AS_OF)
    document = json.loads(course_fhir(course))
    assert MARK in json.dumps(document)
    assert "name" not in document["entry"][0]["resource"]
    assert course_form(course).decode().startswith(f"# {MARK}")


def test_files_are_named_by_number_and_nonsense_is_refused():
    assert [name for name, _ in invented_patients(2, "general", "yaml", AS_OF)] == [
        "general-1.yaml",
        "general-2.yaml",
    ]
    for wrong in ((0, "general", "yaml"), (1, "martian", "yaml"), (1, "general", "docx")):
        with pytest.raises(InvalidParameterError):
            list(invented_patients(*wrong, AS_OF))
