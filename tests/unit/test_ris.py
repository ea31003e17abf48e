import re

import pytest

from trialist.demo import generate_study
from trialist.errors import InvalidParameterError
from trialist.views.ris import TAGS, render_ris

from support.records import record

LINE = re.compile(r"([A-Z][A-Z0-9])  - (.*)")


def read(raw):
    """The lines of one record as (tag, value)."""
    text = raw.decode()
    assert text.endswith("ER  - \r\n")
    return [LINE.fullmatch(line).groups() for line in text.removesuffix("\r\n").split("\r\n")]


def test_every_invented_study_is_one_record_of_known_tags():
    for number in range(100):
        found = generate_study(number)
        lines = read(render_ris(found))
        assert lines[0] == ("TY", "DBASE")
        assert [tag for tag, _ in lines].count("TY") == [tag for tag, _ in lines].count("ER") == 1
        order = [TAGS.index(tag) for tag, _ in lines]
        assert order == sorted(order)
        ids = found["protocolSection"]["identificationModule"]
        assert ("ID", ids["nctId"]) in lines
        assert ("TI", " ".join(ids["briefTitle"].split())) in lines
        assert ("UR", f"https://clinicaltrials.gov/study/{ids['nctId']}") in lines


def test_values_are_plain_and_on_one_line():
    found = record(1)
    protocol = found["protocolSection"]
    protocol["descriptionModule"] = {"briefSummary": "Age \\>= 18\n\n* a\n* b"}
    protocol["statusModule"]["studyFirstPostDateStruct"] = {"date": "2024-05-06"}
    protocol["statusModule"]["lastUpdatePostDateStruct"] = {"date": "2025-01"}
    protocol["conditionsModule"] = {"conditions": ["GVHD"], "keywords": ["gvhd", "skin"]}
    lines = read(render_ris(found))
    assert ("AB", "Age >= 18 * a * b") in lines
    assert ("DA", "2024/05/06/") in lines
    assert ("N1", "Last update posted: 2025-01") in lines
    assert ("PY", "2024") in lines
    assert [value for tag, value in lines if tag == "KW"] == ["GVHD", "skin"]
    assert ("N1", "Status: Recruiting") in lines


def test_who_answers_for_a_study():
    found = record(1)
    found["protocolSection"]["sponsorCollaboratorsModule"] = {"leadSponsor": {"name": "Hospital"}}
    assert [value for tag, value in read(render_ris(found)) if tag == "AU"] == ["Hospital"]
    found["protocolSection"]["contactsLocationsModule"] = {
        "overallOfficials": [{"name": "A. B."}, {"name": "A. B."}]
    }
    assert [value for tag, value in read(render_ris(found)) if tag == "AU"] == ["A. B."]


def test_some_tags_are_enough():
    assert read(render_ris(record(1), ["TI|ID", "ER"])) == [
        ("TY", "DBASE"),
        ("ID", "NCT99000001"),
        ("TI", " ".join(record(1)["protocolSection"]["identificationModule"]["briefTitle"].split())),
        ("ER", ""),
    ]


@pytest.mark.parametrize("tags", [["XX"], ["ti"], [""], ["TI,NCTId"]])
def test_what_is_no_tag_is_refused(tags):
    with pytest.raises(InvalidParameterError):
        render_ris(record(1), tags)


def test_a_record_of_nothing_is_a_record():
    assert [tag for tag, _ in read(render_ris({}))] == ["TY", "N1", "DB", "DP", "ER"]
