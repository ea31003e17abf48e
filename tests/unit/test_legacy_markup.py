import copy

import orjson
import pytest

from trialist.demo import generate_study
from trialist.record.catalogue import fields, walk_leaves
from trialist.sources.ctgov_xml_text import escape_markup
from trialist.views.legacy_markup import classic_text, legacy

from support.shared import REGISTRY, iter_lines, needs_shared


@pytest.mark.parametrize(
    ("markdown", "plain"),
    [
        ("Age \\>= 18 and \\<= 65 \\[years\\]", "Age >= 18 and <= 65 [years]"),
        ("* one\n* two\n\n1. first", "* one\r\n* two\r\n\r\n1. first"),
        ("1\\. no list, 2\\) neither", "1. no list, 2) neither"),
        ("a\\*b \\_c\\_ \\^2 \\~3 \\& \\\\ \\|", "a*b _c_ ^2 ~3 & \\ |"),
        ("a &lt; b &amp; c &#8805; d &#x2265; e", "a < b & c ≥ d ≥ e"),
        (
            "\\&lt; stays, as does &nothing; and &lt without an end",
            "&lt; stays, as does &nothing; and &lt without an end",
        ),
        ("C:\\temp and \\é are no escapes", "C:\\temp and \\é are no escapes"),
        ("a\r\nb\rc", "a\r\nb\r\nc"),
        ("", ""),
    ],
)
def test_markdown_becomes_plain_text(markdown, plain):
    assert classic_text(markdown) == plain


def test_what_the_conversion_of_the_xml_escapes_comes_back():
    text = r"PaO2/FiO2 < 300 [mmHg] & *not* _x_ ^2 ~5 `code` \ | 1. x - y + z"
    assert classic_text(escape_markup(text)) == text
    assert classic_text(escape_markup("- at the start")) == "- at the start"


MARKUP = {field.path for field in fields() if field.type == "markup"}


def assert_only_markup_changed(found):
    before = copy.deepcopy(found)
    after = legacy(found)
    assert found == before
    for (path, pointer, old), (_, other, new) in zip(walk_leaves(found), walk_leaves(after), strict=True):
        assert pointer == other
        assert new == (classic_text(old) if path in MARKUP else old)
    assert list(map(list, [found, found["protocolSection"]])) == list(
        map(list, [after, after["protocolSection"]])
    )


def test_only_texts_of_the_type_markup_change():
    for number in range(40):
        assert_only_markup_changed(generate_study(number))


def test_odd_values_stay():
    found = {"protocolSection": {"descriptionModule": {"briefSummary": 7}, "eligibilityModule": None}}
    assert legacy(found) == found


@needs_shared
def test_real_records_change_in_their_markup_only():
    for place, line in enumerate(iter_lines(REGISTRY / "studies.v2.ndjson.zst")):
        if place % 20 == 0:
            assert_only_markup_changed(orjson.loads(line))
