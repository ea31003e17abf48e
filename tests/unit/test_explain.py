import pytest

from trialist.demo.registry import DEFAULT_AS_OF, generate_studies
from trialist.query import parse_query, read_params
from trialist.query.asked import Around, terms_of
from trialist.query.choices import (
    OPEN_SITE_STATUSES,
    STATUSES_WITH_OPEN_SITES,
    Choices,
    describe_request,
    value_named,
    with_choices,
)
from trialist.query.explain import explain, explanation_json, explanation_text
from trialist.query.nodes import And, Not, Or, Term
from trialist.query.scan import matches
from trialist.record import GeoPoint, Study
from trialist.vocabulary.combine import combine, read_own_concepts

from support.records import record

THESAURUS = combine(read_own_concepts())


def study(**protocol):
    found = record(1)
    found["protocolSection"] |= protocol
    return Study.from_record(found)


def explained(one, **params):
    return explain(
        one, read_params({name.replace("_", "."): text for name, text in params.items()}), THESAURUS
    )


def only(found):
    ((_, reason),) = found.reasons
    return reason


@pytest.mark.parametrize(
    ("query", "how", "words"),
    [
        ("graft versus host disease", "as asked", "Graft Versus Host Disease"),
        ("gvhd", "synonym", "Graft Versus Host Disease"),
        ("graft function disease", "part", "Graft"),
        ("EXPANSION[None]Poor", "in exactly this spelling", "Poor"),
        ("grafts", "as asked", "Graft"),
    ],
)
def test_how_a_term_was_found(query, how, words):
    reason = only(explained(study(), query_cond=query))
    assert reason.holds
    assert (reason.evidence[0].how, reason.evidence[0].words) == (how, words)
    assert reason.evidence[0].piece == "Condition"
    assert reason.evidence[0].field == "condition"


def test_a_synonym_tells_its_source():
    (first, *_) = only(explained(study(), query_cond="gvhd")).evidence
    assert first.source == "trialist"
    assert first.stands_for == "gvhd"
    assert "synonym of “gvhd” (trialist), in condition" in first.sentence()


def test_parts_that_are_missing_are_named():
    reason = only(explained(study(), query_cond="graft unicorn"))
    assert not reason.holds
    assert reason.parts == (("graft", True), ("unicorn", False))
    text = explanation_text(explained(study(), query_cond="graft unicorn"))
    assert "“unicorn” is nowhere in these fields" in text


def test_filters_show_the_study_s_own_values():
    found = explained(study(), filter_overallStatus="COMPLETED")
    assert not found.holds
    (held,) = only(found).values
    assert (held.field, held.values) == ("overall status", ("RECRUITING",))
    missing = only(explained(study(), filter_advanced="AREA[EnrollmentCount]RANGE[5,MAX]"))
    assert missing.values[0].count == 0
    assert "has no value" in missing.values[0].sentence()
    sizes = only(explained(study(), filter_advanced="AREA[Condition:size]2"))
    assert sizes.holds
    assert sizes.values[0].values == ("2",)


def test_and_or_not_are_told_apart():
    reason = only(explained(study(), query_term="(unicorn OR graft) AND NOT unicorn"))
    assert (reason.joined, reason.holds) == ("and", True)
    either, neither = reason.operands
    assert [one.holds for one in either.operands] == [False, True]
    assert (neither.joined, neither.holds, neither.operands[0].holds) == ("not", True, False)


def sites(*named):
    return study(
        contactsLocationsModule={
            "locations": [
                {"facility": name, "city": "Boston", "status": status, "geoPoint": {"lat": lat, "lon": 0.0}}
                for name, status, lat in named
            ]
        }
    )


def test_distances_and_sites():
    one = sites(("A", "COMPLETED", 10.0), ("B", "RECRUITING", 20.0))
    near = only(explained(one, filter_geo="distance(10,0,5km)"))
    assert (near.holds, near.nearest_metres) == (True, 0.0)
    far = only(explained(one, filter_geo="distance(11,0,5km)"))
    assert not far.holds
    assert far.nearest_metres == pytest.approx(111_195, rel=0.001)
    query = "SEARCH[Location](AREA[LocationStatus]RECRUITING AND AREA[LocationCity]Boston)"
    found = only(explained(one, filter_advanced=query))
    assert (found.site_count, found.sites) == (1, ("B, Boston",))


def test_open_sites_are_one_part():
    one = sites(("A", "COMPLETED", 10.0), ("B", "RECRUITING", 20.0))
    asked = with_choices(read_params({}), Choices(near=GeoPoint(20.0, 0.0), within="5 km", open_sites=True))
    reason = only(explain(one, asked, THESAURUS))
    assert reason.holds
    assert reason.sites == ("B, Boston",)
    assert describe_request(asked) == (
        "Studies with a site that takes people now, within 5 km of latitude 20, longitude 0."
    )
    away = with_choices(read_params({}), Choices(near=GeoPoint(10.0, 0.0), within="5km", open_sites=True))
    assert not explain(one, away, THESAURUS).holds
    closed = sites(("B", "RECRUITING", 20.0))
    closed.record["protocolSection"]["statusModule"]["overallStatus"] = "COMPLETED"
    assert not explain(closed, asked, THESAURUS).holds


