"""The demo registry: the same bytes, everything there is, nothing that contradicts itself, and the mark."""

import hashlib
import json
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from importlib.resources import files
from itertools import pairwise
from typing import Any

import orjson
import pytest

from trialist.demo import (
    DEFAULT_AS_OF,
    FIRST_NUMBER,
    generate_criteria,
    generate_studies,
    generate_study,
)
from trialist.demo.draw import Draw, Quantiles, Weighted, mix
from trialist.demo.text import Compiler, quoted_phrase, render, sealed, strung
from trialist.errors import InvalidParameterError

# Changing what the demo makes is allowed, and then this changes; the same code must never make other bytes.
FIRST_200 = "1f7c85ca5a6a9ae270402e9f88d25e5092c95d742eaa0dac4a0d5b1371eb8885"
SAMPLE = 2500
CATALOGUE = files("trialist.record") / "catalogue"


@pytest.fixture(scope="module")
def studies() -> list[dict[str, Any]]:
    return [generate_study(number) for number in range(SAMPLE)]


def protocols(studies: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    return (study["protocolSection"] for study in studies)


def first_day(text: str) -> date:
    return date.fromisoformat((text + "-01-01")[:10])


def last_day(text: str) -> date:
    if len(text) == 4:
        return date(int(text), 12, 31)
    if len(text) == 7:
        return (first_day(text) + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return date.fromisoformat(text)


def test_the_same_seed_gives_the_same_bytes_everywhere() -> None:
    digest = hashlib.sha256(b"\n".join(generate_studies(200)))
    assert digest.hexdigest() == FIRST_200


def test_a_study_depends_on_seed_number_and_day_alone() -> None:
    whole = list(generate_studies(60))
    assert list(generate_studies(10, start=50)) == whole[50:]
    assert orjson.dumps(generate_study(37)) == whole[37]
    assert list(generate_studies(20, seed=1, start=20)) != whole[20:40]
    assert orjson.dumps(generate_study(37, as_of=date(2025, 1, 1))) != whole[37]


def test_another_process_asking_in_another_order_gets_the_same_bytes() -> None:
    code = (
        "import sys, hashlib; from trialist.demo import generate_studies as g; a = list(g(20, start=180)); "
        "b = list(g(180)); sys.stdout.write(hashlib.sha256(b'\\n'.join(b + a)).hexdigest())"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == FIRST_200


def test_importing_reads_no_table() -> None:
    code = (
        "import sys, trialist.demo, trialist.demo.tables as t, trialist.demo.criteria as c; "
        "assert not t.figures.cache_info().currsize and not c._grammar.cache_info().currsize"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_lines_are_compact_json_in_utf8_without_line_ends() -> None:
    for number, line in enumerate(generate_studies(100)):
        assert b"\n" not in line
        assert orjson.loads(line) == generate_study(number)
        assert json.dumps(json.loads(line), ensure_ascii=False, separators=(",", ":")).encode() == line


@pytest.mark.parametrize(("count", "start"), [(1_000_001, 0), (1, 1_000_000), (-1, 0), (1, -1)])
def test_more_than_eight_digits_is_refused_at_once(count: int, start: int) -> None:
    with pytest.raises(InvalidParameterError, match="no studies"):
        generate_studies(count, start=start)


def test_a_study_out_of_range_is_refused() -> None:
    with pytest.raises(InvalidParameterError):
        generate_study(1_000_000)
    with pytest.raises(InvalidParameterError):
        generate_study(-1)
    with pytest.raises(InvalidParameterError, match="as_of"):
        generate_study(0, as_of=date(1999, 1, 1))


def test_the_last_study_has_the_last_id() -> None:
    assert generate_study(999_999)["protocolSection"]["identificationModule"]["nctId"] == "NCT99999999"


@pytest.mark.heavy
def test_every_field_and_every_enum_value_occurs() -> None:
    rows = json.loads((CATALOGUE / "fields.json").read_text(encoding="utf-8"))["fields"]
    wanted = {row["path"] for row in rows if not row.get("indexed_only")}
    enums = {
        row["path"]: row["type"].removesuffix("[]") for row in rows if row.get("isEnum") or row.get("enum")
    }
    assert len(wanted) == 454
    assert len(enums) > 40
    seen: set[str] = set()
    values: dict[str, set[str]] = defaultdict(set)

    def walk(value: Any, path: str) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                inner_path = f"{path}.{key}" if path else key
                seen.add(inner_path)
                walk(inner, inner_path)
        elif isinstance(value, list):
            for inner in value:
                walk(inner, path)
        elif path in enums:
            values[enums[path]].add(value)

    all_values = {
        row["type"]: {value["value"] for value in row["values"]}
        for row in json.loads((CATALOGUE / "enums.json").read_text(encoding="utf-8"))["enums"]
    }
    for number in range(20_000):
        walk(generate_study(number), "")
        if number % 1000 == 999 and wanted <= seen and values == all_values:
            break
    assert wanted - seen == set()
    assert values == all_values


def test_keys_stand_in_the_registrys_order(studies: list[dict[str, Any]]) -> None:
    order = json.loads((CATALOGUE / "key_order.json").read_text(encoding="utf-8"))["objects"]

    def walk(value: Any, path: str) -> None:
        if isinstance(value, dict):
            known = order[path]
            assert sorted(value, key=known.index) == list(value), path
            for key, inner in value.items():
                walk(inner, f"{path}.{key}" if path else key)
        elif isinstance(value, list):
            for inner in value:
                walk(inner, path)

    for study in studies[:1500]:
        walk(study, "")


def test_every_study_says_that_it_is_invented(studies: list[dict[str, Any]]) -> None:
    for number, one in enumerate(protocols(studies)):
        ids = one["identificationModule"]
        assert ids["nctId"] == f"NCT{FIRST_NUMBER + number}"
        assert ids["briefTitle"].startswith("[Invented] ")
        assert ids["organization"]["fullName"].endswith("(invented)")
        assert all(alias.startswith("NCT98") for alias in ids.get("nctIdAliases", ()))
        assert one["sponsorCollaboratorsModule"]["leadSponsor"]["name"].endswith("(invented)")
        assert one["descriptionModule"]["briefSummary"].startswith("This study is invented")
        assert "nobody can take part" in one["descriptionModule"]["briefSummary"]


def test_nobody_can_be_reached(studies: list[dict[str, Any]]) -> None:
    def walk(value: Any) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                if key == "phone":
                    assert inner.startswith("555-01")
                    assert len(inner) == 8
                elif key == "email":
                    assert inner.endswith("@example.org")
                elif key in ("url", "link"):
                    assert inner.startswith("https://example.org/")
                else:
                    walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    for study in studies:
        walk(study)


def test_dates_stand_in_order_and_not_after_the_day(studies: list[dict[str, Any]]) -> None:
    forms: Counter[int] = Counter()
    for one in protocols(studies):
        state = one["statusModule"]
        steps = [state["studyFirstSubmitDate"], state["studyFirstSubmitQcDate"]]
        steps.append(state["studyFirstPostDateStruct"]["date"])
        assert steps == sorted(steps)
        assert state["studyFirstSubmitQcDate"] <= state["lastUpdateSubmitDate"]
        assert (
            state["lastUpdateSubmitDate"]
            <= state["lastUpdatePostDateStruct"]["date"]
            <= DEFAULT_AS_OF.isoformat()
        )
        course = [
            state.get(name)
            for name in ("startDateStruct", "primaryCompletionDateStruct", "completionDateStruct")
        ]
        days = [struct for struct in course if struct]
        for earlier, later in pairwise(days):
            assert first_day(earlier["date"]) <= last_day(later["date"])
        for struct in days:
            forms[len(struct["date"])] += 1
            if struct.get("type") == "ACTUAL":
                assert first_day(struct["date"]) <= DEFAULT_AS_OF
        if "resultsFirstSubmitDate" in state:
            results = [state["resultsFirstSubmitDate"], state["resultsFirstSubmitQcDate"]]
            results.append(state["resultsFirstPostDateStruct"]["date"])
            assert results == sorted(results)
            assert results[-1] <= state["lastUpdatePostDateStruct"]["date"]
    assert set(forms) == {4, 7, 10}


def test_statuses_agree_with_the_rest(studies: list[dict[str, Any]]) -> None:
    seen: Counter[str] = Counter()
    for study in studies:
        one = study["protocolSection"]
        state = one["statusModule"]
        status = state["overallStatus"]
        seen[status] += 1
        assert (status == "UNKNOWN") == ("lastKnownStatus" in state)
        assert ("whyStopped" in state) == (status in ("TERMINATED", "WITHDRAWN", "SUSPENDED"))
        assert study["hasResults"] == ("resultsSection" in study) == ("resultsFirstSubmitDate" in state)
        if status == "WITHHELD":
            assert set(one) < {*one, "designModule"}
            continue
        enrollment = one["designModule"].get("enrollmentInfo", {})
        if status == "WITHDRAWN" and enrollment:
            assert enrollment == {"count": 0, "type": "ACTUAL"}
        if status == "NOT_YET_RECRUITING" and one["designModule"]["studyType"] != "EXPANDED_ACCESS":
            assert last_day(state["startDateStruct"]["date"]) >= DEFAULT_AS_OF
        if status == "COMPLETED" and "completionDateStruct" in state:
            assert first_day(state["completionDateStruct"]["date"]) <= DEFAULT_AS_OF
        if status == "UNKNOWN":
            quiet = DEFAULT_AS_OF - date.fromisoformat(state["lastUpdateSubmitDate"])
            assert quiet.days > 730
    assert min(seen[name] for name in ("COMPLETED", "RECRUITING", "UNKNOWN", "TERMINATED", "WITHDRAWN")) > 40


def test_ages_agree_with_the_age_groups(studies: list[dict[str, Any]]) -> None:
    for one in protocols(studies):
        rules = one.get("eligibilityModule")
        if rules and rules.get("minimumAge") == "18 Years":
            assert "CHILD" not in rules["stdAges"]
            assert "ADULT" in rules["stdAges"]
        if rules and not rules.get("minimumAge"):
            assert rules["stdAges"][0] == "CHILD"
        if rules and not rules.get("maximumAge"):
            assert rules["stdAges"][-1] == "OLDER_ADULT"


def test_arms_and_interventions_name_one_another(studies: list[dict[str, Any]]) -> None:
    for one in protocols(studies):
        module = one.get("armsInterventionsModule", {})
        labels = [arm["label"] for arm in module.get("armGroups", ())]
        assert len(set(labels)) == len(labels)
        names = {row["name"] for row in module.get("interventions", ())}
        for row in module.get("interventions", ()):
            assert set(row.get("armGroupLabels", ())) <= set(labels)
        for arm in module.get("armGroups", ()):
            assert {name.split(": ", 1)[1] for name in arm.get("interventionNames", ())} <= names


def test_results_add_up(studies: list[dict[str, Any]]) -> None:
    reported = [study for study in studies if study["hasResults"]]
    assert 0.08 < len(reported) / len(studies) < 0.2
    for study in reported:
        one = study["protocolSection"]
        results = study["resultsSection"]
        labels = [arm["label"] for arm in one["armsInterventionsModule"].get("armGroups", ())]
        flow = results["participantFlowModule"]
        if labels:
            assert [group["title"] for group in flow["groups"]] == labels[: len(flow["groups"])]
        started = [int(row["numSubjects"]) for row in flow["periods"][0]["milestones"][0]["achievements"]]
        if "enrollmentInfo" in one["designModule"]:
            assert sum(started) == one["designModule"]["enrollmentInfo"]["count"]
        for period in flow["periods"]:
            by_type = {
                row["type"]: [int(cell["numSubjects"]) for cell in row["achievements"]]
                for row in period["milestones"]
            }
            both = zip(by_type["COMPLETED"], by_type["NOT COMPLETED"], strict=True)
            assert [done + lost for done, lost in both] == by_type["STARTED"]
            reasons = [
                [int(cell["numSubjects"]) for cell in row["reasons"]]
                for row in period.get("dropWithdraws", ())
            ]
            if reasons:
                assert [sum(column) for column in zip(*reasons, strict=True)] == by_type["NOT COMPLETED"]
        counts = results["baselineCharacteristicsModule"]["denoms"][0]["counts"]
        assert [int(cell["value"]) for cell in counts[: len(started)]] == started
        events = results["adverseEventsModule"]
        for group in events["eventGroups"]:
            assert group["seriousNumAffected"] <= group["seriousNumAtRisk"]
            assert group.get("deathsNumAffected", 0) <= group["otherNumAtRisk"]
        for row in (*events.get("seriousEvents", ()), *events.get("otherEvents", ())):
            assert all(cell["numAffected"] <= cell["numAtRisk"] for cell in row["stats"])
        terms = [row["term"] for row in events.get("otherEvents", ())]
        assert len(set(terms)) == len(terms)


def test_the_sizes_follow_the_real_ones(studies: list[dict[str, Any]]) -> None:
    sizes = sorted(len(orjson.dumps(study)) for study in studies)
    criteria = sorted(
        len(one.get("eligibilityModule", {}).get("eligibilityCriteria", "")) for one in protocols(studies)
    )
    sites = sorted(
        len(one.get("contactsLocationsModule", {}).get("locations", ())) for one in protocols(studies)
    )
    middle, high = len(studies) // 2, int(len(studies) * 0.95)
    assert 8_000 < sizes[middle] < 12_500
    assert 40_000 < sizes[high] < 100_000
    assert 14_000 < sum(sizes) / len(sizes) < 21_000
    assert 1_000 < criteria[middle] < 1_400
    assert 4_500 < criteria[high] < 6_700
    assert sites[middle] == 1
    assert 25 < sites[high] < 90


def test_the_truth_about_criteria_is_about_the_text() -> None:
    kinds: Counter[str] = Counter()
    phenomena: Counter[str] = Counter()
    for number in range(1200):
        found = generate_criteria(number)
        rules = generate_study(number)["protocolSection"].get("eligibilityModule", {})
        assert rules.get("eligibilityCriteria", found.text) == found.text
        end = 0
        for statement in found.statements:
            assert end <= statement.start < statement.end <= len(found.text)
            text = found.text[statement.start : statement.end]
            assert text == text.strip()
            assert not text.startswith(("* ", "\n"))
            assert statement.polarity in ("INCLUSION", "EXCLUSION")
            end = statement.end
            kinds[statement.kind] += 1
            phenomena.update(statement.phenomena)
    assert len(kinds) >= 30
    wanted = {"run_in", "glued", "degraded", "deleted", "entities", "fullwidth", "lost_exponent", "duplicate"}
    wanted |= {
        "contradiction",
        "inverted",
        "nested",
        "tail",
        "window",
        "exception",
        "range",
        "or",
        "and",
        "example",
    }
    wanted |= {"n_of", "conditional", "negation", "causal_negation", "see_protocol", "permissive", "donor"}
    wanted |= {"caregiver", "definition", "no_comparator"}
    assert wanted - set(phenomena) == set()


def test_the_showcase_is_what_new_users_are_shown(studies: list[dict[str, Any]]) -> None:
    shown = [study["protocolSection"] for study in studies[:10]]
    first = shown[0]
    assert first["conditionsModule"]["conditions"][0] == "SR-aGVHD"
    assert first["statusModule"]["overallStatus"] == "RECRUITING"
    assert len(first["contactsLocationsModule"]["locations"]) == 6
    assert first["armsInterventionsModule"]["armGroups"][0]["description"].count(";") == 4
    assert " 2.4-70 years;" in first["eligibilityModule"]["eligibilityCriteria"]
    assert "\\>3\\*upper limit of normal(ULN)" in first["eligibilityModule"]["eligibilityCriteria"]
    assert "eligibilityCriteria" not in shown[1]["eligibilityModule"]
    assert studies[2]["hasResults"]
    assert "analyses" in orjson.dumps(studies[2]["resultsSection"]).decode()
    assert shown[3]["designModule"]["studyType"] == "EXPANDED_ACCESS"
    assert shown[4]["designModule"]["patientRegistry"] is True
    statuses = [one["statusModule"]["overallStatus"] for one in shown]
    assert statuses[1] == "NOT_YET_RECRUITING"
    assert statuses[5:8] == ["WITHDRAWN", "TERMINATED", "UNKNOWN"]
    assert "unpostedAnnotation" in studies[8]["annotationSection"]["annotationModule"]
    assert len(shown[9]["contactsLocationsModule"]["locations"]) > 1000


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_showcase_holds_for_other_seeds_and_days(seed: int) -> None:
    for as_of in (date(2022, 2, 1), date(2031, 7, 7)):
        statuses = [
            generate_study(number, seed=seed, as_of=as_of)["protocolSection"]["statusModule"]["overallStatus"]
            for number in range(10)
        ]
        assert statuses[:2] == ["RECRUITING", "NOT_YET_RECRUITING"]
        assert statuses[5:8] == ["WITHDRAWN", "TERMINATED", "UNKNOWN"]


def test_mixing_is_pinned_because_every_byte_hangs_on_it() -> None:
    assert mix(0, 0) != mix(0, 1) != mix(1, 0)
    assert 0 <= mix(-1, 10**20) < 2**64


def test_draws_keep_to_their_tables() -> None:
    draw = Draw(7)
    table = Weighted([("often", 99), ("never", 0), ("rarely", 1e-9)])
    assert set(table.bins) == {"often", "rarely"}
    assert draw.weighted(table) in ("often", "rarely")
    measured = Quantiles([0, 0.5, 1], [0, 10, 100])
    values = [draw.measured(measured) for _ in range(500)]
    assert 0 <= min(values) <= max(values) <= 100
    assert draw.some("abcdef", 0) == []
    assert len(set(draw.some("abcdef", 9))) == 6
    assert {draw.between(2, 3) for _ in range(50)} == {2, 3}


def test_a_draw_started_again_goes_on_as_a_new_one_would() -> None:
    used, new = Draw(1, 2), Draw(3, 4)
    used.unit()
    used.restart(3, 4)
    assert [used.unit() for _ in range(700)] == [new.unit() for _ in range(700)]


def test_phrases_are_strung_together_blanks_and_all() -> None:
    context = ["GVHD", "GVHD", "MSC", *[""] * 7]
    one, two = sealed(("for ", 0)), sealed((2, ' "twice" for ', 0))
    assert render(strung((one, "100%", two), ", "), context) == 'for GVHD, 100%, MSC "twice" for GVHD'
    assert strung(("one", "two"), "-") == "one-two"
    assert render(quoted_phrase(two), context) == 'MSC \\"twice\\" for GVHD'


def test_templates_are_written_out() -> None:
    compiler = Compiler({"what": ["x > {1|2}", "for {@condition}"]}, markup=True)
    context = ["GVHD", *[""] * 9]
    texts = {render(sealed(draught), context) for draught in compiler.choices("what")}
    assert "for GVHD" in texts
    assert texts <= {"for GVHD", "x \\> 1", "x \\> 2"}


@pytest.mark.parametrize("template", ["{unknown}", "{a|b", "text }"])
def test_a_template_that_cannot_be_read_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match=r"braces|no list"):
        Compiler({"list": [template]}).choices("list")
