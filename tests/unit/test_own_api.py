"""The project's own API in this process: what it answers, that its document says the same, and how it refuses."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import quote, urlencode

import orjson
import pytest

from trialist import errors
from trialist.api.own_openapi import openapi_document, statuses_of
from trialist.api.own_parameters import MOST_HITS
from trialist.api.own_refusals import own_refusal
from trialist.api.own_routes import ROUTES
from trialist.api.own_schemas import SCHEMAS
from trialist.demo import generate_study
from trialist.query.facets import FACETS
from trialist.registry.criteria_index import build_criteria
from trialist.serving.application import Application
from trialist.serving.metrics import Meter, exposition
from trialist.serving.statuses import STATUSES

from support.loading import settings
from support.schemas import faults
from support.serving import Answer, application, ask, make_registry

ROOT = "/api/trialist/v1"
STUDIES = 140


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Application:
    directory: Path = tmp_path_factory.mktemp("own") / "registry"
    records = [orjson.dumps(generate_study(number, seed=11)) for number in range(STUDIES)]
    return application(make_registry(directory, *records), max_query_seconds=300.0)


@pytest.fixture(scope="module")
def nct_id(app: Application) -> str:
    found: str = get(app, "search", pageSize="1")["hits"][0]["nct_id"]
    return found


def address(path: str, **params: str) -> str:
    return f"{ROOT}/{path}?{urlencode({name.replace('__', '.'): text for name, text in params.items()})}"


def get(app: Application, path: str, **params: str):
    """The answer as JSON; it is what the document says."""
    found = ask(app, address(path, **params))
    assert found.status == 200, found.text
    route = next(one for one in ROUTES if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", one.path), f"/{path}"))
    problems = list(faults(found.json, SCHEMAS[route.schema], SCHEMAS))
    assert problems == []
    return found.json


def refused(app: Application, path: str, **params: str) -> dict[str, object]:
    found = ask(app, address(path, **params))
    assert list(faults(found.json, SCHEMAS["Error"], SCHEMAS)) == []
    return {"status": found.status, **found.json["error"]}


# Searches


def test_a_hit_tells_what_is_worth_knowing(app):
    found = get(app, "search", query__cond="gvhd", near="Munich", pageSize="5")
    assert found["total"] > 5
    assert found["query"].startswith("Studies that mention “gvhd”")
    assert found["near"]["place"].startswith("Munich")
    assert len(found["hits"]) == 5
    for hit in found["hits"]:
        assert hit["highlights"]
        assert hit["why"][0]["param"] == "query.cond"
        assert hit["why"][0]["because"]
        for one in hit["highlights"]:
            for start, end in one["spans"]:
                assert 0 <= start < end <= len(one["text"])
                assert one["text"][start:end].strip()
        if hit["open_sites"] and hit["nearest_open_site"]:
            assert hit["nearest_open_site"]["country"] in hit["open_countries"]


def test_what_is_not_wanted_is_not_told(app):
    (hit,) = get(app, "search", query__cond="gvhd", pageSize="1", highlights="false", why="false")["hits"]
    assert not {"highlights", "why", "explanation", "shared"} & set(hit)
    (hit,) = get(app, "search", query__cond="gvhd", pageSize="1", explain="true")["hits"]
    assert hit["explanation"]["found"] is True
    assert hit["explanation"]["reasons"][0]["evidence"]


def test_a_hit_says_the_same_whether_its_results_are_read_or_not(app):
    asked = {"query__term": "study OR disease", "near": "Munich", "pageSize": "100"}
    read, unread = (get(app, "search", **asked, why=why)["hits"] for why in ("true", "false"))
    assert len(read) == 100
    assert [{key: hit[key] for key in hit if key != "why"} for hit in read] == unread


def test_pages_give_every_study_once_and_end(app):
    seen, token = [], None
    while True:
        more = {"pageToken": token} if token else {}
        page = get(
            app, "search", query__term="disease", pageSize="20", why="false", highlights="false", **more
        )
        seen += [hit["nct_id"] for hit in page["hits"]]
        token = page["next_page"]
        if token is None:
            break
        assert len(page["hits"]) == 20
    assert len(seen) == len(set(seen)) == page["total"]
    exact = get(app, "search", filter__ids=",".join(seen[:20]), pageSize="20")
    assert exact["next_page"] is None, "behind a full page that is the last nothing follows"


def test_choices_mean_what_they_mean_on_the_command_line(app):
    found = get(app, "search", status="recruiting", phase="2,3", sort="start:desc", pageSize="100")
    assert found["hits"]
    assert {hit["overall_status"] for hit in found["hits"]} == {"RECRUITING"}
    assert all({"PHASE2", "PHASE3"} & set(hit["phases"]) for hit in found["hits"])
    near = get(app, "search", near="48.1,11.6", within="600km", openSites="true", pageSize="100")
    assert all(hit["nearest_open_site"]["metres"] <= 600_000 for hit in near["hits"])
    by_filter = get(app, "search", filter__geo="distance(48.1,11.6,600km)", pageSize="1")
    assert by_filter["near"] == {"lat": 48.1, "lon": 11.6, "place": None, "others": []}


def test_a_veto_holds_for_one_request(app):
    asked = {"filter__advanced": 'AREA[ConditionMeshTerm]"gvhd"', "pageSize": "1"}
    before = get(app, "search", **asked)["total"]
    assert before
    once = get(app, "search", **asked, veto="gvhd=graft vs host disease|gvhd=graft vs host")["total"]
    assert once < before
    assert get(app, "search", **asked)["total"] == before


def test_nothing_found_says_why(app):
    found = get(app, "search", query__term="gvhd unicorn", status="recruiting")
    assert (found["total"], found["hits"], found["next_page"]) == (0, [], None)
    assert found["suggestions"][0]["word"] == "unicorn"
    assert {row["part"] for row in found["costs"]} == {"query.term", "filter"}
    assert [row["without"] > 0 for row in found["costs"]].count(True) == 1


# Facets


def test_the_facets_of_a_search_and_those_alone_are_the_same(app):
    asked = {"query__cond": "gvhd", "facets": "phase,open-country,EnrollmentCount", "facetSize": "4"}
    alone = get(app, "facets", **asked)
    assert get(app, "search", **asked)["facets"] == alone["facets"]
    assert [one["name"] for one in alone["facets"]] == ["phase", "open-country", "EnrollmentCount"]
    assert all(len(one["values"]) <= 4 for one in alone["facets"])


@pytest.mark.parametrize("name", FACETS)
def test_a_facet_s_filter_finds_what_was_counted(app, name):
    asked = {"query__term": "disease", "type": "interventional"}
    (facet,) = get(app, "facets", **asked, facets=name, facetSize="3")["facets"]
    if facet["left_out"]:
        asked.pop("type")
    for one in facet["values"]:
        found = get(app, "search", **asked, filter__advanced=one["filter"], pageSize="1")
        assert found["total"] == one["count"]
    if facet["missing_filter"]:
        found = get(app, "search", **asked, filter__advanced=facet["missing_filter"], pageSize="1")
        assert found["total"] == facet["missing"]


def test_without_names_the_usual_facets_are_counted(app):
    found = get(app, "facets")
    assert found["total"] == STUDIES
    assert {"status", "phase", "open-country"} <= {one["name"] for one in found["facets"]}
    (status,) = (one for one in get(app, "facets", status="recruiting")["facets"] if one["name"] == "status")
    assert status["left_out"] == ["AREA[OverallStatus]RECRUITING"]
    assert [one["value"] for one in status["values"] if one["chosen"]] == ["RECRUITING"]
    assert status["studies"] == STUDIES


# One study


def test_views_are_those_of_the_command_line(app, nct_id):
    public = get(app, f"studies/{nct_id.lower()}/views/public", asOf="2026-01-01", near="Munich")
    assert (public["view"], public["nctId"], public["no_longer_in_the_registry"]) == ("public", nct_id, False)
    assert public["near"]["place"].startswith("Munich")
    record = get(app, f"studies/{nct_id}/views/record")
    assert record["view"] == "record"
    assert record["sections"]


def test_every_view_of_every_study_is_what_the_document_says(app):
    for hit in get(app, "search", pageSize="100", why="false", highlights="false")["hits"][:40]:
        get(app, f"studies/{hit['nct_id']}/views/public", asOf="2026-01-01")
        get(app, f"studies/{hit['nct_id']}/views/record")


def test_similar_studies(app, nct_id):
    found = get(app, f"studies/{nct_id}/similar", most="5")
    assert found["similar_to"] == nct_id
    scores = [hit["score"] for hit in found["hits"]]
    assert scores == sorted(scores, reverse=True)
    assert all(hit["shared"] for hit in found["hits"])
    among = get(app, f"studies/{nct_id}/similar", most="50", status="completed")
    assert {hit["overall_status"] for hit in among["hits"]} == {"COMPLETED"}


def test_a_study_that_there_is_not(app):
    for path in ("views/public", "views/record", "similar"):
        found = refused(app, f"studies/NCT99999999/{path}")
        assert (found["status"], found["code"]) == (404, "study_not_found")
        assert "NCT99" in str(found["hint"])
        assert refused(app, f"studies/frob/{path}")["status"] == 400


# Typing ahead


def test_names_are_completed(app):
    found = get(app, "suggest", q="graft", most="3")["suggestions"]
    assert found[0]["kind"] == "condition"
    assert "raft" in found[0]["text"]
    assert found[0]["studies"] > 0
    kinds = {one["kind"] for one in get(app, "suggest", q="a")["suggestions"]}
    assert kinds == {"condition", "intervention", "place", "sponsor"}
    only = get(app, "suggest", q="a", kinds="place", most="2")["suggestions"]
    assert [one["kind"] for one in only] == ["place", "place"]
    assert get(app, "suggest", q="  ")["suggestions"] == []
    assert get(app, "suggest")["suggestions"] == []


def test_a_completion_can_be_searched(app):
    for one in get(app, "suggest", q="g", most="3", kinds="condition,intervention,sponsor")["suggestions"]:
        total = get(app, "search", **{one["parameter"]: one["text"]}, pageSize="1")["total"]
        assert total >= one["studies"] > 0, one
    (place,) = get(app, "suggest", q="munich", kinds="place", most="1")["suggestions"]
    found = get(app, "search", near=place["text"], within="50km", pageSize="1")
    assert found["total"] >= place["studies"]


# What holds for all paths


def test_what_is_not_known_is_refused_with_a_way_out(app):
    found = refused(app, "search", query__con="x")
    assert (found["status"], found["code"]) == (400, "invalid_parameter")
    assert "query.cond" in str(found["hint"])
    assert refused(app, "health", frob="1")["hint"] == "There are none here."
    assert refused(app, "facets", facets="frob")["code"] == "invalid_parameter"
    assert "start-year" in str(refused(app, "facets", facets="frob")["hint"])
    twice = ask(app, f"{ROOT}/search?status=recruiting&status=completed")
    assert (twice.status, "twice" in twice.text) == (400, True)


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"pageSize": "0"}, "pageSize"),
        ({"pageSize": str(MOST_HITS + 1)}, "pageSize"),
        ({"pageSize": "ten"}, "pageSize"),
        ({"why": "maybe"}, "why"),
        ({"asOf": "yesterday"}, "asOf"),
        ({"asOf": "2026-02-30"}, "asOf"),
        ({"status": "frob"}, "status:"),
        ({"within": "50km"}, "within needs a place"),
        ({"near": "48.1,11.6", "within": "far"}, "within is"),
        ({"near": "91,0"}, "near is"),
        ({"near": "Frobville"}, "Frobville"),
        ({"veto": "gvhd"}, "veto"),
        ({"facets": "status", "facetSize": "-1"}, "facetSize"),
        ({"pageToken": "frob"}, "page token"),
        ({"sort": "a,b,c"}, "sort"),
    ],
)
def test_a_value_that_cannot_be_read_is_told_by_its_name(app, params, said):
    found = refused(app, "search", **params)
    assert found["status"] == 400
    assert said in str(found["message"])
    assert "--" not in str(found["message"]) + str(found["hint"]), "that is how the command line writes it"


def test_a_syntax_error_points_into_the_text(app):
    found = refused(app, "search", query__cond="gvhd AND (acute")
    assert found["code"] == "query_syntax"
    assert found["where"] == {"parameter": "query.cond", "text": "gvhd AND (acute", "start": 9, "end": 10}


@pytest.mark.parametrize("kind", STATUSES)
def test_every_error_has_a_status_and_the_one_shape(kind):
    made = {
        errors.QuerySyntaxError: lambda: errors.QuerySyntaxError(
            "no", 1, 2, text="a\ud800b", parameter="query.term"
        ),
        errors.UnknownFieldError: lambda: errors.UnknownFieldError("Frob", ("Phase",)),
        errors.StudyNotFoundError: lambda: errors.StudyNotFoundError("NCT00000001"),
    }.get(kind, lambda: kind("no", hint="yes"))()
    found = own_refusal(made)
    document = json.loads(found.body)
    assert found.status_code == STATUSES[kind]
    assert list(faults(document, SCHEMAS["Error"], SCHEMAS)) == []
    assert document["error"]["code"] == kind.code
    assert ("where" in document["error"]) == (kind is errors.QuerySyntaxError)
    assert ("retry-after" in found.headers) == (found.status_code == 503)


def test_no_error_is_without_a_status():
    kinds = {
        one
        for one in vars(errors).values()
        if isinstance(one, type) and issubclass(one, errors.TrialistError)
    }
    assert kinds - {errors.TrialistError} == set(STATUSES)


@pytest.mark.parametrize(
    ("target", "method", "status", "code"),
    [
        (f"{ROOT}/frob", "GET", 404, "no_such_path"),
        (ROOT, "GET", 404, "no_such_path"),
        (f"{ROOT}/search/", "POST", 405, "no_such_method"),
        (f"{ROOT}/../v1/%00", "GET", 404, "no_such_path"),
        (f"{ROOT}/search?query.term={'a' * 70_000}", "GET", 414, "address_too_long"),
        (f"{ROOT}/search?query.term=%ff", "GET", 400, "invalid_parameter"),
    ],
)
def test_refusals_before_any_route_have_the_same_shape(app, target, method, status, code):
    found = ask(app, target, method=method)
    assert (found.status, found.headers["content-type"]) == (status, "application/json")
    assert found.json["error"]["code"] == code


def test_a_bug_is_told_by_an_id(app, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(type(app.serving.now.finder), "complete", broken)
    found = ask(app, f"{ROOT}/suggest?q=a")
    assert (found.status, found.json["error"]["code"]) == (500, "bug")
    assert "secret" not in found.text
    assert re.fullmatch("[0-9a-f]{12}", found.json["error"]["hint"])


def test_the_head_of_an_answer_is_that_of_get(app):
    found = ask(app, f"{ROOT}/suggest?q=a", method="HEAD")
    assert (found.status, found.headers["content-type"]) == (200, "application/json")
    assert found.headers["access-control-allow-origin"] == "*"


# Documents


def test_the_document_is_made_of_the_tables(app):
    document = ask(app, f"{ROOT}/openapi.json").json
    assert document == json.loads(json.dumps(openapi_document()))
    assert document["openapi"] == "3.1.0"
    assert list(document["paths"]) == [route.full_path for route in ROUTES]
    for route in ROUTES:
        operation = document["paths"][route.full_path][route.method]
        assert [one["name"] for one in operation.get("parameters", [])] == [
            one.name for one in route.parameters
        ]
        assert {"200", *map(str, statuses_of(route))} == set(operation["responses"])
    referred = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))
    assert referred == set(SCHEMAS), "every schema is there and used"


def test_the_page_loads_nothing_and_names_everything(app):
    found = ask(app, f"{ROOT}/docs")
    assert found.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in found.headers["content-security-policy"]
    assert not re.search(r"<script|<link|<img|<iframe|url\(|@import|https?:", found.text)
    for route in ROUTES:
        assert route.full_path in found.text
        for parameter in route.parameters:
            assert f"<code>{parameter.name}</code>" in found.text
    ids = re.findall(r' id="([^"]+)"', found.text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', found.text)) <= set(ids)


def test_the_examples_of_the_documents_are_answered(app):
    for route in ROUTES:
        if route.example:
            found = ask(app, f"{route.full_path}?{quote(route.example, safe='=&,:')}")
            assert found.status == 200, found.text


def test_the_examples_of_the_how_to_are_answered(app):
    text = (Path(__file__).resolve().parents[2] / "docs" / "how-to" / "use-the-api.md").read_text()
    targets = re.findall(r"\$ curl 'http://127\.0\.0\.1:8000([^']+)'", text)
    assert len(targets) > 10
    for target in targets:
        found = ask(app, target)
        assert found.status == 200, (target, found.text)
    told = {name for route in ROUTES for name in re.findall(r"v1/\w+|views/\w+", route.full_path)}
    assert told - {"v1/studies", "v1/docs", "v1/openapi"} <= set(re.findall(r"v1/\w+|views/\w+", text))


# Figures


def test_health(app):
    found = get(app, "health")
    assert (found["status"], found["studies"]) == ("ok", STUDIES)


def parsed(found: Answer) -> dict[str, float]:
    """Samples by their names with labels; every line is one or a comment that stands before its family."""
    samples = {}
    families = set()
    for line in found.text.splitlines():
        if line.startswith("# TYPE "):
            families.add(line.split()[2])
            continue
        if line.startswith("# HELP "):
            continue
        form = re.fullmatch(r'([a-z_]+)(\{[a-z_]+="[^"]*"(?:,[a-z_]+="[^"]*")*\})? ([0-9.e+-]+)', line)
        assert form, line
        assert form[1] in families or re.sub("_(bucket|sum|count)$", "", form[1]) in families
        samples[form[1] + (form[2] or "")] = float(form[3])
    return samples


def test_metrics_count_by_route_and_say_nothing_of_what_was_asked(app):
    sample = f'trialist_requests_total{{route="{ROOT}/studies/{{nct}}/similar",status="404"}}'
    before = parsed(ask(app, f"{ROOT}/metrics")).get(sample, 0)
    ask(app, f"{ROOT}/studies/NCT99999998/similar?query.term=secretdisease")
    found = ask(app, f"{ROOT}/metrics")
    after = parsed(found)
    assert after[sample] == before + 1
    assert "secretdisease" not in found.text
    assert "NCT99999998" not in found.text
    assert after["trialist_studies"] == STUDIES
    for name, value in after.items():
        if name.startswith("trialist_request_seconds_count"):
            label = name[name.index("{") + 1 : -1]
            assert after[f'trialist_request_seconds_bucket{{{label},le="+Inf"}}'] == value


def test_workers_are_summed(tmp_path):
    meters = [Meter(tmp_path) for _ in range(3)]
    for place, meter in enumerate(meters):
        meter.open(["/a", "/b"])
        for _ in range(place + 1):
            meter.count("/a", 200, 0.003, 10)
    meters[0].count("/b", 418, 99.0, 1)
    meters[0].count("/nowhere", 404, 0.0, 1)
    text = exposition(meters[1], {}, {})
    assert 'trialist_requests_total{route="/a",status="200"} 6\n' in text
    assert 'trialist_requests_total{route="/b",status="other"} 1\n' in text
    assert 'trialist_requests_total{route="",status="404"} 1\n' in text
    assert 'trialist_request_seconds_bucket{route="/a",le="0.0025"} 0\n' in text
    assert 'trialist_request_seconds_bucket{route="/a",le="0.005"} 6\n' in text
    assert 'trialist_request_seconds_bucket{route="/b",le="10"} 0\n' in text
    assert 'trialist_request_seconds_bucket{route="/b",le="+Inf"} 1\n' in text
    assert 'trialist_answer_bytes_total{route="/a"} 60\n' in text
    assert "trialist_workers 1\n" in text


# Criteria


def test_the_criteria_of_a_study_are_what_the_schema_says(app):
    hits = get(app, "search", pageSize="60")["hits"]
    seen = set()
    for hit in hits:
        found = get(app, f"studies/{hit['nct_id']}/criteria")
        assert found["nct_id"] == hit["nct_id"]
        for one in found["criteria"]:
            assert one["spans"]
            seen.add(one["expr"]["type"])
    assert {"demographic", "and", "or"} <= seen


def test_criteria_that_are_not_parsed_find_nothing_and_say_the_way_out(app):
    found = refused(app, "search", requires="ECOG <= 2")
    assert found["status"] == 503
    assert "trialist index" in str(found["hint"])


def test_what_cannot_be_asked_of_criteria_is_refused(app):
    found = refused(app, "search", allows="unicorns 3 mg")
    assert (found["status"], found["code"]) == (400, "invalid_parameter")
    assert str(found["message"]).startswith("allows: ")


def test_the_registrys_own_paths_do_not_know_areas_over_criteria(app):
    expression = quote("AREA[CriterionAllows]pregnant")
    found = ask(app, f"/api/v2/studies?filter.advanced={expression}")
    assert found.status == 400
    assert "Unknown area name: `CriterionAllows`" in found.text


@pytest.fixture(scope="module")
def parsed_app(tmp_path_factory: pytest.TempPathFactory) -> Application:
    """A few studies whose criteria have been parsed."""
    directory: Path = tmp_path_factory.mktemp("parsed") / "registry"
    make_registry(directory, *(orjson.dumps(generate_study(number, seed=11)) for number in range(12)))
    build_criteria(settings(directory))
    return application(directory)


def test_searches_and_facets_over_criteria(parsed_app):
    every = get(parsed_app, "search", pageSize="12", facets="criterion-variable,excluded-concept")
    by_name = {facet["name"]: facet for facet in every["facets"]}
    ages = next(one for one in by_name["criterion-variable"]["values"] if one["value"] == "age")
    found = get(parsed_app, "search", filter__advanced=ages["filter"], pageSize="12")
    assert found["total"] == ages["count"] > 0
    for one in by_name["excluded-concept"]["values"]:
        assert get(parsed_app, "search", filter__advanced=one["filter"])["total"] == one["count"]
    allowed = get(parsed_app, "search", allows="age 40 years", pageSize="12")
    excluded = get(parsed_app, "search", excludes="age 40 years", pageSize="12")
    assert allowed["total"] + excluded["total"] <= 12
    assert allowed["query"].startswith("Studies whose criteria definitely allow")
    assert all(hit["why"][0]["because"] for hit in allowed["hits"])  # a criterion, or the registry's own ages
    assert allowed["notes"] == []
    both = get(parsed_app, "search", allows="age 40 years|age 41 years")
    assert both["total"] <= allowed["total"]


def test_kept_criteria_are_those_that_are_parsed_now(app, parsed_app):
    for hit in get(parsed_app, "search", pageSize="12")["hits"]:
        kept, parsed = (get(one, f"studies/{hit['nct_id']}/criteria") for one in (parsed_app, app))
        # Codes of names come from each registry's own vocabulary; all else is the same.
        for one in (kept, parsed):
            one["criteria"] = [(each["id"], each["text"], each["plain"]) for each in one["criteria"]]
        assert kept == parsed