def test_open_is_what_the_public_view_calls_open():
    from trialist.views import public_sites

    assert set(OPEN_SITE_STATUSES) == public_sites._OPEN
    assert {*STATUSES_WITH_OPEN_SITES, ""} == public_sites._MAY_HAVE_OPEN_SITES


def test_nothing_asked_finds_every_study():
    found = explained(study())
    assert found.holds
    assert "Nothing was asked" in explanation_text(found)
    assert explanation_json(found)["reasons"] == []


def test_values_that_cannot_be_read_are_shown():
    odd = study(designModule={"phases": [7], "enrollmentInfo": {"count": "many"}})
    found = only(explained(odd, filter_advanced="AREA[EnrollmentCount]RANGE[5,MAX]"))
    assert "cannot be read" in found.values[0].sentence()
    assert not explained(odd, filter_advanced="AREA[Phase]PHASE2").holds


WORDS = ("gvhd", "steroid refractory", "leukemia", "phase 2", "NCT99000003", "quality of life", "cancer of the lung",
         "mesenchymal stromal cells", "germany", "placebo", "unicorn", "of the", "Hospital Berlin", '"acute gvhd"')  # fmt: skip


@pytest.mark.heavy
def test_the_explanation_says_what_the_judge_says():
    studies = list(map(Study.from_json, generate_studies(12, seed=3, start=0, as_of=DEFAULT_AS_OF)))
    assert len(studies) == 12
    for one in studies:
        for word in WORDS:
            for area in (
                "BasicSearch",
                "ConditionSearch",
                "EligibilitySearch",
                "BriefTitle",
                "LocationSearch",
            ):
                node = parse_query(word, default_area=area)
                reason = only(explained_in(one, node, area))
                assert reason.holds == matches(one.record, node, area, THESAURUS), (one.nct_id, word, area)
                said = bool(reason.evidence) and all(held for _, held in reason.parts)
                assert reason.holds == said, (one.nct_id, word, area)


def explained_in(one, node, area):
    from trialist.query import ParamQuery, StudyQuery

    return explain(one, StudyQuery(queries=(ParamQuery("term", area, node),)), THESAURUS)


def test_terms_of_a_request():
    query = read_params({"query.cond": "a AND NOT b", "filter.advanced": "AREA[Phase]PHASE2 AND c"})
    assert [(term.text, around.area) for term, around in terms_of(query)] == [
        ("a", "ConditionSearch"),
        ("c", "BasicSearch"),
    ]
    assert Around("Phase").has_words is False


@pytest.mark.parametrize(
    ("enum", "text", "value"),
    [
        ("Status", "recruiting", "RECRUITING"),
        ("Status", "Enrolling by invitation", "ENROLLING_BY_INVITATION"),
        ("Status", "not-yet", "NOT_YET_RECRUITING"),
        ("Status", "ACTIVE, not recruiting", "ACTIVE_NOT_RECRUITING"),
        ("Phase", "2", "PHASE2"),
        ("Phase", "early1", "EARLY_PHASE1"),
        ("Phase", "III", "PHASE3"),
        ("Phase", "n/a", "NA"),
        ("StudyType", "obs", "OBSERVATIONAL"),
    ],
)
def test_values_by_their_names(enum, text, value):
    assert value_named("--x", enum, text) == value


def test_choices_narrow_a_request():
    chosen = Choices(
        status="recruiting,not-yet", phase="1/2,3", study_type="int", sex="female", age="17", results="with"
    )
    filters = with_choices(read_params({}), chosen).filters
    assert len(filters) == 6
    phases = filters[1].operand
    assert isinstance(phases, Or)
    assert phases.operands == (And((Term("PHASE1"), Term("PHASE2"))), Term("PHASE3"))
    assert filters[3].operand == Or((Term("FEMALE"), Term("ALL")))
    assert with_choices(read_params({}), Choices(sex="female-only")).filters[0].operand == Term("FEMALE")
    assert with_choices(read_params({}), Choices(near=GeoPoint(1.5, 2.0))).filters == ()
    assert with_choices(read_params({}), Choices(near=GeoPoint(1.5, 2.0))).geo is not None
    assert not isinstance(filters[0], Not)


@pytest.mark.parametrize(
    "chosen",
    [
        Choices(status="frobnicating"),
        Choices(status="t"),
        Choices(status=","),
        Choices(phase="9"),
        Choices(study_type="x"),
        Choices(sex="neither"),
        Choices(age="old-ish"),
        Choices(results="maybe"),
        Choices(within="5km"),
        Choices(near=GeoPoint(0.0, 0.0), within="5 parsec"),
        Choices(near=GeoPoint(0.0, 0.0), within="-5km"),
    ],
)
def test_choices_that_there_are_not(chosen):
    from trialist.errors import InvalidParameterError

    with pytest.raises(InvalidParameterError) as caught:
        with_choices(read_params({}), chosen)
    assert caught.value.hint


def test_the_age_of_a_person():
    asked = with_choices(read_params({}), Choices(age="17"))
    for lowest, highest, expected in (
        ("18 Years", None, False),
        ("16 Years", "17 Years", True),
        (None, "16 Years", False),
        (None, None, True),
    ):
        bounds = {"minimumAge": lowest, "maximumAge": highest}
        one = study(eligibilityModule={key: value for key, value in bounds.items() if value})
        assert explain(one, asked, THESAURUS).holds is expected
