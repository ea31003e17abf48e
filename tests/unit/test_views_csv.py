import csv
import io

import orjson
import pytest

from trialist.demo import generate_study
from trialist.errors import InvalidParameterError
from trialist.views.csv import COLUMNS, CsvColumns

from support.records import record

EVERY = CsvColumns.parse(None)


def read(raw):
    return next(csv.reader(io.StringIO(raw.decode(), newline="")))


def cell(name, found):
    return EVERY.cells(found)[COLUMNS.index(name)]


def study(**modules):
    return {"protocolSection": {"identificationModule": {"nctId": "NCT99000001"}, **modules}}


def test_there_are_thirty_columns_in_the_registry_s_order():
    assert len(COLUMNS) == 30
    assert COLUMNS[:3] == ("NCT Number", "Study Title", "Study URL")
    assert COLUMNS[-2:] == ("Locations", "Study Documents")
    assert EVERY.header().startswith(b"NCT Number,Study Title,")
    assert EVERY.header().endswith(b",Study Documents\r\n")


def test_columns_keep_their_order_whatever_order_they_are_asked_in():
    columns = CsvColumns.parse(["NCT Number,Conditions|Study Title", "Conditions"])
    assert columns.header() == b"NCT Number,Study Title,Conditions\r\n"
    assert read(columns.row(record(1)))[2] == "Graft Versus Host Disease|Poor Graft Function"
    assert columns.row(orjson.dumps(record(1))) == columns.row(record(1))


@pytest.mark.parametrize("name", ["NCTId", "NCT number", "Bogus"])
def test_a_name_that_is_no_column_is_refused_in_the_registry_s_words(name):
    with pytest.raises(InvalidParameterError) as caught:
        CsvColumns.parse(["NCT Number", name])
    assert caught.value.message == f"Parameter 'fields' contains invalid CSV column name: '{name}'"
    with pytest.raises(InvalidParameterError):
        CsvColumns.parse([" ,"])
    with pytest.raises(ValueError, match="columns"):
        CsvColumns(("Bogus",))


def test_every_invented_study_is_a_row_that_a_reader_of_csv_gives_back():
    for number in range(80):
        found = generate_study(number)
        assert read(EVERY.row(found)) == EVERY.cells(found)
        assert cell("Study URL", found) == f"https://clinicaltrials.gov/study/{cell('NCT Number', found)}"
        assert cell("Study Results", found) == ("YES" if found["hasResults"] else "NO")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain", b"plain"),
        ("a,b", b'"a,b"'),
        ('say "x"', b'"say ""x"""'),
        ("two\nlines", b'"two\nlines"'),
        ("#first", b'"#first"'),
        (" blank", b'" blank"'),
        ("blank ", b'"blank "'),
        ("$5", b"$5"),
        ("\ud800", b"?"),
        ("", b""),
    ],
)
def test_quoting_is_minimal(text, written):
    found = study(descriptionModule={"briefSummary": text})
    assert CsvColumns.parse(["NCT Number|Brief Summary"]).row(found) == b"NCT99000001," + written + b"\r\n"


def test_an_empty_first_cell_is_quoted():
    assert CsvColumns.parse(["Acronym"]).row(study()) == b'""\r\n'


def test_a_record_of_nothing_has_a_row():
    assert read(EVERY.row({})) == [*[""] * 6, "NO", *[""] * 23]


def test_what_is_of_another_type_leaves_its_cell_empty():
    odd = {
        "protocolSection": {
            "identificationModule": {"nctId": {"x": 1}, "briefTitle": ["t"]},
            "designModule": 7,
        }
    }
    assert read(EVERY.row(odd)) == read(EVERY.row({}))


@pytest.mark.parametrize(
    ("kind", "design", "written"),
    [
        (
            "INTERVENTIONAL",
            {
                "allocation": "RANDOMIZED",
                "interventionModel": "PARALLEL",
                "maskingInfo": {"masking": "DOUBLE", "whoMasked": ["PARTICIPANT", "INVESTIGATOR"]},
                "primaryPurpose": "TREATMENT",
            },
            "Allocation: RANDOMIZED | Intervention Model: PARALLEL | Masking: DOUBLE (PARTICIPANT, INVESTIGATOR) | "
            "Primary Purpose: TREATMENT",
        ),
        ("INTERVENTIONAL", {"maskingInfo": {"masking": "NONE"}}, "Masking: NONE"),
        (
            "OBSERVATIONAL",
            {"observationalModel": "COHORT", "timePerspective": "PROSPECTIVE", "allocation": "NA"},
            "Observational Model: COHORT | Time Perspective: PROSPECTIVE",
        ),
        ("EXPANDED_ACCESS", {"primaryPurpose": "TREATMENT"}, ""),
    ],
)
def test_the_design_shows_the_parts_of_its_type_of_study(kind, design, written):
    assert cell("Study Design", study(designModule={"studyType": kind, "designInfo": design})) == written


def test_documents_are_told_with_their_address():
    found = study() | {
        "documentSection": {
            "largeDocumentModule": {
                "largeDocs": [{"label": "Study Protocol", "filename": "Prot_000.pdf"}, {}]
            }
        }
    }
    address = "https://cdn.clinicaltrials.gov/large-docs/01/NCT99000001/Prot_000.pdf"
    assert cell("Study Documents", found) == f"Study Protocol, {address}"


def test_lists_and_their_parts():
    found = study(
        armsInterventionsModule={"interventions": [{"type": "DRUG", "name": "A"}, {"name": "B"}]},
        outcomesModule={"primaryOutcomes": [{"measure": "M", "timeFrame": "1 year"}, {"measure": "N"}]},
        eligibilityModule={"stdAges": ["CHILD", "ADULT"]},
        designModule={"phases": ["PHASE1", "PHASE2"], "enrollmentInfo": {"count": 0}},
        contactsLocationsModule={"locations": [{"city": "Ulm", "country": "Germany"}, {"zip": "1"}]},
    )
    assert cell("Interventions", found) == "DRUG: A|B"
    assert cell("Primary Outcome Measures", found) == "M, 1 year|N"
    assert cell("Age", found) == "CHILD, ADULT"
    assert cell("Phases", found) == "PHASE1|PHASE2"
    assert cell("Enrollment", found) == "0"
    assert cell("Locations", found) == "Ulm, Germany|1"
