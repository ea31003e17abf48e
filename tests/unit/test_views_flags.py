"""The flags: three states, each with its evidence."""

from __future__ import annotations

from typing import Any

import pytest

from trialist.views.flags import flags_of
from trialist.views.nodes import Flag
from trialist.views.reads import Reader
from trialist.vocabulary.sponsors import display_name, letter_of


def flags(record: dict[str, Any]) -> dict[str, Flag]:
    return {flag.id: flag for flag in flags_of(Reader(record))}


def study(kind: str, name: str, title: str = "", summary: str = "") -> dict[str, Any]:
    return {
        "protocolSection": {
            "identificationModule": {"briefTitle": title},
            "descriptionModule": {"briefSummary": summary},
            "armsInterventionsModule": {"interventions": [{"type": kind, "name": name}]},
        }
    }


@pytest.mark.parametrize(
    ("kind", "name", "title", "gene", "cell"),
    [
        ("BIOLOGICAL", "iMSC", "", "no", "yes"),
        ("BIOLOGICAL", "mesenchymal stromal cells", "MSC for Poor Graft Function After HSCT", "no", "yes"),
        ("BIOLOGICAL", "CD19 CAR-T cells", "", "yes", "yes"),
        ("DRUG", "Ad5.hAC6", "", "yes", "no"),
        ("BIOLOGICAL", "AAV1/SERCA2a", "", "yes", "unknown"),
        ("DRUG", "Norvasc 5mg", "", "no", "no"),
        (
            "DRUG",
            "Ruxolitinib",
            "Ruxolitinib for GVHD After Allogeneic Stem Cell Transplantation",
            "no",
            "no",
        ),
        ("DEVICE", "Penile ring", "", "no", "no"),
        ("BEHAVIORAL", "Virtual reality", "", "no", "no"),
        ("BIOLOGICAL", "rituximab", "", "no", "no"),
        ("DRUG", "Candesartan/HCT 32/25 mg", "", "no", "no"),
        ("DRUG", "growth factor, recombinant human keratinocyte", "", "no", "no"),
        ("PROCEDURE", "allo-HCT", "", "no", "yes"),
        ("BIOLOGICAL", "Code-1234", "", "unknown", "unknown"),
        ("GENETIC", "Mesenchymal stem cells", "", "unknown", "yes"),
        ("GENETIC", "polymerase chain reaction", "", "no", "no"),
        ("BIOLOGICAL", "anti-retroviral antibody", "", "no", "no"),
        ("BIOLOGICAL", "MSC exosomes", "", "no", "no"),
        ("PROCEDURE", "Hematopoietic stem cell transplantation", "", "no", "yes"),
        ("BIOLOGICAL", "COVID-19 adenoviral vector vaccine", "", "no", "no"),
    ],
)
def test_therapies(kind: str, name: str, title: str, gene: str, cell: str) -> None:
    found = flags(study(kind, name, title))
    assert (found["gene_therapy"].state.value, found["cell_therapy"].state.value) == (gene, cell)


def test_a_word_in_the_summary_forbids_a_no() -> None:
    found = flags(study("DRUG", "ABC-1", summary="ABC-1 is a gene therapy."))["gene_therapy"]
    assert found.state.value == "unknown"
    assert found.evidence[0].pointer == "/protocolSection/descriptionModule/briefSummary"


def test_no_intervention_is_unknown() -> None:
    assert flags({})["gene_therapy"].state.value == "unknown"
    assert flags({})["cell_therapy"].state.value == "unknown"


@pytest.mark.parametrize(
    ("record", "results", "events"),
    [
        (
            {"hasResults": True, "resultsSection": {"adverseEventsModule": {"timeFrame": "1 year"}}},
            "yes",
            "yes",
        ),
        ({"hasResults": True, "resultsSection": {"moreInfoModule": {}}}, "yes", "no"),
        ({"hasResults": True}, "yes", "unknown"),
        ({"hasResults": False}, "no", "no"),
        ({}, "unknown", "unknown"),
        ({"hasResults": "yes"}, "unknown", "unknown"),
    ],
)
def test_results_and_events(record: dict[str, Any], results: str, events: str) -> None:
    found = flags(record)
    assert (found["has_results"].state.value, found["has_adverse_events"].state.value) == (results, events)


def test_stated_flags_keep_three_states() -> None:
    found = flags(
        {"protocolSection": {"oversightModule": {"isFdaRegulatedDrug": False, "isFdaRegulatedDevice": None}}}
    )
    assert found["fda_regulated_drug"].state.value == "no"
    assert found["fda_regulated_device"].state.value == "unknown"


def test_sponsor_names() -> None:
    assert display_name("Novartis Pharmaceuticals") == "Novartis"
    assert display_name("Merck KGaA, Darmstadt, Germany") == "Merck KGaA"
    assert display_name("Merck Ltd.") == "Merck Ltd."  # of two companies of that name it may be either
    assert display_name("Hôpital Nobody") == "Hôpital Nobody"
    assert display_name("PROCTER AND GAMBLE") == "Procter & Gamble (P&G)"
    assert letter_of("«élan»") == "É"
    assert letter_of("…") == "?"
