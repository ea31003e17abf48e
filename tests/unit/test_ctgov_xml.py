from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialist.errors import Level, Where
from trialist.record import Study
from trialist.record.catalogue import fields_by_path, order_keys, walk_leaves
from trialist.record.check import check
from trialist.sources.ctgov_xml import convert_xml, split_xml
from trialist.sources.ctgov_xml_map import Node, mapping

from support.cases import Case, each_case

WHERE = Where("invented.xml")
HEAD = "<clinical_study><id_info><nct_id>NCT99000001</nct_id></id_info>"


def record_of(inside: str) -> tuple[dict[str, Any], list[str]]:
    record, problems = convert_xml(f"{HEAD}{inside}</clinical_study>".encode(), WHERE)
    assert record is not None, problems
    return record, [f"{found.code} {found.where.path}" for found in problems]


@each_case("ctgov_xml.toml")
def test_cases(case: Case) -> None:
    record, problems = record_of(case.input)
    expect = dict(case.expect)
    assert problems == expect.pop("problems"), case.why
    found = {pointer: value for _, pointer, value in walk_leaves(record)}
    for pointer, value in expect.items():
        if value == "(nothing)":
            assert not any(f"{at}/".startswith(f"{pointer}/") for at in found), case.why
        else:
            assert found.get(pointer) == value, case.why
            assert type(found[pointer]) is type(value), case.why


@each_case("ctgov_xml.toml")
def test_records_have_known_fields_in_the_registrys_order(case: Case) -> None:
    record, problems = record_of(case.input)
    assert not [path for path, _, _ in walk_leaves(record) if path not in fields_by_path()]
    if not problems:
        assert not check(Study.from_record(record))
    assert repr(order_keys(record)) == repr(record)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "malformed-xml"),
        (b"not xml", "malformed-xml"),
        (b"<clinical_study><id_info>", "malformed-xml"),
        (b"<clinical_study><acronym>\xff\xfe</acronym></clinical_study>", "malformed-xml"),
        (b"<clinical_study><acronym>&unknown;</acronym></clinical_study>", "malformed-xml"),
        (b'<?xml version="1.0" encoding="no-such"?><clinical_study/>', "malformed-xml"),
        (b"\x00\x01\x02", "malformed-xml"),
        (b"<a xmlns:b='c'><b:d/></a>", "not-a-study"),
        (b"<search_results/>", "not-a-study"),
        (b"<clinical_study/>", "missing-nct-id"),
        (b"<clinical_study><id_info><nct_id> </nct_id></id_info></clinical_study>", "missing-nct-id"),
        (
            b'<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
            b"<clinical_study><acronym>&b;</acronym></clinical_study>",
            "xml-entities-refused",
        ),
        (
            b'<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
            b"<clinical_study><acronym>&f;</acronym></clinical_study>",
            "xml-entities-refused",
        ),
    ],
)
def test_what_is_not_a_study_says_why(raw: bytes, code: str) -> None:
    record, problems = convert_xml(raw, WHERE)
    assert record is None
    assert [found.code for found in problems if found.level is Level.ERROR] == [code]
    assert all(found.where.source == "invented.xml" for found in problems)


def test_a_declared_encoding_is_read() -> None:
    raw = '<?xml version="1.0" encoding="ISO-8859-1"?>' + HEAD + "<acronym>É</acronym></clinical_study>"
    record, _ = convert_xml(raw.encode("latin-1"), WHERE)
    assert record is not None
    assert record["protocolSection"]["identificationModule"]["acronym"] == "É"


def test_problems_name_the_study_and_keep_the_text() -> None:
    _, problems = convert_xml(
        f"{HEAD}<keyword_two>{'long ' * 200}</keyword_two></clinical_study>".encode(), WHERE
    )
    [problem] = problems
    assert problem.where.nct_id == "NCT99000001"
    assert problem.excerpt == ("long " * 200).strip()


def test_an_unknown_element_is_kept_however_deep() -> None:
    deep = "<x>" * 3000 + "down here" + "</x>" * 3000
    _, problems = record_of(deep)
    assert len(problems) == 1


@given(st.text())
def test_any_text_is_kept(text: str) -> None:
    text = "".join(letter for letter in text if letter.isprintable())
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    record, problems = record_of(
        f"<eligibility><criteria><textblock>{escaped}</textblock></criteria></eligibility>"
    )
    assert not problems
    found = record["protocolSection"].get("eligibilityModule", {}).get("eligibilityCriteria", "")
    plain = mapping_of_characters(text)
    kept = [letter for letter in plain if letter.isalnum()]
    assert [letter for letter in found if letter.isalnum()] == kept


def mapping_of_characters(text: str) -> str:
    from trialist.sources.ctgov_xml_text import plain_characters

    return text.translate(plain_characters)


