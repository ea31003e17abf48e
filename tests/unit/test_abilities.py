"""What a person says of one ability, access or promise answers nothing about another one."""

import pytest

from trialist.evaluation.policy import STRICT
from trialist.evaluation.terms import read_terms
from trialist.evaluation.verdict import Result
from trialist.patient.facts import Patient
from trialist.patient.form import read_form

from support.judging import DAY, judge, only


def form(topic: str, what: str = "", value: str = "yes") -> Patient:
    said = f"\n    what: {what}" if what else ""
    text = f"as_of: 2026-03-10\nstatements:\n  - name: {topic}\n    value: {value}{said}\n"
    return read_form(text, read_terms(), DAY)


def result(line: str, of: Patient, kind: str = "Inclusion") -> Result:
    return only(judge(line, of, kind, STRICT)).result


@pytest.mark.parametrize(
    ("line", "topic", "what", "wanted"),
    [
        ("Able to walk", "ability", "walk", Result.MET),
        ("Ability to walk", "ability", "able to walk", Result.MET),
        ("Able to swallow tablets", "ability", "walk", Result.UNKNOWN),
        ("Able to walk", "ability", "", Result.UNKNOWN),  # able to what?
        ("Access to the internet", "access", "internet", Result.MET),
        ("Access to the internet", "access", "telephone", Result.UNKNOWN),
        ("Access to the internet", "access", "", Result.UNKNOWN),
        ("Access to the internet", "ability", "internet", Result.UNKNOWN),
        ("Written informed consent", "consent", "", Result.MET),  # the topic says all of it
    ],
)
def test_only_the_same_is_answered(line: str, topic: str, what: str, wanted: Result):
    assert result(line, form(topic, what)) is wanted


def test_who_is_able_is_not_unable_to_the_same():
    assert result("Unable to swallow tablets", form("ability", "swallow tablets"), "Exclusion") is Result.MET
    assert (
        result("Unable to swallow tablets", form("ability", "swallow tablets", "no"), "Exclusion")
        is Result.NOT_MET
    )
    assert result("Unable to swallow tablets", form("ability", "walk", "no"), "Exclusion") is Result.UNKNOWN


def test_two_abilities_are_two_answers():
    both = form("ability", "walk")
    no = form("ability", "swallow tablets", "no")
    found = Patient(facts=(*both.facts, *no.facts))
    assert result("Able to walk", found) is Result.MET
    assert result("Able to swallow tablets", found) is Result.NOT_MET
