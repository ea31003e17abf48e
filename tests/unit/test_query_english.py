import pytest

from trialist.query import describe_query, describe_study_query, parse_query, read_params
from trialist.query.areas import resolve_area
from trialist.query.english import name_of
from trialist.query.nodes import All, And, Area, Document, Not, Or, SearchIn, Term


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ALL", "all studies"),
        ("heart attack", "studies that mention “heart attack”"),
        ('"heart attack"', "studies that mention the phrase “heart attack”"),
        ("NOT heart", "studies that do not mention “heart”"),
        ("a OR b", "studies that mention “a” or “b”"),
        ("NOT (a OR b)", "studies that mention neither “a” nor “b”"),
        ("AREA[Phase]PHASE3", "studies whose phase is Phase 3"),
        ("AREA[Phase](PHASE1 OR PHASE2)", "studies whose phase is Phase 1 or Phase 2"),
        ("NOT AREA[Phase](PHASE1 OR PHASE2)", "studies whose phase is neither Phase 1 nor Phase 2"),
        ("AREA[StartDateType]ESTIMATED", "studies whose start date type is Anticipated"),
        ("AREA[FunderTypeSearch]NIH", "studies whose funder type is NIH"),
        ("AREA[StartDate]RANGE[2020-01-01,MAX]", "studies whose start date is on or after 1 January 2020"),
        ("AREA[StartDate]RANGE[MIN,2020-06]", "studies whose start date is in or before June 2020"),
        ("AREA[StartDate]RANGE[2020,2021]", "studies whose start date is from 2020 to 2021"),
        ("NOT AREA[StartDate]2022-06-30", "studies whose start date is not 30 June 2022"),
        ("AREA[StartDate]2022", "studies whose start date is in 2022"),
        ("AREA[LargeDocUploadDate]2020-05-06T18:45", "studies whose large doc upload date is 2020-05-06T18:45"),
        ("AREA[MinimumAge]RANGE[MIN,1 year]", "studies whose minimum age is at most 1 year"),
        ("NOT AREA[EnrollmentCount]RANGE[5,10]", "studies whose enrollment count is not from 5 to 10"),
        ("AREA[NCTId]RANGE[NCT1,MAX]", "studies whose NCT id is at least NCT00000001"),
        ("AREA[Phase:size]2", "studies whose number of values in phase is 2"),
        ("AREA[HealthyVolunteers]true", "studies whose “Accepts Healthy Volunteers” is true"),
        ("AREA[Phase]MISSING", "studies that have no value in phase"),
        ("NOT AREA[Phase]MISSING", "studies that have a value in phase"),
        ("AREA[Phase]RANGE[MIN,MAX]", "studies that have a value in phase"),
        ("NOT ALL", "studies of no kind (so none)"),
        (
            "AREA[LocationGeoPoint]DISTANCE[42.36,-71.06,50mi]",
            "studies with a location within 50 miles of latitude 42.36, longitude -71.06",
        ),
        (
            "SEARCH[Location](AREA[LocationCity]Boston AND AREA[LocationStatus]RECRUITING)",
            "studies with one and the same location for which this holds: (that mention “Boston” in location city and"
            " whose location status is Recruiting)",
        ),
        (
            "NOT SEARCH[Location]AREA[LocationCity]Boston",
            "studies without any location for which this holds: (that mention “Boston” in location city)",
        ),
        ("SEARCH[Study]a", "studies that mention “a”"),
        (
            "EXPANSION[None]COVERAGE[FullMatch]x",
            "studies that mention “x” (in exactly this spelling) as a whole value of any of their texts",
        ),
        ("TILT[StartDate]x", "studies that mention “x” (preferably of late start date)"),
        ("TILT[EnrollmentCount]x", "studies that mention “x” (preferably of high enrollment count)"),
        ("a AND (b OR AREA[Phase]NA)", "studies that mention “a” and (that mention “b” or whose phase is Not Applicable)"),
        ("(a AND b) OR AREA[Phase]NA", "studies (that mention “a” and that mention “b”) or whose phase is Not Applicable"),
        ("NOT (a AND b)", "studies that are not among those (that mention “a” and that mention “b”)"),
        (
            "TILT[StartDate](a AND b)",
            "studies (that mention “a” and that mention “b”) (preferably of late start date)",
        ),
        (
            "AREA[ConditionSearch]COVERAGE[StartsWith]x",
            "studies that mention “x” at the beginning of a value of conditions or disease",
        ),
    ],
)  # fmt: skip
def test_queries_in_english(text, said):
    assert describe_query(parse_query(text)) == said


def test_a_default_area_is_said():
    assert describe_query(Term("x"), default_area="LocationSearch") == "studies that mention “x” in location"
    assert describe_query(All(), default_area="LocationSearch") == "all studies"


def test_no_or_slips_out_of_its_parentheses_through_a_wrapper():
    either = Or((Term("a"), Area("Phase", Term("NA"))))
    for wrapped in (either, Area("BasicSearch", either), SearchIn(Document.STUDY, either), Not(Not(either))):
        said = describe_query(And((wrapped, Term("c"))))
        assert said == "studies (that mention “a” or whose phase is Not Applicable) and that mention “c”"


def test_a_whole_request():
    query = read_params(
        {"query.cond": "asthma", "query.intr": "a OR NOT b", "filter.overallStatus": "RECRUITING",
         "sort": "StartDate:asc,EnrollmentCount:desc"}
    )  # fmt: skip
    assert describe_study_query(query) == (
        "Studies that mention “asthma” in conditions or disease and (that mention “a” in intervention or treatment or"
        " that do not mention “b” in intervention or treatment) and whose overall status is Recruiting, sorted by"
        " start date, earliest first and then by enrollment count, highest first."
    )
    assert describe_study_query(read_params({})) == "All studies."
    assert describe_study_query(read_params({"sort": "@relevance"})) == "All studies, sorted by relevance."
    assert "least relevant first" in describe_study_query(read_params({"sort": "@relevance:asc"}))


def test_names_in_plain_words():
    names = [
        "OverallStatus",
        "NCTId",
        "LeadSponsorName",
        "IPDSharing",
        "TitleSearch",
        "EligibilitySearch",
        "FDAAA801Violation",
    ]
    assert [name_of(resolve_area(name)) for name in names] == [
        "overall status", "NCT id", "lead sponsor name", "IPD sharing", "title or acronym", "eligibility",
        "FDAAA801 violation",
    ]  # fmt: skip