@given(st.binary())
def test_any_bytes_are_answered(raw: bytes) -> None:
    record, problems = convert_xml(raw, WHERE)
    assert record is None
    assert problems


PACKAGING = {"order", "score", "url", "link_text"}


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.sampled_from([0.05, 0.2, 0.45]))
def test_nothing_is_lost_wherever_it_stands(seed: int, share: float) -> None:
    """A document of known elements, some out of place, each text a word of its own: all words are kept somewhere."""
    chance = Random(seed)
    words: list[str] = []
    names = sorted({name for node in all_nodes(mapping().root) for name in node.children} - PACKAGING)

    def word() -> str:
        words.append(f"word{len(words)}x")
        return words[-1]

    def element(name: str, node: Node, depth: int) -> str:
        attributes = "".join(f' {key}="{word()}"' for key, rule in node.attributes.items() if rule != "")
        known = list(node.children.items())
        chosen = [child for child in known for _ in range(2) if chance.random() < share]
        inside = "".join(element(child, below, depth + 1) for child, below in chosen)
        if chance.random() < 0.02 and depth < 6:
            inside += element(chance.choice(names), Node(""), depth + 1)
        text = word() if not known and not node.packaging else ""
        return f"<{name}{attributes}>{text}{inside}</{name}>"

    inside = "".join(
        element(name, node, 1) for name, node in mapping().root.children.items() if name != "id_info"
    )
    record, problems = convert_xml(f"{HEAD}{inside}</clinical_study>".encode(), WHERE)
    assert record is not None
    kept = repr(record) + repr(problems)
    assert not [found for found in words if f"{found}" not in kept]
    assert "~" not in repr(record)


def all_nodes(node: Node) -> Iterator[Node]:
    yield node
    for below in node.children.values():
        yield from all_nodes(below)


TWO = (
    b'<?xml version="1.0"?>\n<search_results count="2"><query>x</query>'
    b"<clinical_study rank='1'><acronym>A</acronym></clinical_study>\n"
    b"<!-- <clinical_study>not this</clinical_study> -->"
    b"<clinical_study ><x><![CDATA[</clinical_study>]]></x></clinical_study ></search_results>"
)


@given(st.integers(min_value=1, max_value=len(TWO)))
def test_the_studies_of_a_stream_do_not_depend_on_its_chunks(size: int) -> None:
    chunks = [TWO[start : start + size] for start in range(0, len(TWO), size)]
    found = list(split_xml(chunks))
    assert [raw for _, raw in found] == [
        b"<clinical_study rank='1'><acronym>A</acronym></clinical_study>",
        b"<clinical_study ><x><![CDATA[</clinical_study>]]></x></clinical_study >",
    ]
    assert all(TWO[offset:].startswith(raw) for offset, raw in found)


def test_documents_one_after_the_other_are_split() -> None:
    one = b'<?xml version="1.0"?><clinical_study><a/></clinical_study>'
    assert [raw for _, raw in split_xml([one, one, one])] == [b"<clinical_study><a/></clinical_study>"] * 3


def test_a_study_that_is_cut_is_given_as_far_as_it_goes() -> None:
    assert list(split_xml([b"<clinical_study><a>"])) == [(0, b"<clinical_study><a>")]
    found = [raw for _, raw in split_xml([b"<clinical_study><a><clinical_study><b/></clinical_study>"])]
    assert found == [b"<clinical_study><a>", b"<clinical_study><b/></clinical_study>"]


def test_an_encoding_goes_with_each_study() -> None:
    stream = (
        b'<?xml version="1.0" encoding="ISO-8859-1"?><search_results><clinical_study>\xc9</clinical_study>'
    )
    [(_, raw)] = split_xml([stream])
    assert raw == b'<?xml version="1.0" encoding="ISO-8859-1"?><clinical_study>\xc9</clinical_study>'


def test_a_stream_without_studies_gives_none() -> None:
    assert list(split_xml([b"<search_results/>"])) == []
    assert list(split_xml([])) == []


def test_memory_stays_small() -> None:
    def stream():
        for _ in range(200):
            yield b"<other>" + b"x" * 50_000 + b"</other>"
        yield b"<clinical_study/></clinical_study>"

    assert [offset for offset, _ in split_xml(stream())] == [200 * 50_015]


def test_the_table_names_v2_fields_only() -> None:
    def paths(node: Node) -> list[str]:
        rules = [node.text, *node.attributes.values()]
        own = [
            rule.path for rule in rules if rule is not None and not isinstance(rule, str) and not rule.inherit
        ]
        return own + [path for below in node.children.values() for path in paths(below)]

    found = [path for path in paths(mapping().root) if "~" not in path]
    assert len(found) > 200
    assert not [path for path in found if path not in fields_by_path()]
